//! What is done with paths. Each starts from an open folder and is resolved by cap-std, which lets
//! none lead out of that folder: neither `..` nor a link, nor one that is swapped meanwhile
//! (`openat2` with `RESOLVE_BENEATH` on Linux, step by step elsewhere).

use super::Token;
use super::descriptor::{Descriptor, Object};
use super::error::{Answer, ErrorCode};
use super::file::OpenFile;
use super::folder::is_kernels;
use super::metadata;
use super::quota::ENTRY;
use super::types::{
    DescriptorFlags, DescriptorStat, DescriptorType, MetadataHash, NewTimestamp, OpenFlags,
    PathFlags,
};
use cap_fs_ext::{OpenOptionsFollowExt, OpenOptionsSyncExt};
use cap_primitives::fs::{
    self, DirOptions, FollowSymlinks, Metadata, MetadataExt, OpenOptions, OpenOptionsExt,
    SystemTimeSpec,
};
use cap_primitives::time::SystemTime;
use rustix::fs::OFlags;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

impl Descriptor {
    /// Opens a file or folder.
    pub fn open_at(
        &self,
        path_flags: PathFlags,
        path: &str,
        open: OpenFlags,
        flags: DescriptorFlags,
        token: Token,
    ) -> Answer<Self> {
        let creates = open.contains(OpenFlags::CREATE);
        let truncates = open.contains(OpenFlags::TRUNCATE);
        let folder_wanted = open.contains(OpenFlags::DIRECTORY);
        if folder_wanted && (creates || truncates || open.contains(OpenFlags::EXCLUSIVE)) {
            return Err(ErrorCode::Invalid);
        }
        let flags = normal_flags(flags);
        let start = self.start()?;
        if changes(open) || flags.contains(DescriptorFlags::WRITE) {
            self.folder.check_writable()?;
        }
        // Asked before it is opened, because opening a device can have effects.
        let before = fs::stat(start, Path::new(path), follow(path_flags)).ok();
        if let Some(before) = &before {
            check_kind(before)?;
        }
        let new = creates && before.is_none();
        let taken = self.folder.take(if new { ENTRY } else { 0 })?;
        let file = fs::open(start, Path::new(path), &options(path_flags, open, flags))?;
        taken.keep();
        if let Some(before) = before.filter(|_| truncates) {
            self.folder.give(before.len());
        }
        let object = self.opened_object(file, flags)?;
        if folder_wanted && matches!(object, Object::File(_)) {
            return Err(ErrorCode::NotDirectory);
        }
        Ok(Self::opened(self.folder.clone(), object, token))
    }

    /// What has just been opened, if it may be.
    fn opened_object(&self, file: File, flags: DescriptorFlags) -> Answer<Object> {
        let metadata = Metadata::from_file(&file)?;
        // Once more: something else may have been put there.
        check_kind(&metadata)?;
        let root = Metadata::from_file(self.folder.root()?)?;
        // The granted folder itself is none of the kernel's.
        if metadata.dev() != root.dev() && is_kernels(&file)? {
            return Err(ErrorCode::NotPermitted);
        }
        if metadata.is_dir() {
            return Ok(Object::Folder(file));
        }
        Ok(Object::File(Arc::new(OpenFile { file, flags, folder: self.folder.clone() })))
    }

    /// The attributes of what a path leads to.
    pub fn stat_at(&self, path_flags: PathFlags, path: &str) -> Answer<DescriptorStat> {
        Ok(metadata::stat(&self.metadata_at(path_flags, path)?))
    }

    /// A hash of the identity of what a path leads to.
    pub fn hash_at(&self, path_flags: PathFlags, path: &str) -> Answer<MetadataHash> {
        Ok(metadata::hash(&self.metadata_at(path_flags, path)?))
    }

    fn metadata_at(&self, path_flags: PathFlags, path: &str) -> Answer<Metadata> {
        Ok(fs::stat(self.start()?, Path::new(path), follow(path_flags))?)
    }

