//! What was computed from components, kept on disk from one start to the next: their compiled code, and
//! what they say about themselves.
//!
//! A [`Cache`] is a folder of sealed entries. An entry's name is the hash of everything that its content
//! depends on (its `Key`); behind its content stands a seal, a keyed BLAKE3 hash over key and content.
//! The secret lies in the folder, readable by its owner only.
//!
//! **What is trusted.** Compiled code is run as it is, outside of every sandbox, so only what this user's
//! Theater wrote on this machine may be loaded. The folder must belong to the user and be writable by
//! nobody else, and so must each entry. The seal finds all that goes wrong beside that: bits that flipped,
//! files that were cut, renamed, or brought in. The secret counts only in the very file in which it was
//! made: a folder that came from an archive, or from another machine, holds nothing that is loaded.
//! Whoever can write as the same user could as well change the program itself; against him nothing helps.
//!
//! **What goes wrong is a miss.** An entry that is not right is removed and made anew. A folder that
//! cannot be read or written, or that is full, means slower starts and nothing worse. Writers do not know
//! of each other: an entry is written under a name of its own, and takes its place in one step.

mod code;
mod folder;
mod key;
#[cfg(test)]
mod tests;

pub(crate) use key::{Key, Kind};

use crate::diagnostic::{CACHE_UNTRUSTED, Diagnostic};
use folder::{Folder, Unusable};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// How many bytes of entries a cache keeps, if nothing else is asked for.
pub const DEFAULT_LIMIT: u64 = 1 << 30;

/// Entries on disk, or nothing at all. Cloning it gives another hand on the same cache.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    folder: Option<Arc<Folder>>,
    limit: u64,
    untrusted: Option<String>,
}

/// How much lies in a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The number of entries.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Something that is kept, as far as making room is concerned.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    pub what: T,
    pub bytes: u64,
    /// When it was used last.
    pub used: SystemTime,
}

/// Removes what was not used for the longest time, until `incoming` more bytes fit into `limit`. `remove` says whether it
/// removed something. Answers with what was removed.
pub(crate) fn make_room<T>(
    mut kept: Vec<Kept<T>>,
    limit: u64,
    incoming: u64,
    mut remove: impl FnMut(&T) -> bool,
) -> Usage {
    kept.sort_by_key(|kept| kept.used);
    let mut bytes: u64 = kept.iter().map(|kept| kept.bytes).sum();
    let mut removed = Usage::default();
    for kept in kept {
        if bytes.saturating_add(incoming) <= limit {
            break;
        }
        if remove(&kept.what) {
            bytes -= kept.bytes;
            removed.entries += 1;
            removed.bytes += kept.bytes;
        }
    }
    removed
}

impl Cache {
    /// A cache that keeps nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// The cache in this folder, which is made if need be. It keeps at most `limit` bytes: what was not
    /// used for the longest time is removed. If the folder cannot be used, the cache keeps nothing.
    pub fn open(folder: &Path, limit: u64) -> Self {
        let (folder, untrusted) = match Folder::open(folder) {
            Ok(folder) => (Some(Arc::new(folder)), None),
            Err(Unusable::Untrusted(why)) => (None, Some(why)),
            Err(Unusable::Unavailable) => (None, None),
        };
        Self { folder, limit, untrusted }
    }

    /// A warning if the folder is there, but is not only this user's.
    pub fn problem(&self) -> Option<Diagnostic> {
        let why = self.untrusted.as_ref()?;
        let message = format!("the cache of compiled components is not used: {why}");
        Some(Diagnostic::warning(CACHE_UNTRUSTED, message).help(
            "Code from there would run outside the sandbox. Take the rights of others away with `chmod \
             go-w`, remove the folder, or name another one with THEATER_CACHE_DIR.",
        ))
    }

    /// How much lies in it.
    pub fn usage(&self) -> Usage {
        let entries = self.folder.as_ref().map(|folder| folder.entries()).unwrap_or_default();
        Usage { entries: entries.len() as u64, bytes: entries.iter().map(|entry| entry.len).sum() }
    }

    /// Removes all entries. Answers with how much that was.
    pub fn clean(&self) -> Usage {
        self.folder.as_ref().map(|folder| folder.make_room(0, 0)).unwrap_or_default()
    }

    /// The content of an entry.
    pub(crate) fn read(&self, key: &Key) -> Option<Vec<u8>> {
        let folder = self.folder.as_ref()?;
        let mut content = Vec::new();
        folder.verified(key, |bytes| content.extend_from_slice(bytes))?;
        Some(content)
    }

    /// Keeps an entry. If that fails, nothing is kept.
    pub(crate) fn write(&self, key: &Key, content: &[u8]) {
        let Some(folder) = &self.folder else { return };
        let len = folder::entry_len(content);
        if len > self.limit {
            return;
        }
        folder.make_room(self.limit, len);
        // A cache that cannot be written is no cache.
        let _ = folder.write(key, content);
    }
}
