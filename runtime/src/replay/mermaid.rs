use super::{ActorHistory, History, PastTurn};
use crate::diagnostic::Result;
use crate::trace::{ActorId, Cause, Chosen, FORK, RecordView, Step};
use std::collections::BTreeSet;

/// The most characters of a call or an answer that stand on an arrow.
const LONGEST: usize = 60;

/// A run as a sequence diagram in the language of Mermaid, line by line: actors are lanes, messages are
/// arrows, answers are dashed ones, and a turn that aborted ends in a cross.
///
/// What a turn led to stands between its message and its answer; so the order is that of causes, and that
/// of the log where nothing is caused by something else.
///
/// With a part, only the turns that it has whole.
pub fn mermaid<'h>(
    history: &'h History,
    chosen: Option<&'h Chosen>,
) -> impl Iterator<Item = Result<String>> + 'h {
    let shown = chosen.map(|chosen| lanes_of(history, chosen));
    let is_in = move |id| shown.as_ref().is_none_or(|shown| shown.contains(&id));
    let with_turns =
        history.actors().filter(move |actor| !actor.turns.is_empty() && is_in(actor.id));
    let lanes = with_turns
        .map(|actor| format!("    participant {} as {}", lane(actor.id), readable(&actor.name)));
    let head = std::iter::once("sequenceDiagram".to_owned()).chain(lanes).map(Ok);
    let roots = history.chosen(chosen).filter_map(move |(id, location)| {
        let actor = history.by_id(id)?;
        let index = actor.turns.at(location)?;
        (!history.has_cause(actor, actor.turns.get(index)?, chosen)).then_some((actor, index))
    });
    head.chain(roots.flat_map(move |(actor, index)| match tree(history, actor, index, chosen) {
        Ok(lines) => lines.into_iter().map(Ok).collect(),
        Err(problem) => vec![Err(problem)],
    }))
}

/// The actors that have turns in a part, and those that sent something to these.
fn lanes_of(history: &History, chosen: &Chosen) -> BTreeSet<ActorId> {
    let turns = history.chosen(Some(chosen)).filter_map(|(id, location)| {
        let actor = history.by_id(id)?;
        Some((id, actor.turns.get(actor.turns.at(location)?)?.header.cause))
    });
    turns
        .flat_map(|(id, cause)| [Some(id), cause.step().map(|step| step.actor)])
        .flatten()
        .collect()
}

impl History {
    /// Whether a turn followed from another one that is shown.
    fn has_cause(&self, actor: &ActorHistory, turn: &PastTurn, chosen: Option<&Chosen>) -> bool {
        let cause = self.cause(actor, turn);
        let is_in = |id, turn| chosen.is_none_or(|chosen| chosen.has_turn(id, turn));
        let is_shown = |step: Step| {
            let sender = self.by_id(step.actor);
            let is_recorded = sender.is_some_and(|sender| sender.index_of(step.turn).is_ok());
            is_recorded && is_in(step.actor, step.turn)
        };
        let after = |(actor, turn): (&ActorHistory, &PastTurn)| is_in(actor.id, turn.header.turn);
        cause.after.is_some_and(after) || cause.sent.is_some_and(is_shown)
    }
}

/// A turn and all that followed from it.
fn tree(
    history: &History,
    actor: &ActorHistory,
    index: usize,
    chosen: Option<&Chosen>,
) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    // The answers that are still to come, with the depth of their turns.
    let mut answers: Vec<(usize, String)> = Vec::new();
    let root = (0, actor, history.past(actor, index)?, None);
    let effects = history.effects(actor, index, None);
    // What followed from a turn that is not shown begins a tree of its own.
    let mut hidden = usize::MAX;
    let effects = effects.iter().filter(|it| {
        if it.depth > hidden {
            return false;
        }
        let is_in = |chosen: &Chosen| chosen.has_turn(it.actor.id, it.turn.header.turn);
        let is_shown = chosen.is_none_or(is_in);
        hidden = if is_shown { usize::MAX } else { it.depth };
        is_shown
    });
    let effects = effects.map(|it| (it.depth, it.actor, it.turn, it.sent));
    for (depth, actor, turn, sent) in std::iter::once(root).chain(effects) {
        while let Some((_, answer)) = answers.pop_if(|(answered, _)| *answered >= depth) {
            lines.push(answer);
        }
        let view = history.view_at(actor.id, turn.location)?;
        let from = match (sent, turn.header.cause) {
            (Some(step), _) => lane(step.actor),
            (None, Cause::Actor(step)) if chosen.is_some() => lane(step.actor),
            (None, Cause::Outside) => "outside".to_owned(),
            (None, Cause::Fork) => FORK.to_owned(),
            (None, _) => "runtime".to_owned(),
        };
        let to = lane(actor.id);
        lines.push(format!("    {from}->>{to}: {} #{}", short(&view.call()), turn.header.turn));
        answers.extend(answer(&view, &to, &from).map(|answer| (depth, answer)));
    }
    lines.extend(answers.into_iter().rev().map(|(_, answer)| answer));
    Ok(lines)
}

/// The arrow back, if the turn has something to tell.
fn answer(view: &RecordView, from: &str, to: &str) -> Option<String> {
    let turn = view.turn()?;
    let arrow = match turn.outcome.commits() {
        true if view.result.is_none() => return None,
        true => "-->>",
        false => "--x",
    };
    Some(format!("    {from}{arrow}{to}: {}", short(&view.outcome())))
}

fn lane(actor: ActorId) -> String {
    format!("a{}", actor.0)
}

/// The first line, and not more of it than fits on an arrow.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", readable(&line[..end])),
        None => readable(line),
    }
}

/// Text with everything that has a meaning in the language, or in the HTML around it, by its number.
fn readable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '#' | ';' | '<' | '>' | '&' | '%' => out.push_str(&format!("#{};", u32::from(c))),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
