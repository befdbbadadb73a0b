//! The task of one actor: take a message, execute the turn, record it, answer.

use super::reload::fit;
use super::{Actor, Call, CallError, Control, Reply, WarmInstances};
use crate::boundary::Crossing;
use crate::boundary::export::{Function, INIT};
use crate::handlers::{Context, StopReason};
use crate::manifest::Instances;
use crate::state::State;
use crate::trace::{Cause, Entry, ExitReason, Kind, Log, LogFailed, PayloadKind, TurnHeader};
use crate::turn::{self, Execution};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot};
use wasmtime::component::{Type, Val};

/// The callback that an actor may export to have a last turn.
const TERMINATE: (&str, &str) = ("theater:actor/lifecycle@0.1.", "terminate");

/// What an actor is at a moment between two turns.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    /// Whether its `init`, if it has one, has committed in this or an earlier incarnation.
    pub initialized: bool,
    /// Which of its lives it is in.
    pub incarnation: u32,
    /// The number of its next turn.
    pub next_turn: u64,
    /// Its committed state.
    pub state: State,
}

/// The task of one actor.
pub(crate) struct Task {
    pub actor: Arc<Actor>,
    pub life: Life,
    pub log: Arc<Log>,
    pub slots: Arc<Semaphore>,
    pub warm: Arc<WarmInstances>,
    /// Whether it stands under the node's root, which restarts it after every abnormal exit.
    pub restarts_itself: bool,
    /// Who waits for it to be restarted.
    pub restarting: Option<oneshot::Sender<()>>,
    pub mailbox: mpsc::Receiver<Call>,
    pub control: mpsc::UnboundedReceiver<Control>,
}

impl Life {
    /// What an actor is before anything has happened to it.
    pub fn new() -> Self {
        Self { initialized: false, incarnation: 1, next_turn: 1, state: State::default() }
    }
}

/// How an incarnation ended. It is recorded by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    /// Why.
    pub reason: ExitReason,
    /// On whose wish.
    pub wish: Wish,
}

impl Exit {
    /// The node is gone.
    const WITH_NODE: Self = Self { reason: ExitReason::Shutdown, wish: Wish::Shutdown };
}

/// On whose wish an incarnation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Nobody else's.
    Own,
    /// Somebody stopped it.
    Stop,
    /// Somebody wants it to begin again.
    Restart,
    /// The node ends, and shall find it again.
    Shutdown,
}

/// Whether the incarnation goes on.
pub(crate) enum Next {
    Continue,
    Ended(Exit),
}

impl Task {
    /// Lives until the incarnation ends. Messages that wait then, wait for the next one.
    pub async fn run(&mut self) -> Result<Exit, LogFailed> {
        loop {
            tokio::select! {
                biased;
                control = self.control.recv() => {
                    if let Some(exit) = self.obey(control).await? {
                        return Ok(exit);
                    }
                }
                call = self.mailbox.recv() => {
                    // Without a node there is nobody left who could send.
                    let Some(call) = call else { return Ok(Exit::WITH_NODE) };
                    if let Next::Ended(exit) = self.process(call).await? {
                        return Ok(exit);
                    }
                }
            }
        }
    }

    async fn obey(&mut self, control: Option<Control>) -> Result<Option<Exit>, LogFailed> {
        let (reason, wish) = match control {
            Some(Control::Reload(reload)) => {
                return Ok(match self.reload(*reload).await? {
                    Next::Continue => None,
                    Next::Ended(exit) => Some(exit),
                });
            }
            Some(Control::Stop) => (ExitReason::Shutdown, Wish::Stop),
            Some(Control::Shutdown) => (ExitReason::Shutdown, Wish::Shutdown),
            Some(Control::Kill) => (ExitReason::Killed, Wish::Own),
            Some(Control::Restart(done)) => {
                self.restarting = Some(done);
                (ExitReason::Shutdown, Wish::Restart)
            }
            // Its supervisor hears these.
            Some(Control::StopChild(..) | Control::StartChild(..)) => return Ok(None),
            None => return Ok(Some(Exit::WITH_NODE)),
        };
        if reason == ExitReason::Shutdown {
            self.terminate(StopReason::Shutdown).await?;
        }
        self.exited(reason, wish).map(Some)
    }

    /// Begins the next incarnation: with the last committed state, or with none.
    pub fn restart(&mut self, fresh: bool) -> Result<(), LogFailed> {
        self.life.incarnation += 1;
        if fresh {
            self.life.state = State::default();
        }
        self.append(Kind::Restarted { incarnation: self.life.incarnation, fresh })?;
        self.actor.show(&self.life);
        if let Some(done) = self.restarting.take() {
            // Whoever asked may have left.
            let _ = done.send(());
        }
        Ok(())
    }

    /// The end for good. Messages that wait are answered with an error.
    pub fn end(&mut self) -> Result<(), LogFailed> {
        self.close();
        self.append(Kind::Stopped)
    }

    /// Takes no more messages. Those that wait are answered with an error.
    pub fn close(&mut self) {
        self.mailbox.close();
        while let Ok(call) = self.mailbox.try_recv() {
            // Whoever asked may have left.
            let _ = call.reply.send(Err(CallError::Ended(self.actor.name.to_string())));
        }
    }

