use crate::output::Output;
use crate::status::{Ended, Status};
use clap::ValueEnum;
use std::path::PathBuf;
use theater_repl::paint::Role;
use theater_scaffold::new::{NewOptions, Repository, Vcs, create};
use theater_scaffold::templates::TEMPLATES;

/// Make a project from a template
///
/// Nothing is downloaded. The project is there whole or not at all; what exists is never
/// overwritten.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, after_help = templates())]
pub struct Args {
    /// The folder to make
    path: PathBuf,

    /// The actor's name [default: the folder's name]
    #[arg(long)]
    name: Option<String>,

    /// What to begin with, one of the templates below
    #[arg(long, default_value = "counter")]
    template: String,

    /// What to write it in: `rust`, or `wat`, which needs no tools
    #[arg(long, default_value = "rust")]
    language: String,

    /// Which version control to put it under
    #[arg(long, value_enum, default_value = "git")]
    vcs: VcsChoice,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum VcsChoice {
    /// A git repository, unless the folder lies in one already
    Git,
    /// None
    None,
}

/// The templates as `--help` lists them.
fn templates() -> String {
    let mut listed: Vec<(&str, &str)> =
        TEMPLATES.iter().map(|template| (template.name, template.summary)).collect();
    listed.dedup();
    let lines = listed.into_iter().map(|(name, summary)| format!("\n  {name:<8} {summary}"));
    format!("Templates:{}", lines.collect::<String>())
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let created = create(&NewOptions {
        path: args.path,
        name: args.name,
        template: args.template,
        language: args.language,
        vcs: match args.vcs {
            VcsChoice::Git => Vcs::Git,
            VcsChoice::None => Vcs::None,
        },
    })?;
    let paint = output.paint();
    let name = paint.text(Role::Actor, &created.name).into_owned();
    let (kind, path) = (created.kind, created.path.display());
    output.line(&format!("made the {kind} {name} in {path}"))?;
    match &created.repository {
        Repository::NotWanted | Repository::Created | Repository::Joined => {}
        Repository::NoGit => {
            output.say("note: git is not installed, so the project is under no version control");
        }
        Repository::Failed(reason) => {
            output.say(&format!("note: git made no repository: {reason}"));
        }
    }
    output.line("\ngo on with:\n")?;
    for command in &created.next {
        output.line(&format!("    {}", paint.text(Role::Word, command)))?;
    }
    Ok(Status::Fine)
}
