//! What a node that died left undone: turns that had asked other actors, and messages that were sent but
//! not processed.

use super::Node;
use super::peers::Promise;
use super::recover::tells_down;
use crate::actor::{Actor, Call, CallError, Event, Refused, Unfinished, recorded_message};
use crate::trace::{
    ActorId, Answer, CallsReader, CallsWriter, Cause, Effect, Entry, Kind, LogFailed, OpenTurn,
    PayloadKind, Record, Step, Undeliverable,
};
use crate::turn::{Failure, OutcomeKind};
use crate::wire::{Wire, wire_record};
use minicbor::decode::Decoder;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// An array of nothing in CBOR.
const EMPTY_ARRAY: u8 = 0x80;

/// The fold over the log.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// At most one for each actor.
    open: BTreeMap<ActorId, Open>,
    /// What was sent and neither processed nor given up, in the order of the log.
    sent: BTreeMap<(u64, u64), Sent>,
    /// The answers to steps of turns that are open.
    answers: BTreeMap<Step, Result<Vec<u8>, Aborted>>,
    /// The paths of actors, for errors.
    names: BTreeMap<ActorId, Arc<str>>,
}

/// A turn that has open records.
#[derive(Debug)]
struct Open {
    turn: OpenTurn,
    arguments: Vec<u8>,
    origin: Option<String>,
    calls: Vec<crate::trace::ImportCall>,
}

/// A message that was sent.
#[derive(Debug)]
struct Sent {
    step: Step,
    to: ActorId,
    message: Option<String>,
}

/// Why there is no answer: the turn that was to give it aborted.
#[derive(Debug)]
struct Aborted {
    actor: String,
    turn: u64,
    outcome: OutcomeKind,
    failure: Failure,
}

wire_record!(Left, 4 { open = "open", sent = "sent", answers = "answers", names = "names" });
wire_record!(Open, 4 { turn = "turn", arguments = "arguments", origin = "origin", calls = "calls" });
wire_record!(Sent, 3 { step = "step", to = "to", message = "message" });
wire_record!(Aborted, 4 { actor = "actor", turn = "turn", outcome = "outcome", failure = "failure" });

/// The same at the end of the log.
#[derive(Debug)]
pub(super) struct Post {
    open: BTreeMap<ActorId, Open>,
    sent: Vec<Sent>,
    names: BTreeMap<ActorId, Arc<str>>,
    /// Events of which those whom they concern have not heard.
    pub untold: Vec<Event>,
    /// Where answers go that open turns give to open turns.
    replies: HashMap<Step, oneshot::Sender<Result<crate::actor::Reply, CallError>>>,
    /// Every open turn has one of these.
    pending: mpsc::Sender<Infallible>,
}

/// Ends when all open turns are done.
pub(super) type OpenTurns = mpsc::Receiver<Infallible>;

impl Left {
    /// Takes the next record of the log.
    pub fn follow(&mut self, record: &Record) {
        let actor = record.header.actor;
        match &record.header.kind {
            Kind::Spawned { name, .. } => drop(self.names.insert(actor, name.as_str().into())),
            Kind::Open(turn) => self.opened(actor, turn, record),
            Kind::Turn(turn) => {
                if self.open.get(&actor).is_some_and(|open| open.turn.turn == turn.turn) {
                    self.open.remove(&actor);
                    self.answers.retain(|step, _| step.actor != actor);
                }
                if let Cause::Actor(step) = turn.cause {
                    self.processed(step, record, turn.turn, turn.outcome);
                }
                if turn.outcome.commits() {
                    self.sends(actor, turn.turn, record);
                }
            }
            Kind::Undelivered { sent, .. } => self.sent.retain(|_, message| message.step != *sent),
            // It comes to nothing any more.
            Kind::Stopped => drop(self.open.remove(&actor)),
            _ => {}
        }
    }

    fn opened(&mut self, actor: ActorId, turn: &OpenTurn, record: &Record) {
        let calls = record.payload(PayloadKind::Calls).unwrap_or_default();
        let calls = CallsReader::new(calls).and_then(CallsReader::all).unwrap_or_default();
        let payload = |kind| record.payload(kind).map(<[u8]>::to_vec);
        let known = self.open.get_mut(&actor).filter(|open| open.turn.turn == turn.turn);
        match known {
            Some(open) => {
                open.calls.pop_if(|last| last.answer == Answer::None);
                open.calls.extend(calls);
            }
            None => {
                let origin = payload(PayloadKind::Origin);
                let text = |bytes: Vec<u8>| String::read(&mut Decoder::new(&bytes)).ok();
                let open = Open {
                    turn: turn.clone(),
                    // A function without parameters has an empty list of arguments.
                    arguments: payload(PayloadKind::Arguments).unwrap_or_else(|| vec![EMPTY_ARRAY]),
                    origin: origin.and_then(text),
                    calls,
                };
                self.open.insert(actor, open);
            }
        }
    }

