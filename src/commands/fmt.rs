use crate::output::Output;
use crate::replace::replace;
use crate::report;
use crate::status::{Ended, Failure, Status};
use serde_json::json;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use theater_runtime::diagnostic::{Diagnostic, FILE_UNREADABLE, OUTPUT_UNWRITABLE, Source};
use theater_runtime::manifest::{self, FILE_NAME, LARGEST_MANIFEST};
use theater_runtime::syntax::{self, apply};
use theater_runtime::world::{self, MAX_WIT_BYTES};

/// Format manifests and WIT
///
/// Only space changes, and the commas at the ends of lists that have several lines. In a folder, all
/// theater.toml and .wit files, but for what others wrote: `wit/deps`, hidden folders, target and
/// node_modules. A file with errors of syntax stays as it is. Exit status: 0 if every file has the
/// layout now, 1 if one has not, 2 if a path cannot be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files and folders [default: the project around the current folder]
    paths: Vec<PathBuf>,

    /// Change nothing, and name the files that would change
    #[arg(long)]
    check: bool,

    /// Print one JSON object per file that changes or would change, and per problem
    #[arg(long)]
    json: bool,
}

/// How deep folders are looked into.
const DEEPEST: usize = 32;

/// The files that can be formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Manifest,
    Wit,
}

pub fn run(args: Args, output: &mut Output) -> Ended {
    let paths = match args.paths.is_empty() {
        true => vec![super::project_folder(None)],
        false => args.paths,
    };
    let files = files(&paths)?;
    let (mut changed, mut problems) = (0_u64, Vec::new());
    for (path, language) in &files {
        match format(path, *language) {
            Ok(None) => {}
            Ok(Some(text)) => {
                if !args.check {
                    replace(path, &text).map_err(|error| {
                        Box::new(Diagnostic::io(OUTPUT_UNWRITABLE, "write", path, &error))
                    })?;
                }
                changed += 1;
                match args.json {
                    true => output.json(&json!({ "file": path.display().to_string() }))?,
                    false => output.line(&path.display().to_string())?,
                }
            }
            Err(found) => problems.extend(found),
        }
    }
    match args.json {
        true => problems.iter().try_for_each(|problem| output.json(&report::to_json(problem)))?,
        false => {
            output.reports(&problems);
            let did = if args.check { "would change" } else { "formatted" };
            let all = super::count(files.len() as u64, "file");
            output.say(&format!("{changed} of {all} {did}"));
        }
    }
    let fine = problems.is_empty() && !(args.check && changed > 0);
    Ok(if fine { Status::Fine } else { Status::Failed })
}

/// The text of a file in the one layout, if it has another.
fn format(path: &Path, language: Language) -> Result<Option<String>, Vec<Diagnostic>> {
    let text = read(path, language).map_err(|problem| vec![*problem])?;
    let source = Source::new(path.display().to_string(), text);
    let text = &source.text;
    let edits = match language {
        Language::Manifest => {
            syntax::toml::format(text).ok_or_else(|| manifest::syntax_errors(&source))?
        }
        Language::Wit => {
            let problems = world::syntax_errors(&source);
            if !problems.is_empty() {
                return Err(problems);
            }
            syntax::wit::format(text)
        }
    };
    Ok((!edits.is_empty()).then(|| apply(text, &edits)))
}

fn read(path: &Path, language: Language) -> Result<String, Box<Diagnostic>> {
    let most = match language {
        Language::Manifest => LARGEST_MANIFEST,
        Language::Wit => MAX_WIT_BYTES,
    };
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(most + 1).read_to_string(&mut text))
        .and_then(|length| match length as u64 > most {
            true => Err(io::Error::other("it is too large")),
            false => Ok(()),
        });
    read.map_err(|error| Box::new(Diagnostic::io(FILE_UNREADABLE, "read", path, &error)))?;
    Ok(text)
}

/// All files that are meant, in order, each once.
fn files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Language)>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = |error| Diagnostic::io(FILE_UNREADABLE, "read", path, &error);
        let metadata = std::fs::metadata(path).map_err(|error| Box::new(unreadable(error)))?;
        if metadata.is_dir() {
            walk(path, DEEPEST, &mut files)?;
        } else if let Some(language) = language(path) {
            files.push((path.clone(), language));
        } else {
            let message = format!("{} is neither a {FILE_NAME} nor a .wit file", path.display());
            let problem = Diagnostic::error(FILE_UNREADABLE, message);
            return Err(Box::new(problem.help("Name such files, or a folder.")).into());
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files.dedup();
    Ok(files)
}

fn language(path: &Path) -> Option<Language> {
    if path.file_name().is_some_and(|name| name == FILE_NAME) {
        return Some(Language::Manifest);
    }
    path.extension().is_some_and(|extension| extension == "wit").then_some(Language::Wit)
}

/// The files in a folder and below. Links are not followed: they could lead in circles.
fn walk(
    folder: &Path,
    deepest: usize,
    files: &mut Vec<(PathBuf, Language)>,
) -> Result<(), Box<Diagnostic>> {
    let unreadable = |error| Box::new(Diagnostic::io(FILE_UNREADABLE, "read", folder, &error));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        // `./a` and `a` are one file.
        let path = match folder == Path::new(".") {
            true => PathBuf::from(entry.file_name()),
            false => entry.path(),
        };
        if kind.is_dir() && deepest > 0 && is_own(folder, &path) {
            walk(&path, deepest - 1, files)?;
        } else if kind.is_file() {
            files.extend(language(&path).map(|language| (path, language)));
        }
    }
    Ok(())
}

/// Whether what is in a folder is the project's own.
fn is_own(parent: &Path, folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let deps = name == "deps" && parent.file_name().is_some_and(|parent| parent == "wit");
    !(name.starts_with('.') || ["target", "node_modules"].contains(&&*name) || deps)
}
