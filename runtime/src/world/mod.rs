//! Worlds and components, as types: what an actor's WIT says, what a component really imports and
//! exports, and whether the two and the manifest agree. Nothing is run here.
//!
//! Start with [`check_project`], which is what `theater check` shows. [`Wit`] is a project's `wit/`
//! folder, resolved; [`ComponentInfo`] is what a component's bytes say about themselves, [`Binary`] the two together.

mod actor_world;
mod application;
mod binary;
mod ceiling;
mod component;
mod conformance;
mod docs;
mod duplicates;
mod export;
mod gates;
mod grants;
mod init;
mod initial;
mod leftovers;
mod links;
mod names;
mod packed;
mod problems;
mod project;
mod signature;
mod stale;
mod text;
mod unknown;
mod unused;
mod unused_worlds;
mod wit;
mod written;

pub use actor_world::{actor_world, check_world};
pub(crate) use application::{Ancestors, DEEPEST_TREE, named_by};
pub use application::{application_projects, check_application_in, projects_in};
pub use binary::Binary;
pub use ceiling::check_child_grants;
pub use component::{
    ComponentInfo, Extern, FunctionInfo, InterfaceInfo, MAX_COMPONENT_BYTES, TypeInfo,
};
pub use conformance::check_component;
pub use docs::with_docs;
pub use grants::{Needs, check_grants, may_trap, needed_handlers};
pub use init::init_parameters;
pub(crate) use leftovers::leftover;
pub(crate) use links::{Face, Member, check_links};
pub use names::meaning_of_name;
pub use problems::syntax_errors;
pub use project::{
    Component, check_actor, check_binary, check_project, check_project_in, component_path,
    project_wit,
};
pub use stale::{newer_source, source_paths};
pub use text::{encode_text, read_component, read_component_from};
pub use wit::{Import, MAX_WIT_BYTES, Wit, WitFiles, builtin};

#[cfg(test)]
mod tests;
