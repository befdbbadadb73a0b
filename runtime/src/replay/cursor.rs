mod changes;
mod messages;
mod moments;
mod search;

use super::{ActorHistory, History, PastTurn};
use crate::diagnostic::{Diagnostic, NO_SUCH_TURN, Result};
use crate::state::{Delta, State, Value};
use crate::trace::{ActorId, CallView, RecordView};
use crate::wire::WireList;
use minicbor::decode::Decoder;

/// The calls that change the state, as it is seen inside a turn.
const SET: &str = "theater:host/state@0.1.0#set";
const DELETE: &str = "theater:host/state@0.1.0#delete";

/// A place in an actor's history. It holds no history itself, so that the history can grow.
///
/// The place `actor#turn` is the moment after that turn; `actor#turn.step` is the moment after the
/// step-th import call inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    actor: ActorId,
    /// The index of the turn among those of the actor.
    index: usize,
    /// Inside the turn: after this import call, from 1.
    step: Option<usize>,
}

/// In which way a cursor looks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the present.
    Forward,
    /// Into the past.
    Backward,
}

/// Where a cursor is, in words and numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The actor's name.
    pub actor: String,
    /// The turn.
    pub turn: u64,
    /// The import call inside the turn, from 1.
    pub step: Option<usize>,
    /// The number of the actor's last turn.
    pub last_turn: u64,
}

/// What happened at a place.
#[derive(Debug, Clone)]
pub enum Event {
    /// A turn, as a whole.
    Turn(Box<RecordView>),
    /// One import call inside it.
    Call(Box<CallView>),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.actor, self.turn)?;
        self.step.map_or(Ok(()), |step| write!(f, ".{step}"))
    }
}

impl Cursor {
    /// The moment after a turn of an actor. If several actors had the name, of the last one that had such a
    /// turn.
    ///
    /// # Errors
    ///
    /// When there was no such actor or turn.
    pub fn at(history: &History, actor: &str, turn: u64) -> Result<Self> {
        let (actor, index) = history.turn(actor, turn)?;
        Ok(Self { actor: actor.id, index, step: None })
    }

    /// The moment after an actor's last turn. If several actors had the name, of the last one that had a
    /// turn.
    ///
    /// # Errors
    ///
    /// When there was no such actor, or it had no turn.
    pub fn last(history: &History, actor: &str) -> Result<Self> {
        let (actor, index) = history.last_turn(actor)?;
        Ok(Self { actor: actor.id, index, step: None })
    }

    /// The moment after a turn of an actor, by its index among the actor's turns.
    ///
    /// # Errors
    ///
    /// When there is no such turn.
    pub fn of(history: &History, actor: ActorId, index: usize) -> Result<Self> {
        let cursor = Self { actor, index, step: None };
        cursor.turn(history).map(|_| cursor)
    }

    /// The actor whose moment it is, and the index of the turn among the actor's turns.
    ///
    /// # Errors
    ///
    /// When the history is another one.
    pub fn whose(self, history: &History) -> Result<(&ActorHistory, usize)> {
        Ok((self.actor(history)?, self.index))
    }

    /// The moment after another turn of the same actor.
    ///
    /// # Errors
    ///
    /// When it had no such turn.
    pub fn at_turn(self, history: &History, turn: u64) -> Result<Self> {
        Ok(Self { index: self.actor(history)?.index_of(turn)?, step: None, ..self })
    }

    /// The moment after the import call with this number inside the cursor's turn.
    ///
    /// # Errors
    ///
    /// When the turn has no such call.
    pub fn at_step(self, history: &History, step: usize) -> Result<Self> {
        let calls = self.calls(history)?.len();
        if (1..=calls).contains(&step) {
            return Ok(Self { step: Some(step), ..self });
        }
        let place = Self { step: None, ..self }.place(history)?;
        let help = match calls {
            0 => "Name the turn without a step: it made no import calls.".to_owned(),
            _ => format!("Name a step from 1 to {calls}, or the turn without a step."),
        };
        let message = format!("{place} has no step {step}");
        Err(Box::new(Diagnostic::error(NO_SUCH_TURN, message).help(help)))
    }

    /// The moment after the next turn.
    ///
    /// # Errors
    ///
    /// When this is the last one.
    pub fn next(self, history: &History) -> Result<Self> {
        let actor = self.actor(history)?;
        if self.step.is_some() {
            return Ok(Self { step: None, ..self });
        }
        if self.index + 1 < actor.turns.len() {
            return Ok(Self { index: self.index + 1, ..self });
        }
        Err(Box::new(
            Diagnostic::error(NO_SUCH_TURN, format!("{} is the last turn", self.place(history)?))
                .help("Go back with `back`, or return to the present with `live`."),
        ))
    }

