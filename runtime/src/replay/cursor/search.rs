//! To what a condition describes.

use super::{Cursor, Direction};
use crate::diagnostic::{Diagnostic, NO_SUCH_TURN, Result};
use crate::replay::{Condition, History, Subject};
use crate::trace::ActorId;

impl Cursor {
    /// The nearest moment before the cursor, or after it, for which a condition holds: of the same actor,
    /// or of any if the condition says of which.
    ///
    /// Turns are looked at as a whole, so that the moments lie in the turns that
    /// [`History::matching`] finds. If the condition asks for import calls, they are those calls for which
    /// it holds; else, and where it holds for no call alone, the moment after the turn.
    ///
    /// # Errors
    ///
    /// When there is none, or a record cannot be read any more.
    pub fn until(
        self,
        history: &History,
        condition: &Condition,
        direction: Direction,
    ) -> Result<Self> {
        let backward = direction == Direction::Backward;
        let turns = self.turns_from_here(history, condition.names_actor(), backward)?;
        for (actor, index) in turns {
            let turn = Self { actor, index, step: None };
            let mut stops = turn.stops(history, condition)?;
            if backward {
                stops.reverse();
            }
            let is_here = (actor, index) == (self.actor, self.index);
            let found = stops.into_iter().find(|stop| match direction {
                _ if !is_here => true,
                Direction::Forward => self.is_before(*stop),
                Direction::Backward => stop.is_before(self),
            });
            if let Some(stop) = found {
                return Ok(stop);
            }
        }
        let (place, word) = (self.place(history)?, if backward { "before" } else { "after" });
        let whose = match condition.names_actor() {
            true => "no turn".to_owned(),
            false => format!("no turn of `{}`", place.actor),
        };
        let message = format!("for {whose} {word} {place} does this hold: {condition}");
        let problem = Diagnostic::error(NO_SUCH_TURN, message);
        let others = history.actors().count() > 1 && !condition.names_actor();
        Err(Box::new(match others {
            true => problem.help(
                "Turns of other actors are looked at if the condition says of which: `actor = NAME and …`.",
            ),
            false => problem,
        }))
    }

    /// Whether a condition holds for the moment at the cursor, so that [`Cursor::until`] would stop here.
    ///
    /// # Errors
    ///
    /// When the record cannot be read any more.
    pub fn fits(self, history: &History, condition: &Condition) -> Result<bool> {
        Ok(Self { step: None, ..self }.stops(history, condition)?.contains(&self))
    }

    /// The turns from the cursor's on, or back, in the order of the log: of its actor, or of all.
    fn turns_from_here(
        self,
        history: &History,
        of_all: bool,
        backward: bool,
    ) -> Result<Box<dyn Iterator<Item = (ActorId, usize)> + '_>> {
        let here = self.turn(history)?.location;
        if !of_all {
            let (id, last) = (self.actor, self.actor(history)?.turns.len());
            return Ok(match backward {
                true => Box::new((0..=self.index).rev().map(move |index| (id, index))),
                false => Box::new((self.index..last).map(move |index| (id, index))),
            });
        }
        let turn = move |(id, location)| {
            let turns = &history.by_id(id)?.turns;
            Some((id, turns.at(location)?))
        };
        let records = history.records(None);
        Ok(match backward {
            true => Box::new(records.rev().skip_while(move |(_, at)| *at > here).filter_map(turn)),
            false => Box::new(records.skip_while(move |(_, at)| *at < here).filter_map(turn)),
        })
    }

    /// The moments inside a turn, and after it, for which a condition holds, in order.
    fn stops(self, history: &History, condition: &Condition) -> Result<Vec<Self>> {
        let view = self.view(history)?;
        let state = self.turn(history)?.after.as_ref();
        let holds = |call| condition.holds(&Subject { view: &view, call, state });
        if !holds(None) {
            return Ok(Vec::new());
        }
        let calls = if condition.is_about_calls() { view.calls.len() } else { 0 };
        let calls = (0..calls).filter(|call| holds(Some(*call)));
        let stops: Vec<_> = calls.map(|call| Self { step: Some(call + 1), ..self }).collect();
        Ok(if stops.is_empty() { vec![self] } else { stops })
    }
}
