use super::live::{Publisher, short_payloads};
use super::reader::length_of_file;
use super::segment::SegmentHead;
use super::verify::Chain;
use super::{
    ActorId, Hash, Header, Kind, Location, Payload, PayloadKind, Problem, Reader, Record, RunDir,
    RunLock, Subscription, now,
};
use crate::diagnostic::{Diagnostic, RUN_UNWRITABLE, Result};
use crate::surroundings;
use crate::wire::Writer as Cbor;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, oneshot};

/// A segment that has grown to this many bytes is closed, and the next one begun.
const SEGMENT_SIZE: u64 = 64 << 20;

/// When this many bytes wait for the disk, whoever appends should wait too.
const CROWDED: usize = 8 << 20;

/// How long records may gather while nobody waits for them.
const GATHER: Duration = Duration::from_millis(5);

/// When an answer may leave the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When its record has been handed to the operating system. A crash of the machine may lose
    /// the last answers; a crash of the process loses none.
    Async,
    /// When its record is on disk. All records that wait go there together.
    #[default]
    Group,
}

/// The log cannot be written any more, and takes no records.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the trace cannot be written: {0}")]
pub struct LogFailed(pub Arc<str>);

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
/// Records get their place under a lock, in memory; a thread of its own writes what has gathered,
/// all together, and tells how far the log is stored.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    publisher: Publisher,
}

/// What somebody does when records are stored, or cannot be.
type Then = Box<dyn FnOnce(Result<(), LogFailed>) + Send>;

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// Wakes the writer of a simulation, which is no thread.
    wake_task: Option<Notify>,
}

#[derive(Debug)]
struct State {
    chain: Chain,
    pending: Batch,
    /// Whether the writer is writing a batch.
    writing: bool,
    writer: WriterIs,
    closing: bool,
    closed: bool,
    failed: Option<LogFailed>,
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

/// What waits to be written together.
#[derive(Default)]
struct Batch {
    bytes: Cbor,
    live: Vec<Arc<Record>>,
    then: Vec<Then>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.then.is_empty()
    }

    /// Tells everybody who waits for this batch or an earlier one.
    fn conclude(&mut self, stored: &Result<(), LogFailed>) {
        for then in self.then.drain(..) {
            then(stored.clone());
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// The end of the log when a batch is written.
struct End {
    /// The position of the next record.
    next: u64,
    /// The hash of the last header.
    last: Option<Hash>,
}

/// What was found when a run was opened for writing.
#[derive(Debug)]
pub struct Opening {
    /// The log, ready to take records.
    pub log: Log,
    /// How many bytes of a torn record were cut off.
    pub cut: u64,
}

impl Log {
    /// Opens a run for writing. Every record that is there already is checked and shown to `visit`.
    /// A torn record at the end is moved to the run's folder `torn/`.
    ///
    /// # Errors
    ///
    /// When another process writes the run, when it is damaged, or cannot be written.
    pub fn open(
        run: &RunDir,
        durability: Durability,
        mut visit: impl FnMut(Location, Record) -> Result<()>,
    ) -> Result<Opening> {
        let lock = run.lock()?;
        let mut chain = Chain::default();
        let (end, cut) = read_all(run, &mut chain, &mut visit)?;
        let unwritable =
            |error: io::Error| Diagnostic::io(RUN_UNWRITABLE, "write", run.path(), &error);
        let file = SegmentFile::open(run, end, chain.next).map_err(unwritable)?;
        let head = open_head(run).map_err(unwritable)?;
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                chain,
                pending: Batch::default(),
                writing: false,
                writer: WriterIs::Busy,
                closing: false,
                closed: false,
                failed: None,
            }),
            wake: Condvar::new(),
            wake_task: surroundings::is_simulated().then(Notify::new),
        });
        let publisher = Publisher::new();
        let writer = Writer {
            run: run.clone(),
            shared: shared.clone(),
            file,
            head,
            durability,
            publisher: publisher.clone(),
            _lock: lock,
        };
        let thread = match surroundings::is_simulated() {
            true => {
                surroundings::spawn(writer.run_as_task());
                None
            }
            false => {
                let thread = std::thread::Builder::new().name("trace-writer".to_owned());
                Some(thread.spawn(move || writer.run()).map_err(unwritable)?)
            }
        };
        let log = Self { shared, writer: Mutex::new(thread), publisher };
        Ok(Opening { log, cut })
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

        let mut state = self.shared.lock();
        if let Some(failed) = &state.failed {
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
        Record::write(&mut state.pending.bytes, &bytes, &hash, &payloads);
        state.chain.advance(position, entry.actor, sequence, hash);
        follow(&header);
        if publish {
            let payloads = short_payloads(&payloads);
            state.pending.live.push(Arc::new(Record { header, hash, payloads }));
        }
        self.shared.wake_writer(state);
        surroundings::appended();
        Ok(position)
    }

