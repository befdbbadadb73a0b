use crate::commands::count;
use crate::output::Output;
use crate::project::TraceArgs;
use crate::status::{Ended, Status};
use serde_json::json;
use theater_repl::paint::Role;
use theater_repl::styled::one_line;
use theater_runtime::node::check_snapshots;
use theater_runtime::trace::{Verification, verify};

/// Check that a run is whole and unchanged
///
/// Finds every changed, removed, doubled or swapped record, every changed component, and every
/// snapshot of recovery that does not follow from the records, and names each. A record at the end
/// that a crash left unfinished is no damage; it is told apart. Exit status: 0 if all is in order, 1
/// if not.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    trace: TraceArgs,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let run = args.trace.run_of_file()?;
    let mut found = verify(&run);
    found.findings.extend(check_snapshots(&run));
    if args.json {
        output.json(&json!({
            "run": run.id(),
            "path": run.path(),
            "records": found.records,
            "turns": found.turns,
            "actors": found.actors,
            "removed_payloads": found.removed_payloads,
            "part": found.part,
            "left_out_blobs": found.left_out_blobs,
            "torn": found.torn,
            "findings": found.findings,
        }))?;
    } else {
        show(&run.id(), &found, output)?;
    }
    Ok(if found.findings.is_empty() { Status::Fine } else { Status::Failed })
}

fn show(run: &str, found: &Verification, output: &mut Output) -> std::io::Result<()> {
    for finding in &found.findings {
        let finding = one_line(finding);
        output.line(&format!("{}: {finding}", output.paint().text(Role::Error, "damage")))?;
    }
    if let Some(part) = &found.part {
        let payloads = count(found.removed_payloads, "payload");
        let blobs = count(found.left_out_blobs, "file");
        output.line(&format!("a part of the run: {}", one_line(part)))?;
        output
            .line(&format!("left out: {payloads}, {blobs} of components and manifests; what is left proves no other change"))?;
    } else if found.removed_payloads > 0 {
        let removed = count(found.removed_payloads, "payload");
        output
            .line(&format!("{removed} removed on purpose; what is left proves no other change"))?;
    }
    if found.torn > 0 {
        let torn = count(found.torn, "byte");
        output.line(&format!(
            "the last record is unfinished ({torn}): it is being written, or its writer died"
        ))?;
    }
    let (records, turns) = (count(found.records, "record"), count(found.turns, "turn"));
    let verdict = match found.findings.len() as u64 {
        0 => output.paint().text(Role::Good, "in order").into_owned(),
        damage => output.paint().text(Role::Error, &count(damage, "finding")).into_owned(),
    };
    output.line(&format!(
        "run {run}: {records}, {turns} of {}: {verdict}",
        count(found.actors, "actor")
    ))
}
