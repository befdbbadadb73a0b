//! The error codes of `wasi:filesystem`, and how the system's errors become them.

use crate::wire::wire_enum;
use rustix::io::Errno;
use std::io;
use wasmtime::component::{ComponentType, Lift, Lower};

/// What an operation answers.
pub type Answer<T> = Result<T, ErrorCode>;

/// Declares the codes once, with their names in WIT.
macro_rules! error_codes {
    ($($code:ident = $name:literal,)*) => {
        /// `wasi:filesystem/types.error-code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
        #[component(enum)]
        #[repr(u8)]
        pub enum ErrorCode {
            $(#[component(name = $name)] $code,)*
        }

        wire_enum!(ErrorCode { $($code = $name,)* });

        impl ErrorCode {
            /// Its name in WIT.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }
        }
    };
}

error_codes! {
    Access = "access",
    WouldBlock = "would-block",
    Already = "already",
    BadDescriptor = "bad-descriptor",
    Busy = "busy",
    Deadlock = "deadlock",
    Quota = "quota",
    Exist = "exist",
    FileTooLarge = "file-too-large",
    IllegalByteSequence = "illegal-byte-sequence",
    InProgress = "in-progress",
    Interrupted = "interrupted",
    Invalid = "invalid",
    Io = "io",
    IsDirectory = "is-directory",
    Loop = "loop",
    TooManyLinks = "too-many-links",
    MessageSize = "message-size",
    NameTooLong = "name-too-long",
    NoDevice = "no-device",
    NoEntry = "no-entry",
    NoLock = "no-lock",
    InsufficientMemory = "insufficient-memory",
    InsufficientSpace = "insufficient-space",
    NotDirectory = "not-directory",
    NotEmpty = "not-empty",
    NotRecoverable = "not-recoverable",
    Unsupported = "unsupported",
    NoTty = "no-tty",
    NoSuchDevice = "no-such-device",
    Overflow = "overflow",
    NotPermitted = "not-permitted",
    Pipe = "pipe",
    ReadOnly = "read-only",
    InvalidSeek = "invalid-seek",
    TextFileBusy = "text-file-busy",
    CrossDevice = "cross-device",
}

impl From<io::Error> for ErrorCode {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(errno) => errno.into(),
            // cap-std says this of paths that lead out of their folder.
            None if error.kind() == io::ErrorKind::PermissionDenied => Self::NotPermitted,
            None if error.kind() == io::ErrorKind::InvalidInput => Self::Invalid,
            None if error.kind() == io::ErrorKind::NotFound => Self::NoEntry,
            None => Self::Io,
        }
    }
}

impl From<Errno> for ErrorCode {
    fn from(errno: Errno) -> Self {
        // Some systems have one number for two names, so this cannot be a `match` of constants.
        TABLE.iter().find(|(known, _)| *known == errno).map_or(Self::Io, |(_, code)| *code)
    }
}

/// The codes of the errors that the operations of a file system can give (POSIX.1-2024).
const TABLE: &[(Errno, ErrorCode)] = &[
    (Errno::NOENT, ErrorCode::NoEntry),
    (Errno::EXIST, ErrorCode::Exist),
    (Errno::ACCESS, ErrorCode::Access),
    (Errno::PERM, ErrorCode::NotPermitted),
    (Errno::ISDIR, ErrorCode::IsDirectory),
    (Errno::NOTDIR, ErrorCode::NotDirectory),
    (Errno::NOTEMPTY, ErrorCode::NotEmpty),
    (Errno::LOOP, ErrorCode::Loop),
    (Errno::INVAL, ErrorCode::Invalid),
    (Errno::BADF, ErrorCode::BadDescriptor),
    (Errno::NAMETOOLONG, ErrorCode::NameTooLong),
    (Errno::ROFS, ErrorCode::ReadOnly),
    (Errno::NOSPC, ErrorCode::InsufficientSpace),
    (Errno::DQUOT, ErrorCode::Quota),
    (Errno::FBIG, ErrorCode::FileTooLarge),
    (Errno::XDEV, ErrorCode::CrossDevice),
    (Errno::MLINK, ErrorCode::TooManyLinks),
    (Errno::BUSY, ErrorCode::Busy),
    (Errno::TXTBSY, ErrorCode::TextFileBusy),
    (Errno::AGAIN, ErrorCode::WouldBlock),
    (Errno::INTR, ErrorCode::Interrupted),
    (Errno::NOMEM, ErrorCode::InsufficientMemory),
    // WASI has no word for "too many open files".
    (Errno::MFILE, ErrorCode::InsufficientMemory),
    (Errno::NFILE, ErrorCode::InsufficientMemory),
    (Errno::NOTSUP, ErrorCode::Unsupported),
    (Errno::OPNOTSUPP, ErrorCode::Unsupported),
    (Errno::NOSYS, ErrorCode::Unsupported),
    (Errno::OVERFLOW, ErrorCode::Overflow),
    (Errno::ILSEQ, ErrorCode::IllegalByteSequence),
    (Errno::SPIPE, ErrorCode::InvalidSeek),
    (Errno::PIPE, ErrorCode::Pipe),
    (Errno::NODEV, ErrorCode::NoDevice),
    (Errno::NXIO, ErrorCode::NoSuchDevice),
    (Errno::NOLCK, ErrorCode::NoLock),
    (Errno::DEADLK, ErrorCode::Deadlock),
    (Errno::IO, ErrorCode::Io),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errno_has_one_code() {
        for (at, (errno, code)) in TABLE.iter().enumerate() {
            assert_eq!(ErrorCode::from(*errno), *code, "{errno:?} stands twice");
            let raw = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(ErrorCode::from(raw), *code, "{at}");
        }
        assert_eq!(ErrorCode::from(Errno::TIME), ErrorCode::Io);
        assert_eq!(
            ErrorCode::from(io::Error::from(io::ErrorKind::PermissionDenied)),
            ErrorCode::NotPermitted
        );
    }
}
