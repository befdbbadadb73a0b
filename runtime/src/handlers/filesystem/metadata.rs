//! What is told about files: kinds, sizes, times, identity.

use super::error::{Answer, ErrorCode};
use super::types::{DescriptorStat, DescriptorType, MetadataHash, NewTimestamp};
use crate::handlers::clock::Datetime;
use cap_primitives::fs::{FileType, FileTypeExt, Metadata, MetadataExt};
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use sha2::{Digest, Sha256};
use std::fs::File;

/// The kind of an object.
pub fn kind(of: FileType) -> DescriptorType {
    if of.is_file() {
        DescriptorType::RegularFile
    } else if of.is_dir() {
        DescriptorType::Directory
    } else if of.is_symlink() {
        DescriptorType::SymbolicLink
    } else if of.is_fifo() {
        DescriptorType::Fifo
    } else if of.is_socket() {
        DescriptorType::Socket
    } else if of.is_char_device() {
        DescriptorType::CharacterDevice
    } else if of.is_block_device() {
        DescriptorType::BlockDevice
    } else {
        DescriptorType::Unknown
    }
}

/// The attributes of an object. Neither its owner nor its number is told.
pub fn stat(metadata: &Metadata) -> DescriptorStat {
    DescriptorStat {
        kind: kind(metadata.file_type()),
        link_count: metadata.nlink(),
        size: metadata.len(),
        accessed: datetime(metadata.atime(), metadata.atime_nsec()),
        modified: datetime(metadata.mtime(), metadata.mtime_nsec()),
        changed: datetime(metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// Nothing for times before 1970, which WASI cannot say.
fn datetime(seconds: i64, nanoseconds: i64) -> Option<Datetime> {
    Some(Datetime { seconds: seconds.try_into().ok()?, nanoseconds: nanoseconds.try_into().ok()? })
}

/// The device and the number that tell an object from all others that exist.
pub fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A hash of the identity: the same for the same object in every run, so that a component can use
/// it as the object's number without learning the real one.
pub fn hash(metadata: &Metadata) -> MetadataHash {
    let (device, number) = identity(metadata);
    let hash = Sha256::new()
        .chain_update(b"theater filesystem identity")
        .chain_update(device.to_le_bytes())
        .chain_update(number.to_le_bytes())
        .finalize();
    let half = |at: usize| {
        let bytes = hash[at..at + 8].try_into().expect("a SHA-256 has 32 bytes");
        u64::from_le_bytes(bytes)
    };
    MetadataHash { lower: half(0), upper: half(8) }
}

/// Sets the times of an open object.
pub fn set_times(file: &File, accessed: NewTimestamp, modified: NewTimestamp) -> Answer<()> {
    let times = Timestamps { last_access: spec(accessed)?, last_modification: spec(modified)? };
    Ok(rustix::fs::futimens(file, &times)?)
}

fn spec(time: NewTimestamp) -> Answer<Timespec> {
    Ok(match time {
        NewTimestamp::NoChange => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        NewTimestamp::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        // UTIME_NOW and UTIME_OMIT are such numbers of nanoseconds.
        NewTimestamp::Timestamp(time) if time.nanoseconds >= 1_000_000_000 => {
            return Err(ErrorCode::Invalid);
        }
        NewTimestamp::Timestamp(time) => Timespec {
            tv_sec: time.seconds.try_into().map_err(|_| ErrorCode::Overflow)?,
            tv_nsec: time.nanoseconds.into(),
        },
    })
}
