use super::Actor;
use crate::diagnostic::{
    ACTOR_UNKNOWN, Diagnostic, FUNCTION_UNKNOWN, INIT_REFUSED, MESSAGE_MISFIT, NODE_STOPPED,
    OVERLOADED, RELOAD_REFUSED, RUN_UNWRITABLE, TURN_ABORTED, VALUE_RANGE,
};
use crate::manifest::Manifest;
use crate::trace::{Cause, ExitReason, LogFailed};
use crate::turn::{Failure, OutcomeKind, Program};
use std::sync::Arc;
use tokio::sync::oneshot;
use wasmtime::component::Val;

/// A message: the call of an exported function.
#[derive(Debug)]
pub(crate) struct Call {
    /// The full name of the function. It exists in the component of this generation.
    pub function: String,
    /// Which of the actor's components its sender knew.
    pub generation: u32,
    /// The arguments, of the function's types.
    pub arguments: Vec<Val>,
    /// The same in their encoding.
    pub encoded: Vec<u8>,
    /// What sends it.
    pub cause: Cause,
    /// The path of the actor that sends it, if one does.
    pub sender: Option<Arc<str>>,
    /// The words with which somebody outside sends it.
    pub origin: Option<String>,
    /// How many actors wait for the answer, one over the other.
    pub depth: usize,
    /// Where the answer goes, if somebody waits for one.
    pub reply: Option<oneshot::Sender<Result<Reply, CallError>>>,
}

impl Call {
    /// Answers without a turn.
    pub fn refuse(self, error: CallError) {
        if let Some(reply) = self.reply {
            // Whoever asked may have left.
            let _ = reply.send(Err(error));
        }
    }
}

/// Another component for a living actor. It has passed every check, and the run has it.
#[derive(Debug)]
pub(crate) struct Reload {
    pub manifest: Manifest,
    pub program: Arc<Program>,
    /// The words with which somebody outside asks for it.
    pub origin: Option<String>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Arc<Actor>, CallError>>,
}

/// What an actor is told beside its messages.
#[derive(Debug)]
pub(crate) enum Control {
    /// Go on with another component.
    Reload(Box<Reload>),
    /// Stop a child; told when it has ended. Only supervisors hear this.
    StopChild(String, oneshot::Sender<()>),
    /// Stop a child, if it runs, and start it again; told how that went. Only supervisors hear this.
    RestartChild(String, oneshot::Sender<Result<(), Box<Diagnostic>>>),
    /// Start a child that was asked for, and that the node keeps until then. Only supervisors hear this.
    AddChild(String),
    /// End for this reason, in order or not, because of a link; the record at this position tells why.
    Linked(ExitReason, u64),
    /// Something that is for one incarnation: the one after it does not hear it.
    For(u32, Box<Control>),
    /// End for good, in order.
    Stop,
    /// End in order, having seen too many restarts of children. Only supervisors' components hear this.
    GiveUp,
    /// End at once, without the last turn.
    Kill,
    /// End in order, and begin again; told when that is done. Only the node's root does this.
    Restart(oneshot::Sender<()>),
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
    /// Its component was exchanged while the message waited, and the new one does not take it.
    #[error("`{actor}` was reloaded before it came to this call, and {why}")]
    Misfit {
        /// The actor.
        actor: String,
        /// Why the new component does not take it.
        why: String,
    },
    /// Its new component did not take over, and the one of before goes on.
    #[error("the upgrade of `{actor}` failed ({outcome}): {failure}")]
    NotUpgraded {
        /// The actor.
        actor: String,
        /// The number of the turn.
        turn: u64,
        /// How it ended.
        outcome: OutcomeKind,
        /// Why.
        failure: Failure,
    },
    /// Its mailbox is full.
    #[error("the mailbox of `{0}` is full")]
    Overloaded(String),
    /// It exports nothing that takes messages of other actors.
    #[error("`{0}` does not export `theater:actor/inbox`")]
    NoInbox(String),
    /// It has no such function for other actors, or one of other types.
    #[error("`{actor}` cannot answer `{function}`: {why}")]
    Unlinked {
        /// The actor.
        actor: String,
        /// The interface and the function.
        function: String,
        /// Why not.
        why: String,
    },
    /// It did not answer in time. It may still come to the call.
    #[error("`{actor}` did not answer within {timeout:?}")]
    Timeout {
        /// The actor.
        actor: String,
        /// How long the answer might have taken.
        timeout: std::time::Duration,
    },
    /// It waits for whoever asks, itself or over others.
    #[error("the call would wait for itself: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
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
            Self::Misfit { actor, .. } => Diagnostic::error(MESSAGE_MISFIT, message)
                .help(format!("See what it takes now with `help {actor}`.")),
            Self::NotUpgraded { actor, turn, .. } => Diagnostic::error(RELOAD_REFUSED, message)
                .help(format!(
                    "The component of before goes on, with the state as it was. Look at the turn with \
                     `at {actor}#{turn}`."
                )),
            Self::Overloaded(_) => Diagnostic::error(OVERLOADED, message)
                .help("Call again later, or raise `mailbox` under `[limits]`."),
            Self::Aborted { actor, turn, outcome, failure } => {
                aborted(actor, *turn, *outcome, failure)
            }
            Self::Ended(_) => Diagnostic::error(NODE_STOPPED, message),
            Self::NoInbox(_) => Diagnostic::error(FUNCTION_UNKNOWN, message)
                .help("It takes messages once its world exports that interface."),
            Self::Unlinked { .. } => Diagnostic::error(FUNCTION_UNKNOWN, message),
            Self::Timeout { .. } | Self::Cycle(_) => Diagnostic::error(TURN_ABORTED, message),
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
    for line in &failure.stderr {
        message.push_str("\n  stderr: ");
        message.push_str(line);
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
