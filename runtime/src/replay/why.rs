use super::{ActorHistory, History, PastTurn};
use crate::trace::{Cause, Step};
use std::collections::HashSet;

/// A turn in the chain of causes of another one, and what in the next one of the chain caused it.
#[derive(Debug)]
pub struct Because<'h> {
    /// The actor.
    pub actor: &'h ActorHistory,
    /// The turn.
    pub turn: &'h PastTurn,
    /// The step of the next turn of the chain that sent its message; none at the chain's end.
    pub sent: Option<Step>,
}

impl History {
    /// The chain of causes of a turn: the turn itself, the one that sent its message, and so on back to what
    /// came from outside, from the runtime, or from a turn that is not recorded yet.
    pub fn why<'h>(&'h self, actor: &'h ActorHistory, index: usize) -> Vec<Because<'h>> {
        let mut chain = Vec::new();
        // A trace that was made up can lead in a circle.
        let mut seen = HashSet::new();
        let mut next = actor.turns.get(index).map(|turn| (actor, turn));
        while let Some((actor, turn)) = next {
            if !seen.insert((actor.id, turn.header.turn)) {
                break;
            }
            let sent = match turn.header.cause {
                Cause::Outside | Cause::Runtime => None,
                Cause::Actor(step) | Cause::Timer(step) => Some(step),
            };
            chain.push(Because { actor, turn, sent });
            next = sent.and_then(|step| {
                let sender = self.by_id(step.actor)?;
                let index = sender.index_of(step.turn).ok()?;
                Some((sender, sender.turns.get(index)?))
            });
        }
        chain
    }
}
