//! How a run that goes on from a moment of another one is told of.

use crate::paint::Role;
use crate::styled::Line;
use theater_runtime::diagnostic::{Diagnostic, FORK_IMPOSSIBLE};
use theater_runtime::replay::{Change, Departure, Place};
use theater_runtime::trace::RunDir;

/// The new run, and from where it goes on.
pub fn line(run: &RunDir, place: &Place, departure: &Departure) -> Line {
    let how = match departure {
        Departure::After => "from the moment after",
        Departure::Before => "from the moment before",
        Departure::With(Change::Message { .. }) => "with another message for",
        Departure::With(Change::Answer { .. }) => "with another answer to",
        Departure::With(Change::State { before: false, .. }) => "with another state after",
        Departure::With(Change::State { before: true, .. }) => "with another state before",
    };
    let line = Line::default().plain("run ").role(Role::Literal, &run.id());
    line.plain(&format!(" goes on {how} ")).role(Role::Actor, &place.to_string())
}

/// The report that a run cannot go on from an import call with everything as it was. `answer` is how another answer is
/// asked for.
pub fn in_a_turn(place: &Place, answer: &str) -> Diagnostic {
    let message = format!("a run cannot go on from {place} as it was: a turn is all or nothing");
    let help = format!(
        "Give the import call another answer (`{answer}`), or name the turn without the step."
    );
    Diagnostic::error(FORK_IMPOSSIBLE, message).help(help)
}
