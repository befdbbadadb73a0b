//! The task of one actor: take a message, execute the turn, record it, answer.

use super::open::TurnOpening;
use super::reload::fit;
use super::{
    Actor, Call, CallError, Control, Mailbox, Post, Reply, Slots, Timers, Unfinished,
    WarmInstances, commit,
};
use crate::boundary::export::{Function, INIT};
use crate::boundary::{Crossing, Script};
use crate::handlers::{Context, Origin, StopReason};
use crate::manifest::Instances;
use crate::state::State;
use crate::supervisor::Patience;
use crate::trace::{
    CallsReader, Cause, EndedBy, Entry, ExitReason, Kind, Log, LogFailed, OpenTurn, PayloadKind,
    TurnHeader, Undeliverable, now,
};
use crate::turn::{self, Execution};
use crate::wire::wire_record;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
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
    /// Its timers.
    pub timers: Timers,
}

/// The task of one actor.
#[derive(Debug)]
pub(crate) struct Task {
    pub actor: Arc<Actor>,
    pub life: Life,
    pub log: Arc<Log>,
    pub slots: Arc<Slots>,
    /// The other actors.
    pub post: Arc<dyn Post>,
    /// The turn in which its node died, to be executed before any other.
    pub unfinished: Option<Unfinished>,
    /// Whether its last turn was a tick, so that messages come before the next one.
    pub ticked: bool,
    pub warm: Arc<WarmInstances>,
    /// Whether it stands under the node's root, which restarts it after every abnormal exit.
    pub restarts_itself: bool,
    /// What the root has with it, if it stands there.
    pub root: Option<UnderRoot>,
    /// Who waits for it to be restarted.
    pub restarting: Option<oneshot::Sender<()>>,
    pub mailbox: Arc<Mailbox>,
    pub control: mpsc::UnboundedReceiver<Control>,
}

/// How an actor under the node's root is restarted.
#[derive(Debug)]
pub(crate) struct UnderRoot {
    since: Instant,
    patience: Patience,
    /// It takes no message before.
    waits_until: Option<Instant>,
}

impl UnderRoot {
    pub fn new() -> Self {
        Self { since: Instant::now(), patience: Patience::default(), waits_until: None }
    }

    fn restarted(&mut self) {
        let wait = self.patience.restarted(self.since.elapsed());
        self.waits_until = (!wait.is_zero()).then(|| Instant::now() + wait);
    }
}

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
    pub journal: Option<Vec<u8>>,
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

wire_record!(Life, 5 {
    initialized = "initialized",
    incarnation = "incarnation",
    next_turn = "next-turn",
    state = "state",
    timers = "timers",
});

impl Life {
    /// What an actor is before anything has happened to it.
    pub fn new() -> Self {
        Self {
            initialized: false,
            incarnation: 1,
            next_turn: 1,
            state: State::default(),
            timers: Timers::default(),
        }
    }
}

/// What an actor comes to next.
enum Event {
    Control(Option<Control>),
    Tick,
    Call(Box<Call>),
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
    /// A link to an actor that ended, as the record at this position tells.
    Link(u64),
}

/// A task that is gone, with its node or because the run cannot be written, leaves nobody waiting.
impl Drop for Task {
    fn drop(&mut self) {
        self.rest();
    }
}

/// Whether the incarnation goes on.
pub(crate) enum Next {
    Continue,
    Ended(Exit),
}

impl Task {
    /// Lives until the incarnation ends. Messages that wait then, wait for the next one.
    pub async fn run(&mut self) -> Result<Exit, LogFailed> {
        let unfinished = self.unfinished.as_mut().and_then(|unfinished| unfinished.call.take());
        let mut next = unfinished.map(|call| Event::Call(Box::new(call)));
        loop {
            let event = match next.take() {
                Some(event) => event,
                None => self.next_event().await,
            };
            // On the heap, so that an actor that waits holds no room for a turn.
            if let Next::Ended(exit) = Box::pin(self.come_to(event)).await? {
                return Ok(exit);
            }
        }
    }

    async fn come_to(&mut self, event: Event) -> Result<Next, LogFailed> {
        match event {
            Event::Control(control) => Ok(match self.obey(control).await? {
                Some(exit) => Next::Ended(exit),
                None => Next::Continue,
            }),
            Event::Call(call) => self.process(*call).await,
            Event::Tick => self.tick().await,
        }
    }

    async fn next_event(&mut self) -> Event {
        if let Some(until) = self.root.as_ref().and_then(|root| root.waits_until) {
            tokio::select! {
                biased;
                control = self.control.recv() => return Event::Control(control),
                () = tokio::time::sleep_until(until) => {}
            }
            if let Some(root) = &mut self.root {
                root.waits_until = None;
            }
        }
        let wait = self.life.timers.next().map(|(_, timer)| timer.wait(now()));
        let tick = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        let ticked = std::mem::take(&mut self.ticked);
        tokio::select! {
            biased;
            control = self.control.recv() => Event::Control(control),
            call = self.mailbox.next(), if ticked => Event::Call(Box::new(call)),
            () = tick => Event::Tick,
            call = self.mailbox.next(), if !ticked => Event::Call(Box::new(call)),
        }
    }

