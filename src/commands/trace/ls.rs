use crate::commands::count;
use crate::output::Output;
use crate::project::DataArgs;
use crate::status::{Ended, Status};
use serde_json::json;
use std::collections::BTreeSet;
use theater_repl::output::size;
use theater_repl::paint::Role;
use theater_repl::styled::Line;
use theater_runtime::trace::{Kind, Reader, RecordView, RunDir};

/// List the runs of a project, the newest last
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArgs,

    /// Print one JSON object per run
    #[arg(long)]
    json: bool,
}

/// What a run's log says about the run.
#[derive(Default)]
struct Found {
    began: Option<String>,
    records: u64,
    turns: u64,
    actors: BTreeSet<String>,
    damaged: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let data = args.data.here();
    let runs = RunDir::list(&data);
    if runs.is_empty() && !args.json {
        output.say(&format!("there is no run in {}", data.display()));
    }
    for run in &runs {
        let found = Found::read(run);
        if args.json {
            output.json(&json!({
                "id": run.id(),
                "path": run.path(),
                "began": found.began,
                "records": found.records,
                "turns": found.turns,
                "actors": found.actors,
                "size": run.size(),
                "writer": run.writer(),
                "damaged": found.damaged,
            }))?;
        } else {
            row(run, &found, output)?;
        }
    }
    Ok(Status::Fine)
}

impl Found {
    fn read(run: &RunDir) -> Self {
        let mut found = Self::default();
        let mut reader = Reader::new(run);
        loop {
            match reader.next_record() {
                Ok(None) => return found,
                Ok(Some((_, record))) => {
                    found.records += 1;
                    found.began.get_or_insert_with(|| RecordView::new(&record, None).time_text());
                    match record.header.kind {
                        Kind::Turn(_) => found.turns += 1,
                        Kind::Spawned { name, .. } => drop(found.actors.insert(name)),
                        _ => {}
                    }
                }
                Err(problem) => {
                    found.damaged = !problem.torn;
                    return found;
                }
            }
        }
    }
}

fn row(run: &RunDir, found: &Found, output: &mut Output) -> std::io::Result<()> {
    let mut line = Line::default().role(Role::Literal, &run.id());
    if output.width().is_none() {
        // A terminal's columns are few, and the id says it too.
        let began = found.began.as_deref().unwrap_or("nothing recorded");
        line = line.plain("  ").role(Role::Faint, began);
    }
    let (records, turns) = (count(found.records, "record"), count(found.turns, "turn"));
    line = line.plain(&format!("  {records}, {turns}, {}", size(run.size())));
    if !found.actors.is_empty() {
        let actors: Vec<&str> = found.actors.iter().map(String::as_str).collect();
        line = line.plain("  ").role(Role::Actor, &actors.join(" "));
    }
    if let Some(pid) = run.writer() {
        line = line.role(Role::Good, &format!("  written by process {pid}"));
    }
    if found.damaged {
        line = line.role(Role::Error, "  damaged, see `theater trace verify`");
    }
    output.row(&line)
}
