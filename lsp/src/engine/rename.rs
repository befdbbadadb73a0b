//! Other names for actors, and for what the WIT of a project declares, wherever they are mentioned.

mod copies;

use self::copies::{Place, places};
use super::actors;
use super::check::FileEdit;
use super::navigate::{Found, everywhere, find};
use super::vfs::Snapshot;
use super::wit::{File, Kind, Symbol};
use std::ops::Range;
use std::path::Path;
use theater_runtime::syntax::wit::{is_identifier, is_keyword};

/// The bytes of the name at a byte, if it can have another one.
///
/// # Errors
/// Why it cannot, as a sentence; empty if no name is there.
pub fn prepare_rename(
    files: &Snapshot,
    path: &Path,
    offset: usize,
) -> Result<Range<usize>, String> {
    match actors::prepare_rename(files, path, offset) {
        Some(span) => Ok(span),
        None => {
            let found = find(files, path, offset).ok_or_else(String::new)?;
            let span = found.span.clone();
            renamable(files, path, found).map(|_| span)
        }
    }
}

/// The changes that give the thing at a byte another name.
///
/// # Errors
/// Why it cannot have that name, as a sentence; empty if no name is there.
pub fn rename(
    files: &Snapshot,
    path: &Path,
    offset: usize,
    new: &str,
) -> Result<Vec<FileEdit>, String> {
    if let Some(renamed) = actors::rename(files, path, offset, new) {
        return renamed;
    }
    let found = find(files, path, offset).ok_or_else(String::new)?;
    let places = renamable(files, path, found)?;
    let new = new.trim().trim_start_matches('%');
    if !is_identifier(new) {
        let rule = "Write words of lower-case letters and digits, joined by `-`.";
        return Err(format!("`{new}` is not a name in WIT. {rule}"));
    }
    for place in &places {
        if let Some(taken) = taken(&place.found, new) {
            let copy = match place.found.is_own() {
                true => String::new(),
                false => format!(", in its copy below `{}`", place.root.display()),
            };
            return Err(format!("There is a `{new}` in {taken} already{copy}."));
        }
    }
    let edit = |location: super::navigate::Location| {
        let in_wit = super::wit::is_wit(&location.path);
        let text = if in_wit && is_keyword(new) { format!("%{new}") } else { new.to_owned() };
        (location.path, location.span, text)
    };
    let all = places.iter().flat_map(|place| everywhere(files, &place.path, &place.found));
    Ok(all.map(edit).collect())
}

/// Where the name that was found has to change.
fn renamable(files: &Snapshot, path: &Path, found: Found) -> Result<Vec<Place>, String> {
    let text = files.text(path).ok_or_else(String::new)?;
    let written = text.as_str().get(found.span.clone()).unwrap_or_default().trim_start_matches('%');
    // A handler in a manifest stands for an interface and is not its name.
    if found.symbol.path.last().map(|name| plain(name)) != Some(written) {
        return Err("Only what WIT declares here can have another name.".to_owned());
    }
    let kind = found.names.declarations(&found.symbol).next().map(|(_, it)| it.kind);
    if let Some(Kind::Package | Kind::Constructor) | None = kind {
        return Err("This cannot have another name.".to_owned());
    }
    let package = found.symbol.package.clone();
    let places = places(files, path, found);
    if places.is_empty() {
        return Err(format!(
            "`{written}` belongs to the package `{package}`, which is not this one."
        ));
    }
    Ok(places)
}

/// Where a name is taken among those with which the renamed thing stands.
fn taken(found: &Found, new: &str) -> Option<String> {
    let wanted = &found.symbol;
    if wanted.path.last().map(|name| plain(name)) == Some(new) {
        return None;
    }
    let (last, scope) = wanted.path.split_last()?;
    let has = |file: &File, package: usize, scope: &[String]| {
        // Types of a world are imports.
        let word = last.split_once(' ').map_or("import", |(word, _)| word);
        let declared = [new.to_owned(), format!("{word} {new}")].into_iter().any(|segment| {
            file.index.declaration(package, &[scope, &[segment]].concat()).is_some()
        });
        let used =
            |it: &super::wit::Use| it.package == package && it.scope == scope && it.name == new;
        declared || file.index.uses.iter().any(used)
    };
    for file in &found.names.files {
        for (package, name) in file.packages.iter().enumerate() {
            if *name == wanted.package && has(file, package, scope) {
                return Some(words(scope, name));
            }
        }
        // Where it is brought in under its own name, the new one comes in.
        for used in file.index.uses.iter().filter(|used| !used.renamed) {
            let package = used.package;
            let meant = found.names.target(file, package, &used.target);
            if meant.as_ref() == Some(wanted) && has(file, package, &used.scope) {
                return Some(words(&used.scope, &file.packages[package]));
            }
        }
    }
    None
}

fn words(scope: &[String], package: &str) -> String {
    match scope.last() {
        Some(name) => format!("`{}`", plain(name)),
        None => format!("the package `{package}`"),
    }
}

/// The name itself of a symbol's part: imports and exports have their word before it.
fn plain(segment: &str) -> &str {
    segment.rsplit(' ').next().unwrap_or(segment)
}

impl Symbol {
    /// Its own name.
    pub fn name(&self) -> &str {
        self.path.last().map_or(self.package.as_str(), |name| plain(name))
    }
}

#[cfg(test)]
mod tests;
