use super::{Answer, CHUNK, Pollable, StreamEnd, answer};
use crate::boundary::{Abort, Binder, Source, close};
use crate::handlers::Context;
use std::future::poll_fn;
use std::task::{self, Poll};
use wasmtime::component::Resource;

/// Something that a component can read from, one byte after the other.
pub trait Input: Send {
    /// Reads at most `max` bytes of what is there, without waiting: none if nothing is there yet.
    ///
    /// # Errors
    ///
    /// At its end, and when reading fails. It is not called again then.
    fn read(&mut self, max: usize) -> Result<Vec<u8>, StreamEnd>;

    /// Whether `read` has something to say: bytes, or its end. If not, wakes the task when it may have.
    fn poll_ready(&mut self, _task: &mut task::Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// `wasi:io/streams.input-stream`.
pub struct InputStream {
    /// None when it has ended.
    input: Option<Box<dyn Input>>,
}

impl InputStream {
    /// The number of the standard input, in every turn.
    pub const STDIN: u32 = 0;

    /// A stream of this input.
    pub fn new(input: impl Input + 'static) -> Self {
        Self { input: Some(Box::new(input)) }
    }

    /// A stream that has ended.
    pub const fn ended() -> Self {
        Self { input: None }
    }

    pub(super) fn read(&mut self, max: u64) -> Result<Vec<u8>, StreamEnd> {
        let Some(input) = &mut self.input else { return Err(StreamEnd::Closed) };
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        if max == 0 {
            return Ok(Vec::new());
        }
        input.read(max).inspect_err(|_| self.input = None)
    }

    pub(super) fn poll_ready(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        self.input.as_mut().map_or(Poll::Ready(()), |input| input.poll_ready(task))
    }
}

/// The stream of a handle.
pub fn get<'c>(
    context: &'c mut Context,
    handle: &Resource<InputStream>,
) -> Result<&'c mut InputStream, Abort> {
    match handle.rep() {
        InputStream::STDIN => Ok(&mut context.stdio.input),
        _ => context.resources.get_mut(handle),
    }
}

/// What is there, without waiting.
fn read(
    context: &mut Context,
    stream: &Resource<InputStream>,
    len: u64,
) -> Result<Result<Vec<u8>, StreamEnd>, Abort> {
    let max = len.min(CHUNK).min(context.largest_part());
    Ok(get(context, stream)?.read(max))
}

/// What is there, once there is something.
pub(super) async fn read_waiting(
    context: &mut Context,
    stream: &Resource<InputStream>,
    len: u64,
) -> Result<Result<Vec<u8>, StreamEnd>, Abort> {
    loop {
        let source = get(context, stream)?;
        poll_fn(|task| source.poll_ready(task)).await;
        match read(context, stream, len)? {
            Ok(bytes) if bytes.is_empty() && len > 0 => tokio::task::yield_now().await,
            done => return Ok(done),
        }
    }
}

type Asked = (Resource<InputStream>, u64);

fn count(bytes: Vec<u8>) -> u64 {
    bytes.len() as u64
}

pub fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.resource::<InputStream, _>("input-stream", close)?;
    binder.function(
        "[method]input-stream.read",
        Source::World,
        |context, (stream, len): Asked| -> Result<Answer<Vec<u8>>, Abort> {
            let result = read(context, &stream, len)?;
            answer(context, result)
        },
    )?;
    binder.function_async(
        "[method]input-stream.blocking-read",
        |context, (stream, len): Asked| {
            Box::pin(async move {
                let result = read_waiting(context, &stream, len).await?;
                answer(context, result)
            })
        },
    )?;
    binder.function(
        "[method]input-stream.skip",
        Source::World,
        |context, (stream, len): Asked| -> Result<Answer<u64>, Abort> {
            let result = read(context, &stream, len)?;
            answer(context, result.map(count))
        },
    )?;
    binder.function_async(
        "[method]input-stream.blocking-skip",
        |context, (stream, len): Asked| {
            Box::pin(async move {
                let result = read_waiting(context, &stream, len).await?;
                answer(context, result.map(count))
            })
        },
    )?;
    binder.function(
        "[method]input-stream.subscribe",
        Source::World,
        |context, (stream,): (Resource<InputStream>,)| {
            let pollable = Pollable::Input(stream.rep());
            Ok((context.resources.open_child(pollable, &stream)?,))
        },
    )
}

impl std::fmt::Debug for InputStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InputStream").field("ended", &self.input.is_none()).finish()
    }
}
