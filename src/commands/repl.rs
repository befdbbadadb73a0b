use crate::asynchronous::block_on;
use crate::output::Output;
use crate::project::ActorArgs;
use crate::status::{Ended, Status};
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use theater_repl::styled::one_line;
use theater_repl::{Input, Options};
use theater_runtime::diagnostic::Result;
use theater_runtime::node::Start;
use theater_runtime::trace::RunDir;

/// Talk to actors: typed calls, live events, steps through the past
///
/// Opens a new run, spawns the project's actor under its name, and reads statements: from the
/// command line with `-e`, from a file, from standard input, or from you. `help` lists the words.
///
/// Examples:
///   theater repl
///   theater repl -e 'my-actor.increment(by: 5)' -e state
///   theater repl stranger.wasm --grant log,clock
///   theater repl bug.trace
///
/// Exit status: 0 if every statement worked, 1 if one failed, 2 if it could not start.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[command(flatten)]
    actor: ActorArgs,

    /// Evaluate a statement; may be given several times. The first failure ends it
    #[arg(short = 'e', value_name = "LINE", allow_hyphen_values = true, conflicts_with = "file")]
    lines: Vec<String>,

    /// Evaluate the statements of a file
    #[arg(long, value_name = "SCRIPT")]
    file: Option<PathBuf>,

    /// Go on with the newest run instead of beginning a new one
    #[arg(long)]
    resume: bool,

    /// Print one JSON object per result; 64-bit numbers are exact
    #[arg(long)]
    json: bool,
}

/// The run in the trace file that was named, if one was.
fn recorded(start: &Start) -> Result<Option<RunDir>> {
    match start {
        Start::Component(path) if path.extension().is_some_and(|end| end == "trace") => {
            crate::cache::open_run(path).map(Some)
        }
        _ => Ok(None),
    }
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let input = match (args.lines, args.file) {
        (lines, _) if !lines.is_empty() => Input::Lines(lines),
        (_, Some(file)) => Input::File(file),
        _ if io::stdin().is_terminal() && io::stdout().is_terminal() => Input::Terminal,
        _ => Input::StandardInput,
    };
    let (start, data) = args.actor.start();
    let recorded = recorded(&start)?;
    if let Some(part) = recorded.as_ref().and_then(|run| run.part().ok().flatten()) {
        output.say(&format!("a part of a run: {}", one_line(&part.about)));
    }
    let runs = data.clone();
    let (start, data) = match &recorded {
        // Nothing is left of the session: a trace is only looked at.
        Some(run) => (Start::Empty, run.temporary().unwrap_or(run.path()).join("session")),
        None => (start, data),
    };
    let options = Options {
        start,
        recorded,
        runs,
        resume: args.resume,
        durability: args.actor.durability(),
        grants: args.actor.grants(),
        init: args.actor.init,
        input,
        json: args.json,
        colour: output.paint().on,
        colour_err: output.report_paint().on,
        history: Some(data.join("history")),
        data,
        cache: crate::cache::open(),
    };
    match block_on(theater_repl::run(options))?? {
        theater_repl::Ended::Ok => Ok(Status::Fine),
        theater_repl::Ended::Failed => Ok(Status::Failed),
    }
}
