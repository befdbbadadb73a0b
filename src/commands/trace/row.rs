//! One record in one line.

use crate::output::Output;
use std::io;
use theater_repl::paint::Role;
use theater_repl::record;
use theater_repl::styled::Line;
use theater_runtime::replay::History;
use theater_runtime::trace::RecordView;

/// How wide the column of addresses is at least, and at most.
const NARROWEST: usize = 14;
const WIDEST: usize = 40;

/// How wide the column of addresses is, so that what follows it stands in a line.
#[derive(Debug, Clone, Copy)]
pub struct Column(usize);

impl Default for Column {
    fn default() -> Self {
        Self(NARROWEST)
    }
}

impl Column {
    /// One with room for all actors of a history.
    pub fn of(history: &History) -> Self {
        let mut column = Self::default();
        history.actors().for_each(|actor| column.fit(&actor.name));
        column
    }

    /// An address, and what keeps the next column in its place.
    pub fn address(self, line: Line, view: &RecordView) -> Line {
        line.role(Role::Actor, &format!("{:<1$}  ", view.address(), self.0))
    }

    /// Makes room for the turns of an actor of this name, if they are not more than 999.
    pub fn fit(&mut self, name: &str) {
        self.0 = self.0.max(name.len() + "#999".len()).min(WIDEST);
    }
}

/// Shows a record: its place in the log, when it was, whose it is, and what it tells; or as JSON.
pub fn show(view: &RecordView, column: Column, json: bool, output: &mut Output) -> io::Result<()> {
    if json {
        return output.json(&view.to_json());
    }
    let time = view.time_text();
    // A terminal's columns are few, and the day stands in the run's id.
    let time = if output.width().is_some() { &time["0000-00-00T".len()..] } else { &time };
    let line = Line::default().role(Role::Faint, &format!("{:>5}  {time}  ", view.position));
    output.row(&record::what(column.address(line, view), view))
}
