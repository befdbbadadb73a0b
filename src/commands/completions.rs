use crate::output::Output;
use crate::status::{Ended, Status};
use clap_complete::Shell;

/// Print a shell's completions for this program
///
/// For bash: theater completions bash > ~/.local/share/bash-completion/completions/theater
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::command_line(), "theater", &mut script);
    output.text(&String::from_utf8_lossy(&script))?;
    Ok(Status::Fine)
}
