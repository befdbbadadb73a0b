//! Where compiled components and unpacked traces are kept, and what else is kept there.

use std::env;
use std::path::{Path, PathBuf};
use theater_runtime::cache::{Cache, DEFAULT_LIMIT};
use theater_runtime::diagnostic::Result;
use theater_runtime::trace::{self, RunDir, Unpacked};

/// Names the folder of the cache. Empty: nothing is kept.
const VARIABLE: &str = "THEATER_CACHE_DIR";

/// The cache of this user; one that keeps nothing if it is switched off.
pub fn open() -> Cache {
    folder().map_or_else(Cache::none, |folder| Cache::open(&components(&folder), DEFAULT_LIMIT))
}

/// The folder of all that Theater keeps, by the XDG base directory specification; none if it is
/// switched off, or if nobody knows where the user is at home.
pub fn folder() -> Option<PathBuf> {
    if let Some(folder) = env::var_os(VARIABLE) {
        return Some(PathBuf::from(folder)).filter(|folder| !folder.as_os_str().is_empty());
    }
    // A relative path is to be ignored, says the specification.
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    let home = || env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(usual));
    Some(named.or_else(home)?.join("theater"))
}

/// The folder of compiled components in it.
pub fn components(folder: &Path) -> PathBuf {
    folder.join("components")
}

/// The run in a folder or an archive. What a large archive holds is kept, so that it need not be unpacked each time.
///
/// # Errors
///
/// When there is none.
pub fn open_run(path: &Path) -> Result<RunDir> {
    match folder() {
        Some(folder) => traces(&folder).open(path),
        None => RunDir::open(path),
    }
}

/// The archives in it that were unpacked.
pub fn traces(folder: &Path) -> Unpacked {
    Unpacked::in_folder(&folder.join("traces"), trace::DEFAULT_LIMIT)
}

/// The folder in it of the WIT that Theater knows, for editors to open.
pub fn wit(folder: &Path) -> PathBuf {
    folder.join("wit")
}
