//! What a turn makes happen elsewhere when it commits: messages to other actors, and timers.

use super::{Call, Control, Refused, Task};
use crate::handlers::{AtCommit, messenger};
use crate::trace::{
    ActorId, CallsReader, Effect, Entry, Kind, LogFailed, PayloadKind, Record, Step, Undeliverable,
    Watch, now,
};
use crate::wire::WireList;
use minicbor::decode::Decoder;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

impl Task {
    /// Takes over what a recorded turn wants to take place.
    pub(super) async fn take_effects(
        &mut self,
        turn: u64,
        effects: Vec<AtCommit>,
    ) -> Result<(), LogFailed> {
        for effect in effects {
            let address = |step| Step { actor: self.actor.id, turn, step };
            match effect {
                AtCommit::Timer { step, name, change } => {
                    let set = address(step);
                    self.life.timers.change(&name, &change, set, now());
                }
                AtCommit::Send { step, to: Some(to), message } => {
                    self.send(address(step), to, message).await?;
                }
                AtCommit::Send { step, to: None, .. } => {
                    self.undelivered(address(step), None, Undeliverable::Ended)?;
                }
                AtCommit::Spawn(birth) => self.post.spawn(birth)?,
                AtCommit::Stop { name, .. } => {
                    // How it went, the callback tells.
                    let (done, _) = oneshot::channel();
                    self.post.control(self.actor.id, Control::StopChild(name, done));
                }
                AtCommit::Restart { name, .. } => {
                    let (done, _) = oneshot::channel();
                    self.post.control(self.actor.id, Control::RestartChild(name, done));
                }
                // It holds since the turn was recorded.
                AtCommit::Watch { .. } => {}
            }
        }
        // Only whoever may ask for children reserves anything.
        if self.actor.manifest.handlers.supervisor.is_some() {
            self.post.release(self.actor.id);
        }
        Ok(())
    }

    /// Puts a message into its receiver's mailbox. Whoever sends more than the receiver can take waits here,
    /// for as long as one of its turns may take.
    async fn send(&self, sent: Step, to: ActorId, message: String) -> Result<(), LogFailed> {
        let Some((receiver, mailbox)) = self.post.receiver(to) else {
            return self.undelivered(sent, Some(to), Undeliverable::Ended);
        };
        let Some(mut call) = receiver.inbox_message(sent, self.actor.name.clone(), message) else {
            return self.undelivered(sent, Some(to), Undeliverable::Misfit);
        };
        let until = Instant::now() + self.actor.manifest.limits.timeout;
        loop {
            call = match mailbox.push(call) {
                Ok(()) => return Ok(()),
                Err(Refused::Closed) => {
                    return self.undelivered(sent, Some(to), Undeliverable::Ended);
                }
                Err(Refused::Full(call)) => *call,
            };
            // Its own mailbox does not empty while it waits here.
            if to == self.actor.id {
                return self.undelivered(sent, Some(to), Undeliverable::Overloaded);
            }
            tokio::select! {
                biased;
                () = mailbox.room() => {}
                () = self.actor.cancelled() => {
                    // Somebody ends it, and cannot wait. The message is promised.
                    return match mailbox.push_over(call) {
                        Ok(()) => Ok(()),
                        Err(_) => self.undelivered(sent, Some(to), Undeliverable::Ended),
                    };
                }
                () = tokio::time::sleep_until(until) => {
                    return self.undelivered(sent, Some(to), Undeliverable::Overloaded);
                }
            }
        }
    }

    fn undelivered(
        &self,
        sent: Step,
        to: Option<ActorId>,
        why: Undeliverable,
    ) -> Result<(), LogFailed> {
        let kind = Kind::Undelivered { sent, to, why };
        self.log.append(Entry { actor: sent.actor, kind, payloads: Vec::new() }).map(drop)
    }

    /// Tells the sender of a message that waited that this actor does not come to it any more.
    pub(super) fn turn_away(&self, call: Call, why: Undeliverable) -> Result<(), LogFailed> {
        match (call.cause.step(), &call.reply) {
            (Some(sent), None) => self.undelivered(sent, Some(self.actor.id), why),
            _ => {
                call.refuse(super::CallError::Ended(self.actor.name.to_string()));
                Ok(())
            }
        }
    }
}

/// The effects of a turn, as its record has them.
pub(super) fn payload(effects: &[AtCommit]) -> Option<(PayloadKind, Vec<u8>)> {
    let effects: Vec<Effect> = effects
        .iter()
        .filter_map(|effect| match effect {
            AtCommit::Send { step, to, .. } => Some(Effect::Send { step: *step, to: (*to)? }),
            AtCommit::Timer { step, .. } => Some(Effect::Timer { step: *step }),
            AtCommit::Spawn(birth) => Some(Effect::Spawn { step: birth.step.step }),
            AtCommit::Stop { step, child, .. } => Some(Effect::Stop { step: *step, child: *child }),
            AtCommit::Restart { step, child, .. } => {
                Some(Effect::Restart { step: *step, child: *child })
            }
            AtCommit::Watch { step, watch, to, .. } => {
                Some(Effect::Watch { step: *step, watch: *watch, to: *to })
            }
        })
        .collect();
    (!effects.is_empty()).then(|| (PayloadKind::Effects, Effect::encode_all(&effects)))
}

/// What a turn changes about the actors whose ends have to do with its own.
pub(super) fn watches(effects: &[AtCommit]) -> Vec<(Watch, ActorId, Arc<str>)> {
    let watch = |effect: &AtCommit| match effect {
        AtCommit::Watch { watch, to, path, .. } => Some((*watch, *to, path.clone())),
        _ => None,
    };
    effects.iter().filter_map(watch).collect()
}

/// The message that an import call of a record has sent, if it sent one and its calls were not removed.
pub(crate) fn recorded_message(record: &Record, step: u64) -> Option<String> {
    let (_, message): (String, String) = recorded_arguments(record, step, messenger::SEND)?;
    Some(message)
}

/// The arguments of an import call of a record, if it is of this function and was not removed.
pub(crate) fn recorded_arguments<T: WireList>(
    record: &Record,
    step: u64,
    function: &str,
) -> Option<T> {
    let calls = CallsReader::new(record.payload(PayloadKind::Calls)?).ok()?.all().ok()?;
    let call = calls.get(usize::try_from(step.checked_sub(1)?).ok()?)?;
    let arguments = (call.function == function).then_some(&call.arguments)?;
    T::read_values(&mut Decoder::new(arguments)).ok()
}
