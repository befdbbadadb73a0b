//! What a simulated disk holds when its machine loses power.

use super::World;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A place in the writing of the log at which a process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Nothing of a batch of records is written.
    BeforeWrite,
    /// Half of its bytes are.
    InWrite,
    /// They all are, but they are not on disk.
    BeforeSync,
    /// Nobody has been told so yet.
    BeforeReply,
}

impl Point {
    /// All of them, in the order in which a batch comes to them.
    pub const ALL: [Self; 4] =
        [Self::BeforeWrite, Self::InWrite, Self::BeforeSync, Self::BeforeReply];
}

/// How much of each segment is on disk, in bytes; what the operating system still holds comes behind.
#[derive(Debug, Default)]
pub(super) struct Disk(Mutex<BTreeMap<PathBuf, u64>>);

impl Disk {
    /// So much of a file is on disk.
    pub fn synced(&self, path: &Path, len: u64) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned(), len);
    }

    /// The machine loses power: of what is not on disk, some part at the end is lost.
    pub fn lose_power(&self, world: &World) -> io::Result<()> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, synced) in files.iter() {
            let written = fs::metadata(path)?.len();
            let kept = synced + world.below(written.saturating_sub(*synced) + 1);
            File::options().write(true).open(path)?.set_len(kept.min(written))?;
        }
        Ok(())
    }
}
