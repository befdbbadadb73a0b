//! Archives that were unpacked, kept on disk from one opening to the next, with the indices that came to be beside them.
//!
//! In the folder each has a folder of its own, whose name is the hash (BLAKE3) of all its bytes: a file that was changed is
//! another one. In it are the run, and the file `used`, which names the run and its length, says by its time when it was used
//! last, and is locked by those who use it.
//!
//! What is kept is what unpacking would make, so it is trusted no more than an archive. It has its name when it is on
//! disk as a whole. What goes wrong costs time and nothing else: then the archive is unpacked into a temporary folder. The
//! folder is used only if it is this user's own and nobody else can write it: traces hold what actors were told.

use super::run::below;
use super::{RunDir, archive};
use crate::cache::{self, Kept, Usage};
use crate::diagnostic::Result;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// How many bytes are kept of unpacked archives, if nothing else is asked for.
pub const DEFAULT_LIMIT: u64 = 2 << 30;

/// Smaller archives are unpacked as quickly.
const WORTH_KEEPING: u64 = 1 << 20;

/// How the folders of unfinished ones begin.
const UNFINISHED: &str = ".new-";

/// An unfinished one of this age was left by a process that died.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Changed whenever unpacking makes something else.
const FORMAT: &[u8] = concat!("theater-unpacked-1 ", env!("CARGO_PKG_VERSION")).as_bytes();

/// A folder in which unpacked archives are kept.
#[derive(Debug, Clone)]
pub struct Unpacked {
    folder: PathBuf,
    limit: u64,
    worth_keeping: u64,
}

impl Unpacked {
    /// The archives that are kept in this folder, which is made if need be: at most `limit` bytes. What was not used
    /// for the longest time is removed.
    pub fn in_folder(folder: &Path, limit: u64) -> Self {
        Self { folder: folder.to_owned(), limit, worth_keeping: WORTH_KEEPING }
    }

    /// The same, for archives of so many bytes or more.
    #[must_use]
    pub fn at_least(self, bytes: u64) -> Self {
        Self { worth_keeping: bytes, ..self }
    }

    /// Opens a run as [`RunDir::open`] does; what an archive holds is kept for the next time.
    ///
    /// # Errors
    ///
    /// When the folder is not a run's, or the file cannot be unpacked.
    pub fn open(&self, path: &Path) -> Result<RunDir> {
        // What goes wrong here goes wrong again there, and is told, or does not matter.
        match self.kept_or_unpacked(path) {
            Ok(Some(run)) => Ok(run),
            _ => RunDir::open(path),
        }
    }

    /// How much is kept.
    pub fn usage(&self) -> Usage {
        let entries = self.entries();
        Usage { entries: entries.len() as u64, bytes: entries.iter().map(|it| it.bytes).sum() }
    }

    /// Removes all that nobody uses. Answers with how much that was.
    pub fn clean(&self) -> Usage {
        self.make_room(0, 0)
    }

    /// None if it is not to be kept, or cannot be.
    fn kept_or_unpacked(&self, path: &Path) -> io::Result<Option<RunDir>> {
        let metadata = fs::metadata(path)?;
        if !metadata.is_file() || metadata.len() < self.worth_keeping || self.limit == 0 {
            return Ok(None);
        }
        make_own_folder(&self.folder)?;
        let mut file = File::open(path)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(FORMAT).update_reader(&mut file)?;
        let key = hasher.finalize();
        let folder = self.folder.join(&*key.to_hex());
        if let Some(run) = use_kept(&folder) {
            return Ok(Some(run));
        }
        file.rewind()?;
        let Some(unpacked) = self.unpack(file, metadata.len(), &key)? else { return Ok(None) };
        self.make_room(self.limit, below(unpacked.path()));
        // What is there was of no use.
        let _ = self.remove(&folder);
        // If somebody else was faster, there is one.
        if fs::rename(unpacked.path(), &folder).is_ok() {
            let _ = unpacked.keep();
        }
        Ok(use_kept(&folder))
    }

