//! What a record says.

use super::{Durability, Hash};
use crate::turn::OutcomeKind;
use std::fmt;

/// An actor's number in its run. Never given twice; 0 is the node itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActorId(pub u64);

impl ActorId {
    /// The node itself, in whose name the run is opened and closed.
    pub const NODE: ActorId = ActorId(0);
}

/// What stands in place of a function in the turn with which a fork changes a state.
pub const FORK: &str = "fork";

/// The part of a record that the hash chain covers. It says what happened and holds a salted
/// digest of each payload, so that a payload can be removed later without breaking any proof.
///
/// It is written as a CBOR map with small whole numbers as keys, as in COSE (RFC 9052); the
/// numbers stand in [`key`](super::key).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The place of the record in the whole log, from 0.
    pub position: u64,
    /// Whose record it is.
    pub actor: ActorId,
    /// The place of the record among those of its actor, from 0.
    pub sequence: u64,
    /// The hash of the actor's previous header; none in its first record.
    pub previous: Option<Hash>,
    /// When it happened, in nanoseconds since 1970. Not compared by replay.
    pub time: u64,
    /// What happened.
    pub kind: Kind,
    /// Which payloads there are, and the digest of each.
    pub payloads: Vec<(PayloadKind, Hash)>,
}

/// What a record tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A node began to write this run, or to go on with it.
    Opened {
        /// The version of Theater.
        version: String,
        /// The blob with the engine's configuration.
        engine: Hash,
        /// How many bytes of a torn record, left by a crash, were cut off first.
        cut: u64,
        /// What answers wait for from here on.
        durability: Durability,
    },
    /// The node ended in order.
    Closed,
    /// The run goes on from a moment of another one, whose records stand before this one.
    Forked {
        /// The id of the other run.
        run: String,
        /// How many of its records stand here.
        records: u64,
        /// What is otherwise than it was there, if something is.
        changed: Option<Changed>,
    },
    /// An actor came into being.
    Spawned {
        /// Its name.
        name: String,
        /// The blob with its component.
        component: Hash,
        /// The blob with its effective manifest.
        manifest: Hash,
        /// Whose child it is; none if it stands under the node's root.
        parent: Option<ActorId>,
        /// What asked for it, if it is a child that its supervisor's component asked for.
        request: Option<Request>,
    },
    /// Something that a supervisor may start on request belongs to the run.
    Template {
        /// The path of the template from the supervisor: its name, or for what it starts itself,
        /// `NAME/CHILD`.
        name: String,
        /// What it executes.
        code: Code,
    },
    /// A child that was asked for has started.
    Started {
        /// As which incarnation.
        incarnation: u32,
    },
    /// The actor goes on with other code, in the same incarnation and with the same state.
    Reloaded {
        /// The new code.
        code: Code,
        /// Whether this holds only if the actor's next turn, an upgrade of its state, commits.
        upgrade: bool,
    },
    /// One message was processed, and its turn committed or aborted.
    Turn(TurnHeader),
    /// An incarnation ended.
    Exited {
        /// Which one.
        incarnation: u32,
        /// Why.
        reason: ExitReason,
        /// Who ended it. What its supervisor or its node ended lives again with them; else the reason
        /// decides whether it is started again.
        by: EndedBy,
    },
    /// The next incarnation began.
    Restarted {
        /// Which one.
        incarnation: u32,
        /// Whether it begins without state, and not with the last committed one.
        fresh: bool,
    },
    /// A turn is about to ask another actor, or is to go on otherwise than in the run from which this one was
    /// forked. Should the node die before the turn is recorded, it is executed again with what its open records
    /// hold, and goes on from there.
    Open(OpenTurn),
    /// A message that an actor had sent did not come to its receiver.
    Undelivered {
        /// The step that sent it.
        sent: Step,
        /// Who was to get it; none if it had gone for good.
        to: Option<ActorId>,
        /// Why it did not come there.
        why: Undeliverable,
    },
    /// A supervisor stopped its children, because there were too many restarts, and ends itself.
    GaveUp {
        /// The name of the child whose exit was one too many.
        child: String,
        /// How many restarts there would have been within the period.
        restarts: u32,
    },
    /// The actor ended for good.
    Stopped,
}

