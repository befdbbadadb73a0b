//! How a record is written.

use super::header::{
    ActorId, Cause, Changed, Code, EndedBy, ExitReason, Header, Kind, OpenTurn, Payload,
    PayloadKind, Request, Step, TurnHeader, Undeliverable, WhatChanged,
};
use super::{Durability, Hash};
use crate::turn::OutcomeKind;
use crate::wire::{WireError, Writer};
use minicbor::data::Type as Major;
use minicbor::decode::Decoder;

/// The keys of a header.
pub mod key {
    #![allow(missing_docs)]
    pub const POSITION: u64 = 0;
    pub const ACTOR: u64 = 1;
    pub const SEQUENCE: u64 = 2;
    pub const PREVIOUS: u64 = 3;
    pub const TIME: u64 = 4;
    pub const KIND: u64 = 5;
    pub const PAYLOADS: u64 = 6;
    pub const VERSION: u64 = 7;
    pub const ENGINE: u64 = 8;
    pub const CUT: u64 = 9;
    pub const NAME: u64 = 10;
    pub const COMPONENT: u64 = 11;
    pub const MANIFEST: u64 = 12;
    pub const INCARNATION: u64 = 13;
    pub const REASON: u64 = 14;
    pub const TURN: u64 = 15;
    pub const CAUSE: u64 = 16;
    pub const FUNCTION: u64 = 17;
    pub const OUTCOME: u64 = 18;
    pub const FUEL: u64 = 19;
    pub const ELAPSED: u64 = 20;
    pub const INSTANCE: u64 = 21;
    pub const UPGRADE: u64 = 22;
    pub const PARENT: u64 = 24;
    pub const FRESH: u64 = 25;
    pub const CHILD: u64 = 26;
    pub const RESTARTS: u64 = 27;
    pub const STEP: u64 = 28;
    pub const RECEIVER: u64 = 29;
    pub const TEMPLATE: u64 = 30;
    pub const ENDED_BY: u64 = 32;
    pub const DURABILITY: u64 = 33;
    pub const RECORDS: u64 = 34;
    pub const CHANGED: u64 = 35;
}

impl Header {
    /// The turn, if it is a turn's header.
    pub fn turn(&self) -> Option<&TurnHeader> {
        match &self.kind {
            Kind::Turn(turn) => Some(turn),
            _ => None,
        }
    }

    /// The header in its encoding. The keys are written in ascending order, as deterministic CBOR
    /// has it.
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Map { pairs: 0, writer: Writer::with_capacity(USUAL_HEADER) };
        map.unsigned(key::POSITION, self.position);
        map.unsigned(key::ACTOR, self.actor.0);
        map.unsigned(key::SEQUENCE, self.sequence);
        if let Some(previous) = &self.previous {
            map.bytes(key::PREVIOUS, &previous.0);
        }
        map.unsigned(key::TIME, self.time);
        map.text(key::KIND, self.kind.name());
        if !self.payloads.is_empty() {
            map.key(key::PAYLOADS);
            map.writer.array(self.payloads.len() * 2);
            for (kind, digest) in &self.payloads {
                map.writer.text(kind.name());
                map.writer.bytes(&digest.0);
            }
        }
        self.kind.encode(&mut map);
        map.finish()
    }

    /// Reads a header.
    ///
    /// # Errors
    ///
    /// When the bytes are not a header.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut decoder = Decoder::new(bytes);
        let fields = Fields::read(&mut decoder)?;
        if decoder.position() != bytes.len() {
            return Err(WireError::new(&decoder, "something behind the header"));
        }
        Ok(Self {
            position: fields.count(key::POSITION)?,
            actor: ActorId(fields.count(key::ACTOR)?),
            sequence: fields.count(key::SEQUENCE)?,
            previous: match fields.get(key::PREVIOUS) {
                Some(_) => Some(fields.hash(key::PREVIOUS)?),
                None => None,
            },
            time: fields.unsigned(key::TIME)?,
            kind: Kind::decode(&fields)?,
            payloads: fields.digests()?,
        })
    }
}

