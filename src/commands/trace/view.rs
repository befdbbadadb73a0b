use crate::address::Moment;
use crate::asynchronous::block_on;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use theater_repl::stack::Looker;
use theater_repl::view;

/// Walk through a run on the whole screen: what happened, each moment in full, and the state there
///
/// `?` tells the keys, `q` leaves. It needs a terminal.
///
/// Examples:
///   theater trace view
///   theater trace view my-actor#3
///   theater trace view --trace bug.trace
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Where to begin; without a number at the actor's last turn [default: the last record]
    #[arg(value_name = "ACTOR[#TURN[.STEP]]")]
    moment: Option<Moment>,

    #[command(flatten)]
    trace: TraceArgs,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let mut history = args.trace.history()?;
    let cursor = args.moment.map(|moment| moment.cursor(&history)).transpose()?;
    let mut looker = Looker::new(crate::cache::open());
    let look = |history: &_, cursor| block_on(looker.look(history, cursor))?;
    view::run(&mut history, cursor, output.paint(), look)?;
    Ok(Status::Fine)
}
