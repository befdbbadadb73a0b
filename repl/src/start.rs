//! The start of a session: a run, and the actors that live in it.

use crate::Options;
use crate::report::{Style, report};
use crate::session::Session;
use std::sync::Arc;
use theater_runtime::actor::Actor;
use theater_runtime::diagnostic::Diagnostic;
use theater_runtime::node::{Beginning, Which};

/// A session that can take statements, and what a person should know of its start.
pub struct Started {
    pub session: Session,
    /// How many bytes were cut from the end of a run that goes on.
    pub cut: u64,
    /// The actors that live again.
    pub resumed: Vec<Arc<Actor>>,
}

/// Opens the run and spawns what the session starts with, unless it lives already.
pub async fn start(options: &Options) -> Result<Started, Vec<Diagnostic>> {
    let beginning = Beginning {
        start: options.start.clone(),
        data: options.data.clone(),
        which: if options.resume { Which::Last } else { Which::New },
        durability: options.durability,
        grants: options.grants.clone(),
    };
    let mut begun = beginning.open().await?;
    report(&begun.problems, Style::of_stderr(options.colour_err));
    let mut session = Session::new(begun.node.clone(), options.grants.clone());
    if let Some(actor) = begun.spawn(options.init.as_deref(), "theater repl").await? {
        session.turn_to(&actor.name);
    }
    Ok(Started { session, cut: begun.cut, resumed: begun.resumed })
}
