use crate::commands::count;
use crate::output::Output;
use crate::project::DataArgs;
use crate::status::{Ended, Status};
use serde_json::{Value, json};
use std::io;
use std::path::PathBuf;
use theater_repl::divergence;
use theater_repl::paint::Role;
use theater_repl::styled::Line;
use theater_runtime::replay::{Bisection, Common, History, Mark, Parting, bisect};
use theater_runtime::trace::RunDir;

/// Find where two runs of the same application part
///
/// Shown is the first difference of each actor, behind the one from which it follows: so the first one shown is
/// the first that happened. Turns are compared by what they were told, asked, were answered, and did; not by
/// their times, and by their fuel only if component and engine are the same. Exit status: 0 if both runs are the
/// same, 1 if they part, 2 if one cannot be read.
///
/// Examples:
///   theater trace bisect 20261123-051710-a3f2 20261123-051812-09bc
///   theater trace bisect good.trace bad.trace --ignore wasi:clocks
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The one run: its id, its folder, or a file made by `theater trace export`
    #[arg(value_name = "RUN-A")]
    a: PathBuf,

    /// The other one [default: the newest run]
    #[arg(value_name = "RUN-B")]
    b: Option<PathBuf>,

    /// Do not compare the answers of import calls with this text in their names; may be given several
    /// times
    #[arg(long, value_name = "TEXT")]
    ignore: Vec<String>,

    #[command(flatten)]
    data: DataArgs,

    /// Print one JSON object per actor that parts, and one for the summary
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let a = args.data.run(&args.a)?;
    let b = match &args.b {
        Some(named) => args.data.run(named)?,
        None => RunDir::latest(&args.data.here())?,
    };
    let found = bisect(&History::load(&a)?, &History::load(&b)?, &args.ignore)?;
    if args.json {
        for parting in &found.partings {
            output.json(&parting_json(&found, parting))?;
        }
        output.json(&json!({
            "a": a.id(), "b": b.id(), "unknown": found.unknown,
            "actors": found.actors.iter().map(common_json).collect::<Vec<_>>(),
        }))?;
    } else {
        for parting in &found.partings {
            show(&found, parting, output)?;
        }
        summary(&found, output)?;
    }
    Ok(if found.partings.is_empty() { Status::Fine } else { Status::Failed })
}

fn show(found: &Bisection, parting: &Parting, output: &mut Output) -> io::Result<()> {
    let difference = &parting.divergence;
    let address = address(parting, parting.a.or(parting.b));
    let mut head = Line::default().role(Role::Actor, &address);
    if let (Some(a), Some(b)) = (parting.a, parting.b)
        && a.turn != b.turn
    {
        head = head.plain(" / ").role(Role::Actor, &self::address(parting, Some(b)));
    }
    head = head.role(Role::Error, "  parts").plain(": ").plain(&difference.place());
    if let Some(first) = parting.follows.and_then(|index| found.partings.get(index)) {
        let first = self::address(first, first.a.or(first.b));
        head = head.role(Role::Faint, &format!("  (follows from {first})"));
    }
    output.row(&head)?;
    let lines = divergence::both(difference, ["in A", "in B"], output.width());
    lines.iter().try_for_each(|line| output.row(line))
}

fn address(parting: &Parting, mark: Option<Mark>) -> String {
    let step = divergence::step_text(&parting.divergence);
    match mark.and_then(|mark| mark.turn) {
        Some(turn) => format!("{}#{turn}{step}", parting.actor),
        None => parting.actor.clone(),
    }
}

fn summary(found: &Bisection, output: &mut Output) -> io::Result<()> {
    let others = |is_other: fn(&Common) -> bool| {
        let others = found.actors.iter().filter(move |actor| is_other(actor));
        others.map(|actor| actor.actor.as_str()).collect::<Vec<_>>().join(" ")
    };
    for (what, whose) in [
        ("another component", others(|actor| actor.other_component)),
        ("another manifest", others(|actor| actor.other_manifest)),
    ] {
        if !whose.is_empty() {
            output.row(&Line::default().plain(what).plain(": ").role(Role::Actor, &whose))?;
        }
    }
    if found.unknown > 0 {
        let unknown = count(found.unknown, "payload");
        output.line(&format!("not compared: {unknown}, removed from one of the traces"))?;
    }
    let turns: u64 = found.actors.iter().map(|actor| actor.turns).sum();
    let (actors, turns) = (count(found.actors.len() as u64, "actor"), count(turns, "turn"));
    let verdict = match found.partings.len() as u64 {
        0 => output.paint().text(Role::Good, "the same").into_owned(),
        parted => {
            let parted = format!("{} parted", count(parted, "actor"));
            output.paint().text(Role::Error, &parted).into_owned()
        }
    };
    output.line(&format!("{actors}, {turns} in common: {verdict}"))
}

fn parting_json(found: &Bisection, parting: &Parting) -> Value {
    let mark = |mark: Option<Mark>| {
        mark.map_or(Value::Null, |mark| json!({ "position": mark.position, "turn": mark.turn }))
    };
    let mut object = divergence::to_json(&parting.divergence);
    let fields = [("in_a", "expected"), ("in_b", "actual")];
    for (name, field) in fields {
        let value = object[field].take();
        object[name] = value;
    }
    if let Some(object) = object.as_object_mut() {
        fields.iter().for_each(|(_, field)| drop(object.remove(*field)));
    }
    object["actor"] = json!(parting.actor);
    object["common_turns"] = json!(parting.common);
    object["a"] = mark(parting.a);
    object["b"] = mark(parting.b);
    let first = parting.follows.and_then(|index| found.partings.get(index));
    object["follows_from"] = json!(first.map(|first| &first.actor));
    object
}

fn common_json(common: &Common) -> Value {
    json!({
        "actor": common.actor, "common_turns": common.turns, "parted": common.parted,
        "other_component": common.other_component, "other_manifest": common.other_manifest,
    })
}
