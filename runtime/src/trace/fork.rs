use super::archive::blobs;
use super::segment::SegmentHead;
use super::{ActorId, Changed, Entry, Hash, Kind, LogFailed, Opening, Reader, RunDir};
use crate::diagnostic::{Diagnostic, RUN_UNWRITABLE, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// What of a run is taken over.
#[derive(Default)]
struct Start {
    /// Of each segment the position of its first record, and from which byte to which one its records stand.
    segments: BTreeMap<u64, (u64, u64, u64)>,
    blobs: BTreeSet<Hash>,
}

/// Makes a new run below `data`, which begins with the first `records` records of this one. Its next record says so,
/// and a node that opens it goes on from there, as after a crash: with the states, timers and messages of that moment.
/// The run that is forked stays as it is, and may be written meanwhile. With a change, that record says what is
/// changed, and the entry behind it how.
///
/// # Errors
///
/// When the run is damaged before that moment, or the new one cannot be written.
pub fn fork(
    run: &RunDir,
    records: u64,
    change: Option<(Changed, Entry)>,
    data: &Path,
) -> Result<RunDir> {
    let start = Start::of(run, records)?;
    let new = RunDir::create(data)?;
    let written = start.write(run, &new);
    written.map_err(|error| Diagnostic::io(RUN_UNWRITABLE, "write", new.path(), &error))?;
    let log = Opening::read(&new, |_, _| Ok(()))?.begin(None)?;
    let (changed, entry) = change.unzip();
    let kind = Kind::Forked { run: run.id(), records, changed };
    let forked = Entry { actor: ActorId::NODE, kind, payloads: Vec::new() };
    for entry in std::iter::once(forked).chain(entry) {
        log.append(entry).map_err(|LogFailed(why)| {
            let message = format!("cannot write {}: {why}", new.path().display());
            Diagnostic::error(RUN_UNWRITABLE, message)
        })?;
    }
    log.close();
    Ok(new)
}

impl Start {
    fn of(run: &RunDir, records: u64) -> Result<Self> {
        let mut start = Self::default();
        let mut reader = Reader::new(run);
        for position in 0..records {
            let (location, record) = match reader.next_record() {
                Ok(Some(found)) => found,
                Ok(None) => {
                    let what = format!("it has only {position} of {records} records");
                    return Err(Box::new(run.damaged(&what)));
                }
                Err(problem) => return Err(Box::new(problem.diagnostic(run))),
            };
            let end = location.offset + location.len;
            let first = (position, location.offset, end);
            start.segments.entry(location.segment).or_insert(first).2 = end;
            start.blobs.extend(blobs(&record.header.kind));
        }
        Ok(start)
    }

    fn write(&self, run: &RunDir, new: &RunDir) -> io::Result<()> {
        for hash in &self.blobs {
            match run.blobs().get(hash) {
                Ok(bytes) => drop(new.store(&bytes, *hash)?),
                // A node that needs it says so.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        for (number, (first, from, to)) in &self.segments {
            let head = SegmentHead { run: new.id(), number: *number, first: *first };
            let mut file = File::create_new(new.segment(*number))?;
            file.write_all(&head.encode())?;
            let mut source = File::open(run.segment(*number))?;
            source.seek(SeekFrom::Start(*from))?;
            io::copy(&mut source.take(to - from), &mut file)?;
            file.sync_all()?;
        }
        Ok(())
    }
}
