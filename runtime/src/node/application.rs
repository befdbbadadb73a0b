//! Applications: an actor with the children that its manifest names, and theirs.

use super::start::{Loaded, load_project, single};
use crate::cache::Cache;
use crate::diagnostic::{Diagnostic, Result};
use crate::manifest::{Child, Manifest};
use crate::world::{Ancestors, Face, Member, check_child_grants, check_links, named_by};

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
    let path = ancestors.enter(parent, child).map_err(single)?;
    let loaded = load_project(&path, cache, ancestors).map_err(|problems| {
        problems.into_iter().map(|problem| named_by(parent, child, problem)).collect::<Vec<_>>()
    });
    ancestors.leave();
    let loaded = loaded?;
    let excess = check_child_grants(parent, &loaded.manifest);
    if excess.is_empty() { Ok(loaded) } else { Err(excess) }
}

/// Refuses an application whose actors do not fit together. What is only a warning `theater check` tells.
///
/// # Errors
///
/// All problems that are errors.
pub(super) fn check_together(root: &Loaded) -> Result<(), Vec<Diagnostic>> {
    let mut members = Vec::new();
    gather(root, root.name().to_owned(), false, &mut members);
    let mut problems = check_links(&members);
    problems.retain(Diagnostic::is_error);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn gather<'l>(loaded: &'l Loaded, path: String, is_template: bool, members: &mut Vec<Member<'l>>) {
    // One that only supervises runs a component without anything.
    let has_component = !loaded.manifest.is_supervisor_only();
    let face = has_component.then(|| Face::of_component(&loaded.component.info));
    let manifest = &loaded.manifest;
    members.push(Member { path: path.clone(), manifest, face, is_template });
    for (child, loaded) in &loaded.children {
        gather(loaded, format!("{path}/{}", child.name.value), child.is_template(), members);
    }
}
