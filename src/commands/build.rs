use crate::output::{ColourChoice, Output};
use crate::status::{Ended, Failure, Status};
use std::path::PathBuf;
use theater_scaffold::build::{Colour, build_coloured};

/// Build a project's component and check it
///
/// The component is checked against its world and the manifest's grants before it is put in its
/// place. It is left untouched if it would not change.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder [default: the project around the current folder]
    dir: Option<PathBuf>,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let folder = super::project_folder(args.dir);
    let colour = match output.choice() {
        ColourChoice::Auto => Colour::Auto,
        ColourChoice::Always => Colour::Always,
        ColourChoice::Never => Colour::Never,
    };
    let built = build_coloured(&folder, colour).map_err(|problems| {
        match super::is_unreadable(&folder) {
            true => Failure::CannotStart(problems),
            false => Failure::Failed(problems),
        }
    })?;
    output.reports(&built.warnings);
    let (path, size) = (built.component.display(), theater_repl::output::size(built.size));
    output.line(&match built.changed {
        true => format!("built {path} ({size})"),
        false => format!("{path} is up to date ({size})"),
    })?;
    Ok(Status::Fine)
}