    /// The moment before: the end of the previous turn.
    ///
    /// # Errors
    ///
    /// When this is the first one.
    pub fn back(self, history: &History) -> Result<Self> {
        match self.index.checked_sub(1) {
            Some(index) => Ok(Self { index, step: None, ..self }),
            None => Err(Box::new(
                Diagnostic::error(
                    NO_SUCH_TURN,
                    format!("{} is the first turn", Self { step: None, ..self }.place(history)?),
                )
                .help("Go forward with `next`."),
            )),
        }
    }

    /// The next import call, or the end of the turn after its last one.
    ///
    /// # Errors
    ///
    /// When there is nothing further.
    pub fn step(self, history: &History) -> Result<Self> {
        let Some(step) = self.step else {
            let next = self.next(history)?;
            return Ok(next.at_step(history, 1).unwrap_or(next));
        };
        if step < self.calls(history)?.len() {
            return Ok(Self { step: Some(step + 1), ..self });
        }
        Ok(Self { step: None, ..self })
    }

    /// The previous import call, or the end of the previous turn before the first one.
    ///
    /// # Errors
    ///
    /// When there is nothing before.
    pub fn step_back(self, history: &History) -> Result<Self> {
        let step = match self.step {
            Some(step) => step,
            None => self.calls(history)?.len() + 1,
        };
        match step.checked_sub(1) {
            Some(before) if before > 0 => Ok(Self { step: Some(before), ..self }),
            _ => Self { step: None, ..self }.back(history),
        }
    }

    /// Where the cursor is.
    ///
    /// # Errors
    ///
    /// When the history is another one.
    pub fn place(self, history: &History) -> Result<Place> {
        let actor = self.actor(history)?;
        let turn = |index: usize| actor.turns.get(index).map_or(0, |past| past.header.turn);
        Ok(Place {
            actor: actor.name.clone(),
            turn: turn(self.index),
            step: self.step,
            last_turn: turn(actor.turns.len().saturating_sub(1)),
        })
    }

    /// What happened at this place.
    ///
    /// # Errors
    ///
    /// When the record cannot be read any more.
    pub fn event(self, history: &History) -> Result<Event> {
        let view = self.view(history)?;
        let call = self.step.and_then(|step| view.calls.get(step - 1).cloned());
        Ok(match call {
            Some(call) => Event::Call(Box::new(call)),
            None => Event::Turn(Box::new(view)),
        })
    }

    /// The state at this place; inside a turn, as the actor saw it after that call.
    ///
    /// # Errors
    ///
    /// When changes were removed or left out, so that it is unknown.
    pub fn state(self, history: &History) -> Result<State> {
        let actor = self.actor(history)?;
        let place = self.place(history)?;
        let removed = || {
            let message = format!("the state at {place} is unknown");
            let help = "Go to an earlier turn: changes to the state were removed from the trace.";
            Box::new(Diagnostic::error(NO_SUCH_TURN, message).help(help))
        };
        let unknown = || history.left_out(&format!("the state at {place}")).unwrap_or_else(removed);
        let Some(step) = self.step else {
            return history.past(actor, self.index)?.after.clone().ok_or_else(unknown);
        };
        let mut state = actor.before(self.index).ok_or_else(unknown)?;
        for call in self.calls(history)?.iter().take(step) {
            if let Some(change) = change(call) {
                state.apply(Delta(vec![change]));
            }
        }
        Ok(state)
    }

    fn actor(self, history: &History) -> Result<&ActorHistory> {
        history.by_id(self.actor).ok_or_else(|| {
            Box::new(Diagnostic::error(NO_SUCH_TURN, "the cursor belongs to another run"))
        })
    }

    fn view(self, history: &History) -> Result<RecordView> {
        history.view_at(self.actor, self.turn(history)?.location)
    }

    fn turn(self, history: &History) -> Result<&PastTurn> {
        history.past(self.actor(history)?, self.index)
    }

    fn calls(self, history: &History) -> Result<Vec<CallView>> {
        Ok(self.view(history)?.calls)
    }
}

/// What a recorded call changed in the state. A call that aborted the turn changed nothing.
pub(super) fn change(call: &CallView) -> Option<(String, Option<Value>)> {
    if matches!(call.answer, crate::trace::AnswerView::None) {
        return None;
    }
    let mut decoder = Decoder::new(&call.call.arguments);
    match call.function.as_str() {
        SET => {
            let (key, value) = <(String, Value)>::read_values(&mut decoder).ok()?;
            Some((key, Some(value)))
        }
        DELETE => <(String,)>::read_values(&mut decoder).ok().map(|(key,)| (key, None)),
        _ => None,
    }
}
