use super::{Location, Problem, Record, RunDir};
use crate::diagnostic::Result;
use minicbor::decode::Decoder;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// How much is read at a time where records follow each other.
const AHEAD: u64 = 64 << 10;

/// Where records are wanted that stand no farther from each other, what is between them is read as well: that takes less
/// time than to read each alone.
const NEAR: u64 = 32 << 10;

/// So much is read at a time at most where they do not follow each other.
const AT_ONCE: u64 = 1 << 20;

/// No record has as many bytes: messages and what turns ask have limits far below.
const LARGEST_RECORD: u64 = 1 << 30;

/// Reads records again whose places are known. Those that follow each other are read in large pieces.
#[derive(Debug)]
pub(crate) struct Records {
    run: RunDir,
    /// The segment that was read last.
    open: Option<(u64, File)>,
    /// What was read of it, and where that begins.
    buffer: Vec<u8>,
    base: u64,
    /// Where the last record ended.
    end: u64,
}

impl Records {
    pub fn new(run: &RunDir) -> Self {
        Self { run: run.clone(), open: None, buffer: Vec::new(), base: 0, end: 0 }
    }

    /// The record at a place.
    ///
    /// # Errors
    ///
    /// When it is not where it was.
    pub fn read(&mut self, location: Location) -> Result<Record> {
        self.read_with(location, location.len)
    }

    /// The first record of some that are wanted one after the other.
    ///
    /// # Errors
    ///
    /// When it is not where it was, or none is wanted.
    pub fn read_first(&mut self, wanted: &[Location]) -> Result<Record> {
        let Some(first) = wanted.first() else {
            return Err(Box::new(self.run.damaged("no record is wanted")));
        };
        self.read_with(*first, together(*first, &wanted[1..]))
    }

    /// The record at a place, where so many bytes are wanted.
    fn read_with(&mut self, location: Location, wanted: u64) -> Result<Record> {
        let read =
            self.bytes(location, wanted).map_err(|error| error.to_string()).and_then(|range| {
                Record::read(&mut Decoder::new(&self.buffer[range])).map_err(|error| error.what)
            });
        read.map_err(|what| {
            let Location { segment, offset, len } = location;
            let problem = Problem { segment, offset, rest: len, what, torn: false };
            Box::new(problem.diagnostic(&self.run))
        })
    }

    /// Where in the buffer a record stands.
    fn bytes(&mut self, location: Location, wanted: u64) -> io::Result<std::ops::Range<usize>> {
        let Location { segment, offset, len } = location;
        let is_open = self.open.as_ref().is_some_and(|(number, _)| *number == segment);
        if !is_open {
            self.open = Some((segment, File::open(self.run.segment(segment))?));
            self.buffer.clear();
        }
        let follows = is_open && self.end == offset;
        self.end = offset.saturating_add(len);
        let held = self.base..self.base + self.buffer.len() as u64;
        if offset < held.start || self.end > held.end {
            let wanted = if follows { wanted.max(AHEAD) } else { wanted };
            let Some((_, file)) = &mut self.open else {
                return Err(io::ErrorKind::NotFound.into());
            };
            self.buffer.clear();
            self.base = offset;
            self.buffer.reserve(usize::try_from(wanted.min(AT_ONCE)).unwrap_or_default());
            file.seek(SeekFrom::Start(offset))?;
            file.take(wanted.min(LARGEST_RECORD)).read_to_end(&mut self.buffer)?;
        }
        let start = usize::try_from(offset - self.base).unwrap_or(usize::MAX);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let end = start.saturating_add(len).min(self.buffer.len());
        Ok(start.min(end)..end)
    }
}

/// How many bytes are to be read of the first record and of those behind it that stand near.
fn together(first: Location, others: &[Location]) -> u64 {
    let mut end = first.offset.saturating_add(first.len);
    for other in others {
        let near = other.segment == first.segment
            && (end..=end.saturating_add(NEAR)).contains(&other.offset);
        let further = other.offset.saturating_add(other.len);
        if !near || further - first.offset > AT_ONCE {
            break;
        }
        end = further;
    }
    end - first.offset
}
