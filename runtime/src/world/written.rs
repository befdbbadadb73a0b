//! What the worlds of a package write: wit-parser forgets it when it resolves, and adds what the types of the imports need.

use std::collections::{HashMap, HashSet};
use wit_parser::{
    AstItem, InterfaceId, PackageName, Span, UnresolvedPackage, World, WorldId, WorldKey,
};

/// What the worlds of a package import by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    /// Where each world writes an import, by the import's name.
    places: HashMap<(String, String), Span>,
    /// What each world imports through those that it includes.
    included: HashMap<String, HashSet<String>>,
}

impl Written {
    /// What the worlds of a package write. `others`: the packages whose worlds they can include.
    pub fn of<'p>(
        package: &'p UnresolvedPackage,
        others: impl Iterator<Item = &'p UnresolvedPackage>,
    ) -> Self {
        let mut worlds = HashMap::new();
        for package in others.chain([package]) {
            let names = Names::of(package);
            for (id, world) in names.own_worlds() {
                let imports = names.imports(id).map(|(name, _)| name).collect();
                let includes = world.includes.iter().map(|it| names.world(it.id)).collect();
                worlds.insert(names.world(id), Said { imports, includes });
            }
        }
        let names = Names::of(package);
        let mut written = Self::default();
        for (id, world) in names.own_worlds() {
            let places = names.imports(id).map(|(name, span)| ((world.name.clone(), name), span));
            written.places.extend(places);
            written.included.insert(world.name.clone(), included(&worlds, &names.world(id)));
        }
        written
    }

    /// Where a world writes an import.
    pub fn place(&self, world: &str, import: &str) -> Option<Span> {
        self.places.get(&(world.to_owned(), import.to_owned())).copied()
    }

    /// Whether a world, or one that it includes, writes an import.
    pub fn has(&self, world: &str, import: &str) -> bool {
        let is_included = |included: &HashSet<String>| included.contains(import);
        self.place(world, import).is_some() || self.included.get(world).is_some_and(is_included)
    }
}

/// What one world says.
struct Said {
    imports: Vec<String>,
    includes: Vec<String>,
}

/// What a world imports through those that it includes.
fn included(worlds: &HashMap<String, Said>, world: &str) -> HashSet<String> {
    let (mut imports, mut seen) = (HashSet::new(), HashSet::new());
    let includes = |world: &str| worlds.get(world).into_iter().flat_map(|said| &said.includes);
    let mut todo: Vec<&String> = includes(world).collect();
    while let Some(world) = todo.pop() {
        if seen.insert(world) {
            imports.extend(worlds.get(world).into_iter().flat_map(|said| said.imports.clone()));
            todo.extend(includes(world));
        }
    }
    imports
}

/// What is called how in a package.
struct Names<'p> {
    package: &'p UnresolvedPackage,
    interfaces: HashMap<InterfaceId, String>,
    worlds: HashMap<WorldId, String>,
}

impl<'p> Names<'p> {
    fn of(package: &'p UnresolvedPackage) -> Self {
        let (mut interfaces, mut worlds) = (HashMap::new(), HashMap::new());
        let foreign = package.foreign_deps.iter();
        for (of, item, found) in foreign
            .flat_map(|(of, items)| items.iter().map(move |(item, (ast, _))| (of, item, ast)))
        {
            let name = PackageName::interface_id(of, item);
            match found {
                AstItem::Interface(id) => interfaces.insert(*id, name).map(drop),
                AstItem::World(id) => worlds.insert(*id, name).map(drop),
            };
        }
        Self { package, interfaces, worlds }
    }

    /// The worlds of the package itself: those of others stand beside them, empty.
    fn own_worlds(&self) -> impl Iterator<Item = (WorldId, &'p World)> {
        self.package.worlds.iter().filter(|(id, _)| !self.worlds.contains_key(id))
    }

    fn world(&self, id: WorldId) -> String {
        let own = || self.package.name.interface_id(&self.package.worlds[id].name);
        self.worlds.get(&id).cloned().unwrap_or_else(own)
    }

    fn interface(&self, id: InterfaceId) -> Option<String> {
        let own =
            || Some(self.package.name.interface_id(self.package.interfaces[id].name.as_ref()?));
        self.interfaces.get(&id).cloned().or_else(own)
    }

    /// The imports that a world writes, each with its place.
    fn imports(&self, world: WorldId) -> impl Iterator<Item = (String, Span)> {
        let items = self.package.worlds[world].imports.iter();
        items.filter_map(|(key, item)| {
            let name = match key {
                WorldKey::Name(name) => name.clone(),
                WorldKey::Interface(id) => self.interface(*id)?,
            };
            Some((name, item.span()))
        })
    }
}