impl Kind {
    fn encode(&self, map: &mut Map) {
        match self {
            Self::Opened { version, engine, cut, durability } => {
                map.text(key::VERSION, version);
                map.bytes(key::ENGINE, &engine.0);
                map.unsigned(key::CUT, *cut);
                // Absent for what is usual.
                if *durability != Durability::default() {
                    map.text(key::DURABILITY, durability.name());
                }
            }
            Self::Closed | Self::Stopped => {}
            Self::Forked { run, records, changed } => {
                map.text(key::NAME, run);
                map.unsigned(key::RECORDS, *records);
                if let Some(changed) = changed {
                    map.changed(changed);
                }
            }
            Self::Spawned { name, component, manifest, parent, request } => {
                map.text(key::NAME, name);
                map.bytes(key::COMPONENT, &component.0);
                map.bytes(key::MANIFEST, &manifest.0);
                if let Some(request) = request {
                    map.cause(&Cause::Actor(request.step));
                }
                if let Some(parent) = parent {
                    map.unsigned(key::PARENT, parent.0);
                }
                if let Some(request) = request {
                    map.text(key::TEMPLATE, &request.template);
                }
            }
            Self::Template { name, code } => {
                map.text(key::NAME, name);
                map.bytes(key::COMPONENT, &code.component.0);
                map.bytes(key::MANIFEST, &code.manifest.0);
            }
            Self::Started { incarnation } => {
                map.unsigned(key::INCARNATION, (*incarnation).into());
            }
            Self::Reloaded { code, upgrade } => {
                map.bytes(key::COMPONENT, &code.component.0);
                map.bytes(key::MANIFEST, &code.manifest.0);
                map.key(key::UPGRADE);
                map.writer.bool(*upgrade);
            }
            Self::Turn(turn) => {
                map.unsigned(key::INCARNATION, turn.incarnation.into());
                map.unsigned(key::TURN, turn.turn);
                map.cause(&turn.cause);
                map.text(key::FUNCTION, &turn.function);
                map.text(key::OUTCOME, turn.outcome.name());
                map.unsigned(key::FUEL, turn.fuel);
                map.unsigned(key::ELAPSED, turn.elapsed);
                if let Some(instance) = turn.instance {
                    map.unsigned(key::INSTANCE, instance);
                }
            }
            Self::Exited { incarnation, reason, by } => {
                map.unsigned(key::INCARNATION, (*incarnation).into());
                map.text(key::REASON, reason.name());
                if let EndedBy::Link(position) = by {
                    map.cause(&Cause::Event(*position));
                }
                // Absent where the actor itself, or its failure, ended it.
                match by {
                    EndedBy::Itself | EndedBy::Link(_) => {}
                    EndedBy::Supervisor => map.unsigned(key::ENDED_BY, 1),
                    EndedBy::Node => map.unsigned(key::ENDED_BY, 2),
                }
            }
            Self::Restarted { incarnation, fresh } => {
                map.unsigned(key::INCARNATION, (*incarnation).into());
                // Absent for what is usual.
                if *fresh {
                    map.unsigned(key::FRESH, 1);
                }
            }
            Self::GaveUp { child, restarts } => {
                map.text(key::CHILD, child);
                map.unsigned(key::RESTARTS, (*restarts).into());
            }
            Self::Open(open) => {
                map.unsigned(key::INCARNATION, open.incarnation.into());
                map.unsigned(key::TURN, open.turn);
                map.cause(&open.cause);
                map.text(key::FUNCTION, &open.function);
                map.unsigned(key::STEP, open.step);
            }
            Self::Undelivered { sent, to, why } => {
                map.text(key::REASON, why.name());
                map.cause(&Cause::Actor(*sent));
                if let Some(to) = to {
                    map.unsigned(key::RECEIVER, to.0);
                }
            }
        }
    }

