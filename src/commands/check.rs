use crate::output::Output;
use crate::replace::replace;
use crate::report;
use crate::status::{Ended, Failure, Status};
use crate::watching;
use serde_json::json;
use std::path::{Path, PathBuf};
use theater_runtime::diagnostic::{self, Diagnostic, Fix, OUTPUT_UNWRITABLE};
use theater_runtime::world;
use theater_scaffold::watch::Purpose;

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

    /// Make the fixes that are certainly meant, and show what is left. Nothing is granted so
    #[arg(long)]
    fix: bool,

    /// Check again after each change, until ctrl-c. With --json, an object with `errors` and `warnings`
    /// ends each round
    #[arg(long)]
    watch: bool,
}

/// How often it looks again for what the last fixes have uncovered.
const ROUNDS: usize = 16;

pub fn run(args: Args, output: &mut Output) -> Ended {
    let folder = super::project_folder(args.dir.clone());
    match args.watch {
        true => watching::follow(&folder, Purpose::Check, output, |output| {
            check(&folder, &args, output)
        }),
        false => check(&folder, &args, output),
    }
}

fn check(folder: &Path, args: &Args, output: &mut Output) -> Ended {
    let mut problems = world::check_project(folder);
    for _ in 0..ROUNDS {
        if !args.fix || !make_fixes(&problems, output)? {
            break;
        }
        problems = world::check_project(folder);
    }
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    if args.json {
        for problem in &problems {
            output.json(&report::to_json(problem))?;
        }
        if args.watch {
            output.json(&json!({ "errors": errors, "warnings": problems.len() - errors }))?;
        }
    } else {
        output.reports(&problems);
        output.say(&summary(&problems, args.fix));
    }
    if errors > 0 && super::is_unreadable(folder) {
        return Err(Failure::CannotStart(Vec::new()));
    }
    Ok(if errors > 0 { Status::Failed } else { Status::Fine })
}

/// Makes the fixes that are certain. Answers whether there were any.
fn make_fixes(problems: &[Diagnostic], output: &mut Output) -> Result<bool, Failure> {
    let fixes: Vec<&Fix> = problems.iter().filter_map(certain).collect();
    let texts = diagnostic::apply(fixes.iter().copied());
    for (path, text) in &texts {
        replace(path, text).map_err(|error| {
            let problem = Diagnostic::io(OUTPUT_UNWRITABLE, "write", path, &error);
            Failure::CannotStart(vec![problem])
        })?;
        let titles = fixes.iter().filter(|fix| {
            fix.edits.iter().any(|edit| Path::new(&edit.source.name) == path.as_path())
        });
        for fix in titles {
            output.say(&format!("fixed {}: {}", path.display(), fix.title));
        }
    }
    Ok(!texts.is_empty())
}

/// What certainly does away with a problem.
fn certain(problem: &Diagnostic) -> Option<&Fix> {
    problem.fixes.iter().find(|fix| fix.is_certain)
}

fn summary(problems: &[Diagnostic], fixed: bool) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let found = match (errors, problems.len() - errors) {
        (0, 0) => return "no problems".to_owned(),
        (0, warnings) => super::count(warnings as u64, "warning"),
        (errors, 0) => super::count(errors as u64, "error"),
        (errors, warnings) => {
            format!(
                "{}, {}",
                super::count(errors as u64, "error"),
                super::count(warnings as u64, "warning")
            )
        }
    };
    match problems.iter().filter_map(certain).count() {
        fixable if fixable > 0 && !fixed => {
            format!("{found}; `theater check --fix` does away with {fixable} of them")
        }
        _ => found,
    }
}
