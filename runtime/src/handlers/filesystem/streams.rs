//! Streams of files. They share the open file with the descriptor that they come from, and have a
//! place of their own in it.

use super::Token;
use super::bind::blocking;
use super::error::ErrorCode;
use super::file::{MAX_READ, OpenFile};
use crate::handlers::io::{Input, IoError, Output, StreamEnd};
use std::sync::Arc;

/// Reads a file from a place on.
pub struct Reading {
    file: Arc<OpenFile>,
    place: u64,
    /// Counts it among the open ones.
    _token: Token,
}

impl Reading {
    /// Reads from this place on.
    pub fn new(file: Arc<OpenFile>, place: u64, token: Token) -> Self {
        Self { file, place, _token: token }
    }
}

impl Input for Reading {
    fn read(&mut self, max: usize) -> Result<Vec<u8>, StreamEnd> {
        let bytes = blocking(|| self.file.read(max as u64, self.place)).map_err(failed)?;
        if bytes.is_empty() {
            return Err(StreamEnd::Closed);
        }
        self.place += bytes.len() as u64;
        Ok(bytes)
    }
}

/// Writes a file from a place on, or at its end.
pub struct Writing {
    file: Arc<OpenFile>,
    /// None is the end of the file, wherever that is.
    place: Option<u64>,
    /// Counts it among the open ones.
    _token: Token,
}

impl Writing {
    /// Writes from this place on; none is the end of the file.
    pub fn new(file: Arc<OpenFile>, place: Option<u64>, token: Token) -> Self {
        Self { file, place, _token: token }
    }
}

impl Output for Writing {
    fn check_write(&mut self) -> Result<u64, StreamEnd> {
        Ok(MAX_READ)
    }

    /// All of it, at once.
    fn write(&mut self, bytes: &[u8]) -> Result<(), StreamEnd> {
        let written = blocking(|| match self.place {
            Some(place) => self.file.write_all(bytes, place),
            None => self.file.append(bytes),
        });
        written.map_err(failed)?;
        if let Some(place) = &mut self.place {
            *place += bytes.len() as u64;
        }
        Ok(())
    }
}

/// The component can ask for the code with `filesystem-error-code`.
fn failed(code: ErrorCode) -> StreamEnd {
    let message = format!("the file system answered `{}`", code.name());
    StreamEnd::Failed(IoError { message, detail: Some(Box::new(code)) })
}
