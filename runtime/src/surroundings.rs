//! What the runtime has from the machine around it: the time, chance, and tasks.
//!
//! What goes into a run, or decides in which order it comes there, and could come out differently when the
//! same thing is done again, is asked for here. (The cache, and the handler of files, ask the machine
//! itself.) On a thread that runs a [`crate::simulation::Simulation`] the answers follow from its seed.

pub(crate) use crate::simulation::Point;
use crate::simulation::World;
use rand::Rng;
use rand::distr::{Distribution, StandardUniform};
use std::any::Any;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

/// What the system calls the priority of whoever comes last.
#[cfg(target_os = "linux")]
const LEAST_PRIORITY: i32 = 19;

/// The time now, in nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    if let Some(world) = World::present() {
        return world.now();
    }
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
}

/// Measures how long something takes, in nanoseconds.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start. In a simulation only waiting takes time, so it is none there.
    pub fn elapsed(&self) -> std::time::Duration {
        match World::present() {
            Some(_) => std::time::Duration::ZERO,
            None => self.0.elapsed(),
        }
    }
}

/// Something random.
pub(crate) fn random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    match World::present() {
        Some(world) => world.random(),
        None => rand::rng().random(),
    }
}

/// Whether this thread runs a simulation.
pub(crate) fn is_simulated() -> bool {
    World::present().is_some()
}

/// How many of so many slots there are: in a simulation one, so that turns queue.
pub(crate) fn slots(slots: usize) -> usize {
    if is_simulated() { slots.min(1) } else { slots }
}

/// A segment of a log that has grown to this many bytes is closed, and the next one begun: small ones in a
/// simulation.
pub(crate) fn segment_size() -> u64 {
    if is_simulated() { 16 << 10 } else { 64 << 20 }
}

/// How many records lie between two snapshots of a log: few in a simulation.
pub(crate) fn snapshots_every() -> u64 {
    if is_simulated() { 16 } else { 10_000 }
}

/// Does something that takes long, where it keeps no task from running; a simulation has no such place.
/// None if the program ends.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    match is_simulated() {
        true => Some(work()),
        false => tokio::task::spawn_blocking(work).await.ok(),
    }
}

/// The same, with what others leave of the machine's time, which is never in a simulation. It should hold no lock for
/// which somebody may have to wait.
pub(crate) async fn in_spare_time<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    debug_assert!(!is_simulated(), "nothing decides when it would be done");
    let (sender, done) = oneshot::channel();
    let working = move || {
        come_last();
        // Nobody need wait for it.
        let _ = sender.send(work());
    };
    // A thread of its own, as not everybody may take back such a priority.
    std::thread::Builder::new().spawn(working).ok()?;
    done.await.ok()
}

/// Gives this thread the lowest priority, where a thread has one of its own. If it is refused, the work is done all the
/// same.
fn come_last() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, LEAST_PRIORITY);
}

/// A record has got its place in the log. A simulated node may die of it.
pub(crate) fn appended() {
    if let Some(world) = World::present() {
        world.appended();
    }
}

/// Records are about to be written. A simulated disk may refuse.
pub(crate) fn writing() -> io::Result<()> {
    World::present().map_or(Ok(()), |world| world.writing())
}

/// The writer of the log is at this point. A simulated process may die there: whoever writes then
/// neither goes on nor tells anybody.
pub(crate) fn reached(point: Point) -> io::Result<()> {
    World::present().map_or(Ok(()), |world| world.reached(point))
}

/// Whether the simulated process has died.
pub(crate) fn is_dead() -> bool {
    World::present().is_some_and(|world| world.is_dead())
}

/// So much of a file, in bytes, is on disk.
pub(crate) fn synced(path: &Path, len: u64) {
    if let Some(world) = World::present() {
        world.synced(path, len);
    }
}

/// All of a file is on disk.
pub(crate) fn synced_all(path: &Path) {
    if let Some(world) = World::present()
        && let Ok(metadata) = path.metadata()
    {
        world.synced(path, metadata.len());
    }
}

/// A task that runs by itself. As a future it is the task's result, or what it panicked with.
#[derive(Debug)]
pub(crate) enum Running<T> {
    Live(JoinHandle<T>),
    Simulated(oneshot::Receiver<T>),
}

/// Begins a task. It goes on if nobody waits for it.
pub(crate) fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> Running<T> {
    let Some(world) = World::present() else { return Running::Live(tokio::spawn(task)) };
    let (sender, end) = oneshot::channel();
    world.spawn(async move {
        // Nobody need wait for it.
        let _ = sender.send(task.await);
    });
    Running::Simulated(end)
}

impl<T> Future for Running<T> {
    type Output = Result<T, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.get_mut() {
            Self::Live(task) => ready!(Pin::new(task).poll(context)).map_err(|failed| {
                failed.try_into_panic().unwrap_or_else(|cancelled| Box::new(cancelled.to_string()))
            }),
            Self::Simulated(end) => ready!(Pin::new(end).poll(context))
                .map_err(|_| Box::new("its simulation has ended") as Box<dyn Any + Send>),
        })
    }
}

/// Several tasks that are waited for together. They end when it is dropped.
#[derive(Debug)]
pub(crate) struct Group<T> {
    live: JoinSet<T>,
    simulated: Option<Ends<T>>,
}

/// The ends of simulated tasks, in their order.
#[derive(Debug)]
struct Ends<T> {
    running: usize,
    sender: mpsc::UnboundedSender<T>,
    receiver: mpsc::UnboundedReceiver<T>,
    /// Tells the tasks by its end that they are to end.
    group: watch::Sender<()>,
}

impl<T: Send + 'static> Group<T> {
    pub fn new() -> Self {
        let simulated = is_simulated().then(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            Ends { running: 0, sender, receiver, group: watch::Sender::new(()) }
        });
        Self { live: JoinSet::new(), simulated }
    }

    /// Begins a task.
    pub fn spawn(&mut self, task: impl Future<Output = T> + Send + 'static) {
        let Some(ends) = &mut self.simulated else {
            self.live.spawn(task);
            return;
        };
        ends.running += 1;
        let sender = ends.sender.clone();
        let mut group = ends.group.subscribe();
        drop(spawn(async move {
            tokio::select! {
                biased;
                _ = group.changed() => {}
                // Nobody need wait for it.
                end = task => drop(sender.send(end)),
            }
        }));
    }

    /// The result of the next task that ends, or what it panicked with; none if there is no task.
    /// Safe to be dropped while it waits.
    pub async fn join_next(&mut self) -> Option<Result<T, Box<dyn Any + Send>>> {
        let Some(ends) = &mut self.simulated else {
            return self.live.join_next().await.map(|end| {
                end.map_err(|failed| {
                    failed.try_into_panic().unwrap_or_else(|ended| Box::new(ended.to_string()))
                })
            });
        };
        if ends.running == 0 {
            return None;
        }
        let end = ends.receiver.recv().await?;
        ends.running -= 1;
        Some(Ok(end))
    }
}
