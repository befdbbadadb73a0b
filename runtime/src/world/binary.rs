use super::ComponentInfo;
use crate::cache::{Cache, Key, Kind};
use crate::diagnostic;
use crate::trace::Hash;
use std::sync::Arc;

/// A component in its binary form, read once: what is done with it after that need not hash, check and
/// decode it again.
#[derive(Debug, Clone)]
pub struct Binary {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub hash: Hash,
    /// What they say about themselves.
    pub info: Arc<ComponentInfo>,
}

impl Binary {
    /// Reads a component, or finds in the cache what was read of it before.
    ///
    /// # Errors
    /// As [`ComponentInfo::read`].
    pub fn read(bytes: Vec<u8>, cache: &Cache) -> diagnostic::Result<Self> {
        let hash = Hash::of(&bytes);
        Self::with_hash(bytes, hash, cache)
    }

    /// The same, of bytes whose hash is known.
    ///
    /// # Errors
    /// As [`ComponentInfo::read`].
    pub fn with_hash(bytes: Vec<u8>, hash: Hash, cache: &Cache) -> diagnostic::Result<Self> {
        let key = Key::new(Kind::Info, &hash, &[]);
        let info = match cache.read(&key) {
            // That there is an entry says that the component is valid.
            Some(packed) => match ComponentInfo::unpack(&packed) {
                Some(info) => info,
                None => ComponentInfo::read_valid(&bytes)?,
            },
            None => {
                let info = ComponentInfo::read(&bytes)?;
                cache.write(&key, &info.pack(&bytes));
                info
            }
        };
        Ok(Self { bytes, hash, info: Arc::new(info) })
    }
}
