//! The words that look back: the trace, and the cursor that walks through it.

use super::{Session, Sink, Stop, placed};
use crate::causes::{self, Shown};
use crate::line::{Address, Command, Target};
use crate::names::ActorNames;
use crate::output::Output;
use crate::stack::Looker;
use crate::view;
use serde_json::Value;
use std::ops::Range;
use std::sync::Arc;
use theater_runtime::call::Name;
use theater_runtime::diagnostic::{
    ACTOR_UNKNOWN, Diagnostic, NO_SUCH_TURN, REPLAY_IMPOSSIBLE, Result, Source,
};
use theater_runtime::replay::{Condition, Cursor, Direction, History, Place};
use theater_runtime::state::State;
use theater_runtime::trace::{RecordView, RunDir};

/// How many records a terminal shows of a trace.
pub const SHOWN: usize = 50;

impl Session {
    /// Makes a recorded run the one that is looked at, whatever the node does. The cursor stands at the last
    /// turn of the first actor that had one.
    ///
    /// # Errors
    /// When the run is damaged.
    pub fn look_at(&mut self, run: &RunDir) -> Result<()> {
        let history = History::load(run)?;
        let first = history.actors().find(|actor| !actor.turns.is_empty());
        self.last = first.map(|actor| actor.name.clone());
        self.cursor = match &self.last {
            Some(actor) => Some(Cursor::last(&history, actor)?),
            None => None,
        };
        self.history = Some(history);
        self.is_recorded = true;
        Ok(())
    }

    /// The actors of a recorded run, for completion: nobody can call them.
    pub(super) fn recorded_names(&self) -> Vec<ActorNames> {
        let history = self.history.iter().filter(|_| self.is_recorded);
        let names = history.flat_map(History::actors).map(|actor| ActorNames {
            name: actor.name.clone(),
            functions: Vec::new(),
            last_turn: actor.turns.last().map_or(0, |turn| turn.header.turn),
            keys: self.keys_of(&actor.name),
        });
        names.collect()
    }

    /// Where the cursor is, if somebody has put it into the past.
    pub fn place(&mut self) -> Option<Place> {
        let cursor = self.cursor?;
        cursor.place(self.refreshed().ok()?).ok()
    }

    /// The keys of the state at the cursor, or of the actor that is meant without one; as far as the trace
    /// has been read.
    pub(super) fn keys(&self) -> Vec<String> {
        let Some(history) = &self.history else { return Vec::new() };
        let state = match (self.cursor, self.default_actor()) {
            (Some(cursor), _) => cursor.state(history),
            (None, Some(actor)) => {
                Cursor::last(history, &actor).and_then(|last| last.state(history))
            }
            (None, None) => return Vec::new(),
        };
        some_keys(&state.unwrap_or_default())
    }

    /// The keys of an actor's last state, as far as the trace has been read; none where there are too many actors to
    /// look at all.
    pub(super) fn keys_of(&self, actor: &str) -> Vec<String> {
        const MOST: usize = 50;
        let are_few = |history: &&History| history.actors().nth(MOST).is_none();
        let history = self.history.as_ref().filter(are_few);
        let last =
            history.and_then(|history| Cursor::last(history, actor).ok()?.state(history).ok());
        some_keys(&last.unwrap_or_default())
    }

    /// What a view looks at, as it is now, and where the cursor stands.
    ///
    /// # Errors
    /// When the run cannot be read.
    pub(crate) fn viewed(&mut self) -> Result<(&mut History, &mut Looker, Option<Cursor>)> {
        let cursor = self.cursor;
        self.refreshed()?;
        Ok((self.history.as_mut().ok_or_else(no_history)?, &mut self.looker, cursor))
    }

    /// Puts the cursor where a view was left.
    pub(crate) fn stand_at(&mut self, cursor: Option<Cursor>) {
        self.cursor = cursor;
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
            Command::Grep(span) => return self.grep(source, span, sink),
            Command::Why(address) => {
                return Ok(sink(Output::Shown(self.causes(source, address, true)?))?);
            }
            Command::Effects(address) => {
                return Ok(sink(Output::Shown(self.causes(source, address, false)?))?);
            }
            Command::Diff(from, to) => return Ok(sink(self.diff(source, &from, to.as_ref())?)?),
            // A face with a terminal has shown it before the line came here.
            Command::View => {
                let whole = 0..source.text.trim_end().len();
                let problem = placed(view::no_terminal(), source, whole, "not without a terminal");
                return Err(problem.into());
            }
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
        let cursor = self.cursor;
        let condition = match command {
            Command::Until(span, _) => Some(Condition::parse(source, span.clone())?),
            _ => None,
        };
        match command {
            Command::At(Some(address)) => return at(self.refreshed()?, source, address),
            Command::At(None) => {
                return match (cursor, self.default_actor()) {
                    (_, Some(actor)) => Cursor::last(self.refreshed()?, &actor),
                    (Some(cursor), None) => Ok(cursor),
                    (None, None) => Err(which_actor()),
                };
            }
            _ => {}
        }
        let here = self.here()?;
        let history = self.refreshed()?;
        if let (Some(condition), Command::Until(_, direction)) = (&condition, command) {
            // Seen from the present, the last turn lies in the past, too.
            return match (cursor, direction) {
                (None, Direction::Forward) => Err(nothing_later()),
                (None, Direction::Backward) if here.fits(history, condition)? => Ok(here),
                _ => here.until(history, condition, *direction),
            };
        }
        match command {
            Command::Next | Command::Step | Command::Change(_, Direction::Forward)
                if cursor.is_none() =>
            {
                Err(nothing_later())
            }
            Command::Goto(Target::Turn(turn)) => here.at_turn(history, *turn),
            Command::Goto(Target::Percent(percent)) => here.at_percent(history, *percent),
            Command::Goto(Target::Time(time)) => here.at_time(history, *time),
            Command::First => Ok(here.first()),
            Command::Last => here.at_percent(history, 100),
            Command::Follow => here.follow(history),
            Command::Sender => here.sender(history),
            Command::Change(key, direction) => here.change(history, key, *direction),
            Command::FirstChange(key) => here.first_change(history, key),
            Command::Next => here.next(history),
            Command::Back => here.back(history),
            Command::Step => here.step(history),
            _ => here.step_back(history),
        }
    }

