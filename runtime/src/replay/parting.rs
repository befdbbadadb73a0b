//! Where two records of the same place in two runs differ.

use super::History;
use super::replayer::{difference, first_change};
use crate::boundary::{Divergence, show_call, show_values};
use crate::state::Delta;
use crate::trace::{
    Answer, CallsReader, Cause, Code, EndedBy, Hash, ImportCall, Kind, PayloadKind, Record,
    RecordView, Step, TurnHeader,
};
use crate::turn::{Failure, OutcomeKind};

/// What an absent payload stands for: a list of nothing.
const NONE: &[u8] = &[0x80];

/// A record, and what is needed to compare it with one of another run.
pub(super) struct Told<'h> {
    pub history: &'h History,
    pub record: Record,
    /// What executed the turn, and on which engine. None if it is no turn.
    pub with: Option<(Code, Option<Hash>)>,
}

/// A moment inside a turn, in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Point {
    /// The message.
    Message,
    /// An import call: its number, and whether it has its answer.
    Call(u64, bool),
    /// The end, or something behind it that is no turn.
    End,
}

/// Compares records of two runs.
pub(super) struct Comparing<'o> {
    /// Answers of import calls with one of these texts in their names are not compared.
    pub ignored: &'o [String],
    /// How many payloads could not be compared, because they were removed from one of the traces.
    pub unknown: u64,
}

impl Told<'_> {
    pub fn turn(&self) -> Option<&TurnHeader> {
        self.record.header.turn()
    }

    /// What is to be compared of a record that is no turn, in words.
    pub fn words(&self) -> String {
        match &self.record.header.kind {
            Kind::Spawned { request: Some(request), .. } => {
                format!("spawned as {}, for {}", request.template, self.step(request.step))
            }
            Kind::Template { name, .. } => format!("may start {name}"),
            Kind::Exited { reason, by: EndedBy::Itself, .. } => format!("exited: {reason}"),
            Kind::Exited { reason, by, .. } => format!("exited by {}: {reason}", by.name()),
            Kind::Restarted { fresh: true, .. } => "restarted, without state".to_owned(),
            Kind::GaveUp { child, restarts } => {
                format!("gave up: {child} exited once too often ({restarts} within the period)")
            }
            Kind::Undelivered { sent, why, .. } => {
                format!("message of {} undelivered: {why}", self.step(*sent))
            }
            Kind::Turn(turn) if turn.cause == Cause::Fork => {
                RecordView::new(&self.record, None).call()
            }
            Kind::Turn(turn) => {
                let arguments = self.record.payload(PayloadKind::Arguments);
                arguments.map_or_else(|| turn.function.clone(), |a| show_call(&turn.function, a))
            }
            other => other.name().to_owned(),
        }
    }

    /// A step with the name of its actor instead of the number, which can differ between runs.
    fn step(&self, step: Step) -> String {
        let name = self.history.by_id(step.actor).map_or("?", |actor| &actor.name);
        format!("{name}#{}.{}", step.turn, step.step)
    }

    fn cause(&self, cause: &Cause) -> String {
        match cause {
            Cause::Outside | Cause::Runtime | Cause::Fork => cause.name().to_owned(),
            Cause::Actor(step) => self.step(*step),
            Cause::Timer(step) => format!("timer of {}", self.step(*step)),
            Cause::Event(position) => {
                let whose =
                    self.history.record(*position).and_then(|(id, _)| self.history.by_id(id));
                format!("event of {}", whose.map_or("?", |actor| &actor.name))
            }
        }
    }

    /// A payload; none if it was removed.
    fn payload(&self, kind: PayloadKind) -> Option<&[u8]> {
        let header = &self.record.header;
        let had = header.payloads.iter().any(|(candidate, _)| *candidate == kind);
        match self.record.payload(kind) {
            None if had => None,
            bytes => Some(bytes.unwrap_or(NONE)),
        }
    }
}

