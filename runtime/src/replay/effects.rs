use super::{ActorHistory, History, PastTurn};
use crate::trace::{ActorId, Step};
use std::collections::HashSet;

/// A turn that followed from another one.
#[derive(Debug)]
pub struct Followed<'h> {
    /// How many turns lie between it and the one that was asked about, with it itself: from 1.
    pub depth: usize,
    /// The actor.
    pub actor: &'h ActorHistory,
    /// The turn.
    pub turn: &'h PastTurn,
    /// The step of the turn before that sent its message, or asked for its actor. None if an event that
    /// the turn before has caused led to it.
    pub sent: Option<Step>,
}

impl History {
    /// All turns that followed from a turn, or from one import call of it: each before what followed from
    /// it, and those of one turn in the order of its calls, behind what its end has caused.
    pub fn effects<'h>(
        &'h self,
        actor: &ActorHistory,
        index: usize,
        step: Option<u64>,
    ) -> Vec<Followed<'h>> {
        let mut followed = Vec::new();
        // A trace that was made up can lead in a circle.
        let mut seen = HashSet::new();
        let Some(turn) = actor.turns.get(index) else { return followed };
        let number = turn.header.turn;
        seen.insert((actor.id, number));
        let steps = step.map_or(0..=u64::MAX, |step| step..=step);
        let mut left: Vec<_> = self.caused_by(actor.id, number, steps).map(|it| (1, it)).collect();
        left.reverse();
        while let Some((depth, (step, actor, index))) = left.pop() {
            let Some((actor, turn)) =
                self.by_id(actor).and_then(|a| Some((a, a.turns.get(index)?)))
            else {
                continue;
            };
            if !seen.insert((actor.id, turn.header.turn)) {
                continue;
            }
            let sent = Some(step).filter(|step| step.step > 0);
            followed.push(Followed { depth, actor, turn, sent });
            let first = left.len();
            let next = self.caused_by(actor.id, turn.header.turn, 0..=u64::MAX);
            left.extend(next.map(|it| (depth + 1, it)));
            left[first..].reverse();
        }
        followed
    }

    /// The turns that some steps of a turn have caused by themselves: the step, the actor, the index.
    pub(super) fn caused_by(
        &self,
        actor: ActorId,
        turn: u64,
        steps: std::ops::RangeInclusive<u64>,
    ) -> impl Iterator<Item = (Step, ActorId, usize)> {
        let at = move |step| Step { actor, turn, step };
        let range = at(*steps.start())..=at(*steps.end());
        let caused = self
            .caused
            .range(range)
            .flat_map(|(step, turns)| turns.iter().map(|(actor, index)| (*step, *actor, *index)));
        let index = self.index.as_ref();
        let indexed = index.map(|index| index.caused(&self.fences, actor, turn, steps));
        let indexed = indexed.unwrap_or_default().into_iter();
        let indexed = indexed.map(move |(_, step, actor, index)| (at(step), actor, index));
        let mut all: Vec<_> = indexed.chain(caused).collect();
        // Stable, so that what one step has caused stays in the order of the log.
        all.sort_by_key(|(step, ..)| *step);
        all.into_iter()
    }
}
