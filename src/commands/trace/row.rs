//! One record in one line.

use crate::output::Output;
use std::io;
use theater_repl::paint::Role;
use theater_repl::record;
use theater_repl::styled::Line;
use theater_runtime::trace::RecordView;

/// Shows a record: its place in the log, when it was, whose it is, and what it tells; or as JSON.
pub fn show(view: &RecordView, json: bool, output: &mut Output) -> io::Result<()> {
    if json {
        return output.json(&view.to_json());
    }
    let time = view.time_text();
    // A terminal's columns are few, and the day stands in the run's id.
    let time = if output.width().is_some() { &time["0000-00-00T".len()..] } else { &time };
    let line = Line::default().role(Role::Faint, &format!("{:>5}  {time}  ", view.position));
    let line = line.role(Role::Actor, &format!("{:<14}  ", view.address()));
    output.row(&record::what(line, view))
}
