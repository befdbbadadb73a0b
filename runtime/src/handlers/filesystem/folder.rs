//! A granted folder, as one turn sees it.

use super::error::{Answer, ErrorCode};
use super::quota::Usage;
use crate::manifest::{Access, FolderGrant};
use rustix::fs::{Mode, OFlags, openat};
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A folder of the grant. It is opened when it is first used, so a turn that touches no file, and a
/// replay, needs none.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    access: Access,
    max_size: u64,
    root: OnceLock<File>,
    usage: OnceLock<Arc<Usage>>,
}

impl Folder {
    /// The folder of a grant.
    pub fn new(grant: &FolderGrant) -> Self {
        Self {
            path: grant.host.value.clone(),
            access: grant.access,
            max_size: grant.max_size,
            root: OnceLock::new(),
            usage: OnceLock::new(),
        }
    }

    /// The open folder.
    pub fn root(&self) -> Answer<&File> {
        if let Some(root) = self.root.get() {
            return Ok(root);
        }
        let root = open_folder(&self.path)?;
        Ok(self.root.get_or_init(|| root))
    }

    /// Whether anything may be changed here.
    pub fn is_writable(&self) -> bool {
        self.access == Access::Write
    }

    /// Refuses changes where only reading is granted.
    pub fn check_writable(&self) -> Answer<()> {
        if self.is_writable() { Ok(()) } else { Err(ErrorCode::ReadOnly) }
    }

    /// Takes room for so many bytes more; it is given back unless it is kept.
    pub fn take(&self, bytes: u64) -> Answer<Taken<'_>> {
        let usage = self.usage();
        usage.take(bytes, self.max_size)?;
        Ok(Taken { usage, bytes })
    }

    /// Gives room back.
    pub fn give(&self, bytes: u64) {
        self.usage().give(bytes);
    }

    fn usage(&self) -> &Usage {
        self.usage.get_or_init(|| Usage::of(&self.path))
    }
}

/// Room that an operation took.
#[must_use = "room that is not kept is given back"]
pub struct Taken<'f> {
    usage: &'f Usage,
    bytes: u64,
}

impl Taken<'_> {
    /// The operation has used all of it.
    pub fn keep(self) {
        self.keep_only(u64::MAX);
    }

    /// The operation has used so much of it.
    pub fn keep_only(mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.usage.give(self.bytes);
        }
    }
}

/// Opens a folder of the machine by a path without links, as it was found when the actor was loaded: a
/// link that somebody put into the way since is not followed.
///
/// # Errors
///
/// Those of the system; permission denied for the kernel's own file systems.
pub fn open_folder(path: &Path) -> io::Result<File> {
    let way = if cfg!(target_os = "linux") { way_flags() } else { OFlags::empty() };
    let way = way | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let start = if path.is_absolute() { "/" } else { "." };
    let mut folder = rustix::fs::open(start, way, Mode::empty())?;
    for part in path.components() {
        match part {
            Component::Normal(_) | Component::ParentDir => {
                folder = openat(&folder, part.as_os_str(), way, Mode::empty())?;
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    let read = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = File::from(openat(&folder, ".", read, Mode::empty())?);
    if is_kernels(&folder)? {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(folder)
}

/// A folder on the way need not be readable.
#[cfg(target_os = "linux")]
fn way_flags() -> OFlags {
    OFlags::PATH
}

#[cfg(not(target_os = "linux"))]
fn way_flags() -> OFlags {
    OFlags::empty()
}

/// Whether an open object is the kernel's view of itself and not stored anywhere. To read and write
/// there is to act on processes (`/proc/self/mem`) and the machine.
///
/// # Errors
///
/// When the system does not tell.
#[cfg(target_os = "linux")]
pub fn is_kernels(file: &File) -> io::Result<bool> {
    /// The magic numbers of `linux/magic.h`: proc, sysfs, cgroup, cgroup2, debugfs, tracefs,
    /// securityfs, configfs, bpf, efivarfs, pstore, selinux, smack, devpts, nsfs, fusectl, binfmt_misc.
    const KERNELS: [u32; 17] = [
        0x9fa0,
        0x6265_6572,
        0x0027_e0eb,
        0x6367_7270,
        0x6462_6720,
        0x7472_6163,
        0x7363_6673,
        0x6265_6570,
        0xcafe_4a11,
        0xde5e_81e4,
        0x6165_676c,
        0xf97c_ff8c,
        0x4341_5d53,
        0x1cd1,
        0x6e73_6673,
        0x6573_5543,
        0x4249_4e4d,
    ];
    // The numbers have 32 bits; on some machines the type is wider, or signed.
    let kind = rustix::fs::fstatfs(file)?.f_type as u32;
    Ok(KERNELS.contains(&kind))
}

/// Other systems have no such file systems by default.
#[cfg(not(target_os = "linux"))]
pub fn is_kernels(_: &File) -> io::Result<bool> {
    Ok(false)
}
