//! Components that are older than what they are made of.

use super::component_path;
use crate::diagnostic::{COMPONENT_STALE, Diagnostic};
use crate::files::{Files, Kind};
use crate::manifest::{Build, Manifest};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How deep below a source folder files are looked at.
const DEEPEST: usize = 16;

/// How many files are looked at.
const MOST: usize = 10_000;

/// A warning if a file from which `theater build` makes the component was changed after the component.
/// What a build command reads is not known, but for the WIT.
pub(super) fn problem(files: &(impl Files + ?Sized), manifest: &Manifest) -> Option<Diagnostic> {
    let source = newer_source(files, manifest)?;
    let shown = source.strip_prefix(&manifest.dir).unwrap_or(&source);
    let place = match &manifest.actor.component {
        Some(component) => component.span.clone(),
        None => manifest.actor.name.span.clone(),
    };
    let message = format!("the component is older than {}", shown.display());
    Some(
        Diagnostic::warning(COMPONENT_STALE, message)
            .at(&manifest.source, place, "built before that was changed")
            .help("Run `theater build`."),
    )
}

/// The source that was changed last, if that was after the component of a project that is built.
pub fn newer_source(files: &(impl Files + ?Sized), manifest: &Manifest) -> Option<PathBuf> {
    manifest.build.as_ref()?;
    let built = files.modified(&component_path(manifest))?;
    let (source, changed) = newest(files, manifest)?;
    (changed > built).then_some(source)
}

/// The source that was changed last, and when.
fn newest(files: &(impl Files + ?Sized), manifest: &Manifest) -> Option<(PathBuf, SystemTime)> {
    let found = source_paths(files, manifest).into_iter();
    let dated = found.filter_map(|path| Some((files.modified(&path)?, path)));
    dated.max().map(|(time, path)| (path, time))
}

/// The files of which a build is known to be made: the WIT, and what its language says. None for a project that is not
/// built.
pub fn source_paths(files: &(impl Files + ?Sized), manifest: &Manifest) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    if manifest.build.is_none() {
        return paths;
    }
    let wit = |path: &Path| path.extension().is_some_and(|found| found == "wit");
    below(files, &manifest.resolve(Path::new("wit")), DEEPEST, &wit, &mut paths);
    match &manifest.build {
        Some(Build::Rust { package, .. }) => {
            let folder = package.as_ref().map_or(Path::new(""), |package| &package.value);
            paths.push(manifest.resolve(&folder.join("Cargo.toml")));
            below(files, &manifest.resolve(&folder.join("src")), DEEPEST, &|_| true, &mut paths);
        }
        Some(Build::Wat { source }) => paths.push(manifest.resolve(&source.value)),
        Some(Build::Command { .. }) | None => {}
    }
    paths
}

fn below(
    files: &(impl Files + ?Sized),
    folder: &Path,
    depth: usize,
    wanted: &dyn Fn(&Path) -> bool,
    paths: &mut Vec<PathBuf>,
) {
    for path in files.list(folder).unwrap_or_default() {
        if paths.len() >= MOST {
            return;
        }
        match files.kind(&path) {
            Ok(Kind::Folder) if depth > 0 => below(files, &path, depth - 1, wanted, paths),
            Ok(Kind::File { .. }) if wanted(&path) => paths.push(path),
            _ => {}
        }
    }
}
