//! The body of a page: some consecutive turns of an actor.
//!
//! An array of six arrays: the rows (turn, position, segment, byte, length and check of each record), the rows before
//! which the actor was restarted without state, the rows from which on another component or manifest, and another
//! engine, executed them, the state and the timers before the first one or null, and the changed keys (number and row,
//! ascending).

use super::directory::write_hash;
use super::entry::{Entry, Keys, check, short};
use crate::actor::{Timer, Timers};
use crate::replay::PastTurn;
use crate::replay::turns::{Loaded, Row};
use crate::state::{Delta, State};
use crate::trace::{ActorId, Code, Hash, Kind, Location, Records, RunDir, Step};
use crate::wire::{WireError, Writer};
use minicbor::data::Type;
use minicbor::decode::Decoder;

/// How many turns a page has at most.
pub(super) const TURNS: usize = 64;

/// What a body says.
#[derive(Debug)]
pub(super) struct Body {
    rows: Vec<At>,
    fresh: Vec<u64>,
    codes: Vec<(u64, Code)>,
    engines: Vec<(u64, Option<Hash>)>,
    start: Option<(Option<State>, Timers)>,
}

/// Where the record of a turn stands.
#[derive(Debug)]
struct At {
    turn: u64,
    position: u64,
    location: Location,
    check: u64,
}

/// The entry and the body of a page. `at` is where the body will stand; `since` has the bytes of the records since the
/// last state that stands in the index, or is none if the state before the page is to be written out.
pub(super) fn page(
    actor: ActorId,
    turns: &[PastTurn],
    rows: &[Row],
    at: u64,
    since: Option<u64>,
) -> Option<(Entry, Vec<u8>)> {
    let first = turns.first()?;
    let mut keys = Keys::default();
    rows.iter().flat_map(|row| &row.changed).for_each(|key| keys.add(*key));
    let body = encode(turns, rows, since.is_none());
    let bytes: u64 = turns.iter().map(|turn| turn.location.len).sum();
    let entry = Entry {
        actor,
        first_turn: first.header.turn,
        count: turns.len() as u64,
        first: (first.location.segment, first.location.offset),
        earliest: turns.iter().map(|turn| turn.time).min().unwrap_or_default(),
        body: (at, body.len() as u64),
        check: check(&body),
        since: since.unwrap_or_default() + bytes,
        has_state: since.is_none(),
        unknown: turns.iter().any(|turn| turn.before.is_none() || turn.after.is_none()),
        keys,
    };
    Some((entry, body))
}

fn encode(turns: &[PastTurn], rows: &[Row], with_state: bool) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.array(6);
    writer.array(turns.len() * 6);
    for (turn, row) in turns.iter().zip(rows) {
        let Location { segment, offset, len } = turn.location;
        for number in [turn.header.turn, row.position, segment, offset, len, row.check] {
            writer.unsigned(number);
        }
    }
    let numbered = || rows.iter().zip(turns).zip(0_u64..);
    let fresh: Vec<u64> =
        numbered().filter(|((row, _), _)| row.fresh).map(|(_, number)| number).collect();
    writer.array(fresh.len());
    fresh.iter().for_each(|number| writer.unsigned(*number));
    let mut codes: Vec<(u64, Code)> =
        numbered().map(|((_, it), number)| (number, it.code)).collect();
    codes.dedup_by_key(|(_, code)| *code);
    writer.array(codes.len() * 3);
    for (number, code) in codes {
        writer.unsigned(number);
        writer.bytes(&code.component.0);
        writer.bytes(&code.manifest.0);
    }
    let mut engines: Vec<_> = numbered().map(|((_, it), number)| (number, it.engine)).collect();
    engines.dedup_by_key(|(_, engine)| *engine);
    writer.array(engines.len() * 2);
    for (number, engine) in engines {
        writer.unsigned(number);
        write_hash(&mut writer, engine.as_ref());
    }
    match turns.first().filter(|_| with_state) {
        Some(first) => write_start(&mut writer, first.before.as_ref(), &first.timers),
        None => writer.null(),
    }
    let changes = rows.iter().zip(0_u64..);
    let mut changes: Vec<(u64, u64)> = changes
        .flat_map(|(row, number)| row.changed.iter().map(move |key| (*key, number)))
        .collect();
    changes.sort_unstable();
    writer.array(changes.len() * 2);
    for (key, number) in changes {
        writer.unsigned(key);
        writer.unsigned(number);
    }
    writer.into_bytes()
}

fn write_start(writer: &mut Writer, state: Option<&State>, timers: &Timers) {
    writer.array(2);
    match state {
        None => writer.null(),
        Some(state) => {
            let all = state.iter().map(|(key, value)| (key.to_owned(), Some(value.clone())));
            writer.bytes(&Delta(all.collect()).encode());
        }
    }
    writer.array(timers.len() * 6);
    for (name, timer) in timers.iter() {
        writer.text(name);
        let Step { actor, turn, step } = timer.set;
        [actor.0, turn, step, timer.due].into_iter().for_each(|number| writer.unsigned(number));
        match timer.period {
            Some(period) => writer.unsigned(period),
            None => writer.null(),
        }
    }
}

