//! The subcommands, a file each: a clap struct, whose comments are the manual, and one function.

mod build;
mod cache;
mod check;
mod completions;
mod explain;
mod fmt;
mod fork;
mod inspect;
mod lsp;
mod new;
mod repl;
mod replay;
mod run;
mod trace;

use crate::output::Output;
use crate::status::Ended;
use clap::Subcommand;
use std::path::{Path, PathBuf};
use theater_runtime::diagnostic::{Diagnostic, FILE_UNREADABLE, MANIFEST_MISSING};
use theater_runtime::manifest::Manifest;

/// All subcommands, in the order of the help.
#[derive(Debug, Subcommand)]
pub enum Command {
    New(new::Args),
    Build(build::Args),
    Check(check::Args),
    Fmt(fmt::Args),
    Inspect(inspect::Args),
    Repl(repl::Args),
    Run(run::Args),
    #[command(subcommand)]
    Trace(trace::Command),
    Replay(replay::Args),
    Fork(fork::Args),
    #[command(subcommand)]
    Cache(cache::Command),
    Explain(explain::Args),
    Lsp(lsp::Args),
    Completions(completions::Args),
}

/// Runs a subcommand.
pub fn run(command: Command, output: &mut Output) -> Ended {
    match command {
        Command::New(args) => new::run(args, output),
        Command::Build(args) => build::run(args, output),
        Command::Check(args) => check::run(args, output),
        Command::Fmt(args) => fmt::run(args, output),
        Command::Inspect(args) => inspect::run(args, output),
        Command::Repl(args) => repl::run(args, output),
        Command::Run(args) => run::run(args, output),
        Command::Trace(command) => trace::run(command, output),
        Command::Replay(args) => replay::run(args, output),
        Command::Fork(args) => fork::run(args, output),
        Command::Cache(command) => cache::run(command, output),
        Command::Explain(args) => explain::run(args, output),
        Command::Lsp(args) => lsp::run(args, output),
        Command::Completions(args) => completions::run(args, output),
    }
}

/// The project that is meant: the given folder, or the project around the current one.
fn project_folder(given: Option<PathBuf>) -> PathBuf {
    let project = given.or_else(crate::project::find).unwrap_or_default();
    if project.as_os_str().is_empty() { PathBuf::from(".") } else { project }
}

/// Whether the manifest's file could not be read at all: nothing was checked then.
fn is_unreadable(folder: &Path) -> bool {
    let checked = Manifest::load(folder);
    let file = |problem: &Diagnostic| [FILE_UNREADABLE, MANIFEST_MISSING].contains(&problem.code);
    checked.manifest.is_none() && checked.diagnostics.iter().all(file)
}

/// A number of things: `1 turn`, `2 turns`.
fn count(number: impl Into<u64>, thing: &str) -> String {
    match number.into() {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}
