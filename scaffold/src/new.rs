//! `theater new`: a project from a template.

mod leftovers;

use crate::codes;
use crate::git;
pub use crate::git::Repository;
use crate::templates::{File, TEMPLATES, Template};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use theater_runtime::diagnostic::{self, Diagnostic, Source, did_you_mean};
use theater_runtime::manifest::{check_name, valid_name};

/// Whether the new project shall be under version control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Vcs {
    /// A git repository, unless the project lies within one or git is not installed.
    #[default]
    Git,
    /// None.
    None,
}

/// What to make.
#[derive(Debug, Clone)]
pub struct NewOptions {
    /// The folder to make. It must not exist; its parent must.
    pub path: PathBuf,
    /// The actor's name; the folder's own if there is none.
    pub name: Option<String>,
    /// Which template, one of [`TEMPLATES`].
    pub template: String,
    /// In which language.
    pub language: String,
    /// Whether to make a repository.
    pub vcs: Vcs,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The new folder.
    pub path: PathBuf,
    /// The actor's name, or that of the application's supervisor.
    pub name: String,
    /// What it is: an `actor` or an `application`.
    pub kind: &'static str,
    /// The files in it, by their paths within it.
    pub files: Vec<String>,
    /// What became of version control.
    pub repository: Repository,
    /// The commands to go on with, one a line.
    pub next: Vec<String>,
}

/// Makes a project. It is written beside its final place, to a hidden folder `.theater-new-…`, and
/// then renamed, so that it is there either whole or not at all. If the process is killed meanwhile,
/// the next one that makes a project there removes the hidden folder.
///
/// # Errors
/// A bad name, an existing path, a missing parent, an unknown template, a failure to write. Nothing
/// is left behind.
pub fn create(options: &NewOptions) -> diagnostic::Result<Created> {
    let name = actor_name(options)?;
    let template = find_template(options)?;
    refuse_keyword(options, template, &name)?;
    let path = &options.path;
    refuse_existing(path)?;
    let parent = parent(path)?;
    let files = template.files(&name);

    let repository = make(path, &parent, &files, options.vcs)?;
    Ok(Created {
        next: next_commands(path),
        path: path.clone(),
        kind: template.kind,
        files: files.into_iter().map(|file| file.path).collect(),
        repository,
        name,
    })
}

/// Makes the folder with these files.
fn make(path: &Path, parent: &Path, files: &[File], vcs: Vcs) -> diagnostic::Result<Repository> {
    let failed = |error: io::Error| cannot_create(path, &error);
    leftovers::remove(parent);
    let folder = temporary_folder(parent).map_err(failed)?;
    write_files(folder.path(), files).map_err(failed)?;
    let repository = match vcs {
        Vcs::Git => git::init(folder.path(), parent),
        Vcs::None => Repository::NotWanted,
    };
    put_in_place(folder, path)?;
    Ok(repository)
}

fn actor_name(options: &NewOptions) -> diagnostic::Result<String> {
    let (name, origin) = match &options.name {
        Some(name) => (name.clone(), "--name"),
        None => match options.path.file_name() {
            Some(name) => (name.to_string_lossy().into_owned(), "PATH"),
            None => {
                let shown = options.path.display();
                return Err(Diagnostic::error(
                    diagnostic::BAD_NAME,
                    format!("the path `{shown}` does not end in a name for the new folder"),
                )
                .help("Name a folder that does not exist yet: `theater new my-actor`.")
                .into());
            }
        },
    };
    let Err(bad) = check_name(&name) else { return Ok(name) };
    let source = Source::new(origin, name.as_str());
    let suggestion = valid_name(&name);
    let help = match &options.name {
        Some(_) => format!("Use `--name {suggestion}`."),
        None => format!("Keep the path and add `--name {suggestion}`."),
    };
    Err(Diagnostic::error(
        diagnostic::BAD_NAME,
        format!("`{}` cannot be an actor's name", name.escape_debug()),
    )
    .at(&source, bad.span, bad.reason)
    .help(help)
    .into())
}

/// Refuses a name that the template's language could not use.
fn refuse_keyword(options: &NewOptions, template: &Template, name: &str) -> diagnostic::Result<()> {
    if !template.is_keyword(name) {
        return Ok(());
    }
    let origin = if options.name.is_some() { "--name" } else { "PATH" };
    let keep = if options.name.is_some() { "Use" } else { "Keep the path and add" };
    let message = format!("`{name}` cannot be the name of an actor in {}", template.language);
    Err(Diagnostic::error(diagnostic::BAD_NAME, message)
        .at(&Source::new(origin, name), 0..name.len(), "a keyword of the language")
        .help(format!("{keep} `--name {name}-actor`, or another name."))
        .into())
}

