//! Names anywhere in the workspace: actors, and what WIT declares.

use super::outline::outline;
use super::symbols::SymbolKind;
use super::vfs::Snapshot;
use super::wit::{Kind, is_wit};
use std::ops::Range;
use std::path::{Path, PathBuf};
use theater_runtime::manifest::FILE_NAME;

/// A name that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// In what it is: a package and the names from there, or a folder.
    pub container: String,
    /// The file.
    pub path: PathBuf,
    /// The bytes of the name.
    pub span: Range<usize>,
}

/// How many names are given.
const MOST: usize = 256;

/// All names that have the letters of a query in their order, the best first: the name itself, then
/// those that begin with it, then those that hold it. All names for an empty query, up to a limit.
pub fn search(files: &Snapshot, query: &str) -> Vec<Found> {
    let query = query.to_lowercase();
    let mut found: Vec<(u8, Found)> = Vec::new();
    let mut add = |one: Found| {
        if let Some(rank) = rank(&one.name, &query) {
            found.push((rank, one));
        }
    };
    for path in files.named(FILE_NAME) {
        actor(files, &path).into_iter().for_each(&mut add);
    }
    for path in files.below(Path::new("")).into_iter().filter(|path| is_wit(path)) {
        declared(files, &path).into_iter().for_each(&mut add);
    }
    // What the project itself says comes before what it brings along.
    let brought = |one: &Found| one.path.components().any(|part| part.as_os_str() == "deps");
    found.sort_by_cached_key(|(rank, one)| {
        (*rank, brought(one), one.name.len(), one.name.clone(), one.path.clone(), one.span.start)
    });
    found.into_iter().take(MOST).map(|(_, one)| one).collect()
}

/// How well a name answers a query in lower case; less is better.
fn rank(name: &str, query: &str) -> Option<u8> {
    let name = name.to_lowercase();
    let mut letters = name.chars();
    match () {
        () if name == query => Some(0),
        () if name.starts_with(query) => Some(1),
        () if name.contains(query) => Some(2),
        () => query.chars().all(|wanted| letters.any(|letter| letter == wanted)).then_some(3),
    }
}

/// The actor of a manifest.
fn actor(files: &Snapshot, path: &Path) -> Option<Found> {
    let text = files.text(path)?;
    let sections = outline(text.as_str());
    let named =
        |keys: &[super::outline::Key], name: &str| matches!(keys, [key] if key.name == name);
    let section = sections.iter().find(|section| named(&section.keys, "actor"))?;
    let entry = section.entries.iter().find(|entry| named(&entry.keys, "name"))?;
    let name = text.as_str()[entry.value.clone()].trim_matches(['"', '\'']).to_owned();
    let container = path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let (kind, path, span) = (SymbolKind::Actor, path.to_owned(), entry.value.clone());
    (!name.is_empty()).then_some(Found { name, kind, container, path, span })
}

/// What a WIT file declares, but for what is of interest only where it stands.
fn declared(files: &Snapshot, path: &Path) -> Vec<Found> {
    let (Some(index), Some(text)) = (files.index(path), files.text(path)) else {
        return Vec::new();
    };
    let wanted = |kind| !matches!(kind, Kind::Parameter | Kind::Used | Kind::Constructor);
    let declarations = index.declarations.iter().filter(|it| wanted(it.kind));
    let found = declarations.map(|it| {
        let package = index.packages[it.package].clone();
        let above = it.path.split_last().map(|(_, above)| above).unwrap_or_default();
        let names = package.into_iter().chain(above.iter().cloned()).collect::<Vec<_>>();
        Found {
            name: text.as_str()[it.name.clone()].trim_start_matches('%').to_owned(),
            kind: SymbolKind::Wit(it.kind),
            container: if it.path.is_empty() { String::new() } else { names.join("/") },
            path: path.to_owned(),
            span: it.name.clone(),
        }
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{OnDisk, Vfs};

    #[test]
    fn names_are_found_by_their_letters_the_best_first() {
        let mut vfs = Vfs::default();
        let wit = "package local:a;\ninterface store { record item { in-stock: u32 } stock: func(stock: u8); }\n";
        vfs.found(Path::new("/p/wit/a.wit"), Some(OnDisk::File(wit.into())));
        vfs.open(Path::new("/p/theater.toml"), 1, "[actor]\nname = \"Stock\"\n".to_owned());
        vfs.open(Path::new("/q/theater.toml"), 1, "[actor\nname = \n".to_owned());
        let listed = |query: &str| -> Vec<String> {
            let found = search(&vfs.snapshot(), query);
            found
                .iter()
                .map(|it| format!("{} {:?} in {}", it.name, it.kind, it.container))
                .collect()
        };
        assert_eq!(
            listed("stock"),
            [
                "Stock Actor in /p",
                "stock Wit(Function) in local:a/store",
                "in-stock Wit(Field) in local:a/store/item",
            ]
        );
        assert_eq!(listed("SRE"), ["store Wit(Interface) in local:a"]);
        assert_eq!(listed("").len(), 6);
        assert_eq!(listed("nothing"), [""; 0]);
    }
}
