//! A project's `wit/` folder, read and resolved.

use super::problems;
use super::unknown::with_unknown;
use super::written::Written;
use crate::catalog;
use crate::diagnostic::{self, Diagnostic, Source};
use crate::files::{Disk, Files, Kind};
use crate::syntax;
use crate::syntax::wit::SyntaxKind;
use crate::syntax::wit::view::child;
use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use wit_parser::{
    InterfaceId, PackageId, PackageName, Resolve, SourceMap, Span, UnresolvedPackage,
    UnresolvedPackageGroup, WorldId, WorldItem, WorldKey,
};

/// The largest `.wit` file that is read, in bytes.
pub const MAX_WIT_BYTES: u64 = 4 << 20;

/// How the names of embedded texts begin.
const BUILT_IN: &str = "<theater>/";

/// The standard library's words for a text that is none.
const NOT_UTF8: &str = "stream did not contain valid UTF-8";

/// The texts of a `wit/` folder, before they are parsed. They may come from an editor's buffers
/// instead of from disk.
#[derive(Debug, Clone, Default)]
pub struct WitFiles {
    /// The files of the project's own package.
    pub main: Vec<Arc<Source>>,
    /// The packages that it uses, from `deps/`: the files of one package each.
    pub deps: Vec<Vec<Arc<Source>>>,
}

impl WitFiles {
    /// Reads `dir/*.wit`, `dir/deps/*.wit` (a package each) and `dir/deps/*/*.wit` (a package per
    /// folder), in the order of their names.
    ///
    /// # Errors
    /// A folder or file that cannot be read, a folder without WIT, an encoded package in `deps/`.
    pub fn read(dir: &Path) -> diagnostic::Result<Self> {
        Self::read_from(&Disk, dir)
    }

    /// [`WitFiles::read`] from other files than those of the disk.
    ///
    /// # Errors
    /// The same.
    pub fn read_from(files: &(impl Files + ?Sized), dir: &Path) -> diagnostic::Result<Self> {
        let main = wit_files(files, dir)?;
        if main.is_empty() {
            return Err(Diagnostic::error(
                diagnostic::WIT_FOLDER,
                format!("there is no .wit file in {}", dir.display()),
            )
            .help("Describe the actor's world there, for example in world.wit.")
            .into());
        }
        let mut deps = Vec::new();
        let folder = dir.join("deps");
        if files.is_folder(&folder) {
            for path in entries(files, &folder)? {
                if files.is_folder(&path) {
                    deps.push(wit_files(files, &path)?);
                } else if has_extension(&path, "wit") {
                    deps.push(vec![read_wit(files, &path)?]);
                } else if has_extension(&path, "wasm") || has_extension(&path, "wat") {
                    return Err(Diagnostic::error(
                        diagnostic::WIT_FOLDER,
                        format!("{} is an encoded WIT package, which is not read", path.display()),
                    )
                    .help("Put the package's .wit files there instead.")
                    .into());
                }
            }
        }
        deps.retain(|files| !files.is_empty());
        Ok(Self { main, deps })
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn entries(files: &(impl Files + ?Sized), dir: &Path) -> diagnostic::Result<Vec<PathBuf>> {
    files.list(dir).map_err(|error| {
        Diagnostic::io(diagnostic::FILE_UNREADABLE, "read the folder", dir, &error).into()
    })
}

fn wit_files(files: &(impl Files + ?Sized), dir: &Path) -> diagnostic::Result<Vec<Arc<Source>>> {
    entries(files, dir)?
        .iter()
        .filter(|path| has_extension(path, "wit") && !files.is_folder(path))
        .map(|path| read_wit(files, path))
        .collect()
}

fn read_wit(files: &(impl Files + ?Sized), path: &Path) -> diagnostic::Result<Arc<Source>> {
    let failed = |error| Diagnostic::io(diagnostic::FILE_UNREADABLE, "read", path, &error);
    let refused = match files.kind(path).map_err(failed)? {
        Kind::File { length } if length > MAX_WIT_BYTES => Some("it is larger than 4 MiB"),
        Kind::File { .. } => None,
        Kind::Folder | Kind::Other => Some("it is not a file"),
    };
    if let Some(reason) = refused {
        return Err(Diagnostic::error(
            diagnostic::FILE_UNREADABLE,
            format!("cannot read {}: {reason}", path.display()),
        )
        .into());
    }
    let bytes = files.read(path, MAX_WIT_BYTES).map_err(failed)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| failed(io::Error::new(io::ErrorKind::InvalidData, NOT_UTF8)))?;
    Ok(Source::new(path.display().to_string(), text))
}

/// A project's WIT, resolved together with the packages that it uses. The packages that Theater
/// knows (`theater:*`, `wasi:*`) need not stand in `deps/`.
#[derive(Clone)]
pub struct Wit {
    /// All packages, linked.
    pub resolve: Resolve,
    /// The project's own package.
    pub package: PackageId,
    sources: Sources,
    /// How many of the sources are the project's own package.
    main: usize,
    /// What the worlds of the project's package import by name.
    written: Written,
}

/// An import or export of a world that is an interface.
#[derive(Debug, Clone)]
pub struct Import {
    /// The full name, for example `theater:host/state@0.1.0`.
    pub name: String,
    /// The interface.
    pub interface: InterfaceId,
    /// Where the world names it.
    pub span: Option<Span>,
    /// Whether the world, or one that it includes, names it. If not, only types of other interfaces need it.
    pub is_written: bool,
}

impl Wit {
    /// Reads and resolves a `wit/` folder.
    ///
    /// # Errors
    /// Every problem that keeps the WIT from being resolved: all errors of syntax, all names that nobody declares or that
    /// are declared twice, and of others at most one for each package.
    pub fn load(dir: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::load_from(&Disk, dir)
    }

