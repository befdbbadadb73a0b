//! Applications: the projects of an actor and of all below it.

use crate::diagnostic::{CHILD_CYCLE, Diagnostic, Result};
use crate::manifest::{Child, Manifest};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// How deep the tree of actors may be.
pub(crate) const DEEPEST_TREE: usize = 32;

/// The projects from the root of an application to the one that is being loaded.
#[derive(Debug, Default)]
pub(crate) struct Ancestors(Vec<PathBuf>);

impl Ancestors {
    /// Goes down to a child's project, and answers with its path.
    ///
    /// # Errors
    ///
    /// When it is among its own ancestors, or too deep.
    pub fn enter(&mut self, parent: &Manifest, child: &Child) -> Result<PathBuf> {
        if self.0.is_empty() {
            self.0.push(place(&parent.dir));
        }
        let path = parent.resolve(&child.manifest.value);
        let folder = if path.is_file() { path.parent().unwrap_or(&path) } else { &path };
        let place = place(folder);
        let again = self.0.contains(&place);
        if !again && self.0.len() < DEEPEST_TREE {
            self.0.push(place);
            return Ok(path);
        }
        let message = match again {
            true => format!("`{}` would be its own ancestor", child.name.value),
            false => format!("`{}` is more than {DEEPEST_TREE} levels deep", child.name.value),
        };
        let problem = Diagnostic::error(CHILD_CYCLE, message);
        Err(Box::new(
            problem
                .at(&parent.source, child.manifest.span.clone(), "this project is above it already")
                .help("A tree of actors ends somewhere: take the child out, here or further up."),
        ))
    }

    /// Goes up again.
    pub fn leave(&mut self) {
        self.0.pop();
    }
}

/// A folder as it can be compared: one that is not there is compared as it is written.
pub(super) fn place(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// A problem of a child's project, shown where the parent names the child if it has no place of its own.
pub(crate) fn named_by(parent: &Manifest, child: &Child, problem: Diagnostic) -> Diagnostic {
    match problem.source {
        None => problem.at(&parent.source, child.manifest.span.clone(), "named here"),
        Some(_) => problem,
    }
}

/// The projects of an application, those of children before their parents', each once. A project without
/// children is an application of its own.
///
/// # Errors
///
/// All problems of manifests that keep them from being known.
pub fn application_projects(path: &Path) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
    let mut found = Found::default();
    found.visit(path, &mut Ancestors::default())?;
    Ok(found.projects)
}

#[derive(Default)]
struct Found {
    projects: Vec<PathBuf>,
    places: HashSet<PathBuf>,
}

impl Found {
    fn visit(&mut self, path: &Path, ancestors: &mut Ancestors) -> Result<(), Vec<Diagnostic>> {
        let (manifest, _) = Manifest::load(path).into_result()?;
        let mut problems = Vec::new();
        for child in manifest.supervisor.iter().flat_map(|supervision| &supervision.children) {
            let visited = match ancestors.enter(&manifest, child) {
                Ok(path) => {
                    let visited = self.visit(&path, ancestors);
                    ancestors.leave();
                    visited
                }
                Err(problem) => Err(vec![*problem]),
            };
            let named = |problem| named_by(&manifest, child, problem);
            problems.extend(visited.err().into_iter().flatten().map(named));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        if self.places.insert(place(&manifest.dir)) {
            self.projects.push(path.to_owned());
        }
        Ok(())
    }
}
