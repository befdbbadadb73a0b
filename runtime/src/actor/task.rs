//! The task of one actor: what it comes to, one after the other, and how its incarnations begin and end.

use super::process::Turn;
use super::{
    Actor, Call, CallError, Control, Mailbox, Post, Slots, Timers, Unfinished, WarmInstances,
};
use crate::boundary::export::Function;
use crate::handlers::StopReason;
use crate::state::State;
use crate::supervisor::Patience;
use crate::trace::{Cause, EndedBy, Entry, ExitReason, Kind, Log, LogFailed, Undeliverable, now};
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
        if let Some(Cause::Timer(set)) = unfinished.as_ref().map(|call| call.cause) {
            self.life.timers.tick(set, now());
        }
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

    pub(super) fn exited(&self, reason: ExitReason, wish: Wish) -> Result<Exit, LogFailed> {
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
