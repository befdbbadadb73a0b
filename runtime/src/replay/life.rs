//! The life of one instance, as replay goes through it.

use super::replayer::difference;
use super::{ActorHistory, PastTurn, Replayed, Replayer};
use crate::diagnostic::{Diagnostic, REPLAY_IMPOSSIBLE, Result};
use crate::turn::{Instance, OutcomeKind};
use std::ops::Range;

/// The instance that the turns of a life have one after the other.
pub(super) struct Life {
    /// The instance, if it is to be kept and was made.
    pub instance: Option<Instance>,
    /// Whether one of its turns ended in a stack overflow, so that its fuel is the only limit.
    pub large_stack: bool,
    /// Why no further turn can be executed.
    ended: Option<End>,
}

enum End {
    /// It ended, in replay, with this turn.
    Instance(u64),
    /// A turn could not be executed, and nobody knows what it left in the memory.
    Unknown(String),
}

impl Life {
    /// Before the first of these turns.
    pub fn begin(replayer: &Replayer, actor: &ActorHistory, turns: &Range<usize>) -> Self {
        let past = |index| actor.turns.get(index);
        let headers = || turns.clone().filter_map(past).map(|past| &past.header);
        let first = headers().next();
        let missing = match first.and_then(|first| Some((first.instance?, first.turn))) {
            Some((began, turn)) if began != turn && !replayer.is_fresh() => Some(began),
            _ => None,
        };
        let unknown = |began| {
            End::Unknown(format!("its instance is one of turn {began}, not found before it"))
        };
        Self {
            instance: None,
            large_stack: headers().any(|header| header.outcome == OutcomeKind::StackOverflow),
            ended: missing.map(unknown),
        }
    }

    /// What is to be said of a turn for which there is no instance any more.
    pub fn ended(&self, actor: &ActorHistory, index: usize) -> Option<Result<Replayed>> {
        Some(match self.ended.as_ref()? {
            End::Unknown(why) => Err(impossible(actor, index, why)),
            End::Instance(last) => {
                let header = &actor.turns.get(index)?.header;
                let began = header.instance.unwrap_or(header.turn);
                let expected = format!("the one of turn {began}");
                let actual = format!("that one ended with turn {last}");
                let divergence = Some(difference("instance", &expected, &actual));
                Ok(Replayed { turn: header.turn, divergence })
            }
        })
    }

    /// After a turn.
    pub fn note(&mut self, actor: &ActorHistory, index: usize, failed: bool) {
        if self.ended.is_some() {
            return;
        }
        let turn = actor.turns.get(index).map_or(0, |past| past.header.turn);
        if failed {
            let why = format!("it needs the memory that turn {turn} left, which is unknown");
            self.ended = Some(End::Unknown(why));
        } else if self.instance.is_none() {
            self.ended = Some(End::Instance(turn));
        }
    }
}

impl ActorHistory {
    /// Whether the turn at an index is the first one of its instance that is there.
    pub(super) fn begins_life(&self, index: usize) -> bool {
        let past = |index| self.turns.get(index);
        let instance = |past: &PastTurn| (past.header.instance, past.code);
        let Some(this) = past(index).filter(|this| this.header.instance.is_some()) else {
            return true;
        };
        let before = index.checked_sub(1).and_then(past);
        before.is_none_or(|before| instance(before) != instance(this))
    }

    /// The turns that had the same instance as the one at an index; only itself, if its instance was
    /// a fresh one.
    pub fn life(&self, index: usize) -> Range<usize> {
        let Some(this) = self.turns.get(index).filter(|past| past.header.instance.is_some()) else {
            return index..index + 1;
        };
        let same = |index: &usize| {
            let past = self.turns.get(*index);
            past.is_some_and(|past| {
                past.header.instance == this.header.instance && past.code == this.code
            })
        };
        let before = (0..index).rev().take_while(same).count();
        let after = (index..self.turns.len()).take_while(same).count();
        index - before..index + after
    }
}

/// The report that a turn cannot be executed again.
pub(super) fn impossible(actor: &ActorHistory, index: usize, why: &str) -> Box<Diagnostic> {
    let turn = actor.turns.get(index).map_or(0, |past| past.header.turn);
    let message = format!("{}#{turn} cannot be replayed: {why}", actor.name);
    Box::new(Diagnostic::error(REPLAY_IMPOSSIBLE, message))
}
