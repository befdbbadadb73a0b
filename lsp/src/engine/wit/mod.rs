//! WIT files by their names: what each declares and mentions, and what a name means where several files, the
//! packages that a project has and those that Theater knows belong together.

mod index;
mod library;
mod names;
mod parsed;

pub use index::{Declaration, Index, ItemName, Kind, Mention, Target, Use};
pub use library::{in_library, library};
pub use names::{File, Names, Origin, Symbol, root_of, symbol};
pub use parsed::Parsed;

use std::path::Path;

/// Whether a path is that of a WIT file.
pub fn is_wit(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wit")
}
