//! A node and its application in a world of its own, in which everything follows from a seed.
//!
//! In a [`Simulation`] the tasks of a node run on one thread, one at a time; which one comes next is drawn
//! from the seed, as are salts and random numbers. Time stands still while anything is ready, and then
//! jumps to the next timer. The log is written by one task among the others, so that what is stored when a
//! node dies depends on the seed too. Each class of turns has one slot, so that turns queue. The same seed
//! gives the same log, byte by byte: what one seed in a thousand brings to light can be looked at again.
//!
//! [`Simulation::run`] is the life of one process. With [`Faults`] it dies, or its disk fails, at a place
//! that the caller draws from [`Simulation::below`]; the next `run` opens what the dead one left.

mod disk;
mod executor;

use disk::Disk;
pub use disk::Point;
use executor::Executor;
use rand::distr::{Distribution, StandardUniform};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a simulation begins, in nanoseconds since 1970: the first of January 2026.
const BEGINNING: u64 = 1_767_225_600_000_000_000;

/// After this time without an end, whoever still waits will wait for ever.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

/// "Never", as a number of things that happen before.
const NEVER: u64 = u64::MAX;

thread_local! {
    static PRESENT: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// A world that follows from a seed.
#[derive(Debug)]
pub struct Simulation {
    world: Arc<World>,
    runtime: tokio::runtime::Runtime,
}

/// What goes wrong in the next [`Simulation::run`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// The process dies when it has made so many records. What was not written by then is lost.
    pub dies_after: Option<u64>,
    /// The process dies when the writer of the log comes to this point, having been there so many times.
    pub dies_at: Option<(Point, u64)>,
    /// With the process dies its machine: what was not on disk may be lost.
    pub loses_power: bool,
    /// The disk takes so many writes, and no more.
    pub disk_fails_after: Option<u64>,
}

/// Why a run did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The process died, as [`Faults::dies_after`] or [`Faults::dies_at`] asked.
    #[error("the process died")]
    Died,
    /// A day passed in which nothing brought it to its end: somebody waits for ever.
    #[error("somebody waits for ever")]
    Stuck,
}

/// The simulated world, as the runtime sees it.
#[derive(Debug)]
pub(crate) struct World {
    random: Mutex<StdRng>,
    executor: Executor,
    begun: tokio::time::Instant,
    records_left: AtomicU64,
    writes_left: AtomicU64,
    dies_at: Mutex<Option<(Point, u64)>>,
    disk: Disk,
    dead: AtomicBool,
}

/// This thread is in the world as long as this is there.
struct Presence;

impl Simulation {
    /// The world of a seed.
    ///
    /// # Errors
    ///
    /// When the operating system gives no timers.
    pub fn new(seed: u64) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let begun = runtime.block_on(async { tokio::time::Instant::now() });
        let world = Arc::new(World {
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            executor: Executor::default(),
            begun,
            records_left: AtomicU64::new(NEVER),
            writes_left: AtomicU64::new(NEVER),
            dies_at: Mutex::default(),
            disk: Disk::default(),
            dead: AtomicBool::new(false),
        });
        Ok(Self { world, runtime })
    }

    /// A number below a limit, drawn from the seed; 0 for a limit of 0.
    pub fn below(&self, limit: u64) -> u64 {
        self.world.below(limit)
    }

    /// The life of one process: runs a future, and all tasks that come of it, until it is done, and then
    /// drops what still runs.
    ///
    /// # Errors
    ///
    /// When it dies or waits for ever.
    pub fn run<T: Send + 'static>(
        &self,
        faults: Faults,
        life: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Halt> {
        let world = &self.world;
        world.records_left.store(faults.dies_after.unwrap_or(NEVER), Ordering::Relaxed);
        world.writes_left.store(faults.disk_fails_after.unwrap_or(NEVER), Ordering::Relaxed);
        *world.dies_at() = faults.dies_at;
        world.dead.store(false, Ordering::Relaxed);
        let _presence = Presence::enter(world.clone());
        let result = Arc::new(Mutex::new(None));
        world.executor.spawn({
            let result = result.clone();
            async move {
                let done = life.await;
                *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            }
        });
        let take = || result.lock().unwrap_or_else(PoisonError::into_inner).take();
        let driven = world.executor.drive(
            |ready| world.below(ready as u64) as usize,
            || match take() {
                Some(done) => Some(Ok(done)),
                None if world.is_dead() => Some(Err(Halt::Died)),
                None => None,
            },
        );
        // Tasks are woken in an order of ours; the budget of tokio would only make them yield.
        let driven = tokio::task::unconstrained(driven);
        let ended = self.runtime.block_on(async { tokio::time::timeout(FOR_EVER, driven).await });
        let _context = self.runtime.enter();
        world.executor.clear();
        if faults.loses_power && world.is_dead() {
            world.disk.lose_power(world).expect("the files of a simulation can be cut");
        }
        ended.unwrap_or(Err(Halt::Stuck))
    }
}

/// Begins a task of its own within [`Simulation::run`], such as one of several callers.
///
/// # Panics
///
/// Outside a simulation.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    let Some(world) = World::present() else { panic!("there is no simulation on this thread") };
    world.spawn(task);
}

impl World {
    /// The world in which this thread is.
    pub fn present() -> Option<Arc<Self>> {
        PRESENT.with(|present| present.borrow().clone())
    }

    pub fn now(&self) -> u64 {
        let elapsed = self.begun.elapsed().as_nanos();
        BEGINNING.saturating_add(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    pub fn random<T>(&self) -> T
    where
        StandardUniform: Distribution<T>,
    {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    fn below(&self, limit: u64) -> u64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.random_range(0..limit.max(1))
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.executor.spawn(task);
    }

    pub fn appended(&self) {
        if count_down(&self.records_left) {
            self.dead.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the writer goes on from this point.
    pub fn reached(&self, point: Point) -> io::Result<()> {
        let dies = match &mut *self.dies_at() {
            Some((at, left)) if *at == point => {
                let dies = *left == 0;
                *left = left.saturating_sub(1);
                dies
            }
            _ => false,
        };
        if dies {
            self.dead.store(true, Ordering::Relaxed);
        }
        match self.is_dead() {
            true => Err(io::Error::other("the simulated process died")),
            false => Ok(()),
        }
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub fn synced(&self, path: &Path, len: u64) {
        self.disk.synced(path, len);
    }

    fn dies_at(&self) -> MutexGuard<'_, Option<(Point, u64)>> {
        self.dies_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn writing(&self) -> io::Result<()> {
        match count_down(&self.writes_left) {
            true => Err(io::Error::other("the simulated disk failed")),
            false => Ok(()),
        }
    }
}

/// Counts something that happens. Says whether there was none left.
fn count_down(left: &AtomicU64) -> bool {
    match left.load(Ordering::Relaxed) {
        0 => true,
        NEVER => false,
        some => {
            left.store(some - 1, Ordering::Relaxed);
            false
        }
    }
}

impl Presence {
    fn enter(world: Arc<World>) -> Self {
        PRESENT.with(|present| *present.borrow_mut() = Some(world));
        Self
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        PRESENT.with(|present| *present.borrow_mut() = None);
    }
}