    fn decode(fields: &Fields<'_>) -> Result<Self, WireError> {
        let kind = fields.text(key::KIND)?;
        Ok(match kind {
            "opened" => Self::Opened {
                version: fields.text(key::VERSION)?.to_owned(),
                engine: fields.hash(key::ENGINE)?,
                cut: fields.unsigned(key::CUT)?,
                durability: match fields.get(key::DURABILITY) {
                    Some(_) => fields.named(key::DURABILITY, Durability::from_name)?,
                    None => Durability::default(),
                },
            },
            "closed" => Self::Closed,
            "forked" => Self::Forked {
                run: fields.text(key::NAME)?.to_owned(),
                records: fields.count(key::RECORDS)?,
                changed: match fields.get(key::CHANGED) {
                    Some(decoder) => Some(fields.changed(decoder)?),
                    None => None,
                },
            },
            "spawned" => Self::Spawned {
                name: fields.text(key::NAME)?.to_owned(),
                component: fields.hash(key::COMPONENT)?,
                manifest: fields.hash(key::MANIFEST)?,
                parent: match fields.get(key::PARENT) {
                    Some(_) => Some(ActorId(fields.count(key::PARENT)?)),
                    None => None,
                },
                request: match fields.get(key::TEMPLATE) {
                    Some(_) => Some(fields.request()?),
                    None => None,
                },
            },
            "template" => {
                Self::Template { name: fields.text(key::NAME)?.to_owned(), code: fields.code()? }
            }
            "started" => Self::Started { incarnation: fields.incarnation()? },
            "reloaded" => {
                Self::Reloaded { code: fields.code()?, upgrade: fields.need(key::UPGRADE)?.bool()? }
            }
            "turn" => Self::Turn(TurnHeader {
                turn: fields.count(key::TURN)?,
                incarnation: fields.incarnation()?,
                instance: match fields.get(key::INSTANCE) {
                    Some(_) => Some(fields.count(key::INSTANCE)?),
                    None => None,
                },
                cause: fields.cause()?,
                function: fields.text(key::FUNCTION)?.to_owned(),
                outcome: fields.named(key::OUTCOME, OutcomeKind::from_name)?,
                fuel: fields.unsigned(key::FUEL)?,
                elapsed: fields.unsigned(key::ELAPSED)?,
            }),
            "exited" => Self::Exited {
                incarnation: fields.incarnation()?,
                reason: fields.named(key::REASON, ExitReason::from_name)?,
                by: fields.ended_by()?,
            },
            "restarted" => Self::Restarted {
                incarnation: fields.incarnation()?,
                fresh: fields.get(key::FRESH).is_some(),
            },
            "gave-up" => Self::GaveUp {
                child: fields.text(key::CHILD)?.to_owned(),
                restarts: u32::try_from(fields.unsigned(key::RESTARTS)?)
                    .map_err(|_| fields.error("the number of restarts is too large"))?,
            },
            "open" => Self::Open(OpenTurn {
                turn: fields.count(key::TURN)?,
                step: fields.count(key::STEP)?,
                incarnation: fields.incarnation()?,
                cause: fields.cause()?,
                function: fields.text(key::FUNCTION)?.to_owned(),
            }),
            "undelivered" => Self::Undelivered {
                sent: fields
                    .cause()?
                    .step()
                    .ok_or_else(|| fields.error("a message that nobody sent"))?,
                to: match fields.get(key::RECEIVER) {
                    Some(_) => Some(ActorId(fields.count(key::RECEIVER)?)),
                    None => None,
                },
                why: fields.named(key::REASON, Undeliverable::from_name)?,
            },
            "stopped" => Self::Stopped,
            other => return Err(fields.error(format!("a record of unknown kind `{other}`"))),
        })
    }
}

/// Room for the header of a turn with all its payloads, so that writing it does not grow memory.
const USUAL_HEADER: usize = 512;

/// A map under construction: the pairs are counted as they are written.
struct Map {
    pairs: usize,
    writer: Writer,
}

impl Map {
    fn key(&mut self, key: u64) {
        self.pairs += 1;
        self.writer.unsigned(key);
    }

    fn unsigned(&mut self, key: u64, value: u64) {
        self.key(key);
        self.writer.unsigned(value);
    }

    fn text(&mut self, key: u64, value: &str) {
        self.key(key);
        self.writer.text(value);
    }