    /// Calls `then` when everything that has been appended so far is as safe as the durability asks,
    /// or cannot be stored. It is called by the writing thread, or at once; it must not wait.
    pub fn when_stored(&self, then: impl FnOnce(Result<(), LogFailed>) + Send + 'static) {
        let mut state = self.shared.lock();
        let known = match &state.failed {
            Some(failed) => Some(Err(failed.clone())),
            None if state.closed => Some(Err(LogFailed("the trace was closed".into()))),
            None if state.pending.is_empty() && !state.writing => Some(Ok(())),
            None => None,
        };
        if let Some(known) = known {
            drop(state);
            return then(known);
        }
        state.pending.then.push(Box::new(then));
        self.shared.wake_writer(state);
    }

    /// Waits until everything that has been appended so far is as safe as the durability asks.
    ///
    /// # Errors
    ///
    /// When it could not be stored.
    pub async fn flush(&self) -> Result<(), LogFailed> {
        let (sender, stored) = oneshot::channel();
        self.when_stored(move |result| {
            // Whoever asked may have left.
            let _ = sender.send(result);
        });
        stored.await.unwrap_or_else(|_| Err(LogFailed("the trace was closed".into())))
    }

    /// Whether so much waits for the disk that whoever appends should wait for [`Log::flush`].
    pub fn is_crowded(&self) -> bool {
        self.shared.lock().pending.bytes.len() > CROWDED
    }

    /// Tells of records from now on, as they are stored.
    pub fn subscribe(&self) -> Subscription {
        self.publisher.subscribe()
    }