/// What a run that goes on from a moment of another one has otherwise: the next record of that actor tells how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The actor.
    pub actor: ActorId,
    /// Its name.
    pub name: String,
    /// The number of the turn.
    pub turn: u64,
    /// What of it.
    pub what: WhatChanged,
}

/// What of a turn is otherwise in a run that goes on from a moment of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhatChanged {
    /// Its message.
    Message,
    /// The answer of this import call, from 1.
    Answer(u64),
    /// The state: the turn is there for that alone.
    State,
}

impl WhatChanged {
    /// The word for it, as it stands in the trace and as people see it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Answer(_) => "answer",
            Self::State => "state",
        }
    }

    /// The import call, if it is the answer of one.
    pub fn step(&self) -> Option<u64> {
        match self {
            Self::Message | Self::State => None,
            Self::Answer(step) => Some(*step),
        }
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, turn, what, .. } = self;
        match what {
            WhatChanged::Message => write!(f, "another message for {name}#{turn}"),
            WhatChanged::Answer(step) => write!(f, "another answer to {name}#{turn}.{step}"),
            WhatChanged::State => write!(f, "another state from {name}#{turn} on"),
        }
    }
}

/// What an actor executes, and with which grants and limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code {
    /// The blob with the component.
    pub component: Hash,
    /// The blob with the effective manifest.
    pub manifest: Hash,
}

/// What the header of a turn's record holds.
///
/// A turn whose cause is [`Cause::Fork`] executed nothing: its payload of changes is what somebody wanted to be
/// otherwise in a forked run, and replay takes it as given. The record of the fork, just before it, names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnHeader {
    /// The turn's number: 0 for `init`.
    pub turn: u64,
    /// In which of the actor's lives.
    pub incarnation: u32,
    /// The turn with which the life of its instance began, if the actor keeps its instance; none if
    /// the turn had an instance of its own.
    pub instance: Option<u64>,
    /// What sent the message.
    pub cause: Cause,
    /// The exported function that the message called, such as `local:counter/counter#increment`,
    /// or just `init` for a function of the world itself.
    pub function: String,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// Fuel used, in wasmtime's units.
    pub fuel: u64,
    /// How long it took, in nanoseconds. Not compared by replay.
    pub elapsed: u64,
}

/// What the record of a turn that is not done holds, when it is about to ask another actor.
///
/// Its payload of calls holds those since the turn's last open record, this one without an answer; that one comes
/// again in the next. The first one has the arguments of the message, too. In a run that was forked with another
/// message there are no calls, and with another answer this call has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTurn {
    /// The turn's number.
    pub turn: u64,
    /// Which import call of the turn it is, from 1; 0 before the first one, in a forked run.
    pub step: u64,
    /// In which of the actor's lives.
    pub incarnation: u32,
    /// What sent the message.
    pub cause: Cause,
    /// The exported function that the message called.
    pub function: String,
}

/// An import call of a turn: `actor#turn.step`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// The actor.
    pub actor: ActorId,
    /// The number of the turn.
    pub turn: u64,
    /// The number of the call in its turn, from 1.
    pub step: u64,
}

/// What asked for a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The step of the supervisor that asked.
    pub step: Step,
    /// The name of the template.
    pub template: String,
}

/// Who ended an incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The actor itself, by its wish or its failure.
    Itself,
    /// Its supervisor.
    Supervisor,
    /// Its node, which ends.
    Node,
    /// A link to an actor that ended: the exit at this position, or the turn at this position whose link
    /// came too late.
    Link(u64),
}

/// What sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Somebody outside. The payload [`PayloadKind::Origin`] has the words, such as a REPL line.
    Outside,
    /// The runtime itself, for `init` and callbacks.
    Runtime,
    /// Another actor, or the same one, in this step.
    Actor(Step),
    /// A timer that the actor itself set in this step.
    Timer(Step),
    /// What the record at this position tells, such as the exit of a child.
    Event(u64),
    /// The fork with which the run began: it changed the state, and nothing was executed.
    Fork,
}

/// Why a message did not come to its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeliverable {
    /// The receiver had ended, or ended before it came to the message.
    Ended,
    /// Its mailbox had no room for too long.
    Overloaded,
    /// It has no function for it any more, after a reload.
    Misfit,
}

