use super::{ActorHistory, Change, History};
use crate::diagnostic::Result;
use crate::trace::{
    ActorId, Answer, CallsReader, CallsWriter, Cause, Changed, Entry, FORK, ImportCall, Kind,
    OpenTurn, PayloadKind, Record, RunDir, TurnHeader, fork,
};
use crate::turn::OutcomeKind;
use crate::wire::text;
use std::path::Path;

/// The moment of a turn from which another run goes on.
#[derive(Debug, Clone)]
pub enum Departure {
    /// After it.
    After,
    /// Before it: the message that led to it is not processed yet. One that an actor or a timer sent comes again, one
    /// from outside has to be sent again, or another one instead.
    Before,
    /// In it, with something else than it had: before it with another message, or behind an import call with another
    /// answer. All that its earlier import calls led to has happened.
    With(Change),
}

impl Departure {
    /// The number of the turn that the new run has otherwise, or has beside those of the old one, if it has. `turn` is the
    /// number of the turn from whose moment it goes on.
    pub fn changed_turn(&self, turn: u64) -> Option<u64> {
        match self {
            Self::After | Self::Before => None,
            Self::With(Change::State { before: false, .. }) => Some(turn + 1),
            Self::With(_) => Some(turn),
        }
    }

    fn is_after(&self) -> bool {
        matches!(self, Self::After | Self::With(Change::State { before: false, .. }))
    }
}

/// An open record of a turn.
struct Opened {
    position: u64,
    open: OpenTurn,
    /// How many import calls have answers in it and in those before it.
    answered: u64,
}

impl History {
    /// Makes a new run below `data` that goes on from a moment of a turn.
    ///
    /// # Errors
    ///
    /// When there is no such turn, the run is damaged before it, it is only a part, or the new one cannot be written.
    pub fn fork(
        &self,
        actor: &ActorHistory,
        index: usize,
        departure: &Departure,
        data: &Path,
    ) -> Result<RunDir> {
        // Actors go on with all that they were told.
        if let Some(problem) = self.left_out("what the actors were told") {
            return Err(problem);
        }
        let turn = self.past(actor, index)?;
        let record = self.run().record_at(turn.location)?;
        let position = record.header.position;
        let opened = match departure.is_after() {
            true => Vec::new(),
            false => self.opened(actor, turn.header.turn, position)?,
        };
        // How many answers stay as they are.
        let same = match departure {
            Departure::With(Change::Answer { step, .. }) => step - 1,
            _ => 0,
        };
        let kept = match departure {
            Departure::With(Change::Answer { .. }) => {
                opened.iter().take_while(|opened| opened.answered <= same).count()
            }
            _ => 0,
        };
        let records = match departure.is_after() {
            true => position + 1,
            false => {
                let end = opened.get(kept).map_or(position, |opened| opened.position);
                self.without_fork(end)?
            }
        };
        let change = match departure {
            Departure::With(change) => {
                let number = turn.header.turn;
                let changed = Changed {
                    actor: actor.id,
                    name: actor.name.clone(),
                    turn: departure.changed_turn(number).unwrap_or(number),
                    what: change.what(),
                };
                let entry = self.otherwise(actor.id, &record, (&opened, kept), change)?;
                Some((changed, entry))
            }
            _ => None,
        };
        fork(self.run(), records, change, data)
    }

    /// The open records of a turn, in order.
    fn opened(&self, actor: &ActorHistory, turn: u64, position: u64) -> Result<Vec<Opened>> {
        let mut opened = Vec::new();
        for position in (0..position).rev() {
            let Some((id, location)) = self.record(position) else { break };
            if id != actor.id {
                continue;
            }
            let record = self.run().record_at(location)?;
            match &record.header.kind {
                Kind::Open(open) if open.turn == turn => {
                    let last = self.calls(&record)?.pop();
                    let asks = last.is_some_and(|last| last.answer == Answer::None);
                    let answered = open.step.saturating_sub(asks.into());
                    opened.push(Opened { position, open: open.clone(), answered });
                }
                Kind::Turn(_) | Kind::Open(_) | Kind::Spawned { .. } => break,
                // An incarnation that died in the middle of it went on with it; and what an earlier turn sent may
                // have come to nothing meanwhile.
                _ => {}
            }
        }
        opened.reverse();
        Ok(opened)
    }

