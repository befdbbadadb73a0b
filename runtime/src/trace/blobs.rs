use super::Hash;
use super::reader::length_of_file;
use crate::temporary;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// How much is compared at a time.
const CHUNK: usize = 1 << 20;

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
        // A name of its own, so that a half-written file is never taken for the blob, and that others may write the
        // same one at the same time.
        let mut file = temporary::file(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()?;
        Ok(hash)
    }

    /// Takes over the file of another run's blob, if it holds exactly these bytes. Blobs are never
    /// changed, and each reader checks what it reads.
    pub(super) fn share(&self, other: &Self, bytes: &[u8], hash: &Hash) -> io::Result<()> {
        let (from, to) = (other.path(hash), self.path(hash));
        if length_of_file(&from)? != bytes.len() as u64 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut file = fs::File::open(&from)?;
        let mut chunk = vec![0; CHUNK.min(bytes.len())];
        for expected in bytes.chunks(CHUNK) {
            let found = &mut chunk[..expected.len()];
            file.read_exact(found)?;
            if found != expected {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        // It is on disk already, unless somebody else put it there.
        file.sync_all()?;
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        fs::hard_link(&from, &to)?;
        fs::File::open(folder)?.sync_all()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::trace::RunDir;

    #[test]
    fn many_can_store_the_same_blob_at_once() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..20u8 {
            let (blobs, bytes) = (Blobs::new(dir.path()), [round; 4096]);
            let together = std::sync::Barrier::new(8);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        together.wait();
                        let hash = blobs.put(&bytes).unwrap();
                        assert_eq!(blobs.get(&hash).unwrap(), bytes);
                    });
                }
            });
        }
        let folders = fs::read_dir(dir.path()).unwrap();
        let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
        assert_eq!(files.count(), 20, "nothing is left beside them");
    }

    #[test]
    fn runs_share_large_blobs_but_no_damage() {
        let dir = tempfile::tempdir().unwrap();
        let run = || RunDir::create(dir.path()).unwrap();
        let bytes = b"a component".repeat(200_000);
        let hash = Hash::of(&bytes);
        let (first, second) = (run(), run());
        first.store(&bytes, hash).unwrap();
        second.store(&bytes, hash).unwrap();
        assert_eq!(second.blobs().get(&hash).unwrap(), bytes);
        let same = |a: &RunDir, b: &RunDir| {
            let opened = [a, b].map(|run| fs::metadata(run.blobs().path(&hash)).unwrap());
            use std::os::unix::fs::MetadataExt;
            opened[0].ino() == opened[1].ino()
        };
        assert!(same(&first, &second));
        // It goes when the last run goes that has it.
        fs::remove_dir_all(first.path()).unwrap();
        assert_eq!(second.blobs().get(&hash).unwrap(), bytes);

        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        let damages: [&dyn Fn(&Path); 3] = [
            &|blob| fs::write(blob, &damaged).unwrap(),
            &|blob| fs::write(blob, &bytes[1..]).unwrap(),
            &|blob| {
                fs::remove_file(blob).unwrap();
                fs::create_dir(blob).unwrap();
            },
        ];
        for damage in damages {
            damage(&second.blobs().path(&hash));
            let third = run();
            third.store(&bytes, hash).unwrap();
            assert_eq!(third.blobs().get(&hash).unwrap(), bytes);
            fs::remove_dir_all(third.path()).unwrap();
        }
    }
}
