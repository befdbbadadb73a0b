use crate::address::Address;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use serde_json::json;
use theater_repl::paint::Role;
use theater_repl::styled::Line;
use theater_runtime::replay::History;

/// Begin a new run from a moment of a recorded one: what would have happened if
///
/// The new run has everything that had happened by then, in all actors, and says from which run it comes.
/// `theater repl --resume` and `theater run` go on with it live, with the components that were recorded. The recorded
/// run stays as it is. What waits for an actor at that moment comes to it; what came from outside later has to be sent
/// again.
///
/// Examples:
///   theater fork shop/inventory#3
///   theater fork shop/orders#3 --before && theater repl --resume -e 'shop/orders.place("A-1", 1)'
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The moment after this turn; without a number after the actor's last one
    #[arg(value_name = "ACTOR[#TURN]")]
    address: Address,

    /// The moment before the turn, so that it can have another message
    #[arg(long)]
    before: bool,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let history = History::load(&args.trace.run()?)?;
    let (actor, index) = args.address.turn(&history)?;
    let turn = history.past(actor, index)?.header.turn;
    let new = history.fork(actor, index, args.before, &args.trace.data.here())?;
    if args.json {
        output.json(&json!({
            "run": new.id(), "path": new.path(), "of": history.run().id(),
            "actor": actor.name, "turn": turn, "before": args.before,
        }))?;
        return Ok(Status::Fine);
    }
    let when = if args.before { "before" } else { "after" };
    let line = Line::default().plain("run ").role(Role::Literal, &new.id());
    let line = line.plain(&format!(" goes on from the moment {when} "));
    output.row(&line.role(Role::Actor, &format!("{}#{turn}", actor.name)))?;
    output.flush()?;
    output.say("go on with it: `theater repl --resume` or `theater run`");
    Ok(Status::Fine)
}
