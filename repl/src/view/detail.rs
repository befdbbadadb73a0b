//! One moment in full, read once when it is chosen.

use crate::causes;
use crate::paint::Role;
use crate::record;
use crate::styled::Line;
use std::collections::BTreeSet;
use theater_runtime::call::to_wave;
use theater_runtime::replay::{Cursor, History};
use theater_runtime::trace::{RecordView, key_text};

/// How many steps are followed to their receivers.
const FOLLOWED: usize = 100;
/// How far back the causes are told.
const CAUSES: usize = 8;
/// How many keys are listed.
const KEYS: usize = 10_000;

/// What the panes beside the list show.
#[derive(Debug, Default)]
pub struct Detail {
    pub title: String,
    pub lines: Vec<Line>,
    /// Which of the lines is the chosen step.
    pub here: Option<usize>,
    /// Where the guest was, if somebody has asked; it stands under the line of the moment.
    pub stack: Vec<Line>,
    /// How many lines stand above that.
    above: usize,
    pub keys: Vec<KeyRow>,
    /// What stands below the keys.
    pub note: Option<String>,
}

/// A key of the state.
#[derive(Debug)]
pub struct KeyRow {
    pub key: String,
    pub line: Line,
}

impl Detail {
    /// A record, and the moment at the cursor, if it is a turn.
    pub fn read(history: &History, view: &RecordView, cursor: Option<Cursor>) -> Self {
        let Some(cursor) = cursor else {
            let line = Line::default().plain(&view.summary());
            return Self { title: view.address(), lines: vec![line], ..Self::default() };
        };
        let place = cursor.place(history).ok();
        let step = place.as_ref().and_then(|place| place.step);
        let mut detail = Self {
            title: place.map_or_else(|| view.address(), |place| place.to_string()),
            lines: vec![Line::default().call(&view.call())],
            ..Self::default()
        };
        detail.steps(history, view, cursor, step);
        detail.end(view);
        detail.above = detail.here.map_or(detail.lines.len(), |here| here + 1);
        detail.causes(history, cursor);
        detail.state(history, cursor);
        detail
    }

    /// All lines, those of the stack in their place.
    pub fn all(&self) -> impl Iterator<Item = &Line> {
        let (above, below) = self.lines.split_at(self.above.min(self.lines.len()));
        above.iter().chain(&self.stack).chain(below)
    }

    /// How many those are.
    pub fn count(&self) -> usize {
        self.lines.len() + self.stack.len()
    }

    fn steps(&mut self, history: &History, view: &RecordView, cursor: Cursor, step: Option<usize>) {
        for (i, call) in view.calls.iter().enumerate() {
            let number = i + 1;
            let is_here = step == Some(number);
            if is_here {
                self.here = Some(self.lines.len());
            }
            let mark = if is_here { '>' } else { ' ' };
            let head = Line::default().role(Role::Faint, &format!("{mark} .{number}  "));
            self.lines.push(record::import_call(head, call));
            if i >= FOLLOWED {
                continue;
            }
            let receiver = cursor.at_step(history, number).and_then(|at| at.follow(history));
            if let Some(place) = receiver.ok().and_then(|at| at.place(history).ok()) {
                let line = Line::default().role(Role::Faint, "        led to ");
                self.lines.push(line.role(Role::Actor, &place.to_string()));
            }
        }
    }

    fn end(&mut self, view: &RecordView) {
        let Some(failure) = &view.failure else {
            let line = Line::default().role(Role::Faint, "-> ").plain(&view.outcome());
            return self.lines.push(line);
        };
        let outcome = view.turn().map_or_else(String::new, |turn| turn.outcome.to_string());
        self.lines.push(Line::default().role(Role::Error, &format!("aborted ({outcome})")));
        let texts = failure.message.lines().chain(failure.stderr.iter().map(String::as_str));
        self.lines.extend(texts.map(|text| Line::default().plain("  ").plain(text)));
        let frames = failure.frames.iter();
        let frame = |frame: &String| Line::default().role(Role::Faint, "  in ").plain(frame);
        self.lines.extend(frames.map(frame));
    }

    fn causes(&mut self, history: &History, cursor: Cursor) {
        let mut at = cursor;
        for _ in 0..CAUSES {
            let Ok(sender) = at.sender(history) else { break };
            let Ok(place) = sender.place(history) else { break };
            let line = Line::default().role(Role::Faint, "because of ");
            self.lines.push(line.role(Role::Actor, &place.to_string()));
            at = sender;
        }
        let origin = at.whose(history).ok().and_then(|(actor, index)| {
            let turn = actor.turns.get(index)?;
            history.view_at(actor.id, turn.location).ok()?.origin
        });
        if let Some(words) = origin {
            self.lines.push(Line::default().role(Role::Faint, "from outside: ").plain(&words));
        }
    }

    /// The keys: first those that changed in this turn so far, then all others.
    fn state(&mut self, history: &History, cursor: Cursor) {
        let after = match cursor.state(history) {
            Ok(state) => state,
            Err(problem) => {
                self.note = Some(problem.message.clone());
                return;
            }
        };
        let before = cursor.whose(history).ok().and_then(|(actor, index)| actor.before(index));
        let changes = before.unwrap_or_default().changes_to(&after);
        for change in &changes {
            let line = causes::change(Line::default().role(Role::Warning, "* "), change);
            self.keys.push(KeyRow { key: change.key.clone(), line });
        }
        let changed: BTreeSet<&str> = changes.iter().map(|change| change.key.as_str()).collect();
        for (key, each) in after.iter().filter(|(key, _)| !changed.contains(key)).take(KEYS) {
            let line = Line::default().plain("  ").role(Role::Field, &key_text(key));
            let line = line.plain(" = ").plain(&to_wave(&each.to_val()));
            self.keys.push(KeyRow { key: key.to_owned(), line });
        }
        self.note = match self.keys.len() {
            0 => Some("(empty)".to_owned()),
            shown if shown >= KEYS => Some("… not all keys are listed".to_owned()),
            _ => None,
        };
    }
}
