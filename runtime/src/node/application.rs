//! Applications: an actor with the children that its manifest names, and theirs.

use super::start::{Loaded, load_project, single};
use crate::cache::Cache;
use crate::diagnostic::{CHILD_CYCLE, Diagnostic, Result};
use crate::manifest::{Child, Manifest};
use crate::world::check_child_grants;
use std::path::{Path, PathBuf};

/// How deep the tree of actors may be.
pub(crate) const DEEPEST_TREE: usize = 32;

/// The projects from the root of an application to the one that is being loaded.
#[derive(Debug, Default)]
pub(super) struct Ancestors(Vec<PathBuf>);

impl Ancestors {
    /// Goes down to a child's project.
    ///
    /// # Errors
    ///
    /// When it is among its own ancestors, or too deep.
    fn enter(&mut self, parent: &Manifest, child: &Child, path: &Path) -> Result<()> {
        let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let again = self.0.contains(&place);
        if !again && self.0.len() < DEEPEST_TREE {
            self.0.push(place);
            return Ok(());
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
}

/// Loads the children of a project, with theirs.
///
/// # Errors
///
/// All problems of all of them.
pub(super) fn load_children(
    manifest: &Manifest,
    cache: &Cache,
    ancestors: &mut Ancestors,
) -> Result<Vec<(Child, Loaded)>, Vec<Diagnostic>> {
    let Some(supervision) = &manifest.supervisor else { return Ok(Vec::new()) };
    let (mut loaded, mut problems) = (Vec::new(), Vec::new());
    if ancestors.0.is_empty() {
        let own = manifest.dir.canonicalize().unwrap_or_else(|_| manifest.dir.clone());
        ancestors.0.push(own);
    }
    for child in &supervision.children {
        match load_child(manifest, child, cache, ancestors) {
            Ok(project) => loaded.push((child.clone(), project)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(loaded) } else { Err(problems) }
}

fn load_child(
    parent: &Manifest,
    child: &Child,
    cache: &Cache,
    ancestors: &mut Ancestors,
) -> Result<Loaded, Vec<Diagnostic>> {
    let path = parent.resolve(&child.manifest.value);
    let folder = match path.is_file() {
        true => path.parent().unwrap_or(&path),
        false => path.as_path(),
    };
    ancestors.enter(parent, child, folder).map_err(single)?;
    let loaded = load_project(&path, cache, ancestors).map_err(|problems| {
        let name_place = |problem: Diagnostic| match problem.source {
            // A file that is not there has no place of its own.
            None => problem.at(&parent.source, child.manifest.span.clone(), "named here"),
            Some(_) => problem,
        };
        problems.into_iter().map(name_place).collect::<Vec<_>>()
    });
    ancestors.0.pop();
    let loaded = loaded?;
    let excess = check_child_grants(parent, &loaded.manifest);
    if excess.is_empty() { Ok(loaded) } else { Err(excess) }
}