    /// [`Wit::load`] from other files than those of the disk.
    ///
    /// # Errors
    /// The same.
    pub fn load_from(files: &(impl Files + ?Sized), dir: &Path) -> Result<Self, Vec<Diagnostic>> {
        files.wit(dir)
    }

    /// [`Wit::load_from`] that reads the texts even if somebody keeps what they say.
    ///
    /// # Errors
    /// The same.
    pub fn read_from(files: &(impl Files + ?Sized), dir: &Path) -> Result<Self, Vec<Diagnostic>> {
        let files = WitFiles::read_from(files, dir).map_err(|problem| vec![*problem])?;
        Self::from_files(&files)
    }

    /// Resolves texts that were read elsewhere.
    ///
    /// # Errors
    /// Every problem that keeps the WIT from being resolved: all errors of syntax, all names that nobody declares or that
    /// are declared twice, and of others at most one for each package.
    pub fn from_files(files: &WitFiles) -> Result<Self, Vec<Diagnostic>> {
        let mut sources = Sources::default();
        let mut problems = Vec::new();
        let main = parse(&files.main, &mut sources, &mut problems);
        // The own package's sources are the first ones, which `Wit::files` relies on.
        let deps: Vec<_> = files
            .deps
            .iter()
            .filter_map(|files| parse(files, &mut sources, &mut problems))
            .collect();
        let Some(main) = main.filter(|_| problems.is_empty()) else {
            return Err(with_unknown(problems, files, &sources));
        };
        let named = deps.iter().flat_map(packages).map(|package| &package.name);
        let known = named.chain(builtin_packages().iter().map(|(group, _)| &group.main.name));
        let known: Vec<PackageName> = known.cloned().collect();
        let needed = needed_builtins(&main, &deps);
        let groups: Vec<_> = deps.into_iter().chain(needed).collect();
        let others = main.nested.iter().chain(groups.iter().flat_map(packages));
        let written = Written::of(&main.main, others);
        let mut resolve = Resolve::new();
        match resolve.push_groups(main, groups) {
            Ok(package) => {
                // Spans of the written imports count from the start of the main package's sources,
                // which are the first ones that `push_groups` appends.
                Ok(Self { resolve, package, sources, main: files.main.len(), written })
            }
            Err(error) => {
                let first = problems::resolve_error(&error, &resolve.source_map, &sources, &known);
                Err(with_unknown(vec![first], files, &sources))
            }
        }
    }

    /// The project's world of this name: `actor`, or with its package `local:shop/actor`.
    pub fn world(&self, name: &str) -> Option<WorldId> {
        let package = &self.resolve.packages[self.package];
        let plain = package.worlds.keys().find(|plain| {
            let full = package.name.interface_id(plain);
            plain.as_str() == name || full == name || full.split('@').next() == Some(name)
        });
        package.worlds.get(plain?).copied()
    }

