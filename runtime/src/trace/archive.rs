//! A run as one file, to be sent to somebody: everything that reading and replaying it needs.
//!
//! The file is compressed (gzip, RFC 1952). What is inside is a CBOR sequence (RFC 8742):
//!
//! | item | what it is |
//! |---|---|
//! | `["theater archive", 1, run]` | the version of the format, and the run's id |
//! | `["part", text, [hash, …]]` | only in a part of a run: what was asked for, and which blobs were left out |
//! | `["blob", bytes]` | a component, manifest or configuration; its hash is computed when it is read |
//! | `["segment", number, bytes]` | a piece of a segment file; those of one segment follow each other |
//! | `["end", records, hash]` | how many records there are, and the hash of the last one's header |
//!
//! In a part, the records have all of their headers and not all of their payloads.
//!
//! No path stands in it, so none can lead out of the folder into which it is unpacked.

use super::{Blobs, Chosen, Hash, Kind, Part, Reader, RunDir};
use crate::diagnostic::{ARCHIVE_DAMAGED, Diagnostic, OUTPUT_UNWRITABLE, Result};
use crate::wire::{WireError, Writer};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use minicbor::decode::Decoder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// The first word of every archive.
const MAGIC: &str = "theater archive";

/// The version of the format. A reader refuses a version that it does not know.
const VERSION: u64 = 1;

/// How much of a segment stands in one item, and how much is decompressed at a time.
const PIECE: usize = 1 << 20;

/// How much an archive may hold: so many bytes, and so many for each byte of the file. Traces hold
/// hashes and salts, which cannot be compressed; so what is packed more tightly is no trace.
const ALLOWED: u64 = 64 << 20;
const ALLOWED_EACH: u64 = 100;

/// Segments are not larger: one is closed when it has a sixteenth of this.
const LARGEST_SEGMENT: u64 = 1 << 30;

/// How many segments and blobs an archive may have: a run of thousands of gigabytes has not so
/// many, and more would fill a disk with small files.
const MOST: u64 = 100_000;

/// What an archive that was written holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived {
    /// How many records.
    pub records: u64,
    /// How many bytes the file has.
    pub bytes: u64,
    /// How many components, manifests and configurations were not there any more.
    pub missing: u64,
    /// How many payloads it does not have, because they were not asked for or not there any more.
    pub left_out_payloads: u64,
    /// How many components and manifests it does not have, because they were not asked for.
    pub left_out_blobs: u64,
}

/// What a log holds at some moment, while it may grow.
struct Extent {
    records: u64,
    last: Hash,
    /// Of each segment, how many bytes are whole records.
    segments: BTreeMap<u64, u64>,
    blobs: BTreeSet<Hash>,
    /// What it says of itself, if it is a part.
    part: Option<Part>,
}

/// Writes a run into a file, up to its present end, or what was chosen of it. The file appears when it is whole.
///
/// # Errors
///
/// When there is such a file already, it cannot be written, or the run is damaged.
pub fn export(run: &RunDir, file: &Path, chosen: Option<&Chosen>) -> Result<Archived> {
    let failed =
        |error: io::Error| Box::new(Diagnostic::io(OUTPUT_UNWRITABLE, "write", file, &error));
    if file.exists() {
        let message = format!("{} is there already", file.display());
        let problem = Diagnostic::error(OUTPUT_UNWRITABLE, message);
        return Err(Box::new(problem.help("Name another file, or remove this one.")));
    }
    let extent = Extent::of(run, chosen)?;
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut packer = GzEncoder::new(temporary, Compression::default());
    let (missing, left_out_payloads) = extent.write(run, chosen, &mut packer).map_err(failed)?;
    let temporary = packer.finish().map_err(failed)?;
    temporary.as_file().sync_all().map_err(failed)?;
    temporary.persist_noclobber(file).map_err(|error| failed(error.error))?;
    let bytes = fs::metadata(file).map_err(failed)?.len();
    let left_out_blobs = extent.part.map_or(0, |part| part.left_out.len() as u64);
    let records = extent.records;
    Ok(Archived { records, bytes, missing, left_out_payloads, left_out_blobs })
}