    /// The cursor; without one, the last turn of the actor that was used last.
    fn here(&mut self) -> Result<Cursor> {
        if let Some(cursor) = self.cursor {
            return Ok(cursor);
        }
        let actor = self.default_actor().ok_or_else(which_actor)?;
        Cursor::last(self.refreshed()?, &actor)
    }

    /// The moment that is named in the line, or else where the cursor is.
    fn moment(&mut self, source: &Arc<Source>, address: Option<&Address>) -> Result<Cursor> {
        match address {
            Some(address) => at(self.refreshed()?, source, address),
            None => self.here(),
        }
    }

    /// What led to a turn, or what followed from it.
    fn causes(
        &mut self,
        source: &Arc<Source>,
        address: Option<Address>,
        back: bool,
    ) -> Result<Shown> {
        let cursor = self.moment(source, address.as_ref())?;
        let history = self.refreshed()?;
        let (actor, index) = cursor.whose(history)?;
        let step = cursor.place(history)?.step.map(|step| step as u64);
        match back {
            true => causes::why(history, actor, index),
            false => causes::effects(history, actor, index, step),
        }
    }

    /// Where the guest was at a moment.
    pub(super) async fn stack(
        &mut self,
        source: &Arc<Source>,
        address: Option<&Address>,
    ) -> Result<Output> {
        let whole = 0..source.text.trim_end().len();
        let wrong = |problem| placed(problem, source, whole.clone(), "at this moment");
        let cursor = self.moment(source, address).map_err(wrong)?;
        let history = self.history.as_ref().ok_or_else(no_history)?;
        let looked = self.interrupt.during_work(self.looker.look(history, cursor)).await;
        let shown = looked.unwrap_or_else(|| {
            Err(Box::new(Diagnostic::error(
                REPLAY_IMPOSSIBLE,
                "looking into the turn was interrupted",
            )))
        });
        Ok(Output::Shown(shown.map_err(wrong)?))
    }

    fn diff(
        &mut self,
        source: &Arc<Source>,
        from: &Address,
        to: Option<&Address>,
    ) -> Result<Output> {
        let from = self.moment(source, Some(from))?;
        let to = match (to, self.cursor) {
            // The present of the same actor.
            (None, None) => from.at_percent(self.refreshed()?, 100)?,
            (to, _) => self.moment(source, to)?,
        };
        let changes = from.diff(self.refreshed()?, to)?;
        if changes.is_empty() {
            let text = "the two states are the same".to_owned();
            return Ok(Output::Done { key: "diff", value: Value::Array(Vec::new()), text });
        }
        Ok(Output::Shown(causes::changes(&changes)))
    }

    fn grep(
        &mut self,
        source: &Arc<Source>,
        span: Range<usize>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        let condition = Condition::parse(source, span)?;
        let mut found = 0_usize;
        for view in self.refreshed()?.matching(&condition, None) {
            found += 1;
            sink(Output::Record(Box::new(view?)))?;
        }
        if found == 0 {
            let text = "for no record does this hold".to_owned();
            sink(Output::Done { key: "found", value: Value::from(0), text })?;
        }
        Ok(())
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

    pub(super) fn refreshed(&mut self) -> Result<&History> {
        match &mut self.history {
            Some(history) => {
                history.refresh()?;
                Ok(history)
            }
            none => Ok(none.insert(History::load(self.node.run())?)),
        }
    }
}

pub(super) fn at(history: &History, source: &Arc<Source>, address: &Address) -> Result<Cursor> {
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

fn nothing_later() -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(NO_SUCH_TURN, "nothing comes after the present").help(
            "Go into the past with `back` or `step-back`, or to any turn with `at NAME#TURN`.",
        ),
    )
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

/// Keys of a state for a list.
fn some_keys(state: &State) -> Vec<String> {
    /// More are of no use.
    const MOST: usize = 500;
    state.iter().take(MOST).map(|(key, _)| key.to_owned()).collect()
}
