use crate::trace::Hash;
use blake3::Hasher;
use std::fmt;

/// Changed whenever the content of an entry gets another meaning.
const FORMAT: &[u8] = b"theater-cache-1";

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Compiled code, as wasmtime writes it.
    Code,
    /// What a component says about itself. Says as well that the component is valid.
    Info,
}

/// Everything that the content of an entry depends on.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    kind: Kind,
    /// All parts, each behind its length.
    parts: Vec<u8>,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Self; 2] = [Self::Code, Self::Info];

    /// How the names of its entries end.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Code => ".code",
            Self::Info => ".info",
        }
    }
}

impl Key {
    /// The key of what this version of Theater makes from a component with these settings.
    pub(crate) fn new(kind: Kind, component: &Hash, settings: &[u8]) -> Self {
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        let mut parts = Vec::new();
        for part in [FORMAT, kind.extension().as_bytes(), version, &component.0, settings] {
            parts.extend((part.len() as u64).to_le_bytes());
            parts.extend(part);
        }
        Self { kind, parts }
    }

    /// The name of its file.
    pub(super) fn file_name(&self) -> String {
        let hash = blake3::hash(&self.parts).to_hex();
        format!("{}{}", &hash[..32], self.kind.extension())
    }

    /// A seal over this key and a content that is still to come.
    pub(super) fn seal(&self, secret: &[u8; 32]) -> Hasher {
        let mut hasher = Hasher::new_keyed(secret);
        hasher.update(&(self.parts.len() as u64).to_le_bytes());
        hasher.update(&self.parts);
        hasher
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_name())
    }
}
