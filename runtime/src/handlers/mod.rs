//! The handlers: what answers the imports of an actor. One file or folder a handler; what each offers stands
//! in [`crate::catalog`], and all of them are linked through [`crate::boundary`].

mod cli;
mod clock;
mod context;
mod environment;
pub mod filesystem;
pub mod io;
mod log;
pub(crate) mod messenger;
mod monitor;
mod random;
mod state;
pub(crate) mod supervisor;
pub(crate) mod timer;

pub use context::StopReason;
pub use log::{Level, WRITE as LOG_WRITE};

use crate::actor::{Birth, Peers, TimerChange, Timers};
use crate::boundary::{Abort, Binder, Resources};
use crate::manifest::Grants;
use crate::state::{State, Transaction};
use crate::trace::{ActorId, Cause, Step, Watch};
use filesystem::Files;
use io::Stdio;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a handler sees of its actor's turn.
#[derive(Debug)]
pub struct Context {
    /// The actor's name.
    pub name: Arc<str>,
    /// The actor's number in its run.
    pub id: ActorId,
    /// The number of this turn.
    pub turn: u64,
    /// The number of the present import call, from 1.
    pub step: u64,
    /// Who sent the message.
    pub origin: Origin,
    /// The state as this turn sees it.
    pub state: Transaction,
    /// Whether the actor wishes to end when the turn commits.
    pub stop: Option<StopReason>,
    /// What else is to take place when the turn commits, in order.
    pub at_commit: Vec<AtCommit>,
    /// The other actors; none in replay.
    peers: Option<Arc<dyn Peers>>,
    /// How many actors wait for this turn, one over the other.
    pub depth: usize,
    /// The timers that the actor has before this turn.
    timers: Timers,
    /// Whether the component has a function for ticks.
    pub takes_ticks: bool,
    /// What the component holds handles of.
    pub resources: Resources,
    /// What the turn has of the file system.
    files: Files,
    /// The largest message, in encoded bytes.
    pub message_limit: u64,
    /// The standard streams, which are no resources of one turn.
    stdio: Stdio,
    /// How many lines the turn has logged.
    lines: u64,
    /// How many it may log.
    max_lines: u32,
    /// How many random answers the turn has got.
    drawn: u64,
}

/// Who sent a message, as the receiver sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Somebody outside.
    Outside,
    /// The runtime itself.
    Runtime,
    /// The actor of this path.
    Actor(Arc<str>),
}

impl Origin {
    /// The origin of a message with this cause. `sender` is the path of the actor that sent it, if one did.
    pub fn new(cause: &Cause, sender: Option<Arc<str>>) -> Self {
        match (cause, sender) {
            (Cause::Outside, _) => Self::Outside,
            (Cause::Actor(_), Some(sender)) => Self::Actor(sender),
            (
                Cause::Actor(_) | Cause::Runtime | Cause::Timer(_) | Cause::Event(_) | Cause::Fork,
                _,
            ) => Self::Runtime,
        }
    }
}

/// What takes place when a turn commits, beside the changes of its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtCommit {
    /// A message goes to another actor.
    Send {
        /// The import call that sends it.
        step: u64,
        /// The receiver; none if it has gone meanwhile.
        to: Option<ActorId>,
        /// The message.
        message: String,
    },
    /// A timer is set or cancelled.
    Timer {
        /// The import call that does it.
        step: u64,
        /// The timer's name.
        name: String,
        /// What is done.
        change: TimerChange,
    },
    /// A child is started.
    Spawn(Birth),
    /// A child is stopped.
    Stop {
        /// The import call that does it.
        step: u64,
        /// The child.
        child: ActorId,
        /// Its name among its siblings.
        name: String,
    },
    /// A child is stopped and started again.
    Restart {
        /// The import call that does it.
        step: u64,
        /// The child.
        child: ActorId,
        /// Its name among its siblings.
        name: String,
    },
    /// The end of another actor has to do with this one, or not any more.
    Watch {
        /// The import call that does it.
        step: u64,
        /// In which way.
        watch: Watch,
        /// The other actor.
        to: ActorId,
        /// Its path.
        path: Arc<str>,
    },
}

