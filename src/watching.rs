//! `--watch`: the same again after each change.

use crate::output::Output;
use crate::status::{Ended, Failure};
use std::path::Path;
use theater_scaffold::watch::{Purpose, Watched};

/// Does it, and again after each change of the project in a folder, until somebody ends the process or the
/// project is gone. Problems are shown, and end nothing.
pub fn follow(
    folder: &Path,
    purpose: Purpose,
    output: &mut Output,
    mut round: impl FnMut(&mut Output) -> Ended,
) -> Ended {
    let mut project = Watched::begin(folder, purpose)?;
    loop {
        match round(output) {
            Ok(_) => {}
            Err(Failure::Failed(problems) | Failure::CannotStart(problems)) => {
                output.reports(&problems);
            }
            Err(failure @ Failure::Output(_)) => return Err(failure),
        }
        output.flush()?;
        output.say("watching for changes; ctrl-c ends");
        let file = project.next_change()?;
        output.say(&format!("\nchanged: {}", file.display()));
    }
}
