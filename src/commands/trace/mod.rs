//! `theater trace`: looking at recorded runs. Works beside the process that writes one.

mod bisect;
mod diff;
mod effects;
mod export;
mod grep;
mod log;
mod ls;
mod row;
mod show;
mod stack;
mod state;
mod turn;
mod verify;
mod view;
mod why;

use crate::output::Output;
use crate::status::Ended;

/// Look at recorded runs
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Ls(ls::Args),
    Show(show::Args),
    Grep(grep::Args),
    Verify(verify::Args),
    Why(why::Args),
    Effects(effects::Args),
    State(state::Args),
    Diff(diff::Args),
    Stack(stack::Args),
    Log(log::Args),
    View(view::Args),
    Bisect(bisect::Args),
    Export(export::Args),
}

pub fn run(command: Command, output: &mut Output) -> Ended {
    match command {
        Command::Grep(args) => grep::run(args, output),
        Command::Ls(args) => ls::run(args, output),
        Command::Show(args) => show::run(args, output),
        Command::Verify(args) => verify::run(args, output),
        Command::Why(args) => why::run(args, output),
        Command::Effects(args) => effects::run(args, output),
        Command::State(args) => state::run(args, output),
        Command::Diff(args) => diff::run(args, output),
        Command::Stack(args) => stack::run(args, output),
        Command::Log(args) => log::run(args, output),
        Command::View(args) => view::run(args, output),
        Command::Bisect(args) => bisect::run(args, output),
        Command::Export(args) => export::run(args, output),
    }
}
