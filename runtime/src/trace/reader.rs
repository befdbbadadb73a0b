use super::segment::SegmentHead;
use super::{Record, RunDir};
use crate::diagnostic::{Diagnostic, Result, TRACE_DAMAGED, reason};
use minicbor::decode::Decoder;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// No segment has as many bytes: one is closed when it has a sixteenth of this.
const LARGEST_SEGMENT: u64 = 1 << 30;

/// No head of a segment has as many bytes: the run's id is the name of a folder.
const LONGEST_HEAD: u64 = 4096;

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The number of its segment.
    pub segment: u64,
    /// The byte in the segment's file at which it begins.
    pub offset: u64,
    /// Its length in bytes.
    pub len: u64,
}

/// A place in the log from which it cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The number of the segment.
    pub segment: u64,
    /// The byte in the segment's file at which the unreadable record (or the head) begins.
    pub offset: u64,
    /// How many bytes follow from there to the end of the file.
    pub rest: u64,
    /// What is wrong.
    pub what: String,
    /// Whether it looks like the end of a log whose writer died: the last segment ends in the
    /// middle of a record.
    pub torn: bool,
}

/// Reads the records of a run in order, also while another process writes it.
#[derive(Debug)]
pub struct Reader {
    run: RunDir,
    segment: u64,
    head: Option<SegmentHead>,
    /// What was read of the segment, and where in the file it begins.
    buffer: Vec<u8>,
    base: u64,
    /// How much of the buffer is used up.
    used: usize,
}

impl Reader {
    /// Reads from the beginning.
    pub fn new(run: &RunDir) -> Self {
        Self { run: run.clone(), segment: 1, head: None, buffer: Vec::new(), base: 0, used: 0 }
    }

    /// Reads from a place between two records on: segment and byte.
    ///
    /// # Errors
    ///
    /// When the segment is not there.
    pub(crate) fn from(run: &RunDir, (segment, offset): (u64, u64)) -> io::Result<Self> {
        let path = run.segment(segment);
        length_of_file(&path)?;
        let mut start = Vec::new();
        File::open(path)?.take(LONGEST_HEAD).read_to_end(&mut start)?;
        let head = SegmentHead::read(&mut Decoder::new(&start))
            .ok()
            .filter(|head| head.number == segment)
            .ok_or_else(|| io::Error::other("another segment"))?;
        Ok(Self { segment, head: Some(head), base: offset, ..Self::new(run) })
    }

    /// The place up to which the log was read: segment and byte.
    pub fn position(&self) -> (u64, u64) {
        (self.segment, self.base + self.used as u64)
    }

    /// The head of the segment that is being read.
    pub fn head(&self) -> Option<&SegmentHead> {
        self.head.as_ref()
    }

    /// The next record, or none at the present end of the log; called again later, it goes on with
    /// what was written meanwhile.
    ///
    /// # Errors
    ///
    /// When the log cannot be read on from here.
    pub fn next_record(&mut self) -> std::result::Result<Option<(Location, Record)>, Problem> {
        loop {
            if self.used == self.buffer.len() && !self.fill().map_err(|e| self.unreadable(&e))? {
                return Ok(None);
            }
            let mut decoder = Decoder::new(&self.buffer[self.used..]);
            if self.head.is_none() {
                match SegmentHead::read(&mut decoder) {
                    Ok(head) => {
                        self.used += decoder.position();
                        self.head = Some(head);
                    }
                    Err(error) => return Err(self.stop_at(error.what)),
                }
                continue;
            }
            return match Record::read(&mut decoder) {
                Ok(record) => {
                    let len = decoder.position();
                    let offset = self.base + self.used as u64;
                    self.used += len;
                    let location = Location { segment: self.segment, offset, len: len as u64 };
                    Ok(Some((location, record)))
                }
                Err(error) => Err(self.stop_at(error.what)),
            };
        }
    }

    /// The bytes of the record that was read last, which stands there.
    pub(super) fn bytes(&self, location: Location) -> &[u8] {
        let start = usize::try_from(location.offset - self.base).unwrap_or(usize::MAX);
        self.buffer.get(start..self.used).unwrap_or_default()
    }

    /// Goes on with the next segment after a problem.
    pub fn skip_segment(&mut self) {
        // A folder that cannot be read any more has no next one.
        self.segment = self.following().ok().flatten().unwrap_or(self.segment + 1);
        self.head = None;
        self.buffer.clear();
        self.base = 0;
        self.used = 0;
    }