    /// One message, from taking it out of the mailbox to commit or abort.
    pub async fn process(&mut self, mut call: Call) -> Result<Next, LogFailed> {
        let actor = self.actor.clone();
        let function = match fit(&actor, &mut call) {
            Ok(function) => function,
            Err(error) => {
                // Whoever asked may have left.
                let _ = call.reply.send(Err(error));
                return Ok(Next::Continue);
            }
        };
        let Call { arguments, encoded, cause, origin, reply, .. } = call;
        let is_init = function.full_name == INIT && cause == Cause::Runtime;
        let first = is_init && !self.life.initialized;
        let turn = if first { 0 } else { self.take_turn_number() };
        let mut execution = self.execute(function, &arguments, turn, cause).await;
        let recorded = self.record(function, encoded, turn, cause, origin, &mut execution);
        let next = match recorded {
            Ok(()) => self.conclude(&mut execution, is_init).await,
            Err(failed) => Err(failed),
        };
        self.answer(reply, turn, execution);
        if self.log.is_crowded() {
            self.log.flush().await?;
        }
        next
    }

    /// Answers when all that follows from the turn is stored.
    fn answer(
        &self,
        reply: oneshot::Sender<Result<Reply, CallError>>,
        turn: u64,
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
        self.log.when_stored(move |stored| {
            // Whoever asked may have left; the turn stands in the trace all the same.
            let _ = reply.send(stored.map_err(CallError::NotStored).and(result));
        });
    }

    pub(super) fn take_turn_number(&mut self) -> u64 {
        let turn = self.life.next_turn;
        self.life.next_turn += 1;
        turn
    }

    pub(super) async fn execute(
        &self,
        function: &Function,
        arguments: &[Val],
        turn: u64,
        cause: Cause,
    ) -> Execution {
        let Actor { name, id, manifest, program, vitals, .. } = &*self.actor;
        let cancel = &vitals.cancel;
        let context = Context::new(
            name.clone(),
            *id,
            turn,
            cause,
            self.life.state.clone(),
            &manifest.handlers,
        );
        cancel.send_replace(false);
        // The semaphore is never closed; were it, the turn would run all the same.
        let _slot = self.slots.acquire().await.ok();
        let task = turn::Task {
            function,
            arguments,
            context,
            crossing: Crossing::live(manifest.limits.message),
            limits: &manifest.limits,
            fuel: manifest.limits.fuel,
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

    pub(super) fn record(
        &self,
        function: &Function,
        arguments: Vec<u8>,
        turn: u64,
        cause: Cause,
        origin: Option<String>,
        execution: &mut Execution,
    ) -> Result<(), LogFailed> {
        let header = TurnHeader {
            turn,
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
            add(PayloadKind::Arguments, arguments);
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
        self.log.append(Entry { actor: self.actor.id, kind: Kind::Turn(header), payloads })?;
        Ok(())
    }

    /// What follows from a recorded turn: its state, and perhaps the end or the next incarnation.
    async fn conclude(
        &mut self,
        execution: &mut Execution,
        is_init: bool,
    ) -> Result<Next, LogFailed> {
        self.commit(execution);
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

    /// Ends the actor if it wishes so.
    pub(super) async fn stop_if(&mut self, wish: Option<StopReason>) -> Result<Next, LogFailed> {
        let Some(reason) = wish else { return Ok(Next::Continue) };
        self.terminate(reason).await?;
        let reason = match reason {
            StopReason::Normal => ExitReason::Normal,
            StopReason::Shutdown => ExitReason::Shutdown,
        };
        self.exited(reason, Wish::Own).map(Next::Ended)
    }

    pub(super) fn commit(&mut self, execution: &mut Execution) {
        if let Some(state) = execution.state.take() {
            self.life.state = state;
        }
        self.actor.show(&self.life);
    }

    /// The last turn of an actor that ends in order, if it wants one.
    async fn terminate(&mut self, reason: StopReason) -> Result<(), LogFailed> {
        let actor = self.actor.clone();
        let terminate = actor.program.callbacks.iter().find(|function| {
            let interface = function.interface.as_deref().unwrap_or_default();
            interface.starts_with(TERMINATE.0) && function.name == TERMINATE.1
        });
        let reason = match reason {
            StopReason::Normal => "normal",
            StopReason::Shutdown => "shutdown",
        };
        let Some(function) = terminate.filter(|function| takes_reason(function, reason)) else {
            return Ok(());
        };
        let arguments = [Val::Enum(reason.to_owned())];
        let turn = self.take_turn_number();
        let mut execution = self.execute(function, &arguments, turn, Cause::Runtime).await;
        let encoded = function.encode_arguments(&arguments);
        self.record(function, encoded, turn, Cause::Runtime, None, &mut execution)?;
        self.commit(&mut execution);
        Ok(())
    }

    fn exited(&self, reason: ExitReason, wish: Wish) -> Result<Exit, LogFailed> {
        // The instance goes with the incarnation.
        drop(self.warm.take(self.actor.id));
        self.append(Kind::Exited { incarnation: self.life.incarnation, reason })?;
        Ok(Exit { reason, wish })
    }

    /// Records something that concerns this actor and has no payloads.
    pub fn append(&self, kind: Kind) -> Result<(), LogFailed> {
        self.log.append(Entry { actor: self.actor.id, kind, payloads: Vec::new() }).map(|_| ())
    }
}

/// Whether a function has the type of `terminate`: a component may export another one under its name.
fn takes_reason(function: &Function, reason: &str) -> bool {
    let takes = match function.params.as_slice() {
        [(_, Type::Enum(reasons))] => reasons.names().any(|name| name == reason),
        _ => false,
    };
    takes && function.results.is_empty()
}
