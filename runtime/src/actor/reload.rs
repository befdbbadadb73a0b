//! Exchanging the component of a living actor, between two turns.

use super::process::Turn;
use super::task::Next;
use super::{Actor, Call, CallError, Reload, Task};
use crate::boundary::export::Function;
use crate::trace::{Code, Entry, Hash, Kind, LogFailed, PayloadKind};
use crate::turn::{Execution, Failure};
use std::sync::Arc;
use wasmtime::component::Val;

impl Task {
    /// Goes on with another component, unless that one has an `upgrade` that fails. State, mailbox and
    /// incarnation stay.
    pub(super) async fn reload(&mut self, reload: Reload) -> Result<Next, LogFailed> {
        let Reload { manifest, program, origin, reply } = reload;
        let before = self.actor.clone();
        let after = Arc::new(before.reloaded(manifest, program));
        self.exchange(after.clone(), after.program.upgrade().is_some(), origin)?;
        let upgraded = match after.program.upgrade() {
            Some(function) => Some(self.upgrade(function, &before).await?),
            None => None,
        };
        let failed =
            upgraded.as_ref().and_then(|(turn, execution)| failed(&before, *turn, execution));
        let (answer, next) = match failed {
            Some(error) => {
                self.exchange(before, false, None)?;
                (Err(error), Next::Continue)
            }
            None => {
                let stop = upgraded.and_then(|(_, execution)| execution.stop);
                (Ok(after), self.stop_if(stop).await?)
            }
        };
        self.log.when_stored(move |stored| {
            // Whoever asked may have left; the actor is reloaded all the same.
            let _ = reply.send(stored.map_err(CallError::NotStored).and(answer));
        });
        Ok(next)
    }

    /// Takes other code. What an instance of the old one kept in its memory is gone.
    fn exchange(
        &mut self,
        actor: Arc<Actor>,
        upgrade: bool,
        origin: Option<String>,
    ) -> Result<(), LogFailed> {
        let origin = origin.map(|origin| (PayloadKind::Origin, crate::wire::text(&origin)));
        let kind = Kind::Reloaded { code: actor.code(), upgrade };
        let payloads = origin.into_iter().collect();
        self.log.append(Entry { actor: actor.id, kind, payloads })?;
        drop(self.warm.take(actor.id));
        self.actor = actor;
        Ok(())
    }

    /// The turn in which the new component brings the state into its form.
    async fn upgrade(
        &mut self,
        function: &Function,
        before: &Actor,
    ) -> Result<(u64, Execution), LogFailed> {
        let version = before.manifest.actor.version.as_ref();
        let version = version.map_or(String::new(), |version| version.value.clone());
        let arguments = [Val::String(version)];
        let turn = Turn::own(function, &arguments, self.take_turn_number());
        let number = turn.number;
        let mut execution = self.execute(&turn).await;
        self.record(turn, &mut execution)?;
        self.commit(&mut execution);
        self.take_effects(number, std::mem::take(&mut execution.at_commit)).await?;
        Ok((number, execution))
    }
}

fn failed(actor: &Actor, turn: u64, execution: &Execution) -> Option<CallError> {
    if execution.outcome.commits() {
        return None;
    }
    let failure = execution.failure.clone().unwrap_or_else(|| Failure::new("no reason given"));
    let (actor, outcome) = (actor.name.to_string(), execution.outcome);
    Some(CallError::NotUpgraded { actor, turn, outcome, failure })
}

/// The function that a message calls. Its arguments become those of the actor's present component, if
/// the sender knew another one.
pub(super) fn fit<'a>(actor: &'a Actor, call: &mut Call) -> Result<&'a Function, CallError> {
    let misfit = |why: String| CallError::Misfit { actor: actor.name.to_string(), why };
    let function = actor
        .program
        .function(&call.function)
        .ok_or_else(|| misfit(format!("the new component has no function `{}`", call.function)))?;
    if call.generation != actor.generation {
        call.arguments = function.decode_arguments(&call.encoded).map_err(|_| {
            misfit(format!("`{}` of the new component has other parameters", call.function))
        })?;
        call.encoded = function.encode_arguments(&call.arguments);
        actor.check_size(&call.encoded)?;
    }
    Ok(function)
}

impl Actor {
    /// What it executes, as the run has it.
    fn code(&self) -> Code {
        let manifest = Hash::of(self.manifest.effective_toml().as_bytes());
        Code { component: self.program.hash, manifest }
    }
}