    /// Sets the times of what a path leads to.
    pub fn set_times_at(
        &self,
        path_flags: PathFlags,
        path: &str,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> Answer<()> {
        let start = self.start()?;
        self.folder.check_writable()?;
        let here = fs::stat(start, Path::new(path), FollowSymlinks::No)?;
        check_kind(&here)?;
        if here.is_symlink() && follow(path_flags) == FollowSymlinks::Yes {
            // Through an open file: a name could become another link meanwhile.
            let options = options(path_flags, OpenFlags::empty(), DescriptorFlags::READ);
            let file = fs::open(start, Path::new(path), &options)?;
            check_kind(&Metadata::from_file(&file)?)?;
            return metadata::set_times(&file, accessed, modified);
        }
        let (accessed, modified) = (time_spec(accessed)?, time_spec(modified)?);
        Ok(fs::set_times_nofollow(start, Path::new(path), accessed, modified)?)
    }

    /// Creates a folder.
    pub fn create_directory_at(&self, path: &str) -> Answer<()> {
        let start = self.start()?;
        self.folder.check_writable()?;
        let taken = self.folder.take(ENTRY)?;
        fs::create_dir(start, Path::new(path), &DirOptions::new())?;
        taken.keep();
        Ok(())
    }

    /// Gives a file another name. Not from one granted folder to another: what may be done with it
    /// there, and how much there may be, is another matter.
    pub fn link_at(
        &self,
        path_flags: PathFlags,
        path: &str,
        to: &Self,
        to_path: &str,
    ) -> Answer<()> {
        let (start, to_start) = (self.start()?, to.start()?);
        to.folder.check_writable()?;
        if follow(path_flags) == FollowSymlinks::Yes {
            return Err(ErrorCode::Invalid);
        }
        self.check_same_folder(to)?;
        let size = fs::stat(start, Path::new(path), FollowSymlinks::No)?.len();
        let taken = self.folder.take(ENTRY.saturating_add(size))?;
        fs::hard_link(start, Path::new(path), to_start, Path::new(to_path))?;
        taken.keep();
        Ok(())
    }

    /// Renames or moves a file or folder, within one granted folder.
    pub fn rename_at(&self, path: &str, to: &Self, to_path: &str) -> Answer<()> {
        let (start, to_start) = (self.start()?, to.start()?);
        self.folder.check_writable()?;
        to.folder.check_writable()?;
        self.check_same_folder(to)?;
        Ok(fs::rename(start, Path::new(path), to_start, Path::new(to_path))?)
    }

    fn check_same_folder(&self, other: &Self) -> Answer<()> {
        match Arc::ptr_eq(&self.folder, &other.folder) {
            true => Ok(()),
            // Programs know this error, and copy instead.
            false => Err(ErrorCode::CrossDevice),
        }
    }

    /// Creates a link with the text `target`, which must be a relative path.
    pub fn symlink_at(&self, target: &str, path: &str) -> Answer<()> {
        let start = self.start()?;
        self.folder.check_writable()?;
        let taken = self.folder.take(ENTRY + target.len() as u64)?;
        fs::symlink(Path::new(target), start, Path::new(path))?;
        taken.keep();
        Ok(())
    }

    /// The text of a link. That of one which leads to an absolute path is not told.
    pub fn readlink_at(&self, path: &str) -> Answer<String> {
        let target = fs::read_link(self.start()?, Path::new(path))?;
        target.into_os_string().into_string().map_err(|_| ErrorCode::IllegalByteSequence)
    }

    /// Removes an empty folder.
    pub fn remove_directory_at(&self, path: &str) -> Answer<()> {
        let start = self.start()?;
        self.folder.check_writable()?;
        fs::remove_dir(start, Path::new(path))?;
        self.folder.give(ENTRY);
        Ok(())
    }

    /// Removes a file or link.
    pub fn unlink_file_at(&self, path: &str) -> Answer<()> {
        let start = self.start()?;
        self.folder.check_writable()?;
        let size = fs::stat(start, Path::new(path), FollowSymlinks::No).map_or(0, |m| m.len());
        fs::remove_file(start, Path::new(path))?;
        self.folder.give(ENTRY.saturating_add(size));
        Ok(())
    }
}

/// A file that is opened neither to read nor to write is opened to read. What only folders have is
/// taken away.
fn normal_flags(flags: DescriptorFlags) -> DescriptorFlags {
    let flags = flags & !DescriptorFlags::MUTATE_DIRECTORY;
    let opens = flags.contains(DescriptorFlags::READ) || flags.contains(DescriptorFlags::WRITE);
    if opens { flags } else { flags | DescriptorFlags::READ }
}

/// Whether opening changes something by itself.
fn changes(open: OpenFlags) -> bool {
    open.contains(OpenFlags::CREATE) || open.contains(OpenFlags::TRUNCATE)
}

fn options(path_flags: PathFlags, open: OpenFlags, flags: DescriptorFlags) -> OpenOptions {
    let create = open.contains(OpenFlags::CREATE);
    let exclusive = open.contains(OpenFlags::EXCLUSIVE);
    let mut options = OpenOptions::new();
    options
        .read(flags.contains(DescriptorFlags::READ))
        // The system creates and truncates only what is opened to write.
        .write(flags.contains(DescriptorFlags::WRITE) || changes(open))
        .create(create && !exclusive)
        .create_new(create && exclusive)
        .truncate(open.contains(OpenFlags::TRUNCATE))
        .follow(follow(path_flags))
        .sync(flags.contains(DescriptorFlags::FILE_INTEGRITY_SYNC))
        .dsync(flags.contains(DescriptorFlags::DATA_INTEGRITY_SYNC))
        .rsync(flags.contains(DescriptorFlags::REQUESTED_WRITE_SYNC))
        // A pipe without a writer would be waited for.
        .nonblock(true)
        .custom_flags(OFlags::NOCTTY.bits().cast_signed());
    options
}

/// Only files, folders and links are touched.
fn check_kind(metadata: &Metadata) -> Answer<()> {
    match metadata::kind(metadata.file_type()) {
        DescriptorType::RegularFile | DescriptorType::Directory | DescriptorType::SymbolicLink => {
            Ok(())
        }
        _ => Err(ErrorCode::NotPermitted),
    }
}

fn follow(path_flags: PathFlags) -> FollowSymlinks {
    match path_flags.contains(PathFlags::SYMLINK_FOLLOW) {
        true => FollowSymlinks::Yes,
        false => FollowSymlinks::No,
    }
}

fn time_spec(time: NewTimestamp) -> Answer<Option<SystemTimeSpec>> {
    Ok(match time {
        NewTimestamp::NoChange => None,
        NewTimestamp::Now => Some(SystemTimeSpec::SymbolicNow),
        NewTimestamp::Timestamp(time) if time.nanoseconds >= 1_000_000_000 => {
            return Err(ErrorCode::Invalid);
        }
        NewTimestamp::Timestamp(time) => {
            let since = Duration::new(time.seconds, time.nanoseconds);
            let time = UNIX_EPOCH.checked_add(since).ok_or(ErrorCode::Overflow)?;
            Some(SystemTimeSpec::Absolute(SystemTime::from_std(time)))
        }
    })
}
