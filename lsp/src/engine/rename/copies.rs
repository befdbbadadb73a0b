//! The copies of a package: a project that uses another one's has its text in `wit/deps`. What gets another name there gets it
//! in all of them, or the two ends of a link would not fit any more.

use crate::engine::navigate::Found;
use crate::engine::vfs::Snapshot;
use crate::engine::wit::{Names, Origin, is_wit, root_of};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use theater_runtime::manifest::FILE_NAME;

/// A folder of WIT in which a name is known.
pub(super) struct Place {
    /// The folder.
    pub root: PathBuf,
    /// One of its files.
    pub path: PathBuf,
    /// The name, and all that is around it.
    pub found: Found,
}

/// Where a name has to change: in the folder where it was found, and in those of copies, first that of the package itself.
/// Nothing if the package belongs to nobody here, or if nobody knows to whom.
pub(super) fn places(files: &Snapshot, path: &Path, found: Found) -> Vec<Place> {
    let root = root_of(files, path).unwrap_or_default();
    let here = |found| vec![Place { root, path: path.to_owned(), found }];
    if found.is_own() && found.symbol.file.is_some() {
        return here(found);
    }
    let (own, copies) = known(files, &found);
    match (own.len(), found.is_own()) {
        (1, _) => own.into_iter().chain(copies).collect(),
        (_, true) => here(found),
        (_, false) => Vec::new(),
    }
}

/// The folders in which the package lies that declares a name, and those in which copies of it lie that have the name as well.
fn known(files: &Snapshot, found: &Found) -> (Vec<Place>, Vec<Place>) {
    let all = files.below(Path::new("")).into_iter();
    let is_text =
        |path: &PathBuf| is_wit(path) || path.file_name().is_some_and(|name| name == FILE_NAME);
    let rooted = all.filter(is_text).filter_map(|path| Some((root_of(files, &path)?, path)));
    let roots: BTreeMap<PathBuf, PathBuf> = rooted.collect();
    let (mut own, mut copies) = (Vec::new(), Vec::new());
    for (root, path) in roots {
        let names = Names::around(files, &path);
        let mut declared = names.declarations(&found.symbol);
        let Some((file, _)) = declared.next() else { continue };
        let list = match file.origin {
            Origin::Own => &mut own,
            Origin::Dependency => &mut copies,
            Origin::Library => continue,
        };
        drop(declared);
        let found = Found { names, span: found.span.clone(), symbol: found.symbol.clone() };
        list.push(Place { root, path, found });
    }
    (own, copies)
}
