//! `wit` folders as they were resolved last: most checks of an application need all of them, and most have not changed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use theater_runtime::diagnostic::Diagnostic;
use theater_runtime::world::Wit;

/// How many folders are kept. More of them are resolved again when they are needed.
const MOST: usize = 512;

/// What resolving a folder gave.
type Outcome = Result<Wit, Vec<Diagnostic>>;

/// The folders, each with the fingerprint of the files in which it was found.
#[derive(Default)]
pub struct Resolved {
    folders: Mutex<HashMap<PathBuf, (u64, Outcome)>>,
}

impl Resolved {
    /// What is known of a folder whose files have this fingerprint.
    pub fn get(&self, folder: &Path, fingerprint: u64) -> Option<Outcome> {
        let folders = self.lock();
        let (known, outcome) = folders.get(folder)?;
        (*known == fingerprint).then(|| outcome.clone())
    }

    /// Keeps what a folder was resolved to.
    pub fn keep(&self, folder: PathBuf, fingerprint: u64, outcome: Outcome) {
        let mut folders = self.lock();
        if folders.len() >= MOST && !folders.contains_key(&folder) {
            folders.clear();
        }
        folders.insert(folder, (fingerprint, outcome));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, (u64, Outcome)>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Resolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolved").field("folders", &self.lock().len()).finish()
    }
}
