//! What the view shows, and what each key does to it.

use super::detail::Detail;
use super::rows::Rows;
use crate::causes::Shown;
use crate::line::{Target, target};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use theater_runtime::diagnostic::Result;
use theater_runtime::replay::{Cursor, Direction, History};

/// The longest text that can be typed.
const LONGEST: usize = 1000;

/// What is told where only a turn has something to show.
const NO_TURN: &str = "this record is no turn";

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    List,
    Detail,
    State,
}

/// What is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Filter(String),
    Goto(String),
}

/// The view, without a terminal.
#[derive(Debug)]
pub struct Model {
    pub(super) rows: Rows,
    /// The chosen record, by its place in the log.
    pub(super) position: u64,
    /// The chosen moment, if the record is a turn.
    cursor: Option<Cursor>,
    /// Whether the chosen record may be none of the list any more, so that the nearest one is to be chosen.
    hidden: bool,
    left: Option<Cursor>,
    /// The moment of which somebody wants to see where the guest was.
    pub(super) asked: Option<Cursor>,
    pub(super) pane: Pane,
    pub(super) input: Option<Input>,
    /// What was told last.
    pub(super) message: String,
    pub(super) help: bool,
    pub(super) detail: Detail,
    /// The first line of the details that is shown.
    pub(super) scroll: usize,
    /// The chosen key of the state.
    pub(super) key: usize,
    /// How many rows the list shows.
    pub(super) page: u64,
}

impl Model {
    /// A view that begins at a moment; without one, at the last record.
    pub fn new(history: &History, cursor: Option<Cursor>) -> Self {
        let mut rows = Rows::default();
        rows.grown(history);
        let mut model = Self {
            rows,
            position: 0,
            cursor: None,
            hidden: false,
            left: cursor,
            asked: None,
            pane: Pane::List,
            input: None,
            message: String::new(),
            help: false,
            detail: Detail::default(),
            scroll: 0,
            key: 0,
            page: 10,
        };
        match cursor {
            Some(cursor) => model.go(history, Ok(cursor)),
            None => model.choose(history, model.rows.len().saturating_sub(1)),
        }
        model
    }

    /// The last moment of a turn at which the view stood.
    pub fn left(&self) -> Option<Cursor> {
        self.left
    }

    /// Follows a history that has grown.
    pub fn grown(&mut self, history: &History) {
        let was_empty = self.rows.len() == 0 && self.rows.text().is_none();
        self.rows.grown(history);
        if was_empty && self.rows.len() > 0 {
            self.choose(history, 0);
        }
    }

    /// Goes on with a search. Returns whether there is more to do.
    pub fn work(&mut self, history: &History) -> bool {
        let more = self.rows.work(history);
        self.settle(history);
        more
    }

    /// Chooses the record of the list that stands nearest, if a filter has hidden the chosen one.
    fn settle(&mut self, history: &History) {
        if !self.hidden {
            return;
        }
        let Some(row) = self.rows.nearest(self.position) else { return };
        self.hidden = false;
        if self.rows.position(row) != Some(self.position) {
            self.choose(history, row);
        }
    }

