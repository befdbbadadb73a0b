//! The words that look back: the trace, and the cursor that walks through it.

use super::{Session, Sink, Stop, placed};
use crate::line::{Address, Command};
use crate::output::Output;
use serde_json::Value;
use std::sync::Arc;
use theater_runtime::call::Name;
use theater_runtime::diagnostic::{ACTOR_UNKNOWN, Diagnostic, NO_SUCH_TURN, Result, Source};
use theater_runtime::replay::{Cursor, History, Place};
use theater_runtime::state::State;
use theater_runtime::trace::RecordView;

/// How many records a terminal shows of a trace.
pub const SHOWN: usize = 50;

impl Session {
    /// Where the cursor is, if somebody has put it into the past.
    pub fn place(&mut self) -> Option<Place> {
        let cursor = self.cursor?;
        cursor.place(self.refreshed().ok()?).ok()
    }

    pub(super) fn look_back(
        &mut self,
        source: &Arc<Source>,
        command: Command,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        match command {
            Command::Trace(name) => return self.show_trace(source, name.as_ref(), sink),
            Command::State(name) => return Ok(sink(self.show_state(source, name.as_ref())?)?),
            Command::Live => {
                self.cursor = None;
                let text = "back in the present".to_owned();
                return Ok(sink(Output::Done { key: "live", value: Value::Bool(true), text })?);
            }
            _ => {}
        }
        let whole = 0..source.text.trim_end().len();
        let cursor = self
            .moved(source, &command)
            .map_err(|problem| placed(problem, source, whole, "there is no such moment"))?;
        let history = self.history.as_ref().ok_or_else(no_history)?;
        let output = Output::Event {
            place: cursor.place(history)?,
            event: cursor.event(history)?,
            before: before(cursor, history),
        };
        self.cursor = Some(cursor);
        Ok(sink(output)?)
    }

    /// Where a word takes the cursor. Before the first such word it stands at the last turn of the
    /// actor that was used last.
    fn moved(&mut self, source: &Arc<Source>, command: &Command) -> Result<Cursor> {
        let default = self.default_actor();
        let cursor = self.cursor;
        let history = self.refreshed()?;
        let here = || match (cursor, default.as_deref()) {
            (Some(cursor), _) => Ok(cursor),
            (None, Some(actor)) => Cursor::last(history, actor),
            (None, None) => Err(which_actor()),
        };
        match command {
            Command::At(Some(address)) => at(history, source, address),
            Command::At(None) => match (cursor, default.as_deref()) {
                (_, Some(actor)) => Cursor::last(history, actor),
                (Some(cursor), None) => Ok(cursor),
                (None, None) => Err(which_actor()),
            },
            Command::Goto(turn) => {
                let actor = here()?.place(history)?.actor;
                Cursor::at(history, &actor, *turn)
            }
            Command::Next | Command::Step if cursor.is_none() => Err(Box::new(
                Diagnostic::error(NO_SUCH_TURN, "nothing comes after the present")
                    .help("Go into the past with `back` or `step-back`, or to any turn with `at NAME#TURN`."),
            )),
            Command::Next => here()?.next(history),
            Command::Back => here()?.back(history),
            Command::Step => here()?.step(history),
            _ => here()?.step_back(history),
        }
    }

    fn show_state(&mut self, source: &Arc<Source>, name: Option<&Name>) -> Result<Output> {
        if let (None, Some(cursor)) = (name, self.cursor) {
            let history = self.refreshed()?;
            let place = cursor.place(history)?;
            let moment = Some((place.turn, place.step));
            let state = cursor.state(history)?;
            return Ok(Output::State { actor: place.actor, moment, state });
        }
        let span = name.map_or(0..source.text.trim_end().len(), |name| name.span.clone());
        let wrong = |problem| placed(problem, source, span.clone(), "this actor");
        let default = self.default_actor();
        let actor = name.map(|name| name.text.clone()).or(default);
        let actor = actor.ok_or_else(|| wrong(which_actor()))?;
        let history = self.refreshed()?;
        let turns = &history.actor(&actor).map_err(wrong)?.turns;
        let moment = turns.last().map(|past| (past.header.turn, None));
        let state = match turns.is_empty() {
            true => State::default(),
            false => Cursor::last(history, &actor)?.state(history)?,
        };
        Ok(Output::State { actor, moment, state })
    }

    fn show_trace(
        &mut self,
        source: &Arc<Source>,
        name: Option<&Name>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        let most = self.trace_lines;
        let history = self.refreshed()?;
        let actor = match name {
            None => None,
            Some(name) => Some(
                history
                    .actor(&name.text)
                    .map_err(|problem| placed(problem, source, name.span.clone(), "this actor"))?
                    .id,
            ),
        };
        let count = match (most, actor) {
            (None, _) => 0,
            (Some(_), None) => history.len(),
            (Some(_), Some(_)) => history.views(actor).count(),
        };
        let skipped = most.map_or(0, |most| count.saturating_sub(most));
        if skipped > 0 {
            sink(Output::Earlier(skipped))?;
        }
        for view in history.views(actor).skip(skipped) {
            let view: RecordView = view?;
            sink(Output::Record(Box::new(view)))?;
        }
        Ok(())
    }

    /// The actor that is meant where none is named: the only one, or the one that was used last.
    fn default_actor(&self) -> Option<String> {
        match &self.node.actors()[..] {
            [only] => Some(only.name.to_string()),
            _ => self.last.clone(),
        }
    }

    fn refreshed(&mut self) -> Result<&History> {
        match &mut self.history {
            Some(history) => {
                history.refresh()?;
                Ok(history)
            }
            none => Ok(none.insert(History::load(self.node.run())?)),
        }
    }
}

fn at(history: &History, source: &Arc<Source>, address: &Address) -> Result<Cursor> {
    let found = Cursor::at(history, &address.actor.text, address.turn);
    let found = found.and_then(|cursor| match address.step {
        Some(step) => cursor.at_step(history, step),
        None => Ok(cursor),
    });
    found.map_err(|problem| placed(problem, source, address.span.clone(), "not in this run"))
}

/// The state before the cursor's turn, if it is known.
fn before(cursor: Cursor, history: &History) -> Option<State> {
    match cursor.back(history) {
        Ok(previous) => previous.state(history).ok(),
        // There is no turn before the first one.
        Err(_) => Some(State::default()),
    }
}

fn which_actor() -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(ACTOR_UNKNOWN, "which actor?")
            .help("Name one: `at NAME#TURN`, `state NAME`. See the actors with `ps`."),
    )
}

fn no_history() -> Box<Diagnostic> {
    Box::new(Diagnostic::error(NO_SUCH_TURN, "there is no history yet"))
}
