use super::{InputStream, OutputStream, input, output};
use crate::boundary::{Abort, Binder, Resources, Source, close};
use crate::handlers::Context;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{self, Poll, Waker};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};
use wasmtime::component::Resource;

/// A wait longer than any turn: moments that the machine's clock cannot express.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// `wasi:io/poll.pollable`: what a component can wait for.
pub enum Pollable {
    /// Ready, now and always.
    Ready,
    /// Ready from a moment on. See [`Pollable::after`].
    At(Pin<Box<Sleep>>),
    /// Ready when an input stream has something to say; its number.
    Input(u32),
    /// Ready when an output stream takes something; its number.
    Output(u32),
}

impl Pollable {
    /// Ready when this much time has passed.
    pub fn after(duration: Duration) -> Self {
        if duration.is_zero() {
            return Self::Ready;
        }
        Self::At(Box::pin(sleep_until(Instant::now() + duration.min(FOR_EVER))))
    }
}

fn get<'c>(
    resources: &'c mut Resources,
    handle: &Resource<Pollable>,
) -> Result<&'c mut Pollable, Abort> {
    resources.get_mut(handle)
}

/// Whether it is ready; if not, the task is woken when it may be.
fn poll_ready(
    context: &mut Context,
    handle: &Resource<Pollable>,
    task: &mut task::Context<'_>,
) -> Result<bool, Abort> {
    let poll = match get(&mut context.resources, handle)? {
        Pollable::Ready => return Ok(true),
        // The clock is asked first: a timer may be behind it.
        Pollable::At(sleep) if sleep.deadline() <= Instant::now() => return Ok(true),
        Pollable::At(sleep) => sleep.as_mut().poll(task),
        Pollable::Input(number) => {
            let stream: Resource<InputStream> = Resource::new_borrow(*number);
            input::get(context, &stream)?.poll_ready(task)
        }
        Pollable::Output(number) => {
            let stream: Resource<OutputStream> = Resource::new_borrow(*number);
            output::get(context, &stream)?.poll_ready(task)
        }
    };
    Ok(poll.is_ready())
}

/// Waits until at least one is ready; the indices of all that are.
async fn wait(context: &mut Context, handles: &[Resource<Pollable>]) -> Result<Vec<u32>, Abort> {
    poll_fn(|task| {
        let mut ready = Vec::new();
        for (index, handle) in (0..).zip(handles) {
            match poll_ready(context, handle, task) {
                Ok(true) => ready.push(index),
                Ok(false) => {}
                Err(abort) => return Poll::Ready(Err(abort)),
            }
        }
        if ready.is_empty() { Poll::Pending } else { Poll::Ready(Ok(ready)) }
    })
    .await
}

pub fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.resource::<Pollable, _>("pollable", close)?;
    binder.function(
        "[method]pollable.ready",
        Source::World,
        |context, (pollable,): (Resource<Pollable>,)| {
            let mut task = task::Context::from_waker(Waker::noop());
            Ok((poll_ready(context, &pollable, &mut task)?,))
        },
    )?;
    binder.function_async(
        "[method]pollable.block",
        |context, (pollable,): (Resource<Pollable>,)| {
            Box::pin(async move { wait(context, &[pollable]).await.map(|_| ()) })
        },
    )?;
    binder.function_async("poll", |context, (pollables,): (Vec<Resource<Pollable>>,)| {
        Box::pin(async move {
            if pollables.is_empty() {
                return Err(Abort::Trap("it polled an empty list, which never ends".to_owned()));
            }
            Ok((wait(context, &pollables).await?,))
        })
    })
}