    fn bytes(&mut self, key: u64, value: &[u8]) {
        self.key(key);
        self.writer.bytes(value);
    }

    /// A word, or an array of the word and of numbers: for a step its three, for an event its position.
    fn cause(&mut self, cause: &Cause) {
        let numbers = match cause {
            Cause::Outside | Cause::Runtime | Cause::Fork => {
                return self.text(key::CAUSE, cause.name());
            }
            Cause::Actor(Step { actor, turn, step }) | Cause::Timer(Step { actor, turn, step }) => {
                &[actor.0, *turn, *step][..]
            }
            Cause::Event(position) => &[*position][..],
        };
        self.key(key::CAUSE);
        self.writer.array(1 + numbers.len());
        self.writer.text(cause.name());
        for number in numbers {
            self.writer.unsigned(*number);
        }
    }

    /// An array: of what, of which actor (number and name) and turn, and for an answer the import call.
    fn changed(&mut self, changed: &Changed) {
        let Changed { actor, name, turn, what } = changed;
        self.key(key::CHANGED);
        self.writer.array(4 + usize::from(what.step().is_some()));
        self.writer.text(what.name());
        self.writer.unsigned(actor.0);
        self.writer.text(name);
        self.writer.unsigned(*turn);
        if let Some(step) = what.step() {
            self.writer.unsigned(step);
        }
    }

    /// The head of the map goes in front: one byte, because a header has fewer than 24 pairs
    /// (RFC 8949, section 3).
    fn finish(self) -> Vec<u8> {
        let mut bytes = self.writer.into_bytes();
        bytes.insert(0, 0xa0 | u8::try_from(self.pairs).expect("a header has fewer than 24 pairs"));
        bytes
    }
}

/// The pairs of a header that is being read.
struct Fields<'b> {
    pairs: Vec<(u64, &'b [u8])>,
}

impl<'b> Fields<'b> {
    fn read(decoder: &mut Decoder<'b>) -> Result<Self, WireError> {
        let Some(len) = decoder.map()? else {
            return Err(WireError::new(decoder, "a header without a length"));
        };
        let mut pairs = Vec::new();
        for _ in 0..len {
            let key = decoder.u64()?;
            if pairs.last().is_some_and(|(last, _)| *last >= key) {
                return Err(WireError::new(decoder, "keys out of order"));
            }
            let start = decoder.position();
            decoder.skip()?;
            pairs.push((key, &decoder.input()[start..decoder.position()]));
        }
        Ok(Self { pairs })
    }

    fn error(&self, what: impl Into<String>) -> WireError {
        WireError { what: what.into(), offset: 0 }
    }

