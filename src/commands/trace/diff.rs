use crate::address::Moment;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use theater_repl::causes;

/// Show what differs in the state between two moments, key by key
///
/// Examples:
///   theater trace diff my-actor#3 my-actor#7
///   theater trace diff my-actor#3.1 my-actor
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The one moment
    #[arg(value_name = "ACTOR#TURN[.STEP]")]
    from: Moment,

    /// The other one; without a number after the actor's last turn
    #[arg(value_name = "ACTOR[#TURN[.STEP]]")]
    to: Moment,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object per key
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let history = args.trace.history()?;
    let (from, to) = (args.from.cursor(&history)?, args.to.cursor(&history)?);
    let changes = from.diff(&history, to)?;
    if changes.is_empty() && !args.json {
        output.say("the two states are the same");
    }
    output.shown(&causes::changes(&changes), args.json)?;
    Ok(Status::Fine)
}
