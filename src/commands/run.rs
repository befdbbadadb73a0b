use crate::asynchronous::block_on;
use crate::output::Output;
use crate::project::ActorArgs;
use crate::status::{Ended, Failure, Status};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use theater_repl::paint::Role;
use theater_repl::signals::Signals;
use theater_repl::styled::Line;
use theater_runtime::actor::{Actor, CallError};
use theater_runtime::diagnostic::{Diagnostic, GAVE_UP, MANIFEST_MISSING};
use theater_runtime::node::{Beginning, Begun, Node, Start, Which};
use theater_runtime::trace::{
    ActorId, ExitReason, Kind, Live, Record, RecordView, RunDir, Subscription,
};

/// Run a project's actor in the foreground
///
/// Goes on with the newest run, or begins one if there is none. Shows log lines, aborted turns and
/// exits as they happen. Ends in order on ctrl-c or SIGTERM; the actors live again the next time.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    actor: ActorArgs,

    /// Begin a new run in any case
    #[arg(long)]
    new: bool,

    /// Print every record as one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    block_on(foreground(args, output))?
}

async fn foreground(args: Args, output: &mut Output) -> Ended {
    let mut signals = Signals::take();
    let (start, data) = args.actor.start();
    let past = !args.new && RunDir::latest(&data).is_ok();
    if start == Start::Empty && !past {
        return Err(nobody().into());
    }
    let beginning = Beginning {
        start,
        data,
        which: if args.new { Which::New } else { Which::LastOrNew },
        durability: args.actor.durability(),
        grants: args.actor.grants(),
        cache: crate::cache::open(),
    };
    // A run may be long, and be read for a while.
    let mut begun = tokio::select! {
        begun = beginning.open() => begun?,
        _ = signals.any() => {
            output.say("ended before the run had been read; nothing has happened");
            return Ok(Status::Fine);
        }
    };
    let mut watching = Watching {
        subscription: begun.node.subscribe(),
        names: begun.node.actors().iter().map(|a| (a.id, a.name.to_string())).collect(),
        output,
        json: args.json,
        gave_up: None,
        causes: Vec::new(),
        exits: HashMap::new(),
    };
    watching.introduce(&begun);
    let spawned = spawn(&mut begun, args.actor.init.as_deref(), &mut signals).await?;
    if spawned.is_none() && begun.resumed.is_empty() {
        // Nothing was done that could be lost.
        let _ = end(&begun.node, &mut signals).await;
        return Err(nobody().into());
    }
    let names: Vec<String> = begun.node.actors().iter().map(|a| a.name.to_string()).collect();
    watching.output.say(&format!("running {}; ctrl-c ends it", names.join(", ")));
    let ended = watching.watch(&begun.node, &mut signals).await;
    let closed = end(&begun.node, &mut signals).await;
    ended?;
    watching.rest()?;
    closed.map_err(|error| Failure::failed(error.diagnostic()))?;
    match watching.gave_up {
        Some(problem) => Err(Failure::failed(problem)),
        None => Ok(Status::Fine),
    }
}

fn nobody() -> Box<Diagnostic> {
    let problem = Diagnostic::error(MANIFEST_MISSING, "there is no actor to run here");
    Box::new(problem.help("Name a project or a component."))
}

/// Ends the node in order. Whoever asks again does not want to wait for turns that still run.
async fn end(node: &Node, signals: &mut Signals) -> Result<(), CallError> {
    let ending = node.shutdown();
    let mut ending = std::pin::pin!(ending);
    loop {
        tokio::select! {
            ended = &mut ending => return ended,
            _ = signals.any() => node.actors().iter().for_each(|actor| actor.cancel_turn()),
        }
    }
}

/// Spawns the actor; a signal cancels its `init`.
async fn spawn(
    begun: &mut Begun,
    init: Option<&str>,
    signals: &mut Signals,
) -> Result<Option<Arc<Actor>>, Vec<Diagnostic>> {
    let node = begun.node.clone();
    let mut spawning = std::pin::pin!(begun.spawn(init, "theater run"));
    loop {
        tokio::select! {
            spawned = &mut spawning => return spawned,
            _ = signals.any() => node.actors().iter().for_each(|actor| actor.cancel_turn()),
        }
    }
}

/// What happens, as it is shown.
struct Watching<'o> {
    subscription: Subscription,
    names: HashMap<ActorId, String>,
    output: &'o mut Output,
    json: bool,
    /// Why the last actors ended, if that was not in order.
    gave_up: Option<Diagnostic>,
    /// Why supervisors below those gave up, and what failed last: the causes, the last one first.
    causes: Vec<Diagnostic>,
    /// How each actor ended last.
    exits: HashMap<ActorId, ExitReason>,
}

