use crate::address::Moment;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use theater_repl::causes;

/// Show what followed from a turn: the turns that its calls and messages led to, and so on
///
/// With a step, only what that import call led to. `trace why` goes the other way.
///
/// Examples:
///   theater trace effects shop/orders#3
///   theater trace effects shop/orders#3.2
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The turn, or a step in it; without a number the actor's last turn
    #[arg(value_name = "ACTOR[#TURN[.STEP]]")]
    moment: Moment,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object per turn, the first one the turn itself
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let history = args.trace.history()?;
    let cursor = args.moment.cursor(&history)?;
    let (actor, index) = cursor.whose(&history)?;
    let step = cursor.place(&history)?.step.map(|step| step as u64);
    output.shown(&causes::effects(&history, actor, index, step)?, args.json)?;
    Ok(Status::Fine)
}
