//! Open files: reading and writing at a place.

use super::error::{Answer, ErrorCode};
use super::folder::Folder;
use super::types::{Advice, DescriptorFlags};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// The most bytes of one read.
pub const MAX_READ: u64 = 64 << 10;

/// An open file. Descriptors and streams share it.
#[derive(Debug)]
pub struct OpenFile {
    pub file: File,
    pub flags: DescriptorFlags,
    pub folder: Arc<Folder>,
}

impl OpenFile {
    /// Reads up to `length` bytes; none at the end of the file.
    pub fn read(&self, length: u64, offset: u64) -> Answer<Vec<u8>> {
        if !self.flags.contains(DescriptorFlags::READ) {
            return Err(ErrorCode::BadDescriptor);
        }
        // At most MAX_READ, which fits.
        let mut bytes = vec![0; length.min(MAX_READ) as usize];
        let read = again(|| self.file.read_at(&mut bytes, offset))?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Whether the file may be written.
    pub fn check_writable(&self) -> Answer<()> {
        self.folder.check_writable()?;
        match self.flags.contains(DescriptorFlags::WRITE) {
            true => Ok(()),
            false => Err(ErrorCode::BadDescriptor),
        }
    }

    /// Writes at a place; it may be less than asked for.
    pub fn write(&self, bytes: &[u8], offset: u64) -> Answer<u64> {
        self.check_writable()?;
        let size = self.file.metadata()?.len();
        let end = offset.checked_add(bytes.len() as u64).ok_or(ErrorCode::FileTooLarge)?;
        let taken = self.folder.take(end.saturating_sub(size))?;
        let written = again(|| self.file.write_at(bytes, offset))? as u64;
        taken.keep_only((offset + written).saturating_sub(size));
        Ok(written)
    }

    /// Writes all bytes at a place.
    pub fn write_all(&self, mut bytes: &[u8], mut offset: u64) -> Answer<()> {
        while !bytes.is_empty() {
            let written = self.write(bytes, offset)?;
            offset += written;
            bytes = rest(bytes, written)?;
        }
        Ok(())
    }

    /// Writes all bytes at the end of the file, wherever that is at the moment.
    pub fn append(&self, mut bytes: &[u8]) -> Answer<()> {
        self.check_writable()?;
        while !bytes.is_empty() {
            let taken = self.folder.take(bytes.len() as u64)?;
            let written = again(|| append(&self.file, bytes))? as u64;
            taken.keep_only(written);
            bytes = rest(bytes, written)?;
        }
        Ok(())
    }

    /// Makes the file so long. What is added reads as zeros.
    pub fn set_size(&self, size: u64) -> Answer<()> {
        self.check_writable()?;
        let before = self.file.metadata()?.len();
        let taken = self.folder.take(size.saturating_sub(before))?;
        self.file.set_len(size)?;
        taken.keep();
        self.folder.give(before.saturating_sub(size));
        Ok(())
    }

    /// Tells the system how a part of the file will be used.
    pub fn advise(&self, offset: u64, length: u64, advice: Advice) -> Answer<()> {
        advise(&self.file, offset, length, advice)
    }
}

/// What is left to write. That nothing could be written is an error, not a reason to go on for ever.
fn rest(bytes: &[u8], written: u64) -> Answer<&[u8]> {
    match usize::try_from(written) {
        Ok(written) if written > 0 => bytes.get(written..).ok_or(ErrorCode::Io),
        _ => Err(ErrorCode::Io),
    }
}

/// Tries again what a signal interrupted.
fn again<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(target_os = "linux")]
fn append(file: &File, bytes: &[u8]) -> io::Result<usize> {
    use rustix::io::{Errno, ReadWriteFlags, pwritev2};
    let slices = [io::IoSlice::new(bytes)];
    match pwritev2(file, &slices, 0, ReadWriteFlags::APPEND) {
        Err(Errno::NOSYS | Errno::NOTSUP) => file.write_at(bytes, file.metadata()?.len()),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
fn append(file: &File, bytes: &[u8]) -> io::Result<usize> {
    file.write_at(bytes, file.metadata()?.len())
}

#[cfg(target_os = "linux")]
fn advise(file: &File, offset: u64, length: u64, advice: Advice) -> Answer<()> {
    use rustix::fs::Advice as System;
    let advice = match advice {
        Advice::Normal => System::Normal,
        Advice::Sequential => System::Sequential,
        Advice::Random => System::Random,
        Advice::WillNeed => System::WillNeed,
        Advice::DontNeed => System::DontNeed,
        Advice::NoReuse => System::NoReuse,
    };
    let length = std::num::NonZeroU64::new(length);
    Ok(rustix::fs::fadvise(file, offset, length, advice)?)
}

/// Advice may be ignored.
#[cfg(not(target_os = "linux"))]
fn advise(_: &File, _: u64, _: u64, _: Advice) -> Answer<()> {
    Ok(())
}
