use crate::address::Address;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use serde_json::{Value, json};
use theater_repl::paint::Role;
use theater_repl::styled::Line;
use theater_runtime::replay::{Because, History};
use theater_runtime::trace::{Cause, RecordView, Step};

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
    let history = History::load(&args.trace.run()?)?;
    let actor = history.actor(&args.address.actor)?;
    let index = match args.address.turn {
        Some(turn) => actor.index_of(turn)?,
        // Of an actor without turns this says that it has had none.
        None => actor.turns.len().checked_sub(1).map_or_else(|| actor.index_of(0), Ok)?,
    };
    let chain = history.why(actor, index);
    // What in the present turn sent the message of the one before.
    let mut sent: Option<Step> = None;
    for because in &chain {
        let event = because.event.and_then(|position| history.record(position));
        let view = history.view_at(because.actor.id, because.turn.location)?;
        match args.json {
            true => output.json(&object(&view, sent))?,
            false => {
                show(&view, sent, output)?;
                if let Some((id, location)) = event {
                    show_event(&history.view_at(id, location)?, output)?;
                }
            }
        }
        sent = because.sent;
    }
    if !args.json
        && let Some(last) = chain.last()
    {
        output.row(&Line::default().role(Role::Faint, &beginning(&history, last)))?;
    }
    Ok(Status::Fine)
}

/// A turn, and in front of it the step of it that has led to the turn above.
fn show(view: &RecordView, sent: Option<Step>, output: &mut Output) -> std::io::Result<()> {
    if let Some(step) = sent {
        let call = call(view, step).map_or(String::new(), |call| call.summary());
        let line = Line::default().role(Role::Faint, "  because of ");
        let line = line.role(Role::Actor, &format!("{}.{}", view.address(), step.step));
        output.row(&line.plain("  ").plain(&call))?;
    }
    let line = Line::default().role(Role::Actor, &view.address());
    output.row(&line.plain("  ").plain(&view.summary()))
}

/// What happened, under the turn that was told of it.
fn show_event(view: &RecordView, output: &mut Output) -> std::io::Result<()> {
    let line = Line::default().role(Role::Faint, "  because ");
    let line = line.role(Role::Actor, view.actor.as_deref().unwrap_or("node"));
    output.row(&line.plain(" ").plain(&view.summary()))
}

fn call(view: &RecordView, step: Step) -> Option<&theater_runtime::trace::CallView> {
    view.calls.get(usize::try_from(step.step).ok()?.checked_sub(1)?)
}

/// Where the chain begins.
fn beginning(history: &History, last: &Because<'_>) -> String {
    let view = history.view_at(last.actor.id, last.turn.location);
    let origin = view.ok().and_then(|view| view.origin);
    match (last.turn.header.cause, origin) {
        (Cause::Outside, Some(words)) => format!("  from outside: {words}"),
        (Cause::Outside, None) => "  from outside".to_owned(),
        (Cause::Runtime, Some(words)) => format!("  from the runtime, for: {words}"),
        (Cause::Runtime, None) => "  from the runtime".to_owned(),
        (Cause::Event(_), _) => "  from the runtime".to_owned(),
        (Cause::Actor(step) | Cause::Timer(step), _) => {
            let name = history.by_id(step.actor).map_or("?", |sender| &sender.name);
            format!("  because of {name}#{}.{}, which is not recorded", step.turn, step.step)
        }
    }
}

fn object(view: &RecordView, sent: Option<Step>) -> Value {
    let mut object = view.to_json();
    object["address"] = json!(view.address());
    object["step"] = json!(sent.map(|step| step.step));
    object
}
