//! The index of a run: opening and walking take the same time, however long the trace is.
//!
//! It stands in the folder `index` beside the segments. A node that records a long run extends it now and then, by reading
//! the log beside its writer, so that no actor waits for it. Whoever opens the run reads what came since, and adds that
//! when it has become much; where there is no index, that is the whole run. Short runs have none.
//!
//! | file | what it is |
//! |---|---|
//! | `directory` | how far the index goes, and what is known of the actors by then; replaced as a whole |
//! | `records` | whose each record is, and where it stands |
//! | `chapters` | per chapter, which is the pages of an actor that were written at once, what is needed to find it, and which keys may have changed in it |
//! | `pages` | the same per page, which is some consecutive turns of an actor; those of a chapter together |
//! | `bodies` | of each page where its turns' records stand, and now and then the state before |
//! | `caused`, `fences` | which turns each step has caused, sorted piece by piece, and where each actor's are in each piece |
//!
//! All but `directory` only grow. Directory, chapters and fences are read when the run is opened, which are some hundred bytes for
//! thousands of turns; everything else, when it is asked for, and checked then. The log stays the only source of truth: a turn is always read from the log, and is the
//! one that the index means only if hash, position, actor and number are. An index that does not fit its log, or is
//! damaged, is not used: when that shows in the middle of a walk, the index is made anew from the whole log, and the walk goes
//! on by that one; if it shows again, by the log alone. What of the log it covers was checked when the index was made; whether it is still unchanged, the sizes and
//! times of the segments and the last record say at each opening, and [`verify`](crate::trace::verify) for certain.

mod directory;
mod entry;
mod page;
mod seal;

use super::History;
use super::turns::Loaded;
use crate::actor::Timers;
use crate::state::State;
use crate::trace::{ActorId, Location, RunDir};
use directory::Directory;
pub(super) use directory::Lengths;
use entry::{CAUSED, Caused, Fence, RECORD};
pub(super) use entry::{Entry, key_number, short};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

/// How many records the file `records` is read at a time.
const AT_ONCE: u64 = 4096;

/// The files beside `directory`.
const FILES: [&str; 6] = ["records", "chapters", "pages", "bodies", "caused", "fences"];

/// At how much is looked before memory is taken for it.
const PIECE: u64 = 1 << 20;

/// An index that is there.
#[derive(Debug)]
pub(super) struct Index {
    run: RunDir,
    attempt: Attempt,
    records: Mutex<Part>,
    pages: Mutex<File>,
    bodies: Mutex<File>,
    caused: Mutex<File>,
    /// The run as its log says, if this index has shown itself to be wrong. None inside if the log is, too.
    instead: OnceLock<Option<Box<History>>>,
}

/// What is done about an index that shows itself to be wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Another one is made.
    #[default]
    First,
    /// This one was made in place of a wrong one: there is none any more.
    Last,
}

/// What was read of `records` last: from which record on, and the bytes.
#[derive(Debug)]
struct Part {
    file: File,
    from: u64,
    bytes: Vec<u8>,
}

/// Where what each actor's steps have caused stands.
pub(super) type Fences = HashMap<ActorId, Vec<Fence>>;

/// What an index says at once.
pub(super) struct Opened {
    pub index: Arc<Index>,
    pub directory: Directory,
    pub chapters: Vec<Entry>,
    pub fences: Fences,
}

impl Index {
    /// The index of a run. None if there is none that fits.
    pub fn open(run: &RunDir, attempt: Attempt) -> Option<Opened> {
        let folder = folder(run);
        let directory = Directory::read(run, &folder)?;
        let lengths = directory.lengths;
        let long_enough = |name: &str, length: u64| {
            fs::metadata(folder.join(name)).is_ok_and(|it| it.is_file() && it.len() >= length)
        };
        let whole = long_enough("records", lengths.records)
            && long_enough("pages", lengths.pages)
            && long_enough("bodies", lengths.bodies)
            && long_enough("caused", lengths.caused)
            && lengths.records == directory.chain.next.checked_mul(RECORD)?;
        if !whole {
            return None;
        }
        let all = start_of(&folder.join("chapters"), lengths.chapters).ok()?;
        let chapters = all.chunks(entry::CHAPTER).map(Entry::decode_checked);
        let chapters = chapters.collect::<Option<Vec<_>>>()?;
        let all = start_of(&folder.join("fences"), lengths.fences).ok()?;
        let mut fences = Fences::new();
        for fence in all.chunks(entry::FENCE) {
            let fence = Fence::decode(fence)?;
            fences.entry(fence.actor).or_default().push(fence);
        }
        let index = Arc::new(Self::of(run, attempt).ok()?);
        Some(Opened { index, directory, chapters, fences })
    }

