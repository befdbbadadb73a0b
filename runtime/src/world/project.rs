//! Everything about a project at once.

use super::actor_world::{WorldCheck, actor_world};
use super::application::{application_projects, check_application_in, named_by};
use super::ceiling::check_child_grants;
use super::component::ComponentInfo;
use super::grants;
use super::initial::{self, Receiver};
use super::text::read_component_from;
use super::unused::unused;
use super::{Binary, Wit, check_component, gates, init, stale, unused_worlds};
use crate::diagnostic::{self, Diagnostic};
use crate::files::{Disk, Files};
use crate::manifest::Manifest;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use wit_parser::WorldId;

/// Checks a project: its manifest, its WIT against the manifest, and its component, if it has been
/// built, against both; then those of its children, and theirs, and how they fit together. Every
/// problem is found that does not hide behind another one.
///
/// `path` is the project's folder, or its manifest.
pub fn check_project(path: &Path) -> Vec<Diagnostic> {
    let mut problems = check_project_in(&Disk, path);
    match application_projects(path) {
        Ok(projects) => {
            let below = projects.iter().filter(|project| *project != path);
            problems.extend(below.flat_map(|project| check_project_in(&Disk, project)));
            problems.extend(check_application_in(&Disk, path));
        }
        // Those of this project's own manifest are known by now.
        Err(found) => {
            let others: Vec<_> = found.into_iter().filter(|p| !problems.contains(p)).collect();
            problems.extend(others);
        }
    }
    problems
}

