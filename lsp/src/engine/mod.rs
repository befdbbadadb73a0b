//! What is known about manifests and WIT, for any editor.
//!
//! Knows no protocol and does no I/O. [`Vfs`] takes in texts and what others found on disk, and gives
//! out [`Snapshot`]s; every feature is a function from a snapshot and a place to plain data. Places
//! are bytes; [`Text`] turns them into an editor's lines and columns.

mod actions;
mod actors;
mod cancel;
mod check;
mod complete;
mod format;
mod hints;
mod hover;
mod lenses;
mod links;
mod mentions;
mod navigate;
mod new_world;
mod outline;
mod place;
mod rename;
mod resolved;
mod search;
mod select;
mod semantic;
mod symbols;
mod text;
mod vfs;
pub mod wit;

pub use actions::{Action, actions, fix_all};
pub use cancel::{Cancel, unless_cancelled};
pub use check::{
    FileEdit, Fix, Level, Problem, Problems, Related, Unit, component, inputs, problems, units,
};
pub use complete::{About, Completion, CompletionKind, List, Listed, completions, documentation};
pub use format::format;
pub use hints::{Hint, hints};
pub use hover::{Hover, hover};
pub use lenses::{Lens, lenses};
pub use links::{Link, links};
pub use navigate::{Location, declaration, definition, highlights, references, type_definition};
pub use new_world::{NewWorld, new_world};
pub use rename::{prepare_rename, rename};
pub use search::{Found, search};
pub use select::selections;
pub use semantic::{SemanticKind, SemanticToken, semantic_tokens};
pub use symbols::{Symbol, SymbolKind, folds, symbols};
pub use text::{Change, Encoding, Position, Text};
pub use vfs::{Document, OnDisk, Snapshot, Vfs, normal};