    /// The tick of the timer that is due, as a message of its own.
    async fn tick(&mut self) -> Result<Next, LogFailed> {
        self.ticked = true;
        let Some((name, timer)) = self.life.timers.next() else { return Ok(Next::Continue) };
        let (arguments, set) = (vec![Val::String(name.to_owned())], timer.set);
        self.life.timers.tick(set, now());
        let actor = self.actor.clone();
        // A reload may have taken the callback away.
        let Some(function) = actor.program.callback("timer-callback", "tick") else {
            return Ok(Next::Continue);
        };
        let call = Call {
            function: function.full_name.clone(),
            generation: actor.generation(),
            encoded: function.encode_arguments(&arguments),
            arguments,
            cause: Cause::Timer(set),
            sender: None,
            origin: None,
            depth: 0,
            reply: None,
        };
        self.process(call).await
    }

    async fn obey(&mut self, control: Option<Control>) -> Result<Option<Exit>, LogFailed> {
        let control = match control {
            Some(Control::For(incarnation, control)) if incarnation == self.life.incarnation => {
                Some(*control)
            }
            Some(Control::For(..)) => return Ok(None),
            control => control,
        };
        let (reason, wish) = match control {
            Some(Control::Reload(reload)) => {
                return Ok(match self.reload(*reload).await? {
                    Next::Continue => None,
                    Next::Ended(exit) => Some(exit),
                });
            }
            Some(Control::Stop) => (ExitReason::Shutdown, Wish::Stop),
            Some(Control::Shutdown) => (ExitReason::Shutdown, Wish::Shutdown),
            Some(Control::GiveUp) => (ExitReason::Shutdown, Wish::Own),
            Some(Control::Kill) => (ExitReason::Killed, Wish::Own),
            Some(Control::Restart(done)) => {
                self.restarting = Some(done);
                (ExitReason::Shutdown, Wish::Restart)
            }
            Some(Control::Linked(reason, position)) => (reason, Wish::Link(position)),
            // Its supervisor hears these; and nothing is for an incarnation twice.
            Some(
                Control::StopChild(..)
                | Control::RestartChild(..)
                | Control::AddChild(_)
                | Control::For(..),
            ) => return Ok(None),
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
            self.life.timers = Timers::default();
        }
        self.append(Kind::Restarted { incarnation: self.life.incarnation, fresh })?;
        self.actor.show(&self.life);
        match (self.restarting.take(), &mut self.root) {
            // Whoever asked may have left. What somebody wants counts as no restart.
            (Some(done), _) => drop(done.send(())),
            (None, Some(root)) => root.restarted(),
            (None, None) => {}
        }
        Ok(())
    }

    /// The end for good. Messages that wait are answered with an error.
    pub fn end(&mut self) -> Result<(), LogFailed> {
        self.close()?;
        self.append(Kind::Stopped)
    }

    /// Takes no more messages. Those that wait are answered with an error, or recorded as undelivered.
    pub fn close(&mut self) -> Result<(), LogFailed> {
        let waiting = self.mailbox.close();
        waiting.into_iter().try_for_each(|call| self.turn_away(call, Undeliverable::Ended))
    }

    /// Takes no more messages, because the node ends. Messages of other actors come again when the run goes on.
    pub fn rest(&mut self) {
        for call in self.mailbox.close() {
            call.refuse(CallError::Ended(self.actor.name.to_string()));
        }
    }

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
        let journal = unfinished.map(|unfinished| unfinished.calls);
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
        let script = turn.journal.as_ref().and_then(|calls| CallsReader::new(calls).ok());
        let message = script.is_none().then(|| (turn.encoded.clone(), turn.origin.clone()));
        let crossing = match script {
            Some(calls) => Crossing::resume(Script::new(calls), limit),
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
        let Some(Unfinished { turn, calls, call: Some(call) }) = self.unfinished.take() else {
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
        let turn = Turn::own(function, &arguments, self.take_turn_number());
        let number = turn.number;
        let mut execution = self.execute(&turn).await;
        self.record(turn, &mut execution)?;
        self.commit(&mut execution);
        self.take_effects(number, std::mem::take(&mut execution.at_commit)).await
    }

    fn exited(&self, reason: ExitReason, wish: Wish) -> Result<Exit, LogFailed> {
        // The instance goes with the incarnation.
        drop(self.warm.take(self.actor.id));
        let by = match wish {
            Wish::Own | Wish::Link(_) if self.actor.is_told_to_end() => EndedBy::Supervisor,
            Wish::Own => EndedBy::Itself,
            Wish::Link(position) => EndedBy::Link(position),
            Wish::Stop | Wish::Restart => EndedBy::Supervisor,
            Wish::Shutdown => EndedBy::Node,
        };
        let with_node = by == EndedBy::Supervisor && self.post.is_ending();
        let by = if with_node { EndedBy::Node } else { by };
        self.append(Kind::Exited { incarnation: self.life.incarnation, reason, by })?;
        Ok(Exit { reason, wish })
    }

    /// Records something that concerns this actor and has no payloads.
    pub fn append(&self, kind: Kind) -> Result<(), LogFailed> {
        self.post.append(Entry { actor: self.actor.id, kind, payloads: Vec::new() }, &[])
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
