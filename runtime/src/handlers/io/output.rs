use super::{Answer, CHUNK, InputStream, Pollable, StreamEnd, answer, input};
use crate::boundary::{Abort, Answering, Binder, Source, close};
use crate::handlers::Context;
use std::future::poll_fn;
use std::task::{self, Poll};
use wasmtime::component::Resource;

/// What a blocking write takes at once, by WASI.
const BLOCKING_WRITE: u64 = 4096;

/// Something that a component can write to, one byte after the other.
pub trait Output: Send {
    /// How many bytes the next write may have, at this moment.
    ///
    /// # Errors
    ///
    /// When it has ended or failed. It is not called again then.
    fn check_write(&mut self) -> Result<u64, StreamEnd>;

    /// Writes bytes, not more than `check_write` allowed.
    ///
    /// # Errors
    ///
    /// When it has ended or failed. It is not called again then.
    fn write(&mut self, bytes: &[u8]) -> Result<(), StreamEnd>;

    /// Brings what was written to where it belongs.
    ///
    /// # Errors
    ///
    /// When it has ended or failed. It is not called again then.
    fn flush(&mut self) -> Result<(), StreamEnd> {
        Ok(())
    }

    /// Whether `check_write` has something to say: room, or its end. If not, wakes the task when it may
    /// have. While a flush goes on, it is not ready.
    fn poll_ready(&mut self, _task: &mut task::Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// `wasi:io/streams.output-stream`.
pub struct OutputStream {
    target: Target,
    /// How many bytes may be written before `check-write` must be asked again.
    permit: u64,
}

enum Target {
    Closed,
    /// The standard output or error: what is written there stands in the record, and is shown
    /// from it ([`crate::trace::RecordView::log_lines`]).
    Log,
    Host(Box<dyn Output>),
}

/// The standard streams. Their numbers are the same in every turn, so that a component that keeps
/// them over several turns goes on using them.
#[derive(Debug)]
pub struct Stdio {
    pub input: InputStream,
    out: OutputStream,
    err: OutputStream,
}

impl Stdio {
    pub const fn new() -> Self {
        Self { input: InputStream::ended(), out: OutputStream::log(), err: OutputStream::log() }
    }
}

impl OutputStream {
    /// The number of the standard output, in every turn.
    pub const STDOUT: u32 = 1;
    /// The number of the standard error, in every turn.
    pub const STDERR: u32 = 2;

    /// A stream to this output.
    pub fn new(output: impl Output + 'static) -> Self {
        Self { target: Target::Host(Box::new(output)), permit: 0 }
    }

    const fn log() -> Self {
        Self { target: Target::Log, permit: 0 }
    }

    fn check_write(&mut self) -> Result<u64, StreamEnd> {
        let room = match &mut self.target {
            Target::Closed => Err(StreamEnd::Closed),
            Target::Log => Ok(CHUNK),
            Target::Host(output) => output.check_write(),
        };
        self.ended(room)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StreamEnd> {
        self.permit = self.permit.saturating_sub(bytes.len() as u64);
        let written = match &mut self.target {
            Target::Closed => Err(StreamEnd::Closed),
            Target::Log => Ok(()),
            Target::Host(output) => output.write(bytes),
        };
        self.ended(written)
    }

    fn flush(&mut self) -> Result<(), StreamEnd> {
        let flushed = match &mut self.target {
            Target::Closed => Err(StreamEnd::Closed),
            Target::Log => Ok(()),
            Target::Host(output) => output.flush(),
        };
        self.ended(flushed)
    }

    /// After its end nothing is asked of it again.
    fn ended<T>(&mut self, result: Result<T, StreamEnd>) -> Result<T, StreamEnd> {
        if result.is_err() {
            self.target = Target::Closed;
        }
        result
    }

    pub(super) fn poll_ready(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        match &mut self.target {
            Target::Host(output) => output.poll_ready(task),
            Target::Closed | Target::Log => Poll::Ready(()),
        }
    }
}

/// The stream of a handle.
pub fn get<'c>(
    context: &'c mut Context,
    handle: &Resource<OutputStream>,
) -> Result<&'c mut OutputStream, Abort> {
    match handle.rep() {
        OutputStream::STDOUT => Ok(&mut context.stdio.out),
        OutputStream::STDERR => Ok(&mut context.stdio.err),
        _ => context.resources.get_mut(handle),
    }
}

/// How many bytes may be written now.
fn check_write(
    context: &mut Context,
    handle: &Resource<OutputStream>,
) -> Result<Result<u64, StreamEnd>, Abort> {
    let largest = context.largest_part();
    let stream = get(context, handle)?;
    let room = stream.check_write().map(|room| room.min(CHUNK).min(largest));
    stream.permit = *room.as_ref().unwrap_or(&0);
    Ok(room)
}

/// Writes what was permitted before.
fn write(
    context: &mut Context,
    handle: &Resource<OutputStream>,
    bytes: &[u8],
) -> Result<Result<(), StreamEnd>, Abort> {
    let permit = get(context, handle)?.permit;
    if bytes.len() as u64 > permit {
        return Err(Abort::Trap(format!(
            "it wrote {} bytes at once, where `check-write` had permitted {permit}",
            bytes.len()
        )));
    }
    if matches!(handle.rep(), OutputStream::STDOUT | OutputStream::STDERR) {
        context.count_lines(bytes.iter().filter(|byte| **byte == b'\n').count())?;
    }
    Ok(get(context, handle)?.write(bytes))
}

/// Waits until the stream takes something.
async fn ready(context: &mut Context, handle: &Resource<OutputStream>) -> Result<(), Abort> {
    let stream = get(context, handle)?;
    poll_fn(|task| stream.poll_ready(task)).await;
    Ok(())
}

/// Waits until the stream takes something; how much.
async fn room(
    context: &mut Context,
    handle: &Resource<OutputStream>,
) -> Result<Result<u64, StreamEnd>, Abort> {
    loop {
        ready(context, handle).await?;
        match check_write(context, handle)? {
            Ok(0) => tokio::task::yield_now().await,
            done => return Ok(done),
        }
    }
}

async fn flush(
    context: &mut Context,
    handle: &Resource<OutputStream>,
) -> Result<Answer<()>, Abort> {
    let flushed = get(context, handle)?.flush();
    if flushed.is_ok() {
        ready(context, handle).await?;
    }
    answer(context, flushed)
}

/// Writes all of it, piece by piece as there is room, and flushes.
async fn write_all(
    context: &mut Context,
    handle: Resource<OutputStream>,
    mut bytes: &[u8],
) -> Result<Answer<()>, Abort> {
    if bytes.len() as u64 > BLOCKING_WRITE {
        return Err(Abort::Trap(format!(
            "it wrote {} bytes in one blocking write, where WASI allows {BLOCKING_WRITE}",
            bytes.len()
        )));
    }
    while !bytes.is_empty() {
        let written = match room(context, &handle).await? {
            Ok(room) => {
                let (now, later) = bytes.split_at(bytes.len().min(room as usize));
                bytes = later;
                write(context, &handle, now)?
            }
            Err(end) => Err(end),
        };
        if let Err(end) = written {
            return answer(context, Err(end));
        }
    }
    flush(context, &handle).await
}

type Stream = (Resource<OutputStream>,);
type Spliced = (Resource<OutputStream>, Resource<InputStream>, u64);

pub fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.resource::<OutputStream, _>("output-stream", close)?;
    binder.function(
        "[method]output-stream.check-write",
        Source::World,
        |context, (stream,): Stream| -> Result<Answer<u64>, Abort> {
            let room = check_write(context, &stream)?;
            answer(context, room)
        },
    )?;
    binder.function(
        "[method]output-stream.subscribe",
        Source::World,
        |context, (stream,): Stream| {
            let pollable = Pollable::Output(stream.rep());
            Ok((context.resources.open_child(pollable, &stream)?,))
        },
    )?;
    bind_writes(binder)?;
    bind_flushes(binder)?;
    bind_splices(binder)
}