impl Comparing<'_> {
    /// The first difference, in the order of time. What executed a turn is no difference in itself.
    pub fn difference(&mut self, a: &Told<'_>, b: &Told<'_>) -> Option<(Point, Divergence)> {
        let (Some(turn_a), Some(turn_b)) = (a.turn(), b.turn()) else {
            let (a, b) = (a.words(), b.words());
            return (a != b).then(|| (Point::End, difference("record", &a, &b)));
        };
        let message = self.message(a, b, turn_a, turn_b);
        if let Some(found) = message {
            return Some((Point::Message, found));
        }
        if let Some(found) = self.calls(a, b) {
            return Some(found);
        }
        self.end(a, b, turn_a, turn_b).map(|found| (Point::End, found))
    }

    fn message(
        &mut self,
        a: &Told<'_>,
        b: &Told<'_>,
        turn_a: &TurnHeader,
        turn_b: &TurnHeader,
    ) -> Option<Divergence> {
        if turn_a.function != turn_b.function {
            return Some(difference("message", &a.words(), &b.words()));
        }
        if let Some((x, y)) = self.payloads(a, b, PayloadKind::Arguments)
            && x != y
        {
            return Some(Divergence::of_lists("arguments", x, y));
        }
        let (cause_a, cause_b) = (a.cause(&turn_a.cause), b.cause(&turn_b.cause));
        (cause_a != cause_b).then(|| difference("cause", &cause_a, &cause_b))
    }

    /// The first difference in what the turn asked, or was answered.
    fn calls(&mut self, a: &Told<'_>, b: &Told<'_>) -> Option<(Point, Divergence)> {
        let (x, y) = self.payloads(a, b, PayloadKind::Calls)?;
        if x == y {
            return None;
        }
        let read = |bytes| CallsReader::new(bytes).and_then(CallsReader::all);
        let (Ok(x), Ok(y)) = (read(x), read(y)) else {
            return Some((Point::End, difference("calls", "readable calls", "unreadable ones")));
        };
        for (index, step) in (0..x.len().max(y.len())).zip(1_u64..) {
            let found = match (x.get(index), y.get(index)) {
                (Some(x), Some(y)) => self.call(x, y),
                (x, y) => {
                    let show = |call: Option<&ImportCall>| match call {
                        Some(call) => show_call(&call.function, &call.arguments),
                        None => "no more calls".to_owned(),
                    };
                    Some((false, difference("import", &show(x), &show(y))))
                }
            };
            if let Some((answered, found)) = found {
                return Some((
                    Point::Call(step, answered),
                    Divergence { step: index + 1, ..found },
                ));
            }
        }
        None
    }

    /// How two calls differ, and whether only in their answers.
    fn call(&self, a: &ImportCall, b: &ImportCall) -> Option<(bool, Divergence)> {
        let show = |call: &ImportCall| show_call(&call.function, &call.arguments);
        if a.function != b.function {
            return Some((false, difference("import", &show(a), &show(b))));
        }
        if a.arguments != b.arguments {
            let found = Divergence::of_lists("arguments", &a.arguments, &b.arguments);
            return Some((false, Divergence { expected: show(a), actual: show(b), ..found }));
        }
        if a.answer == b.answer || self.ignored.iter().any(|text| a.function.contains(text)) {
            return None;
        }
        let words = |answer: &Answer| match answer {
            Answer::Returned(bytes) => show_values(bytes),
            Answer::Digest(hash) => format!("an answer with the SHA-256 {hash}"),
            Answer::None => "no answer".to_owned(),
        };
        Some((
            true,
            match (&a.answer, &b.answer) {
                (Answer::Returned(a), Answer::Returned(b)) => Divergence::of_answers(a, b),
                (a, b) => difference("answer", &words(a), &words(b)),
            },
        ))
    }

    fn end(
        &mut self,
        a: &Told<'_>,
        b: &Told<'_>,
        turn_a: &TurnHeader,
        turn_b: &TurnHeader,
    ) -> Option<Divergence> {
        if turn_a.outcome != turn_b.outcome {
            let words = [(a, turn_a), (b, turn_b)].map(|(told, turn)| {
                let failure = told.payload(PayloadKind::Failure).map(Failure::decode);
                match failure {
                    Some(Ok(failure)) => format!("{}: {}", turn.outcome, failure.message),
                    _ => turn.outcome.to_string(),
                }
            });
            return Some(difference("outcome", &words[0], &words[1]));
        }
        let same = a.with == b.with;
        self.failure(a, b, same)
            .or_else(|| {
                let (x, y) = self.payloads(a, b, PayloadKind::Result)?;
                (x != y).then(|| Divergence::of_results(x, y))
            })
            .or_else(|| {
                let (x, y) = self.payloads(a, b, PayloadKind::Delta)?;
                let read = |bytes| Delta::decode(bytes).unwrap_or_default();
                let (key, x, y) = first_change(&read(x), &read(y))?;
                Some(difference(&format!("state `{key}`"), &x, &y))
            })
            .or_else(|| {
                let alike = same && turn_a.kept_for() == turn_b.kept_for();
                // After other outcomes the count of fuel is not exact.
                let exact = turn_a.outcome == OutcomeKind::Returned && self.ignored.is_empty();
                let (x, y) = (turn_a.fuel, turn_b.fuel);
                (alike && exact && x != y)
                    .then(|| difference("fuel", &x.to_string(), &y.to_string()))
            })
    }

    fn failure(&mut self, a: &Told<'_>, b: &Told<'_>, same: bool) -> Option<Divergence> {
        let (x, y) = self.payloads(a, b, PayloadKind::Failure)?;
        let (x, y) = (Failure::decode(x).ok()?, Failure::decode(y).ok()?);
        if x.message != y.message {
            return Some(difference("failure", &x.message, &y.message));
        }
        let show = |failure: &Failure| failure.frames.join(", ");
        (same && x.frames != y.frames).then(|| difference("stack", &show(&x), &show(&y)))
    }

    /// A payload of both. None, and counted, if one of them was removed.
    fn payloads<'t>(
        &mut self,
        a: &'t Told<'_>,
        b: &'t Told<'_>,
        kind: PayloadKind,
    ) -> Option<(&'t [u8], &'t [u8])> {
        let both = a.payload(kind).zip(b.payload(kind));
        self.unknown += u64::from(both.is_none());
        both
    }
}

impl TurnHeader {
    /// How many turns its instance had had before it, if the actor keeps its instance.
    fn kept_for(&self) -> Option<u64> {
        self.instance.map(|began| self.turn.saturating_sub(began))
    }
}
