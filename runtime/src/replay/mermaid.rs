use super::{ActorHistory, History, PastTurn};
use crate::diagnostic::Result;
use crate::trace::{ActorId, Cause, RecordView, Step};

/// The most characters of a call or an answer that stand on an arrow.
const LONGEST: usize = 60;

/// A run as a sequence diagram in the language of Mermaid, line by line: actors are lanes, messages are
/// arrows, answers are dashed ones, and a turn that aborted ends in a cross.
///
/// What a turn led to stands between its message and its answer; so the order is that of causes, and that
/// of the log where nothing is caused by something else.
pub fn mermaid(history: &History) -> impl Iterator<Item = Result<String>> + '_ {
    let with_turns = history.actors().filter(|actor| !actor.turns.is_empty());
    let lanes = with_turns
        .map(|actor| format!("    participant {} as {}", lane(actor.id), readable(&actor.name)));
    let head = std::iter::once("sequenceDiagram".to_owned()).chain(lanes).map(Ok);
    let roots = history.records(None).filter_map(|(id, location)| {
        let actor = history.by_id(id)?;
        let index = actor.turns.at(location)?;
        (!history.has_cause(actor, actor.turns.get(index)?)).then_some((actor, index))
    });
    head.chain(roots.flat_map(|(actor, index)| match tree(history, actor, index) {
        Ok(lines) => lines.into_iter().map(Ok).collect(),
        Err(problem) => vec![Err(problem)],
    }))
}

impl History {
    /// Whether a turn followed from another one that is recorded.
    fn has_cause(&self, actor: &ActorHistory, turn: &PastTurn) -> bool {
        let cause = self.cause(actor, turn);
        let is_recorded = |step: Step| {
            self.by_id(step.actor).is_some_and(|sender| sender.index_of(step.turn).is_ok())
        };
        cause.after.is_some() || cause.sent.is_some_and(is_recorded)
    }
}

/// A turn and all that followed from it.
fn tree(history: &History, actor: &ActorHistory, index: usize) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    // The answers that are still to come, with the depth of their turns.
    let mut answers: Vec<(usize, String)> = Vec::new();
    let root = (0, actor, history.past(actor, index)?, None);
    let effects = history.effects(actor, index, None);
    let effects = effects.iter().map(|it| (it.depth, it.actor, it.turn, it.sent));
    for (depth, actor, turn, sent) in std::iter::once(root).chain(effects) {
        while let Some((_, answer)) = answers.pop_if(|(answered, _)| *answered >= depth) {
            lines.push(answer);
        }
        let view = history.view_at(actor.id, turn.location)?;
        let from = match (sent, turn.header.cause) {
            (Some(step), _) => lane(step.actor),
            (None, Cause::Outside) => "outside".to_owned(),
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
