use super::life::impossible;
use super::{ActorHistory, History, PastTurn};
use crate::diagnostic::Result;
use crate::trace::{ActorId, Cause, Kind, RecordView, Step, WhatChanged};
use std::collections::HashSet;

/// A turn in the chain of causes of another one, and what in the next one of the chain caused it.
#[derive(Debug)]
pub struct Because<'h> {
    /// The actor.
    pub actor: &'h ActorHistory,
    /// The turn.
    pub turn: &'h PastTurn,
    /// The step of the next turn of the chain that sent its message, or asked for its actor.
    pub sent: Option<Step>,
    /// The record, of the actor of the chain's next turn, of which its message tells.
    pub event: Option<u64>,
}

/// What has caused a turn by itself, and not over others.
pub(super) struct Direct<'h> {
    /// The step that sent its message, or asked for its actor.
    pub sent: Option<Step>,
    /// The record of which its message tells.
    pub event: Option<u64>,
    /// The turn that caused that event.
    pub after: Option<(&'h ActorHistory, &'h PastTurn)>,
}

impl History {
    /// The chain of causes of a turn: the turn itself, the one that sent its message, and so on back to what
    /// came from outside, from the runtime, or from a turn that is not recorded yet. What an event tells was caused by the
    /// last turn before it of the actor to which it happened; the first turn of a child on request by the turn that asked
    /// for it.
    pub fn why<'h>(&'h self, actor: &'h ActorHistory, index: usize) -> Vec<Because<'h>> {
        let mut chain = Vec::new();
        // A trace that was made up can lead in a circle.
        let mut seen = HashSet::new();
        let mut next = actor.turns.get(index).map(|turn| (actor, turn));
        while let Some((actor, turn)) = next {
            if !seen.insert((actor.id, turn.header.turn)) {
                break;
            }
            let cause = self.cause(actor, turn);
            chain.push(Because { actor, turn, sent: cause.sent, event: cause.event });
            next = cause.after.or_else(|| {
                let step = cause.sent?;
                let sender = self.by_id(step.actor)?;
                let index = sender.index_of(step.turn).ok()?;
                Some((sender, sender.turns.get(index)?))
            });
        }
        chain
    }

    /// The records of the forks with which a turn became otherwise than in the run before, in their order.
    ///
    /// # Errors
    ///
    /// When it cannot be read any more.
    pub fn forked(&self, actor: ActorId, turn: u64) -> Result<Vec<RecordView>> {
        let mut found = Vec::new();
        for position in &self.forks {
            let Some((node, location)) = self.record(*position) else { continue };
            let view = self.view_at(node, location)?;
            let Kind::Forked { changed: Some(changed), .. } = &view.kind else { continue };
            if (changed.actor, changed.turn) == (actor, turn) {
                found.push(view);
            }
        }
        Ok(found)
    }

    /// Whether nothing was executed in a turn: a fork changed the state, and its record tells of that.
    pub(super) fn is_of_fork(&self, actor: ActorId, turn: &PastTurn) -> bool {
        let is_it = |view: &RecordView| matches!(&view.kind, Kind::Forked { changed: Some(changed), .. } if changed.what == WhatChanged::State);
        turn.header.cause == Cause::Fork
            && self.forked(actor, turn.header.turn).is_ok_and(|forks| forks.iter().any(is_it))
    }

    /// Whether there is something in a turn that can be executed again.
    ///
    /// # Errors
    ///
    /// When a fork changed the state there, and nothing was executed; or it cannot be read any more.
    pub fn is_executable(&self, actor: &ActorHistory, index: usize) -> Result<()> {
        let turn = self.past(actor, index)?;
        if !self.is_of_fork(actor.id, turn) {
            return Ok(());
        }
        let why = "a fork changed the state there, and nothing was executed";
        let help = format!("`theater trace why {}#{}` tells more.", actor.name, turn.header.turn);
        Err(Box::new(impossible(actor, index, why).help(help)))
    }

    /// What has caused a turn.
    pub(super) fn cause<'h>(&'h self, actor: &'h ActorHistory, turn: &PastTurn) -> Direct<'h> {
        let mut cause = Direct { sent: None, event: None, after: None };
        match turn.header.cause {
            Cause::Outside | Cause::Fork => {}
            Cause::Runtime if turn.header.turn == 0 => cause.sent = actor.request,
            Cause::Runtime => {}
            Cause::Actor(step) | Cause::Timer(step) => cause.sent = Some(step),
            Cause::Event(position) => {
                cause.event = Some(position);
                cause.after = self.before(position);
                // It had no turn: it was only asked for.
                let of = self.record(position).and_then(|(id, _)| self.by_id(id));
                cause.sent = of.filter(|_| cause.after.is_none()).and_then(|actor| actor.request);
            }
        }
        cause
    }

    /// The last turn that an actor had up to one of its records.
    fn before(&self, position: u64) -> Option<(&ActorHistory, &PastTurn)> {
        let (id, location) = self.record(position)?;
        let actor = self.by_id(id)?;
        let count = actor.turns.up_to(location);
        Some((actor, actor.turns.get(count.checked_sub(1)?)?))
    }
}
