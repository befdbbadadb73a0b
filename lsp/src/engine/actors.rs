//! The names of actors in manifests: where they stand, and whom they mean in the applications of the workspace.

mod rename;
mod written;

pub use rename::{prepare_rename, rename};

use self::written::{Role, Written, written};
use super::links::Link;
use super::navigate::Location;
use super::place;
use super::vfs::{Snapshot, normal, project_of};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use theater_runtime::files::Files;
use theater_runtime::manifest::{FILE_NAME, Manifest};
use theater_runtime::world::meaning_of_name;

/// How deep the tree of an application is followed; deeper ones are refused.
const DEEPEST: usize = 32;

/// How many actors are looked at.
const MOST: usize = 65_536;

/// An actor of an application. Several may be made of one project.
struct Actor {
    /// Its names from the root: `shop/orders`.
    path: String,
    /// Its supervisor; none for a root.
    above: Option<usize>,
    /// The root of its application.
    root: usize,
    /// Its manifest.
    file: PathBuf,
    /// The names in that.
    names: Arc<[Written]>,
    /// The bytes of its name in the manifest of its supervisor.
    named: Range<usize>,
    is_template: bool,
}

/// All actors of the workspace's applications.
pub(super) struct Cast {
    actors: Vec<Actor>,
    /// The actors by their roots and paths.
    by_path: HashMap<(usize, String), usize>,
    /// All places where names stand.
    places: Vec<Place>,
}

/// A name that stands somewhere, and whom it means.
struct Place {
    file: PathBuf,
    span: Range<usize>,
    actor: usize,
    what: What,
}

/// What a name says where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// What the project itself is called.
    Own,
    /// What a supervisor calls its child.
    Child,
    /// Somebody means it.
    Mention,
}

/// An actor's name at a place, and the actors that it means there: several if one project, or one supervisor with its
/// children, is several actors.
pub(super) struct Meant {
    cast: Cast,
    /// The bytes of the name under the cursor.
    pub span: Range<usize>,
    actors: BTreeSet<usize>,
}

/// The actors that are meant by the name at a byte of a manifest.
pub(super) fn meant(files: &Snapshot, path: &Path, offset: usize) -> Option<Meant> {
    let path = &normal(path);
    let text = files.text(path).filter(|_| place::is_manifest(path))?;
    // Most places hold no name, which needs no look at the applications.
    let on = |span: &Range<usize>| span.start <= offset && offset <= span.end;
    written(text.as_str()).iter().find(|name| on(&name.span))?;
    let cast = Cast::of(files);
    let here = |place: &&Place| place.file == *path && on(&place.span);
    let span = cast.places.iter().find(here)?.span.clone();
    let actors = cast.joined(path, &span);
    Some(Meant { cast, span, actors })
}

impl Meant {
    /// Where the actors are defined: in the manifests of their projects.
    pub fn definitions(&self) -> Vec<Link> {
        self.to(|place| place.what == What::Own, |actor| self.cast.own_name(actor))
    }

    /// Where the actors are declared: a supervisor names its children, and a root itself.
    pub fn declarations(&self) -> Vec<Link> {
        let declared = |place: &Place| match self.cast.actors[place.actor].above {
            Some(_) => place.what == What::Child,
            None => place.what == What::Own,
        };
        self.to(declared, |_| None)
    }

    /// The path of each actor in its application, and the folder of its project as others write it.
    pub fn described(&self) -> Vec<(String, String)> {
        let one = |actor: &usize| {
            let Actor { path, root, file, .. } = &self.cast.actors[*actor];
            let folder = file.parent().unwrap_or(file);
            let above = self.cast.actors[*root].file.parent().and_then(Path::parent);
            let shown = above.and_then(|above| folder.strip_prefix(above).ok()).unwrap_or(folder);
            (path.clone(), format!("`{}`", shown.display()))
        };
        self.actors.iter().map(one).collect()
    }

    fn to(
        &self,
        wanted: impl Fn(&Place) -> bool,
        or: impl Fn(usize) -> Option<(PathBuf, Range<usize>)>,
    ) -> Vec<Link> {
        let mut links = Vec::new();
        for actor in &self.actors {
            let found = self.cast.places.iter().find(|it| it.actor == *actor && wanted(it));
            let found = found.map(|it| (it.file.clone(), it.span.clone())).or_else(|| or(*actor));
            links.extend(found.map(|(target, target_span)| Link {
                span: self.span.clone(),
                target,
                target_span,
            }));
        }
        links.sort_by(|a, b| {
            (&a.target, a.target_span.start).cmp(&(&b.target, b.target_span.start))
        });
        links.dedup();
        links
    }

    /// Every place of the name, in the order of files and texts.
    pub fn everywhere(&self) -> Vec<Location> {
        let places = self.cast.places.iter().filter(|place| self.actors.contains(&place.actor));
        let mut all: Vec<Location> = places
            .map(|place| Location {
                path: place.file.clone(),
                span: place.span.clone(),
                is_declaration: place.what != What::Mention,
            })
            .collect();
        all.sort_by(|a, b| (&a.path, a.span.start).cmp(&(&b.path, b.span.start)));
        all.dedup();
        all
    }
}

impl Cast {
    /// All applications: those of projects that are nobody's children.
    fn of(files: &Snapshot) -> Self {
        let mut cast = Self { actors: Vec::new(), by_path: HashMap::new(), places: Vec::new() };
        let mut texts = HashMap::new();
        for path in files.named(FILE_NAME) {
            let Some(folder) = path.parent().filter(|it| !files.children().contains(*it)) else {
                continue;
            };
            cast.gather(files, &mut texts, folder, None, &mut Vec::new());
        }
        for actor in 0..cast.actors.len() {
            cast.places_of(actor);
        }
        cast
    }

