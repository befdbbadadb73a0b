//! Where names lead, and where they are mentioned: across a manifest, its WIT, `deps`, and the packages that
//! Theater knows.

use super::actors;
use super::links::{self, Link};
use super::mentions::mentions;
use super::place;
use super::vfs::Snapshot;
use super::wit::{Declaration, File, Kind, Names, Origin, Symbol, Target, is_wit, root_of, symbol};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use theater_runtime::manifest::FILE_NAME;

/// Bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// The bytes.
    pub span: Range<usize>,
    /// Whether the name is declared there.
    pub is_declaration: bool,
}

/// A name under the cursor.
pub(super) struct Found {
    pub names: Names,
    /// Its bytes.
    pub span: Range<usize>,
    /// What it means there.
    pub symbol: Symbol,
}

/// The name at a byte of a manifest or a WIT file.
pub(super) fn find(files: &Snapshot, path: &Path, offset: usize) -> Option<Found> {
    let names = Names::around(files, path);
    let (span, symbol) = if is_wit(path) {
        names.at(path, offset)?
    } else {
        let on = |(span, _): &(Range<usize>, Symbol)| span.start <= offset && offset <= span.end;
        mentions(files, path, &names).into_iter().find(on).or_else(|| {
            // A grant is about its handler wherever one stands in it.
            let text = files.text(path).filter(|_| place::is_manifest(path))?;
            let place = place::at(&super::outline::outline(text.as_str()), offset)?;
            let place::Meaning::Handler(handler) = place::meaning(&place.path)? else {
                return None;
            };
            Some((place.span, super::mentions::answered(&names, handler)?))
        })?
    };
    Some(Found { names, span, symbol })
}

/// Where the thing that is meant at a byte is defined: what `use` brings in under another name at its home. A path in
/// a manifest leads to its file, the name of an actor to the manifest of its project.
pub fn definition(files: &Snapshot, path: &Path, offset: usize) -> Vec<Link> {
    if let Some(link) = links::linked(files, path, offset) {
        return vec![link];
    }
    if let Some(meant) = actors::meant(files, path, offset) {
        return meant.definitions();
    }
    let Some(found) = find(files, path, offset) else { return Vec::new() };
    let home = found.names.home(&found.symbol, 0);
    found.to(&home.unwrap_or_else(|| found.symbol.clone()))
}

/// Where the name at a byte is declared: where `use` brings it in under another name, and not at its home; where the
/// supervisor of an actor names it.
pub fn declaration(files: &Snapshot, path: &Path, offset: usize) -> Vec<Link> {
    if let Some(link) = links::linked(files, path, offset) {
        return vec![link];
    }
    if let Some(meant) = actors::meant(files, path, offset) {
        return meant.declarations();
    }
    find(files, path, offset).map(|found| found.to(&found.symbol)).unwrap_or_default()
}

/// Where the types are defined of which the thing at a byte is made. The name of a type leads to the type for which it
/// stands.
pub fn type_definition(files: &Snapshot, path: &Path, offset: usize) -> Vec<Link> {
    let Some(found) = find(files, path, offset) else { return Vec::new() };
    let Some(home) = found.names.home(&found.symbol, 0) else { return Vec::new() };
    let mut left = vec![home];
    let mut seen = BTreeSet::new();
    let mut links = Vec::new();
    while let Some(next) = left.pop() {
        if !seen.insert(next.clone()) {
            continue;
        }
        let Some((file, declaration)) = found.names.declarations(&next).next() else { continue };
        let goes_on = matches!(
            declaration.kind,
            Kind::Alias | Kind::Field | Kind::Case | Kind::Parameter | Kind::Function
        );
        match goes_on {
            true => left.extend(types(&found.names, file, declaration)),
            false => links.extend(found.to(&next)),
        }
    }
    links.sort_by(|a, b| (&a.target, a.target_span.start).cmp(&(&b.target, b.target_span.start)));
    links
}

/// The types that are mentioned in a declaration.
fn types(names: &Names, file: &File, declaration: &Declaration) -> Vec<Symbol> {
    let within = |span: &Range<usize>| {
        declaration.whole.start <= span.start && span.end <= declaration.whole.end
    };
    let mentions = file.index.mentions.iter();
    let types = mentions.filter(|it| matches!(it.target, Target::Type { .. }) && within(&it.span));
    types.filter_map(|it| names.home(&names.meaning(file, it)?, 0)).collect()
}

/// Where the thing at a byte is mentioned, its declarations included if so wished.
pub fn references(
    files: &Snapshot,
    path: &Path,
    offset: usize,
    with_declarations: bool,
) -> Vec<Location> {
    let mut all = match actors::meant(files, path, offset) {
        Some(meant) => meant.everywhere(),
        None => match find(files, path, offset) {
            Some(found) => everywhere(files, path, &found),
            None => return Vec::new(),
        },
    };
    all.retain(|location| with_declarations || !location.is_declaration);
    all
}

/// Where the thing at a byte is declared and mentioned in the same file.
pub fn highlights(files: &Snapshot, path: &Path, offset: usize) -> Vec<Location> {
    let mut all = references(files, path, offset, true);
    let path = super::vfs::normal(path);
    all.retain(|location| location.path == path);
    all
}

/// Every place of a symbol, in the order of files and texts.
pub(super) fn everywhere(files: &Snapshot, path: &Path, found: &Found) -> Vec<Location> {
    let Found { names, symbol: wanted, .. } = found;
    let mut all = Vec::new();
    for file in &names.files {
        let at = |span: &Range<usize>, is_declaration| Location {
            path: file.path.clone(),
            span: span.clone(),
            is_declaration,
        };
        let declared = file.index.declarations.iter();
        let declared = declared.filter(|it| symbol(file, it) == *wanted);
        all.extend(declared.map(|it| at(&it.name, true)));
        // Most names are others, which need not be resolved to tell that.
        let text = |target: &Target| match target {
            Target::Package(_) => wanted.path.is_empty(),
            _ => !wanted.path.is_empty(),
        };
        let mentioned = file.index.mentions.iter().filter(|it| text(&it.target));
        let mentioned = mentioned.filter(|it| names.meaning(file, it).as_ref() == Some(wanted));
        all.extend(mentioned.map(|it| at(&it.span, false)));
    }
    let manifest = root_of(files, path).and_then(|root| Some(root.parent()?.join(FILE_NAME)));
    if let Some(path) = manifest.filter(|path| files.is_file(path)) {
        let found = mentions(files, &path, names).into_iter().filter(|(_, it)| it == wanted);
        all.extend(found.map(|(span, _)| Location {
            path: path.clone(),
            span,
            is_declaration: false,
        }));
    }
    let place = |it: &Location| (it.path.clone(), it.span.start, it.span.end);
    all.sort_by_key(place);
    all.dedup();
    all
}

impl Found {
    /// The ways from here to the declarations of a symbol.
    fn to(&self, symbol: &Symbol) -> Vec<Link> {
        let link = |(file, declaration): (&File, &Declaration)| Link {
            span: self.span.clone(),
            target: file.path.clone(),
            target_span: declaration.name.clone(),
        };
        let mut links: Vec<Link> = self.names.declarations(symbol).map(link).collect();
        links.dedup();
        links
    }

    /// Whether the thing at the cursor is one of the package's own.
    pub fn is_own(&self) -> bool {
        let mut declared = self.names.declarations(&self.symbol).peekable();
        declared.peek().is_some() && declared.all(|(file, _)| file.origin == Origin::Own)
    }
}

#[cfg(test)]
mod tests;
