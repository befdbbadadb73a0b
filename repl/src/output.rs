//! What evaluating a line gives, as plain data, and its two faces: text for people, JSON for
//! programs.

use crate::causes::Shown;
use crate::divergence;
use crate::info;
use crate::paint::{Paint, Role, printable, printable_json};
use crate::record;
use crate::styled::Line;
use crate::tree;
use serde_json::{Map, Value, json};
use theater_runtime::call::{Val, to_json, to_wave};
use theater_runtime::diagnostic::Diagnostic;
use theater_runtime::node::{Kin, Tried};
use theater_runtime::replay::{Event, Place};
use theater_runtime::state::State;
use theater_runtime::trace::{RecordView, key_text};

/// How many lines of a terminal the result of one call may take.
const RESULT_LINES: usize = 24;

/// One thing to be shown.
#[derive(Debug, Clone)]
pub enum Output {
    /// The answer to a call.
    Reply {
        /// The actor that was called.
        actor: String,
        /// The turn that gave the answer.
        turn: u64,
        /// The function's full name.
        function: String,
        /// The result; none for a function without one.
        result: Option<Val>,
    },
    /// The running actors.
    Actors(Vec<ActorInfo>),
    /// All actors below their supervisors.
    Tree(Vec<Kin>),
    /// All about one actor.
    Info(Box<Kin>),
    /// What is at the cursor, after it was moved.
    Event {
        /// Where the cursor is.
        place: Place,
        /// What happened there.
        event: Event,
        /// The state before the turn, if it is known.
        before: Option<State>,
    },
    /// A recorded turn that does something else on another component.
    Differs {
        /// The actor.
        actor: String,
        /// The turn, and what differs.
        tried: Tried,
    },
    /// The state of an actor.
    State {
        /// The actor.
        actor: String,
        /// After which turn, and which step inside it. None before its first turn.
        moment: Option<(u64, Option<usize>)>,
        /// The state.
        state: State,
    },
    /// A line of a trace.
    Record(Box<RecordView>),
    /// What led to something, what followed from it, or what differs.
    Shown(Shown),
    /// So many lines of a trace are left out before the next one.
    Earlier(usize),
    /// An explanation.
    Help(String),
    /// Something that works, but probably not as meant. It belongs to standard error.
    Warning(Box<Diagnostic>),
    /// Something was done. `key` says what, `value` to what; the text is for a person.
    Done {
        /// What was done, in one word.
        key: &'static str,
        /// To what it was done.
        value: Value,
        /// The same in a sentence.
        text: String,
    },
}

/// What `ps` says of an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorInfo {
    /// Its name.
    pub name: String,
    /// Its number in the run.
    pub id: u64,
    /// The number of its last turn. None before the first one.
    pub last_turn: Option<u64>,
    /// How often it was restarted.
    pub restarts: u32,
    /// The size of its state, in bytes.
    pub state_size: u64,
    /// How many messages wait.
    pub waiting: usize,
}

/// How outputs are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// One JSON object a line, instead of text.
    pub json: bool,
    /// Colours of text.
    pub paint: Paint,
    /// The columns of a terminal, where long values are cut. None for everything else.
    pub width: Option<usize>,
    /// Whether somebody is there who wants to be told what was done.
    pub chatty: bool,
}

impl Output {
    /// The output ready to be written: no line, or several with their ends.
    pub fn render(&self, look: Look) -> String {
        if look.json {
            let lines = self.to_json();
            return lines.iter().map(|line| printable_json(line) + "\n").collect();
        }
        let mut text = self.text(look);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }

    fn text(&self, look: Look) -> String {
        match self {
            Self::Reply { result: None, .. } => String::new(),
            Self::Reply { result: Some(value), .. } => {
                let wave = to_wave(value);
                let room = look.width.map(|width| width * RESULT_LINES);
                Line::default().plain(&wave).render(look.paint, room)
            }
            Self::Actors(actors) => table(actors, look),
            Self::Tree(tree) => tree::text(tree, look),
            Self::Info(kin) => info::text(kin, look),
            Self::Event { place, event, before } => match event {
                Event::Turn(view) => record::turn(view, before.as_ref(), look),
                Event::Call(call) => {
                    let head = Line::default().role(Role::Actor, &place.to_string()).plain("  ");
                    record::import_call(head, call).render(look.paint, look.width)
                }
            },
            Self::Differs { actor, tried } => differs(actor, tried, look),
            Self::State { state, .. } => state_lines(state, look),
            Self::Record(view) => record::line(view).render(look.paint, look.width),
            Self::Shown(shown) => {
                let lines = shown.lines.iter().map(|line| line.render(look.paint, look.width));
                lines.collect::<Vec<_>>().join("\n")
            }
            Self::Earlier(count) => {
                let text = format!("… {count} earlier; `theater trace show` shows all");
                look.paint.text(Role::Faint, &text).into_owned()
            }
            Self::Help(text) => match look.width {
                Some(width) => wrapped(&printable(text), width),
                None => printable(text).into_owned(),
            },
            Self::Done { text, .. } if look.chatty => {
                Line::default().role(Role::Faint, text).render(look.paint, None)
            }
            Self::Done { .. } | Self::Warning(_) => String::new(),
        }
    }

