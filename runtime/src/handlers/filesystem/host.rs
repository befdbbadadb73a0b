//! The folders of a grant on this machine, when an actor is loaded.

use super::folder::open_folder;
use crate::diagnostic::{Diagnostic, FOLDER_HOLDS_ACTOR, FOLDER_MISSING, reason};
use crate::manifest::{Access, FILE_NAME, FolderGrant, Manifest};
use std::path::{Path, PathBuf};

/// Finds the folders that a manifest grants, and makes their paths absolute and free of links: they
/// mean the same folders when the run is resumed from elsewhere.
///
/// # Errors
///
/// The folders that cannot be used, and those that hold the manifest itself and are to be written.
pub fn resolve_folders(manifest: &mut Manifest) -> Result<(), Vec<Diagnostic>> {
    let Some(grant) = &manifest.handlers.filesystem else { return Ok(()) };
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for folder in &grant.folders {
        match find(manifest, folder) {
            Ok(path) => {
                // The folder of a manifest beside one is written as nothing at all.
                let own = manifest.resolve(Path::new(FILE_NAME)).canonicalize().ok();
                if own.is_some_and(|own| own.starts_with(&path)) {
                    problems.extend(holds(manifest, folder, "its own manifest"));
                }
                found.push(path);
            }
            Err(problem) => problems.push(*problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if let Some(grant) = &mut manifest.handlers.filesystem {
        for (folder, path) in grant.folders.iter_mut().zip(found) {
            folder.host.value = path;
        }
    }
    Ok(())
}

/// Refuses folders to be written that hold the runs, or lie among them: an actor must not be able to
/// change its own trace. `runs` is the folder of all runs.
pub fn check_runs(manifest: &Manifest, runs: &Path) -> Result<(), Vec<Diagnostic>> {
    let Some(grant) = &manifest.handlers.filesystem else { return Ok(()) };
    let Ok(runs) = runs.canonicalize() else { return Ok(()) };
    let touches = |folder: &&FolderGrant| {
        let path = &folder.host.value;
        runs.starts_with(path) || path.starts_with(&runs)
    };
    let problems: Vec<Diagnostic> = grant
        .folders
        .iter()
        .filter(touches)
        .filter_map(|folder| holds(manifest, folder, "the run that records it"))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn find(manifest: &Manifest, folder: &FolderGrant) -> Result<PathBuf, Box<Diagnostic>> {
    let written = manifest.resolve(&folder.host.value);
    let found = written.canonicalize().and_then(|path| open_folder(&path).map(|_| path));
    found.map_err(|error| {
        let (shown, why) = (written.display(), reason(&error));
        let guest = &folder.guest.value;
        let message = format!("the folder {shown} cannot be granted as `{guest}`: {why}");
        let problem = Diagnostic::error(FOLDER_MISSING, message).at(
            &manifest.source,
            folder.host.span.clone(),
            "",
        );
        Box::new(problem.help(match error.kind() {
            std::io::ErrorKind::NotFound => "Create the folder, or name another one.",
            std::io::ErrorKind::NotADirectory => "Name a folder; a single file cannot be granted.",
            _ => {
                "Name a folder that you may read. What the kernel shows of itself is never granted."
            }
        }))
    })
}

fn holds(manifest: &Manifest, folder: &FolderGrant, what: &str) -> Option<Diagnostic> {
    if folder.access == Access::Read {
        return None;
    }
    let name = &manifest.actor.name.value;
    let message = format!("`{name}` may write to the folder that holds {what}");
    let problem = Diagnostic::error(FOLDER_HOLDS_ACTOR, message)
        .at(&manifest.source, folder.host.span.clone(), "this folder, or one in it")
        .help("Grant a folder that holds nothing but what the actor writes, or only `\"read\"`.");
    Some(problem)
}
