//! The trace: a tamper-evident record of all that enters or leaves an actor.
//!
//! A *run* is a folder ([`RunDir`]):
//!
//! | file | what it is |
//! |---|---|
//! | `segments/00000001.seg` … | the log: records one after the other ([`Record`]), append only |
//! | `blobs/ab/cdef…` | components, manifests and configurations, by their SHA-256 ([`Blobs`]) |
//! | `head` | how many records are on disk, and the hash of the last one |
//! | `lock` | held by the one process that writes, with its process number |
//! | `snapshots/` | what recovery makes of the log up to some record, so that it need not read it all; never trusted over the log |
//! | `torn/` | what was cut from the end of the log after a crash |
//! | `part` | only where this is a part of a run: what was asked for, and which blobs were left out |
//! | `index/` | where in a long log what stands: made by who reads, see [`crate::replay`] |
//!
//! A segment is a CBOR sequence (RFC 8742): a head, then records, see [`Record::write`] and
//! [`Header`]. One record is written per turn, committed or aborted, and one per lifecycle event.
//! Every record refers to its actor's previous one by hash, and has a place in the whole log; so a
//! changed, removed, doubled or swapped record is found ([`verify`]), and one removed from the end
//! by the `head`.
//!
//! [`Log`] writes, [`Reader`] reads, also while another process writes.

mod archive;
mod blobs;
mod calls;
mod durability;
mod effects;
mod fold;
mod fork;
mod hash;
mod header;
mod lines;
mod live;
mod log;
mod opening;
mod part;
mod queue;
mod readable;
mod reader;
mod record;
mod records;
mod run;
mod segment;
mod segment_file;
mod snapshot;
mod syncer;
mod unpacked;
mod verify;
mod view;
mod writer;

pub(crate) use crate::surroundings::now;
pub use archive::{Archived, export, unpack};
pub use blobs::Blobs;
pub use calls::{Answer, CallsReader, CallsWriter, ImportCall};
pub use durability::Durability;
pub use effects::{Effect, Watch};
pub(crate) use fold::Fold;
pub use fork::fork;
pub use hash::Hash;
pub(crate) use header::names;
pub use header::{
    ActorId, Cause, Changed, Code, EndedBy, ExitReason, FORK, Header, Kind, OpenTurn, Payload,
    PayloadKind, Request, Step, TurnHeader, Undeliverable, WhatChanged,
};
pub(crate) use lines::Lines;
pub use lines::{LineOrigin, LogLine};
pub use live::{Live, Subscription};
pub use log::{Entry, Log, LogFailed};
pub use opening::Opening;
pub use part::{Chosen, Kept, Part};
pub use readable::key_text;
pub use reader::{Location, Problem, Reader};
pub use record::{Record, key};
pub(crate) use records::Records;
pub use run::{RunDir, RunLock};
pub(crate) use snapshot::{check as check_snapshots, fold, make as make_snapshot};
pub use unpacked::{DEFAULT_LIMIT, Unpacked};
pub(crate) use verify::Chain;
pub use verify::{Verification, verify};
pub(crate) use view::short_import;
pub use view::{AnswerView, CallView, RecordView, short_function, time_text};
