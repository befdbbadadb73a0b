//! Along a message, from actor to actor.

use super::Cursor;
use crate::diagnostic::{Diagnostic, NO_SUCH_TURN, Result};
use crate::replay::History;
use crate::trace::Cause;

impl Cursor {
    /// The moment after the turn to which a message led: the one that was sent in the cursor's step, or
    /// the first that was sent in its turn. If a step led to several turns, as a timer does, to the first.
    ///
    /// # Errors
    ///
    /// When nothing was sent there, or it has not been processed.
    pub fn follow(self, history: &History) -> Result<Self> {
        let turn = self.turn(history)?.header.turn;
        let steps = match self.step {
            Some(step) => step as u64..=step as u64,
            None => 1..=u64::MAX,
        };
        let mut caused = history.caused_by(self.actor, turn, steps);
        if let Some((_, actor, index)) = caused.next() {
            return Ok(Self { actor, index, step: None });
        }
        let place = self.place(history)?;
        let message = format!("no message of {place} has led to a turn");
        let problem = Diagnostic::error(NO_SUCH_TURN, message);
        Err(Box::new(match self.step {
            Some(_) => problem.help(
                "Stand on the step that sent one: walk with `step`, or on the turn as a whole.",
            ),
            None => problem.help("Look at what it asked and sent with `step`."),
        }))
    }

    /// The step that sent the message of the cursor's turn. If it was told of an event, the moment after
    /// the turn that has caused the event.
    ///
    /// # Errors
    ///
    /// When no actor sent it, or its turn is not recorded.
    pub fn sender(self, history: &History) -> Result<Self> {
        let (actor, turn) = (self.actor(history)?, self.turn(history)?);
        let cause = history.cause(actor, turn);
        if let Some((actor, turn)) = cause.after {
            let index = actor.index_of(turn.header.turn)?;
            return Ok(Self { actor: actor.id, index, step: None });
        }
        let place = Self { step: None, ..self }.place(history)?;
        let none = |message: String| Diagnostic::error(NO_SUCH_TURN, message);
        let Some(sent) = cause.sent else {
            let problem = none(match turn.header.cause {
                Cause::Outside => format!("the message of {place} came from outside"),
                Cause::Fork => format!("nobody sent {place}: a fork changed the state there"),
                _ => format!("the message of {place} came from the runtime"),
            });
            let origin = self.view(history)?.origin;
            let help = origin.map(|origin| format!("It was: {origin}"));
            return Err(Box::new(help.into_iter().fold(problem, Diagnostic::help)));
        };
        let sender = history.by_id(sent.actor);
        let found = sender.and_then(|sender| Some((sender, sender.index_of(sent.turn).ok()?)));
        let Some((sender, index)) = found else {
            let name = sender.map_or("?", |sender| &sender.name);
            let step = format!("{name}#{}.{}", sent.turn, sent.step);
            return Err(Box::new(none(format!(
                "the turn of {step}, which sent {place}, is not recorded"
            ))));
        };
        let at = Self { actor: sender.id, index, step: None };
        // The calls can have been removed from the trace.
        Ok(usize::try_from(sent.step)
            .ok()
            .and_then(|step| at.at_step(history, step).ok())
            .unwrap_or(at))
    }
}