impl Watching<'_> {
    /// Says what is being started.
    fn introduce(&mut self, begun: &Begun) {
        let path = begun.node.run().path().display().to_string();
        let what = if begun.new { "began run" } else { "going on with run" };
        self.output.say(&format!("{what} {path}"));
        if begun.cut > 0 {
            let bytes = super::count(begun.cut, "byte");
            self.output.say(&format!("a crash left {bytes} of an unfinished record: set aside"));
        }
        for actor in &begun.resumed {
            let (name, last) = (&actor.name, actor.last_turn());
            self.output.say(&format!("{name} lives again, with the state after {name}#{last}"));
        }
        self.output.reports(&begun.problems);
    }

    /// Shows what happens until a signal comes or all actors have ended.
    async fn watch(&mut self, node: &Node, signals: &mut Signals) -> io::Result<()> {
        loop {
            let live = tokio::select! {
                live = self.subscription.next() => live,
                _ = signals.any() => return Ok(()),
            };
            let Some(live) = live else { return Ok(()) };
            let stopped = matches!(&live, Live::Record(r) if r.header.kind == Kind::Stopped);
            self.show(&live)?;
            if stopped && node.actors().is_empty() {
                self.output.say("all actors have ended");
                return Ok(());
            }
        }
    }

    /// Shows what happened while the node ended.
    fn rest(&mut self) -> io::Result<()> {
        while let Some(live) = self.subscription.try_next() {
            self.show(&live)?;
        }
        Ok(())
    }

    fn show(&mut self, live: &Live) -> io::Result<()> {
        let record: &Record = match live {
            Live::Record(record) => record,
            Live::Missed(missed) => {
                let missed = super::count(*missed, "record");
                self.output.say(&format!("{missed} went by too fast; they stand in the trace"));
                return Ok(());
            }
        };
        let id = record.header.actor;
        if let Kind::Spawned { name, .. } = &record.header.kind {
            self.names.insert(id, name.clone());
        }
        let view = RecordView::new(record, self.names.get(&id).map(String::as_str));
        self.follow(&view, id, &record.header.kind);
        let shown = match self.json {
            true => self.output.json(&view.to_json()),
            false => self.lines(&view),
        };
        shown.and_then(|()| self.output.flush())
    }

    /// Notes why supervisors give up: with the one at the root of a tree its application ends, because
    /// of what the others tell.
    fn follow(&mut self, view: &RecordView, id: ActorId, kind: &Kind) {
        match kind {
            Kind::Turn(turn) if !turn.outcome.commits() => {
                let message = format!("{}  {}", view.address(), view.summary());
                self.causes = vec![Diagnostic::error(GAVE_UP, message)];
            }
            Kind::Exited { reason, .. } => drop(self.exits.insert(id, *reason)),
            Kind::GaveUp { child, restarts } => {
                let Some(name) = self.names.get(&id) else { return };
                let path = format!("{name}/{child}");
                let exit = self.names.iter().find(|(_, known)| **known == path);
                let exit = exit.and_then(|(id, _)| self.exits.get(id));
                let why = exit.map_or(String::new(), |exit| format!(" (its last exit: {exit})"));
                let message = format!(
                    "`{name}` gave up: `{path}` exited once too often{why}, after {} within the period",
                    super::count(u64::from(restarts.saturating_sub(1)), "restart"),
                );
                let problem = Diagnostic::error(GAVE_UP, message);
                if name.contains('/') {
                    self.causes.insert(0, problem);
                    return;
                }
                let help = format!(
                    "See what it did with `theater trace show`, and what is allowed under `[supervisor]` of \
                     `{name}`."
                );
                let causes = std::mem::take(&mut self.causes);
                self.gave_up =
                    Some(causes.into_iter().fold(problem.help(help), Diagnostic::related));
            }
            _ => {}
        }
    }

    fn lines(&mut self, view: &RecordView) -> io::Result<()> {
        let actor = view.actor.clone().unwrap_or_default();
        let paint = self.output.paint();
        for line in view.log_lines() {
            self.output.line(&paint.log_line(&actor, line.from, &line.text))?;
        }
        let aborted = view.turn().is_some_and(|turn| !turn.outcome.commits());
        let role = match &view.kind {
            Kind::Turn(_) if aborted => Role::Error,
            Kind::Exited { reason, .. } if !reason.is_orderly() => Role::Error,
            Kind::GaveUp { .. } => Role::Error,
            Kind::Exited { .. }
            | Kind::Restarted { .. }
            | Kind::Stopped
            | Kind::Reloaded { .. } => Role::Faint,
            _ => return Ok(()),
        };
        let line = Line::default().role(Role::Actor, &view.address()).plain("  ");
        self.output.row(&line.role(role, &view.summary()))
    }
}
