use crate::output::{ColourChoice, Output};
use crate::status::{Ended, Failure, Status};
use crate::watching;
use std::io;
use std::path::{Path, PathBuf};
use theater_runtime::diagnostic::Diagnostic;
use theater_runtime::manifest::Manifest;
use theater_runtime::world::application_projects;
use theater_scaffold::build::{Built, Colour, build_coloured};
use theater_scaffold::watch::Purpose;

/// Build a project's component and check it
///
/// In an application the projects of all children are built, those before their supervisors'.
///
/// The component is checked against its world and the manifest's grants before it is put in its
/// place. It is left untouched if it would not change.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project's folder [default: the project around the current folder]
    dir: Option<PathBuf>,

    /// Build again after each change of the sources, until ctrl-c
    #[arg(long)]
    watch: bool,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let folder = super::project_folder(args.dir);
    let colour = match output.choice() {
        ColourChoice::Auto => Colour::Auto,
        ColourChoice::Always => Colour::Always,
        ColourChoice::Never => Colour::Never,
    };
    if args.watch && !super::is_unreadable(&folder) {
        return watching::follow(&folder, Purpose::Build, output, |output| {
            build(&folder, colour, output)
        });
    }
    build(&folder, colour, output)
}

fn build(folder: &Path, colour: Colour, output: &mut Output) -> Ended {
    let failed = |problems| match super::is_unreadable(folder) {
        true => Failure::CannotStart(problems),
        false => Failure::Failed(problems),
    };
    for project in buildable(folder).map_err(failed)? {
        let built = build_coloured(&project, colour).map_err(failed)?;
        show(&built, output)?;
    }
    Ok(Status::Fine)
}

/// What there is to build of an application. A project that stands alone has to say how it is built.
fn buildable(folder: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let mut projects = application_projects(folder)?;
    if projects.len() > 1 {
        projects.retain(|project| {
            Manifest::load(project).manifest.is_none_or(|manifest| manifest.build.is_some())
        });
    }
    Ok(projects)
}

fn show(built: &Built, output: &mut Output) -> io::Result<()> {
    output.reports(&built.warnings);
    let (path, size) = (built.component.display(), theater_repl::output::size(built.size));
    output.line(&match built.changed {
        true => format!("built {path} ({size})"),
        false => format!("{path} is up to date ({size})"),
    })
}
