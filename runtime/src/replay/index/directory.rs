//! How far the index goes, and what is known of the actors by then.

use super::page::{groups, hash, items, optional};
use crate::replay::History;
use crate::temporary;
use crate::trace::{ActorId, Chain, Code, Hash, Location, RunDir, Step};
use crate::wire::{WireError, Writer};
use minicbor::decode::Decoder;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The first word of every directory.
const MAGIC: &str = "theater index";

/// The version of the format. Others are not read.
const VERSION: u64 = 3;

/// How many bytes of the index's files belong to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::replay) struct Lengths {
    pub records: u64,
    pub chapters: u64,
    pub pages: u64,
    pub bodies: u64,
    pub caused: u64,
    pub fences: u64,
}

/// What stands in the file `directory`.
#[derive(Debug, Clone)]
pub(in crate::replay) struct Directory {
    pub lengths: Lengths,
    /// Where the last record stands of which the index tells.
    pub last: Location,
    /// Of each closed segment its length, and when it was changed last.
    pub segments: Vec<(u64, u64, u64)>,
    pub engine: Option<Hash>,
    /// The positions of the records that say with which changes the run was forked.
    pub forks: Vec<u64>,
    pub chain: Chain,
    pub actors: Vec<Known>,
}

/// What is known of an actor.
#[derive(Debug, Clone)]
pub(in crate::replay) struct Known {
    pub id: ActorId,
    pub name: String,
    pub request: Option<Step>,
    pub code: Code,
    /// Whether it was restarted without state since its last turn.
    pub fresh: bool,
}

impl Directory {
    pub fn of(history: &History, last: Location, lengths: Lengths) -> io::Result<Self> {
        Ok(Self {
            lengths,
            last,
            segments: segments(history.run(), last.segment)?,
            engine: history.engine,
            forks: history.forks.clone(),
            chain: history.chain.clone(),
            actors: history
                .actors()
                .map(|actor| Known {
                    id: actor.id,
                    name: actor.name.clone(),
                    request: actor.request,
                    code: actor.code,
                    fresh: actor.is_fresh(),
                })
                .collect(),
        })
    }

    /// Reads a directory. None if there is none that belongs to this run as it is.
    pub fn read(run: &RunDir, folder: &Path) -> Option<Self> {
        let bytes = fs::read(folder.join("directory")).ok()?;
        let (covered, stored) = bytes.split_last_chunk::<32>()?;
        if Hash::of(covered).0 != *stored {
            return None;
        }
        let directory = Self::decode(covered, &run.id()).ok()??;
        let fits = segments(run, directory.last.segment).ok()? == directory.segments
            && directory.ends_the_log_that_is_there(run);
        fits.then_some(directory)
    }

    fn ends_the_log_that_is_there(&self, run: &RunDir) -> bool {
        let last = run.record_at(self.last);
        last.is_ok_and(|last| {
            self.chain.last == Some(last.hash) && self.chain.next == last.header.position + 1
        })
    }

    /// Writes it in place of the one of before.
    pub fn write(&self, run: &RunDir, folder: &Path) -> io::Result<()> {
        let mut bytes = self.encode(&run.id());
        let hash = Hash::of(&bytes);
        bytes.extend_from_slice(&hash.0);
        let mut file = temporary::file(folder)?;
        file.write_all(&bytes)?;
        file.persist(folder.join("directory"))?;
        Ok(())
    }