impl Body {
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut decoder = Decoder::new(bytes);
        items(&mut decoder, 6)?;
        let count = groups(&mut decoder, 6)?;
        let mut rows = Vec::new();
        for _ in 0..count {
            let mut next = || decoder.u64();
            let (turn, position) = (next()?, next()?);
            let location = Location { segment: next()?, offset: next()?, len: next()? };
            rows.push(At { turn, position, location, check: next()? });
        }
        let mut fresh = Vec::new();
        for _ in 0..groups(&mut decoder, 1)? {
            fresh.push(decoder.u64()?);
        }
        let mut codes = Vec::new();
        for _ in 0..groups(&mut decoder, 3)? {
            let number = decoder.u64()?;
            let (component, manifest) = (hash(&mut decoder)?, hash(&mut decoder)?);
            codes.push((number, Code { component, manifest }));
        }
        let mut engines = Vec::new();
        for _ in 0..groups(&mut decoder, 2)? {
            engines.push((decoder.u64()?, optional(&mut decoder, hash)?));
        }
        let start = optional(&mut decoder, read_start)?;
        Ok(Self { rows, fresh, codes, engines, start })
    }

    /// The turns, read from the log. None if what stands there is something else.
    pub fn load(
        self,
        run: &RunDir,
        actor: ActorId,
        before: Option<&(Option<State>, Timers)>,
    ) -> Option<Loaded> {
        let (mut state, mut timers) = self.start.or_else(|| before.cloned())?;
        let mut records = Records::new(run);
        let places: Vec<Location> = self.rows.iter().map(|row| row.location).collect();
        let mut turns = Vec::with_capacity(self.rows.len());
        let (mut code, mut engine) = (None, None);
        for (number, (index, row)) in (0_u64..).zip(self.rows.iter().enumerate()) {
            let record = records.read_first(&places[index..]).ok()?;
            let header = &record.header;
            let is_it = header.actor == actor
                && header.position == row.position
                && short(&record.hash) == row.check;
            let Kind::Turn(turn) = &header.kind else { return None };
            if !is_it || turn.turn != row.turn {
                return None;
            }
            let at = |candidates: &u64| *candidates == number;
            code = self.codes.iter().find(|(from, _)| at(from)).map(|it| it.1).or(code);
            engine = self.engines.iter().find(|(from, _)| at(from)).map(|it| it.1).or(engine);
            if self.fresh.contains(&number) {
                (state, timers) = (Some(State::default()), Timers::default());
            }
            let (before, timers_before) = (state.clone(), timers.clone());
            state =
                state.and_then(|state| crate::replay::history::state_after(state, turn, &record));
            // What is unreadable here, replay tells of the turn itself.
            let _ = timers.follow(turn, &record);
            turns.push(PastTurn {
                header: turn.clone(),
                location: row.location,
                time: header.time,
                before,
                after: state.clone(),
                timers: timers_before,
                code: code?,
                engine: engine?,
            });
        }
        Some(Loaded { turns, end: (state, timers) })
    }
}

fn read_start(decoder: &mut Decoder<'_>) -> Result<(Option<State>, Timers), WireError> {
    items(decoder, 2)?;
    let state = optional(decoder, |decoder| {
        let mut state = State::default();
        let bytes = decoder.bytes()?;
        if !bytes.is_empty() {
            state.apply(Delta::decode(bytes)?);
        }
        Ok(state)
    })?;
    let mut timers = Vec::new();
    for _ in 0..groups(decoder, 6)? {
        let name = decoder.str()?.to_owned();
        let set =
            Step { actor: ActorId(decoder.u64()?), turn: decoder.u64()?, step: decoder.u64()? };
        let due = decoder.u64()?;
        let period = optional(decoder, |decoder| Ok(decoder.u64()?))?;
        timers.push((name, Timer { set, due, period }));
    }
    Ok((state, timers.into_iter().collect()))
}

/// The array that begins must have so many items.
pub(super) fn items(decoder: &mut Decoder<'_>, count: u64) -> Result<(), WireError> {
    match decoder.array()? {
        Some(found) if found == count => Ok(()),
        _ => Err(WireError::new(decoder, "another number of items")),
    }
}

/// How many groups of so many items the array that begins has.
pub(super) fn groups(decoder: &mut Decoder<'_>, each: u64) -> Result<u64, WireError> {
    match decoder.array()? {
        Some(found) if found % each == 0 => Ok(found / each),
        _ => Err(WireError::new(decoder, "another number of items")),
    }
}

pub(super) fn optional<T>(
    decoder: &mut Decoder<'_>,
    read: impl FnOnce(&mut Decoder<'_>) -> Result<T, WireError>,
) -> Result<Option<T>, WireError> {
    if decoder.datatype()? == Type::Null {
        decoder.null()?;
        return Ok(None);
    }
    read(decoder).map(Some)
}

pub(super) fn hash(decoder: &mut Decoder<'_>) -> Result<Hash, WireError> {
    let bytes = decoder.bytes()?;
    bytes.try_into().map(Hash).map_err(|_| WireError::new(decoder, "a hash that is not 32 bytes"))
}
