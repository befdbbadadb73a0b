use super::row;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use theater_runtime::diagnostic::Source;
use theater_runtime::replay::Condition;

/// Find the records of a run for which a condition holds
///
/// A condition compares what records have: actor, turn, time, kind, function, argument, result,
/// outcome, failure, cause, reason, handler, call, changed, log, text, fuel, incarnation, position,
/// and keys of the state as state.KEY. The signs are = != < <= > >=, ~ for "has in it" and !~.
/// and, or, not and parentheses join conditions.
///
/// Exit status: 0 if a record was found, 1 if none, 2 if the condition cannot be read.
///
/// Examples:
///   theater trace grep 'outcome = trap'
///   theater trace grep 'state.count > 5 and not function = reset'
///   theater trace grep 'text ~ "A-1"' --actor shop/inventory
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What must hold, such as 'outcome = trap'
    #[arg(value_name = "CONDITION")]
    condition: String,

    /// Only records of this actor
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object per record
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let length = args.condition.len();
    let condition = Condition::parse(&Source::new("condition", args.condition), 0..length)?;
    let history = args.trace.history()?;
    let actor = match &args.actor {
        Some(name) => Some(history.actor(name)?.id),
        None => None,
    };
    let column = row::Column::of(&history);
    let mut found = Status::Failed;
    for view in history.matching(&condition, actor) {
        row::show(&view?, column, args.json, output)?;
        found = Status::Fine;
    }
    Ok(found)
}
