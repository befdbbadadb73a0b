//! The start of a session: a run, and the actors that live in it.

use crate::Options;
use crate::live::LiveLines;
use crate::paint::printable;
use crate::report::{Style, report};
use crate::session::Session;
use crate::signals::Signals;
use std::io::{self, Write};
use std::sync::Arc;
use theater_runtime::actor::Actor;
use theater_runtime::diagnostic::{Diagnostic, NODE_STOPPED};
use theater_runtime::node::{Beginning, Which};

/// A session that can take statements, and what a person should know of its start.
pub struct Started {
    pub session: Session,
    /// What happens since the run was opened.
    pub live: LiveLines,
    /// How many bytes were cut from the end of a run that goes on.
    pub cut: u64,
    /// The actors that live again.
    pub resumed: Vec<Arc<Actor>>,
}

/// Opens the run and spawns what the session starts with, unless it lives already.
pub async fn start(options: &Options, signals: &mut Signals) -> Result<Started, Vec<Diagnostic>> {
    let beginning = Beginning {
        start: options.start.clone(),
        data: options.data.clone(),
        which: if options.resume { Which::Last } else { Which::New },
        durability: options.durability,
        grants: options.grants.clone(),
        cache: options.cache.clone(),
    };
    // A run may be long, and be read for a while.
    let mut begun = tokio::select! {
        begun = beginning.open() => begun?,
        _ = signals.any() => {
            let message = "ended before the run had been read; nothing has happened";
            return Err(vec![Diagnostic::error(NODE_STOPPED, message)]);
        }
    };
    report(&begun.problems, Style::of_stderr(options.colour_err));
    let mut session = Session::new(
        begun.node.clone(),
        options.start.clone(),
        options.grants.clone(),
        options.runs.clone(),
    );
    let live = LiveLines::new(session.node());
    let interrupt = session.interrupt();
    let spawned = {
        let spawning = begun.spawn(options.init.as_deref(), "theater repl");
        tokio::pin!(spawning);
        loop {
            tokio::select! {
                spawned = &mut spawning => break spawned?,
                // An `init` that takes too long for somebody.
                _ = signals.any() => interrupt.cancel_all(),
            }
        }
    };
    if let Some(run) = &options.recorded {
        session.look_at(run).map_err(|problem| vec![*problem])?;
    }
    if let Some(actor) = spawned {
        session.turn_to(&actor.name);
    }
    Ok(Started { session, live, cut: begun.cut, resumed: begun.resumed })
}

impl Started {
    /// What a person should know of a run that goes on, on standard error.
    pub fn tell(&self) {
        let mut stderr = io::stderr().lock();
        // If standard error is closed there is nobody to tell.
        let mut tell = |text: String| drop(writeln!(stderr, "{}", printable(&text)));
        if self.cut > 0 {
            let path = self.session.node().run().path().join("torn");
            tell(format!(
                "{} bytes of a record that a crash had torn were cut off, and kept in {}",
                self.cut,
                path.display()
            ));
        }
        for actor in &self.resumed {
            tell(match actor.last_turn() {
                0 => format!("{} lives again", actor.name),
                turn => format!("{} lives again, as after {0}#{turn}", actor.name),
            });
        }
    }
}
