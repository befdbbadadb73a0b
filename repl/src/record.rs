//! Records of a trace as a person sees them: in one line, or a turn with all that happened in it.

use crate::output::Look;
use crate::paint::Role;
use crate::styled::Line;
use theater_runtime::call::to_wave;
use theater_runtime::state::{State, Value};
use theater_runtime::trace::{CallView, EndedBy, Kind, PayloadKind, RecordView, key_text};

/// How many import calls, changes or frames of one turn a terminal shows.
const MOST: usize = 20;

/// A record in one line: `my-actor#1  increment(5) -> 5`.
pub fn line(view: &RecordView) -> Line {
    what(Line::default().role(Role::Actor, &view.address()).plain("  "), view)
}

/// What a record tells, behind what already stands in the line: `increment(5) -> 5`.
pub fn what(line: Line, view: &RecordView) -> Line {
    let Some(turn) = view.turn() else {
        return line.role(Role::Faint, &view.summary());
    };
    let line = line.call(&view.call());
    if !turn.outcome.commits() {
        let line = line.plain("  ").role(Role::Error, &format!("aborted ({})", turn.outcome));
        let message = view.failure.as_ref().map_or("", |failure| &failure.message);
        let first = message.lines().next().unwrap_or_default();
        return if first.is_empty() { line } else { line.plain(": ").plain(first) };
    }
    match &view.result {
        None if !view.unreadable.contains(&PayloadKind::Result) => line,
        _ => line.role(Role::Faint, " -> ").plain(&view.outcome()),
    }
}

/// A turn: its line, its import calls by number, what it changed, and why it aborted. `before` is
/// the state that it began with.
pub fn turn(view: &RecordView, before: Option<&State>, look: Look) -> String {
    let mut lines = vec![line(view)];
    let calls = view.calls.iter().enumerate().map(|(i, call)| {
        let number = Line::default().role(Role::Faint, &format!("  .{}  ", i + 1));
        import_call(number, call)
    });
    most(&mut lines, calls, look, "calls; `step` walks through them");
    let changes = view.delta.0.iter().map(|(key, value)| change(key, value.as_ref(), before));
    most(&mut lines, changes, look, "changes; `state` shows all keys");
    if let Some(failure) = &view.failure {
        let further: Vec<&str> = failure.message.lines().skip(1).collect();
        let further = further.iter().map(|line| Line::default().plain("  ").plain(line));
        most(&mut lines, further, look, "lines");
        let frames = failure.frames.iter().enumerate().map(|(i, frame)| {
            let lead = if i == 0 { "  in " } else { "  called from " };
            Line::default().role(Role::Faint, lead).plain(frame)
        });
        most(&mut lines, frames, look, "callers");
        let said = failure.stderr.iter();
        let said = said.map(|line| Line::default().role(Role::Faint, "  stderr ").plain(line));
        most(&mut lines, said, look, "lines");
    }
    if !view.unreadable.is_empty() {
        let names: Vec<&str> = view.unreadable.iter().map(PayloadKind::name).collect();
        let text = format!("  left out of this trace, or unreadable: {}", names.join(", "));
        lines.push(Line::default().role(Role::Warning, &text));
    }
    let rendered = lines.iter().map(|line| line.render(look.paint, look.width));
    rendered.collect::<Vec<_>>().join("\n")
}

/// Adds lines, on a terminal not more than a person wants to see.
fn most(lines: &mut Vec<Line>, all: impl ExactSizeIterator<Item = Line>, look: Look, what: &str) {
    let (shown, left) = match look.width {
        Some(_) if all.len() > MOST + 1 => (MOST, all.len() - MOST),
        _ => (usize::MAX, 0),
    };
    lines.extend(all.take(shown));
    if left > 0 {
        lines.push(Line::default().role(Role::Faint, &format!("  … {left} more {what}")));
    }
}

/// An import call behind its number or address: `state.get("count") -> none`.
pub fn import_call(head: Line, call: &CallView) -> Line {
    let summary = call.summary();
    head.call(&summary)
}

/// A changed key: `count: (none) -> 5`.
fn change(key: &str, value: Option<&Value>, before: Option<&State>) -> Line {
    let show =
        |value: Option<&Value>| value.map_or("(none)".to_owned(), |value| to_wave(&value.to_val()));
    let line = Line::default().plain("  ").role(Role::Field, &key_text(key)).plain(": ");
    let line = match before {
        Some(before) => line.plain(&show(before.get(key))).role(Role::Faint, " -> "),
        None => line.role(Role::Faint, "-> "),
    };
    line.plain(&show(value))
}

/// What a person is told of a record while it happens, without having asked: restarts and ends. None
/// for everything else. `exit` is why the actor's last incarnation ended.
pub fn lifecycle(name: &str, kind: &Kind, exit: Option<&str>) -> Option<Line> {
    let line = Line::default().role(Role::Actor, name).plain(" ");
    match kind {
        Kind::Exited { reason, .. } if reason.name() == "normal" => {
            Some(line.role(Role::Faint, "ended by itself"))
        }
        Kind::Exited { reason, by: EndedBy::Link(_), .. } => {
            let text = format!("ended with an actor that it is linked to ({reason})");
            Some(line.role(Role::Warning, &text))
        }
        Kind::Started { .. } => Some(line.role(Role::Faint, "started, as it was asked for")),
        Kind::GaveUp { child, .. } => {
            let text = format!("gave up: {child} failed once too often");
            Some(line.role(Role::Error, &text))
        }
        Kind::Restarted { incarnation, fresh } => {
            let why = exit.map_or(String::new(), |exit| format!(" after its exit ({exit})"));
            let state = if *fresh { "without state" } else { "with the state it had" };
            let text = format!("restarted{why}, {state} (incarnation {incarnation})");
            Some(line.role(Role::Warning, &text))
        }
        _ => None,
    }
}
