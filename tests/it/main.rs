//! Runs the real binary as a user does: one file per command, and what goes wrong across them.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod application;
mod build;
mod cache;
mod check;
mod completions;
mod crash;
mod editor;
mod environment;
mod escapes;
mod explain;
mod filesystem;
mod grep;
mod hostile;
mod inspect;
mod languages;
mod links;
mod lsp;
mod messages;
mod neovim;
mod new;
mod normal;
mod readme;
mod reload;
mod repl;
mod replay;
mod run;
mod rust;
mod rust_failures;
mod supervision;
mod tampering;
mod trace;
mod traps;
mod variables;
mod warm;
mod watch;
