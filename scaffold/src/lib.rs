//! `theater new` and `theater build`.
//!
//! [`new::create`] copies a template into a new folder, [`build::build`] makes a project's
//! component. Neither needs a network or any tool besides what the project itself names.

pub mod build;
pub mod codes;
pub mod new;
pub mod templates;

mod componentize;
mod git;
