//! WIT that others have written, for tests: what Theater embeds, and the texts that come with packages of cargo's registry.

use crate::catalog;
use crate::diagnostic::Source;
use crate::world::WitFiles;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Packages, by the beginnings of their folders' names, and where in them WIT stands: wasm-tools' own tests, all of WASI 0.2,
/// and what wasmtime tests its bindings with. The last two are there after `cargo fetch`.
const CRATES: &[(&str, &str)] = &[
    ("wit-parser-0.263.", "tests/ui"),
    ("wit-component-0.263.", "tests"),
    ("wasip2-1.", "wit"),
    ("wasmtime-internal-component-macro-", "tests/codegen"),
];

/// All texts, valid or not, each with its path.
pub(crate) fn texts() -> &'static [(PathBuf, String)] {
    static TEXTS: OnceLock<Vec<(PathBuf, String)>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let built_in =
            catalog::WIT.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned()));
        let mut texts: Vec<_> = built_in.collect();
        for folder in folders() {
            let files = wit_in(&folder).into_iter();
            texts.extend(
                files.filter_map(|path| Some((path.clone(), std::fs::read_to_string(path).ok()?))),
            );
        }
        texts
    })
}

/// What may be a package with those that it uses: each folder, and each file with the folder's `deps`. wit-parser tells which
/// are.
pub(crate) fn packages() -> &'static [WitFiles] {
    static PACKAGES: OnceLock<Vec<WitFiles>> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let embedded = catalog::WIT.iter();
        let embedded = embedded.map(|(path, text)| vec![Source::new(*path, *text)]);
        let mut packages: Vec<WitFiles> =
            embedded.map(|main| WitFiles { main, deps: Vec::new() }).collect();
        for folder in folders() {
            let Ok(whole) = WitFiles::read(&folder) else { continue };
            let alone = whole
                .main
                .iter()
                .filter(|_| whole.main.len() > 1)
                .map(|file| WitFiles { main: vec![Arc::clone(file)], deps: whole.deps.clone() });
            packages.extend(alone);
            packages.push(whole);
        }
        packages
    })
}

/// Every folder with WIT in it.
fn folders() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (name, within) in CRATES {
        match package(name) {
            Some(folder) => collect(&folder.join(within), &mut found),
            None => eprintln!("left out: {name} is not in cargo's registry"),
        }
    }
    found
}

fn package(name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    let registries = std::fs::read_dir(home.join("registry/src")).ok()?;
    let packages = registries
        .flatten()
        .flat_map(|registry| std::fs::read_dir(registry.path()).into_iter().flatten().flatten());
    let named =
        |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().starts_with(name);
    packages.map(|entry| entry.path()).find(named)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    if !wit_in(folder).is_empty() {
        found.push(folder.to_owned());
    }
    for path in entries(folder).into_iter().filter(|path| path.is_dir()) {
        collect(&path, found);
    }
}

fn wit_in(folder: &Path) -> Vec<PathBuf> {
    let mut paths = entries(folder);
    paths.retain(|path| path.extension().is_some_and(|it| it == "wit") && path.is_file());
    paths
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
