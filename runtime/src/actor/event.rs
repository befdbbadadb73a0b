//! What an actor is told of the lives of others: as a message of its own.

use super::{Actor, Call};
use crate::trace::{ActorId, Cause, ExitReason};
use crate::wire::{Wire, WireError, WireList, Writer, wire_record};
use minicbor::decode::Decoder;
use wasmtime::component::Val;

/// Something that happened to an actor and that another one has to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Whom it concerns.
    pub to: ActorId,
    /// To whom it happened.
    pub of: ActorId,
    /// The record that tells it.
    pub position: u64,
    /// What happened.
    pub what: What,
}

wire_record!(Event, 4 { to = "to", of = "of", position = "position", what = "what" });

/// What happened to an actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A child that was asked for has started.
    Started,
    /// A child has ended.
    Exited(ExitReason),
    /// A child begins its next life, in this incarnation.
    Restarted(u32),
    /// A child saw too many restarts of one of its own children.
    GaveUp { child: String, restarts: u32 },
    /// An actor that is monitored has ended.
    Down(ExitReason),
    /// An actor has ended to which this one was linked in this incarnation.
    Linked(ExitReason, u32),
}

/// An array of a word and what belongs to it.
impl Wire for What {
    fn write(&self, writer: &mut Writer) {
        match self {
            Self::Started => ("started".to_owned(),).write_values(writer),
            Self::Exited(reason) => ("exited".to_owned(), *reason).write_values(writer),
            Self::Restarted(incarnation) => {
                ("restarted".to_owned(), *incarnation).write_values(writer);
            }
            Self::GaveUp { child, restarts } => {
                ("gave-up".to_owned(), child.clone(), *restarts).write_values(writer);
            }
            Self::Down(reason) => ("down".to_owned(), *reason).write_values(writer),
            Self::Linked(reason, incarnation) => {
                ("linked".to_owned(), *reason, *incarnation).write_values(writer);
            }
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, WireError> {
        let len = decoder.array()?;
        Ok(match (decoder.str()?, len) {
            ("started", Some(1)) => Self::Started,
            ("exited", Some(2)) => Self::Exited(Wire::read(decoder)?),
            ("restarted", Some(2)) => Self::Restarted(Wire::read(decoder)?),
            ("gave-up", Some(3)) => {
                Self::GaveUp { child: Wire::read(decoder)?, restarts: Wire::read(decoder)? }
            }
            ("down", Some(2)) => Self::Down(Wire::read(decoder)?),
            ("linked", Some(3)) => Self::Linked(Wire::read(decoder)?, Wire::read(decoder)?),
            (word, _) => return Err(WireError::new(decoder, format!("unknown event `{word}`"))),
        })
    }
}

impl What {
    /// The callback that tells it; none for what nobody is told.
    pub fn callback(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Started => ("supervisor-callback", "started"),
            Self::Exited(_) => ("supervisor-callback", "exited"),
            Self::Restarted(_) => ("supervisor-callback", "restarted"),
            Self::GaveUp { .. } => ("supervisor-callback", "gave-up"),
            Self::Down(_) => ("monitor-callback", "down"),
            Self::Linked(..) => return None,
        })
    }
}

impl Actor {
    /// The message that tells of an event; none if the component has no function for it. `path` is that of
    /// the actor to which it happened.
    pub(crate) fn event_message(&self, event: &Event, path: &str) -> Option<Call> {
        let (interface, name) = event.what.callback()?;
        let function = self.program.callback(interface, name)?;
        let child = || Val::String(path.rsplit_once('/').map_or(path, |(_, name)| name).to_owned());
        let reason = |reason: &ExitReason| Val::Enum(reason.name().to_owned());
        let arguments = match &event.what {
            What::Started => vec![child()],
            What::Exited(why) => vec![child(), reason(why)],
            What::Restarted(incarnation) => vec![child(), Val::U32(*incarnation)],
            What::GaveUp { child: failed, restarts } => {
                vec![child(), Val::String(failed.clone()), Val::U32(*restarts)]
            }
            What::Down(why) => vec![Val::String(path.to_owned()), reason(why)],
            What::Linked(..) => return None,
        };
        Some(Call {
            function: function.full_name.clone(),
            generation: self.generation,
            encoded: function.encode_arguments(&arguments),
            arguments,
            cause: Cause::Event(event.position),
            sender: None,
            origin: None,
            depth: 0,
            reply: None,
        })
    }
}
