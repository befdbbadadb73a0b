//! Reads from disk what the engine is to know. Nobody tells when files change in every editor, so
//! it looks again from time to time; what has the same length, time and number as before is not
//! read again.

use crate::engine::wit::is_wit;
use crate::engine::{Listed, OnDisk, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirEntry, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use theater_runtime::diagnostic::reason;
use theater_runtime::manifest::{FILE_NAME, LARGEST_MANIFEST};
use theater_runtime::world::{MAX_COMPONENT_BYTES, MAX_WIT_BYTES};

/// How deep below a workspace's folder projects are looked for.
const DEEPEST: usize = 8;

/// How many folders are looked into for projects.
const MOST_FOLDERS: usize = 20_000;

/// How much of a folder is listed for somebody who types a path.
const MOST_LISTED: usize = 2_000;

/// What is known about the disk: each path that was found, and by what a change of it shows.
#[derive(Debug, Default)]
pub struct Disk {
    /// Without a signature: it cannot be looked at.
    seen: BTreeMap<PathBuf, Option<Signature>>,
}

/// What differs when a file has been written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    is_folder: bool,
    length: u64,
    modified: Option<SystemTime>,
    number: u64,
}

/// What is different on disk: a path, and what is there now.
pub type Found = Vec<(PathBuf, Option<OnDisk>)>;

impl Disk {
    /// Looks at the files of a unit. `component` is where its component should be.
    pub fn look_at(&mut self, unit: &Unit, component: Option<&Path>) -> Found {
        let mut found = Vec::new();
        let mut there = BTreeSet::new();
        match unit {
            Unit::Project(folder) => {
                self.file(&folder.join(FILE_NAME), LARGEST_MANIFEST, &mut found, &mut there);
                self.wit(&folder.join("wit"), &mut found, &mut there);
                if let Some(component) = component {
                    self.file(component, MAX_COMPONENT_BYTES as u64, &mut found, &mut there);
                }
                self.gone(&folder.join("wit"), &there, &mut found);
            }
            Unit::Package(folder) => {
                self.wit(folder, &mut found, &mut there);
                let gone = |path: &Path| path.parent() == Some(folder);
                self.forget(|path| gone(path) && is_wit(path) && !there.contains(path), &mut found);
                self.gone(&folder.join("deps"), &there, &mut found);
            }
        }
        found
    }

    /// Looks at what a project is built of: when it was changed matters, and not what is in it. `before` is what it was
    /// built of when it was looked at last.
    pub fn look_at_sources(&mut self, sources: &[PathBuf], before: &[PathBuf]) -> Found {
        let mut found = Vec::new();
        // WIT is read with the project.
        for path in sources.iter().chain(before).filter(|path| !is_wit(path)) {
            self.file(path, 0, &mut found, &mut BTreeSet::new());
        }
        found
    }

    /// When a file was changed, of those that were looked at.
    pub fn modified(&self, path: &Path) -> Option<SystemTime> {
        self.seen.get(path)?.as_ref()?.modified
    }

    /// Looks for the manifests of projects around a file.
    pub fn look_around(&mut self, file: &Path) -> Found {
        let mut found = Vec::new();
        for folder in file.ancestors().skip(1) {
            let manifest = folder.join(FILE_NAME);
            if self.seen.contains_key(&manifest) || manifest.exists() {
                self.file(&manifest, LARGEST_MANIFEST, &mut found, &mut BTreeSet::new());
            }
        }
        found
    }

    /// Looks for projects below a folder.
    pub fn look_below(&mut self, root: &Path) -> Found {
        let mut found = Vec::new();
        let mut folders = vec![(root.to_owned(), 0)];
        let mut left = MOST_FOLDERS;
        while let Some((folder, depth)) = folders.pop() {
            let manifest = folder.join(FILE_NAME);
            if manifest.exists() || self.seen.contains_key(&manifest) {
                self.file(&manifest, LARGEST_MANIFEST, &mut found, &mut BTreeSet::new());
            }
            if depth == DEEPEST || left == 0 {
                continue;
            }
            left -= 1;
            folders.extend(folders_in(&folder).into_iter().map(|folder| (folder, depth + 1)));
        }
        found
    }