    fn get(&self, key: u64) -> Option<Decoder<'b>> {
        let (_, bytes) = self.pairs.iter().find(|(candidate, _)| *candidate == key)?;
        Some(Decoder::new(bytes))
    }

    fn need(&self, key: u64) -> Result<Decoder<'b>, WireError> {
        self.get(key).ok_or_else(|| self.error(format!("no key {key}")))
    }

    fn unsigned(&self, key: u64) -> Result<u64, WireError> {
        Ok(self.need(key)?.u64()?)
    }

    /// A number that counts up by one, and so stays far from the end of its type. One that does not
    /// was made up; refused here, nobody has to think of what comes after the last number.
    fn count(&self, key: u64) -> Result<u64, WireError> {
        let count = self.unsigned(key)?;
        if count > u64::MAX / 2 {
            return Err(self.error(format!("the number under key {key} is too large")));
        }
        Ok(count)
    }

    fn cause(&self) -> Result<Cause, WireError> {
        let mut decoder = self.need(key::CAUSE)?;
        if decoder.datatype()? != Major::Array {
            return match decoder.str()? {
                "outside" => Ok(Cause::Outside),
                "runtime" => Ok(Cause::Runtime),
                "fork" => Ok(Cause::Fork),
                other => Err(self.error(format!("unknown cause `{other}`"))),
            };
        }
        let length = decoder.array()?;
        let word = decoder.str()?;
        let mut number = || -> Result<u64, WireError> {
            let number = decoder.u64()?;
            if number > u64::MAX / 2 {
                return Err(self.error("a number of the cause is too large"));
            }
            Ok(number)
        };
        let cause = match (word, length) {
            ("actor", Some(4)) => Cause::Actor,
            ("timer", Some(4)) => Cause::Timer,
            ("event", Some(2)) => return Ok(Cause::Event(number()?)),
            (other, _) => return Err(self.error(format!("unknown cause `{other}`"))),
        };
        Ok(cause(Step { actor: ActorId(number()?), turn: number()?, step: number()? }))
    }

    fn changed(&self, mut decoder: Decoder<'_>) -> Result<Changed, WireError> {
        let number = |decoder: &mut Decoder<'_>| -> Result<u64, WireError> {
            let number = decoder.u64()?;
            match number > u64::MAX / 2 {
                true => Err(self.error("a number of what is changed is too large")),
                false => Ok(number),
            }
        };
        let length = decoder.array()?;
        let word = decoder.str()?.to_owned();
        let actor = ActorId(number(&mut decoder)?);
        let name = decoder.str()?.to_owned();
        let turn = number(&mut decoder)?;
        let what = match (word.as_str(), length) {
            ("message", Some(4)) => WhatChanged::Message,
            ("state", Some(4)) => WhatChanged::State,
            ("answer", Some(5)) => WhatChanged::Answer(number(&mut decoder)?),
            (other, _) => return Err(self.error(format!("unknown change `{other}`"))),
        };
        Ok(Changed { actor, name, turn, what })
    }

    fn code(&self) -> Result<Code, WireError> {
        Ok(Code { component: self.hash(key::COMPONENT)?, manifest: self.hash(key::MANIFEST)? })
    }

    fn request(&self) -> Result<Request, WireError> {
        let step = self.cause()?.step();
        Ok(Request {
            step: step.ok_or_else(|| self.error("a child that nobody asked for"))?,
            template: self.text(key::TEMPLATE)?.to_owned(),
        })
    }

    fn ended_by(&self) -> Result<EndedBy, WireError> {
        match (self.get(key::ENDED_BY), self.get(key::CAUSE)) {
            (None, None) => Ok(EndedBy::Itself),
            (None, Some(_)) => match self.cause()? {
                Cause::Event(position) => Ok(EndedBy::Link(position)),
                _ => Err(self.error("an exit that is no event's")),
            },
            (Some(mut by), _) => match by.u64()? {
                1 => Ok(EndedBy::Supervisor),
                2 => Ok(EndedBy::Node),
                other => Err(self.error(format!("an exit by the unknown {other}"))),
            },
        }
    }

    fn text(&self, key: u64) -> Result<&'b str, WireError> {
        Ok(self.need(key)?.str()?)
    }

    fn hash(&self, key: u64) -> Result<Hash, WireError> {
        read_hash(&mut self.need(key)?)
    }

    fn incarnation(&self) -> Result<u32, WireError> {
        u32::try_from(self.count(key::INCARNATION)?)
            .ok()
            .filter(|incarnation| *incarnation <= u32::MAX / 2)
            .ok_or_else(|| self.error("the number of the incarnation is too large"))
    }

    fn named<T>(&self, key: u64, from: impl Fn(&str) -> Option<T>) -> Result<T, WireError> {
        let name = self.text(key)?;
        from(name).ok_or_else(|| self.error(format!("unknown word `{name}` under key {key}")))
    }

    fn digests(&self) -> Result<Vec<(PayloadKind, Hash)>, WireError> {
        let Some(mut decoder) = self.get(key::PAYLOADS) else { return Ok(Vec::new()) };
        let len = decoder.array()?.ok_or_else(|| self.error("an array without a length"))?;
        let mut digests = Vec::new();
        for _ in 0..len / 2 {
            digests.push((read_payload_kind(&mut decoder)?, read_hash(&mut decoder)?));
        }
        Ok(digests)
    }
}