    fn to_json(&self) -> Vec<Value> {
        vec![match self {
            Self::Reply { actor, turn, function, result } => {
                let mut object = json!({ "actor": actor, "turn": turn, "function": function });
                if let Some(value) = result {
                    object["result"] = to_json(value);
                }
                object
            }
            Self::Tree(tree) => return tree::to_json(tree),
            Self::Info(kin) => info::to_json(kin),
            Self::Actors(actors) => return actors.iter().map(ActorInfo::to_json).collect(),
            Self::Event { place, event, .. } => {
                let mut object = json!({
                    "place": place.to_string(),
                    "actor": place.actor,
                    "turn": place.turn,
                    "step": place.step,
                    "last_turn": place.last_turn,
                });
                match event {
                    Event::Turn(view) => object["event"] = view.to_json(),
                    Event::Call(call) => object["call"] = call.to_json(),
                }
                object
            }
            Self::Differs { actor, tried } => {
                let mut object = json!({ "actor": actor, "turn": tried.turn });
                match &tried.difference {
                    Ok(divergence) => object["divergence"] = divergence::to_json(divergence),
                    Err(problem) => object["impossible"] = json!(problem.message),
                }
                object
            }
            Self::State { actor, moment, state } => {
                let entries = state.iter().map(|(k, v)| (k.to_owned(), to_json(&v.to_val())));
                json!({
                    "actor": actor,
                    "turn": moment.map(|(turn, _)| turn),
                    "step": moment.and_then(|(_, step)| step),
                    "state": Value::Object(entries.collect::<Map<_, _>>()),
                })
            }
            Self::Record(view) => view.to_json(),
            Self::Shown(shown) => return shown.json.clone(),
            Self::Earlier(_) | Self::Warning(_) => return Vec::new(),
            Self::Help(text) => json!({ "help": text }),
            Self::Done { key, value, .. } => json!({ *key: value }),
        }]
    }
}

impl ActorInfo {
    fn to_json(&self) -> Value {
        json!({
            "actor": self.name,
            "id": self.id,
            "last_turn": self.last_turn,
            "restarts": self.restarts,
            "state_bytes": self.state_size,
            "waiting": self.waiting,
        })
    }
}

fn table(actors: &[ActorInfo], look: Look) -> String {
    if actors.is_empty() {
        return look.paint.text(Role::Faint, "no actors").into_owned();
    }
    let width = actors.iter().map(|actor| actor.name.len()).max().unwrap_or_default().max(5);
    let head = format!("{:width$}  LAST TURN  RESTARTS      STATE  WAITING", "ACTOR");
    let mut lines = vec![look.paint.text(Role::Faint, &head).into_owned()];
    for actor in actors {
        let last = actor.last_turn.map_or("-".to_owned(), |turn| format!("#{turn}"));
        let size = size(actor.state_size);
        let rest = format!("  {last:>9}  {:>8}  {size:>9}  {:>7}", actor.restarts, actor.waiting);
        let line = Line::default().role(Role::Actor, &format!("{:width$}", actor.name));
        lines.push(line.plain(&rest).render(look.paint, look.width));
    }
    lines.join("\n")
}

/// A number of bytes for people.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// The text with its long lines broken between words, each further line indented as its first one.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut column = 0;
        for word in line.split_inclusive(' ') {
            let length = word.trim_end().chars().count();
            if column > indent.len() && column + length > width {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                out.push_str(indent);
                column = indent.len();
            }
            out.push_str(word);
            column += word.chars().count();
        }
        out.push('\n');
    }
    out
}

fn differs(actor: &str, tried: &Tried, look: Look) -> String {
    match &tried.difference {
        Ok(divergence) => {
            let lines = divergence::lines(actor, tried.turn, divergence, look.width);
            lines.map(|line| line.render(look.paint, look.width)).join("\n")
        }
        Err(problem) => {
            Line::default().role(Role::Warning, &problem.message).render(look.paint, look.width)
        }
    }
}

fn state_lines(state: &State, look: Look) -> String {
    if state.is_empty() {
        let text = if look.chatty { "(empty)" } else { "" };
        return look.paint.text(Role::Faint, text).into_owned();
    }
    let lines = state.iter().map(|(key, value)| {
        let line = Line::default().role(Role::Field, &key_text(key)).plain(" = ");
        line.plain(&to_wave(&value.to_val())).render(look.paint, look.width)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1 << 20, "1.0 MiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