    /// Forgets what belongs to nothing any more: `wanted` says what does.
    pub fn forget_unless(&mut self, wanted: impl Fn(&Path) -> bool) -> Found {
        let mut found = Vec::new();
        self.forget(|path| !wanted(path), &mut found);
        found
    }

    /// A `wit` folder: its files, and those of `deps`.
    fn wit(&mut self, folder: &Path, found: &mut Found, there: &mut BTreeSet<PathBuf>) {
        let deps = folder.join("deps");
        self.texts(folder, found, there);
        self.texts(&deps, found, there);
        for package in folders_in(&deps) {
            self.texts(&package, found, there);
        }
    }

    /// The files of one folder that may matter, and the folder itself.
    fn texts(&mut self, folder: &Path, found: &mut Found, there: &mut BTreeSet<PathBuf>) {
        self.file(folder, 0, found, there);
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if is_wit(&path) {
                self.file(&path, MAX_WIT_BYTES, found, there);
            } else if path.extension().is_some_and(|found| found == "wasm" || found == "wat") {
                // Its name is enough for a complaint.
                self.file(&path, 0, found, there);
            }
        }
    }

    /// One file or folder. More than `most` bytes are not read.
    fn file(&mut self, path: &Path, most: u64, found: &mut Found, there: &mut BTreeSet<PathBuf>) {
        let meta = match std::fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if self.seen.remove(path).is_some() {
                    found.push((path.to_owned(), None));
                }
                return;
            }
            Err(error) => {
                there.insert(path.to_owned());
                if self.seen.insert(path.to_owned(), None) != Some(None) {
                    let failed = OnDisk::Failed(error.kind(), reason(&error));
                    found.push((path.to_owned(), Some(failed)));
                }
                return;
            }
        };
        there.insert(path.to_owned());
        let signature = Some(Signature::of(&meta));
        if self.seen.get(path) == Some(&signature) {
            return;
        }
        self.seen.insert(path.to_owned(), signature);
        found.push((path.to_owned(), Some(read(path, &meta, most))));
    }

    /// What was in a folder and is not any more.
    fn gone(&mut self, folder: &Path, there: &BTreeSet<PathBuf>, found: &mut Found) {
        self.forget(|path| path.starts_with(folder) && !there.contains(path), found);
    }

    fn forget(&mut self, gone: impl Fn(&Path) -> bool, found: &mut Found) {
        self.seen.retain(|path, _| {
            let gone = gone(path);
            if gone {
                found.push((path.clone(), None));
            }
            !gone
        });
    }
}

impl Signature {
    fn of(meta: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(meta);
        #[cfg(not(unix))]
        let number = 0;
        Self {
            is_folder: meta.is_dir(),
            length: meta.len(),
            modified: meta.modified().ok(),
            number,
        }
    }
}

/// What is in a folder, in the order of the names: of a large one, some of it. Nothing if it cannot be read.
pub fn listing(folder: &Path) -> Vec<Listed> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_LISTED);
    let one = |entry: DirEntry| {
        let is_folder = match entry.file_type() {
            Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
            kind => kind.is_ok_and(|kind| kind.is_dir()),
        };
        Some(Listed { name: entry.file_name().into_string().ok()?, is_folder })
    };
    let mut listed: Vec<Listed> = entries.filter_map(one).collect();
    listed.sort();
    listed
}

fn read(path: &Path, meta: &Metadata, most: u64) -> OnDisk {
    match () {
        () if meta.is_dir() => OnDisk::Folder,
        () if !meta.is_file() => OnDisk::Other,
        () if meta.len() > most => OnDisk::Unread(meta.len()),
        () => match std::fs::read(path) {
            Ok(bytes) => OnDisk::File(bytes),
            Err(error) => OnDisk::Failed(error.kind(), reason(&error)),
        },
    }
}

/// The folders in a folder in which projects may be: no hidden ones, none that tools fill, and no
/// links, which could lead in circles.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let tools = ["target", "node_modules"];
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let wanted = folders.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        !name.starts_with('.') && !tools.contains(&&*name)
    });
    wanted.map(|entry| entry.path()).collect()
}
