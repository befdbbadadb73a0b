//! The runtime as its users drive it: spawn, call, read the trace, replay.
#![allow(clippy::unwrap_used)]

mod archive;
mod cursor;
mod durability;
mod endings;
mod forged;
mod fork;
mod fork_state;
mod index;
mod live;
mod messages;
mod mutations;
mod on_request;
mod patience;
mod recovery;
mod reload;
mod replay;
mod scheduling;
mod shop;
mod simulated_staff;
mod simulation;
mod snapshots;
mod stage;
mod supervision;
mod tampering;
mod turns;
mod types_only;
mod unused_imports;
mod variables;
mod warm;
mod wasi;
