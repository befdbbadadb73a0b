use crate::diagnostic::{
    ACTOR_UNKNOWN, Diagnostic, FUNCTION_UNKNOWN, INIT_REFUSED, NODE_STOPPED, OVERLOADED,
    RUN_UNWRITABLE, TURN_ABORTED, VALUE_RANGE,
};
use crate::trace::{Cause, LogFailed};
use crate::turn::{Failure, OutcomeKind};
use tokio::sync::oneshot;
use wasmtime::component::Val;

/// A message: the call of an exported function.
#[derive(Debug)]
pub(crate) struct Call {
    /// The full name of the function, which exists.
    pub function: String,
    /// The arguments, of the function's types.
    pub arguments: Vec<Val>,
    /// The same in their encoding.
    pub encoded: Vec<u8>,
    /// What sends it.
    pub cause: Cause,
    /// The words with which somebody outside sends it.
    pub origin: Option<String>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Reply, CallError>>,
}

/// What an actor is told beside its messages.
#[derive(Debug)]
pub(crate) enum Control {
    /// End for good, in order.
    Stop,
    /// The node ends: end in order, and come back when the run goes on.
    Shutdown,
}

/// The answer to a call.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The number of the turn that gave it.
    pub turn: u64,
    /// The function's results: none or one.
    pub values: Vec<Val>,
}

/// Why a call got no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// There is no such actor.
    #[error("there is no actor `{0}`")]
    NoSuchActor(String),
    /// It has no such function, or only the runtime may call it.
    #[error("`{actor}` has no function `{function}` that can be called")]
    NoSuchFunction {
        /// The actor.
        actor: String,
        /// The full name of the function.
        function: String,
    },
    /// The arguments are larger than the actor takes.
    #[error("the arguments take {size} bytes; the limit of one message to `{actor}` is {limit}")]
    TooLarge {
        /// The actor.
        actor: String,
        /// The size of the arguments in their encoding.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Its mailbox is full.
    #[error("the mailbox of `{0}` is full")]
    Overloaded(String),
    /// The turn aborted.
    #[error("{actor}#{turn} aborted: {failure}")]
    Aborted {
        /// The actor.
        actor: String,
        /// The number of the turn.
        turn: u64,
        /// How it ended.
        outcome: OutcomeKind,
        /// Why.
        failure: Failure,
    },
    /// The actor ended before it came to this message.
    #[error("`{0}` ended before it came to this call")]
    Ended(String),
    /// The record could not be stored, so the answer is not given.
    #[error(transparent)]
    NotStored(#[from] LogFailed),
}

impl CallError {
    /// The report for a person.
    pub fn diagnostic(&self) -> Diagnostic {
        let message = self.to_string();
        match self {
            Self::NoSuchActor(_) => {
                Diagnostic::error(ACTOR_UNKNOWN, message).help("See the actors with `ps`.")
            }
            Self::NoSuchFunction { actor, .. } => Diagnostic::error(FUNCTION_UNKNOWN, message)
                .help(format!("Press tab behind `{actor}.` to see what it exports.")),
            Self::TooLarge { .. } => {
                Diagnostic::error(VALUE_RANGE, message).help("Raise `message` under `[limits]`.")
            }
            Self::Overloaded(_) => Diagnostic::error(OVERLOADED, message)
                .help("Call again later, or raise `mailbox` under `[limits]`."),
            Self::Aborted { actor, turn, outcome, failure } => {
                aborted(actor, *turn, *outcome, failure)
            }
            Self::Ended(_) => Diagnostic::error(NODE_STOPPED, message),
            Self::NotStored(_) => Diagnostic::error(RUN_UNWRITABLE, message).help(
                "The answer is not given, because it is not stored. Make room, then go on with \
                 `theater repl --resume`.",
            ),
        }
    }
}

fn aborted(actor: &str, turn: u64, outcome: OutcomeKind, failure: &Failure) -> Diagnostic {
    if outcome == OutcomeKind::Refused {
        let message = format!("`{actor}` refuses to start: {}", failure.message);
        return Diagnostic::error(INIT_REFUSED, message);
    }
    let mut message = format!("{actor}#{turn} aborted ({outcome}): {}", failure.message);
    if !failure.frames.is_empty() {
        message.push_str("\n  in ");
        message.push_str(&failure.frames_in_short().join("\n  called from "));
    }
    let help = format!("Look at the turn with `at {actor}#{turn}`. The state is as it was before.");
    Diagnostic::error(TURN_ABORTED, message).help(match outcome {
        OutcomeKind::OutOfFuel => {
            format!("{help} If the work is honest, raise `fuel` under `[limits]`.")
        }
        OutcomeKind::Timeout => {
            format!("{help} If the work is honest, raise `timeout` under `[limits]`.")
        }
        OutcomeKind::MemoryLimit => {
            format!("{help} If the work is honest, raise `memory` under `[limits]`.")
        }
        _ => help,
    })
}
