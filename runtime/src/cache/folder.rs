//! The folder of a cache, held open: every file in it is reached through this one handle, so that nobody
//! can put another folder in its place after it was looked at.

use super::{Kept, Key, Kind, Usage};
use rand::Rng;
use rustix::fs::{self as sys, AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The bytes of the seal behind each content.
const SEAL: usize = 32;

/// The file with the secret.
const SECRET: &str = "secret";

/// How unfinished entries end.
const UNFINISHED: &str = ".new";

/// An unfinished entry of this age was left by a process that died.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// An entry that was used this long ago is marked as used again.
const FRESH: Duration = Duration::from_secs(60);

/// How much is read at a time.
const CHUNK: usize = 1 << 20;

/// A folder that may be used.
#[derive(Debug)]
pub(super) struct Folder {
    handle: OwnedFd,
    secret: [u8; 32],
}

/// Why a folder may not.
#[derive(Debug)]
pub(super) enum Unusable {
    /// Others could have put something there. The words say how.
    Untrusted(String),
    /// It is not there and cannot be made, or cannot be written.
    Unavailable,
}

/// An entry, as a list of the folder shows it.
#[derive(Debug)]
pub(super) struct Listed {
    name: String,
    /// Its bytes.
    pub(super) len: u64,
    used: SystemTime,
}

impl From<io::Error> for Unusable {
    fn from(_: io::Error) -> Self {
        Self::Unavailable
    }
}

impl From<rustix::io::Errno> for Unusable {
    fn from(_: rustix::io::Errno) -> Self {
        Self::Unavailable
    }
}

/// How many bytes an entry with this content has.
pub(super) fn entry_len(content: &[u8]) -> u64 {
    (content.len() + SEAL) as u64
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, Unusable> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = sys::openat(CWD, path, flags, Mode::empty())?;
        let stat = sys::fstat(&handle)?;
        let untrusted = |why: &str| Err(Unusable::Untrusted(format!("{} {why}", path.display())));
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return untrusted("belongs to another user");
        }
        if stat.st_mode & 0o022 != 0 {
            return untrusted("can be written by other users");
        }
        let secret = match read_secret(&handle) {
            Some(secret) => secret,
            None => make_secret(&handle)?,
        };
        Ok(Self { handle, secret })
    }

    /// Shows the content of an entry to `visit`, piece by piece, and answers with its file if the seal is
    /// right; only then may what was seen be used. An entry that is not right is removed.
    pub(super) fn verified(&self, key: &Key, visit: impl FnMut(&[u8])) -> Option<File> {
        let name = key.file_name();
        let mut file = match open_ours(&self.handle, &name) {
            Ok(file) => file,
            Err(rustix::io::Errno::NOENT) => return None,
            Err(_) => return self.remove(&name),
        };
        match check(&mut file, key, &self.secret, visit) {
            Ok(true) => {
                mark_used(&file);
                Some(file)
            }
            _ => self.remove(&name),
        }
    }

    /// Removes a file, if that is possible. Answers with nothing, for the caller's sake.
    fn remove<T>(&self, name: &str) -> Option<T> {
        // What cannot be removed is refused again the next time.
        let _ = sys::unlinkat(&self.handle, name, AtFlags::empty());
        None
    }

    /// Removes an entry that turned out to be of no use.
    pub(super) fn forget(&self, key: &Key) {
        self.remove::<()>(&key.file_name());
    }

    /// Writes an entry and gives it its name. It is not synced: the seal finds what a crash left.
    pub(super) fn write(&self, key: &Key, content: &[u8]) -> io::Result<()> {
        let seal = key.seal(&self.secret).update(content).finalize();
        let name = key.file_name();
        let unfinished = temporary(&name);
        let written = create(&self.handle, &unfinished).and_then(|mut file| {
            file.write_all(content)?;
            file.write_all(seal.as_bytes())?;
            Ok(sys::renameat(&self.handle, &unfinished, &self.handle, &name)?)
        });
        if written.is_err() {
            self.remove::<()>(&unfinished);
        }
        written
    }

    /// The entries.
    pub(super) fn entries(&self) -> Vec<Listed> {
        self.files().into_iter().filter(|file| !file.name.ends_with(UNFINISHED)).collect()
    }

    /// Removes what was not used for the longest time, until `incoming` more bytes fit into `limit`, and
    /// what dead processes left. Answers with the entries that were removed.
    pub(super) fn make_room(&self, limit: u64, incoming: u64) -> Usage {
        let (entries, others): (Vec<_>, Vec<_>) =
            self.files().into_iter().partition(|file| !file.name.ends_with(UNFINISHED));
        for file in others {
            if file.used.elapsed().is_ok_and(|age| age > ABANDONED) {
                self.remove::<()>(&file.name);
            }
        }
        let kept = entries.into_iter();
        let kept = kept.map(|it| Kept { what: it.name, bytes: it.len, used: it.used }).collect();
        super::make_room(kept, limit, incoming, |name| {
            self.remove::<()>(name);
            true
        })
    }

    /// The files that are entries, or were to become some.
    fn files(&self) -> Vec<Listed> {
        let Ok(entries) = Dir::read_from(&self.handle) else { return Vec::new() };
        let listed = |entry: rustix::io::Result<sys::DirEntry>| {
            let name = entry.ok()?.file_name().to_str().ok()?.to_owned();
            let entry = Kind::ALL.iter().any(|kind| name.ends_with(kind.extension()));
            let ours = entry || name.ends_with(UNFINISHED);
            let stat = sys::statat(&self.handle, &*name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            let seconds = u64::try_from(stat.st_mtime).unwrap_or_default();
            let nanos = u32::try_from(stat.st_mtime_nsec).unwrap_or_default();
            let used = UNIX_EPOCH + Duration::new(seconds, nanos.min(999_999_999));
            let len = u64::try_from(stat.st_size).unwrap_or_default();
            ours.then_some(Listed { name, len, used })
        };
        entries.filter_map(listed).collect()
    }
}

