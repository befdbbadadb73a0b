use crate::output::Output;
use crate::report;
use crate::status::{Ended, Failure, Status};
use std::path::PathBuf;
use theater_runtime::diagnostic::Diagnostic;
use theater_runtime::world;

/// Check a project: manifest, world and component, each against the others
///
/// Shows every problem in one go. Exit status: 0 if there is no error (there may be warnings), 1 if
/// there are errors, 2 if the manifest cannot be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder [default: the project around the current folder]
    dir: Option<PathBuf>,

    /// Print one JSON object per problem
    #[arg(long)]
    json: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let folder = super::project_folder(args.dir);
    let problems = world::check_project(&folder);
    if args.json {
        for problem in &problems {
            output.json(&report::to_json(problem))?;
        }
    } else {
        output.reports(&problems);
        output.say(&summary(&problems));
    }
    let errors = problems.iter().any(Diagnostic::is_error);
    if errors && super::is_unreadable(&folder) {
        return Err(Failure::CannotStart(Vec::new()));
    }
    Ok(if errors { Status::Failed } else { Status::Fine })
}

fn summary(problems: &[Diagnostic]) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    match (errors, problems.len() - errors) {
        (0, 0) => "no problems".to_owned(),
        (0, warnings) => super::count(warnings as u64, "warning"),
        (errors, 0) => super::count(errors as u64, "error"),
        (errors, warnings) => {
            format!(
                "{}, {}",
                super::count(errors as u64, "error"),
                super::count(warnings as u64, "warning")
            )
        }
    }
}
