//! To a moment that is not named by its turn.

use super::Cursor;
use crate::diagnostic::{Diagnostic, NO_SUCH_TURN, Result};
use crate::replay::History;
use crate::trace::time_text;

impl Cursor {
    /// The moment after the first turn of the same actor.
    pub fn first(self) -> Self {
        Self { index: 0, step: None, ..self }
    }

    /// The moment after the turn of the same actor that stands at so many hundredths of its turns: 0 is
    /// the first one, 100 the last one, and more is the last one as well.
    ///
    /// # Errors
    ///
    /// When the history is another one.
    pub fn at_percent(self, history: &History, percent: u8) -> Result<Self> {
        let last = self.actor(history)?.turns.len().saturating_sub(1);
        // In 128 bits the product of any two 64-bit numbers has room.
        let index = (last as u128 * u128::from(percent.min(100)) + 50) / 100;
        Ok(Self { index: usize::try_from(index).unwrap_or(last), step: None, ..self })
    }

    /// The moment after the last turn of the same actor that had ended at a time, in nanoseconds since
    /// 1970.
    ///
    /// # Errors
    ///
    /// When none had ended by then.
    pub fn at_time(self, history: &History, time: u64) -> Result<Self> {
        let actor = self.actor(history)?;
        match actor.turns.ended_by(time) {
            Some(index) => Ok(Self { index, step: None, ..self }),
            None => {
                let (name, when) = (&actor.name, time_text(time));
                let message = format!("`{name}` had not ended a turn at {when}");
                let problem = Diagnostic::error(NO_SUCH_TURN, message);
                let first = self.first();
                let (place, time) = (first.place(history)?, time_text(first.turn(history)?.time));
                Err(Box::new(problem.help(format!("Its first one, {place}, ended at {time}."))))
            }
        }
    }
}
