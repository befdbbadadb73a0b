//! `theater new` and `theater build`.
//!
//! [`new::create`] copies a template into a new folder, [`build::build`] makes a project's
//! component, [`watch::Watched`] tells when to make it again. Neither needs a network or any tool besides what the project itself names.

pub mod build;
pub mod codes;
pub mod new;
pub mod templates;
pub mod watch;

mod componentize;
mod git;
