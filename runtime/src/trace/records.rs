use super::{Location, Problem, Record, RunDir};
use crate::diagnostic::Result;
use minicbor::decode::Decoder;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// How much is read at a time where records follow each other.
const AHEAD: u64 = 64 << 10;

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
        let read = self.bytes(location).map_err(|error| error.to_string()).and_then(|range| {
            Record::read(&mut Decoder::new(&self.buffer[range])).map_err(|error| error.what)
        });
        read.map_err(|what| {
            let Location { segment, offset, len } = location;
            let problem = Problem { segment, offset, rest: len, what, torn: false };
            Box::new(problem.diagnostic(&self.run))
        })
    }

    /// Where in the buffer a record stands.
    fn bytes(&mut self, location: Location) -> io::Result<std::ops::Range<usize>> {
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
            let wanted = if follows { len.max(AHEAD) } else { len };
            let Some((_, file)) = &mut self.open else {
                return Err(io::ErrorKind::NotFound.into());
            };
            self.buffer.clear();
            self.base = offset;
            file.seek(SeekFrom::Start(offset))?;
            file.take(wanted.min(LARGEST_RECORD)).read_to_end(&mut self.buffer)?;
        }
        let start = usize::try_from(offset - self.base).unwrap_or(usize::MAX);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let end = start.saturating_add(len).min(self.buffer.len());
        Ok(start.min(end)..end)
    }
}
