//! The packages that Theater knows, as files that nobody can change.

use super::Index;
use crate::engine::text::Text;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use theater_runtime::catalog;

/// A file of the library.
#[derive(Debug)]
pub struct LibraryFile {
    /// What it says.
    pub text: Arc<Text>,
    /// Its names.
    pub index: Arc<Index>,
}

/// The files by their paths from the library's folder, such as `theater-host/log.wit`.
pub fn library() -> &'static BTreeMap<PathBuf, LibraryFile> {
    static FILES: OnceLock<BTreeMap<PathBuf, LibraryFile>> = OnceLock::new();
    FILES.get_or_init(|| {
        let file = |(path, text): &(&str, &str)| {
            let index = Arc::new(Index::of(text));
            (PathBuf::from(path), LibraryFile { text: Arc::new(Text::new(*text)), index })
        };
        catalog::WIT.iter().map(file).collect()
    })
}

/// The file of the library that a path means, if that is where the library lies.
pub fn in_library(folder: &Path, path: &Path) -> Option<&'static LibraryFile> {
    library().get(path.strip_prefix(folder).ok()?)
}