    /// Whether there is a place for an index, so that it is worth reading the log for one.
    pub fn can_be_written(run: &RunDir) -> bool {
        fs::create_dir_all(folder(run)).is_ok()
    }

    /// Has the next one who opens the run make the index anew.
    pub fn remove(run: &RunDir) {
        // Without it, what else is there counts for nothing; if it cannot be removed, it is found wrong again.
        let _ = fs::remove_file(folder(run).join("directory"));
    }

    /// The files of an index.
    fn of(run: &RunDir, attempt: Attempt) -> io::Result<Self> {
        let folder = folder(run);
        let open = |name: &str| File::open(folder.join(name));
        Ok(Self {
            run: run.clone(),
            attempt,
            records: Mutex::new(Part { file: open("records")?, from: 0, bytes: Vec::new() }),
            pages: Mutex::new(open("pages")?),
            bodies: Mutex::new(open("bodies")?),
            caused: Mutex::new(open("caused")?),
            instead: OnceLock::new(),
        })
    }

    /// Whose the record at a position is, and where it stands. None if it cannot be known any more.
    pub fn record(&self, position: u64) -> Option<(ActorId, Location)> {
        let read = || {
            let mut part = lock(&self.records);
            let bytes = part.record(position).ok()?;
            entry::decode_record(position, &bytes)
        };
        read().or_else(|| self.instead()?.record(position))
    }

    /// The same of all records at some positions, which are read together: whoever reads elsewhere takes nothing of it
    /// away. Those that cannot be known any more are left out.
    pub fn records(&self, positions: Range<u64>) -> Vec<(ActorId, Location)> {
        let read = || {
            let at = positions.start.checked_mul(RECORD)?;
            let len = positions.end.checked_sub(positions.start)?.checked_mul(RECORD)?;
            read_at(&mut lock(&self.records).file, at, len).ok()
        };
        let bytes = read().unwrap_or_default();
        let mut chunks = bytes.chunks(RECORD as usize);
        let each = positions.filter_map(|position| {
            let read = chunks.next().and_then(|bytes| entry::decode_record(position, bytes));
            read.or_else(|| self.instead()?.record(position))
        });
        each.collect()
    }

    /// The pages of a chapter. None if they cannot be read; then [`Self::instead_of`] has its turns.
    pub fn pages(&self, chapter: &Entry) -> Option<Vec<Entry>> {
        let bytes = self.part_of(&self.pages, chapter)?;
        let pages = bytes.chunks(entry::PAGE).map(Entry::decode).collect::<Option<Vec<_>>>()?;
        (!pages.is_empty() && entry::count(&pages) == chapter.count).then_some(pages)
    }

    /// The turns of a page, behind `start` others; `before` has the state and the timers before it. None if they
    /// cannot be read any more.
    pub fn load(
        &self,
        page: &Entry,
        start: usize,
        before: Option<&(Option<State>, Timers)>,
    ) -> Option<Loaded> {
        let read = || {
            let bytes = self.part_of(&self.bodies, page)?;
            let loaded = page::Body::decode(&bytes).ok()?.load(&self.run, page.actor, before)?;
            (loaded.turns.len() as u64 == page.count).then_some(loaded)
        };
        read().or_else(|| self.instead_of(page, start))
    }

    /// The turns of a page or a chapter, behind `start` others, whatever this index says of them. None if they
    /// cannot be read any more.
    pub fn instead_of(&self, entry: &Entry, start: usize) -> Option<Loaded> {
        let actor = self.instead()?.by_id(entry.actor)?;
        let end = start.checked_add(usize::try_from(entry.count).ok()?)?;
        let turns =
            (start..end.min(actor.turns.len())).map(|index| actor.turns.get(index).cloned());
        let turns: Vec<_> = turns.collect::<Option<_>>()?;
        let after = turns.last()?.after.clone();
        let timers = match actor.turns.get(end) {
            Some(next) => next.timers.clone(),
            None => actor.end()?.1,
        };
        Some(Loaded { turns, end: (after, timers) })
    }