    /// The names of the project's worlds, in the order in which they stand.
    pub fn worlds(&self) -> impl Iterator<Item = &str> {
        self.resolve.packages[self.package].worlds.keys().map(String::as_str)
    }

    /// The texts of the project's own package.
    pub fn files(&self) -> &[Arc<Source>] {
        &self.sources.0[..self.main]
    }

    /// The text and the place in it that a span of [`Wit::resolve`] means.
    pub fn place(&self, span: Span) -> Option<(Arc<Source>, Range<usize>)> {
        self.sources.place(&self.resolve.source_map, span)
    }

    /// The interfaces that a world imports, written or implied.
    pub fn imports(&self, world: WorldId) -> Vec<Import> {
        let world = &self.resolve.worlds[world];
        let named = world.imports.iter().filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => {
                let name = key_name(&self.resolve, key);
                let span = self.written.place(&world.name, &name);
                let is_written = self.written.has(&world.name, &name);
                Some(Import { name, interface: *id, span, is_written })
            }
            _ => None,
        });
        named.collect()
    }

    /// The project's package as a WebAssembly component that holds only types, comments included.
    ///
    /// # Errors
    /// A package that has no binary form.
    pub fn encode(&self) -> diagnostic::Result<Vec<u8>> {
        wit_component::encode(&self.resolve, self.package, false).map_err(|error| {
            Diagnostic::error(
                diagnostic::WIT_SYNTAX,
                format!("the WIT package cannot be encoded: {error:#}"),
            )
            .into()
        })
    }
}

/// The full name of a world's import or export. An anonymous interface has its plain name.
pub(super) fn key_name(resolve: &Resolve, key: &WorldKey) -> String {
    match key {
        WorldKey::Name(name) => name.clone(),
        WorldKey::Interface(id) => resolve.id_of(*id).unwrap_or_default(),
    }
}

/// The packages that Theater answers, resolved, with their comments.
pub fn builtin() -> &'static Resolve {
    static BUILTIN: OnceLock<Resolve> = OnceLock::new();
    BUILTIN.get_or_init(|| {
        let mut resolve = Resolve::new();
        let mut groups: Vec<_> =
            builtin_packages().iter().map(|(group, _)| group.clone()).collect();
        if let Some(first) = groups.pop()
            && resolve.push_groups(first, groups).is_err()
        {
            // Cannot happen with the packages that are embedded: a test resolves them. A resolve
            // that failed must not be used.
            return Resolve::new();
        }
        resolve
    })
}

/// The number under which wit-parser knows the first text of Theater's own packages. Those of a project count from 0.
const FIRST_BUILTIN: usize = 90_000_000;

/// The embedded packages, parsed, and the files of each. They are the same for everybody.
fn builtin_packages() -> &'static [(UnresolvedPackageGroup, Vec<Arc<Source>>)] {
    static PACKAGES: OnceLock<Vec<(UnresolvedPackageGroup, Vec<Arc<Source>>)>> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let mut folders: Vec<(&str, Vec<Arc<Source>>)> = Vec::new();
        for (path, text) in catalog::WIT {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let source = Source::new(format!("{BUILT_IN}{path}"), *text);
            match folders.iter_mut().find(|(known, _)| *known == folder) {
                Some((_, files)) => files.push(source),
                None => folders.push((folder, vec![source])),
            }
        }
        let mut number = FIRST_BUILTIN;
        let mut parsed = Vec::new();
        for (_, files) in folders {
            let group = source_map(&files, number).parse().ok();
            number += files.len();
            parsed.extend(group.map(|group| (group, files)));
        }
        parsed
    })
}

/// The files of each embedded package.
pub(super) fn builtin_files() -> impl Iterator<Item = &'static Vec<Arc<Source>>> {
    builtin_packages().iter().map(|(_, files)| files)
}

/// The embedded packages that packages at hand name and do not bring, and those that these name.
fn needed_builtins(
    main: &UnresolvedPackageGroup,
    deps: &[UnresolvedPackageGroup],
) -> Vec<UnresolvedPackageGroup> {
    let names = |package: &UnresolvedPackage| -> Vec<PackageName> {
        package.foreign_deps.keys().cloned().collect()
    };
    let given: Vec<&UnresolvedPackage> =
        std::iter::once(main).chain(deps).flat_map(packages).collect();
    let mut wanted: Vec<PackageName> = given.iter().copied().flat_map(names).collect();
    let mut seen: HashSet<PackageName> = given.iter().map(|package| package.name.clone()).collect();
    let mut needed = Vec::new();
    while let Some(name) = wanted.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let known = builtin_packages().iter().find(|(group, _)| group.main.name == name);
        if let Some((group, _)) = known {
            wanted.extend(packages(group).flat_map(names));
            needed.push(group.clone());
        }
    }
    needed
}

