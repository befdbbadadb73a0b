use crate::asynchronous;
use crate::output::Output;
use crate::status::{Ended, Status};
use std::io::{IsTerminal, stdin};

/// Serve an editor: problems, documentation and more for theater.toml and .wit
///
/// An editor starts this and speaks the Language Server Protocol with it over standard input and
/// output. Exit status: 0 if the editor said that it ends, 1 if it went without a word.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Speak over standard input and output; there is no other way, and some editors say it
    #[arg(long)]
    stdio: bool,
}

pub fn run(_: Args, output: &mut Output) -> Ended {
    if stdin().is_terminal() {
        output.say(
            "this is Theater's language server: an editor starts it and talks with it here. The folder \
             editors tells how; ctrl-d ends it.",
        );
    }
    let library = crate::cache::folder().map(|folder| crate::cache::wit(&folder));
    let serving = theater_lsp::serve(tokio::io::stdin(), tokio::io::stdout(), library);
    match asynchronous::block_on(serving)? {
        theater_lsp::Ended::AsAsked => Ok(Status::Fine),
        theater_lsp::Ended::Abruptly => Ok(Status::Failed),
    }
}
