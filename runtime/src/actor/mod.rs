//! One actor: its mailbox, its life, its state.
//!
//! An actor is a task that takes messages from its mailbox one by one, executes a turn for each,
//! and records it (`task`). An idle actor holds no instance and no wasm memory, unless its manifest
//! asks for it (`warm`).

mod commit;
mod event;
mod mailbox;
mod message;
mod open;
mod peers;
mod process;
mod reload;
mod slots;
mod task;
mod timers;
mod warm;

pub(crate) use commit::{recorded_arguments, recorded_message};
pub(crate) use event::{Event, What};
pub(crate) use mailbox::{Mailbox, Refused};
pub(crate) use message::{Call, Control, Reload};
pub use message::{CallError, Reply};
pub(crate) use open::Unfinished;
pub(crate) use peers::Post;
pub use peers::{Answer, Asked, Birth, ChildView, Peer, Peers, Question, Unborn};
pub(crate) use slots::{DEEPEST, Slots};
pub(crate) use task::{Exit, Life, Next, Task, UnderRoot, Wish};
pub use timers::{SHORTEST_PERIOD, Timer, TimerChange, Timers};
pub(crate) use warm::WarmInstances;

use crate::manifest::Manifest;
use crate::surroundings::Running;
use crate::trace::{ActorId, Cause, Step};
use crate::turn::Program;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use tokio::sync::{mpsc, watch};
use wasmtime::component::Val;

/// What everybody who knows an actor shares.
#[derive(Debug)]
pub struct Actor {
    /// Its name.
    pub name: Arc<str>,
    /// Its number in the run.
    pub id: ActorId,
    /// Its effective manifest.
    pub manifest: Arc<Manifest>,
    /// Its component.
    pub program: Arc<Program>,
    /// How often its component was exchanged since it lives in this node.
    generation: u32,
    vitals: Arc<Vitals>,
}

/// What changes while an actor lives, whatever its component.
#[derive(Debug)]
struct Vitals {
    incarnation: AtomicU32,
    turns: AtomicU64,
    state_size: AtomicU64,
    cancel: watch::Sender<bool>,
    /// Whether its supervisor wants it to end.
    told: AtomicBool,
    /// The class of slot that those need it to have who wait for it.
    awaited: watch::Sender<usize>,
}

impl Actor {
    pub(crate) fn new(
        name: Arc<str>,
        id: ActorId,
        manifest: Arc<Manifest>,
        program: Arc<Program>,
        life: &Life,
    ) -> Self {
        let vitals = Arc::new(Vitals {
            incarnation: AtomicU32::default(),
            turns: AtomicU64::default(),
            state_size: AtomicU64::default(),
            cancel: watch::Sender::new(false),
            told: AtomicBool::default(),
            awaited: watch::Sender::new(0),
        });
        let actor = Self { name, id, manifest, program, generation: 0, vitals };
        actor.show(life);
        actor
    }

    /// The same actor with another component.
    fn reloaded(&self, manifest: Manifest, program: Arc<Program>) -> Self {
        Self {
            name: self.name.clone(),
            id: self.id,
            manifest: Arc::new(manifest),
            program,
            generation: self.generation + 1,
            vitals: self.vitals.clone(),
        }
    }

    /// Makes a moment of its life visible to everybody.
    fn show(&self, life: &Life) {
        self.vitals.incarnation.store(life.incarnation, Ordering::Relaxed);
        self.vitals.turns.store(life.next_turn.saturating_sub(1), Ordering::Relaxed);
        self.vitals.state_size.store(life.state.size(), Ordering::Relaxed);
    }

    /// How often its component was exchanged since it lives in this node.
    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// Which of its lives it is in, from 1.
    pub fn incarnation(&self) -> u32 {
        self.vitals.incarnation.load(Ordering::Relaxed)
    }

    /// The number of its last turn.
    pub fn last_turn(&self) -> u64 {
        self.vitals.turns.load(Ordering::Relaxed)
    }

    /// The size of its committed state in bytes.
    pub fn state_size(&self) -> u64 {
        self.vitals.state_size.load(Ordering::Relaxed)
    }

    /// Whether the arguments of a message are small enough.
    pub(crate) fn check_size(&self, encoded: &[u8]) -> Result<(), CallError> {
        let (size, limit) = (encoded.len() as u64, self.manifest.limits.message);
        match size > limit {
            true => Err(CallError::TooLarge { actor: self.name.to_string(), size, limit }),
            false => Ok(()),
        }
    }

    /// Tells which class of slot those need it to have who wait for it.
    pub(crate) fn await_with(&self, class: usize) {
        self.vitals.awaited.send_replace(class);
    }

    /// The message that another actor has sent; none if the component has no inbox for it.
    pub(crate) fn inbox_message(
        &self,
        sent: Step,
        sender: Arc<str>,
        message: String,
    ) -> Option<Call> {
        let function = self.program.callback("inbox", "message")?;
        let arguments = vec![Val::String(message)];
        Some(Call {
            function: function.full_name.clone(),
            generation: self.generation,
            encoded: function.encode_arguments(&arguments),
            arguments,
            cause: Cause::Actor(sent),
            sender: Some(sender),
            origin: None,
            depth: 0,
            reply: None,
        })
    }

    /// Remembers whether its supervisor wants it to end, in whatever way it then does.
    pub(crate) fn tell_to_end(&self, told: bool) {
        self.vitals.told.store(told, Ordering::Relaxed);
    }

    /// Whether its supervisor wants it to end.
    pub(crate) fn is_told_to_end(&self) -> bool {
        self.vitals.told.load(Ordering::Relaxed)
    }

    /// Waits until somebody ends what it is doing.
    pub(crate) async fn cancelled(&self) {
        let mut cancel = self.vitals.cancel.subscribe();
        if cancel.wait_for(|cancel| *cancel).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Ends the turn that it is executing, if there is one, as [`crate::turn::OutcomeKind::Cancelled`].
    pub fn cancel_turn(&self) {
        self.vitals.cancel.send_replace(true);
    }
}

/// A living actor, as the node holds it.
#[derive(Debug)]
pub(crate) struct Handle {
    pub actor: Arc<Actor>,
    pub mailbox: Arc<Mailbox>,
    pub control: mpsc::UnboundedSender<Control>,
    /// The template that it was made of, if it was asked for.
    pub template: Option<Arc<str>>,
    pub task: Option<Running<()>>,
}

impl Handle {
    /// Whether the actor still takes messages.
    pub fn is_alive(&self) -> bool {
        !self.mailbox.is_closed()
    }
}
