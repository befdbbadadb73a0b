//! The files that the writer of a run holds open.

use super::RunDir;
use super::queue::End;
use super::reader::length_of_file;
use super::segment::SegmentHead;
use crate::surroundings::{self, Point};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// The last segment, which grows.
pub(super) struct SegmentFile {
    pub number: u64,
    pub len: u64,
    file: Synced,
}

/// A file that can be brought to disk, also while it is written.
#[derive(Clone)]
pub(super) struct Synced {
    file: Arc<File>,
    path: Arc<PathBuf>,
}

impl SegmentFile {
    /// Opens the segment in which reading ended, at that place, or makes the first one.
    pub fn open(run: &RunDir, (number, len): (u64, u64), next: u64) -> io::Result<Self> {
        if len == 0 {
            return Self::create(run, number, next);
        }
        let path = run.segment(number);
        let mut file = File::options().write(true).open(&path)?;
        file.set_len(len)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { number, len, file: Synced::new(file, path) })
    }

    /// Makes a segment, on disk when this returns.
    pub fn create(run: &RunDir, number: u64, first: u64) -> io::Result<Self> {
        let head = SegmentHead { run: run.id(), number, first }.encode();
        let path = run.segment(number);
        let mut file = File::create(&path)?;
        file.write_all(&head)?;
        file.sync_all()?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        let len = head.len() as u64;
        surroundings::synced(&path, len);
        Ok(Self { number, len, file: Synced::new(file, path) })
    }

    /// The file, to be brought to disk.
    pub fn file(&self) -> &Synced {
        &self.file
    }

    /// Writes all or nothing: after a failure, what was written is taken back.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write(bytes) {
            self.take_back();
            return Err(error);
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Brings it to disk. After a failure, what was written last, of so many bytes, is taken back.
    pub fn sync(&mut self, last: usize) -> io::Result<()> {
        let synced = self.file.sync();
        if synced.is_err() {
            self.len -= last as u64;
            self.take_back();
        }
        synced
    }

    fn take_back(&self) {
        if !surroundings::is_dead() {
            // If this fails too, the next opening cuts the torn record.
            let _ = self.file.file.set_len(self.len);
        }
    }
}

impl Synced {
    fn new(file: File, path: PathBuf) -> Self {
        Self { file: Arc::new(file), path: Arc::new(path) }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        surroundings::reached(Point::BeforeWrite)?;
        if let Err(died) = surroundings::reached(Point::InWrite) {
            (&*self.file).write_all(&bytes[..bytes.len() / 2])?;
            return Err(died);
        }
        (&*self.file).write_all(bytes)
    }

    /// Brings to disk what was written so far.
    pub fn sync(&self) -> io::Result<()> {
        surroundings::reached(Point::BeforeSync)?;
        self.file.sync_data()?;
        surroundings::synced_all(&self.path);
        Ok(())
    }
}

/// The file `head`: how far the log is on disk. An older one only promises less, so it is not synced
/// itself.
pub(super) struct HeadFile(Mutex<Promised>);

struct Promised {
    file: File,
    /// The position of the next record.
    next: u64,
}

impl HeadFile {
    pub fn open(run: &RunDir) -> io::Result<Self> {
        let path = run.path().join("head");
        if path.exists() {
            length_of_file(&path)?;
        }
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        Ok(Self(Mutex::new(Promised { file, next: 0 })))
    }

    /// Promises the records before this end of the log, unless more were promised already.
    pub fn promise(&self, end: &End) -> io::Result<()> {
        let Some(last) = &end.last else { return Ok(()) };
        let mut promised = self.promised();
        if end.next > promised.next {
            promised.next = end.next;
            promised.file.seek(SeekFrom::Start(0))?;
            promised.file.write_all(RunDir::head_text(end.next, last).as_bytes())?;
        }
        Ok(())
    }

    /// In order ended: what the operating system still holds goes to disk.
    pub fn sync(&self) -> io::Result<()> {
        self.promised().file.sync_data()
    }

    /// Writing the file is the last step, so the number holds even if a thread died with the lock.
    fn promised(&self) -> MutexGuard<'_, Promised> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
