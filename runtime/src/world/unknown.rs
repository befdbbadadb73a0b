//! Names that nobody declares. wit-parser says whether there are any, and names the first one; here all of a project are
//! found, each with what may have been meant.

use super::problems::{MOST_ERRORS, same_place, unknown_package, write_instead, write_version};
use super::wit::{Sources, WitFiles, builtin_files};
use crate::diagnostic::{Diagnostic, Source, WIT_UNKNOWN_NAME, did_you_mean};
use crate::syntax::wit::view::{child, declared, plain, text};
use crate::syntax::wit::{self, Node, SyntaxKind};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};
use wit_parser::PackageName;

/// The problems that wit-parser found, with all names that nobody declares in place of the first one.
pub(super) fn with_unknown(
    problems: Vec<Diagnostic>,
    files: &WitFiles,
    sources: &Sources,
) -> Vec<Diagnostic> {
    let mut unknown = unknown_names(files, sources);
    let is_there = |it: &Diagnostic| {
        unknown.iter().any(|other| same_place(it, other) || it.message == other.message)
    };
    let mut all: Vec<Diagnostic> = problems.into_iter().filter(|it| !is_there(it)).collect();
    all.append(&mut unknown);
    all
}

/// Every name that nobody declares, in the packages whose form is right.
pub(super) fn unknown_names(files: &WitFiles, sources: &Sources) -> Vec<Diagnostic> {
    let mut names = Names::default();
    for group in std::iter::once(&files.main).chain(&files.deps) {
        names.add(group);
    }
    let mut problems: Vec<Diagnostic> = Vec::new();
    for part in names.parts.iter().filter(|part| names.packages[part.package].is_whole) {
        let mut finder = Finder::new(&names, part, sources);
        finder.part();
        problems.extend(finder.problems.into_iter().take(MOST_ERRORS));
    }
    problems
}

/// What an interface or a world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Interface,
    World,
}

/// An interface or a world.
#[derive(Debug)]
struct Item {
    kind: Kind,
    members: Members,
}

/// What an interface or a world has by name.
#[derive(Debug, Default)]
struct Members {
    /// The types, those that `use` brings in among them.
    types: Vec<String>,
    functions: Vec<String>,
}

/// A package, as far as others name what is in it.
#[derive(Debug)]
struct Package {
    name: Option<PackageName>,
    items: HashMap<String, Item>,
    /// Whether all of it could be read.
    is_whole: bool,
}

impl Default for Package {
    fn default() -> Self {
        Self { name: None, items: HashMap::new(), is_whole: true }
    }
}

/// The part of a package that stands in one file.
struct Part {
    source: Arc<Source>,
    /// The file, or a nested package in it.
    node: Node,
    /// Which package it is.
    package: usize,
}

/// The packages of a project.
#[derive(Default)]
struct Names {
    packages: Vec<Package>,
    parts: Vec<Part>,
}

impl Names {
    /// Takes in the files of a package, and the packages that are nested in it.
    fn add(&mut self, files: &[Arc<Source>]) {
        let package = self.packages.len();
        self.packages.push(Package::default());
        for source in files {
            let parse = wit::parse(&source.text);
            let first = self.packages.len();
            self.part(source, parse.root(), package);
            if !parse.errors().is_empty() {
                let nested = self.packages[first..].iter_mut();
                nested.for_each(|package| package.is_whole = false);
                self.packages[package].is_whole = false;
            }
        }
    }

    fn part(&mut self, source: &Arc<Source>, node: Node, package: usize) {
        for item in node.children() {
            let kind = match item.kind() {
                SyntaxKind::PackageHeader => {
                    self.packages[package].name = said_package(&item);
                    continue;
                }
                SyntaxKind::NestedPackage => {
                    let nested = self.packages.len();
                    let name = said_package(&item);
                    self.packages.push(Package { name, ..Package::default() });
                    self.part(source, item, nested);
                    continue;
                }
                SyntaxKind::InterfaceItem => Kind::Interface,
                SyntaxKind::WorldItem => Kind::World,
                _ => continue,
            };
            if let Some(name) = declared(&item) {
                let items = &mut self.packages[package].items;
                let known = items.entry(plain(name.text()).to_owned());
                let known = known.or_insert_with(|| Item { kind, members: Members::default() });
                // One that is declared again is a problem of its own.
                let Members { types, functions } = Members::of(&item);
                known.members.types.extend(types);
                known.members.functions.extend(functions);
            }
        }
        self.parts.push(Part { source: source.clone(), node, package });
    }