    /// Writes what waits, and gives the run free.
    pub fn close(&self) {
        let mut state = self.shared.lock();
        state.closing = true;
        self.shared.wake_writer(state);
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

impl State {
    /// Whether what is pending should go out at once: somebody waits for it, it is much, or the log
    /// is being closed.
    fn is_urgent(&self) -> bool {
        !self.pending.then.is_empty() || self.pending.bytes.len() > CROWDED / 2 || self.closing
    }

    /// What has gathered, for the writer. The next batch gathers in `spare`.
    fn take_batch(&mut self, spare: Batch) -> (Batch, End) {
        self.writer = WriterIs::Busy;
        self.writing = true;
        let end = End { next: self.chain.next, last: self.chain.last };
        (std::mem::replace(&mut self.pending, spare), end)
    }
}

impl Shared {
    /// The state is only changed in whole steps, so it holds even if a thread died with the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Wakes the writer, if it sleeps and there is a reason: anything at all if it is idle, and
    /// something urgent if it gathers.
    fn wake_writer(&self, mut state: MutexGuard<'_, State>) {
        let wake = match state.writer {
            WriterIs::Busy => false,
            WriterIs::Gathering => state.is_urgent(),
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

    /// Waits for something to write; none when the log is closed and all is written. The next batch
    /// gathers in `spare`, so that the same memory serves again and again.
    fn next_batch(&self, spare: Batch) -> Option<(Batch, End)> {
        let mut state = self.lock();
        state.writing = false;
        while state.pending.is_empty() {
            if state.closing {
                state.closed = true;
                return None;
            }
            state.writer = WriterIs::Idle;
            state = self.wake.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        let gathered = Instant::now() + GATHER;
        while !state.is_urgent() {
            let left = gathered.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.writer = WriterIs::Gathering;
            let woken = self.wake.wait_timeout(state, left);
            state = woken.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        Some(state.take_batch(spare))
    }

    /// The same for a writer that is a task of a simulation. When it comes to write is drawn there.
    async fn next_batch_of_task(&self, wake: &Notify, spare: Batch) -> Option<(Batch, End)> {
        loop {
            {
                let mut state = self.lock();
                state.writing = false;
                if !state.pending.is_empty() {
                    return Some(state.take_batch(spare));
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

    /// Notes that the log cannot be written any more. Answers with what was still waiting.
    fn fail(&self, failed: &LogFailed) -> Batch {
        let mut state = self.lock();
        state.failed = Some(failed.clone());
        std::mem::take(&mut state.pending)
    }
}

/// The thread that writes.
struct Writer {
    run: RunDir,
    shared: Arc<Shared>,
    file: SegmentFile,
    head: File,
    durability: Durability,
    publisher: Publisher,
    _lock: RunLock,
}

impl Writer {
    fn run(mut self) {
        let mut spare = Batch::default();
        while let Some((batch, end)) = self.shared.next_batch(std::mem::take(&mut spare)) {
            match self.store(batch, &end) {
                Some(stored) => spare = stored,
                None => return,
            }
        }
        self.end();
    }

    async fn run_as_task(mut self) {
        let shared = self.shared.clone();
        let Some(wake) = &shared.wake_task else { return };
        let mut spare = Batch::default();
        while let Some((batch, end)) =
            shared.next_batch_of_task(wake, std::mem::take(&mut spare)).await
        {
            match self.store(batch, &end) {
                Some(stored) => spare = stored,
                None => return,
            }
        }
        self.end();
    }

    /// Writes a batch, and tells everybody. Answers with its memory; none if it cannot be written.
    fn store(&mut self, mut batch: Batch, end: &End) -> Option<Batch> {
        if let Err(error) = self.write(batch.bytes.as_bytes(), end) {
            let failed = LogFailed(crate::diagnostic::reason(&error).into());
            let mut waiting = self.shared.fail(&failed);
            batch.conclude(&Err(failed.clone()));
            waiting.conclude(&Err(failed));
            return None;
        }
        for record in batch.live.drain(..) {
            self.publisher.publish(record);
        }
        batch.conclude(&Ok(()));
        batch.bytes.clear();
        Some(batch)
    }

    /// In order ended: what the operating system still holds goes to disk.
    fn end(&mut self) {
        let _ = self.file.file.sync_data();
        let _ = self.head.sync_data();
    }

    fn write(&mut self, bytes: &[u8], end: &End) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        surroundings::writing()?;
        let sync = self.durability == Durability::Group;
        self.file.append(bytes, sync)?;
        if let Some(last) = &end.last {
            // Not synced: an older head only promises less.
            self.head.seek(SeekFrom::Start(0))?;
            self.head.write_all(RunDir::head_text(end.next, last).as_bytes())?;
        }
        if self.file.len >= SEGMENT_SIZE {
            self.file.file.sync_data()?;
            self.file = SegmentFile::create(&self.run, self.file.number + 1, end.next)?;
        }
        Ok(())
    }
}

/// The last segment, which grows.
struct SegmentFile {
    number: u64,
    file: File,
    len: u64,
}

impl SegmentFile {
    /// Opens the segment in which reading ended, at that place, or makes the first one.
    fn open(run: &RunDir, (number, len): (u64, u64), next: u64) -> io::Result<Self> {
        if len == 0 {
            return Self::create(run, number, next);
        }
        let mut file = File::options().write(true).open(run.segment(number))?;
        file.set_len(len)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { number, file, len })
    }

    fn create(run: &RunDir, number: u64, first: u64) -> io::Result<Self> {
        let head = SegmentHead { run: run.id(), number, first }.encode();
        let path = run.segment(number);
        let mut file = File::create(&path)?;
        file.write_all(&head)?;
        file.sync_all()?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self { number, file, len: head.len() as u64 })
    }

    /// Writes all or nothing: after a failure, what was written of the batch is taken back.
    fn append(&mut self, bytes: &[u8], sync: bool) -> io::Result<()> {
        let written = self
            .file
            .write_all(bytes)
            .and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            // If this fails too, the next opening cuts the torn record.
            let _ = self.file.set_len(self.len);
            return Err(error);
        }
        self.len += bytes.len() as u64;
        Ok(())
    }
}

fn open_head(run: &RunDir) -> io::Result<File> {
    let path = run.path().join("head");
    if path.exists() {
        length_of_file(&path)?;
    }
    File::options().write(true).create(true).truncate(false).open(path)
}

/// Reads and checks all records. Answers where the log ends, and how much of a torn record was cut.
fn read_all(
    run: &RunDir,
    chain: &mut Chain,
    visit: &mut impl FnMut(Location, Record) -> Result<()>,
) -> Result<((u64, u64), u64)> {
    let mut reader = Reader::new(run);
    let promised = run.head();
    loop {
        match reader.next_record() {
            Ok(None) => break,
            Ok(Some((location, record))) => {
                let position = record.header.position;
                if let Some(misfit) = chain.follow(&record) {
                    return Err(Box::new(run.damaged(&format!("record {position}: {misfit}"))));
                }
                if promised
                    .is_some_and(|(count, hash)| count == position + 1 && hash != record.hash)
                {
                    let what = format!("record {position} is not the one that was stored");
                    return Err(Box::new(run.damaged(&what)));
                }
                visit(location, record)?;
            }
            Err(problem)
                if problem.torn && promised.is_none_or(|(count, _)| chain.next >= count) =>
            {
                set_aside(run, &problem)
                    .map_err(|error| Diagnostic::io(RUN_UNWRITABLE, "write", run.path(), &error))?;
                return Ok(((problem.segment, problem.offset), problem.rest));
            }
            Err(problem) => return Err(Box::new(problem.diagnostic(run))),
        }
    }
    chain.holds(promised.map_or(0, |(count, _)| count), run)?;
    Ok((reader.position(), 0))
}

/// Keeps a copy of a torn record in `torn/`; the log itself is cut when it is opened for writing.
fn set_aside(run: &RunDir, problem: &Problem) -> io::Result<()> {
    let bytes = fs::read(run.segment(problem.segment))?;
    let start = usize::try_from(problem.offset).unwrap_or(usize::MAX).min(bytes.len());
    let folder = run.path().join("torn");
    fs::create_dir_all(&folder)?;
    let name = format!("{:08}-{}", problem.segment, problem.offset);
    fs::write(folder.join(name), &bytes[start..])
}