fn read_hash(decoder: &mut Decoder<'_>) -> Result<Hash, WireError> {
    let bytes = decoder.bytes()?;
    bytes.try_into().map(Hash).map_err(|_| WireError::new(decoder, "a hash that is not 32 bytes"))
}

fn read_payload_kind(decoder: &mut Decoder<'_>) -> Result<PayloadKind, WireError> {
    let name = decoder.str()?;
    PayloadKind::from_name(name)
        .ok_or_else(|| WireError::new(decoder, format!("unknown payload `{name}`")))
}

/// A record as it stands in the log: its header, and its payloads as far as they were not removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The header, read.
    pub header: Header,
    /// The hash of the header's bytes, which the next record of the actor refers to.
    pub hash: Hash,
    /// The payloads, in the order of the header's digests. A removed one is missing.
    pub payloads: Vec<Payload>,
}

/// How many bytes of the header's hash close a record.
const CHECK_LEN: usize = 8;

impl Record {
    /// Writes the bytes of a record in a segment: a CBOR array of the header (as a byte string), the
    /// payloads (each an array of its salt and its content, both byte strings, or null if it was
    /// removed), and the first 8 bytes of the header's hash, by which a torn or flipped last record
    /// is found before the next one vouches for it.
    pub fn write(writer: &mut Writer, header: &[u8], hash: &Hash, payloads: &[Payload]) {
        Self::write_some(writer, header, hash, payloads.iter().map(Some));
    }

    /// The same. A payload that is none is written as a removed one.
    pub(super) fn write_some<'p>(
        writer: &mut Writer,
        header: &[u8],
        hash: &Hash,
        payloads: impl ExactSizeIterator<Item = Option<&'p Payload>>,
    ) {
        writer.array(3);
        writer.bytes(header);
        writer.array(payloads.len());
        for payload in payloads {
            let Some(payload) = payload else {
                writer.null();
                continue;
            };
            writer.array(2);
            writer.bytes(&payload.salt);
            writer.bytes(&payload.bytes);
        }
        writer.bytes(&hash.0[..CHECK_LEN]);
    }

    /// Reads one record and checks it in itself: the header against the check bytes, each payload
    /// against its digest.
    ///
    /// # Errors
    ///
    /// When the bytes do not begin with a whole and sound record.
    pub fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        if decoder.array()? != Some(3) {
            return Err(WireError::new(decoder, "no record begins here"));
        }
        let header_bytes = decoder.bytes()?;
        let hash = Hash::of(header_bytes);
        let header = Header::decode(header_bytes)?;
        if decoder.array()? != Some(header.payloads.len() as u64) {
            return Err(WireError::new(decoder, "another number of payloads than the header has"));
        }
        let mut payloads = Vec::new();
        for (kind, digest) in &header.payloads {
            if let Some(payload) = read_payload(decoder, *kind)? {
                if payload.digest() != *digest {
                    return Err(WireError::new(
                        decoder,
                        format!("the payload `{kind}` does not fit its digest"),
                    ));
                }
                payloads.push(payload);
            }
        }
        if decoder.bytes()? != &hash.0[..CHECK_LEN] {
            return Err(WireError::new(decoder, "the header does not fit its check bytes"));
        }
        Ok(Self { header, hash, payloads })
    }

    /// The content of a payload, if the record has it.
    pub fn payload(&self, kind: PayloadKind) -> Option<&[u8]> {
        self.payloads.iter().find(|payload| payload.kind == kind).map(|p| p.bytes.as_slice())
    }
}

fn read_payload(
    decoder: &mut Decoder<'_>,
    kind: PayloadKind,
) -> Result<Option<Payload>, WireError> {
    if decoder.datatype()? == Major::Null {
        decoder.null()?;
        return Ok(None);
    }
    if decoder.array()? != Some(2) {
        return Err(WireError::new(decoder, "a payload needs a salt and a content"));
    }
    let salt = decoder.bytes()?;
    let Ok(salt) = salt.try_into() else {
        return Err(WireError::new(decoder, "a salt that is not 16 bytes"));
    };
    Ok(Some(Payload { kind, salt, bytes: decoder.bytes()?.to_vec() }))
}
