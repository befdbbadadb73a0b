//! `wasi:io`: what all of WASI's streams and waiting rest on. What they stand for is made by other
//! handlers: see [`Input`], [`Output`] and [`Pollable`].

mod input;
mod output;
mod poll;

pub use input::{Input, InputStream};
pub(super) use output::Stdio;
pub use output::{Output, OutputStream};
pub use poll::Pollable;

use super::Context;
use crate::boundary::{Abort, Binder, Source, close};
use crate::wire::wire_variant;
use std::any::Any;
use wasmtime::component::{ComponentType, Lift, Lower, Resource};

/// The most that one read gives and one write takes, in bytes.
const CHUNK: u64 = 64 << 10;

/// `wasi:io/error.error`: an error of something outside.
pub struct IoError {
    /// What went wrong, in words for people.
    pub message: String,
    /// What the handler that made it knows of it, for functions such as
    /// `wasi:filesystem/types.filesystem-error-code`.
    pub detail: Option<Box<dyn Any + Send>>,
}

/// Why a stream does not go on.
pub enum StreamEnd {
    /// It has ended, or was closed.
    Closed,
    /// It failed.
    Failed(IoError),
}

/// `wasi:io/streams.stream-error`.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
pub enum StreamError {
    /// It failed, as the error says.
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    /// It has ended, or was closed.
    #[component(name = "closed")]
    Closed,
}

wire_variant!(StreamError {
    Closed = "closed"; LastOperationFailed = "last-operation-failed"
});

impl StreamEnd {
    /// A failure of which nothing more is known than what it says.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(IoError { message: message.into(), detail: None })
    }

    /// As the component gets it.
    fn error(self, context: &mut Context) -> Result<StreamError, Abort> {
        Ok(match self {
            Self::Closed => StreamError::Closed,
            Self::Failed(error) => StreamError::LastOperationFailed(context.resources.open(error)?),
        })
    }
}

/// The answer of a function of streams.
type Answer<T> = (Result<T, StreamError>,);

fn answer<T>(context: &mut Context, result: Result<T, StreamEnd>) -> Result<Answer<T>, Abort> {
    Ok((match result {
        Ok(value) => Ok(value),
        Err(end) => Err(end.error(context)?),
    },))
}

pub(super) fn bind(binder: &mut Binder<'_>, interface: &str) -> wasmtime::Result<()> {
    match interface {
        "error" => {
            binder.resource::<IoError, _>("error", close)?;
            binder.function(
                "[method]error.to-debug-string",
                Source::World,
                |context, (error,): (Resource<IoError>,)| {
                    Ok((context.resources.get(&error)?.message.clone(),))
                },
            )
        }
        "poll" => poll::bind(binder),
        _ => {
            input::bind(binder)?;
            output::bind(binder)
        }
    }
}
