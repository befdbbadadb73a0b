use super::count;
use crate::accepted::Accepted;
use crate::address::{Address, EventAddress};
use crate::asynchronous::block_on;
use crate::instead::{self, Other};
use crate::output::Output;
use crate::project::TraceArgs;
use crate::report;
use crate::status::{Ended, Failure, Status};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use theater_repl::divergence;
use theater_repl::paint::Role;
use theater_runtime::boundary::Divergence;
use theater_runtime::diagnostic::{Diagnostic, Result, TRACE_PART};
use theater_runtime::replay::{
    ActorHistory, History, Replayed, Replayer, Selection, Summary, replay_all,
};
use theater_runtime::trace::ActorId;

/// Execute recorded turns again and compare them with their records
///
/// Nothing outside is asked: every import is answered from the trace. The recorded component is
/// used, not the file in the project, unless `--with` names another one: a dry run of an upgrade on
/// what really happened. Actors that get no other one are executed with their recorded ones. Shown is the first difference of each actor, with the place inside the values.
/// Exit status: 0 if everything was as recorded or is accepted, 1 if not.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An actor, or one of its turns, or a .trace file [default: all of the newest run]
    #[arg(value_name = "ACTOR[#TURN]|FILE.trace")]
    address: Option<Address>,

    #[command(flatten)]
    trace: TraceArgs,

    /// Try another build on the recorded history: of an actor, or of all that is replayed; may be given
    /// for several actors
    #[arg(long, value_name = "[ACTOR=]FILE.wasm")]
    with: Vec<Other>,

    /// A difference that is intended, and does not count: of the whole turn, or in this step of it; may
    /// be given several times
    #[arg(long, value_name = "ACTOR#TURN[.STEP]", conflicts_with = "fresh")]
    accept: Vec<EventAddress>,

    /// The same from a file: one event a line; `//` begins a comment
    #[arg(long, value_name = "FILE", conflicts_with = "fresh")]
    accept_from: Option<PathBuf>,

    /// Execute each turn of ACTOR in a fresh instance: shows whether it needs `instance = "warm"`
    #[arg(long, requires = "address", conflicts_with = "with")]
    fresh: bool,

    /// Print one JSON object per turn that differs, and one for the summary
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let (run, address) = match args.address {
        Some(address) if address.is_trace_file() => {
            (crate::cache::open_run(address.actor.as_ref())?, None)
        }
        address => (args.trace.run()?, address),
    };
    let history = Arc::new(History::load(&run)?);
    let selection = select(&history, address.as_ref())?;
    let all = selection == Selection::All;
    let instead = instead::read(args.with, &history, all)?;
    let accepted = Accepted::new(args.accept, args.accept_from.as_deref())?;
    let cache = crate::cache::open();
    output.reports(&Vec::from_iter(cache.problem()));
    let replayer = Replayer::with(instead, cache)?;
    let replayer = Arc::new(if args.fresh { replayer.in_fresh_instances() } else { replayer });
    let mut warm = 0;
    let mut telling = Telling {
        output,
        json: args.json,
        accepted,
        shown: BTreeSet::new(),
        left_out: None,
        actors: BTreeMap::new(),
        failed: None,
    };
    let summary = block_on(replay_all(history, replayer, selection, |actor, index, result| {
        warm += u64::from(actor.turns[index].header.instance.is_some());
        telling.tell(actor, index, result);
    }))?;
    if let Some(error) = telling.failed.take() {
        return Err(Failure::Output(error));
    }
    // Where something is executed, that is what the part is for.
    if let Some(problem) = telling.left_out.take().filter(|_| summary.replayed == 0) {
        return Err(problem.into());
    }
    telling.summary(&summary, args.fresh)?;
    if args.fresh && !args.json {
        telling.output.line(verdict(&summary, warm))?;
    }
    let fine = summary.diverged == telling.accepted.used() && summary.impossible == 0;
    Ok(if fine { Status::Fine } else { Status::Failed })
}

fn select(history: &History, address: Option<&Address>) -> Result<Selection> {
    let Some(address) = address else { return Ok(Selection::All) };
    Ok(match address.turn {
        Some(turn) => {
            let (actor, index) = history.turn(&address.actor, turn)?;
            history.is_executable(actor, index)?;
            Selection::Turn(actor.id, index)
        }
        None => Selection::Actor(history.actor(&address.actor)?.id),
    })
}

/// Shows what differs, as it is found.
struct Telling<'o> {
    output: &'o mut Output,
    json: bool,
    accepted: Accepted,
    /// How many turns of each actor were executed, and how many of them differ and should not.
    actors: BTreeMap<ActorId, (String, u64, u64)>,
    /// The actors of which a difference has been shown.
    shown: BTreeSet<ActorId>,
    /// What is to be said of the first turn that was left out of this part of a run.
    left_out: Option<Box<Diagnostic>>,
    /// Why nothing more can be shown.
    failed: Option<io::Error>,
}