    /// The bytes for which an entry stands, if they are the ones that it means.
    fn part_of(&self, file: &Mutex<File>, entry: &Entry) -> Option<Vec<u8>> {
        let (at, len) = entry.body;
        let bytes = read_at(&mut lock(file), at, len).ok()?;
        (entry::check(&bytes) == entry.check).then_some(bytes)
    }

    /// What some steps of a turn have caused, as far as the index goes.
    pub fn caused(
        &self,
        fences: &Fences,
        actor: ActorId,
        turn: u64,
        steps: RangeInclusive<u64>,
    ) -> Vec<Caused> {
        let mut found = Vec::new();
        let around = |fence: &&Fence| (fence.turns.0..=fence.turns.1).contains(&turn);
        for fence in fences.get(&actor).into_iter().flatten().filter(around) {
            let Some(all) = self.piece(fence) else {
                let log = self.instead();
                let all = log.map(|log| log.caused_by(actor, turn, steps).collect::<Vec<_>>());
                let all = all.unwrap_or_default().into_iter();
                return all.map(|(step, of, index)| (turn, step.step, of, index)).collect();
            };
            found.extend(all.into_iter().filter(|it| it.0 == turn && steps.contains(&it.1)));
        }
        found
    }

    fn piece(&self, fence: &Fence) -> Option<Vec<Caused>> {
        let (at, len) =
            (fence.start.checked_mul(CAUSED as u64)?, fence.count.checked_mul(CAUSED as u64)?);
        let bytes = read_at(&mut lock(&self.caused), at, len).ok()?;
        if entry::check(&bytes) != fence.check {
            return None;
        }
        bytes.chunks(CAUSED).map(entry::decode_caused).collect()
    }

    /// The run as its log says: this index is wrong.
    fn instead(&self) -> Option<&History> {
        let read = || {
            if self.is_on_disk() {
                Self::remove(&self.run);
            }
            let history = match self.attempt {
                Attempt::First => History::load_again(&self.run),
                Attempt::Last => History::load_without_index(&self.run),
            };
            history.ok().map(Box::new)
        };
        self.instead.get_or_init(read).as_deref()
    }

    /// Whether it has not shown itself to be wrong, to this process or another one.
    fn is_in_use(&self) -> bool {
        self.instead.get().is_none() && self.is_on_disk()
    }

    /// Whether nobody has made another one in its place.
    #[cfg(unix)]
    fn is_on_disk(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let found = fs::metadata(folder(&self.run).join("pages"));
        match (lock(&self.pages).metadata(), found) {
            (Ok(this), Ok(found)) => (this.dev(), this.ino()) == (found.dev(), found.ino()),
            _ => true,
        }
    }

    #[cfg(not(unix))]
    fn is_on_disk(&self) -> bool {
        true
    }
}

impl Part {
    fn record(&mut self, position: u64) -> io::Result<[u8; RECORD as usize]> {
        let inside = |part: &Self| {
            let at = usize::try_from(position.checked_sub(part.from)?.checked_mul(RECORD)?).ok()?;
            part.bytes.get(at..)?.first_chunk().copied()
        };
        if let Some(bytes) = inside(self) {
            return Ok(bytes);
        }
        self.from = position - position % AT_ONCE;
        self.bytes.clear();
        self.file.seek(SeekFrom::Start(self.from.saturating_mul(RECORD)))?;
        (&mut self.file).take(AT_ONCE * RECORD).read_to_end(&mut self.bytes)?;
        inside(self).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// The folder of a run's index.
pub(super) fn folder(run: &RunDir) -> PathBuf {
    run.path().join("index")
}

fn start_of(path: &std::path::Path, len: u64) -> io::Result<Vec<u8>> {
    read_at(&mut File::open(path)?, 0, len)
}

fn read_at(file: &mut File, at: u64, len: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::with_capacity(usize::try_from(len.min(PIECE)).unwrap_or_default());
    file.take(len).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == len {
        true => Ok(bytes),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// What a lock holds is read anew each time, so it holds even if a thread died with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
