//! What waits between those who append records and the writer.

use super::log::LogFailed;
use super::verify::Chain;
use super::{Durability, Hash, Record};
use crate::surroundings;
use crate::wire::Writer as Cbor;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};

/// When this many bytes wait for the disk, whoever appends should wait too.
const CROWDED: usize = 8 << 20;

/// How long records may gather while nobody waits for them.
pub(super) const GATHER: Duration = Duration::from_millis(5);

/// What somebody does when records are stored, or cannot be.
pub(super) type Then = Box<dyn FnOnce(Result<(), LogFailed>) + Send>;

/// The queue, as both sides hold it.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    durability: Durability,
    wake: Condvar,
    /// Wakes the writer of a simulation, which is no thread.
    wake_task: Option<Notify>,
}

#[derive(Debug)]
pub(super) struct State {
    pub chain: Chain,
    /// In the order in which they are to be written.
    pending: VecDeque<Batch>,
    /// The bytes in them.
    waiting: usize,
    /// The memory of a batch that was written, for the next one.
    spare: Batch,
    /// Whether the writer is writing a batch.
    writing: bool,
    writer: WriterIs,
    closing: bool,
    closed: bool,
    failed: Option<LogFailed>,
    /// The position of the first record that is not stored.
    stored: u64,
    /// Who is told when so many records are stored.
    milestones: Vec<(u64, oneshot::Sender<()>)>,
}

/// What the writer does, and so who must wake it: waking one that is busy costs a system call for
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriterIs {
    /// Writing; it looks again when it is done.
    Busy,
    /// Waiting for more to write together, until somebody waits for what is there.
    Gathering,
    /// Waiting for anything.
    Idle,
}

/// Records that are written together.
#[derive(Default)]
pub(super) struct Batch {
    pub bytes: Cbor,
    pub live: Vec<Arc<Record>>,
    then: Vec<Then>,
    /// Where the log ends with them.
    pub end: End,
    /// Whether they go to disk before anybody is told, whatever the durability.
    pub to_disk: bool,
}

/// A place at which the log may end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    /// The position of the next record.
    pub next: u64,
    /// The hash of the last header.
    pub last: Option<Hash>,
}

impl Batch {
    /// Tells everybody who waits for this batch or an earlier one.
    pub fn conclude(&mut self, stored: &Result<(), LogFailed>) {
        for then in self.then.drain(..) {
            then(stored.clone());
        }
    }

