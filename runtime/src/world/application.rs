//! Applications: the projects of an actor and of all below it.

use super::initial::{self, Receiver};
use super::links::{Face, Member, check_links};
use super::project::project_wit_in;
use super::{Component, Wit, actor_world, component_path};
use crate::diagnostic::{CHILD_CYCLE, CHILD_UNNAMED, Diagnostic, Result, Source};
use crate::files::Files;
use crate::manifest::{Child, FILE_NAME, Manifest};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// How deep below an application projects are looked for that belong to nobody.
const DEEPEST_FOLDER: usize = 4;

/// The folders of an application's projects, as they are written, those that cannot be read included.
pub fn projects_in(files: &(impl Files + ?Sized), path: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut todo = vec![path.to_owned()];
    while let Some(path) = todo.pop() {
        if folders.contains(&path) || folders.len() > usize::from(u16::MAX) {
            continue;
        }
        if let Some(manifest) = Manifest::load_from(files, &path).manifest {
            let children = manifest.supervisor.iter().flat_map(|s| &s.children);
            todo.extend(children.map(|child| manifest.resolve(&child.manifest.value)));
        }
        folders.push(path);
    }
    folders
}

/// What does not fit between the actors of the application whose root is a project: links, names of
/// messages, and projects below it that no manifest names. Nothing is found of a project without
/// children, and of an application of which a manifest cannot be read.
pub fn check_application_in(files: &(impl Files + ?Sized), path: &Path) -> Vec<Diagnostic> {
    let mut actors = Vec::new();
    let ancestors = &mut Ancestors::default();
    if !gather(files, path, None, None, ancestors, &mut actors) || actors.len() < 2 {
        return Vec::new();
    }
    let members: Vec<Member> = actors.iter().map(Known::member).collect();
    let mut problems = check_links(&members);
    problems.extend(check_inits(&actors));
    problems.extend(unnamed(files, &actors));
    problems
}

/// What is known of an actor before it runs.
struct Known {
    path: String,
    manifest: Manifest,
    wit: Option<Wit>,
    component: Option<Arc<Component>>,
    is_template: bool,
    /// Where its supervisor names it, and how.
    spec: Option<(Arc<Source>, Child)>,
}

impl Known {
    /// The world is preferred to the component: it has places, and an editor may be ahead of the build.
    fn member(&self) -> Member<'_> {
        let world = self.wit.as_ref().and_then(|wit| Face::of_world(&self.manifest, wit));
        let component = || {
            let info = self.component.as_ref()?.info.as_ref().ok()?;
            Some(Face::of_component(info))
        };
        Member {
            path: self.path.clone(),
            manifest: &self.manifest,
            face: world.or_else(component),
            is_template: self.is_template,
        }
    }
}

impl Known {
    /// Its `init`, as far as it is known. One that only supervises has none.
    fn receiver(&self) -> Receiver<'_> {
        if self.manifest.is_supervisor_only() {
            return Receiver::Worlds(Vec::new());
        }
        let wit = self.wit.as_ref();
        let world =
            wit.and_then(|wit| Some((&wit.resolve, actor_world(&self.manifest, wit).ok()?)));
        let component = self.component.as_ref().and_then(|read| read.info.as_ref().ok());
        let component = component.map(|info| (&info.resolve, info.world));
        Receiver::of(world.into_iter().chain(component))
    }
}

/// Reads an actor and all below it. False if a manifest cannot be read.
fn gather(
    files: &(impl Files + ?Sized),
    project: &Path,
    path: Option<String>,
    spec: Option<(Arc<Source>, Child)>,
    ancestors: &mut Ancestors,
    actors: &mut Vec<Known>,
) -> bool {
    let Some(manifest) = Manifest::load_from(files, project).manifest else { return false };
    let path = path.unwrap_or_else(|| manifest.actor.name.value.clone());
    let (wit, component) = match manifest.is_supervisor_only() {
        true => (None, None),
        false => (
            project_wit_in(files, &manifest).ok().flatten(),
            files.component(&component_path(&manifest)).ok(),
        ),
    };
    let children = manifest.supervisor.iter().flat_map(|supervision| supervision.children.clone());
    let children: Vec<Child> = children.collect();
    let parent = manifest.clone();
    let is_template = spec.as_ref().is_some_and(|(_, child)| child.is_template());
    actors.push(Known { path: path.clone(), manifest, wit, component, is_template, spec });
    children.iter().all(|child| {
        let Ok(project) = ancestors.enter(&parent, child) else { return false };
        let path = format!("{path}/{}", child.name.value);
        let spec = Some((parent.source.clone(), child.clone()));
        let whole = gather(files, &project, Some(path), spec, ancestors, actors);
        ancestors.leave();
        whole
    })
}

/// Children whose arguments do not fit their `init`, or who get none and need some.
fn check_inits(actors: &[Known]) -> Vec<Diagnostic> {
    let problems = actors.iter().filter_map(|actor| {
        let (source, child) = actor.spec.as_ref()?;
        initial::check_child(source, child, &actor.manifest, &actor.receiver())
    });
    let mut known: Vec<Diagnostic> = Vec::new();
    for problem in problems {
        // Several actors may be made of one project, with the same children.
        if !known.contains(&problem) {
            known.push(problem);
        }
    }
    known
}

/// Projects below the root's folder that do not belong to the application.
fn unnamed(files: &(impl Files + ?Sized), actors: &[Known]) -> Vec<Diagnostic> {
    let Some(root) = actors.first().map(|actor| &actor.manifest) else { return Vec::new() };
    let known: HashSet<PathBuf> = actors.iter().map(|actor| place(&actor.manifest.dir)).collect();
    let mut problems = Vec::new();
    let mut todo = vec![(root.dir.clone(), 0)];
    while let Some((folder, depth)) = todo.pop() {
        for path in files.list(&folder).unwrap_or_default() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let made = |name: &str| {
                name.starts_with('.') || ["target", "build", "node_modules"].contains(&name)
            };
            if name.is_none_or(|name| made(&name)) || !files.is_folder(&path) {
                continue;
            }
            if !files.exists(&path.join(FILE_NAME)) || known.contains(&place(&path)) {
                if depth < DEEPEST_FOLDER {
                    todo.push((path, depth + 1));
                }
                continue;
            }
            problems.push(belongs_to_nobody(files, root, &path));
        }
    }
    problems
}

fn belongs_to_nobody(files: &(impl Files + ?Sized), root: &Manifest, folder: &Path) -> Diagnostic {
    let (name, shown) = (&root.actor.name, folder.strip_prefix(&root.dir).unwrap_or(folder));
    let message = format!(
        "the project {} belongs to nobody: no manifest of `{}` names it",
        shown.display(),
        name.value
    );
    let problem = Diagnostic::warning(CHILD_UNNAMED, message)
        .at(&root.source, name.span.clone(), "this application")
        .help("Name it as the `manifest` of one of `[[children]]`, or move it out of the folder.");
    match Manifest::load_from(files, &root.resolve(shown)).manifest {
        Some(found) => {
            let span = found.actor.name.span.clone();
            let there = Diagnostic::warning(CHILD_UNNAMED, "it is neither built nor started");
            problem.related(there.at(&found.source, span, "this project"))
        }
        None => problem,
    }
}