    /// Reads what follows in this segment, or begins the next one. Answers whether there is more.
    fn fill(&mut self) -> io::Result<bool> {
        loop {
            self.base += self.used as u64;
            self.used = 0;
            self.buffer.clear();
            match read_from(&self.run.segment(self.segment), self.base, &mut self.buffer) {
                Ok(()) if !self.buffer.is_empty() => return Ok(true),
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return match self.following()? {
                        Some(_) => Err(missing(self.segment)),
                        None => Ok(false),
                    };
                }
                Err(error) => return Err(error),
            }
            match self.following()? {
                Some(next) if next == self.segment + 1 => self.skip_segment(),
                Some(_) => return Err(missing(self.segment + 1)),
                None => return Ok(false),
            }
        }
    }

    /// The number of the first segment behind this one.
    fn following(&self) -> io::Result<Option<u64>> {
        match self.run.segments() {
            Ok(numbers) => Ok(numbers.into_iter().find(|number| *number > self.segment)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The problem at the present place. What was read from there on is forgotten, so that the next
    /// attempt sees what a writer has completed meanwhile.
    fn stop_at(&mut self, what: String) -> Problem {
        let rest = &self.buffer[self.used..];
        let problem = Problem {
            segment: self.segment,
            offset: self.base + self.used as u64,
            rest: rest.len() as u64,
            what,
            torn: is_torn(rest) && !self.run.segment(self.segment + 1).exists(),
        };
        self.base += self.used as u64;
        self.used = 0;
        self.buffer.clear();
        problem
    }

    fn unreadable(&self, error: &io::Error) -> Problem {
        Problem {
            segment: self.segment,
            offset: self.base + self.used as u64,
            rest: 0,
            what: format!("cannot read on: {}", reason(error)),
            torn: false,
        }
    }
}

/// Reads a segment from a byte on.
fn read_from(path: &Path, start: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    if length_of_file(path)? > LARGEST_SEGMENT {
        return Err(io::Error::other("the segment is larger than any that Theater writes"));
    }
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    // A file that grows meanwhile is not followed beyond all bounds.
    file.take(LARGEST_SEGMENT).read_to_end(buffer)?;
    Ok(())
}

/// The length of a file, if it is one: to open a pipe would wait for somebody who writes into it.
pub(super) fn length_of_file(path: &Path) -> io::Result<u64> {
    let metadata = fs::metadata(path)?;
    match metadata.is_file() {
        true => Ok(metadata.len()),
        false => Err(io::Error::other(format!("{} is not a file", path.display()))),
    }
}

fn missing(segment: u64) -> io::Error {
    io::Error::other(format!("segment {segment} is missing"))
}

/// Whether the bytes look like the end of a file whose writer died: they stop in the middle of an
/// item, or from there on nothing but zeros reached the disk.
fn is_torn(bytes: &[u8]) -> bool {
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let zeros = written < bytes.len();
    ends_inside_an_item(bytes) || (zeros && ends_inside_an_item(&bytes[..written]))
}

/// Whether the bytes stop in the middle of a CBOR item.
fn ends_inside_an_item(bytes: &[u8]) -> bool {
    Decoder::new(bytes).skip().is_err_and(|error| error.is_end_of_input())
}

impl Problem {
    /// The report for somebody who needed to read on.
    pub fn diagnostic(&self, run: &RunDir) -> Diagnostic {
        Diagnostic::error(
            TRACE_DAMAGED,
            format!(
                "the trace of run {} is damaged in segment {} at byte {}: {}",
                run.id(),
                self.segment,
                self.offset,
                self.what
            ),
        )
        .help("Restore the run's folder from a copy, or start a new run. List all damage with `theater trace verify`.")
    }
}

impl RunDir {
    /// The report of a run whose records do not fit together.
    pub(crate) fn damaged(&self, what: &str) -> Diagnostic {
        let message = format!("the trace of run {} is damaged: {what}", self.id());
        Diagnostic::error(TRACE_DAMAGED, message).help(
            "List all damage with `theater trace verify`. A run that is damaged is not written \
             further.",
        )
    }

    /// Reads one record again.
    ///
    /// # Errors
    ///
    /// When it is not where it was.
    pub fn record_at(&self, location: Location) -> Result<Record> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(self.segment(location.segment))?;
            file.seek(SeekFrom::Start(location.offset))?;
            let mut bytes = Vec::new();
            file.take(location.len).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let problem = |what: String| {
            let Location { segment, offset, len } = location;
            Box::new(Problem { segment, offset, rest: len, what, torn: false }.diagnostic(self))
        };
        let bytes = read().map_err(|error| problem(error.to_string()))?;
        Record::read(&mut Decoder::new(&bytes)).map_err(|error| problem(error.what))
    }
}
