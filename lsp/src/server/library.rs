//! The WIT files that Theater knows, on disk: an editor opens only what is there.

use crate::engine::wit::library;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use theater_runtime::diagnostic::Code;

/// The folder where they are put, once somebody wants to see one; none if nothing may be kept.
#[derive(Debug, Clone, Default)]
pub struct Library {
    folder: Option<Arc<Path>>,
    /// The pages of codes that are there, beside the folder, or cannot be.
    pages: Arc<Mutex<BTreeMap<&'static str, Option<PathBuf>>>>,
}

impl Library {
    /// A library in a folder, which need not be there.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder: folder.map(Into::into), pages: Arc::default() }
    }

    /// Its folder.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The page of a code, as a file that an editor can open; none if nothing may be kept. There is no page in the
    /// web that would fit the version that runs.
    pub fn page(&self, code: &'static Code) -> Option<PathBuf> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.entry(code.id).or_insert_with(|| {
            let path = self.folder()?.with_file_name("codes").join(format!("{}.md", code.id));
            let text = format!("# {}: {}\n\n{}", code.id, code.title, code.page);
            put(&path, &text).ok().map(|()| path)
        });
        pages.get(code.id).cloned().flatten()
    }

    /// Whether an editor can open a path: one of the library is put there now. `home` is where the library lies for
    /// the engine.
    pub fn can_open(&self, home: &Path, path: &Path) -> bool {
        let Ok(name) = path.strip_prefix(home) else { return true };
        let Some((file, folder)) = library().get(name).zip(self.folder()) else { return false };
        put(&folder.join(name), file.text.as_str()).is_ok()
    }
}

/// Writes a file that nobody is meant to change, unless it is there as it should be.
fn put(path: &Path, text: &str) -> io::Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    // Another server may do the same at this moment: each writes a file of its own, which then takes the place.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = folder.join(format!(".{name}.{}", std::process::id()));
    let written = write(&new, text).and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        // What is left is in nobody's way.
        let _ = std::fs::remove_file(&new);
    }
    written
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn its_files_are_put_where_they_can_be_opened() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("deep/wit");
        let there = Library::new(Some(folder.clone()));
        let log = folder.join("theater-host/log.wit");
        for _ in 0..2 {
            assert!(there.can_open(&folder, &log));
            let text = std::fs::read_to_string(&log).unwrap();
            assert!(text.contains("interface log"), "{text}");
            assert!(std::fs::metadata(&log).unwrap().permissions().readonly());
        }
        assert_eq!(std::fs::read_dir(log.parent().unwrap()).unwrap().count(), 1);
        assert!(!there.can_open(&folder, &folder.join("theater-host/none.wit")));
        assert!(there.can_open(&folder, Path::new("/p/wit/world.wit")));
        let nowhere = Path::new("/<theater>");
        let nothing = Library::default();
        assert!(!nothing.can_open(nowhere, &nowhere.join("theater-host/log.wit")));
        assert!(nothing.can_open(nowhere, Path::new("/p/wit/world.wit")));
    }

    #[test]
    fn an_older_file_is_replaced() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().to_owned();
        let log = folder.join("theater-host/log.wit");
        std::fs::create_dir_all(log.parent().unwrap()).unwrap();
        write(&log, "older").unwrap();
        assert!(Library::new(Some(folder.clone())).can_open(&folder, &log));
        assert_ne!(std::fs::read_to_string(&log).unwrap(), "older");
    }
}
