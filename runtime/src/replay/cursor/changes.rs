//! To what changed a key of the state, and what differs between two moments.

use super::{Cursor, Direction, change};
use crate::diagnostic::{Diagnostic, NO_SUCH_TURN, Result};
use crate::replay::History;
use crate::state::Change;
use std::ops::Range;

impl Cursor {
    /// The nearest change of a key of the actor's state before the cursor, or after it: the moment after
    /// the call in which the turn gave the key its new value. A turn that aborted changed nothing, and
    /// neither did one that gave the key the value that it had.
    ///
    /// # Errors
    ///
    /// When there is none, or it is unknown because changes were removed from the trace.
    pub fn change(self, history: &History, key: &str, direction: Direction) -> Result<Self> {
        let last = self.actor(history)?.turns.len();
        let found = match direction {
            Direction::Backward => {
                self.first_of(history, key, 0..self.index + 1, direction, |at| at.is_before(self))?
            }
            Direction::Forward => {
                self.first_of(history, key, self.index..last, direction, |at| self.is_before(at))?
            }
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let (place, where_to) = (
            self.place(history)?,
            match direction {
                Direction::Backward => "before",
                Direction::Forward => "after",
            },
        );
        let message = format!("`{key}` did not change {where_to} {place}");
        let problem = Diagnostic::error(NO_SUCH_TURN, message);
        let ever = self.first_change(history, key);
        Err(Box::new(match ever.and_then(|first| first.place(history)) {
            Ok(first) => problem.help(format!("It changed for the first time in {first}.")),
            Err(_) => problem.help(format!("`{}` has never had this key.", place.actor)),
        }))
    }

    /// The first change of a key of the actor's state.
    ///
    /// # Errors
    ///
    /// When there is none, or it is unknown because changes were removed from the trace.
    pub fn first_change(self, history: &History, key: &str) -> Result<Self> {
        let actor = self.actor(history)?;
        let all = 0..actor.turns.len();
        let found = self.first_of(history, key, all, Direction::Forward, |_| true)?;
        found.ok_or_else(|| {
            let message = format!("`{}` has never changed `{key}`", actor.name);
            Box::new(Diagnostic::error(NO_SUCH_TURN, message))
        })
    }

    /// What differs in the state from here to another moment.
    ///
    /// # Errors
    ///
    /// When one of the two states is unknown.
    pub fn diff(self, history: &History, later: Self) -> Result<Vec<Change>> {
        Ok(self.state(history)?.changes_to(&later.state(history)?))
    }

    /// The first of some turns of the actor that changed a key at a place that is meant.
    fn first_of(
        self,
        history: &History,
        key: &str,
        range: Range<usize>,
        direction: Direction,
        is_meant: impl Fn(Self) -> bool,
    ) -> Result<Option<Self>> {
        let actor = self.actor(history)?;
        let parts = actor.turns.may_change(key, range);
        let indices: Box<dyn Iterator<Item = usize>> = match direction {
            Direction::Forward => Box::new(parts.flatten()),
            Direction::Backward => Box::new(parts.flatten().rev()),
        };
        for index in indices {
            let at = Self { index, step: None, ..self };
            let turn = history.past(actor, index)?;
            let (Some(before), Some(after)) = (&turn.before, &turn.after) else {
                let place = at.place(history)?;
                if let Some(problem) = history.left_out(&format!("what {place} changed")) {
                    return Err(problem);
                }
                let message = format!("whether {place} changed `{key}` is unknown");
                return Err(Box::new(Diagnostic::error(NO_SUCH_TURN, message).help(
                    "Changes to the state were removed from the trace: look in turns before or after.",
                )));
            };
            if before.agrees(after, key) {
                continue;
            }
            let calls = at.calls(history)?;
            let sets = |call| change(call).is_some_and(|(changed, _)| changed == key);
            let at = Self { step: calls.iter().rposition(sets).map(|index| index + 1), ..at };
            if is_meant(at) {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Whether it is an earlier moment of the same actor.
    pub(super) fn is_before(self, other: Self) -> bool {
        // The end of a turn comes after all of its steps.
        let key = |cursor: Self| (cursor.index, cursor.step.unwrap_or(usize::MAX));
        key(self) < key(other)
    }
}
