//! The one place through which every import and every export of a component passes.
//!
//! - `grants`: at load, every import is checked against the manifest's grants, and only what is
//!   granted is linked.
//! - [`Binder`]: the generic wrapper around every function of a handler. It checks the size of what
//!   passes, records it, and in replay answers from the trace. Resources of the host (streams,
//!   files) pass as numbers; what they stand for is in [`Resources`].
//! - [`export`]: calls of exported functions, through dynamic values.
//!
//! A handler sees its [`Context`] and its arguments; it cannot reach the record, and so cannot
//! forget to write it.

mod binder;
pub mod export;
mod grants;
mod limiter;
mod link;
mod path;
mod resources;
mod script;
mod stop;
#[cfg(test)]
mod tests;
mod unanswered;

pub use binder::{Answering, Binder, Source};
pub use grants::{check_imports, link};
pub use limiter::MemoryLimiter;
pub use resources::{FIRST_OF_TURN, MAX_OPEN, Resources, close};
pub use script::{Divergence, Script};
pub(crate) use script::{show_call, show_values};
pub use stop::{Stop, Watcher};

use crate::handlers::Context;
use crate::trace::{CallsWriter, LogFailed};
use crate::wire::{WireList, Writer};

/// How many times the limit of one message the record of one turn's import calls may take.
const CALLS_FACTOR: u64 = 16;

/// Why the host ends a turn in the middle of an import call.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Abort {
    /// A limit on sizes or numbers was broken.
    #[error("{0}")]
    Size(String),
    /// The component asked for more memory than its limit.
    #[error("it asked for {asked} bytes of memory; its limit is {limit}")]
    Memory {
        /// Bytes in all.
        asked: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The component broke the contract of what it called, or asked for its end with these words:
    /// a trap.
    #[error("{0}")]
    Trap(String),
    /// Replay: what the component does differs from the record. The details stand in the script.
    #[error("the turn diverged from its record")]
    Diverged,
    /// Replay: the recorded turn ended in this call.
    #[error("the recorded turn ended here")]
    RecordEnds,
    /// Replay: whoever watches the turn has seen enough.
    #[error("nobody wants to see more of the turn")]
    Left,
    /// A call over a link got no answer, for this reason.
    #[error("{0}")]
    Unanswered(String),
    /// There is no actor at the end of a link.
    #[error("{0}")]
    NoSuchActor(String),
}

/// The data of a store: what one turn has.
#[derive(Debug)]
pub struct TurnData {
    /// What handlers see and change.
    pub context: Context,
    /// What passes the boundary.
    pub crossing: Crossing,
    /// The memory limit.
    pub limiter: MemoryLimiter,
}

/// Where a turn is recorded that is not done, before it asks another actor.
pub trait Opening: std::fmt::Debug + Send {
    /// Records the payload of the turn's calls since the last time, the last of which is this step.
    ///
    /// # Errors
    ///
    /// When the log cannot be written any more.
    fn open(&mut self, step: u64, calls: Vec<u8>) -> Result<(), LogFailed>;
}

/// The record of a turn while it runs, and in replay the record that it is compared with.
#[derive(Debug)]
pub struct Crossing {
    calls: CallsWriter,
    script: Option<Script>,
    /// Whether the turn is live behind the end of its script.
    resumes: bool,
    opening: Option<Box<dyn Opening>>,
    /// The last step of which there is an open record.
    opened: u64,
    message_limit: u64,
    /// For encoding arguments and results, used again for each call.
    buffer: Writer,
    watcher: Option<Watcher>,
}

impl Crossing {
    /// Records a live turn. `message_limit` is the largest message, in encoded bytes.
    pub fn live(message_limit: u64) -> Self {
        Self {
            calls: CallsWriter::default(),
            script: None,
            resumes: false,
            opening: None,
            opened: 0,
            message_limit,
            buffer: Writer::with_capacity(64),
            watcher: None,
        }
    }

    /// Answers from a record, and compares with it.
    pub fn replay(script: Script, message_limit: u64) -> Self {
        Self { script: Some(script), ..Self::live(message_limit) }
    }