    /// Adds an actor and all below it. `named` is its supervisor, its name, where that stands, and whether it is a
    /// template.
    fn gather(
        &mut self,
        files: &Snapshot,
        texts: &mut HashMap<PathBuf, Arc<[Written]>>,
        folder: &Path,
        named: Option<(usize, String, Range<usize>, bool)>,
        ancestors: &mut Vec<PathBuf>,
    ) {
        let again = ancestors.iter().any(|above| above == folder);
        if again || ancestors.len() >= DEEPEST || self.actors.len() >= MOST {
            return;
        }
        let Some(manifest) = files.manifest(folder).manifest else { return };
        let file = folder.join(FILE_NAME);
        let read = || written(&manifest.source.text).into();
        let names = texts.entry(file.clone()).or_insert_with(read).clone();
        let index = self.actors.len();
        let (above, path, named, is_template) = match named {
            None => (None, manifest.actor.name.value.clone(), 0..0, false),
            Some((above, name, span, is_template)) => {
                (Some(above), format!("{}/{name}", self.actors[above].path), span, is_template)
            }
        };
        let root = above.map_or(index, |above| self.actors[above].root);
        self.by_path.entry((root, path.clone())).or_insert(index);
        self.actors.push(Actor { path, above, root, file, names, named, is_template });
        ancestors.push(folder.to_owned());
        self.gather_children(files, texts, index, &manifest, ancestors);
        ancestors.pop();
    }

    fn gather_children(
        &mut self,
        files: &Snapshot,
        texts: &mut HashMap<PathBuf, Arc<[Written]>>,
        index: usize,
        manifest: &Manifest,
        ancestors: &mut Vec<PathBuf>,
    ) {
        for child in manifest.supervisor.iter().flat_map(|it| &it.children) {
            // A name in quotes, without them.
            let span = child.name.span.start + 1..child.name.span.end.max(2) - 1;
            if manifest.source.text.get(span.clone()) != Some(&child.name.value) {
                continue;
            }
            let named = (index, child.name.value.clone(), span, child.is_template());
            let folder = project_of(manifest, child);
            self.gather(files, texts, &folder, Some(named), ancestors);
        }
    }

    /// Adds the places of an actor's own name, and those where it means others.
    fn places_of(&mut self, index: usize) {
        let actor = &self.actors[index];
        let mut places = Vec::new();
        let mut add = |file: &Path, span: &Range<usize>, actor, what| {
            places.push(Place { file: file.to_owned(), span: span.clone(), actor, what });
        };
        if let Some(above) = actor.above {
            add(&self.actors[above].file, &actor.named, index, What::Child);
        }
        for name in actor.names.iter() {
            match name.role {
                // A child may be called otherwise than its project, of which there may be several.
                Role::Own if last(&actor.path) == name.text => {
                    add(&actor.file, &name.span, index, What::Own);
                }
                Role::Own | Role::Child => {}
                Role::Mention => {
                    for (span, meant) in self.parts(index, name) {
                        add(&actor.file, &span, meant, What::Mention);
                    }
                }
            }
        }
        self.places.extend(places);
    }

    /// The actors that the names of a path mean to an actor, one after the other, as far as there are such.
    fn parts(&self, from: usize, name: &Written) -> Vec<(Range<usize>, usize)> {
        let mut parts = Vec::new();
        let ends = name.text.match_indices('/').map(|(at, _)| at);
        let mut start = 0;
        for end in ends.chain([name.text.len()]) {
            let span = name.span.start + start..name.span.start + end;
            let Some(meant) = self.meaning(from, &name.text[..end]) else { break };
            parts.push((span, meant));
            start = end + 1;
        }
        parts
    }

    /// Whom a name means to an actor, by the rule that holds at run time.
    fn meaning(&self, from: usize, name: &str) -> Option<usize> {
        let Actor { path, root, .. } = &self.actors[from];
        let find = |path: &str| {
            let found = self.by_path.get(&(*root, path.to_owned())).copied();
            found.filter(|actor| !self.actors[*actor].is_template)
        };
        find(&meaning_of_name(path, name, |path| find(path).is_some())?)
    }

    /// The actors whose names stand at a place, and those whose names stand where one of theirs does, and so on: all
    /// that can have another name only together.
    fn joined(&self, file: &Path, span: &Range<usize>) -> BTreeSet<usize> {
        let mut by_place: HashMap<(&Path, usize), Vec<usize>> = HashMap::new();
        let mut by_actor: HashMap<usize, Vec<(&Path, usize)>> = HashMap::new();
        for place in &self.places {
            let at = (place.file.as_path(), place.span.start);
            by_place.entry(at).or_default().push(place.actor);
            by_actor.entry(place.actor).or_default().push(at);
        }
        let (mut joined, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut left = vec![(file, span.start)];
        while let Some(at) = left.pop() {
            if !seen.insert(at) {
                continue;
            }
            for actor in by_place.get(&at).into_iter().flatten() {
                if joined.insert(*actor) {
                    left.extend(by_actor.get(actor).into_iter().flatten());
                }
            }
        }
        joined
    }

    /// Where an actor's project says what it is called itself.
    fn own_name(&self, actor: usize) -> Option<(PathBuf, Range<usize>)> {
        let Actor { file, names, .. } = &self.actors[actor];
        let own = names.iter().find(|name| name.role == Role::Own);
        Some((file.clone(), own.map_or(0..0, |own| own.span.clone())))
    }
}

/// The last name of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
