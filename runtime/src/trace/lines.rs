use super::ImportCall;
use crate::handlers::io::OutputStream;
use crate::handlers::{LOG_WRITE, Level};
use crate::wire::WireList;
use minicbor::decode::Decoder;
use std::fmt;
use wasmtime::component::Resource;

/// The calls with which a component writes to its standard output and error.
const WRITES: [&str; 2] = [
    "wasi:io/streams@0.2.0#[method]output-stream.write",
    "wasi:io/streams@0.2.0#[method]output-stream.blocking-write-and-flush",
];

/// A line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Where it came from.
    pub from: LineOrigin,
    /// What it says, without the end of the line. A line of `log` may have several lines in it.
    pub text: String,
}

/// What wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOrigin {
    /// `theater:host/log`, with this level.
    Log(Level),
    /// The standard output.
    Stdout,
    /// The standard error.
    Stderr,
}

impl LineOrigin {
    /// How important its lines are.
    pub fn level(self) -> Level {
        match self {
            Self::Log(level) => level,
            Self::Stdout => Level::Info,
            Self::Stderr => Level::Warn,
        }
    }
}

impl fmt::Display for LineOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(level) => level.fmt(f),
            Self::Stdout => f.pad("stdout"),
            Self::Stderr => f.pad("stderr"),
        }
    }
}

/// The lines in a turn's calls, each where it was complete. What was not ended by the end of a line
/// comes last.
pub(crate) struct Lines<I> {
    calls: I,
    ready: std::collections::VecDeque<LogLine>,
    /// What the standard output and error have begun.
    begun: [(LineOrigin, Vec<u8>); 2],
}

impl<'c, I: Iterator<Item = &'c ImportCall>> Lines<I> {
    pub fn new(calls: impl IntoIterator<IntoIter = I>) -> Self {
        let begun = [(LineOrigin::Stdout, Vec::new()), (LineOrigin::Stderr, Vec::new())];
        Self { calls: calls.into_iter(), ready: Default::default(), begun }
    }

    fn follow(&mut self, call: &ImportCall) {
        let mut decoder = Decoder::new(&call.arguments);
        if call.function == LOG_WRITE {
            if let Ok((level, text)) = <(Level, String)>::read_values(&mut decoder) {
                self.ready.push_back(LogLine { from: LineOrigin::Log(level), text });
            }
        } else if WRITES.contains(&call.function.as_str())
            && let Ok((handle, bytes)) =
                <(Resource<OutputStream>, Vec<u8>)>::read_values(&mut decoder)
        {
            self.write(handle.rep(), &bytes);
        }
    }

    fn write(&mut self, number: u32, bytes: &[u8]) {
        let (from, begun) = match number {
            OutputStream::STDOUT => &mut self.begun[0],
            OutputStream::STDERR => &mut self.begun[1],
            _ => return,
        };
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            begun.extend(piece);
            if piece.ends_with(b"\n") {
                self.ready.push_back(line(*from, begun));
            }
        }
    }

    /// What was begun and not ended, when there is nothing more to follow.
    fn rest(&mut self) -> Option<LogLine> {
        let (from, begun) = self.begun.iter_mut().find(|(_, begun)| !begun.is_empty())?;
        Some(line(*from, begun))
    }
}

/// The bytes as a line; takes them.
fn line(from: LineOrigin, bytes: &mut Vec<u8>) -> LogLine {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    bytes.clear();
    LogLine { from, text }
}

impl<'c, I: Iterator<Item = &'c ImportCall>> Iterator for Lines<I> {
    type Item = LogLine;

    fn next(&mut self) -> Option<LogLine> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            match self.calls.next() {
                Some(call) => self.follow(call),
                None => return self.rest(),
            }
        }
    }
}
