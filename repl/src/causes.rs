//! What led to a turn and what followed from it, and what differs between two states, as a person sees it.

use crate::paint::Role;
use crate::record;
use crate::styled::Line;
use serde_json::{Value, json};
use theater_runtime::call::{to_json, to_wave};
use theater_runtime::diagnostic::Result;
use theater_runtime::replay::{ActorHistory, Because, History};
use theater_runtime::state::{self, Change};
use theater_runtime::trace::{CallView, Cause, Kind, RecordView, Step, WhatChanged, key_text};

/// Something to be shown: lines for a person, objects for a program.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The lines.
    pub lines: Vec<Line>,
    /// The objects.
    pub json: Vec<Value>,
}

/// The chain of causes of a turn: under each turn the step of another one that led to it.
///
/// # Errors
///
/// When a record cannot be read any more.
pub fn why(history: &History, actor: &ActorHistory, index: usize) -> Result<Shown> {
    let mut shown = Shown::default();
    let chain = history.why(actor, index);
    // What in the present turn sent the message of the one before.
    let mut sent: Option<Step> = None;
    for because in &chain {
        let view = history.view_at(because.actor.id, because.turn.location)?;
        if let Some(step) = sent {
            let call = call(&view, step.step).map_or(String::new(), |call| call.summary());
            let line = Line::default().role(Role::Faint, "  because of ");
            let line = line.role(Role::Actor, &format!("{}.{}", view.address(), step.step));
            shown.lines.push(line.plain("  ").plain(&call));
        }
        let line = Line::default().role(Role::Actor, &view.address());
        shown.lines.push(line.plain("  ").plain(&view.summary()));
        if let Some((id, location)) = because.event.and_then(|position| history.record(position)) {
            let event = history.view_at(id, location)?;
            let line = Line::default().role(Role::Faint, "  because ");
            let line = line.role(Role::Actor, event.actor.as_deref().unwrap_or("node"));
            shown.lines.push(line.plain(" ").plain(&event.summary()));
        }
        let forked = history.forked(because.actor.id, because.turn.header.turn)?;
        for forked in &forked {
            let Kind::Forked { run, changed: Some(changed), .. } = &forked.kind else { continue };
            if changed.what == WhatChanged::State {
                // The chain begins with it.
                continue;
            }
            let text = format!("  {changed} than in run {run}");
            shown.lines.push(Line::default().role(Role::Warning, &text));
        }
        let mut object = view.to_json();
        object["address"] = json!(view.address());
        object["step"] = json!(sent.map(|step| step.step));
        if !forked.is_empty() {
            object["forked"] = forked.iter().map(RecordView::to_json).collect();
        }
        shown.json.push(object);
        sent = because.sent;
    }
    if let Some(last) = chain.last() {
        shown.lines.push(Line::default().role(Role::Faint, &beginning(history, last)));
    }
    Ok(shown)
}

/// All that followed from a turn, or from one import call in it, as a tree: each turn stands below the
/// one that led to it, behind the step that did.
///
/// # Errors
///
/// When a record cannot be read any more.
pub fn effects(
    history: &History,
    actor: &ActorHistory,
    index: usize,
    step: Option<u64>,
) -> Result<Shown> {
    let mut shown = Shown::default();
    let Some(turn) = actor.turns.get(index) else { return Ok(shown) };
    let view = history.view_at(actor.id, turn.location)?;
    shown.lines.push(match step.and_then(|step| Some((step, call(&view, step)?))) {
        None => record::line(&view),
        Some((step, call)) => {
            let head = format!("{}.{step}", view.address());
            record::import_call(Line::default().role(Role::Actor, &head).plain("  "), call)
        }
    });
    let mut add = |view: &RecordView, depth: usize, sent: Option<Step>| {
        let mut object = view.to_json();
        object["address"] = json!(view.address());
        object["depth"] = json!(depth);
        object["step"] = json!(sent.map(|step| step.step));
        shown.json.push(object);
    };
    add(&view, 0, None);
    let effects = history.effects(actor, index, step);
    let mut lines = Vec::new();
    for effect in &effects {
        let view = history.view_at(effect.actor.id, effect.turn.location)?;
        add(&view, effect.depth, effect.sent);
        let lead = match effect.sent {
            Some(step) => format!(".{}", step.step),
            None => "its end".to_owned(),
        };
        let lead = format!("{}{lead}  ", "  ".repeat(effect.depth));
        let line = Line::default().role(Role::Faint, &lead);
        let line = line.role(Role::Actor, &view.address()).plain("  ");
        lines.push(record::what(line, &view));
    }
    if effects.is_empty() {
        lines.push(Line::default().role(Role::Faint, "  nothing followed from it"));
    }
    shown.lines.extend(lines);
    Ok(shown)
}

/// A change of a key, behind `head`: `count: 5 -> 7`.
pub fn change(head: Line, change: &Change) -> Line {
    let text = |value: &Option<state::Value>| match value {
        Some(value) => to_wave(&value.to_val()),
        None => "(none)".to_owned(),
    };
    let line = head.role(Role::Field, &key_text(&change.key)).plain(": ");
    let line = line.plain(&text(&change.before)).role(Role::Faint, " -> ");
    line.plain(&text(&change.after))
}

/// What differs between two states, one key a line.
pub fn changes(changes: &[Change]) -> Shown {
    let value = |value: &Option<state::Value>| {
        value.as_ref().map_or(Value::Null, |value| to_json(&value.to_val()))
    };
    let object = |change: &Change| json!({ "key": change.key, "before": value(&change.before), "after": value(&change.after) });
    let line = |changed: &Change| change(Line::default(), changed);
    Shown { lines: changes.iter().map(line).collect(), json: changes.iter().map(object).collect() }
}

fn call(view: &RecordView, step: u64) -> Option<&CallView> {
    view.calls.get(usize::try_from(step).ok()?.checked_sub(1)?)
}

/// Where the chain begins.
fn beginning(history: &History, last: &Because<'_>) -> String {
    let view = history.view_at(last.actor.id, last.turn.location);
    let origin = view.ok().and_then(|view| view.origin);
    match (last.turn.header.cause, origin) {
        (Cause::Outside, Some(words)) => format!("  from outside: {words}"),
        (Cause::Outside, None) => "  from outside".to_owned(),
        (Cause::Runtime, Some(words)) => format!("  from the runtime, for: {words}"),
        (Cause::Runtime | Cause::Event(_), _) => "  from the runtime".to_owned(),
        (Cause::Fork, _) => {
            let forks = history.forked(last.actor.id, last.turn.header.turn);
            let fork = forks.ok().and_then(|mut forks| forks.pop());
            match fork.map(|fork| fork.kind) {
                Some(Kind::Forked { run, .. }) => format!("  changed by the fork of run {run}"),
                _ => "  changed by a fork that is not recorded".to_owned(),
            }
        }
        (Cause::Actor(step) | Cause::Timer(step), _) => {
            let name = history.by_id(step.actor).map_or("?", |sender| &sender.name);
            format!("  because of {name}#{}.{}, which is not recorded", step.turn, step.step)
        }
    }
}
