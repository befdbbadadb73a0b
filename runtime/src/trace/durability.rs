use super::header::names;
use std::fmt;

/// What an answer waits for before it leaves the node. It is recorded with the opening of a run, which keeps
/// it unless another one is asked for.
///
/// Records stand on disk in their order, so what a crash takes is always the end of the log. The death of
/// the process alone loses no answer that was given, whatever the durability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// For nothing but the operating system, which has its record. It is brought to disk in the background
    /// within some milliseconds: when the machine dies, the answers of these may be lost.
    Async,
    /// For its record to be on disk. All records that wait go there together.
    #[default]
    Group,
    /// The same, and each record is brought to disk by itself, before the next one is written.
    Sync,
}

names!(Durability { Async = "async", Group = "group", Sync = "sync" });

impl Durability {
    /// All of them, the weakest first.
    pub const ALL: [Self; 3] = [Self::Async, Self::Group, Self::Sync];
}
