use crate::address::Moment;
use crate::asynchronous::block_on;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use theater_repl::causes::Shown;
use theater_repl::stack::{self, Looker};
use theater_runtime::boundary::Stop;
use theater_runtime::diagnostic::Result;
use theater_runtime::replay::{Cursor, History, Moment as Seen, Replayer};

/// Show where in its code an actor was: at an import call, or where its turn aborted
///
/// The turn is executed again up to that moment; nothing outside is asked. Shown are the functions that the actor was in,
/// the innermost first, with file and line if the component has debug information. A Rust actor has it with
/// `debug = "line-tables-only"` under `[profile.release]` in its Cargo.toml.
///
/// Examples:
///   theater trace stack my-actor
///   theater trace stack my-actor#3.2
///   theater trace stack my-actor#3 --steps --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// When: at a step, or at the end of a turn; without a number of the actor's last turn
    #[arg(value_name = "ACTOR[#TURN[.STEP]]")]
    moment: Moment,

    /// At every step of the turn up to there, in order
    #[arg(long)]
    steps: bool,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object for each moment; with what was asked and answered, and the state then
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let history = args.trace.history()?;
    let cursor = args.moment.cursor(&history)?;
    let cache = crate::cache::open();
    output.reports(&Vec::from_iter(cache.problem()));
    if args.steps {
        let replayer = Replayer::for_inspection(cache)?;
        for shown in steps(&replayer, &history, cursor)? {
            output.shown(&shown, args.json)?;
        }
        return Ok(Status::Fine);
    }
    let shown = block_on(Looker::new(cache).look(&history, cursor))??;
    output.shown(&shown, args.json)?;
    Ok(Status::Fine)
}

/// The steps of a cursor's turn up to the one at which it stands, or all of them and the turn's end.
fn steps(replayer: &Replayer, history: &History, cursor: Cursor) -> Result<Vec<Shown>> {
    let (actor, index) = cursor.whose(history)?;
    let place = cursor.place(history)?;
    let (told, heard) = channel();
    let tell = {
        let place = place.clone();
        move |stop: Stop| {
            let is_last = Some(stop.step) == place.step.map(|step| step as u64);
            // Who listens is there until the walk is over.
            let _ = told.send(stack::call(&place, &stop));
            if is_last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    };
    let walked = block_on(replayer.walk(history, actor, index, tell))??;
    let walked = walked.as_recorded(&place)?;
    let mut shown: Vec<Shown> = heard.into_iter().collect();
    if place.step.is_none() {
        shown.push(stack::moment(history, cursor, &Seen::End(Box::new(walked)))?);
    }
    Ok(shown)
}
