use super::row::Column;
use crate::address::Moment;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use serde_json::json;
use std::io;
use theater_repl::paint::Role;
use theater_repl::styled::Line;
use theater_runtime::trace::{LogLine, RecordView};

/// Show what actors logged and printed, up to a moment if one is given
///
/// Examples:
///   theater trace log
///   theater trace log my-actor
///   theater trace log --at my-actor#3.2
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// Only lines of this actor
    #[arg(value_name = "ACTOR")]
    actor: Option<String>,

    /// Only what had been logged by then
    #[arg(long, value_name = "ACTOR#TURN[.STEP]")]
    at: Option<Moment>,

    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let history = args.trace.history()?;
    let actor = match &args.actor {
        Some(name) => Some(history.actor(name)?.id),
        None => None,
    };
    let column = Column::of(&history);
    // The record at which to end, and how many of its calls count.
    let mut end = (u64::MAX, None);
    if let Some(at) = &args.at {
        let cursor = at.cursor(&history)?;
        let (actor, index) = cursor.whose(&history)?;
        let position = history.view_at(actor.id, actor.turns[index].location)?.position;
        end = (position, cursor.place(&history)?.step);
    }
    for view in history.views(actor) {
        let mut view = view?;
        if view.position > end.0 {
            break;
        }
        if view.turn().is_none() {
            continue;
        }
        if let (true, Some(step)) = (view.position == end.0, end.1) {
            view.calls.truncate(step);
        }
        for line in view.log_lines() {
            show(&view, &line, column, args.json, output)?;
        }
    }
    Ok(Status::Fine)
}

fn show(
    view: &RecordView,
    line: &LogLine,
    column: Column,
    json: bool,
    output: &mut Output,
) -> io::Result<()> {
    if json {
        return output.json(&json!({
            "actor": view.actor,
            "turn": view.turn().map(|turn| turn.turn),
            "time": view.time_text(),
            "from": line.from.to_string(),
            "text": line.text,
        }));
    }
    let time = view.time_text();
    // A terminal's columns are few, and the day stands in the run's id.
    let time = if output.width().is_some() { &time["0000-00-00T".len()..] } else { &time };
    let head = Line::default().role(Role::Faint, &format!("{time}  "));
    let head = column.address(head, view).role(Role::Field, &format!("{:<6}  ", line.from));
    output.row(&head.plain(&line.text))
}