    /// Records a turn that was in the middle of it when its node died: what it had got by then stands in the
    /// script, behind which the turn is live. The steps up to `opened` stand in open records.
    pub fn resume(script: Script, opened: u64, message_limit: u64) -> Self {
        Self { script: Some(script), resumes: true, opened, ..Self::live(message_limit) }
    }

    /// Records the turn in the middle of it, before it asks another actor.
    #[must_use]
    pub fn with_opening(self, opening: Box<dyn Opening>) -> Self {
        Self { opening: Some(opening), ..self }
    }

    /// Whether the turn goes on where a dead node left it.
    pub fn resumes(&self) -> bool {
        self.resumes
    }

    /// The number of the present import call in its turn, from 1.
    fn step(&self) -> u64 {
        self.calls.count() as u64
    }

    /// Records what the turn has done so far, unless there is such a record.
    fn open(&mut self) -> Result<(), Abort> {
        let step = self.step();
        if step <= self.opened {
            return Ok(());
        }
        let Some(opening) = &mut self.opening else { return Ok(()) };
        self.opened = step;
        let calls = self.calls.since_mark();
        opening.open(step, calls).map_err(|failed| Abort::Trap(failed.to_string()))
    }

    /// The largest message, in encoded bytes.
    pub fn message_limit(&self) -> u64 {
        self.message_limit
    }

    /// Ends the record: the payload of calls, and in replay the script with what was found.
    pub fn finish(self) -> (Vec<u8>, Option<Script>) {
        let calls = if self.calls.is_empty() { Vec::new() } else { self.calls.finish() };
        (calls, self.script)
    }

    /// Whether what has just been encoded is small enough to pass.
    fn check(&self, what: &str, function: &str) -> Result<(), Abort> {
        let (size, limit) = (self.buffer.len() as u64, self.message_limit);
        if size > limit {
            return Err(Abort::Size(format!(
                "the {what} of {function} take {size} bytes; the limit of one message is {limit}"
            )));
        }
        Ok(())
    }

    /// Records the arguments of a call, or compares them. What is too large is not recorded.
    fn begin(&mut self, function: &str, arguments: &impl WireList) -> Result<(), Abort> {
        self.buffer.clear();
        arguments.write_values(&mut self.buffer);
        self.begin_encoded(function)
    }

    /// The same with arguments that are in the buffer already.
    fn begin_encoded(&mut self, function: &str) -> Result<(), Abort> {
        if self.resumes && self.script.as_ref().is_some_and(|script| script.left() == 0) {
            self.script = None;
            self.calls.mark();
        }
        self.check("arguments", function)?;
        let all = CALLS_FACTOR * self.message_limit;
        if self.calls.len() as u64 > all {
            return Err(Abort::Size(format!(
                "the import calls of this turn take more than {all} bytes"
            )));
        }
        self.calls.begin(function, self.buffer.as_bytes());
        if let Some(script) = &mut self.script {
            script.expect(function, self.buffer.as_bytes())?;
        }
        if let Some(watcher) = &mut self.watcher {
            watcher.asks(function, self.buffer.as_bytes());
        }
        Ok(())
    }

    /// Records the results of a call, or compares them.
    fn end(
        &mut self,
        function: &str,
        results: &impl WireList,
        source: Source,
    ) -> Result<(), Abort> {
        self.buffer.clear();
        results.write_values(&mut self.buffer);
        self.end_encoded(function, source)
    }

    /// The same with results that are in the buffer already.
    fn end_encoded(&mut self, function: &str, source: Source) -> Result<(), Abort> {
        self.check("results", function)?;
        if let Some(script) = &mut self.script {
            script.compare_answer(self.buffer.as_bytes())?;
        }
        self.calls.answer(self.buffer.as_bytes(), source == Source::Actor);
        if let Some(watcher) = &mut self.watcher {
            watcher.gets(self.buffer.as_bytes());
        }
        Ok(())
    }
}
