//! How a command ends: its exit status, and what is said when it fails.

use crate::output::Output;
use std::io;
use std::process::ExitCode;
use theater_runtime::diagnostic::{Diagnostic, OUTPUT_UNWRITABLE, reason};

/// How a command ended that did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All is well: exit status 0.
    Fine,
    /// What was asked about failed: exit status 1. It has been shown already.
    Failed,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// It could not start: exit status 2.
    CannotStart(Vec<Diagnostic>),
    /// What was asked about failed: exit status 1.
    Failed(Vec<Diagnostic>),
    /// Its output could not be written.
    Output(io::Error),
}

/// What every command answers.
pub type Ended = Result<Status, Failure>;

impl Failure {
    /// The failure of what was asked about.
    pub fn failed(problem: impl Into<Box<Diagnostic>>) -> Self {
        Self::Failed(vec![*problem.into()])
    }
}

impl From<Box<Diagnostic>> for Failure {
    fn from(problem: Box<Diagnostic>) -> Self {
        Self::CannotStart(vec![*problem])
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Self::CannotStart(problems)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Shows what is left to be shown, and gives the process its exit status.
pub fn finish(ended: Ended, output: &mut Output) -> ExitCode {
    let flushed = output.flush();
    let ended = ended.and_then(|status| flushed.map(|()| status).map_err(Failure::Output));
    match ended {
        Ok(Status::Fine) => ExitCode::SUCCESS,
        Ok(Status::Failed) => ExitCode::from(1),
        Err(Failure::Failed(problems)) => {
            output.reports(&problems);
            ExitCode::from(1)
        }
        Err(Failure::CannotStart(problems)) => {
            output.reports(&problems);
            ExitCode::from(2)
        }
        // Whoever read has what he wanted, as with `| head`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(Failure::Output(error)) => {
            let message = format!("cannot write the output: {}", reason(&error));
            output.reports(&[Diagnostic::error(OUTPUT_UNWRITABLE, message)]);
            ExitCode::from(2)
        }
    }
}