    /// Does what a key asks for. Returns whether the view stays open.
    pub fn key(&mut self, history: &History, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return false;
        }
        if self.input.is_some() {
            self.type_key(history, key.code);
            return true;
        }
        if std::mem::take(&mut self.help) {
            return true;
        }
        self.message.clear();
        if control {
            return true;
        }
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return false,
            KeyCode::Char('?') => self.help = true,
            KeyCode::Char('/') => {
                let text = self.rows.text().unwrap_or_default().to_owned();
                self.input = Some(Input::Filter(text));
            }
            KeyCode::Char('g') => self.input = Some(Input::Goto(String::new())),
            KeyCode::Tab | KeyCode::Enter => {
                self.pane = match self.pane {
                    Pane::List => Pane::Detail,
                    Pane::Detail => Pane::State,
                    Pane::State => Pane::List,
                };
            }
            KeyCode::BackTab => {
                self.pane = match self.pane {
                    Pane::List => Pane::State,
                    Pane::Detail => Pane::List,
                    Pane::State => Pane::Detail,
                };
            }
            KeyCode::Char('x') => match self.cursor {
                Some(cursor) => self.asked = Some(cursor),
                None => self.message = NO_TURN.to_owned(),
            },
            KeyCode::Char('n') => self.by(history, 1),
            KeyCode::Char('N') => self.by(history, -1),
            code => match distance(code, self.page) {
                Some(rows) => self.walk(history, rows),
                None => self.jump(history, code),
            },
        }
        true
    }

    /// Moves in the pane.
    fn walk(&mut self, history: &History, rows: i64) {
        let moved = |at: usize, len: usize| {
            let rows =
                isize::try_from(rows).unwrap_or(if rows < 0 { isize::MIN } else { isize::MAX });
            at.saturating_add_signed(rows).min(len.saturating_sub(1))
        };
        match self.pane {
            Pane::List => self.by(history, rows),
            Pane::Detail => self.scroll = moved(self.scroll, self.detail.count()),
            Pane::State => self.key = moved(self.key, self.detail.keys.len()),
        }
    }

    /// Moves so many rows of the list.
    fn by(&mut self, history: &History, rows: i64) {
        let Some(last) = self.rows.len().checked_sub(1) else {
            self.message = "there is no record in the list".to_owned();
            return;
        };
        let row = self.rows.row(self.position);
        // Between two rows the next one is already meant.
        let is_between = self.rows.position(row) != Some(self.position);
        let rows = if is_between && rows > 0 { rows - 1 } else { rows };
        self.choose(history, row.saturating_add_signed(rows).min(last));
    }

    /// Follows a moment's ways to others.
    fn jump(&mut self, history: &History, code: KeyCode) {
        if !matches!(
            code,
            KeyCode::Left | KeyCode::Right | KeyCode::Char('[' | ']' | 'f' | 's' | 'c' | 'C')
        ) {
            return;
        }
        let Some(cursor) = self.cursor else {
            self.message = NO_TURN.to_owned();
            return;
        };
        let found = match code {
            KeyCode::Left | KeyCode::Char('[') => neighbour(history, cursor, -1),
            KeyCode::Right | KeyCode::Char(']') => neighbour(history, cursor, 1),
            KeyCode::Char('f') => cursor.follow(history),
            KeyCode::Char('s') => cursor.sender(history),
            code => {
                let Some(row) = self.detail.keys.get(self.key) else {
                    self.message = "choose a key of the state first".to_owned();
                    return;
                };
                let later = code == KeyCode::Char('C');
                let direction = if later { Direction::Forward } else { Direction::Backward };
                let key = row.key.clone();
                self.change(history, cursor.change(history, &key, direction), &key);
                return;
            }
        };
        self.go(history, found);
    }

    /// Goes to a change of a key, which stays chosen.
    fn change(&mut self, history: &History, found: Result<Cursor>, key: &str) {
        self.go(history, found);
        if let Some(at) = self.detail.keys.iter().position(|row| row.key == key) {
            self.key = at;
        }
    }

    fn type_key(&mut self, history: &History, code: KeyCode) {
        let Some(Input::Filter(text) | Input::Goto(text)) = &mut self.input else { return };
        match code {
            KeyCode::Char(c) if text.len() < LONGEST => text.push(c),
            KeyCode::Backspace => drop(text.pop()),
            KeyCode::Esc => {
                self.input = None;
                self.message.clear();
            }
            KeyCode::Enter => self.enter(history),
            _ => {}
        }
    }

    /// Takes what was typed. What is wrong stays there, to be mended.
    fn enter(&mut self, history: &History) {
        self.message.clear();
        match self.input.take() {
            Some(Input::Filter(text)) => match self.rows.filter(&text) {
                Ok(()) => {
                    self.hidden = true;
                    self.work(history);
                }
                Err(problem) => {
                    self.message = problem.message.clone();
                    self.input = Some(Input::Filter(text));
                }
            },
            Some(Input::Goto(text)) => {
                let cursor = self.cursor.or(self.left);
                let found = match (target(text.trim()), cursor) {
                    (None, _) => {
                        self.message =
                            "expected a number, a percentage, or a time in UTC".to_owned();
                        self.input = Some(Input::Goto(text));
                        return;
                    }
                    (_, None) => {
                        self.message = "no turn has been chosen".to_owned();
                        return;
                    }
                    (Some(Target::Turn(turn)), Some(at)) => at.at_turn(history, turn),
                    (Some(Target::Percent(percent)), Some(at)) => at.at_percent(history, percent),
                    (Some(Target::Time(time)), Some(at)) => at.at_time(history, time),
                };
                self.go(history, found);
            }
            None => {}
        }
    }

    /// Goes to a moment, or tells why not.
    fn go(&mut self, history: &History, to: Result<Cursor>) {
        self.hidden = false;
        let found = to.and_then(|cursor| {
            let (actor, index) = cursor.whose(history)?;
            let view = history.view_at(actor.id, history.past(actor, index)?.location)?;
            Ok((cursor, view))
        });
        match found {
            Ok((cursor, view)) => {
                let is_other = view.position != self.position;
                self.position = view.position;
                self.see(Detail::read(history, &view, Some(cursor)), is_other);
                self.cursor = Some(cursor);
                self.left = Some(cursor);
            }
            Err(problem) => self.message = problem.message.clone(),
        }
    }

    /// Chooses a row of the list.
    fn choose(&mut self, history: &History, row: u64) {
        self.hidden = false;
        let Some(position) = self.rows.position(row) else { return };
        let Some((id, location)) = history.record(position) else { return };
        let turns = history.by_id(id).map(|actor| &actor.turns);
        if let Some(index) = turns.and_then(|turns| turns.at(location)) {
            return self.go(history, Cursor::of(history, id, index));
        }
        match history.view_at(id, location) {
            Ok(view) => self.see(Detail::read(history, &view, None), true),
            Err(problem) => self.message = problem.message.clone(),
        }
        self.position = position;
        self.cursor = None;
    }

    /// Shows where the guest was at the chosen moment, or why that cannot be seen.
    pub(super) fn answer(&mut self, seen: Result<Shown>) {
        match seen {
            // The first line is the moment, which stands there already.
            Ok(shown) => self.detail.stack = shown.lines.into_iter().skip(1).collect(),
            Err(problem) => self.message = problem.message.clone(),
        }
    }

    fn see(&mut self, detail: Detail, is_other: bool) {
        self.detail = detail;
        if is_other {
            self.scroll = 0;
        }
        self.key = self.key.min(self.detail.keys.len().saturating_sub(1));
    }
}

/// The step before or after, inside the turn; the moment after the turn lies between the last one and the
/// first.
fn neighbour(history: &History, cursor: Cursor, by: isize) -> Result<Cursor> {
    let place = cursor.place(history)?;
    let (actor, index) = cursor.whose(history)?;
    let location = history.past(actor, index)?.location;
    let count = history.view_at(actor.id, location)?.calls.len();
    let ring = count.saturating_add(1);
    let at = place.step.unwrap_or(0).saturating_add(ring).saturating_add_signed(by) % ring;
    match at {
        0 => Cursor::of(history, actor.id, index),
        step => cursor.at_step(history, step),
    }
}

/// How many rows a key moves.
fn distance(code: KeyCode, page: u64) -> Option<i64> {
    let page = i64::try_from(page.max(1)).unwrap_or(1);
    Some(match code {
        KeyCode::Up | KeyCode::Char('k') => -1,
        KeyCode::Down | KeyCode::Char('j') => 1,
        KeyCode::PageUp => -page,
        KeyCode::PageDown => page,
        KeyCode::Home => i64::MIN,
        KeyCode::End => i64::MAX,
        _ => return None,
    })
}
