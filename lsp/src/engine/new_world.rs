//! A world for an actor that has none yet: what its manifest grants and links, as WIT.

use super::outline::outline;
use super::place;
use super::vfs::Snapshot;
use super::wit::{File, Kind, Names, Origin};
use std::ops::Range;
use std::path::{Path, PathBuf};
use theater_runtime::catalog::{HANDLERS, Interface};
use theater_runtime::files::Files;
use theater_runtime::manifest::{Manifest, is_linkable};
use theater_runtime::syntax::wit::{is_identifier, is_keyword};

/// A world to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorld {
    /// What it does, as an instruction.
    pub title: String,
    /// The file.
    pub path: PathBuf,
    /// Whether the file is not there yet. Otherwise the text goes to its end.
    pub is_new: bool,
    /// The text.
    pub text: String,
}

/// The world that a manifest needs, offered where its `[actor]` touches a range. None if it is there, or if the actor
/// needs none.
pub fn new_world(files: &Snapshot, path: &Path, range: &Range<usize>) -> Option<NewWorld> {
    let text = files.text(path).filter(|_| place::is_manifest(path))?;
    let sections = outline(text.as_str());
    let is_actor = |keys: &[super::outline::Key]| matches!(keys, [only] if only.name == "actor");
    let actor = sections.iter().find(|section| is_actor(&section.keys))?;
    if range.end < actor.span.start || actor.span.end < range.start {
        return None;
    }
    let manifest = files.manifest(path).manifest.filter(|it| !it.is_supervisor_only())?;
    let names = Names::around(files, path);
    let wanted = Wanted::of(&manifest, &names)?;
    let own = |file: &&File| file.origin == Origin::Own;
    let mut files_there = names.files.iter().filter(own).map(|file| &file.path);
    let usual = path.parent()?.join("wit").join("world.wit");
    let there = match files_there.clone().find(|path| **path == usual) {
        Some(usual) => Some(usual),
        None => files_there.next(),
    };
    let is_new = there.is_none();
    let before = if is_new || is_blank(files, there?) { "" } else { "\n" };
    let text = format!("{before}{}", wanted.text(&manifest, &names));
    let title = format!("Create the world `{}` from the manifest", wanted.name);
    Some(NewWorld { title, path: there.unwrap_or(&usual).clone(), is_new, text })
}

fn is_blank(files: &Snapshot, path: &Path) -> bool {
    files.text(path).is_some_and(|text| text.as_str().trim().is_empty())
}

/// What the world is to be called.
struct Wanted {
    /// The package that has to be declared, if none is.
    package: Option<String>,
    name: String,
}

impl Wanted {
    /// The world that the manifest names, or one that is called as the actor.
    fn of(manifest: &Manifest, names: &Names) -> Option<Self> {
        let actor = &manifest.actor.name.value;
        let own: Vec<&File> = names.files.iter().filter(|it| it.origin == Origin::Own).collect();
        let declared = own.iter().flat_map(|file| &file.index.declarations);
        let (package, name) = match &manifest.actor.world {
            Some(named) => parts(&named.value),
            // The only world is meant without a name.
            None if declared.clone().any(|it| it.kind == Kind::World) => return None,
            None => (None, actor.clone()),
        };
        if !is_identifier(&name) || names.item(None, &name).is_some() {
            return None;
        }
        let found = names.own_package().filter(|package| !package.is_empty());
        match (found, package) {
            (Some(found), Some(package)) if found != package => None,
            (Some(_), _) => Some(Self { package: None, name }),
            // Files without a package are not finished: nobody knows what is meant.
            (None, _) if declared.count() > 0 => None,
            (None, package) => {
                let package = package.unwrap_or_else(|| format!("local:{}", escaped(actor)));
                Some(Self { package: Some(package), name })
            }
        }
    }

    fn text(&self, manifest: &Manifest, names: &Names) -> String {
        let (imports, exports) = items(manifest, names);
        let package = self.package.iter().map(|package| format!("package {package};\n\n"));
        let between = if imports.is_empty() || exports.is_empty() { "" } else { "\n" };
        let lines = |lines: Vec<String>| lines.into_iter().map(|line| format!("    {line}\n"));
        format!(
            "{}/// The actor `{}`.\nworld {} {{\n{}{between}{}}}\n",
            package.collect::<String>(),
            manifest.actor.name.value,
            escaped(&self.name),
            lines(imports).collect::<String>(),
            lines(exports).collect::<String>(),
        )
    }
}

/// What is imported by grants and links, and exported for the handlers to call.
fn items(manifest: &Manifest, names: &Names) -> (Vec<String>, Vec<String>) {
    let granted = || HANDLERS.iter().filter(|it| !it.always && manifest.grants(it.name));
    let line = |word: &str, interface: &Interface| format!("{word} {};", interface.id());
    let mut imports: Vec<String> = granted()
        .flat_map(|handler| handler.imports)
        .map(|interface| line("import", interface))
        .collect();
    let links = manifest.links.iter().filter(|link| is_linkable(&link.import.value));
    imports.extend(links.map(|link| linked(&link.import.value, names)));
    let exports = granted().flat_map(|handler| handler.exports);
    (imports, exports.map(|interface| line("export", interface)).collect())
}

/// The import of a linked interface, with the version of its package that is there. One that is not there would make
/// the WIT invalid.
fn linked(import: &str, names: &Names) -> String {
    let (package, name) = parts(import);
    let found = package.and_then(|package| names.item(Some(&package), &name));
    match found {
        Some(found) if names.own_package() == Some(&found.package) => format!("import {name};"),
        Some(found) => match found.package.split_once('@') {
            Some((package, version)) => format!("import {package}/{name}@{version};"),
            None => format!("import {}/{name};", found.package),
        },
        None => format!("// Put its package into `deps` first:\n    // import {import};"),
    }
}

/// The package of `namespace:package/name@version`, with its version, and the name.
fn parts(written: &str) -> (Option<String>, String) {
    let (full, version) = match written.split_once('@') {
        Some((full, version)) => (full, format!("@{version}")),
        None => (written, String::new()),
    };
    match full.rsplit_once('/') {
        Some((package, name)) => (Some(format!("{package}{version}")), name.to_owned()),
        None => (None, full.to_owned()),
    }
}

/// A name as it can stand in WIT.
fn escaped(name: &str) -> String {
    if is_keyword(name) { format!("%{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests;
