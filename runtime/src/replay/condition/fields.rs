//! What a condition can ask of a record.

use crate::catalog::HANDLERS;
use crate::trace::{Cause, ExitReason, Kind};
use crate::turn::OutcomeKind;

/// What a record has, under the name by which conditions ask for it.
#[derive(Debug)]
pub struct Field {
    /// The name.
    pub name: &'static str,
    /// What it holds, and so with what it can be compared.
    pub kind: FieldKind,
    /// One line: what it is.
    pub summary: &'static str,
    /// A condition that asks for it.
    pub example: &'static str,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum FieldKind {
    /// One of a few words.
    Choice(fn() -> Vec<&'static str>),
    /// A name.
    Name,
    /// A whole number.
    Number,
    /// A moment, in UTC.
    Time,
    /// A value of any type: numbers are compared as numbers, everything else as text.
    Value,
    /// Lines of text, in which others are searched.
    Text,
}

/// All fields, in the order of the manual. Keys of the state come beside them.
pub static FIELDS: &[Field] = &[
    Field {
        name: "actor",
        kind: FieldKind::Name,
        summary: "the actor's name, or the last part of its path",
        example: "actor = inventory",
    },
    Field {
        name: "turn",
        kind: FieldKind::Number,
        summary: "the number of the turn",
        example: "turn >= 100",
    },
    Field {
        name: "time",
        kind: FieldKind::Time,
        summary: "when it happened, in UTC",
        example: "time > 2026-11-23T05:17",
    },
    Field {
        name: "kind",
        kind: FieldKind::Choice(kinds),
        summary: "what kind of record it is",
        example: "kind = restarted",
    },
    Field {
        name: "function",
        kind: FieldKind::Name,
        summary: "the function that the message called, with or without its interface",
        example: "function = increment",
    },
    Field {
        name: "argument",
        kind: FieldKind::Value,
        summary: "one of the message's arguments",
        example: "argument ~ \"A-1\"",
    },
    Field {
        name: "result",
        kind: FieldKind::Value,
        summary: "what the function returned",
        example: "result > 10",
    },
    Field {
        name: "outcome",
        kind: FieldKind::Choice(outcomes),
        summary: "how the turn ended; `aborted` is everything but `returned`",
        example: "outcome = trap",
    },
    Field {
        name: "failure",
        kind: FieldKind::Text,
        summary: "why the turn aborted",
        example: "failure ~ overflow",
    },
    Field {
        name: "cause",
        kind: FieldKind::Choice(causes),
        summary: "what sent the message; `fork` where a fork changed the state",
        example: "cause = timer",
    },
    Field {
        name: "reason",
        kind: FieldKind::Choice(reasons),
        summary: "why an incarnation ended",
        example: "reason = limit",
    },
    Field {
        name: "handler",
        kind: FieldKind::Choice(handlers),
        summary: "a handler that answered one of the import calls, or that called the actor",
        example: "handler = clock",
    },
    Field {
        name: "call",
        kind: FieldKind::Name,
        summary: "one of the import calls, as it is shown, or only its last name",
        example: "call = state.set",
    },
    Field {
        name: "changed",
        kind: FieldKind::Name,
        summary: "a key of the state that the turn changed",
        example: "changed = count",
    },
    Field {
        name: "log",
        kind: FieldKind::Text,
        summary: "a line that the turn logged or printed",
        example: "log ~ \"out of stock\"",
    },
    Field {
        name: "text",
        kind: FieldKind::Text,
        summary: "all of these: arguments, import calls and their answers, result, failure, log, origin",
        example: "text ~ \"A-1\"",
    },
    Field {
        name: "fuel",
        kind: FieldKind::Number,
        summary: "the fuel that the turn used",
        example: "fuel > 1000000",
    },
    Field {
        name: "incarnation",
        kind: FieldKind::Number,
        summary: "in which of the actor's lives it happened",
        example: "incarnation > 1",
    },
    Field {
        name: "position",
        kind: FieldKind::Number,
        summary: "the place of the record in the whole log",
        example: "position > 5000",
    },
];

/// The word of `outcome` for every turn that did not commit.
pub(super) const ABORTED: &str = "aborted";

impl PartialEq for Field {
    /// No two fields have one name.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Field {
    /// The field of this name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.name == name)
    }
}

fn kinds() -> Vec<&'static str> {
    Kind::NAMES.to_vec()
}

fn outcomes() -> Vec<&'static str> {
    OutcomeKind::NAMES.iter().copied().chain([ABORTED]).collect()
}

fn causes() -> Vec<&'static str> {
    Cause::NAMES.to_vec()
}

fn reasons() -> Vec<&'static str> {
    ExitReason::NAMES.to_vec()
}

fn handlers() -> Vec<&'static str> {
    HANDLERS.iter().map(|handler| handler.name).collect()
}
