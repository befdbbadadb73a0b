//! Everything that is true of an actor, with or without a person watching.
//!
//! This crate prints nothing and knows no terminal, no editor and no template.

pub mod catalog;
pub mod diagnostic;
pub mod manifest;
pub mod world;