    /// A package of the project, or else one that Theater knows.
    fn package(&self, name: &PackageName) -> Option<&Package> {
        self.named(name)
            .next()
            .or_else(|| built_in().iter().find(|it| it.name.as_ref() == Some(name)))
    }

    /// The packages of the project with this name. More than one is a problem of its own.
    fn named(&self, name: &PackageName) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(move |it| it.name.as_ref() == Some(name))
    }

    /// The names of all packages that can be named.
    fn known(&self) -> Vec<PackageName> {
        let all = self.packages.iter().skip(1).chain(built_in());
        all.filter_map(|package| package.name.clone()).collect()
    }
}

/// The packages that Theater knows.
fn built_in() -> &'static [Package] {
    static PACKAGES: OnceLock<Vec<Package>> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let mut names = Names::default();
        builtin_files().for_each(|files| names.add(files));
        names.packages
    })
}

impl Members {
    fn of(item: &Node) -> Self {
        let mut members = Self::default();
        let body = child(item, SyntaxKind::Body).into_iter().flat_map(|body| body.children());
        for member in body {
            let name = declared(&member).map(|name| plain(name.text()).to_owned());
            match member.kind() {
                SyntaxKind::FuncItem => members.functions.extend(name),
                SyntaxKind::UseItem => {
                    let used = used_names(&member).filter_map(|used| {
                        let name = child(&used, SyntaxKind::Declared)
                            .or_else(|| child(&used, SyntaxKind::Reference))?;
                        Some(text(&name))
                    });
                    members.types.extend(used);
                }
                kind if is_type(kind) => members.types.extend(name),
                _ => {}
            }
        }
        members
    }

    fn has(&self, name: &str) -> bool {
        self.types.iter().any(|it| it == name)
    }

    /// What to do about the name of a function where that of a type should be.
    fn function(&self, name: &str) -> Option<String> {
        let is_function = self.functions.iter().any(|it| it == name);
        is_function.then(|| format!("`{name}` is a function: name a type."))
    }
}

fn is_type(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    matches!(kind, AliasItem | RecordItem | VariantItem | EnumItem | FlagsItem | ResourceItem)
}

fn used_names(item: &Node) -> impl Iterator<Item = Node> {
    let list = child(item, SyntaxKind::UseList).into_iter();
    list.flat_map(|list| list.children()).filter(|it| it.kind() == SyntaxKind::UseName)
}

fn said_package(item: &Node) -> Option<PackageName> {
    let name = child(item, SyntaxKind::PackageName)?;
    let names: Vec<Node> = references(&name).collect();
    let [namespace, of] = names.as_slice() else { return None };
    package_name(namespace, of, &name)
}

fn references(node: &Node) -> impl Iterator<Item = Node> {
    node.children().filter(|it| it.kind() == SyntaxKind::Reference)
}

fn package_name(namespace: &Node, name: &Node, around: &Node) -> Option<PackageName> {
    let version = match child(around, SyntaxKind::Version) {
        Some(version) => Some(text(&version).parse().ok()?),
        None => None,
    };
    Some(PackageName { namespace: text(namespace), name: text(name), version })
}

/// The name of an interface or world, as it is written.
#[derive(Clone)]
struct Path {
    /// Its package, if it is said, and where that stands.
    package: Option<(PackageName, Node)>,
    name: Node,
    /// Whether it need not be there: what has a gate may be left out.
    is_gated: bool,
}

impl Path {
    fn of(item: &Node) -> Option<Self> {
        let path = child(item, SyntaxKind::Path)?;
        let is_gated = child(item, SyntaxKind::Gate).is_some();
        let names: Vec<Node> = references(&path).collect();
        match names.as_slice() {
            [name] => Some(Self { package: None, name: name.clone(), is_gated }),
            [namespace, of, name] => {
                let package = package_name(namespace, of, &path)?;
                let package = Some((package, namespace.clone()));
                Some(Self { package, name: name.clone(), is_gated })
            }
            _ => None,
        }
    }
}

