//! The problems of all files: those that `theater check` shows, sorted by file.
//!
//! What is checked together is a [`Unit`]: a project, or a WIT package that belongs to none.

use super::vfs::{Snapshot, normal};
use super::wit::is_wit;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use theater_runtime::diagnostic::{self, Code, Diagnostic, Severity, Source, WIT_UNKNOWN_NAME};
use theater_runtime::files::Files;
use theater_runtime::manifest::{FILE_NAME, Manifest};
use theater_runtime::world::{self, MAX_WIT_BYTES, Wit, WitFiles};

/// What is checked together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// The project in this folder: its `theater.toml`, `wit/` and component.
    Project(PathBuf),
    /// The WIT files of this folder, which belong to no project.
    Package(PathBuf),
}

/// One problem in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is.
    pub code: &'static Code,
    /// How bad it is.
    pub level: Level,
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
    /// What is wrong, and on further lines what to do.
    pub message: String,
    /// Places that belong to it.
    pub related: Vec<Related>,
    /// What does away with it.
    pub fixes: Vec<Fix>,
}

/// A change: in which file, of which bytes, and what takes their place.
pub type FileEdit = (PathBuf, Range<usize>, String);

/// What does away with a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an instruction.
    pub title: String,
    /// The changes, all of which belong together.
    pub edits: Vec<FileEdit>,
    /// Whether it is certainly what was meant.
    pub is_certain: bool,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something does not work.
    Error,
    /// Something works, but probably not as meant.
    Warning,
    /// The other end of a problem in another file.
    Note,
}

/// A place that belongs to a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The file.
    pub path: PathBuf,
    /// Bytes of it.
    pub span: Range<usize>,
    /// What is to be seen there.
    pub message: String,
}

/// Problems by file. A file that was looked at and has none is there with an empty list.
pub type Problems = BTreeMap<PathBuf, Vec<Problem>>;

/// Everything that is to be checked: each project, and each open WIT file that belongs to none.
pub fn units(files: &Snapshot) -> BTreeSet<Unit> {
    let manifests = files.named(FILE_NAME);
    let projects: BTreeSet<PathBuf> =
        manifests.iter().filter_map(|path| path.parent()).map(Path::to_owned).collect();
    let lone = files.open_paths().filter(|path| is_wit(path));
    let lone = lone.filter(|path| project_of(path, &projects).is_none());
    let packages: Vec<Unit> =
        lone.filter_map(|path| Some(Unit::Package(path.parent()?.to_owned()))).collect();
    projects.into_iter().map(Unit::Project).chain(packages).collect()
}

/// The files on which the problems of a unit depend, those that are not there included.
pub fn inputs(files: &Snapshot, unit: &Unit) -> Vec<PathBuf> {
    match unit {
        Unit::Project(folder) if is_root(files, folder) => {
            let projects = world::projects_in(files, folder);
            let mut paths: Vec<PathBuf> =
                projects.iter().flat_map(|folder| project_inputs(files, &normal(folder))).collect();
            // Projects that belong to nobody are told of as well.
            let below = files.named(FILE_NAME).into_iter().filter(|path| path.starts_with(folder));
            paths.extend(below);
            paths.sort();
            paths.dedup();
            paths
        }
        Unit::Project(folder) => project_inputs(files, folder),
        Unit::Package(folder) => {
            let mut paths = files.list(folder).unwrap_or_default();
            paths.retain(|path| is_wit(path));
            paths.push(folder.clone());
            paths.push(folder.join("deps"));
            paths.extend(files.below(&folder.join("deps")));
            paths
        }
    }
}

fn project_inputs(files: &Snapshot, folder: &Path) -> Vec<PathBuf> {
    let mut paths = vec![folder.join(FILE_NAME)];
    paths.extend(component(files, folder));
    paths.push(folder.join("wit"));
    paths.extend(files.below(&folder.join("wit")));
    if let Some(manifest) = Manifest::load_from(files, folder).manifest {
        paths.extend(world::source_paths(files, &manifest).iter().map(|path| normal(path)));
    }
    paths
}

/// Whether a project is an application that belongs to no other one. How its actors fit together is
/// told there alone: only there all names are known.
fn is_root(files: &Snapshot, folder: &Path) -> bool {
    let manifest = Manifest::load_from(files, folder).manifest;
    let supervision = manifest.and_then(|manifest| manifest.supervisor);
    supervision.is_some_and(|it| !it.children.is_empty()) && !files.children().contains(folder)
}

/// Where a project's component is, as far as its manifest can be read.
pub fn component(files: &Snapshot, project: &Path) -> Option<PathBuf> {
    let manifest = Manifest::load_from(files, project).manifest?;
    Some(normal(&world::component_path(&manifest)))
}

/// The problems of a unit.
pub fn problems(files: &Snapshot, unit: &Unit) -> Problems {
    let found = match unit {
        Unit::Project(folder) => {
            let mut found = world::check_project_in(files, folder);
            if is_root(files, folder) {
                found.extend(world::check_application_in(files, folder));
            }
            found
        }
        Unit::Package(folder) => package(files, folder),
    };
    let home = match unit {
        Unit::Project(folder) => Some(folder.join(FILE_NAME)),
        Unit::Package(_) => None,
    };
    let mut problems = Problems::new();
    for path in inputs(files, unit).into_iter().filter(|path| is_text(path)) {
        problems.insert(path, Vec::new());
    }
    for diagnostic in &found {
        sort_in(&mut problems, files, home.as_deref(), diagnostic);
    }
    for list in problems.values_mut() {
        list.sort_by_key(|problem| (problem.span.start, problem.span.end));
        list.dedup();
    }
    problems
}

fn is_text(path: &Path) -> bool {
    is_wit(path) || path.file_name().is_some_and(|name| name == FILE_NAME)
}