impl Extent {
    fn of(run: &RunDir, chosen: Option<&Chosen>) -> Result<Self> {
        let part = run.part().map_err(|error| {
            run.damaged(&format!("the file `part`: {}", crate::diagnostic::reason(&error)))
        })?;
        let mut extent = Self {
            records: 0,
            last: Hash([0; 32]),
            segments: BTreeMap::new(),
            blobs: BTreeSet::new(),
            part: match (part, chosen) {
                (part, None) => part,
                (None, Some(chosen)) => {
                    Some(Part { about: chosen.about.clone(), ..Part::default() })
                }
                (Some(part), Some(chosen)) => {
                    let about = format!("{}, of {}", chosen.about, part.about);
                    Some(Part { about, ..part })
                }
            },
        };
        let before = extent.part.as_ref().map(|part| part.left_out.clone()).unwrap_or_default();
        let most = chosen.map_or(u64::MAX, |chosen| chosen.records);
        let mut reader = Reader::new(run);
        while extent.records < most {
            match reader.next_record() {
                Ok(Some((location, record))) => {
                    extent.records += 1;
                    extent.last = record.hash;
                    extent.segments.insert(location.segment, location.offset + location.len);
                    let blobs = blobs(&record.header.kind);
                    match (&mut extent.part, chosen) {
                        (Some(part), Some(chosen)) if !chosen.keeps_blobs(&record.header) => {
                            part.left_out.extend(blobs);
                        }
                        _ => extent.blobs.extend(blobs),
                    }
                }
                Ok(None) => break,
                // It is being written just now, or a crash tore it.
                Err(problem) if problem.torn => break,
                Err(problem) => return Err(Box::new(problem.diagnostic(run))),
            }
        }
        if let (Some(part), Some(_)) = (&mut extent.part, chosen) {
            part.left_out.retain(|hash| before.contains(hash) || !extent.blobs.contains(hash));
        }
        Ok(extent)
    }

    /// Writes everything, and answers how many blobs are missing, and how many payloads were left out.
    fn write(
        &self,
        run: &RunDir,
        chosen: Option<&Chosen>,
        to: &mut impl Write,
    ) -> io::Result<(u64, u64)> {
        let mut head = Writer::new();
        head.array(3);
        head.text(MAGIC);
        head.unsigned(VERSION);
        head.text(&run.id());
        to.write_all(head.as_bytes())?;
        if let Some(part) = &self.part {
            to.write_all(&part.encode())?;
        }
        let missing = self.blobs(run, to)?;
        let left_out = match chosen {
            Some(chosen) => self.records(run, chosen, to)?,
            None => {
                self.segments(run, to)?;
                0
            }
        };
        let mut end = Writer::new();
        end.array(3);
        end.text("end");
        end.unsigned(self.records);
        end.bytes(&self.last.0);
        to.write_all(end.as_bytes())?;
        Ok((missing, left_out))
    }

    fn blobs(&self, run: &RunDir, to: &mut impl Write) -> io::Result<u64> {
        let left_out = |hash| self.part.as_ref().is_some_and(|part| part.left_out.contains(hash));
        let mut missing = 0;
        for hash in &self.blobs {
            match run.blobs().get(hash) {
                Ok(bytes) => {
                    let mut item = Writer::with_capacity(bytes.len() + 16);
                    item.array(2);
                    item.text("blob");
                    item.bytes(&bytes);
                    to.write_all(item.as_bytes())?;
                }
                // What is wrong with it, replay tells of the turns that need it.
                Err(_) => missing += u64::from(!left_out(hash)),
            }
        }
        Ok(missing)
    }

    /// Writes the segments as they are.
    fn segments(&self, run: &RunDir, to: &mut impl Write) -> io::Result<()> {
        for (number, length) in &self.segments {
            let mut file = File::open(run.segment(*number))?.take(*length);
            let mut piece = Vec::with_capacity(PIECE);
            while file.by_ref().take(PIECE as u64).read_to_end(&mut piece)? > 0 {
                write_piece(*number, &mut piece, to)?;
            }
        }
        Ok(())
    }

