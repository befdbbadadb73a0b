//! Snapshots of what is made of a log, so that whoever goes on with a run reads only what came since.
//!
//! `snapshots/NUMBER.snapshot` holds a [`Fold`] after so many records: a CBOR sequence of the words "theater
//! snapshot", the version of its format and of Theater, the run's id, where the last of those records stands
//! (segment, byte, length), the ends of the chains, the fold, and last the SHA-256 of all that.
//!
//! The log stays the only source of truth. A snapshot is used only if its last record stands in the log as
//! it says, with that hash; whatever is wrong with it, or with what follows from it, an earlier one is taken, or
//! the whole log. Who makes one reads the log as recovery does, beside the writer. A snapshot that was forged with all
//! its hashes is found by [`check`]: folds are deterministic, and the log is there.

use super::fold::Fold;
use super::opening::Past;
use super::reader::length_of_file;
use super::{Hash, Location, Problem, RunDir};
use crate::diagnostic::{Diagnostic, RUN_UNWRITABLE, Result};
use crate::temporary;
use crate::wire::{Wire, WireError, WireList, Writer};
use minicbor::decode::Decoder;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The first words of every snapshot.
const MAGIC: &str = "theater snapshot";

/// The version of the format, and of what the folds mean. Others are not read.
const VERSION: u64 = 1;

/// How many snapshots stay: the newest, and one in case that it cannot be used.
const KEPT: usize = 2;

/// A snapshot that was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    /// The position of the first record that it does not cover.
    pub next: u64,
    /// How many records had come since the one before.
    pub records: u64,
    /// Their bytes in the log.
    pub read: u64,
    /// The bytes of the snapshot.
    pub size: u64,
}

impl Made {
    /// At which position the next one is worth making: after so many records, and when the log has grown
    /// by as much as this one takes.
    pub fn next_due(&self, every: u64) -> u64 {
        let as_large = self.size.saturating_mul(self.records) / self.read.max(1);
        self.next.saturating_add(every.max(as_large))
    }
}

/// What a snapshot holds.
struct Snapshot<F> {
    last: Location,
    past: Past,
    fold: F,
}

impl<F: Fold> Snapshot<F> {
    fn encode(&self, run: &RunDir) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.text(MAGIC);
        writer.unsigned(VERSION);
        writer.text(env!("CARGO_PKG_VERSION"));
        writer.text(&run.id());
        let Location { segment, offset, len } = self.last;
        (segment, offset, len).write_values(&mut writer);
        self.past.write(&mut writer);
        self.fold.write(&mut writer);
        let hash = Hash::of(writer.as_bytes());
        hash.write(&mut writer);
        writer.into_bytes()
    }

    fn decode(run: &RunDir, bytes: &[u8]) -> Result<Self, WireError> {
        let mut decoder = Decoder::new(bytes);
        let known = decoder.str()? == MAGIC
            && decoder.u64()? == VERSION
            && decoder.str()? == env!("CARGO_PKG_VERSION")
            && decoder.str()? == run.id();
        let covered = bytes.len().saturating_sub(HASH_LEN);
        let hash = Hash::read(&mut Decoder::new(&bytes[covered..]))?;
        if !known || Hash::of(&bytes[..covered]) != hash {
            return Err(WireError::new(&decoder, "no snapshot of this run"));
        }
        let (segment, offset, len) = <(u64, u64, u64)>::read_values(&mut decoder)?;
        let last = Location { segment, offset, len };
        Ok(Self { last, past: Past::read(&mut decoder)?, fold: F::read(&mut decoder)? })
    }

    /// Reads a snapshot; none if it cannot be used.
    fn load(run: &RunDir, path: &Path) -> Option<Self> {
        length_of_file(path).ok()?;
        let snapshot = Self::decode(run, &fs::read(path).ok()?).ok()?;
        let record = run.record_at(snapshot.last).ok()?;
        let Past { chain, end, .. } = &snapshot.past;
        let Location { segment, offset, len } = snapshot.last;
        let fits = chain.last == Some(record.hash)
            && record.header.position.checked_add(1) == Some(chain.next)
            && offset.checked_add(len).is_some_and(|behind| *end == (segment, behind));
        fits.then_some(snapshot)
    }
}

/// The bytes of a hash in its encoding: two of its length, and its own.
const HASH_LEN: usize = 34;

/// Where somebody who reads a log can begin: behind each snapshot that can be used, the newest first, and
/// last at the beginning.
pub(crate) fn beginnings<F: Fold>(run: &RunDir) -> impl Iterator<Item = (Past, F)> {
    let usable = files(run).into_values().rev();
    let usable = usable.filter_map(|path| Snapshot::<F>::load(run, &path));
    let usable = usable.map(|snapshot| (snapshot.past, snapshot.fold));
    usable.chain(std::iter::once_with(|| (Past::default(), F::default())))
}

/// Folds a log as far as it is written, beside its writer: from a snapshot, or as a `whole`.
///
/// # Errors
///
/// When the log is damaged.
pub(crate) fn fold<F: Fold>(run: &RunDir, whole: bool) -> Result<F> {
    let mut all = beginnings::<F>(run);
    let beginning = if whole { all.last() } else { all.next() };
    let (mut past, mut fold) = beginning.unwrap_or_default();
    read_on(run, &mut past, &mut fold, |_, _, _| true)?;
    Ok(fold)
}

