//! The interactive shell: typed calls, live events, stepping through traces.
//!
//! [`run`] is the whole of `theater repl`. The engine is a [`session::Session`]: it evaluates
//! statements on a node and gives [`output::Output`]s, and knows no terminal. Two thin faces feed it:
//! `interactive` and `batch`.
//!
//! On the input side a statement comes from a [`terminal`] or a [`script`], is read by
//! [`line::parse`] into a [`line::Command`], and what the table in [`words`] says of each word serves
//! parsing, `help` and [`complete`]. The terminal sees the running actors only through the snapshot in
//! [`names`]; lines from them appear above the prompt through a [`printer::Printer`]. What guests
//! wrote is shown only after [`paint::printable`], records by [`record`], problems by [`mod@report`]; the
//! other commands of `theater` show them through the same modules.

mod batch;
pub mod causes;
pub mod complete;
pub mod divergence;
pub mod forking;
pub mod highlight;
mod info;
mod interactive;
pub mod line;
mod live;
pub mod names;
pub mod output;
pub mod paint;
pub mod printer;
pub mod record;
pub mod report;
pub mod script;
pub mod session;
pub mod signals;
pub mod stack;
mod start;
pub mod styled;
pub mod terminal;
mod tree;
pub mod view;
pub mod watched;
pub mod words;

#[cfg(test)]
mod tests;

pub use session::Start;

use signals::Signals;
use std::path::PathBuf;
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::Diagnostic;
use theater_runtime::manifest::BareGrants;
use theater_runtime::trace::{Durability, RunDir};

/// What `theater repl` was asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to start with.
    pub start: Start,
    /// A recorded run to look at, in place of that of the session.
    pub recorded: Option<RunDir>,
    /// The folder with the runs, normally the project's `.theater`.
    pub data: PathBuf,
    /// The folder below which forked runs come to be: where `theater repl --resume` finds them.
    pub runs: PathBuf,
    /// Whether to go on with the last run, instead of beginning a new one.
    pub resume: bool,
    /// What answers wait for, in place of what a run that goes on kept to, or a new one's manifest says.
    pub durability: Option<Durability>,
    /// The handlers that components without a project get: names, or lists such as `clock,log`.
    pub grants: BareGrants,
    /// The arguments of the first actor's `init`, in place of those in its manifest.
    pub init: Option<String>,
    /// Where the statements come from.
    pub input: Input,
    /// Whether results are JSON, one object a line.
    pub json: bool,
    /// Whether there are colours on standard output.
    pub colour: bool,
    /// Whether there are colours on standard error.
    pub colour_err: bool,
    /// Where compiled components are kept.
    pub cache: Cache,
    /// The file with the lines of earlier sessions.
    pub history: Option<PathBuf>,
}

/// Where the statements come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A person. Standard input and output must be a terminal.
    Terminal,
    /// The command line: a statement each.
    Lines(Vec<String>),
    /// A file.
    File(PathBuf),
    /// Standard input.
    StandardInput,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// As it was meant to.
    Ok,
    /// A statement of a script failed, or the session was ended by a signal.
    Failed,
}

/// Runs a session from its start to its end. Results go to standard output, reports of failing
/// statements to standard error.
///
/// # Errors
/// Everything that keeps the session from starting, and a trace or an output that cannot be written.
/// These are not yet shown.
pub async fn run(options: Options) -> Result<Ended, Vec<Diagnostic>> {
    let script = batch::script(&options.input).map_err(|problem| vec![*problem])?;
    let mut signals = Signals::take();
    let started = start::start(&options, &mut signals).await?;
    started.tell();
    let interrupt = started.session.interrupt();
    let ended = match script {
        None => interactive::run(started, &options, &mut signals).await,
        Some(script) => batch::run(started, script, &options, &mut signals).await,
    };
    let node = interrupt.node();
    let closing = node.shutdown();
    tokio::pin!(closing);
    let closed = loop {
        tokio::select! {
            closed = &mut closing => break closed,
            // An actor's last turn takes too long for somebody.
            _ = signals.any() => interrupt.cancel_all(),
        }
    };
    match ended? {
        // Whatever failed has been reported, and all that was answered is stored.
        Ended::Failed => Ok(Ended::Failed),
        Ended::Ok => closed.map(|()| Ended::Ok).map_err(|error| vec![error.diagnostic()]),
    }
}
