//! A part of a run: all headers of the log, up to some record, and not all of its payloads and blobs.
//!
//! The chains are over the headers, so a part proves as much as the whole of what it still has. What it
//! does not have is left out, and is no damage: the file `part` in the run's folder tells what was asked for,
//! and which blobs are therefore not there.

use super::reader::length_of_file;
use super::{ActorId, Effect, Hash, Header, Kind, Payload, PayloadKind, Record, RunDir};
use crate::wire::{WireError, Writer};
use minicbor::decode::Decoder;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

/// The most bytes that tell of a part: the hashes of all blobs that an archive may have.
const LARGEST: u64 = 8 << 20;

/// The most bytes of the words for what was asked for.
const LONGEST: usize = 4096;

/// What a part of a run is to have.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// In words, what was asked for: `actor shop/orders`.
    pub about: String,
    /// How many records of the log it has.
    pub records: u64,
    /// Whose payloads it has.
    pub actors: BTreeMap<ActorId, Kept>,
}

/// Which payloads of an actor a part has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// All.
    All,
    /// Those of the turns with these numbers. Of the turns before the last of them only what they changed,
    /// so that the state before each of these is known.
    Turns(BTreeSet<u64>),
}

impl Chosen {
    /// Whether a turn belongs to what was asked for, with all its payloads.
    pub fn has_turn(&self, actor: ActorId, turn: u64) -> bool {
        match self.actors.get(&actor) {
            Some(Kept::All) => true,
            Some(Kept::Turns(turns)) => turns.contains(&turn),
            None => false,
        }
    }

    /// Whether the part has this payload.
    fn keeps(&self, record: &Record, payload: PayloadKind) -> bool {
        let header = &record.header;
        let turn = match &header.kind {
            Kind::Turn(turn) => turn.turn,
            Kind::Open(open) => open.turn,
            _ => return header.actor == ActorId::NODE || self.actors.contains_key(&header.actor),
        };
        if self.has_turn(header.actor, turn) {
            return true;
        }
        let Some(Kept::Turns(turns)) = self.actors.get(&header.actor) else { return false };
        let is_before = header.turn().is_some() && turns.last().is_some_and(|last| turn < *last);
        is_before
            && match payload {
                PayloadKind::Delta => true,
                // Timers are state as well, and what set them stands in the calls.
                PayloadKind::Effects | PayloadKind::Calls => changes_timers(record),
                _ => false,
            }
    }

    /// Whether the part has the blobs to which a record refers.
    pub(super) fn keeps_blobs(&self, header: &Header) -> bool {
        header.actor == ActorId::NODE || self.actors.contains_key(&header.actor)
    }

    /// The bytes of a record as they stand in the part, and how many payloads are not there. `bytes` are those in
    /// the log.
    pub(super) fn cut(&self, record: &Record, bytes: &[u8]) -> Result<(Vec<u8>, u64), WireError> {
        let mut decoder = Decoder::new(bytes);
        decoder.array()?;
        let header = decoder.bytes()?;
        let of = |kind| record.payloads.iter().find(|payload: &&Payload| payload.kind == kind);
        let kept = |kind| of(kind).filter(|_| self.keeps(record, kind));
        let payloads: Vec<Option<&Payload>> =
            record.header.payloads.iter().map(|(kind, _)| kept(*kind)).collect();
        let mut writer = Writer::with_capacity(bytes.len());
        Record::write_some(&mut writer, header, &record.hash, payloads.iter().copied());
        let left_out = payloads.iter().filter(|payload| payload.is_none()).count() as u64;
        Ok((writer.into_bytes(), left_out))
    }
}

fn changes_timers(record: &Record) -> bool {
    let effects = record.payload(PayloadKind::Effects).map(Effect::decode_all);
    let effects = effects.and_then(Result::ok).unwrap_or_default();
    effects.iter().any(|effect| matches!(effect, Effect::Timer { .. }))
}

/// What a run that is a part of one says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// In words, what was asked for.
    pub about: String,
    /// The blobs that were left out.
    pub left_out: BTreeSet<Hash>,
}

impl Part {
    /// Writes it as one item: a CBOR array of the word `part`, the words, and the hashes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.array(3);
        writer.text("part");
        writer.text(&self.about);
        writer.array(self.left_out.len());
        self.left_out.iter().for_each(|hash| writer.bytes(&hash.0));
        writer.into_bytes()
    }

    /// Reads what follows the word `part`.
    ///
    /// # Errors
    ///
    /// When the bytes are something else.
    pub(super) fn read(decoder: &mut Decoder<'_>) -> Result<Self, minicbor::decode::Error> {
        let about = decoder.str()?.to_owned();
        if about.len() > LONGEST {
            return Err(minicbor::decode::Error::message("more words than a part has"));
        }
        let mut left_out = BTreeSet::new();
        for _ in 0..decoder.array()?.unwrap_or_default() {
            let hash = decoder.bytes()?.try_into();
            let hash = hash.map_err(|_| minicbor::decode::Error::message("no hash"))?;
            left_out.insert(Hash(hash));
        }
        Ok(Self { about, left_out })
    }
}

impl RunDir {
    /// What part of a run this is. None if it is a whole one.
    ///
    /// # Errors
    ///
    /// When it is one, and what it says of itself cannot be read.
    pub fn part(&self) -> io::Result<Option<Part>> {
        let path = self.path().join("part");
        match length_of_file(&path) {
            Ok(length) if length <= LARGEST => {}
            Ok(_) => return Err(io::Error::other("it is larger than any that Theater writes")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let bytes = fs::read(&path)?;
        let mut decoder = Decoder::new(&bytes);
        let mut read = || {
            let is_part = decoder.array()? == Some(3) && decoder.str()? == "part";
            if is_part { Part::read(&mut decoder).map(Some) } else { Ok(None) }
        };
        match read() {
            Ok(Some(part)) => Ok(Some(part)),
            Ok(None) => Err(io::Error::other("it tells of no part")),
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }
}