    /// A message of another actor was processed.
    fn processed(&mut self, step: Step, record: &Record, turn: u64, outcome: OutcomeKind) {
        self.sent.retain(|_, message| message.step != step);
        if self.open.get(&step.actor).is_none_or(|open| open.turn.turn != step.turn) {
            return;
        }
        let answer = match outcome.commits() {
            true => Ok(record.payload(PayloadKind::Result).unwrap_or_default().to_vec()),
            false => {
                let failure = record.payload(PayloadKind::Failure);
                let failure = failure.and_then(|bytes| Failure::decode(bytes).ok());
                Err(Aborted {
                    actor: self.name(record.header.actor).to_string(),
                    turn,
                    outcome,
                    failure: failure.unwrap_or_else(|| Failure::new("no reason was recorded")),
                })
            }
        };
        self.answers.insert(step, answer);
    }

    fn sends(&mut self, actor: ActorId, turn: u64, record: &Record) {
        let Some(effects) = record.payload(PayloadKind::Effects) else { return };
        for effect in Effect::decode_all(effects).unwrap_or_default() {
            let Effect::Send { step, to } = effect else { continue };
            let message = recorded_message(record, step);
            let place = (record.header.position, step);
            self.sent.insert(place, Sent { step: Step { actor, turn, step }, to, message });
        }
    }

    fn name(&self, actor: ActorId) -> Arc<str> {
        self.names.get(&actor).cloned().unwrap_or_else(|| "".into())
    }

    /// At the end of the log: what is to be done, the answers that need not be asked for again, and what ends with the
    /// turns that are open.
    pub fn settled(mut self) -> (Post, HashMap<Step, Promise>, OpenTurns) {
        let mut promises: HashMap<Step, Promise> = std::mem::take(&mut self.answers)
            .into_iter()
            .map(|(step, answer)| (step, Promise::Recorded(answer.map_err(Aborted::into))))
            .collect();
        let mut replies = HashMap::new();
        for open in self.open.values() {
            let Cause::Actor(step) = open.turn.cause else { continue };
            // The turn that it belongs to goes on by itself.
            self.sent.retain(|_, message| message.step != step);
            let asked = self.open.get(&step.actor).is_some_and(|asker| {
                asker.turn.turn == step.turn && asker.calls.len() as u64 == step.step
            });
            if asked {
                let (reply, answer) = oneshot::channel();
                promises.insert(step, Promise::Coming(answer));
                replies.insert(step, reply);
            }
        }
        let sent = self.sent.into_values().collect();
        let (pending, open_turns) = mpsc::channel(1);
        let (open, names, untold) = (self.open, self.names, Vec::new());
        (Post { open, sent, names, untold, replies, pending }, promises, open_turns)
    }
}

impl From<Aborted> for CallError {
    fn from(Aborted { actor, turn, outcome, failure }: Aborted) -> Self {
        Self::Aborted { actor, turn, outcome, failure }
    }
}

impl Post {
    /// Whether an open turn is the one in which an actor hears of an event.
    pub fn tells(&self, position: u64, to: ActorId, down: bool) -> bool {
        self.open.get(&to).is_some_and(|Open { turn, .. }| {
            turn.cause == Cause::Event(position) && tells_down(&turn.function) == down
        })
    }

    /// The turn in which an actor's node died, if there is one.
    pub fn unfinished(&mut self, actor: &Actor) -> Option<Unfinished> {
        let Open { turn, arguments, origin, mut calls } = self.open.remove(&actor.id)?;
        let opened = calls.len() as u64;
        // It is asked again, if its answer is not there.
        calls.pop_if(|last| last.answer == Answer::None);
        let calls = CallsWriter::of(&calls);
        let call = (turn.turn != 0).then(|| actor.program.function(&turn.function)).flatten();
        let call = call.and_then(|function| {
            Some(Call {
                function: turn.function.clone(),
                generation: actor.generation(),
                arguments: function.decode_arguments(&arguments).ok()?,
                encoded: arguments,
                cause: turn.cause,
                sender: turn.cause.step().and_then(|step| self.names.get(&step.actor).cloned()),
                origin,
                depth: 0,
                reply: turn.cause.step().and_then(|step| self.replies.remove(&step)),
            })
        });
        (turn.turn == 0 || call.is_some()).then_some(Unfinished {
            turn: turn.turn,
            calls,
            opened,
            call,
            pending: self.pending.clone(),
        })
    }

    /// Tells of what happened, and puts the messages that were sent into the mailboxes of those who live again.
    pub fn deliver(self, node: &Node) -> Result<(), LogFailed> {
        for event in &self.untold {
            node.tell_of(event, self.names.get(&event.of));
        }
        for Sent { step, to, message } in self.sent {
            let receiver = node.inner.post.receiver(to);
            let sender = self.names.get(&step.actor).cloned().unwrap_or_else(|| "".into());
            let call = receiver
                .as_ref()
                .zip(message)
                .and_then(|((receiver, _), message)| receiver.inbox_message(step, sender, message));
            let why = match (receiver, call) {
                (None, _) => Undeliverable::Ended,
                (Some(_), None) => Undeliverable::Misfit,
                // They had room before.
                (Some((_, mailbox)), Some(call)) => match mailbox.push_over(call) {
                    Ok(()) => continue,
                    Err(Refused::Full(_) | Refused::Closed) => Undeliverable::Ended,
                },
            };
            let kind = Kind::Undelivered { sent: step, to: Some(to), why };
            node.inner.log.append(Entry { actor: step.actor, kind, payloads: Vec::new() })?;
        }
        Ok(())
    }
}
