//! The types of `wasi:filesystem/types` that are neither resources nor errors.

use crate::handlers::clock::Datetime;
use crate::wire::{wire_enum, wire_flags, wire_record, wire_variant};
use wasmtime::component::{ComponentType, Lift, Lower, flags};

/// What kind of object a descriptor or a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub enum DescriptorType {
    #[component(name = "unknown")]
    Unknown,
    #[component(name = "block-device")]
    BlockDevice,
    #[component(name = "character-device")]
    CharacterDevice,
    #[component(name = "directory")]
    Directory,
    #[component(name = "fifo")]
    Fifo,
    #[component(name = "symbolic-link")]
    SymbolicLink,
    #[component(name = "regular-file")]
    RegularFile,
    #[component(name = "socket")]
    Socket,
}

wire_enum!(DescriptorType {
    Unknown = "unknown",
    BlockDevice = "block-device",
    CharacterDevice = "character-device",
    Directory = "directory",
    Fifo = "fifo",
    SymbolicLink = "symbolic-link",
    RegularFile = "regular-file",
    Socket = "socket",
});

flags! {
    DescriptorFlags {
        #[component(name = "read")]
        const READ;
        #[component(name = "write")]
        const WRITE;
        #[component(name = "file-integrity-sync")]
        const FILE_INTEGRITY_SYNC;
        #[component(name = "data-integrity-sync")]
        const DATA_INTEGRITY_SYNC;
        #[component(name = "requested-write-sync")]
        const REQUESTED_WRITE_SYNC;
        #[component(name = "mutate-directory")]
        const MUTATE_DIRECTORY;
    }
}

wire_flags!(DescriptorFlags {
    READ = "read",
    WRITE = "write",
    FILE_INTEGRITY_SYNC = "file-integrity-sync",
    DATA_INTEGRITY_SYNC = "data-integrity-sync",
    REQUESTED_WRITE_SYNC = "requested-write-sync",
    MUTATE_DIRECTORY = "mutate-directory",
});

flags! {
    PathFlags {
        #[component(name = "symlink-follow")]
        const SYMLINK_FOLLOW;
    }
}

wire_flags!(PathFlags { SYMLINK_FOLLOW = "symlink-follow" });

flags! {
    OpenFlags {
        #[component(name = "create")]
        const CREATE;
        #[component(name = "directory")]
        const DIRECTORY;
        #[component(name = "exclusive")]
        const EXCLUSIVE;
        #[component(name = "truncate")]
        const TRUNCATE;
    }
}

wire_flags!(OpenFlags {
    CREATE = "create",
    DIRECTORY = "directory",
    EXCLUSIVE = "exclusive",
    TRUNCATE = "truncate",
});

/// The attributes of a file or folder.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(record)]
pub struct DescriptorStat {
    /// What it is.
    #[component(name = "type")]
    pub kind: DescriptorType,
    /// How many names it has.
    #[component(name = "link-count")]
    pub link_count: u64,
    /// Bytes of a file, or of a symbolic link's text.
    pub size: u64,
    /// When it was last read.
    #[component(name = "data-access-timestamp")]
    pub accessed: Option<Datetime>,
    /// When its contents last changed.
    #[component(name = "data-modification-timestamp")]
    pub modified: Option<Datetime>,
    /// When its attributes last changed.
    #[component(name = "status-change-timestamp")]
    pub changed: Option<Datetime>,
}

wire_record!(DescriptorStat, 6 {
    kind = "type",
    link_count = "link-count",
    size = "size",
    accessed = "data-access-timestamp",
    modified = "data-modification-timestamp",
    changed = "status-change-timestamp",
});

/// What a time is set to.
#[derive(Debug, Clone, Copy, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
pub enum NewTimestamp {
    /// Left as it is.
    #[component(name = "no-change")]
    NoChange,
    /// The present time.
    #[component(name = "now")]
    Now,
    /// This time.
    #[component(name = "timestamp")]
    Timestamp(Datetime),
}

wire_variant!(NewTimestamp { NoChange = "no-change", Now = "now"; Timestamp = "timestamp" });

/// What a folder holds under one name.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
pub struct DirectoryEntry {
    /// What it is.
    #[component(name = "type")]
    pub kind: DescriptorType,
    /// Its name.
    pub name: String,
}

wire_record!(DirectoryEntry, 2 { kind = "type", name = "name" });

/// How a part of a file will be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub enum Advice {
    #[component(name = "normal")]
    Normal,
    #[component(name = "sequential")]
    Sequential,
    #[component(name = "random")]
    Random,
    #[component(name = "will-need")]
    WillNeed,
    #[component(name = "dont-need")]
    DontNeed,
    #[component(name = "no-reuse")]
    NoReuse,
}

wire_enum!(Advice {
    Normal = "normal",
    Sequential = "sequential",
    Random = "random",
    WillNeed = "will-need",
    DontNeed = "dont-need",
    NoReuse = "no-reuse",
});

/// What identifies an object of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
pub struct MetadataHash {
    /// 64 of 128 bits.
    pub lower: u64,
    /// The other 64.
    pub upper: u64,
}

wire_record!(MetadataHash, 2 { lower = "lower", upper = "upper" });