    /// Empty again, with its memory.
    fn cleared(mut self) -> Self {
        self.bytes.clear();
        self.live.clear();
        self.then.clear();
        self.to_disk = false;
        self
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Queue {
    pub fn new(chain: Chain, durability: Durability) -> Self {
        Self {
            state: Mutex::new(State {
                stored: chain.next,
                milestones: Vec::new(),
                chain,
                pending: VecDeque::new(),
                waiting: 0,
                spare: Batch::default(),
                writing: false,
                writer: WriterIs::Busy,
                closing: false,
                closed: false,
                failed: None,
            }),
            durability,
            wake: Condvar::new(),
            wake_task: surroundings::is_simulated().then(Notify::new),
        }
    }

    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// The state is only changed in whole steps, so it holds even if a thread died with the lock.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Adds a record, which the chain has taken: `write` puts its bytes behind those that wait.
    pub fn push(
        &self,
        mut state: MutexGuard<'_, State>,
        write: impl FnOnce(&mut Cbor),
        live: Option<Arc<Record>>,
    ) {
        let end = state.end();
        let alone = self.durability == Durability::Sync;
        let batch = state.batch(alone);
        let before = batch.bytes.len();
        write(&mut batch.bytes);
        let written = batch.bytes.len() - before;
        batch.live.extend(live);
        batch.end = end;
        state.waiting += written;
        self.wake_writer(state);
    }

    /// Calls `then` when all that was pushed so far is stored, or cannot be; `to_disk` says whether it
    /// must be on disk, whatever the durability.
    pub fn when_stored(&self, to_disk: bool, then: Then) {
        let mut state = self.lock();
        let known = match &state.failed {
            Some(failed) => Some(Err(failed.clone())),
            None if state.closed => Some(Err(LogFailed::closed())),
            None if to_disk && self.durability == Durability::Async => None,
            None if state.pending.is_empty() && !state.writing => Some(Ok(())),
            None => None,
        };
        if let Some(known) = known {
            drop(state);
            return then(known);
        }
        let end = state.end();
        let batch = state.batch(false);
        batch.end = end;
        batch.then.push(then);
        batch.to_disk |= to_disk;
        self.wake_writer(state);
    }

    /// Answers when so many records are stored. Nobody answers if they never will be.
    pub fn milestone(&self, records: u64) -> oneshot::Receiver<()> {
        let (sender, reached) = oneshot::channel();
        let mut state = self.lock();
        if state.failed.is_none() && !state.closing {
            state.milestones.push((records, sender));
            state.pass_milestones();
        }
        reached
    }

    /// Whether it takes records.
    pub fn is_open(&self) -> bool {
        let state = self.lock();
        state.failed.is_none() && !state.closing
    }

    /// Whether so much waits for the disk that whoever appends should wait.
    pub fn is_crowded(&self) -> bool {
        self.lock().waiting > CROWDED
    }

    /// Has the writer write what waits, and end.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.milestones.clear();
        self.wake_writer(state);
    }

    /// Notes that the log cannot be written any more, and tells all who wait.
    pub fn fail(&self, failed: &LogFailed) {
        let waiting = {
            let mut state = self.lock();
            state.failed.get_or_insert_with(|| failed.clone());
            state.waiting = 0;
            state.milestones.clear();
            std::mem::take(&mut state.pending)
        };
        for mut batch in waiting {
            batch.conclude(&Err(failed.clone()));
        }
    }

    /// Wakes the writer, if it sleeps and there is a reason: anything at all if it is idle, and
    /// something urgent if it gathers.
    fn wake_writer(&self, mut state: MutexGuard<'_, State>) {
        let wake = match state.writer {
            WriterIs::Busy => false,
            WriterIs::Gathering => self.is_urgent(&state),
            WriterIs::Idle => true,
        };
        if wake {
            state.writer = WriterIs::Busy;
        }
        drop(state);
        if wake {
            match &self.wake_task {
                Some(task) => task.notify_one(),
                None => self.wake.notify_one(),
            }
        }
    }

    /// Whether what is pending should go out at once: each record does, somebody waits for it, it is
    /// much, or the log is being closed.
    fn is_urgent(&self, state: &State) -> bool {
        self.durability == Durability::Sync
            || state.pending.iter().any(|batch| !batch.then.is_empty())
            || state.waiting > CROWDED / 2
            || state.closing
    }

    /// Waits for something to write; none when the log is closed and all is written. `written` is the
    /// batch of before, so that the same memory serves again and again.
    pub fn next_batch(&self, written: Batch) -> Option<Batch> {
        let mut state = self.lock();
        state.written(written);
        while state.pending.is_empty() {
            if state.closing {
                state.closed = true;
                return None;
            }
            state.writer = WriterIs::Idle;
            state = self.wake.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        let gathered = Instant::now() + GATHER;
        while !self.is_urgent(&state) {
            let left = gathered.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.writer = WriterIs::Gathering;
            let woken = self.wake.wait_timeout(state, left);
            state = woken.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        state.take_batch()
    }

    /// The same for a writer that is a task of a simulation. When it comes to write is drawn there.
    pub async fn next_batch_of_task(&self, written: Batch) -> Option<Batch> {
        let wake = self.wake_task.as_ref()?;
        self.lock().written(written);
        loop {
            {
                let mut state = self.lock();
                if let Some(batch) = state.take_batch() {
                    return Some(batch);
                }
                if state.closing {
                    state.closed = true;
                    return None;
                }
                state.writer = WriterIs::Idle;
            }
            wake.notified().await;
        }
    }
}

impl State {
    /// Why the log takes no more records, if so.
    pub fn failed(&self) -> Option<&LogFailed> {
        self.failed.as_ref()
    }

    fn pass_milestones(&mut self) {
        let stored = self.stored;
        for (_, reached) in self.milestones.extract_if(.., |(records, _)| *records <= stored) {
            // Who asked may have left.
            let _ = reached.send(());
        }
    }

    fn end(&self) -> End {
        End { next: self.chain.next, last: self.chain.last }
    }

    /// The batch that is gathering now, or a new one behind it.
    fn batch(&mut self, new: bool) -> &mut Batch {
        if new || self.pending.is_empty() {
            let spare = std::mem::take(&mut self.spare);
            self.pending.push_back(spare);
        }
        self.pending.back_mut().expect("there is one: it was just looked for")
    }

    /// What is to be written first.
    fn take_batch(&mut self) -> Option<Batch> {
        let batch = self.pending.pop_front()?;
        self.waiting -= batch.bytes.len();
        self.writer = WriterIs::Busy;
        self.writing = true;
        Some(batch)
    }

    /// The writer is done with a batch.
    fn written(&mut self, batch: Batch) {
        self.writing = false;
        self.stored = self.stored.max(batch.end.next);
        self.pass_milestones();
        self.spare = batch.cleared();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::ActorId;

    /// How many bytes each batch has, of three records of one, two and three bytes.
    fn batches(durability: Durability) -> Vec<usize> {
        let queue = Queue::new(Chain::default(), durability);
        for number in 0..3 {
            let mut state = queue.lock();
            state.chain.advance(number, ActorId::NODE, number, Hash([0; 32]));
            let write = |writer: &mut Cbor| (0..=number).for_each(|_| writer.unsigned(0));
            queue.push(state, write, None);
        }
        queue.close();
        let mut written = Batch::default();
        std::iter::from_fn(|| {
            let batch = queue.next_batch(std::mem::take(&mut written))?;
            let len = batch.bytes.len();
            written = batch;
            Some(len)
        })
        .collect()
    }

    #[test]
    fn what_waits_goes_together_but_in_sync() {
        assert_eq!(batches(Durability::Async), [6]);
        assert_eq!(batches(Durability::Group), [6]);
        assert_eq!(batches(Durability::Sync), [1, 2, 3]);
    }
}
