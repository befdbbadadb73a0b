//! What a folder holds.

use super::Token;
use super::error::{Answer, ErrorCode};
use super::metadata;
use super::types::DirectoryEntry;
use cap_primitives::fs::{DirEntry, read_base_dir};
use std::ffi::OsString;
use std::fs::File;
use std::vec::IntoIter;

/// How many entries of a listing count as one open object: all of them are kept.
const ENTRIES: usize = 1000;

/// The entries of a folder as they were when it was listed, in the order of their names: the
/// system's own order means nothing and changes.
#[derive(Debug)]
pub struct Listing {
    entries: IntoIter<Answer<DirectoryEntry>>,
    /// Counts it among the open ones.
    _token: Token,
}

impl Listing {
    /// Reads all entries of an open folder.
    pub(super) fn read(folder: &File, mut token: Token) -> Answer<Self> {
        let mut entries: Vec<(OsString, Answer<DirectoryEntry>)> = Vec::new();
        for entry in read_base_dir(folder)? {
            if entries.len() % ENTRIES == ENTRIES - 1 && !token.grow() {
                return Err(ErrorCode::InsufficientMemory);
            }
            let entry = entry?;
            let name = entry.file_name();
            // It may be gone by now.
            match read(&entry) {
                Err(ErrorCode::NoEntry) => {}
                read => entries.push((name, read)),
            }
        }
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let entries: Vec<_> = entries.into_iter().map(|(_, entry)| entry).collect();
        Ok(Self { entries: entries.into_iter(), _token: token })
    }

    /// The next entry.
    pub fn next(&mut self) -> Answer<Option<DirectoryEntry>> {
        self.entries.next().transpose()
    }
}

fn read(entry: &DirEntry) -> Answer<DirectoryEntry> {
    let kind = metadata::kind(entry.file_type()?);
    let name = entry.file_name().into_string().map_err(|_| ErrorCode::IllegalByteSequence)?;
    Ok(DirectoryEntry { kind, name })
}
