use crate::address::Address;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use theater_repl::causes;

/// Show why a turn happened: what sent its message, back to what came from outside
///
/// Example:
///   theater trace why shop/audit#3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The turn; without a number the actor's last one
    #[arg(value_name = "ACTOR[#TURN]")]
    address: Address,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object per turn
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let history = args.trace.history()?;
    let (actor, index) = args.address.turn(&history)?;
    output.shown(&causes::why(&history, actor, index)?, args.json)?;
    Ok(Status::Fine)
}