    /// Unpacks an archive into a new folder. None if it is not the one with this key any more, or too large.
    fn unpack(&self, mut file: File, size: u64, key: &blake3::Hash) -> io::Result<Option<TempDir>> {
        let folder = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&self.folder)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(FORMAT);
        let hashed = Hashed { file: &mut file, hasher: &mut hasher };
        let run = archive::unpack(hashed, size, folder.path()).map_err(io::Error::other)?;
        hasher.update_reader(&mut file)?;
        let bytes = below(run.path());
        if hasher.finalize() != *key || bytes > self.limit {
            return Ok(None);
        }
        fs::write(folder.path().join("used"), format!("{} {bytes}\n", run.id()))?;
        sync(folder.path())?;
        Ok(Some(folder))
    }

    fn entries(&self) -> Vec<Kept<PathBuf>> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let entry = |entry: fs::DirEntry| {
            let path = entry.path();
            let used = fs::metadata(path.join("used")).and_then(|it| it.modified());
            let used = used.unwrap_or(SystemTime::UNIX_EPOCH);
            let is_finished = !entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            is_finished.then(|| Kept { bytes: below(&path), what: path, used })
        };
        entries.filter_map(entry).collect()
    }

    /// Removes what was not used for the longest time and is not in use, until `incoming` more bytes fit into `limit`,
    /// and what dead processes left. Answers with what was removed.
    fn make_room(&self, limit: u64, incoming: u64) -> Usage {
        self.remove_abandoned();
        cache::make_room(self.entries(), limit, incoming, |path| self.remove(path).is_ok())
    }

    /// Removes one that nobody uses.
    fn remove(&self, path: &Path) -> io::Result<()> {
        let used = File::open(path.join("used"));
        used.as_ref().map_or(Ok(()), File::try_lock)?;
        // From here on nobody finds it. If it cannot be removed as a whole, it is abandoned.
        let gone = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&self.folder)?;
        fs::rename(path, gone.path().join("gone"))?;
        gone.close()
    }

    fn remove_abandoned(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let is_unfinished = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            let age = entry.metadata().and_then(|it| it.modified()).map(|time| time.elapsed());
            if is_unfinished && matches!(age, Ok(Ok(age)) if age > ABANDONED) {
                // What cannot be removed is tried again the next time.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// The run that is kept in a folder, as long as it is used. None if there is none, or if some of it is missing.
fn use_kept(folder: &Path) -> Option<RunDir> {
    let mut used = File::open(folder.join("used")).ok()?;
    used.try_lock_shared().ok()?;
    let mut text = String::new();
    used.by_ref().take(256).read_to_string(&mut text).ok()?;
    let (id, bytes) = text.trim_end().split_once(' ')?;
    let path = folder.join(Path::new(id).file_name()?);
    // Before it was locked, it may have been removed.
    let run = if path.is_dir() { RunDir::open(&path).ok()? } else { return None };
    let index = below(&path.join("index"));
    if run.size().checked_sub(index)? != bytes.parse::<u64>().ok()? {
        return None;
    }
    // Who cannot note it loses nothing but the order.
    let _ = used.set_modified(SystemTime::now());
    Some(run.while_used(used, tempfile::tempdir().ok()?))
}

/// Makes a folder that only this user can look into.
///
/// # Errors
///
/// When it is another user's, or others can write it.
#[cfg(unix)]
fn make_own_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let found = fs::metadata(path)?;
    match found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0 {
        true => Ok(()),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

#[cfg(not(unix))]
fn make_own_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// Has all files below a folder be on disk.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => sync(&path)?,
            false => File::open(&path)?.sync_all()?,
        }
    }
    File::open(folder)?.sync_all()
}

/// A file whose bytes are hashed while they are read.
struct Hashed<'f> {
    file: &'f mut File,
    hasher: &'f mut blake3::Hasher,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}