fn packages(group: &UnresolvedPackageGroup) -> impl Iterator<Item = &UnresolvedPackage> {
    std::iter::once(&group.main).chain(&group.nested)
}

fn parse(
    files: &[Arc<Source>],
    sources: &mut Sources,
    problems: &mut Vec<Diagnostic>,
) -> Option<UnresolvedPackageGroup> {
    let map = source_map(files, sources.0.len());
    sources.0.extend(files.iter().cloned());
    // At some of them wit-parser panics.
    if files.iter().any(|file| has_conflicts(&file.text)) {
        problems.extend(files.iter().flat_map(problems::syntax_errors));
        return None;
    }
    match map.parse() {
        Ok(group) => Some(group),
        Err((map, error)) => {
            // Its parser stops at the first error; ours finds all. What only it finds is told as it
            // tells it.
            let found: Vec<_> = files.iter().flat_map(problems::syntax_errors).collect();
            match found.is_empty() {
                true => problems.extend(problems::parse_errors(&error, &map, files, sources)),
                false => problems.extend(found),
            }
            None
        }
    }
}

/// Whether an item has attributes that cannot stand together.
fn has_conflicts(text: &str) -> bool {
    text.contains('@') && !syntax::wit::conflicts(&syntax::wit::parse(text).root()).is_empty()
}

/// Files as wit-parser wants them. They are registered under their numbers, because names need
/// not be unique when an editor supplies them.
fn source_map(files: &[Arc<Source>], first: usize) -> SourceMap {
    let mut map = SourceMap::new();
    for (index, file) in files.iter().enumerate() {
        let text = syntax::wit::without_empty_comments(&file.text);
        map.push_str(&format!("{:08}", first + index), text);
    }
    map
}

/// Where a text names a version of a package in front of an interface or world.
fn versions(text: &str, package: &PackageName) -> Vec<Range<usize>> {
    let root = syntax::wit::parse(text).root();
    let paths = root.descendants().filter(|it| it.kind() == SyntaxKind::Path);
    let named = paths.filter_map(|path| {
        let names = path.children().filter(|it| it.kind() == SyntaxKind::Reference);
        let names: Vec<String> = names.map(|it| it.text().to_string().trim().to_owned()).collect();
        let [namespace, name, _] = names.as_slice() else { return None };
        let version = child(&path, SyntaxKind::Version)?;
        let said = version.text().to_string().parse().ok();
        let same = *namespace == package.namespace && *name == package.name;
        (same && said == package.version).then(|| syntax::wit::span(version.text_range()))
    });
    named.collect()
}

/// The texts of a project that were given to wit-parser, in the order of the numbers under which it knows them.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(Vec<Arc<Source>>);

impl Sources {
    /// Where the texts write the version of a package: the bytes of the version.
    pub(super) fn mentions(
        &self,
        package: &PackageName,
    ) -> impl Iterator<Item = (Arc<Source>, Range<usize>)> {
        let own = self.0.iter().filter(|source| !source.name.starts_with(BUILT_IN));
        own.flat_map(|source| {
            let spans = versions(&source.text, package).into_iter();
            spans.map(|span| (source.clone(), span))
        })
    }

    /// The text and the place in it that a span of `map` means.
    pub(super) fn place(&self, map: &SourceMap, span: Span) -> Option<(Arc<Source>, Range<usize>)> {
        let location = map.resolve_span(span)?;
        let index: usize = location.path.parse().ok()?;
        let source = match index.checked_sub(FIRST_BUILTIN) {
            None => self.0.get(index)?,
            Some(index) => builtin_packages().iter().flat_map(|(_, files)| files).nth(index)?,
        };
        Some((source.clone(), location.range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_package_resolves() {
        let folders: std::collections::BTreeSet<_> = catalog::WIT
            .iter()
            .filter_map(|(path, _)| path.rsplit_once('/'))
            .map(|(f, _)| f)
            .collect();
        assert_eq!(builtin_packages().len(), folders.len());
        assert_eq!(builtin().packages.len(), folders.len());
    }
}
