//! The handlers: what answers the imports of an actor. One file or folder a handler; what each offers stands
//! in [`crate::catalog`], and all of them are linked through [`crate::boundary`].

mod cli;
mod clock;
mod context;
mod environment;
pub mod filesystem;
pub mod io;
mod log;
mod random;
mod state;

pub use context::StopReason;
pub use log::{Level, WRITE as LOG_WRITE};

use crate::boundary::{Abort, Binder, Resources};
use crate::manifest::Grants;
use crate::state::{State, Transaction};
use crate::trace::{ActorId, Cause};
use filesystem::Files;
use io::Stdio;
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
    /// Who sent the message.
    pub cause: Cause,
    /// The state as this turn sees it.
    pub state: Transaction,
    /// Whether the actor wishes to end when the turn commits.
    pub stop: Option<StopReason>,
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

impl Context {
    /// The beginning of a turn.
    pub fn new(
        name: Arc<str>,
        id: ActorId,
        turn: u64,
        cause: Cause,
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
            cause,
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
}

impl Context {
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
        (handler, _) => Err(wasmtime::format_err!("the catalog's handler {handler} has no code")),
    }
}
