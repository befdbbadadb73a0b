//! Where the files of a project come from: the disk, or an editor's texts over what is on it.
//!
//! Manifests, WIT and components are read through [`Files`], so that `theater check` and the language
//! server, which knows texts that are not saved yet, run the same checks.

use crate::diagnostic::{Diagnostic, Result};
use crate::manifest::{Checked, Manifest};
use crate::world::{Component, Wit};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Its length in bytes.
        length: u64,
    },
    /// A folder.
    Folder,
    /// A pipe, a device or a socket: reading it might never end.
    Other,
}

/// Files to read, by their paths.
pub trait Files {
    /// What a path leads to, after symbolic links.
    ///
    /// # Errors
    ///
    /// When nothing is there, or the system refuses to look.
    fn kind(&self, path: &Path) -> io::Result<Kind>;

    /// The first bytes of a file, at most as many as `most`.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>>;

    /// The paths of all that is in a folder, in the order of their names.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// A manifest, or that of a folder, read. Who keeps files in memory need not read one again that has not changed.
    fn manifest(&self, path: &Path) -> Checked {
        Manifest::read_from(self, path)
    }

    /// A `wit/` folder, read and resolved. Who keeps files in memory need not do it again when none has changed.
    ///
    /// # Errors
    ///
    /// Every problem that keeps the WIT from being resolved.
    fn wit(&self, folder: &Path) -> std::result::Result<Wit, Vec<Diagnostic>> {
        Wit::read_from(self, folder)
    }

    /// A component, read. Who keeps files in memory need not read one again that has not changed.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or is too large, text that is not WebAssembly text.
    fn component(&self, path: &Path) -> Result<Arc<Component>> {
        Component::load(self, path).map(Arc::new)
    }

    /// When a file was changed last, as far as that is known. A text that is not saved has no such time.
    fn modified(&self, _path: &Path) -> Option<SystemTime> {
        None
    }

    /// Whether a path leads to a folder.
    fn is_folder(&self, path: &Path) -> bool {
        self.kind(path).is_ok_and(|kind| kind == Kind::Folder)
    }

    /// Whether something is at a path.
    fn exists(&self, path: &Path) -> bool {
        self.kind(path).is_ok()
    }
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn kind(&self, path: &Path) -> io::Result<Kind> {
        let found = std::fs::metadata(path)?;
        Ok(match () {
            () if found.is_dir() => Kind::Folder,
            () if found.is_file() => Kind::File { length: found.len() },
            () => Kind::Other,
        })
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn modified(&self, path: &Path) -> Option<SystemTime> {
        std::fs::metadata(path).ok()?.modified().ok()
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder)?;
        let mut paths =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    }
}
