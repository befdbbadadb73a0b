//! A run for Perfetto: turns as slices on a track for each actor, with flows along the messages.
//!
//! The form is Perfetto's `TrackEvent` in protobuf; the numbers of the fields stand in its
//! `protos/perfetto/trace/track_event/*.proto`.

use super::{ActorHistory, History, PastTurn};
use crate::diagnostic::Result;
use crate::trace::{ActorId, Chosen, Kind, RecordView};
use std::collections::HashMap;

/// The most characters of a call that name a slice.
const LONGEST: usize = 100;

/// Begin, end and a moment, of `TrackEvent.type`.
const BEGIN: u64 = 1;
const END: u64 = 2;
const INSTANT: u64 = 3;

/// The run as packets, one after the other: together they are the file.
///
/// With a part, only what it has whole.
pub fn perfetto<'h>(
    history: &'h History,
    chosen: Option<&'h Chosen>,
) -> impl Iterator<Item = Result<Vec<u8>>> + 'h {
    let is_in = move |id| chosen.is_none_or(|chosen| chosen.actors.contains_key(&id));
    let tracks =
        history.actors().filter(move |actor| is_in(actor.id)).map(|actor| Ok(track(actor)));
    // Where the last turn of each actor ended: turns of one actor follow each other.
    let mut ended: HashMap<ActorId, u64> = HashMap::new();
    let events = history.chosen(chosen).filter_map(move |(id, location)| {
        let actor = history.by_id(id)?;
        let view = match history.view_at(id, location) {
            Ok(view) => view,
            Err(problem) => return Some(Err(problem)),
        };
        let turn = actor.turns.at(location).and_then(|index| actor.turns.get(index));
        let packets = match (turn, &view.kind) {
            (Some(turn), _) => {
                let ended = ended.entry(id).or_default();
                slice(history, actor, turn, &view, ended)
            }
            // Its turn follows.
            (None, Kind::Open(_)) => return None,
            (None, _) => moment(id, &view),
        };
        Some(Ok(packets))
    });
    tracks.chain(events)
}

/// `TracePacket.track_descriptor`: uuid and name.
fn track(actor: &ActorHistory) -> Vec<u8> {
    let mut descriptor = Message::default();
    descriptor.number(1, uuid(actor.id));
    descriptor.text(2, &actor.name);
    let mut packet = Message::default();
    packet.message(60, &descriptor);
    packet.in_trace()
}

fn slice(
    history: &History,
    actor: &ActorHistory,
    turn: &PastTurn,
    view: &RecordView,
    ended: &mut u64,
) -> Vec<u8> {
    let begin = turn.time.saturating_sub(turn.header.elapsed).max(*ended);
    let end = turn.time.max(begin);
    *ended = end;
    let mut event = event(actor.id, BEGIN, &shortened(&view.call()));
    let commits = turn.header.outcome.commits();
    event.text(22, if commits { "turn" } else { "aborted" });
    for (name, value) in [
        ("address", view.address()),
        ("outcome", view.outcome()),
        ("cause", view.origin.clone().unwrap_or_else(|| turn.header.cause.to_string())),
        ("fuel", turn.header.fuel.to_string()),
    ] {
        let mut annotation = Message::default();
        annotation.text(10, name);
        annotation.text(6, &value);
        event.message(4, &annotation);
    }
    for (_, receiver, index) in history.caused_by(actor.id, turn.header.turn, 0..=u64::MAX) {
        let receiver = history.by_id(receiver).and_then(|receiver| receiver.turns.get(index));
        if let Some(flow) = receiver.and_then(|receiver| history.flow(receiver)) {
            event.fixed(47, flow);
        }
    }
    let cause = history.cause(actor, turn);
    if let Some(flow) = history.flow(turn).filter(|_| cause.after.is_some() || cause.sent.is_some())
    {
        event.fixed(48, flow);
    }
    let mut packets = packet(begin, &event);
    packets.extend(packet(end, &self::event(actor.id, END, "")));
    packets
}

/// Something that takes no time: an exit, a restart.
fn moment(actor: ActorId, view: &RecordView) -> Vec<u8> {
    let mut event = event(actor, INSTANT, &shortened(&view.summary()));
    event.text(22, view.kind.name());
    packet(view.time, &event)
}

impl History {
    /// The number of the flow that ends in a turn: the place of its record in the log, from 1.
    fn flow(&self, turn: &PastTurn) -> Option<u64> {
        let position = self.position(turn.location)?;
        Some(position + 1)
    }
}

/// A number for the track of an actor; 0 means none.
fn uuid(actor: ActorId) -> u64 {
    actor.0 + 1
}

fn event(actor: ActorId, kind: u64, name: &str) -> Message {
    let mut event = Message::default();
    event.number(9, kind);
    event.number(11, uuid(actor));
    if !name.is_empty() {
        event.text(23, name);
    }
    event
}

/// A packet at a time in nanoseconds. All belong to one sequence.
fn packet(time: u64, event: &Message) -> Vec<u8> {
    let mut packet = Message::default();
    packet.number(8, time);
    packet.number(10, 1);
    packet.message(11, event);
    packet.in_trace()
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// A protobuf message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    fn fixed(&mut self, field: u64, value: u64) {
        self.varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    /// As `Trace.packet`.
    fn in_trace(&self) -> Vec<u8> {
        let mut trace = Self::default();
        trace.message(1, self);
        trace.0
    }
}