impl Telling<'_> {
    fn tell(&mut self, actor: &ActorHistory, index: usize, result: Result<Replayed>) {
        if self.failed.is_some() {
            return;
        }
        if let Err(problem) = &result
            && problem.code == TRACE_PART
        {
            self.left_out.get_or_insert_with(|| problem.clone());
            return;
        }
        let turn = actor.turns.get(index).map_or(0, |past| past.header.turn);
        let (_, replayed, diverged) =
            self.actors.entry(actor.id).or_insert_with(|| (actor.name.clone(), 0, 0));
        *replayed += 1;
        let Some(divergence) =
            result.as_ref().map_or(Some(None), |replayed| replayed.divergence.as_ref().map(Some))
        else {
            return;
        };
        if divergence.is_some_and(|it| self.accepted.accepts(&actor.name, turn, it.step as u64)) {
            return;
        }
        *diverged += u64::from(divergence.is_some());
        let shown = match self.json {
            true => self.output.json(&to_json(actor, turn, &result)),
            // The turns after the first different one mostly differ for the same reason.
            false if self.shown.insert(actor.id) => match &result {
                Ok(Replayed { divergence: Some(divergence), .. }) => {
                    self.divergence(&actor.name, turn, divergence)
                }
                Ok(_) => Ok(()),
                Err(problem) => {
                    self.output.reports(std::slice::from_ref(problem));
                    Ok(())
                }
            },
            false => Ok(()),
        };
        self.failed = shown.err();
    }

    fn divergence(&mut self, actor: &str, turn: u64, divergence: &Divergence) -> io::Result<()> {
        let lines = divergence::lines(actor, turn, divergence, self.output.width());
        lines.iter().try_for_each(|line| self.output.row(line))
    }

    fn summary(&mut self, summary: &Summary, fresh: bool) -> io::Result<()> {
        let Summary { replayed, impossible, left_out, .. } = *summary;
        let accepted = self.accepted.used();
        let diverged = summary.diverged.saturating_sub(accepted);
        if self.json {
            let actors = self.actors.values().map(|(actor, replayed, diverged)| {
                json!({ "actor": actor, "turns": replayed, "diverged": diverged })
            });
            return self.output.json(&json!({
                "replayed": replayed, "diverged": diverged, "accepted": accepted,
                "impossible": impossible, "left_out": left_out, "actors": actors.collect::<Vec<_>>(),
            }));
        }
        if self.actors.len() > 1 && diverged > 0 {
            for (actor, turns, diverged) in
                self.actors.values().filter(|(.., diverged)| *diverged > 0)
            {
                let turns = count(*turns, "turn");
                self.output.line(&format!("{actor}: {diverged} of {turns} diverged"))?;
            }
        }
        let how = if fresh { ", each in a fresh instance" } else { "" };
        let mut line = format!("replayed {}{how}: ", count(replayed, "turn"));
        line += &match diverged {
            0 => self.output.paint().text(Role::Good, "as recorded").into_owned(),
            diverged => {
                self.output.paint().text(Role::Error, &format!("{diverged} diverged")).into_owned()
            }
        };
        if accepted > 0 {
            line += &format!("; {} accepted", count(accepted, "difference"));
        }
        if impossible > 0 {
            line += &format!("; {} could not be replayed", count(impossible, "turn"));
        }
        if left_out > 0 {
            line += &format!("; {} left out of this part of the run", count(left_out, "turn"));
        }
        self.output.line(&line)?;
        for event in self.accepted.unused() {
            self.output.say(&format!("nothing to accept: {event} did not differ"));
        }
        Ok(())
    }
}

/// What follows from executing every turn in a fresh instance. `warm` is how many of them were
/// recorded in an instance that was kept.
fn verdict(summary: &Summary, warm: u64) -> &'static str {
    match (summary.is_as_recorded(), warm) {
        (true, 0) => "none of them had a warm instance",
        (true, _) => {
            "nothing depends on the memory of a warm instance: `instance = \"fresh\"` would do"
        }
        (false, _) if summary.diverged == 0 => {
            "nothing is known of the turns that could not be replayed"
        }
        (false, 0) => "none of them had a warm instance: this is a difference in itself",
        (false, _) => {
            "what differs depends on the memory that earlier turns left: what must last belongs in the state"
        }
    }
}

fn to_json(actor: &ActorHistory, turn: u64, result: &Result<Replayed>) -> Value {
    let mut object = json!({ "actor": actor.name, "turn": turn });
    match result {
        Ok(replayed) => {
            object["divergence"] =
                replayed.divergence.as_ref().map_or(Value::Null, divergence::to_json);
        }
        Err(problem) => object["impossible"] = report::to_json(problem),
    }
    object
}
