use super::Hash;
use super::reader::length_of_file;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Large things that records refer to by their hash: components, manifests, configurations.
#[derive(Debug, Clone)]
pub struct Blobs {
    dir: PathBuf,
}

impl Blobs {
    /// The blobs in a folder, which is made with the first one.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Where a blob lies.
    pub fn path(&self, hash: &Hash) -> PathBuf {
        let name = hash.to_string();
        self.dir.join(&name[..2]).join(&name[2..])
    }

    /// Stores a blob, unless it is there already. When this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn put(&self, bytes: &[u8]) -> io::Result<Hash> {
        self.put_hashed(bytes, Hash::of(bytes))
    }

    /// The same, of bytes whose hash is known.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn put_hashed(&self, bytes: &[u8], hash: Hash) -> io::Result<Hash> {
        let path = self.path(&hash);
        if path.exists() {
            return Ok(hash);
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // A name of its own, so that a half-written file is never taken for the blob.
        let temporary = folder.join(format!("{}.{}", hash.short(), std::process::id()));
        let written = (|| {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            fs::File::open(folder)?.sync_all()
        })();
        if written.is_err() {
            // The error that matters is the first one.
            let _ = fs::remove_file(&temporary);
        }
        written.map(|()| hash)
    }

    /// Reads a blob and checks it against its hash.
    ///
    /// # Errors
    ///
    /// When it is missing, unreadable, or was changed.
    pub fn get(&self, hash: &Hash) -> io::Result<Vec<u8>> {
        let path = self.path(hash);
        length_of_file(&path)?;
        let bytes = fs::read(path)?;
        if Hash::of(&bytes) == *hash {
            Ok(bytes)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "the content does not fit its hash"))
        }
    }
}