/// The project among these that reads a WIT file: in `wit/`, `wit/deps/` or a folder of that.
fn project_of<'p>(path: &Path, projects: &'p BTreeSet<PathBuf>) -> Option<&'p PathBuf> {
    let folder = path.parent()?;
    projects.iter().find(|project| {
        let wit = project.join("wit");
        let deps = wit.join("deps");
        folder == wit || folder == deps || folder.parent() == Some(&deps)
    })
}

/// The problems of WIT files without a project. Files in one folder may be packages of their own,
/// as in `wit/deps`: each is checked with those that say the same package. Other packages need not
/// be at hand, so that one that is missing is no problem.
fn package(files: &Snapshot, folder: &Path) -> Vec<Diagnostic> {
    let Ok(all) = WitFiles::read_from(files, folder) else { return unreadable(files, folder) };
    let mut groups: BTreeMap<Option<String>, Vec<Arc<Source>>> = BTreeMap::new();
    for source in &all.main {
        groups.entry(package_line(&source.text)).or_default().push(source.clone());
    }
    // A file that does not say its package belongs to the only one that is said.
    if groups.len() == 2
        && let Some(silent) = groups.remove(&None)
        && let Some(said) = groups.values_mut().next()
    {
        said.extend(silent);
    }
    let mut problems = Vec::new();
    for main in groups.into_values() {
        let found = Wit::from_files(&WitFiles { main, deps: all.deps.clone() }).err();
        let known = |problem: &Diagnostic| !is_missing_package(problem);
        problems.extend(found.unwrap_or_default().into_iter().filter(known));
    }
    problems
}

/// When a folder cannot be read as a whole: each open file for itself.
fn unreadable(files: &Snapshot, folder: &Path) -> Vec<Diagnostic> {
    let open = files.open_paths().filter(|path| is_wit(path) && path.parent() == Some(folder));
    let alone = open.filter_map(|path| {
        let bytes = files.read(path, MAX_WIT_BYTES).ok()?;
        let source = Source::new(path.display().to_string(), String::from_utf8(bytes).ok()?);
        Wit::from_files(&WitFiles { main: vec![source], deps: Vec::new() }).err()
    });
    alone.flatten().filter(|problem| !is_missing_package(problem)).collect()
}

fn is_missing_package(problem: &Diagnostic) -> bool {
    problem.code == WIT_UNKNOWN_NAME && problem.message.starts_with("there is no package")
}

/// The package that a file says it belongs to: `a:b@1.0.0`.
fn package_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| line.starts_with("package "))?;
    let name = line["package ".len()..].split(';').next()?;
    Some(name.split_whitespace().collect())
}

/// Puts a problem where it belongs, and a note at its other end if that is in another file.
/// One without a place goes to the top of `home`.
fn sort_in(
    problems: &mut Problems,
    files: &Snapshot,
    home: Option<&Path>,
    diagnostic: &Diagnostic,
) {
    let at_home = || Some((home?.to_owned(), 0..0));
    let Some((path, span)) = place(files, diagnostic).or_else(at_home) else { return };
    let mut related = Vec::new();
    for label in diagnostic.labels.iter().skip(1) {
        related.push(Related {
            path: path.clone(),
            span: label.span.clone(),
            message: label.text.clone(),
        });
    }
    for other in &diagnostic.related {
        let Some((other_path, other_span)) = place(files, other) else { continue };
        let words = other.labels.first().map_or(&other.message, |label| &label.text);
        related.push(Related {
            path: other_path.clone(),
            span: other_span.clone(),
            message: words.clone(),
        });
        if other_path != path {
            problems.entry(other_path).or_default().push(Problem {
                code: diagnostic.code,
                level: Level::Note,
                span: other_span,
                message: diagnostic.message.clone(),
                related: vec![Related {
                    path: path.clone(),
                    span: span.clone(),
                    message: first_label(diagnostic).unwrap_or("reported here").to_owned(),
                }],
                fixes: diagnostic.fixes.iter().map(fix).collect(),
            });
        }
    }
    problems.entry(path).or_default().push(Problem {
        code: diagnostic.code,
        level: match diagnostic.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        },
        span,
        message: message(diagnostic),
        related,
        fixes: diagnostic.fixes.iter().map(fix).collect(),
    });
}

fn fix(fix: &diagnostic::Fix) -> Fix {
    let edit = |edit: &diagnostic::Edit| {
        (normal(Path::new(&edit.source.name)), edit.span.clone(), edit.text.clone())
    };
    let (title, is_certain) = (fix.title.clone(), fix.is_certain);
    Fix { title, edits: fix.edits.iter().map(edit).collect(), is_certain }
}

/// The file that a problem is in, and its first place there.
fn place(files: &Snapshot, diagnostic: &Diagnostic) -> Option<(PathBuf, Range<usize>)> {
    let source = diagnostic.source.as_ref()?;
    let path = PathBuf::from(&source.name);
    let label = diagnostic.labels.first()?;
    files.is_file(&path).then(|| (normal(&path), label.span.clone()))
}

fn first_label(diagnostic: &Diagnostic) -> Option<&str> {
    Some(diagnostic.labels.first()?.text.as_str()).filter(|text| !text.is_empty())
}

/// What an editor shows: an editor draws no label at the place, so that its words join the message,
/// unless they only point.
fn message(diagnostic: &Diagnostic) -> String {
    let mut message = diagnostic.message.clone();
    if let Some(label) = first_label(diagnostic).filter(|label| !label.ends_with("here")) {
        message.push_str(": ");
        message.push_str(label);
    }
    if let Some(help) = &diagnostic.help {
        message.push('\n');
        message.push_str(help);
    }
    message
}

#[cfg(test)]
mod tests;