/// Why an incarnation ended. The words are Erlang/OTP's where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// Its own wish, its work being done.
    Normal,
    /// It was stopped, or asked to end.
    Shutdown,
    /// A trap.
    Trap,
    /// A broken limit: fuel, memory, time, or size.
    Limit,
    /// It was killed in the middle of a turn.
    Killed,
    /// Its `init` answered with an `err`.
    InitRefused,
    /// It called an actor over a link that was not there.
    NoSuchActor,
}

/// What a payload holds. All are CBOR, in the encoding of [`crate::wire`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayloadKind {
    /// The arguments of the message.
    Arguments,
    /// Every call of an import in order, see [`super::ImportCall`].
    Calls,
    /// Changed state keys, see [`crate::state::Delta`].
    Delta,
    /// What the function returned.
    Result,
    /// Why the turn aborted, see [`crate::turn::Failure`].
    Failure,
    /// The words with which somebody outside sent the message.
    Origin,
    /// Which import calls take effect because the turn committed, see [`super::Effect`].
    Effects,
}

/// A payload of a record, as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it holds.
    pub kind: PayloadKind,
    /// The salt of its digest.
    pub salt: [u8; 16],
    /// The content.
    pub bytes: Vec<u8>,
}

impl Payload {
    /// The digest that stands in the header.
    pub fn digest(&self) -> Hash {
        Hash::salted(&self.salt, &self.bytes)
    }
}

macro_rules! names {
    ($ty:ty { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $ty {
            /// All words for it, in the order in which it is declared.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The word for it, as it stands in the trace and as people see it.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The one with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}
pub(crate) use names;

impl Cause {
    /// All words for it.
    pub const NAMES: &'static [&'static str] =
        &["outside", "runtime", "actor", "timer", "event", "fork"];

    /// The word for it, as it stands in the trace and as people see it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Runtime => "runtime",
            Self::Actor(_) => "actor",
            Self::Timer(_) => "timer",
            Self::Event(_) => "event",
            Self::Fork => "fork",
        }
    }

    /// The step that sent the message, if one did.
    pub fn step(&self) -> Option<Step> {
        match self {
            Self::Outside | Self::Runtime | Self::Event(_) | Self::Fork => None,
            Self::Actor(step) | Self::Timer(step) => Some(*step),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

names!(Undeliverable { Ended = "ended", Overloaded = "overloaded", Misfit = "misfit" });
names!(ExitReason {
    Normal = "normal",
    Shutdown = "shutdown",
    Trap = "trap",
    Limit = "limit",
    Killed = "killed",
    InitRefused = "init-refused",
    NoSuchActor = "no-such-actor",
});
impl EndedBy {
    /// The word for it, as people see it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::Supervisor => "supervisor",
            Self::Node => "node",
            Self::Link(_) => "link",
        }
    }

    /// Whether it was its own end, whose reason decides what follows.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Itself | Self::Link(_))
    }
}

names!(PayloadKind {
    Arguments = "arguments",
    Calls = "calls",
    Delta = "delta",
    Result = "result",
    Failure = "failure",
    Origin = "origin",
    Effects = "effects",
});

impl ExitReason {
    /// Whether the actor ended in order, so that the node's root does not restart it.
    pub fn is_orderly(self) -> bool {
        matches!(self, Self::Normal | Self::Shutdown | Self::InitRefused)
    }
}

impl Kind {
    /// All words for it.
    pub const NAMES: &'static [&'static str] = &[
        "opened",
        "closed",
        "forked",
        "spawned",
        "template",
        "started",
        "reloaded",
        "turn",
        "exited",
        "restarted",
        "open",
        "undelivered",
        "gave-up",
        "stopped",
    ];

    /// The word for it, as it stands in the trace and as people see it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Closed => "closed",
            Self::Forked { .. } => "forked",
            Self::Spawned { .. } => "spawned",
            Self::Template { .. } => "template",
            Self::Started { .. } => "started",
            Self::Reloaded { .. } => "reloaded",
            Self::Turn(_) => "turn",
            Self::Exited { .. } => "exited",
            Self::Restarted { .. } => "restarted",
            Self::Open(_) => "open",
            Self::Undelivered { .. } => "undelivered",
            Self::GaveUp { .. } => "gave-up",
            Self::Stopped => "stopped",
        }
    }
}
