//! One turn in full.

use crate::output::Output;
use std::io;
use std::time::Duration;
use theater_repl::paint::Role;
use theater_repl::styled::Line;
use theater_runtime::call::to_wave;
use theater_runtime::trace::{Cause, RecordView, TurnHeader};

/// The column at which values begin.
const INDENT: usize = 15;

/// Shows all that a turn's record says.
pub fn show(view: &RecordView, output: &mut Output) -> io::Result<()> {
    let Some(turn) = view.turn() else { return Ok(()) };
    if turn.cause == Cause::Fork {
        return forked(view, turn, output);
    }
    let good = turn.outcome.commits();
    let head = Line::default().role(Role::Actor, &view.address()).plain("  ");
    let role = if good { Role::Good } else { Role::Error };
    output.row(&head.role(role, &turn.outcome.to_string()))?;
    field(output, "time", &view.time_text())?;
    field(output, "took", &took(turn.elapsed))?;
    field(output, "incarnation", &turn.incarnation.to_string())?;
    if let Some(began) = turn.instance {
        let since = if began == turn.turn {
            "made for this turn".to_owned()
        } else {
            format!("since turn {began}")
        };
        field(output, "instance", &format!("warm, {since}"))?;
    }
    field(
        output,
        "cause",
        &match &view.origin {
            Some(origin) => format!("{}: {origin}", turn.cause),
            None => turn.cause.to_string(),
        },
    )?;
    field(output, "function", &turn.function)?;
    list(output, "arguments", view.arguments.iter().flatten().map(to_wave))?;
    let calls = view.calls.iter().zip(1_u64..);
    list(output, "calls", calls.map(|(call, number)| format!("{number}  {}", call.summary())))?;
    changes(view, output)?;
    list(output, "result", view.result.iter().flatten().map(to_wave))?;
    if let Some(failure) = &view.failure {
        list(output, "failure", failure.message.lines().map(str::to_owned))?;
        list(output, "in", failure.frames_in_short())?;
        list(output, "stderr", failure.stderr.iter().cloned())?;
    }
    field(output, "fuel", &turn.fuel.to_string())?;
    list(output, "unreadable", view.unreadable.iter().map(ToString::to_string))
}

/// A turn in which nothing was executed.
fn forked(view: &RecordView, turn: &TurnHeader, output: &mut Output) -> io::Result<()> {
    let head = Line::default().role(Role::Actor, &view.address()).plain("  ");
    output.row(&head.role(Role::Warning, "changed by a fork"))?;
    field(output, "time", &view.time_text())?;
    field(output, "incarnation", &turn.incarnation.to_string())?;
    field(output, "cause", turn.cause.name())?;
    changes(view, output)?;
    list(output, "unreadable", view.unreadable.iter().map(ToString::to_string))
}

fn changes(view: &RecordView, output: &mut Output) -> io::Result<()> {
    let changes = view.delta.0.iter().map(|(key, value)| match value {
        Some(value) => format!("{key} = {}", to_wave(&value.to_val())),
        None => format!("{key} deleted"),
    });
    list(output, "changes", changes)
}

fn field(output: &mut Output, name: &str, value: &str) -> io::Result<()> {
    let name = format!("  {name:<width$}", width = INDENT - 2);
    output.row(&Line::default().role(Role::Field, &name).plain(value))
}

/// A field with a value on each line; nothing if there is none.
fn list(
    output: &mut Output,
    name: &str,
    values: impl IntoIterator<Item = String>,
) -> io::Result<()> {
    for (index, value) in values.into_iter().enumerate() {
        field(output, if index == 0 { name } else { "" }, &value)?;
    }
    Ok(())
}

fn took(nanoseconds: u64) -> String {
    format!("{:?}", Duration::from_micros(nanoseconds.div_ceil(1000)))
}