    fn encode(&self, run: &str) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.array(10);
        writer.text(MAGIC);
        writer.unsigned(VERSION);
        writer.text(run);
        let Lengths { records, chapters, pages, bodies, caused, fences } = self.lengths;
        let Location { segment, offset, len } = self.last;
        let numbers = [records, chapters, pages, bodies, caused, fences, segment, offset, len];
        writer.array(numbers.len());
        numbers.iter().for_each(|number| writer.unsigned(*number));
        writer.array(self.segments.len() * 3);
        for (number, len, changed) in &self.segments {
            [number, len, changed].into_iter().for_each(|number| writer.unsigned(*number));
        }
        write_hash(&mut writer, self.engine.as_ref());
        writer.array(self.forks.len());
        self.forks.iter().for_each(|position| writer.unsigned(*position));
        writer.array(2);
        writer.unsigned(self.chain.next);
        write_hash(&mut writer, self.chain.last.as_ref());
        let ends = self.chain.ends();
        writer.array(ends.len() * 3);
        for (actor, (sequence, hash)) in ends {
            writer.unsigned(actor.0);
            writer.unsigned(sequence);
            writer.bytes(&hash.0);
        }
        writer.array(self.actors.len() * 6);
        for actor in &self.actors {
            writer.unsigned(actor.id.0);
            writer.text(&actor.name);
            match actor.request {
                None => writer.null(),
                Some(Step { actor, turn, step }) => {
                    writer.array(3);
                    [actor.0, turn, step].into_iter().for_each(|number| writer.unsigned(number));
                }
            }
            writer.bytes(&actor.code.component.0);
            writer.bytes(&actor.code.manifest.0);
            writer.bool(actor.fresh);
        }
        writer.into_bytes()
    }

    /// None if it is one of another version, or of another run.
    fn decode(bytes: &[u8], run: &str) -> Result<Option<Self>, WireError> {
        let mut decoder = Decoder::new(bytes);
        let decoder = &mut decoder;
        items(decoder, 10)?;
        if decoder.str()? != MAGIC || decoder.u64()? != VERSION || decoder.str()? != run {
            return Ok(None);
        }
        items(decoder, 9)?;
        let mut next = || decoder.u64();
        let lengths = Lengths {
            records: next()?,
            chapters: next()?,
            pages: next()?,
            bodies: next()?,
            caused: next()?,
            fences: next()?,
        };
        let last = Location { segment: next()?, offset: next()?, len: next()? };
        let mut segments = Vec::new();
        for _ in 0..groups(decoder, 3)? {
            segments.push((decoder.u64()?, decoder.u64()?, decoder.u64()?));
        }
        let engine = optional(decoder, hash)?;
        let mut forks = Vec::new();
        for _ in 0..groups(decoder, 1)? {
            forks.push(decoder.u64()?);
        }
        items(decoder, 2)?;
        let (next, end) = (decoder.u64()?, optional(decoder, hash)?);
        let mut ends = Vec::new();
        for _ in 0..groups(decoder, 3)? {
            ends.push((ActorId(decoder.u64()?), (decoder.u64()?, hash(decoder)?)));
        }
        let chain = Chain::from_ends(next, end, ends);
        let mut actors = Vec::new();
        for _ in 0..groups(decoder, 6)? {
            actors.push(Known {
                id: ActorId(decoder.u64()?),
                name: decoder.str()?.to_owned(),
                request: optional(decoder, |decoder| {
                    items(decoder, 3)?;
                    let (actor, turn) = (ActorId(decoder.u64()?), decoder.u64()?);
                    Ok(Step { actor, turn, step: decoder.u64()? })
                })?,
                code: Code { component: hash(decoder)?, manifest: hash(decoder)? },
                fresh: decoder.bool()?,
            });
        }
        Ok(Some(Self { lengths, last, segments, engine, forks, chain, actors }))
    }
}

pub(super) fn write_hash(writer: &mut Writer, hash: Option<&Hash>) {
    match hash {
        Some(hash) => writer.bytes(&hash.0),
        None => writer.null(),
    }
}

/// Of each segment before this one its number, its length, and when it was changed last.
fn segments(run: &RunDir, before: u64) -> io::Result<Vec<(u64, u64, u64)>> {
    let numbers = run.segments()?.into_iter().filter(|number| *number < before);
    numbers
        .map(|number| {
            let metadata = fs::metadata(run.segment(number))?;
            let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            let changed = u64::try_from(changed.as_nanos()).unwrap_or(u64::MAX);
            Ok((number, metadata.len(), changed))
        })
        .collect()
}
