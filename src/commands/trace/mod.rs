//! `theater trace`: looking at recorded runs. Works beside the process that writes one.

mod grep;
mod ls;
mod row;
mod show;
mod turn;
mod verify;
mod why;

use crate::output::Output;
use crate::status::Ended;

/// Look at recorded runs
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Grep(grep::Args),
    Ls(ls::Args),
    Show(show::Args),
    Verify(verify::Args),
    Why(why::Args),
}

pub fn run(command: Command, output: &mut Output) -> Ended {
    match command {
        Command::Grep(args) => grep::run(args, output),
        Command::Ls(args) => ls::run(args, output),
        Command::Show(args) => show::run(args, output),
        Command::Verify(args) => verify::run(args, output),
        Command::Why(args) => why::run(args, output),
    }
}