/// The problems of one project, and of its children as far as they concern it, with other files than
/// those of the disk: what a language server shows.
pub fn check_project_in(files: &(impl Files + ?Sized), path: &Path) -> Vec<Diagnostic> {
    let checked = Manifest::load_from(files, path);
    let mut problems = checked.diagnostics;
    let Some(manifest) = checked.manifest else {
        if problems.iter().any(|problem| problem.source.is_some()) {
            problems.extend(wit_problems(files, path));
        }
        return problems;
    };
    problems.extend(check_children(files, &manifest));
    if manifest.is_supervisor_only() {
        return problems;
    }
    let wit = match project_wit_in(files, &manifest) {
        Ok(wit) => wit,
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    let component = component_path(&manifest);
    let read = match files.exists(&component) {
        true => {
            files.component(&component).map_err(|problem| in_file(&manifest, &component, *problem))
        }
        false => Err(not_built(&manifest, &component)),
    };
    let known = read.as_ref().ok().map(|read| match &read.info {
        Ok(info) => Ok((read.bytes.as_slice(), info)),
        Err(problem) => Err(&**problem),
    });
    problems.extend(check(&manifest, wit.as_ref(), known));
    let info = known.and_then(|read| Some(read.ok()?.1));
    problems.extend(check_init(&manifest, wit.as_ref(), info));
    if let Some(wit) = &wit {
        problems.extend(gates::left_out(wit));
        let world = actor_world(&manifest, wit).ok();
        problems.extend(world.into_iter().flat_map(|world| unused_worlds::unused(wit, world)));
    }
    problems.extend(stale::problem(files, &manifest));
    problems.extend(read.err());
    problems
}

/// The arguments that the manifest has for the actor's `init`.
fn check_init(
    manifest: &Manifest,
    wit: Option<&Wit>,
    component: Option<&ComponentInfo>,
) -> Option<Diagnostic> {
    let world = wit.and_then(|wit| Some((&wit.resolve, actor_world(manifest, wit).ok()?)));
    let component = component.map(|info| (&info.resolve, info.world));
    initial::check_own(manifest, &Receiver::of(world.into_iter().chain(component)))
}

/// Whether the children of a supervisor are there, and are granted no more than it.
fn check_children(files: &(impl Files + ?Sized), manifest: &Manifest) -> Vec<Diagnostic> {
    let children = manifest.supervisor.iter().flat_map(|supervision| &supervision.children);
    let mut known = HashSet::new();
    // Several children may be made of one project.
    let projects = children.filter(|child| known.insert(&child.manifest.value));
    let problems = projects.flat_map(|child| {
        let path = manifest.resolve(&child.manifest.value);
        let checked = Manifest::load_from(files, &path);
        match checked.manifest {
            Some(found) => check_child_grants(manifest, &found),
            // What is wrong in it is told of its own project.
            None => {
                let missing = checked.diagnostics.into_iter().filter(|p| p.source.is_none());
                missing.map(|problem| named_by(manifest, child, problem)).collect()
            }
        }
    });
    problems.collect()
}

/// The problems of the WIT of a project whose manifest says too little to tell more.
fn wit_problems(files: &(impl Files + ?Sized), path: &Path) -> Vec<Diagnostic> {
    let is_folder = files.is_folder(path);
    let folder = if is_folder { Some(path) } else { path.parent() };
    let folder = folder.filter(|folder| *folder != Path::new(".")).unwrap_or(Path::new(""));
    let wit = folder.join("wit");
    let found = files.is_folder(&wit).then(|| Wit::load_from(files, &wit).err());
    found.flatten().unwrap_or_default()
}

/// A component's bytes, and what they say.
#[derive(Debug, Clone)]
pub struct Component {
    /// The component in its binary form.
    pub bytes: Vec<u8>,
    /// What it imports and exports, or why it cannot be told.
    pub info: diagnostic::Result<ComponentInfo>,
}

impl Component {
    /// Reads a component's file.
    ///
    /// # Errors
    /// Those of [`read_component`](super::read_component).
    pub fn load(files: &(impl Files + ?Sized), path: &Path) -> diagnostic::Result<Self> {
        let bytes = read_component_from(files, path)?;
        Ok(Self { info: ComponentInfo::read(&bytes), bytes })
    }
}

/// The project's WIT; none if there is no folder `wit` and the manifest needs none.
///
/// # Errors
/// Every problem that keeps the WIT from being resolved.
pub fn project_wit(manifest: &Manifest) -> Result<Option<Wit>, Vec<Diagnostic>> {
    project_wit_in(&Disk, manifest)
}

pub(super) fn project_wit_in(
    files: &(impl Files + ?Sized),
    manifest: &Manifest,
) -> Result<Option<Wit>, Vec<Diagnostic>> {
    let folder = manifest.resolve(Path::new("wit"));
    if files.is_folder(&folder) {
        return Wit::load_from(files, &folder).map(Some);
    }
    match &manifest.actor.world {
        None => Ok(None),
        Some(named) => Err(vec![
            Diagnostic::error(
                diagnostic::WIT_FOLDER,
                format!("the manifest names a world, but there is no folder {}", folder.display()),
            )
            .at(&manifest.source, named.span.clone(), "to be found in the folder `wit`")
            .help("Put the world's .wit file there, or remove `world`."),
        ]),
    }
}

/// Checks an actor from what has been loaded of it: manifest against WIT, and the component's
/// bytes against both.
pub fn check_actor(
    manifest: &Manifest,
    wit: Option<&Wit>,
    component: Option<&[u8]>,
) -> Vec<Diagnostic> {
    let read = component.map(|bytes| ComponentInfo::read(bytes).map(|info| (bytes, info)));
    let read = read.as_ref().map(|read| match read {
        Ok((bytes, info)) => Ok((*bytes, info)),
        Err(problem) => Err(&**problem),
    });
    check(manifest, wit, read)
}

/// The same with a component that has been read, or the reason why it could not be.
pub fn check_binary(
    manifest: &Manifest,
    wit: Option<&Wit>,
    binary: &diagnostic::Result<Binary>,
) -> Vec<Diagnostic> {
    let read = match binary {
        Ok(binary) => Ok((&*binary.bytes, &*binary.info)),
        Err(problem) => Err(&**problem),
    };
    check(manifest, wit, Some(read))
}

/// A component's bytes and what they say, or why they are no component.
type ReadResult<'r> = Result<(&'r [u8], &'r ComponentInfo), &'r Diagnostic>;

fn check(manifest: &Manifest, wit: Option<&Wit>, component: Option<ReadResult>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut world_imports = Vec::new();
    let mut world = None;
    match wit.map(|wit| (wit, actor_world(manifest, wit))) {
        None => {}
        Some((_, Err(problem))) => problems.push(*problem),
        Some((wit, Ok(id))) => {
            let check = WorldCheck { manifest, wit, world: id };
            world_imports = check.imports();
            let info = component.as_ref().and_then(|read| Some(read.as_ref().ok()?.1));
            problems.extend(check.unused(info));
            problems.extend(check.shapes());
            world = Some((wit, id));
        }
    }
    let (component_imports, found) = match component {
        Some(Ok((bytes, info))) => check_read(manifest, world, bytes, info),
        Some(Err(problem)) => {
            let problem = in_file(manifest, &component_path(manifest), problem.clone());
            (Vec::new(), vec![problem])
        }
        None => Default::default(),
    };
    problems.extend(merge(world_imports, component_imports));
    problems.extend(found);
    problems
}

/// The component's file: what the manifest says, or `build/NAME.wasm`. The path is absolute or
/// relative as the manifest's folder is.
pub fn component_path(manifest: &Manifest) -> PathBuf {
    match &manifest.actor.component {
        Some(path) => manifest.resolve(&path.value),
        None => {
            let file = format!("{}.wasm", manifest.actor.name.value);
            manifest.resolve(&Path::new("build").join(file))
        }
    }
}

/// An import, and what is wrong with it.
type ImportProblem = (String, Diagnostic);

/// The problems of the component's imports, and its other problems.
fn check_read(
    manifest: &Manifest,
    world: Option<(&Wit, WorldId)>,
    bytes: &[u8],
    info: &ComponentInfo,
) -> (Vec<ImportProblem>, Vec<Diagnostic>) {
    let imports = grants::component_problems(info, "the component", manifest);
    let mut problems = match world {
        Some((wit, world)) => check_component(bytes, info, wit, world),
        None => {
            let (imports, exports) = (grants::names(&info.imports), grants::names(&info.exports));
            let mut problems = unused(manifest, &imports, &exports, |_| None);
            problems.extend(init::problem(&info.resolve, info.world));
            problems
        }
    };
    problems.extend(info.nothing_to_call());
    (imports, problems)
}

fn not_built(manifest: &Manifest, path: &Path) -> Diagnostic {
    let (place, help) = match (&manifest.actor.component, &manifest.build) {
        (Some(component), Some(_)) => (component.span.clone(), "Run `theater build`."),
        (None, Some(_)) => (manifest.actor.name.span.clone(), "Run `theater build`."),
        (Some(component), None) => {
            (component.span.clone(), "Put the component there, or add a `[build]` table.")
        }
        (None, None) => {
            (manifest.actor.name.span.clone(), "Say where it is with `component = \"...\"`.")
        }
    };
    Diagnostic::warning(
        diagnostic::NOT_BUILT,
        format!("the component {} does not exist yet", path.display()),
    )
    .at(&manifest.source, place, "of this actor")
    .help(help)
}

/// A problem of the component's file, shown where the manifest names the file.
fn in_file(manifest: &Manifest, path: &Path, mut problem: Diagnostic) -> Diagnostic {
    if problem.code != diagnostic::FILE_UNREADABLE {
        problem.message = format!("{}: {}", path.display(), problem.message);
    }
    match &manifest.actor.component {
        Some(component) if problem.source.is_none() => {
            problem.at(&manifest.source, component.span.clone(), "this component")
        }
        _ => problem,
    }
}

/// The problems of the world's imports and of the component's. Where both have the same one, the
/// world's is kept, because it has places in the sources, unless the component's is worse.
fn merge(world: Vec<ImportProblem>, component: Vec<ImportProblem>) -> Vec<Diagnostic> {
    let key = |(name, problem): &ImportProblem| (name.clone(), problem.code.id);
    let worse: HashSet<_> = component.iter().filter(|(_, p)| p.is_error()).map(key).collect();
    let kept: Vec<_> =
        world.into_iter().filter(|item| item.1.is_error() || !worse.contains(&key(item))).collect();
    let known: HashSet<_> = kept.iter().map(key).collect();
    let fresh = component.into_iter().filter(|item| !known.contains(&key(item)));
    let fresh: Vec<_> = fresh.collect();
    kept.into_iter().chain(fresh).map(|(_, problem)| problem).collect()
}
