//! The functions of `wasi:filesystem`, each linked through the boundary.

use super::Token;
use super::descriptor::Descriptor;
use super::error::{Answer, ErrorCode};
use super::listing::Listing;
use super::streams::{Reading, Writing};
use super::types::{Advice, DescriptorFlags, NewTimestamp, OpenFlags, PathFlags};
use crate::boundary::{Abort, Binder, Source, close};
use crate::handlers::Context;
use crate::handlers::io::{InputStream, IoError, OutputStream};
use std::any::Any;
use tokio::runtime::{Handle, RuntimeFlavor};
use wasmtime::Result;
use wasmtime::component::Resource;

type This = Resource<Descriptor>;

/// Links one interface.
pub fn bind(binder: &mut Binder<'_>, interface: &str) -> Result<()> {
    if interface == "preopens" {
        return binder.function("get-directories", Source::World, |context, ()| {
            Ok((context.files.directories(),))
        });
    }
    binder.resource::<Descriptor, _>("descriptor", close)?;
    binder.resource::<Listing, _>("directory-entry-stream", close)?;
    streams(binder)?;
    contents(binder)?;
    opening(binder)?;
    attributes(binder)?;
    times(binder)?;
    changes(binder)?;
    moves(binder)
}

/// Does something with a descriptor that may block.
fn on<T>(
    context: &Context,
    this: &This,
    work: impl FnOnce(&Descriptor) -> T,
) -> Result<(T,), Abort> {
    let descriptor = context.resources.get(this)?;
    Ok((blocking(|| work(descriptor)),))
}

/// The same with two descriptors.
fn on_both<T>(
    context: &Context,
    this: &This,
    other: &This,
    work: impl FnOnce(&Descriptor, &Descriptor) -> T,
) -> Result<(T,), Abort> {
    let other = context.resources.get(other)?;
    on(context, this, |descriptor| work(descriptor, other))
}

/// Makes a resource of what was opened.
pub(super) fn handle<T: Any + Send>(
    context: &mut Context,
    opened: Answer<T>,
) -> Result<(Answer<Resource<T>>,), Abort> {
    Ok((match opened {
        Ok(opened) => Ok(context.resources.open(opened)?),
        Err(code) => Err(code),
    },))
}

/// Lets the thread's other tasks go on elsewhere meanwhile, where there is an elsewhere.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// A stream of an open file.
fn stream<T: Any + Send>(
    context: &mut Context,
    this: &This,
    make: impl FnOnce(&Descriptor, Token) -> Answer<T>,
) -> Result<(Answer<Resource<T>>,), Abort> {
    let token = context.files.room()?;
    let made = make(context.resources.get(this)?, token);
    handle(context, made)
}

/// What writes to an open file.
fn writing(descriptor: &Descriptor, place: Option<u64>, token: Token) -> Answer<OutputStream> {
    let file = descriptor.file(ErrorCode::BadDescriptor)?;
    file.check_writable()?;
    Ok(OutputStream::new(Writing::new(file.clone(), place, token)))
}

fn streams(binder: &mut Binder<'_>) -> Result<()> {
    binder.function(
        "[method]descriptor.read-via-stream",
        Source::World,
        |context, (this, offset): (This, u64)| {
            stream(context, &this, |descriptor, token| {
                let file = descriptor.file(ErrorCode::IsDirectory)?;
                Ok(InputStream::new(Reading::new(file.clone(), offset, token)))
            })
        },
    )?;
    binder.function(
        "[method]descriptor.write-via-stream",
        Source::World,
        |context, (this, offset): (This, u64)| {
            stream(context, &this, |descriptor, token| writing(descriptor, Some(offset), token))
        },
    )?;
    binder.function(
        "[method]descriptor.append-via-stream",
        Source::World,
        |context, (this,): (This,)| {
            stream(context, &this, |descriptor, token| writing(descriptor, None, token))
        },
    )?;
    binder.function(
        "filesystem-error-code",
        Source::World,
        |context, (error,): (Resource<IoError>,)| {
            let detail = &context.resources.get(&error)?.detail;
            Ok((detail.as_ref().and_then(|detail| detail.downcast_ref::<ErrorCode>()).copied(),))
        },
    )
}

fn contents(binder: &mut Binder<'_>) -> Result<()> {
    binder.function(
        "[method]descriptor.read",
        Source::World,
        |context, (this, length, offset): (This, u64, u64)| {
            let length = length.min(context.largest_part());
            on(context, &this, |descriptor| {
                let bytes = descriptor.file(ErrorCode::IsDirectory)?.read(length, offset)?;
                let end = bytes.is_empty() && length > 0;
                Answer::Ok((bytes, end))
            })
        },
    )?;
    binder.function(
        "[method]descriptor.write",
        Source::World,
        |context, (this, bytes, offset): (This, Vec<u8>, u64)| {
            on(context, &this, |descriptor| {
                descriptor.file(ErrorCode::IsDirectory)?.write(&bytes, offset)
            })
        },
    )?;
    binder.function(
        "[method]descriptor.set-size",
        Source::World,
        |context, (this, size): (This, u64)| {
            on(context, &this, |descriptor| {
                descriptor.file(ErrorCode::BadDescriptor)?.set_size(size)
            })
        },
    )?;
    binder.function(
        "[method]descriptor.advise",
        Source::World,
        |context, (this, offset, length, advice): (This, u64, u64, Advice)| {
            on(context, &this, |descriptor| {
                descriptor.file(ErrorCode::BadDescriptor)?.advise(offset, length, advice)
            })
        },
    )?;
    binder.function(
        "[method]descriptor.sync-data",
        Source::World,
        |context, (this,): (This,)| on(context, &this, |descriptor| descriptor.sync(true)),
    )?;
    binder.function("[method]descriptor.sync", Source::World, |context, (this,): (This,)| {
        on(context, &this, |descriptor| descriptor.sync(false))
    })
}

