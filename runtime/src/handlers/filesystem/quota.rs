//! How much a folder may hold.
//!
//! What a folder holds is measured when an actor first writes to it, and counted from then on. Others
//! may remove files meanwhile, so before anything is refused the folder is measured again, at most
//! once a second. It is one count for all actors of the process that write to the folder.

use super::error::{Answer, ErrorCode};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What a file or folder costs beside its contents, in bytes. It bounds their number, and with it the
/// time that measuring takes.
pub const ENTRY: u64 = 4096;

/// How long a measure counts before it may be repeated.
const FRESH: Duration = Duration::from_secs(1);

/// The folders that are written to, by path.
static FOLDERS: LazyLock<Mutex<HashMap<PathBuf, Arc<Usage>>>> = LazyLock::new(Mutex::default);

/// What one folder holds.
#[derive(Debug)]
pub struct Usage {
    path: PathBuf,
    counted: Mutex<Option<Counted>>,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    bytes: u64,
    measured: Instant,
}

impl Usage {
    /// That of the folder at an absolute path.
    pub fn of(path: &Path) -> Arc<Self> {
        let mut folders = FOLDERS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let usage = folders
            .entry(path.to_owned())
            .or_insert_with(|| Arc::new(Self { path: path.to_owned(), counted: Mutex::new(None) }));
        usage.clone()
    }

    /// Takes room for so many bytes more.
    ///
    /// # Errors
    ///
    /// `quota` when the folder would hold more than `max`.
    pub fn take(&self, bytes: u64, max: u64) -> Answer<()> {
        if bytes == 0 {
            return Ok(());
        }
        let mut counted = self.lock();
        let fits = |count: &Counted| count.bytes.saturating_add(bytes) <= max;
        let mut count = match *counted {
            Some(count) if fits(&count) || count.measured.elapsed() < FRESH => count,
            _ => Counted { bytes: measure(&self.path, max), measured: Instant::now() },
        };
        let fits = fits(&count);
        if fits {
            count.bytes += bytes;
        }
        *counted = Some(count);
        if fits { Ok(()) } else { Err(ErrorCode::Quota) }
    }

    /// Gives room back.
    pub fn give(&self, bytes: u64) {
        if let Some(count) = self.lock().as_mut() {
            count.bytes = count.bytes.saturating_sub(bytes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Counted>> {
        self.counted.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What a folder holds: the sizes of its files and folders, each with [`ENTRY`]. Stops counting above
/// `enough`. What cannot be read counts as empty; links are not followed.
fn measure(folder: &Path, enough: u64) -> u64 {
    let mut sum = 0_u64;
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let size = if metadata.is_dir() { 0 } else { metadata.len() };
            sum = sum.saturating_add(size).saturating_add(ENTRY);
            if sum > enough {
                return sum;
            }
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_there_counts() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), [0; 1000]).unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/c"), [0; 500]).unwrap();
        assert_eq!(measure(folder.path(), u64::MAX), 1500 + 3 * ENTRY);
        let max = 2000 + 3 * ENTRY;
        let usage = Usage::of(folder.path());
        usage.take(400, max).unwrap();
        assert_eq!(usage.take(101, max), Err(ErrorCode::Quota));
        usage.take(100, max).unwrap();
        usage.give(50);
        assert_eq!(usage.take(51, max), Err(ErrorCode::Quota));
        Usage::of(folder.path()).take(50, max).unwrap();
        assert_eq!(usage.take(u64::MAX, max), Err(ErrorCode::Quota));
    }

    #[test]
    fn what_somebody_else_removed_no_longer_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, [0; 1000]).unwrap();
        let usage = Usage::of(folder.path());
        let max = 1000 + ENTRY;
        assert_eq!(usage.take(1, max), Err(ErrorCode::Quota));
        fs::remove_file(file).unwrap();
        if let Some(count) = usage.lock().as_mut() {
            count.measured = count.measured.checked_sub(FRESH).unwrap();
        }
        usage.take(max, max).unwrap();
    }
}
