//! Texts as trees: parsers that never fail, for texts as they are while somebody writes them.
//!
//! A tree holds every byte of its text, and what is wrong stands beside it, all of it at once. What is
//! valid is decided elsewhere (for WIT by wit-parser); tests hold the two against each other. Nothing
//! here reads a file or knows what a name means.

mod edit;
pub mod toml;
pub mod wit;

pub use edit::{Edit, apply};