/// Reads an entry to its end and compares its seal.
fn check(
    file: &mut File,
    key: &Key,
    secret: &[u8; 32],
    mut visit: impl FnMut(&[u8]),
) -> io::Result<bool> {
    let len = file.metadata()?.len();
    let Some(content) = len.checked_sub(SEAL as u64) else { return Ok(false) };
    let mut seal = key.seal(secret);
    let mut chunk = vec![0; CHUNK.min(usize::try_from(content).unwrap_or(CHUNK)).max(SEAL)];
    let mut left = content;
    while left > 0 {
        let wanted = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.read_exact(&mut chunk[..wanted])?;
        seal.update(&chunk[..wanted]);
        visit(&chunk[..wanted]);
        left -= wanted as u64;
    }
    let mut found = [0; SEAL];
    file.read_exact(&mut found)?;
    // Compared in constant time.
    Ok(seal.finalize() == blake3::Hash::from_bytes(found))
}

/// Opens a file for reading that only its owner, this user, can write. Links are not followed, and
/// nothing is waited for, such as the other end of a pipe.
fn open_ours(folder: &OwnedFd, name: &str) -> rustix::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = sys::openat(folder, name, flags, Mode::empty())?;
    match is_ours(&sys::fstat(&file)?) {
        true => Ok(file.into()),
        false => Err(rustix::io::Errno::PERM),
    }
}

fn is_ours(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
        && stat.st_uid == rustix::process::geteuid().as_raw()
        && stat.st_mode & 0o022 == 0
}

fn create(folder: &OwnedFd, name: &str) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    Ok(sys::openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// A name that no other writer has.
fn temporary(name: &str) -> String {
    format!("{name}.{:016x}{UNFINISHED}", rand::rng().random::<u64>())
}

/// Notes that an entry was used. Who cannot note it loses nothing but the order.
fn mark_used(file: &File) {
    let modified = file.metadata().and_then(|meta| meta.modified());
    if modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > FRESH)) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// The secret of the folder; none if there is none, or if others could know it.
fn read_secret(folder: &OwnedFd) -> Option<[u8; 32]> {
    let mut file = open_ours(folder, SECRET).ok()?;
    let meta = file.metadata().ok()?;
    let mut secret = [0; 32];
    if meta.len() != secret.len() as u64 || meta.mode() & 0o077 != 0 {
        return None;
    }
    file.read_exact(&mut secret).ok()?;
    Some(bound(&secret, &meta))
}

/// The secret as it is used: bound to the file in which it was made. A copy of the file has another
/// number and another time of birth.
fn bound(secret: &[u8; 32], meta: &std::fs::Metadata) -> [u8; 32] {
    let born = meta.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(&meta.ino().to_le_bytes());
    hasher.update(&born.unwrap_or_default().as_nanos().to_le_bytes());
    hasher.finalize().into()
}

/// Makes a secret. Of several processes that do so at once, all get the one that came to stay.
fn make_secret(folder: &OwnedFd) -> Result<[u8; 32], Unusable> {
    let unfinished = temporary(SECRET);
    let mut file = create(folder, &unfinished)?;
    let link = || sys::linkat(folder, &unfinished, folder, SECRET, AtFlags::empty());
    let linked = file.write_all(&rand::rng().random::<[u8; 32]>()).map(|()| match link() {
        // Another process was faster; else what is there is not right, and no secret.
        Err(_) if read_secret(folder).is_none() => {
            let _ = sys::unlinkat(folder, SECRET, AtFlags::empty());
            let _ = link();
        }
        _ => {}
    });
    // It has its name now, or will never get one.
    let _ = sys::unlinkat(folder, &unfinished, AtFlags::empty());
    linked?;
    read_secret(folder).ok_or(Unusable::Unavailable)
}
