//! The language server for `theater.toml` and `.wit`: what `theater check` shows, on the texts in the
//! editor, saved or not.
//!
//! Start with [`engine`], which knows everything about manifests and WIT and nothing about editors:
//! files in, snapshots out, and functions on them. [`serve`] is the thin layer around it that speaks
//! the Language Server Protocol; `server::convert` alone knows both the engine's data and the
//! protocol's.
//!
//! This crate prints nothing: it writes messages to the stream that it is given.

pub mod engine;
mod server;

pub use server::{Ended, serve};
