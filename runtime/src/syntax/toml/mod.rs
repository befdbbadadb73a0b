//! TOML: the format of manifests.

mod format;

pub use format::format;
