//! The start of a session: a run, and the actors that live in it.

use crate::Options;
use crate::live::LiveLines;
use crate::paint::printable;
use crate::report::{Style, report};
use crate::session::{Loaded, Session};
use crate::signals::Signals;
use std::io::{self, Write};
use std::sync::Arc;
use theater_runtime::actor::Actor;
use theater_runtime::diagnostic::{Diagnostic, RUN_DIFFERS, Source, TURN_ABORTED};
use theater_runtime::node::{Node, Opened};
use theater_runtime::trace::{Hash, RunDir};

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
    let single = |problem: Box<Diagnostic>| vec![*problem];
    let style = Style::of_stderr(options.colour_err);
    let loaded = options.start.load(&options.grants);
    // What lives again needs no project: its problems are shown, but keep nobody from the past.
    let loaded = match loaded {
        Err(problems) if !options.resume => return Err(problems),
        other => other,
    };
    let run = match options.resume {
        true => RunDir::latest(&options.data).map_err(single)?,
        false => RunDir::create(&options.data).map_err(single)?,
    };
    let Opened { node, cut, resumed } =
        Node::open(run, options.durability).await.map_err(single)?;
    let mut session = Session::new(node, options.grants.clone());
    let live = LiveLines::new(session.node());
    let loaded = match loaded {
        Err(problems) if resumed.is_empty() => return Err(end(session, problems, false).await),
        Err(problems) => {
            report(&problems, style);
            None
        }
        Ok(loaded) => loaded,
    };
    let Some(loaded) = loaded else { return Ok(Started { session, live, cut, resumed }) };
    report(&loaded.warnings, style);
    let name = loaded.name().to_owned();
    if let Some(actor) = session.node().actor(&name) {
        report(&differences(&actor, &loaded), style);
        return Ok(Started { session, live, cut, resumed });
    }
    let init = options.init.as_ref().map(|init| {
        let source = Source::new("--init", init.clone());
        (source, 0..init.len())
    });
    let interrupt = session.interrupt();
    let spawned = {
        let spawning = session.spawn(loaded, &name, init, "theater repl".to_owned());
        tokio::pin!(spawning);
        loop {
            tokio::select! {
                spawned = &mut spawning => break spawned,
                // An `init` that takes too long for somebody.
                _ = signals.any() => interrupt.cancel(),
            }
        }
    };
    match spawned {
        Ok(_) => Ok(Started { session, live, cut, resumed }),
        Err(mut problems) => {
            // There will be no prompt to type the usual advice into.
            for problem in problems.iter_mut().filter(|problem| problem.code == TURN_ABORTED) {
                problem.help = Some(format!("`theater trace show {name}#0` shows the turn"));
            }
            Err(end(session, problems, !options.resume).await)
        }
    }
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

/// Ends a session that cannot start. A new run in which nothing happened leaves nothing behind.
async fn end(session: Session, problems: Vec<Diagnostic>, new: bool) -> Vec<Diagnostic> {
    let run = session.node().run().clone();
    // The problems that kept it from starting are what matters.
    let _ = session.node().shutdown().await;
    let nothing_spawned = || {
        let history = theater_runtime::replay::History::load(&run);
        history.is_ok_and(|history| history.actors().next().is_none())
    };
    if new && nothing_spawned() {
        let _ = std::fs::remove_dir_all(run.path());
    }
    problems
}

/// In what a living actor differs from the one that would be spawned now.
fn differences(actor: &Actor, loaded: &Loaded) -> Vec<Diagnostic> {
    let component = actor.program.hash != Hash::of(&loaded.component);
    let manifest = actor.manifest.effective_toml() != loaded.manifest.effective_toml();
    let what = match (component, manifest) {
        (false, false) => return Vec::new(),
        (true, false) => "component has",
        (false, true) => "manifest has",
        (true, true) => "component and manifest have",
    };
    let message = format!("the {what} changed since `{}` was spawned", actor.name);
    vec![Diagnostic::warning(RUN_DIFFERS, message).help(
        "the run goes on with what it recorded; start without `--resume` for a new run with the new \
         one",
    )]
}
