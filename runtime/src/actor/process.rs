//! One message of an actor: its turn is executed, recorded, and answered.

use super::open::TurnOpening;
use super::reload::fit;
use super::task::{Next, Task, Wish};
use super::{Actor, Call, CallError, Reply, Unfinished, commit};
use crate::boundary::export::{Function, INIT};
use crate::boundary::{Crossing, Script};
use crate::handlers::{Context, Origin};
use crate::manifest::Instances;
use crate::trace::{
    CallsReader, Cause, Entry, Kind, LogFailed, OpenTurn, PayloadKind, TurnHeader, Undeliverable,
};
use crate::turn::{self, Execution};
use std::sync::Arc;
use tokio::sync::oneshot;
use wasmtime::component::Val;

/// A turn that is to be executed.
pub(super) struct Turn<'t> {
    pub function: &'t Function,
    pub arguments: &'t [Val],
    pub encoded: Arc<Vec<u8>>,
    pub number: u64,
    pub cause: Cause,
    pub sender: Option<Arc<str>>,
    pub origin: Option<String>,
    /// The class of the slot that the message asks for.
    pub depth: usize,
    /// What a dead node had of the turn.
    pub journal: Option<Journal>,
}

/// What a dead node had of a turn.
pub(super) struct Journal {
    /// The import calls that had answers, as a payload.
    calls: Vec<u8>,
    /// Of how many calls there are open records.
    opened: u64,
}

impl<'t> Turn<'t> {
    /// One that the runtime itself wants.
    pub fn own(function: &'t Function, arguments: &'t [Val], number: u64) -> Self {
        Self {
            function,
            arguments,
            encoded: Arc::new(function.encode_arguments(arguments)),
            number,
            cause: Cause::Runtime,
            sender: None,
            origin: None,
            depth: 0,
            journal: None,
        }
    }
}

impl Task {
    /// One message, from taking it out of the mailbox to commit or abort.
    pub async fn process(&mut self, mut call: Call) -> Result<Next, LogFailed> {
        let actor = self.actor.clone();
        let function = match fit(&actor, &mut call) {
            Ok(function) => function,
            Err(error) => {
                match call.reply {
                    Some(_) => call.refuse(error),
                    None => self.turn_away(call, Undeliverable::Misfit)?,
                }
                return Ok(Next::Continue);
            }
        };
        let Call { arguments, encoded, cause, sender, origin, depth, reply, .. } = call;
        let is_init = function.full_name == INIT && cause == Cause::Runtime;
        let first = is_init && !self.life.initialized;
        let number = if first { 0 } else { self.take_turn_number() };
        let unfinished = self.unfinished.take_if(|unfinished| unfinished.turn == number);
        // Until all of it is done.
        let _pending = unfinished.as_ref().map(|unfinished| unfinished.pending.clone());
        let journal = unfinished.map(|Unfinished { calls, opened, .. }| Journal { calls, opened });
        let (arguments, encoded) = (&arguments[..], Arc::new(encoded));
        let turn =
            Turn { function, arguments, encoded, number, cause, sender, origin, depth, journal };
        let mut execution = self.execute(&turn).await;
        let next = match self.record(turn, &mut execution) {
            Ok(()) => self.conclude(number, &mut execution, is_init).await,
            Err(failed) => Err(failed),
        };
        if let Some(reply) = reply {
            self.answer(reply, number, cause, execution);
        }
        if self.log.is_crowded() {
            self.log.flush().await?;
        }
        next
    }

    /// Answers when all that follows from the turn is stored. Another actor need not wait for that: what it
    /// does with the answer comes later in the log.
    fn answer(
        &self,
        reply: oneshot::Sender<Result<Reply, CallError>>,
        turn: u64,
        cause: Cause,
        execution: Execution,
    ) {
        let Execution { outcome, failure, values, .. } = execution;
        let result = match failure {
            None => Ok(Reply { turn, values }),
            Some(failure) => {
                let actor = self.actor.name.to_string();
                Err(CallError::Aborted { actor, turn, outcome, failure })
            }
        };
        // Whoever asked may have left; the turn stands in the trace all the same.
        if let Cause::Actor(_) = cause {
            let _ = reply.send(result);
            return;
        }
        self.log.when_stored(move |stored| {
            let _ = reply.send(stored.map_err(CallError::NotStored).and(result));
        });
    }

    pub(super) fn take_turn_number(&mut self) -> u64 {
        let turn = self.life.next_turn;
        self.life.next_turn += 1;
        turn
    }

    pub(super) async fn execute(&self, turn: &Turn<'_>) -> Execution {
        let Actor { name, id, manifest, program, vitals, .. } = &*self.actor;
        let (cancel, limits) = (&vitals.cancel, &manifest.limits);
        cancel.send_replace(false);
        // The semaphores are never closed; were they, the turn would run all the same.
        let slot = self.slots.take(turn.depth, program.memories, vitals.awaited.subscribe()).await;
        let class = slot.as_ref().map_or(turn.depth, |slot| slot.class);
        let origin = Origin::new(&turn.cause, turn.sender.clone());
        let state = self.life.state.clone();
        let takes_ticks = program.callback("timer-callback", "tick").is_some();
        let context =
            Context::new(name.clone(), *id, turn.number, origin, state, &manifest.handlers)
                .among(self.post.clone(), class)
                .with_timers(self.life.timers.clone(), takes_ticks);
        let task = turn::Task {
            function: turn.function,
            arguments: turn.arguments,
            context,
            crossing: self.crossing(turn),
            limits,
            fuel: limits.fuel,
            cancel: Some(cancel.subscribe()),
        };
        match manifest.actor.instance {
            Instances::Fresh => turn::execute(program, task).await,
            Instances::Warm => {
                let mut instance = self.warm.take(*id);
                let execution = turn::execute_warm(program, &mut instance, task).await;
                if let Some(instance) = instance {
                    self.warm.keep(*id, instance);
                }
                execution
            }
        }
    }

