use crate::trace::{CallsReader, ExitReason, LineOrigin, Lines, names};
use crate::wire::{Wire, WireError, Writer};
use minicbor::decode::Decoder;
use std::collections::VecDeque;
use std::fmt;

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeKind {
    /// The function returned, and the turn committed. An `err` is a return like any other.
    Returned,
    /// `init` returned an `err`, and the actor does not start; or `upgrade` did, and the actor goes on with
    /// the component of before.
    Refused,
    /// The component trapped.
    Trap,
    /// The component used more fuel than its limit.
    OutOfFuel,
    /// The component called deeper than the stack allows.
    StackOverflow,
    /// The component asked for more memory than its limit.
    MemoryLimit,
    /// The turn took longer than its limit.
    Timeout,
    /// A value, the state, or the record of the turn would have grown beyond its limit.
    SizeLimit,
    /// Somebody ended the turn from outside.
    Cancelled,
    /// A call over a link got no answer.
    CallFailed,
    /// There was no actor at the end of a link.
    NoSuchActor,
}

names!(OutcomeKind {
    Returned = "returned",
    Refused = "refused",
    Trap = "trap",
    OutOfFuel = "out-of-fuel",
    StackOverflow = "stack-overflow",
    MemoryLimit = "memory-limit",
    Timeout = "timeout",
    SizeLimit = "size-limit",
    Cancelled = "cancelled",
    CallFailed = "call-failed",
    NoSuchActor = "no-such-actor",
});

impl OutcomeKind {
    /// Whether state changes take effect.
    pub fn commits(self) -> bool {
        self == Self::Returned
    }

    /// Why the incarnation ends with this turn, if it does.
    pub fn exit_reason(self) -> Option<ExitReason> {
        match self {
            Self::Returned => None,
            Self::Refused => Some(ExitReason::InitRefused),
            Self::Trap | Self::StackOverflow | Self::CallFailed => Some(ExitReason::Trap),
            Self::NoSuchActor => Some(ExitReason::NoSuchActor),
            Self::OutOfFuel | Self::MemoryLimit | Self::Timeout | Self::SizeLimit => {
                Some(ExitReason::Limit)
            }
            Self::Cancelled => Some(ExitReason::Killed),
        }
    }
}

/// Why a turn aborted, in words.
///
/// It is written as a CBOR array of the message, the array of the frames' functions, and, if there are
/// any, the array of the lines of its standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What happened, such as `wasm 'unreachable' instruction executed`.
    pub message: String,
    /// The guest's functions at that moment, the innermost first. A function without a name is
    /// shown by its number.
    pub frames: Vec<String>,
    /// The last lines that the guest wrote to its standard error, where most languages say why they
    /// give up; not more than 20 of them.
    pub stderr: Vec<String>,
}

/// How many lines of a guest's standard error belong to a failure, and how many bytes of each.
pub const LAST_WORDS: usize = 20;
const LONGEST_WORD: usize = 500;

impl Failure {
    /// A failure without frames.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), frames: Vec::new(), stderr: Vec::new() }
    }

    /// Takes the last lines of the standard error from a turn's calls.
    pub(super) fn hear(&mut self, calls: &[u8]) {
        let Ok(calls) = CallsReader::new(calls).and_then(CallsReader::all) else { return };
        let mut said: VecDeque<String> = VecDeque::new();
        for line in Lines::new(&calls).filter(|line| line.from == LineOrigin::Stderr) {
            if said.len() == LAST_WORDS {
                said.pop_front();
            }
            said.push_back(line.text.chars().take(LONGEST_WORD).collect());
        }
        self.stderr = said.into();
    }

    /// The frames for people: a function that called itself stands there once, with how often.
    pub fn frames_in_short(&self) -> Vec<String> {
        self.frames
            .chunk_by(|a, b| a == b)
            .map(|same| match same.len() {
                1 => same[0].clone(),
                times => format!("{} ({times} times)", same[0]),
            })
            .collect()
    }

    /// The failure in its encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        let lists = [&self.frames, &self.stderr];
        let lists = if self.stderr.is_empty() { &lists[..1] } else { &lists[..] };
        writer.array(1 + lists.len());
        writer.text(&self.message);
        for list in lists {
            list.write(&mut writer);
        }
        writer.into_bytes()
    }

    /// Reads a failure.
    ///
    /// # Errors
    ///
    /// When the bytes are not in this encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut decoder = Decoder::new(bytes);
        let len = decoder.array()?;
        if !matches!(len, Some(2 | 3)) {
            return Err(WireError::new(&decoder, "a failure has a message and frames"));
        }
        let message = decoder.str()?.to_owned();
        let frames = Vec::read(&mut decoder)?;
        let stderr = if len == Some(3) { Vec::read(&mut decoder)? } else { Vec::new() };
        Ok(Self { message, frames, stderr })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
