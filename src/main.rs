//! `theater`, the one binary: it reads arguments, calls the libraries, and shows what they answer.
//!
//! One file per subcommand in [`commands`]. All text goes through [`output`], all reports of
//! problems through [`report`]; the libraries print nothing.

mod accepted;
mod address;
mod asynchronous;
mod cache;
mod commands;
mod instead;
mod output;
mod project;
mod replace;
mod report;
mod status;
mod watching;

use clap::{CommandFactory, FromArgMatches, Parser};
use commands::Command;
use output::{ColourChoice, Output};
use std::process::ExitCode;

/// Runs WebAssembly components as supervised, traced, replayable actors.
///
/// An actor is a WebAssembly component. It can do only what its manifest, theater.toml, grants; all
/// that enters or leaves it is recorded; and every recorded step can be looked at and executed again.
///
/// Exit status: 0 if all is well, 1 if what was asked about failed, 2 if the command could not start.
#[derive(Debug, Parser)]
#[command(name = "theater", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    /// When to use colours: `auto` means on a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto", global = true)]
    color: ColourChoice,

    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let arguments = Cli::command().try_get_matches().and_then(|m| Cli::from_arg_matches(&m));
    let cli = match arguments {
        Ok(cli) => cli,
        Err(error) => {
            // A closed stream has nobody who could be told.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut output = Output::new(cli.color);
    let ended = commands::run(cli.command, &mut output);
    status::finish(ended, &mut output)
}

/// The command line as it is described to clap, for `theater completions`.
fn command_line() -> clap::Command {
    Cli::command()
}