    /// What records a turn while it runs, or goes on with one.
    fn crossing(&self, turn: &Turn<'_>) -> Crossing {
        let limit = self.actor.manifest.limits.message;
        let script = turn
            .journal
            .as_ref()
            .and_then(|journal| Some((CallsReader::new(&journal.calls).ok()?, journal.opened)));
        let message = script.is_none().then(|| (turn.encoded.clone(), turn.origin.clone()));
        let crossing = match script {
            Some((calls, opened)) => Crossing::resume(Script::new(calls), opened, limit),
            None => Crossing::live(limit),
        };
        if !self.actor.manifest.may_ask() {
            return crossing;
        }
        crossing.with_opening(Box::new(TurnOpening {
            log: self.log.clone(),
            actor: self.actor.id,
            open: OpenTurn {
                turn: turn.number,
                step: 0,
                incarnation: self.life.incarnation,
                cause: turn.cause,
                function: turn.function.full_name.clone(),
            },
            message,
        }))
    }

    pub(super) fn record(
        &self,
        turn: Turn<'_>,
        execution: &mut Execution,
    ) -> Result<(), LogFailed> {
        let Turn { function, encoded, number, cause, origin, .. } = turn;
        let header = TurnHeader {
            turn: number,
            incarnation: self.life.incarnation,
            instance: execution.instance,
            cause,
            function: function.full_name.clone(),
            outcome: execution.outcome,
            fuel: execution.fuel,
            elapsed: u64::try_from(execution.elapsed.as_nanos()).unwrap_or(u64::MAX),
        };
        let mut payloads = Vec::with_capacity(5);
        let mut add = |kind, bytes: Vec<u8>| payloads.push((kind, bytes));
        if !function.params.is_empty() {
            // Nobody else has them when the turn is over.
            add(PayloadKind::Arguments, Arc::unwrap_or_clone(encoded));
        }
        if !execution.calls.is_empty() {
            add(PayloadKind::Calls, std::mem::take(&mut execution.calls));
        }
        if !execution.delta.0.is_empty() {
            add(PayloadKind::Delta, execution.delta.encode());
        }
        if let Some(result) = execution.result.take().filter(|_| !function.results.is_empty()) {
            add(PayloadKind::Result, result);
        }
        if let Some(failure) = &execution.failure {
            add(PayloadKind::Failure, failure.encode());
        }
        if let Some(origin) = origin {
            add(PayloadKind::Origin, crate::wire::text(&origin));
        }
        payloads.extend(commit::payload(&execution.at_commit));
        let entry = Entry { actor: self.actor.id, kind: Kind::Turn(header), payloads };
        match commit::watches(&execution.at_commit).as_slice() {
            [] => self.log.append(entry).map(drop),
            watches => self.post.append(entry, watches),
        }
    }

    /// Records a turn in which its node died as one that is not to be: its actor begins without state.
    pub fn forsake(&mut self) -> Result<(), LogFailed> {
        let Some(Unfinished { turn, calls, call: Some(call), .. }) = self.unfinished.take() else {
            return Ok(());
        };
        let actor = self.actor.clone();
        let Some(function) = actor.program.function(&call.function) else { return Ok(()) };
        let message = "its node died in the middle of the turn, and the actor began without state";
        let mut execution = Execution::abandoned(calls, message);
        let number = turn.max(self.life.next_turn);
        self.life.next_turn = number + 1;
        let encoded = Arc::new(call.encoded);
        let (cause, sender, origin) = (call.cause, call.sender, call.origin);
        let arguments = &call.arguments[..];
        let (depth, journal) = (0, None);
        let turn =
            Turn { function, arguments, encoded, number, cause, sender, origin, depth, journal };
        self.record(turn, &mut execution)?;
        if let Some(reply) = call.reply {
            self.answer(reply, number, cause, execution);
        }
        Ok(())
    }

    /// What follows from a recorded turn: its state, and perhaps the end or the next incarnation.
    async fn conclude(
        &mut self,
        turn: u64,
        execution: &mut Execution,
        is_init: bool,
    ) -> Result<Next, LogFailed> {
        self.commit(execution);
        self.take_effects(turn, std::mem::take(&mut execution.at_commit)).await?;
        if let Some(reason) = execution.outcome.exit_reason() {
            let exit = self.exited(reason, Wish::Own)?;
            // What does not start is not restarted: whoever spawned it is told.
            if is_init || !self.restarts_itself {
                return Ok(Next::Ended(exit));
            }
            self.restart(false)?;
            return Ok(Next::Continue);
        }
        self.life.initialized |= is_init;
        self.stop_if(execution.stop).await
    }

    pub(super) fn commit(&mut self, execution: &mut Execution) {
        if let Some(state) = execution.state.take() {
            self.life.state = state;
        }
        self.actor.show(&self.life);
    }
}
