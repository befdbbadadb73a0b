use crate::address::Moment;
use crate::asynchronous::block_on;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use serde_json::json;
use std::sync::Arc;
use theater_repl::forking;
use theater_runtime::diagnostic::{Diagnostic, FORK_IMPOSSIBLE, Result, Source};
use theater_runtime::replay::{Cursor, Departure, History, Replayer};

/// Begin a new run from a moment of a recorded one: what would have happened if
///
/// The new run has everything that had happened by then, in all actors, and says from which run it comes, and what is
/// changed. `theater repl --resume` and `theater run` go on with it live, with the components that were recorded. The
/// recorded run stays as it is. What waits for an actor at that moment comes to it; what came from outside later has to
/// be sent again.
///
/// Examples:
///   theater fork shop/inventory#3
///   theater fork shop/orders#3 --before && theater repl --resume -e 'shop/orders.place("A-1", 1)'
///   theater fork shop/orders#3 --with 'place("A-1", 2)'
///   theater fork shop/orders#3.1 --answer 'ok(5)'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The moment after this turn; without a number after the actor's last one
    #[arg(value_name = "ACTOR[#TURN[.STEP]]")]
    address: Moment,

    /// The moment before the turn, so that it can have another message
    #[arg(long)]
    before: bool,

    /// Give the turn this message in place of its own: a call as in the REPL, without the actor
    #[arg(long, value_name = "CALL", conflicts_with = "before")]
    with: Option<String>,

    /// Give the import call at this step this answer in place of its own, and go on behind it
    #[arg(long, value_name = "VALUE", conflicts_with_all = ["before", "with"])]
    answer: Option<String>,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let history = args.trace.history()?;
    let cursor = args.address.cursor(&history)?;
    let departure = departure(&args, &history, cursor, output)?;
    let (actor, index) = cursor.whose(&history)?;
    let new = history.fork(actor, index, &departure, &args.trace.data.here())?;
    if args.json {
        let place = cursor.place(&history)?;
        let changed = match &departure {
            Departure::With(change) => Some(change.what().name()),
            Departure::After | Departure::Before => None,
        };
        output.json(&json!({
            "run": new.id(), "path": new.path(), "of": history.run().id(),
            "actor": place.actor, "turn": place.turn, "step": place.step,
            "before": matches!(departure, Departure::Before), "changed": changed,
        }))?;
        return Ok(Status::Fine);
    }
    output.row(&forking::line(&new, &cursor.place(&history)?, &departure))?;
    output.flush()?;
    output.say("go on with it: `theater repl --resume` or `theater run`");
    Ok(Status::Fine)
}

/// The moment from which the run goes on, and what is changed there.
fn departure(
    args: &Args,
    history: &History,
    cursor: Cursor,
    output: &mut Output,
) -> Result<Departure> {
    let mut replayer = || {
        let cache = crate::cache::open();
        output.reports(&Vec::from_iter(cache.problem()));
        Replayer::new(None, cache)
    };
    if let Some(answer) = &args.answer {
        let source: Arc<Source> = Source::new("--answer", answer.as_str());
        let replayer = replayer()?;
        let reading = replayer.other_answer(history, cursor, (&source, 0..source.text.len()));
        return block_on(reading)?.map(Departure::With);
    }
    if args.address.step.is_some() {
        let place = cursor.place(history)?;
        let message =
            format!("a run cannot go on from {place} as it was: a turn is all or nothing");
        let help = "Give the import call another answer (`--answer VALUE`), or name the turn without the step.";
        return Err(Box::new(Diagnostic::error(FORK_IMPOSSIBLE, message).help(help)));
    }
    if let Some(call) = &args.with {
        let source: Arc<Source> = Source::new("--with", call.as_str());
        let (actor, index) = cursor.whose(history)?;
        let change = replayer()?.other_message(history, actor, index, (&source, 0))?;
        return Ok(Departure::With(change));
    }
    Ok(if args.before { Departure::Before } else { Departure::After })
}