fn find_template(options: &NewOptions) -> diagnostic::Result<&'static Template> {
    let named: Vec<&Template> = TEMPLATES.iter().filter(|t| t.name == options.template).collect();
    if let Some(found) = named.iter().find(|template| template.language == options.language) {
        return Ok(found);
    }
    let (message, wanted, known): (String, &str, Vec<&str>) = match named.as_slice() {
        [] => (
            format!("there is no template `{}`", options.template),
            &options.template,
            TEMPLATES.iter().map(|template| template.name).collect(),
        ),
        _ => (
            format!("the template `{}` does not exist in `{}`", options.template, options.language),
            &options.language,
            named.iter().map(|template| template.language).collect(),
        ),
    };
    let problem = Diagnostic::error(codes::NO_TEMPLATE, message);
    Err(match did_you_mean(wanted, known.iter().copied()) {
        Some(near) => problem.help(format!("Did you mean `{near}`?")),
        None => problem.help(format!("There is: {}.", known.join(", "))),
    }
    .into())
}

/// Refuses whatever stands at the path, a dangling link and an empty folder too.
fn refuse_existing(path: &Path) -> diagnostic::Result<()> {
    let what = match std::fs::symlink_metadata(path) {
        // Other errors show when the folder is made.
        Err(_) => return Ok(()),
        Ok(meta) if meta.is_symlink() => "a symbolic link",
        Ok(meta) if meta.is_dir() => {
            match std::fs::read_dir(path).map(|mut entries| entries.next()) {
                Ok(None) => "an empty folder",
                _ => "a folder",
            }
        }
        Ok(_) => "a file",
    };
    Err(taken(path, what))
}

fn taken(path: &Path, what: &str) -> Box<Diagnostic> {
    let problem = Diagnostic::error(
        codes::PATH_EXISTS,
        format!("cannot make {}: {what} of that name exists already", path.display()),
    );
    match what {
        "an empty folder" => problem.help(format!(
            "Remove it first (`rmdir {}`), or name a path that does not exist.",
            path.display()
        )),
        _ => problem.help("Name a path that does not exist."),
    }
    .into()
}

/// The folder in which the project will stand.
fn parent(path: &Path) -> diagnostic::Result<PathBuf> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    if parent.is_dir() {
        return Ok(parent);
    }
    let shown = parent.display();
    let problem = match parent.exists() {
        true => Diagnostic::error(
            codes::CANNOT_CREATE,
            format!("cannot make {}: {shown} is not a folder", path.display()),
        )
        .help("Name a path within a folder."),
        false => Diagnostic::error(
            codes::CANNOT_CREATE,
            format!("cannot make {}: the folder {shown} does not exist", path.display()),
        )
        .help(format!("Make it first: `mkdir -p {shown}`.")),
    };
    Err(problem.into())
}

fn cannot_create(path: &Path, error: &io::Error) -> Box<Diagnostic> {
    Diagnostic::io(codes::CANNOT_CREATE, "make", path, error)
        .help("Choose a folder in which you may write, with room for it.")
        .into()
}

/// A folder that removes itself unless it is renamed, with the permissions of any new folder.
fn temporary_folder(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let prefix = leftovers::prefix();
    builder.prefix(&prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(parent)
}

fn write_files(folder: &Path, files: &[File]) -> io::Result<()> {
    for file in files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, &file.text)?;
    }
    Ok(())
}

fn put_in_place(folder: TempDir, path: &Path) -> diagnostic::Result<()> {
    match rename_to_new(folder.path(), path) {
        Ok(()) => {
            // Nothing is left at the temporary path.
            let _ = folder.keep();
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken(path, "something")),
        Err(error) => Err(cannot_create(path, &error)),
    }
}

/// Renames a folder to a path at which nothing stands, even if something appears there meanwhile.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems do not know the flag.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_checked(from, to),
        result => Ok(result?),
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    rename_checked(from, to)
}

/// Between the check and the renaming, only an empty folder could still be replaced: systems do not
/// rename a folder over anything else.
fn rename_checked(from: &Path, to: &Path) -> io::Result<()> {
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(from, to)
}

fn next_commands(path: &Path) -> Vec<String> {
    let folder = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-~".contains(c);
    let folder = match folder.chars().all(plain) && !folder.starts_with('-') {
        true => folder,
        false => format!("-- '{}'", folder.replace('\'', r"'\''")),
    };
    let commands = [&format!("cd {folder}"), "theater build", "theater check", "theater repl"];
    commands.map(str::to_string).to_vec()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_failure_half_way_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("actor");
        let file = |path: &str| File { path: path.into(), text: "text".into() };
        let files = [file("a"), file("b/c"), file("a/d")];
        let problem = make(&path, parent.path(), &files, Vcs::None).unwrap_err();
        assert_eq!(problem.code, codes::CANNOT_CREATE);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_appears_meanwhile_is_not_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("actor");
        std::fs::create_dir(&path).unwrap();
        let problem = make(&path, parent.path(), &[], Vcs::None).unwrap_err();
        assert_eq!(problem.code, codes::PATH_EXISTS);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
        assert_eq!(
            rename_checked(parent.path(), &path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
    }
}
