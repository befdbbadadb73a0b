//! Reading a run before it is written further.

use super::fold::Fold;
use super::snapshot::beginnings;
use super::verify::Chain;
use super::{Durability, Hash, Kind, Location, Log, Problem, Reader, Record, RunDir, RunLock};
use crate::diagnostic::{Diagnostic, NODE_STOPPED, RUN_UNWRITABLE, Result, TRACE_DAMAGED};
use crate::wire::{Wire, WireError, Writer};
use minicbor::decode::Decoder;
use std::fs;
use std::io;

/// A run that nobody else writes, and that was read to its end.
#[derive(Debug)]
pub struct Opening {
    run: RunDir,
    lock: RunLock,
    past: Past,
    since: u64,
    cut: u64,
}

/// What a log holds, as far as who writes on must know it.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub chain: Chain,
    /// What answers waited for at last.
    pub durability: Option<Durability>,
    /// Where that is in the log: segment and byte.
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
        Ok(Self { run: run.clone(), lock, past, since: 0, cut })
    }

    /// The same with what is made of the log: from the newest snapshot with which that can be done, or from all
    /// records. Ends early, with an error that nobody needs, when `go_on` says so.
    ///
    /// # Errors
    ///
    /// As [`Opening::read`].
    pub(crate) fn fold<F: Fold>(run: &RunDir, go_on: impl Fn() -> bool) -> Result<(Self, F)> {
        let lock = run.lock()?;
        let mut beginnings = beginnings::<F>(run).peekable();
        loop {
            let (mut past, mut fold) = beginnings.next().unwrap_or_default();
            let since = past.chain.next;
            let read = past.read_on(run, &mut |_, record| match go_on() {
                true => fold.follow(run, record),
                false => Err(Box::new(Diagnostic::error(NODE_STOPPED, "nobody waits for the run"))),
            });
            match read {
                Ok(cut) => {
                    let run = run.clone();
                    return Ok((Self { run, lock, past, since, cut }, fold));
                }
                // What is wrong may be the snapshot.
                Err(_) if go_on() && beginnings.peek().is_some() => {}
                Err(problem) => return Err(problem),
            }
        }
    }

    /// The position of the first record that was read: those before it stand in a snapshot.
    pub(crate) fn since(&self) -> u64 {
        self.since
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
    ///
    /// # Errors
    ///
    /// When it does not follow.
    pub fn follow(&mut self, run: &RunDir, location: Location, record: &Record) -> Result<()> {
        if let Some(misfit) = self.chain.follow(record) {
            let position = record.header.position;
            return Err(Box::new(run.damaged(&format!("record {position}: {misfit}"))));
        }
        if let Kind::Opened { durability, .. } = record.header.kind {
            self.durability = Some(durability);
        }
        self.end = (location.segment, location.offset + location.len);
        Ok(())
    }

    /// Reads what follows.
    ///
    /// # Errors
    ///
    /// When the place is not there.
    pub fn reader(&self, run: &RunDir) -> Result<Reader> {
        if self.chain.next == 0 {
            return Ok(Reader::new(run));
        }
        let unreadable =
            |error| Box::new(Diagnostic::io(TRACE_DAMAGED, "read", run.path(), &error));
        Reader::from(run, self.end).map_err(unreadable)
    }

    /// Whether the last record is the one that was stored, if it is the last that was.
    fn check_promise(&self, run: &RunDir, promised: Option<(u64, Hash)>) -> Result<()> {
        match (promised, self.chain.last) {
            (Some((count, hash)), Some(last)) if count == self.chain.next && hash != last => {
                let what = format!("record {} is not the one that was stored", count - 1);
                Err(Box::new(run.damaged(&what)))
            }
            _ => Ok(()),
        }
    }

    /// Reads and checks all records that follow. Answers with how many bytes of a torn one are cut.
    fn read_on(
        &mut self,
        run: &RunDir,
        visit: &mut impl FnMut(Location, Record) -> Result<()>,
    ) -> Result<u64> {
        let mut reader = self.reader(run)?;
        let promised = run.head();
        let stored = promised.map_or(0, |(count, _)| count);
        self.check_promise(run, promised)?;
        loop {
            match reader.next_record() {
                Ok(None) => break,
                Ok(Some((location, record))) => {
                    self.follow(run, location, &record)?;
                    self.check_promise(run, promised)?;
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

impl Wire for Past {
    fn write(&self, writer: &mut Writer) {
        let Self { chain, durability, end } = self;
        writer.array(3);
        chain.write(writer);
        durability.write(writer);
        end.write(writer);
    }

    fn read(decoder: &mut Decoder<'_>) -> std::result::Result<Self, WireError> {
        if decoder.array()? != Some(3) {
            return Err(WireError::new(decoder, "no ends of chains"));
        }
        let chain = Wire::read(decoder)?;
        Ok(Self { chain, durability: Wire::read(decoder)?, end: Wire::read(decoder)? })
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
