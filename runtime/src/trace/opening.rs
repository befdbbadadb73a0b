//! Reading a run before it is written further.

use super::verify::Chain;
use super::{Durability, Hash, Kind, Location, Log, Problem, Reader, Record, RunDir, RunLock};
use crate::diagnostic::{Diagnostic, RUN_UNWRITABLE, Result};
use std::fs;
use std::io;

/// A run that nobody else writes, and that was read to its end.
#[derive(Debug)]
pub struct Opening {
    run: RunDir,
    lock: RunLock,
    past: Past,
    cut: u64,
}

/// What a log holds, as far as who writes on must know it.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub chain: Chain,
    /// What answers waited for at last.
    pub durability: Option<Durability>,
    /// Where the log ends: segment and byte.
    pub end: (u64, u64),
}

impl Opening {
    /// Takes the lock of a run, and reads it. Every record is checked and shown to `visit`. A torn
    /// record at the end is copied to the run's folder `torn/`, and cut when the run is written on.
    ///
    /// # Errors
    ///
    /// When another process writes the run, when it is damaged, or cannot be written.
    pub fn read(
        run: &RunDir,
        mut visit: impl FnMut(Location, Record) -> Result<()>,
    ) -> Result<Self> {
        let lock = run.lock()?;
        let mut past = Past::default();
        let cut = past.read_on(run, &mut visit)?;
        Ok(Self { run: run.clone(), lock, past, cut })
    }

    /// How many bytes of a torn record are cut off.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Begins to write. Without another word on it, answers wait for what they waited for before; in a new
    /// run, for the default.
    ///
    /// # Errors
    ///
    /// When the run cannot be written.
    pub fn begin(self, durability: Option<Durability>) -> Result<Log> {
        let durability = durability.or(self.past.durability).unwrap_or_default();
        Log::begin(&self.run, self.lock, self.past, durability)
    }
}

impl Past {
    /// Takes a record that follows.
    fn follow(
        &mut self,
        run: &RunDir,
        record: &Record,
        promised: Option<(u64, Hash)>,
    ) -> Result<()> {
        let position = record.header.position;
        if let Some(misfit) = self.chain.follow(record) {
            return Err(Box::new(run.damaged(&format!("record {position}: {misfit}"))));
        }
        if promised.is_some_and(|(count, hash)| count == position + 1 && hash != record.hash) {
            let what = format!("record {position} is not the one that was stored");
            return Err(Box::new(run.damaged(&what)));
        }
        if let Kind::Opened { durability, .. } = record.header.kind {
            self.durability = Some(durability);
        }
        Ok(())
    }

    /// Reads and checks all records. Answers with how many bytes of a torn one are cut.
    fn read_on(
        &mut self,
        run: &RunDir,
        visit: &mut impl FnMut(Location, Record) -> Result<()>,
    ) -> Result<u64> {
        let mut reader = Reader::new(run);
        let promised = run.head();
        let stored = promised.map_or(0, |(count, _)| count);
        loop {
            match reader.next_record() {
                Ok(None) => break,
                Ok(Some((location, record))) => {
                    self.follow(run, &record, promised)?;
                    visit(location, record)?;
                }
                Err(problem) if problem.torn && self.chain.next >= stored => {
                    set_aside(run, &problem).map_err(|error| {
                        Diagnostic::io(RUN_UNWRITABLE, "write", run.path(), &error)
                    })?;
                    self.end = (problem.segment, problem.offset);
                    return Ok(problem.rest);
                }
                Err(problem) => return Err(Box::new(problem.diagnostic(run))),
            }
        }
        self.chain.holds(stored, run)?;
        self.end = reader.position();
        Ok(0)
    }
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