    /// Writes the segments without what was not chosen.
    fn records(&self, run: &RunDir, chosen: &Chosen, to: &mut impl Write) -> io::Result<u64> {
        let mut reader = Reader::new(run);
        let (mut segment, mut piece, mut left_out) = (0, Vec::new(), 0);
        for _ in 0..self.records {
            let changed = || io::Error::other("the run was changed while it was read");
            let next = reader.next_record().map_err(|problem| io::Error::other(problem.what))?;
            let (location, record) = next.ok_or_else(changed)?;
            if location.segment != segment {
                write_piece(segment, &mut piece, to)?;
                segment = location.segment;
                piece.extend(reader.head().ok_or_else(changed)?.encode());
            }
            let cut = chosen.cut(&record, reader.bytes(location));
            let (bytes, without) = cut.map_err(|error| io::Error::other(error.what))?;
            piece.extend(bytes);
            left_out += without;
            if piece.len() >= PIECE {
                write_piece(segment, &mut piece, to)?;
            }
        }
        write_piece(segment, &mut piece, to)?;
        Ok(left_out)
    }
}

/// Writes a piece of a segment, if there is one, and empties it.
fn write_piece(segment: u64, piece: &mut Vec<u8>, to: &mut impl Write) -> io::Result<()> {
    if piece.is_empty() {
        return Ok(());
    }
    let mut item = Writer::with_capacity(piece.len() + 32);
    item.array(3);
    item.text("segment");
    item.unsigned(segment);
    item.bytes(piece);
    piece.clear();
    to.write_all(item.as_bytes())
}

/// The blobs to which a record refers.
pub(super) fn blobs(kind: &Kind) -> Vec<Hash> {
    match kind {
        Kind::Opened { engine, .. } => vec![*engine],
        Kind::Spawned { component, manifest, .. } => vec![*component, *manifest],
        Kind::Template { code, .. } | Kind::Reloaded { code, .. } => {
            vec![code.component, code.manifest]
        }
        _ => Vec::new(),
    }
}

/// Unpacks an archive into a temporary folder, which goes when the last copy of the run that is answered
/// is dropped.
///
/// # Errors
///
/// When the file cannot be read, is no archive, is damaged, or would unpack into far more than a trace
/// of its size holds.
pub(super) fn open(path: &Path) -> Result<RunDir> {
    let damaged = |what: String| {
        let message = format!("{} is no trace that can be read: {what}", path.display());
        Box::new(Diagnostic::error(ARCHIVE_DAMAGED, message).help(
            "Get the file again from where it came from, or write it anew with `theater trace export`.",
        ))
    };
    let unreadable = |error: io::Error| damaged(crate::diagnostic::reason(&error));
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let folder = tempfile::Builder::new().prefix("theater-").tempdir().map_err(unreadable)?;
    let run = unpack(file, size, folder.path()).map_err(damaged)?;
    Ok(run.in_temporary(folder))
}

/// Unpacks an archive of so many bytes below a folder.
///
/// # Errors
///
/// In words, why it cannot be.
pub fn unpack(from: impl Read, size: u64, folder: &Path) -> Result<RunDir, String> {
    let allowed = ALLOWED.saturating_add(size.saturating_mul(ALLOWED_EACH));
    let unpacked = GzDecoder::new(from).take(allowed.saturating_add(1));
    let mut items = Items { unpacked, allowed, read: 0, buffer: Vec::new() };
    let mut unpacking = match items.next()? {
        Item::Head(run) => Unpacking::begin(&run, folder)?,
        _ => return Err("it does not begin as one".to_owned()),
    };
    loop {
        match items.next()? {
            Item::Head(_) => return Err("a second one begins in it".to_owned()),
            Item::Part(part) => {
                let path = unpacking.run.path().join("part");
                fs::write(path, part.encode()).map_err(in_words)?;
            }
            Item::Blob(bytes) => {
                unpacking.count()?;
                let blobs = Blobs::new(unpacking.run.path().join("blobs"));
                blobs.put(&bytes).map_err(in_words)?;
            }
            Item::Segment(number, bytes) => unpacking.segment(number, &bytes)?,
            Item::End(records, hash) => {
                items.end()?;
                let head = RunDir::head_text(records, &hash);
                fs::write(unpacking.run.path().join("head"), head).map_err(in_words)?;
                return Ok(unpacking.run);
            }
        }
    }
}

fn in_words(error: io::Error) -> String {
    crate::diagnostic::reason(&error)
}

/// A run that is being made from an archive.
struct Unpacking {
    run: RunDir,
    /// The segment that was begun last, and its length.
    segment: Option<(u64, u64, File)>,
    /// How many files were made.
    files: u64,
}

