//! The handlers: what answers the imports of an actor. One file a handler; what each offers stands
//! in [`crate::catalog`], and all of them are linked through [`crate::boundary`].

mod clock;
mod context;
mod log;
mod random;
mod state;

pub use context::StopReason;
pub use log::{Level, WRITE as LOG_WRITE};

use crate::boundary::{Binder, Resources};
use crate::manifest::Grants;
use crate::state::{State, Transaction};
use crate::trace::{ActorId, Cause};
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
    /// How many lines the turn has logged.
    lines: u32,
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
        Self {
            name,
            id,
            turn,
            cause,
            state: Transaction::new(state, max_size),
            stop: None,
            resources: Resources::new(),
            lines: 0,
            drawn: 0,
        }
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
        ("log", _) => log::bind(binder, grants.log.clone().unwrap_or_default()),
        ("state", _) => state::bind(binder),
        ("clock", interface) => clock::bind(binder, interface),
        ("random", interface) => {
            random::bind(binder, interface, &grants.random.clone().unwrap_or_default())
        }
        (handler, _) => Err(wasmtime::format_err!("the catalog's handler {handler} has no code")),
    }
}
