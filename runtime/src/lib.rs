//! Everything that is true of an actor, with or without a person watching.
//!
//! Start with [`node::Node`], the running system: it spawns actors, calls them, and records what
//! happens. [`replay`] goes back over what was recorded. ARCHITECTURE.md has the map of the rooms, and
//! follows one message through them.
//!
//! This crate prints nothing and knows no terminal, no editor and no template.

pub mod actor;
pub mod boundary;
pub mod cache;
pub mod call;
pub mod catalog;
pub mod diagnostic;
pub mod engine;
pub mod files;
pub mod handlers;
pub mod manifest;
pub mod node;
pub mod replay;
pub mod simulation;
pub mod state;
pub mod supervisor;
mod surroundings;
pub mod syntax;
pub mod temporary;
pub mod trace;
pub mod turn;
pub mod wire;
pub mod world;