impl Unpacking {
    fn begin(run: &str, folder: &Path) -> Result<Self, String> {
        let is_id = !run.is_empty()
            && run.len() <= 64
            && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_id {
            return Err("its run has a name that no run has".to_owned());
        }
        let path = folder.join(run);
        fs::create_dir(&path).map_err(in_words)?;
        fs::create_dir(path.join("segments")).map_err(in_words)?;
        let run = RunDir::open(&path).map_err(|problem| problem.message)?;
        Ok(Self { run, segment: None, files: 0 })
    }

    /// Counts a file that is to be made.
    fn count(&mut self) -> Result<(), String> {
        self.files += 1;
        match self.files > MOST {
            true => Err("it holds more files than a trace".to_owned()),
            false => Ok(()),
        }
    }

    fn segment(&mut self, number: u64, bytes: &[u8]) -> Result<(), String> {
        let last = self.segment.as_ref().map_or(0, |(number, ..)| *number);
        if number == last + 1 {
            self.count()?;
            let file = File::create_new(self.run.segment(number)).map_err(in_words)?;
            self.segment = Some((number, 0, file));
        }
        match &mut self.segment {
            Some((last, length, file)) if *last == number => {
                *length += bytes.len() as u64;
                if *length > LARGEST_SEGMENT {
                    return Err("a segment is larger than any that Theater writes".to_owned());
                }
                file.write_all(bytes).map_err(in_words)
            }
            _ => Err("its segments are not in order".to_owned()),
        }
    }
}

enum Item {
    Head(String),
    Part(Part),
    Blob(Vec<u8>),
    Segment(u64, Vec<u8>),
    End(u64, Hash),
}

/// The items of an archive, one after the other.
struct Items<R> {
    unpacked: io::Take<GzDecoder<R>>,
    allowed: u64,
    read: u64,
    /// What was read and belongs to no item yet.
    buffer: Vec<u8>,
}

impl<R: Read> Items<R> {
    fn next(&mut self) -> Result<Item, String> {
        loop {
            let mut decoder = Decoder::new(&self.buffer);
            match item(&mut decoder) {
                Ok(item) => {
                    let used = decoder.position();
                    self.buffer.drain(..used);
                    return Ok(item);
                }
                Err(Unread::Wrong(what)) => return Err(what),
                Err(Unread::Unfinished) => {}
            }
            if !self.fill()? {
                return Err("it ends in the middle".to_owned());
            }
        }
    }

    /// Reads on. Answers whether there was more.
    fn fill(&mut self) -> Result<bool, String> {
        let read = self.unpacked.by_ref().take(PIECE as u64).read_to_end(&mut self.buffer);
        let read = read.map_err(in_words)? as u64;
        self.read += read;
        if self.read > self.allowed {
            return Err("it holds far more than a trace of this size".to_owned());
        }
        Ok(read > 0)
    }

    /// Nothing may follow. To read up to the end is what checks the file's checksum.
    fn end(&mut self) -> Result<(), String> {
        match self.buffer.is_empty() && !self.fill()? {
            true => Ok(()),
            false => Err("something follows its end".to_owned()),
        }
    }
}

enum Unread {
    /// More bytes are needed.
    Unfinished,
    Wrong(String),
}

impl From<minicbor::decode::Error> for Unread {
    fn from(error: minicbor::decode::Error) -> Self {
        match error.is_end_of_input() {
            true => Self::Unfinished,
            false => Self::Wrong(WireError::from(error).what),
        }
    }
}

fn item(decoder: &mut Decoder<'_>) -> Result<Item, Unread> {
    let length = decoder.array()?;
    let word = decoder.str()?;
    match (word, length) {
        (MAGIC, Some(3)) => match decoder.u64()? {
            VERSION => Ok(Item::Head(decoder.str()?.to_owned())),
            version => {
                let what =
                    format!("format version {version}; this Theater reads version {VERSION}");
                Err(Unread::Wrong(what))
            }
        },
        ("part", Some(3)) => Ok(Item::Part(Part::read(decoder)?)),
        ("blob", Some(2)) => Ok(Item::Blob(decoder.bytes()?.to_vec())),
        ("segment", Some(3)) => Ok(Item::Segment(decoder.u64()?, decoder.bytes()?.to_vec())),
        ("end", Some(3)) => {
            let records = decoder.u64()?;
            let hash = decoder.bytes()?.try_into().map(Hash);
            Ok(Item::End(records, hash.map_err(|_| Unread::Wrong("no hash".to_owned()))?))
        }
        _ => Err(Unread::Wrong("something unknown stands in it".to_owned())),
    }
}