/// Looks through one part of a package.
struct Finder<'n> {
    names: &'n Names,
    part: &'n Part,
    sources: &'n Sources,
    /// What `use` brings into the file, by its name there.
    uses: HashMap<String, Path>,
    /// The packages that are told of.
    told: HashSet<PackageName>,
    problems: Vec<Diagnostic>,
}

impl<'n> Finder<'n> {
    fn new(names: &'n Names, part: &'n Part, sources: &'n Sources) -> Self {
        let uses = part.node.children().filter(|it| it.kind() == SyntaxKind::TopUse);
        let uses = uses.filter_map(|item| {
            let path = Path::of(&item)?;
            let name = declared(&item).map(|name| plain(name.text()).to_owned());
            Some((name.unwrap_or_else(|| text(&path.name)), path))
        });
        let (uses, told) = (uses.collect(), HashSet::new());
        Self { names, part, sources, uses, told, problems: Vec::new() }
    }

    fn own(&self) -> &'n Package {
        &self.names.packages[self.part.package]
    }

    fn part(&mut self) {
        for item in self.part.node.children() {
            match item.kind() {
                SyntaxKind::TopUse => {
                    // What `use` brings into a file is of no use to another `use`.
                    let Some(path) = Path::of(&item) else { continue };
                    match path.package {
                        Some(_) => drop(self.item(&path, Kind::Interface)),
                        None if self.own().items.contains_key(&text(&path.name)) => {}
                        None => self.no_item(&path.name),
                    }
                }
                SyntaxKind::InterfaceItem | SyntaxKind::WorldItem => self.scope(&item),
                _ => {}
            }
        }
    }

    /// An interface or a world, whose types see each other.
    fn scope(&mut self, item: &Node) {
        let members = Members::of(item);
        let name = declared(item).map(|name| plain(name.text()).to_owned()).unwrap_or_default();
        let Some(body) = child(item, SyntaxKind::Body) else { return };
        for member in body.children() {
            match member.kind() {
                SyntaxKind::UseItem => self.used(&member),
                SyntaxKind::IncludeItem => {
                    Path::of(&member).and_then(|path| self.item(&path, Kind::World));
                }
                SyntaxKind::ImportItem | SyntaxKind::ExportItem => {
                    match child(&member, SyntaxKind::Body) {
                        Some(_) => self.scope(&member),
                        None => {
                            Path::of(&member).and_then(|path| self.item(&path, Kind::Interface));
                            self.types(&member, &members, &name);
                        }
                    }
                }
                _ => self.types(&member, &members, &name),
            }
        }
    }

    /// The interface or world that a path means, and whether it is another package's. Tells if there is none.
    fn item(&mut self, path: &Path, wanted: Kind) -> Option<(&'n Item, bool)> {
        let name = text(&path.name);
        let Some((package, at)) = &path.package else {
            // A file's own names come first.
            let used = self.uses.get(&name).filter(|_| !self.own().items.contains_key(&name));
            return match used.cloned() {
                Some(used) if used.package.is_some() => self.known(&used),
                Some(used) => Some((self.own().items.get(&text(&used.name))?, false)),
                None => {
                    let found = self.own().items.get(&name);
                    if found.is_none() {
                        self.no_item(&path.name);
                    }
                    found.map(|item| (item, false))
                }
            };
        };
        let Some(found) = self.names.package(package) else {
            self.no_package(package, at);
            return None;
        };
        if !found.is_whole || self.names.named(package).count() > 1 {
            return None;
        }
        let item = found.items.get(&name).filter(|item| item.kind == wanted);
        if item.is_none() && !path.is_gated {
            self.no_foreign_item(package, found, &path.name, wanted);
        }
        item.map(|item| (item, true))
    }

    /// What a path means of which it was told already if there is nothing.
    fn known(&self, path: &Path) -> Option<(&'n Item, bool)> {
        let (package, _) = path.package.as_ref()?;
        Some((self.names.package(package)?.items.get(&text(&path.name))?, true))
    }

    /// The names that a `use` brings in.
    fn used(&mut self, item: &Node) {
        let Some(path) = Path::of(item) else { return };
        let Some((from, is_foreign)) = self.item(&path, Kind::Interface) else { return };
        if from.kind != Kind::Interface || is_foreign && path.is_gated {
            return;
        }
        for used in used_names(item) {
            let Some(name) = child(&used, SyntaxKind::Reference) else { continue };
            let wanted = text(&name);
            let members = &from.members;
            if members.has(&wanted) {
                continue;
            }
            let message = format!("interface `{}` has no type `{wanted}`", text(&path.name));
            let help =
                members.function(&wanted).unwrap_or_else(|| match members.types.as_slice() {
                    [] => "It has none.".to_owned(),
                    types => format!("It has: {}.", types.join(", ")),
                });
            self.tell(&name, message, members.types.iter(), help);
        }
    }

    /// The types that are named in a member of an interface or world with these types and this name.
    fn types(&mut self, member: &Node, members: &Members, around: &str) {
        for ty in member.descendants().filter(|it| it.kind() == SyntaxKind::TypeRef) {
            let Some(name) = child(&ty, SyntaxKind::Reference) else { continue };
            let wanted = text(&name);
            if members.has(&wanted) {
                continue;
            }
            let message = format!("there is no type `{wanted}` in `{around}`");
            let items = self.own().items.iter();
            let homes = items.filter(|(_, item)| {
                item.kind == Kind::Interface && item.members.types.contains(&wanted)
            });
            // The first by name, so that the same text is told the same.
            let home = homes.map(|(home, _)| home).min();
            let home = home.map(|home| format!("Bring it in with `use {home}.{{{wanted}}};`."));
            let near = members.types.iter().filter(|_| home.is_none());
            let help = members.function(&wanted).or(home.clone()).unwrap_or_else(|| {
                format!(
                    "Define `{wanted}`, or bring it in with `use package:name/interface.{{{wanted}}};`."
                )
            });
            self.tell(&name, message, near, help);
        }
    }

    fn no_item(&mut self, name: &Node) {
        let wanted = text(name);
        let message = format!("there is no interface or world `{wanted}` in this package");
        let help = format!(
            "Define `{wanted}`, or name it with the package in which it is: `namespace:package/{wanted}`."
        );
        let used = self.uses.keys().cloned();
        let mut near: Vec<String> = self.own().items.keys().cloned().chain(used).collect();
        near.sort();
        near.retain(|near| *near != wanted);
        self.tell(name, message, near.iter(), help);
    }

    fn no_foreign_item(
        &mut self,
        package: &PackageName,
        found: &Package,
        name: &Node,
        wanted: Kind,
    ) {
        let kind = match wanted {
            Kind::Interface => "interface",
            Kind::World => "world",
        };
        let items = found.items.iter().filter(|(_, item)| item.kind == wanted);
        let mut near: Vec<&String> = items.map(|(name, _)| name).collect();
        near.sort();
        let message = format!("package `{package}` has no {kind} `{}`", text(name));
        let all: Vec<&str> = near.iter().map(|name| name.as_str()).collect();
        let help = match all.as_slice() {
            [] => format!("`{package}` has no {kind}s."),
            all => format!("It has: {}.", all.join(", ")),
        };
        self.tell(name, message, near.into_iter(), help);
    }

    /// Tells of a name, with the one that is near it, or else with `help`.
    fn tell<'a>(
        &mut self,
        name: &Node,
        message: String,
        near: impl Iterator<Item = &'a String>,
        help: String,
    ) {
        let wanted = text(name);
        let near = did_you_mean(&wanted, near.map(String::as_str));
        let problem = Diagnostic::error(WIT_UNKNOWN_NAME, message);
        let problem = problem.at(&self.part.source, wit::span(name.text_range()), "here");
        let problem = match near {
            Some(near) => problem.help(format!("Did you mean `{near}`?")),
            None => problem.help(help),
        };
        self.problems.push(write_instead(problem, &wanted, near));
    }

    /// Tells of a package, once for each file.
    fn no_package(&mut self, package: &PackageName, at: &Node) {
        // One whose name could not be read may be this one.
        if self.names.packages.iter().any(|it| !it.is_whole) || !self.told.insert(package.clone()) {
            return;
        }
        let known = self.names.known();
        let problem = unknown_package(package, &known);
        let span = wit::span(at.text_range()).start;
        let end = at.parent().and_then(|path| references(&path).nth(1));
        let end = end.map_or(span, |name| wit::span(name.text_range()).end);
        let problem = problem.at(&self.part.source, span..end, "here");
        self.problems.push(write_version(problem, package, &known, self.sources));
    }
}
