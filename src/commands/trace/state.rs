use crate::address::Moment;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use theater_repl::output::Output as Shown;

/// Show an actor's state as it was after a turn, or after a step in it
///
/// Examples:
///   theater trace state my-actor
///   theater trace state my-actor#3
///   theater trace state my-actor#3.2
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// When; without a number after the actor's last turn
    #[arg(value_name = "ACTOR[#TURN[.STEP]]")]
    moment: Moment,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let history = args.trace.history()?;
    let cursor = args.moment.cursor(&history)?;
    let place = cursor.place(&history)?;
    let moment = Some((place.turn, place.step));
    let state = cursor.state(&history)?;
    let shown = Shown::State { actor: place.actor, moment, state };
    output.text(&shown.render(output.look(args.json)))?;
    Ok(Status::Fine)
}
