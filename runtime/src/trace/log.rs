use super::live::{Publisher, short_payloads};
use super::opening::Past;
use super::queue::Queue;
use super::segment_file::{HeadFile, SegmentFile};
use super::syncer::Syncer;
use super::writer::Writer;
use super::{
    ActorId, Durability, Hash, Header, Kind, Payload, PayloadKind, Record, RunDir, RunLock,
    Subscription, now,
};
use crate::diagnostic::{Diagnostic, RUN_UNWRITABLE, Result};
use crate::surroundings;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// The log cannot be written any more, and takes no records.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the trace cannot be written: {0}")]
pub struct LogFailed(pub Arc<str>);

impl LogFailed {
    pub(super) fn closed() -> Self {
        Self("the trace was closed".into())
    }
}

/// A record before it has its place in the log.
#[derive(Debug)]
pub struct Entry {
    /// Whose record it is.
    pub actor: ActorId,
    /// What happened.
    pub kind: Kind,
    /// The payloads, without the empty ones.
    pub payloads: Vec<(PayloadKind, Vec<u8>)>,
}

/// The one writer of a run.
///
/// Records get their place under a lock, in memory; a thread of its own writes what has gathered, and
/// tells how far the log is stored. [`Opening`](super::Opening) begins it.
#[derive(Debug)]
pub struct Log {
    queue: Arc<Queue>,
    writer: Mutex<Option<JoinHandle<()>>>,
    publisher: Publisher,
}

impl Log {
    /// Begins to write behind what was read.
    pub(super) fn begin(
        run: &RunDir,
        lock: RunLock,
        past: Past,
        durability: Durability,
    ) -> Result<Self> {
        let unwritable =
            |error: io::Error| Diagnostic::io(RUN_UNWRITABLE, "write", run.path(), &error);
        let file = SegmentFile::open(run, past.end, past.chain.next).map_err(unwritable)?;
        let head = Arc::new(HeadFile::open(run).map_err(unwritable)?);
        let queue = Arc::new(Queue::new(past.chain, durability));
        let publisher = Publisher::new();
        let syncer = Syncer::start(&queue, &head).map_err(unwritable)?;
        let writer = Writer {
            run: run.clone(),
            queue: queue.clone(),
            file,
            head,
            publisher: publisher.clone(),
            syncer,
            _lock: lock,
        };
        let writer = Mutex::new(writer.start().map_err(unwritable)?);
        Ok(Self { queue, writer, publisher })
    }

    /// What answers wait for.
    pub fn durability(&self) -> Durability {
        self.queue.durability()
    }

    /// Gives a record its place in the log. It is stored a little later, see [`Log::when_stored`].
    /// Answers with its position.
    ///
    /// # Errors
    ///
    /// When the log cannot be written any more.
    pub fn append(&self, entry: Entry) -> Result<u64, LogFailed> {
        self.append_with(entry, |_| ())
    }

    /// The same. `follow` sees the header when it has its place, before any later record has one: what
    /// follows the log in its order does it here. It must not wait, nor append.
    ///
    /// # Errors
    ///
    /// When the log cannot be written any more. `follow` is not called then.
    pub fn append_with(
        &self,
        entry: Entry,
        follow: impl FnOnce(&Header),
    ) -> Result<u64, LogFailed> {
        let payloads: Vec<Payload> = entry
            .payloads
            .into_iter()
            .map(|(kind, bytes)| Payload { kind, salt: surroundings::random(), bytes })
            .collect();
        // The digests, the larger part of the hashing, are made outside the lock.
        let digests = payloads.iter().map(|payload| (payload.kind, payload.digest())).collect();
        let time = now();
        let publish = self.publisher.has_subscribers();

        let mut state = self.queue.lock();
        if let Some(failed) = state.failed() {
            return Err(failed.clone());
        }
        let (sequence, previous) = state.chain.link(entry.actor);
        let position = state.chain.next;
        let header = Header {
            position,
            actor: entry.actor,
            sequence,
            previous,
            time,
            kind: entry.kind,
            payloads: digests,
        };
        let bytes = header.encode();
        let hash = Hash::of(&bytes);
        state.chain.advance(position, entry.actor, sequence, hash);
        follow(&header);
        let live = publish.then(|| {
            let payloads = short_payloads(&payloads);
            Arc::new(Record { header, hash, payloads })
        });
        self.queue.push(state, |writer| Record::write(writer, &bytes, &hash, &payloads), live);
        surroundings::appended();
        Ok(position)
    }

    /// Calls `then` when everything that has been appended so far is as safe as the durability asks,
    /// or cannot be stored. It is called by the writing thread, or at once; it must not wait.
    pub fn when_stored(&self, then: impl FnOnce(Result<(), LogFailed>) + Send + 'static) {
        self.queue.when_stored(false, Box::new(then));
    }

    /// Waits until everything that has been appended so far is as safe as the durability asks.
    ///
    /// # Errors
    ///
    /// When it could not be stored.
    pub async fn flush(&self) -> Result<(), LogFailed> {
        self.stored(false).await
    }

    /// Waits until everything that has been appended so far is on disk, whatever the durability.
    ///
    /// # Errors
    ///
    /// When it could not be stored.
    pub async fn flush_to_disk(&self) -> Result<(), LogFailed> {
        self.stored(true).await
    }

    async fn stored(&self, to_disk: bool) -> Result<(), LogFailed> {
        let (sender, stored) = oneshot::channel();
        let then = move |result| {
            // Whoever asked may have left.
            let _ = sender.send(result);
        };
        self.queue.when_stored(to_disk, Box::new(then));
        stored.await.unwrap_or_else(|_| Err(LogFailed::closed()))
    }

    /// Whether so much waits for the disk that whoever appends should wait for [`Log::flush`].
    pub fn is_crowded(&self) -> bool {
        self.queue.is_crowded()
    }

    /// Answers when so many records are stored. Nobody answers if they never will be.
    pub(crate) fn milestone(&self, records: u64) -> oneshot::Receiver<()> {
        self.queue.milestone(records)
    }

    /// Whether it takes records.
    pub(crate) fn is_open(&self) -> bool {
        self.queue.is_open()
    }

    /// Tells of records from now on, as they are stored.
    pub fn subscribe(&self) -> Subscription {
        self.publisher.subscribe()
    }

    /// Writes what waits, and gives the run free.
    pub fn close(&self) {
        self.queue.close();
        let writer = self.writer.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(writer) = writer {
            // The thread does not panic; if it did, there would be nothing left to wait for.
            let _ = writer.join();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}