fn opening(binder: &mut Binder<'_>) -> Result<()> {
    type OpenAt = (This, PathFlags, String, OpenFlags, DescriptorFlags);
    binder.function(
        "[method]descriptor.open-at",
        Source::World,
        |context, (this, path_flags, path, open, flags): OpenAt| {
            let token = context.files.room()?;
            let (opened,) = on(context, &this, |descriptor| {
                descriptor.open_at(path_flags, &path, open, flags, token)
            })?;
            handle(context, opened)
        },
    )?;
    binder.function(
        "[method]descriptor.read-directory",
        Source::World,
        |context, (this,): (This,)| {
            let token = context.files.room()?;
            let (listing,) = on(context, &this, |descriptor| descriptor.list(token))?;
            handle(context, listing)
        },
    )?;
    binder.function(
        "[method]directory-entry-stream.read-directory-entry",
        Source::World,
        |context, (listing,): (Resource<Listing>,)| {
            Ok((context.resources.get_mut(&listing)?.next(),))
        },
    )
}

fn attributes(binder: &mut Binder<'_>) -> Result<()> {
    binder.function(
        "[method]descriptor.get-flags",
        Source::World,
        |context, (this,): (This,)| on(context, &this, |descriptor| Answer::Ok(descriptor.flags())),
    )?;
    binder.function(
        "[method]descriptor.get-type",
        Source::World,
        |context, (this,): (This,)| on(context, &this, Descriptor::kind),
    )?;
    binder.function("[method]descriptor.stat", Source::World, |context, (this,): (This,)| {
        on(context, &this, Descriptor::stat)
    })?;
    binder.function(
        "[method]descriptor.metadata-hash",
        Source::World,
        |context, (this,): (This,)| on(context, &this, Descriptor::hash),
    )?;
    binder.function(
        "[method]descriptor.is-same-object",
        Source::World,
        |context, (this, other): (This, This)| on_both(context, &this, &other, Descriptor::is_same),
    )?;
    binder.function(
        "[method]descriptor.stat-at",
        Source::World,
        |context, (this, flags, path): (This, PathFlags, String)| {
            on(context, &this, |descriptor| descriptor.stat_at(flags, &path))
        },
    )?;
    binder.function(
        "[method]descriptor.metadata-hash-at",
        Source::World,
        |context, (this, flags, path): (This, PathFlags, String)| {
            on(context, &this, |descriptor| descriptor.hash_at(flags, &path))
        },
    )?;
    binder.function(
        "[method]descriptor.readlink-at",
        Source::World,
        |context, (this, path): (This, String)| {
            on(context, &this, |descriptor| descriptor.readlink_at(&path))
        },
    )
}

fn times(binder: &mut Binder<'_>) -> Result<()> {
    binder.function(
        "[method]descriptor.set-times",
        Source::World,
        |context, (this, accessed, modified): (This, NewTimestamp, NewTimestamp)| {
            on(context, &this, |descriptor| descriptor.set_times(accessed, modified))
        },
    )?;
    type SetTimesAt = (This, PathFlags, String, NewTimestamp, NewTimestamp);
    binder.function(
        "[method]descriptor.set-times-at",
        Source::World,
        |context, (this, flags, path, accessed, modified): SetTimesAt| {
            on(context, &this, |descriptor| {
                descriptor.set_times_at(flags, &path, accessed, modified)
            })
        },
    )
}

fn changes(binder: &mut Binder<'_>) -> Result<()> {
    binder.function(
        "[method]descriptor.create-directory-at",
        Source::World,
        |context, (this, path): (This, String)| {
            on(context, &this, |descriptor| descriptor.create_directory_at(&path))
        },
    )?;
    binder.function(
        "[method]descriptor.remove-directory-at",
        Source::World,
        |context, (this, path): (This, String)| {
            on(context, &this, |descriptor| descriptor.remove_directory_at(&path))
        },
    )?;
    binder.function(
        "[method]descriptor.unlink-file-at",
        Source::World,
        |context, (this, path): (This, String)| {
            on(context, &this, |descriptor| descriptor.unlink_file_at(&path))
        },
    )?;
    binder.function(
        "[method]descriptor.symlink-at",
        Source::World,
        |context, (this, target, path): (This, String, String)| {
            on(context, &this, |descriptor| descriptor.symlink_at(&target, &path))
        },
    )
}

fn moves(binder: &mut Binder<'_>) -> Result<()> {
    type LinkAt = (This, PathFlags, String, This, String);
    binder.function(
        "[method]descriptor.link-at",
        Source::World,
        |context, (this, flags, path, to, to_path): LinkAt| {
            on_both(context, &this, &to, |descriptor, to| {
                descriptor.link_at(flags, &path, to, &to_path)
            })
        },
    )?;
    binder.function(
        "[method]descriptor.rename-at",
        Source::World,
        |context, (this, path, to, to_path): (This, String, This, String)| {
            on_both(context, &this, &to, |descriptor, to| descriptor.rename_at(&path, to, &to_path))
        },
    )
}
