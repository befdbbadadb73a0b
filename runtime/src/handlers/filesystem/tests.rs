#![allow(clippy::unwrap_used)]

mod confinement;
mod operations;

use super::descriptor::Descriptor;
use super::error::Answer;
use super::folder::Folder;
use super::types::{DescriptorFlags, OpenFlags, PathFlags};
use super::{Limit, Token};
use crate::manifest::{Access, FolderGrant, Spanned};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// A folder that is granted, and beside it one that is not, with a canary.
struct Ground {
    all: TempDir,
}

/// What stands in the canary.
const CANARY: &[u8] = b"tweet";

impl Ground {
    fn new() -> Self {
        let all = tempfile::tempdir().unwrap();
        fs::create_dir_all(all.path().join("granted/sub")).unwrap();
        fs::create_dir(all.path().join("outside")).unwrap();
        fs::write(all.path().join("outside/canary"), CANARY).unwrap();
        fs::write(all.path().join("granted/file"), "hello").unwrap();
        fs::write(all.path().join("granted/sub/deep"), "deep").unwrap();
        Self { all }
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.all.path().join(below)
    }

    fn root(&self, access: Access) -> Descriptor {
        root(&self.path("granted"), access, u64::MAX)
    }

    /// Everything outside of the granted folder that a guest could have changed.
    fn outside(&self) -> (Vec<u8>, std::time::SystemTime, Vec<String>, Vec<String>) {
        let canary = self.path("outside/canary");
        let time = fs::metadata(&canary).unwrap().modified().unwrap();
        let names = |path: &Path| {
            let entries = fs::read_dir(path).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        (fs::read(canary).unwrap(), time, names(self.all.path()), names(&self.path("outside")))
    }
}

fn root(path: &Path, access: Access, max_size: u64) -> Descriptor {
    let spanned = |value: &str| Spanned { value: value.to_owned(), span: 0..0 };
    Descriptor::root(Arc::new(Folder::new(&FolderGrant {
        host: Spanned { value: path.canonicalize().unwrap(), span: 0..0 },
        guest: spanned("/"),
        access,
        max_size,
    })))
}

fn token() -> Token {
    Token::of(&Arc::new(Limit { max_open: 10 })).unwrap()
}

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;

/// Opens with links followed.
fn open(
    from: &Descriptor,
    path: &str,
    open: OpenFlags,
    flags: DescriptorFlags,
) -> Answer<Descriptor> {
    from.open_at(FOLLOW, path, open, flags, token())
}

fn read(from: &Descriptor, path: &str) -> Answer<Vec<u8>> {
    let file = open(from, path, OpenFlags::empty(), DescriptorFlags::READ)?;
    file.file(super::error::ErrorCode::IsDirectory)?.read(1 << 20, 0)
}

fn write(from: &Descriptor, path: &str, bytes: &[u8]) -> Answer<()> {
    let file = open(from, path, OpenFlags::CREATE, DescriptorFlags::WRITE)?;
    file.file(super::error::ErrorCode::IsDirectory)?.write_all(bytes, 0)
}

fn names(folder: &Descriptor) -> Answer<Vec<String>> {
    let mut listing = folder.list(token())?;
    let mut names = Vec::new();
    while let Some(entry) = listing.next()? {
        names.push(entry.name);
    }
    Ok(names)
}