fn bind_writes(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.function(
        "[method]output-stream.write",
        Source::World,
        |context, (stream, bytes): (Resource<OutputStream>, Vec<u8>)| -> Result<Answer<()>, _> {
            let written = write(context, &stream, &bytes)?;
            answer(context, written)
        },
    )?;
    binder.function(
        "[method]output-stream.write-zeroes",
        Source::World,
        |context, (stream, len): (Resource<OutputStream>, u64)| -> Result<Answer<()>, _> {
            // More than a piece was never permitted.
            let zeroes = vec![0; len.min(CHUNK + 1) as usize];
            let written = write(context, &stream, &zeroes)?;
            answer(context, written)
        },
    )?;
    binder.function_async(
        "[method]output-stream.blocking-write-and-flush",
        |context,
         (stream, bytes): (Resource<OutputStream>, Vec<u8>)|
         -> Answering<'_, Answer<()>> {
            Box::pin(async move { write_all(context, stream, &bytes).await })
        },
    )?;
    binder.function_async(
        "[method]output-stream.blocking-write-zeroes-and-flush",
        |context, (stream, len): (Resource<OutputStream>, u64)| -> Answering<'_, Answer<()>> {
            Box::pin(async move {
                let zeroes = vec![0; len.min(BLOCKING_WRITE + 1) as usize];
                write_all(context, stream, &zeroes).await
            })
        },
    )
}

fn bind_flushes(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.function(
        "[method]output-stream.flush",
        Source::World,
        |context, (stream,): Stream| -> Result<Answer<()>, Abort> {
            let flushed = get(context, &stream)?.flush();
            answer(context, flushed)
        },
    )?;
    binder.function_async(
        "[method]output-stream.blocking-flush",
        |context, (stream,): Stream| -> Answering<'_, Answer<()>> {
            Box::pin(async move { flush(context, &stream).await })
        },
    )
}

fn bind_splices(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.function_async(
        "[method]output-stream.splice",
        |context, (target, source, len): Spliced| -> Answering<'_, Answer<u64>> {
            Box::pin(splice(context, target, source, len, false))
        },
    )?;
    binder.function_async(
        "[method]output-stream.blocking-splice",
        |context, (target, source, len): Spliced| -> Answering<'_, Answer<u64>> {
            Box::pin(splice(context, target, source, len, true))
        },
    )
}

/// Moves bytes from one stream to another. Only their number is recorded, so the standard streams,
/// which are shown from the record, take none.
async fn splice(
    context: &mut Context,
    target: Resource<OutputStream>,
    source: Resource<InputStream>,
    len: u64,
    wait: bool,
) -> Result<Answer<u64>, Abort> {
    if matches!(get(context, &target)?.target, Target::Log) {
        let end = StreamEnd::failed("the standard output and error take no splice, only writes");
        return answer(context, Err(end));
    }
    let room = if wait { room(context, &target).await? } else { check_write(context, &target)? };
    let room = match room {
        Ok(room) => room.min(len),
        Err(end) => return answer(context, Err(end)),
    };
    let read = match wait {
        true => input::read_waiting(context, &source, room).await?,
        false => input::get(context, &source)?.read(room),
    };
    let moved = match read {
        Ok(bytes) => write(context, &target, &bytes)?.map(|()| bytes.len() as u64),
        Err(end) => Err(end),
    };
    answer(context, moved)
}

impl std::fmt::Debug for OutputStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutputStream").field("permit", &self.permit).finish_non_exhaustive()
    }
}