impl Context {
    /// The beginning of a turn, without other actors and timers.
    pub fn new(
        name: Arc<str>,
        id: ActorId,
        turn: u64,
        origin: Origin,
        state: State,
        grants: &Grants,
    ) -> Self {
        let max_size = grants.state.as_ref().map_or(0, |grant| grant.max_size);
        let mut resources = Resources::new();
        let files = Files::new(grants.filesystem.as_ref(), &mut resources);
        Self {
            name,
            id,
            turn,
            step: 0,
            origin,
            at_commit: Vec::new(),
            peers: None,
            depth: 0,
            timers: Timers::default(),
            takes_ticks: false,
            state: Transaction::new(state, max_size),
            stop: None,
            resources,
            files,
            message_limit: u64::MAX,
            stdio: Stdio::new(),
            lines: 0,
            max_lines: grants.log.as_ref().map_or(0, |grant| grant.max_lines),
            drawn: 0,
        }
    }

    /// The same among other actors. `depth` of them wait for this turn, one over the other.
    #[must_use]
    pub fn among(self, peers: Arc<dyn Peers>, depth: usize) -> Self {
        Self { peers: Some(peers), depth, ..self }
    }

    /// The same with timers, for a component that has a function for ticks or not.
    #[must_use]
    pub fn with_timers(self, timers: Timers, takes_ticks: bool) -> Self {
        Self { timers, takes_ticks, ..self }
    }

    /// The present import call.
    pub fn address(&self) -> Step {
        Step { actor: self.id, turn: self.turn, step: self.step }
    }

    /// The other actors.
    ///
    /// # Errors
    ///
    /// Where there are none: in replay, where nobody asks for them.
    pub fn peers(&self) -> Result<Arc<dyn Peers>, Abort> {
        self.peers.clone().ok_or_else(|| Abort::Trap("there are no other actors".to_owned()))
    }

    /// Whether there is a timer of this name, as this turn sees it.
    fn timer_is_set(&self, wanted: &str) -> bool {
        let changed = self.at_commit.iter().rev().find_map(|done| match done {
            AtCommit::Timer { name, change, .. } if name == wanted => Some(change),
            _ => None,
        });
        changed.map_or_else(|| self.timers.contains(wanted), |c| *c != TimerChange::Cancel)
    }

    /// How many timers there are, as this turn sees it.
    fn timers_set(&self) -> usize {
        let mut names: BTreeSet<&str> = self.timers.iter().map(|(name, _)| name).collect();
        for done in &self.at_commit {
            match done {
                AtCommit::Timer { name, change: TimerChange::Cancel, .. } => {
                    names.remove(name.as_str());
                }
                AtCommit::Timer { name, .. } => drop(names.insert(name)),
                _ => {}
            }
        }
        names.len()
    }

    /// How many bytes may pass in one part of a stream, so that the call stays below the limit of a
    /// message.
    fn largest_part(&self) -> u64 {
        /// What a call takes beside the bytes of its list, with room to spare.
        const AROUND: u64 = 64;
        self.message_limit.saturating_sub(AROUND).max(1)
    }

    /// Counts lines that the turn logs.
    fn count_lines(&mut self, lines: usize) -> Result<(), Abort> {
        self.lines += lines as u64;
        if self.lines > self.max_lines.into() {
            return Err(Abort::Size(format!(
                "it logged more than {} lines in one turn, the `max-lines` of its grant `log`",
                self.max_lines
            )));
        }
        Ok(())
    }
}

/// Links one interface of a handler.
///
/// # Errors
///
/// When a function is linked twice.
pub fn bind(
    binder: &mut Binder<'_>,
    handler: &str,
    interface: &str,
    grants: &Grants,
) -> wasmtime::Result<()> {
    match (handler, interface) {
        ("context", _) => context::bind(binder),
        ("log", "log") => log::bind(binder),
        ("wasi", "error" | "poll" | "streams") => io::bind(binder, interface),
        ("log" | "wasi", interface) => cli::bind(binder, interface),
        ("state", _) => state::bind(binder),
        ("clock", interface) => clock::bind(binder, interface),
        ("random", interface) => {
            random::bind(binder, interface, &grants.random.clone().unwrap_or_default())
        }
        ("environment", _) => {
            environment::bind(binder, &grants.environment.clone().unwrap_or_default())
        }
        ("filesystem", interface) => filesystem::bind(binder, interface),
        ("messenger", _) => messenger::bind(binder, &grants.messenger.clone().unwrap_or_default()),
        ("timer", _) => timer::bind(binder, &grants.timer.clone().unwrap_or_default()),
        ("supervisor", "supervisor") => supervisor::bind(binder),
        ("supervisor", _) => monitor::bind(binder, &grants.supervisor.clone().unwrap_or_default()),
        (handler, _) => Err(wasmtime::format_err!("the catalog's handler {handler} has no code")),
    }
}
