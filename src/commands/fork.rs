use crate::address::Moment;
use crate::asynchronous::block_on;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use serde_json::json;
use std::sync::Arc;
use theater_repl::forking;
use theater_runtime::diagnostic::{Result, Source};
use theater_runtime::replay::{Cursor, Departure, Edit, History, Replayer};

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
///   theater fork shop/inventory#3 --set 'stock/A-1 = 100' --unset delivered
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

    /// Set a key of the actor's state at that moment, both written as `theater trace state` shows them; may be given
    /// several times
    #[arg(long, value_name = "KEY = VALUE", conflicts_with_all = ["with", "answer"])]
    set: Vec<String>,

    /// Remove a key of the actor's state at that moment; may be given several times
    #[arg(long, value_name = "KEY", conflicts_with_all = ["with", "answer"])]
    unset: Vec<String>,

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
            "before": args.before, "changed": changed,
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
        return Err(Box::new(forking::in_a_turn(&place, "--answer VALUE")));
    }
    let (actor, index) = cursor.whose(history)?;
    if !args.set.is_empty() || !args.unset.is_empty() {
        let source = |name: &str, text: &str| (Source::new(name, text), 0..text.len());
        let set = args.set.iter().map(|text| source("--set", text));
        let set = set.map(|(source, span)| Edit::Set(source, span));
        let unset = args.unset.iter().map(|text| source("--unset", text));
        let unset = unset.map(|(source, span)| Edit::Unset(source, span));
        let edits: Vec<Edit> = set.chain(unset).collect();
        return history.other_state(actor, index, args.before, &edits).map(Departure::With);
    }
    if let Some(call) = &args.with {
        let source: Arc<Source> = Source::new("--with", call.as_str());
        let change = replayer()?.other_message(history, actor, index, (&source, 0))?;
        return Ok(Departure::With(change));
    }
    Ok(if args.before { Departure::Before } else { Departure::After })
}