    /// How many records there are before a position, without a fork that says how the record there is changed.
    fn without_fork(&self, position: u64) -> Result<u64> {
        let Some(before) = position.checked_sub(1) else { return Ok(position) };
        let Some((ActorId::NODE, location)) = self.record(before) else { return Ok(position) };
        let kind = self.run().record_at(location)?.header.kind;
        Ok(if let Kind::Forked { changed: Some(_), .. } = kind { before } else { position })
    }

    /// The record with which an actor goes on otherwise than it did: mostly an open one of the turn. So many of its own
    /// ones are there.
    fn otherwise(
        &self,
        actor: ActorId,
        record: &Record,
        (opened, kept): (&[Opened], usize),
        change: &Change,
    ) -> Result<Entry> {
        let Kind::Turn(header) = &record.header.kind else {
            return Err(Box::new(self.run().damaged("a turn has the record of something else")));
        };
        let payload = |kind| record.payload(kind).map(|bytes| (kind, bytes.to_vec()));
        let first = opened.first().map(|opened| opened.open.incarnation);
        let mut open = OpenTurn {
            turn: header.turn,
            step: 0,
            incarnation: first.unwrap_or(header.incarnation),
            cause: header.cause,
            function: header.function.clone(),
        };
        let mut payloads = Vec::new();
        match change {
            Change::State { before, delta } => {
                let turn = TurnHeader {
                    turn: header.turn + u64::from(!before),
                    incarnation: open.incarnation,
                    instance: None,
                    cause: Cause::Fork,
                    function: FORK.to_owned(),
                    outcome: OutcomeKind::Returned,
                    fuel: 0,
                    elapsed: 0,
                };
                let payloads = vec![(PayloadKind::Delta, delta.encode())];
                return Ok(Entry { actor, kind: Kind::Turn(turn), payloads });
            }
            Change::Message { function, arguments, words } => {
                open.function.clone_from(function);
                payloads.extend(arguments.clone().map(|bytes| (PayloadKind::Arguments, bytes)));
                // What an actor sent has no words.
                let words = payload(PayloadKind::Origin).map(|(kind, _)| (kind, text(words)));
                payloads.extend(words);
            }
            Change::Answer { step, results } => {
                open.step = *step;
                let last = kept.checked_sub(1).and_then(|last| opened.get(last));
                if let Some(last) = last {
                    open.incarnation = last.open.incarnation;
                } else {
                    payloads.extend(payload(PayloadKind::Arguments));
                    payloads.extend(payload(PayloadKind::Origin));
                }
                let known = last.map_or(0, |last| last.answered);
                let calls = self.calls(record)?.into_iter();
                let mut calls: Vec<_> =
                    calls.skip(index(known)).take(index(step - known)).collect();
                let Some(last) = calls.last_mut() else {
                    return Err(Box::new(self.run().damaged("a turn lacks an import call")));
                };
                last.answer = Answer::Returned(results.clone());
                payloads.push((PayloadKind::Calls, CallsWriter::of(&calls)));
            }
        }
        Ok(Entry { actor, kind: Kind::Open(open), payloads })
    }

    fn calls(&self, record: &Record) -> Result<Vec<ImportCall>> {
        let bytes = record.payload(PayloadKind::Calls).unwrap_or_default();
        let calls = CallsReader::new(bytes).and_then(CallsReader::all);
        calls.map_err(|error| Box::new(self.run().damaged(&error.to_string())))
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
