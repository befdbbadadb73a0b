//! How a run that goes on from a moment of another one is told of.

use crate::paint::Role;
use crate::styled::Line;
use theater_runtime::replay::{Change, Departure, Place};
use theater_runtime::trace::RunDir;

/// The new run, and from where it goes on.
pub fn line(run: &RunDir, place: &Place, departure: &Departure) -> Line {
    let how = match departure {
        Departure::After => "from the moment after",
        Departure::Before => "from the moment before",
        Departure::With(Change::Message { .. }) => "with another message for",
        Departure::With(Change::Answer { .. }) => "with another answer to",
    };
    let line = Line::default().plain("run ").role(Role::Literal, &run.id());
    line.plain(&format!(" goes on {how} ")).role(Role::Actor, &place.to_string())
}