/// Makes a snapshot of all that is written. None if nothing is new, or if `go_on` says so.
///
/// # Errors
///
/// When the log is damaged, or the snapshot cannot be written.
pub(crate) fn make<F: Fold>(run: &RunDir, go_on: impl Fn() -> bool) -> Result<Option<Made>> {
    let (mut past, mut fold) = beginnings::<F>(run).next().unwrap_or_default();
    let (mut last, mut records, mut read) = (None, 0, 0);
    let to_the_end = read_on(run, &mut past, &mut fold, |location, _, _| {
        last = Some(location);
        records += 1;
        read += location.len;
        go_on()
    })?;
    let Some(last) = last.filter(|_| to_the_end) else { return Ok(None) };
    let snapshot = Snapshot { last, past, fold };
    let bytes = snapshot.encode(run);
    let next = snapshot.past.chain.next;
    to_disk(run, snapshot.last)
        .and_then(|()| write(run, next, &bytes))
        .map_err(|error| Diagnostic::io(RUN_UNWRITABLE, "write", &folder(run), &error))?;
    Ok(Some(Made { next, records, read, size: bytes.len() as u64 }))
}

/// What is wrong with the snapshots that could be used: each must be what the whole log gives at its place.
/// Nothing, if the log itself is damaged before it.
pub(crate) fn check<F: Fold>(run: &RunDir) -> Vec<String> {
    let mut usable: BTreeMap<u64, Snapshot<F>> = files(run)
        .into_values()
        .filter_map(|path| Snapshot::load(run, &path))
        .map(|snapshot| (snapshot.past.chain.next, snapshot))
        .collect();
    let mut findings = Vec::new();
    if usable.is_empty() {
        return findings;
    }
    let (mut past, mut fold) = (Past::default(), F::default());
    // Damage is found by who verifies the log.
    let _ = read_on(run, &mut past, &mut fold, |_, past, fold| {
        let next = past.chain.next;
        if let Some(snapshot) = usable.remove(&next)
            && (written(past), written(fold)) != (written(&snapshot.past), written(&snapshot.fold))
        {
            let what =
                format!("the snapshot of the first {next} records does not follow from them");
            findings.push(what);
        }
        !usable.is_empty()
    });
    findings
}

fn written(value: &impl Wire) -> Vec<u8> {
    let mut writer = Writer::new();
    value.write(&mut writer);
    writer.into_bytes()
}

/// Reads on to the present end of the log, or until `visit`, which sees each record's place when it has
/// been taken, does not want more. Says whether the end was reached.
fn read_on<F: Fold>(
    run: &RunDir,
    past: &mut Past,
    fold: &mut F,
    mut visit: impl FnMut(Location, &Past, &F) -> bool,
) -> Result<bool> {
    let mut reader = past.reader(run)?;
    loop {
        match reader.next_record() {
            Ok(Some((location, record))) => {
                past.follow(run, location, &record)?;
                fold.follow(run, record)?;
                if !visit(location, past, fold) {
                    return Ok(false);
                }
            }
            // Being written, or left by a crash.
            Ok(None) | Err(Problem { torn: true, .. }) => return Ok(true),
            Err(problem) => return Err(Box::new(problem.diagnostic(run))),
        }
    }
}

fn folder(run: &RunDir) -> PathBuf {
    run.path().join("snapshots")
}

/// The files of snapshots, by how many records they say they cover.
fn files(run: &RunDir) -> BTreeMap<u64, PathBuf> {
    let Ok(entries) = fs::read_dir(folder(run)) else { return BTreeMap::new() };
    let numbered = entries.flatten().filter_map(|entry| {
        let name = entry.file_name();
        let number = name.to_str()?.strip_suffix(".snapshot")?.parse().ok()?;
        Some((number, entry.path()))
    });
    numbered.collect()
}

/// Brings the log to disk up to a record. What a snapshot covers is not read again; without this, a later part of
/// it might outlast a loss of power that an earlier one does not. Segments before its own are on disk.
fn to_disk(run: &RunDir, last: Location) -> io::Result<()> {
    File::open(run.segment(last.segment))?.sync_data()
}

/// Writes a snapshot, all or nothing, and removes those that nobody needs any more: older ones, and those
/// that say more than the log does.
fn write(run: &RunDir, next: u64, bytes: &[u8]) -> io::Result<()> {
    let folder = folder(run);
    fs::create_dir_all(&folder)?;
    let mut file = temporary::file(&folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let path = folder.join(format!("{next:020}.snapshot"));
    file.persist(&path).map_err(|error| error.error)?;
    File::open(&folder)?.sync_all()?;
    let files = files(run);
    let kept: Vec<&PathBuf> = files.range(..=next).rev().take(KEPT).map(|(_, path)| path).collect();
    for entry in fs::read_dir(&folder)?.flatten() {
        if !kept.contains(&&entry.path()) {
            // It only takes space.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}
