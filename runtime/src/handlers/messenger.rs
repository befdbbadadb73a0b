use super::{AtCommit, Context};
use crate::actor::{Asked, CallError, Peer, Question};
use crate::boundary::{Abort, Binder, Source};
use crate::manifest::MessengerGrant;
use crate::wire::{wire_enum, wire_variant};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{ComponentType, Lift, Lower, Val};

/// The function that sends a message.
pub const SEND: &str = "theater:host/messenger@0.1.0#send";

/// `theater:host/messenger.send-error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
enum SendError {
    #[component(name = "not-permitted")]
    NotPermitted,
    #[component(name = "no-such-actor")]
    NoSuchActor,
    #[component(name = "no-inbox")]
    NoInbox,
}

wire_enum!(SendError {
    NotPermitted = "not-permitted",
    NoSuchActor = "no-such-actor",
    NoInbox = "no-inbox",
});

/// `theater:host/messenger.request-error`.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
enum RequestError {
    #[component(name = "not-permitted")]
    NotPermitted,
    #[component(name = "no-such-actor")]
    NoSuchActor,
    #[component(name = "no-inbox")]
    NoInbox,
    #[component(name = "overloaded")]
    Overloaded,
    #[component(name = "timeout")]
    Timeout,
    #[component(name = "aborted")]
    Aborted(String),
    #[component(name = "ended")]
    Ended,
    #[component(name = "cycle")]
    Cycle(Vec<String>),
}

wire_variant!(RequestError {
    NotPermitted = "not-permitted",
    NoSuchActor = "no-such-actor",
    NoInbox = "no-inbox",
    Overloaded = "overloaded",
    Timeout = "timeout",
    Ended = "ended";
    Aborted = "aborted",
    Cycle = "cycle"
});

pub fn bind(binder: &mut Binder<'_>, grant: &MessengerGrant) -> wasmtime::Result<()> {
    let grant = Arc::new(grant.clone());
    let permitted = grant.clone();
    binder.function_then(
        "send",
        move |context, (to, _): &(String, String)| {
            Ok((addressee(&permitted, context, to).map(drop),))
        },
        |context, (to, message), (sent,): &(Result<(), SendError>,)| {
            if sent.is_ok() {
                // After the death of a node it may have gone.
                let to = context.peers()?.find(&context.name, &to).map(|peer| peer.id);
                let step = context.step;
                context.at_commit.push(AtCommit::Send { step, to, message });
            }
            Ok(())
        },
    )?;
    let permitted = grant.clone();
    binder.function_asking(
        "request",
        move |context, (to, message, timeout): (String, String, Option<u64>)| {
            let found = addressee(&permitted, context, &to).map(drop);
            let (peers, question) = (context.peers(), question(context, to, message, timeout));
            Box::pin(async move {
                match found {
                    Ok(()) => Ok((answer(peers?.ask(question).await)?,)),
                    Err(error) => Ok((Err(error.into()),)),
                }
            })
        },
    )?;
    binder.function("lookup", Source::World, |context, (name,): (String,)| {
        let found = context.peers()?.find(&context.name, &name);
        Ok((found.map(|peer| peer.path.to_string()),))
    })
}

/// Who a message goes to.
fn addressee(grant: &MessengerGrant, context: &Context, to: &str) -> Result<Peer, SendError> {
    if !grant.allows(to) {
        return Err(SendError::NotPermitted);
    }
    let found = context.peers().ok().and_then(|peers| peers.find(&context.name, to));
    let peer = found.ok_or(SendError::NoSuchActor)?;
    if peer.has_inbox { Ok(peer) } else { Err(SendError::NoInbox) }
}

fn question(context: &Context, to: String, message: String, timeout: Option<u64>) -> Question {
    Question {
        step: context.address(),
        from: context.name.clone(),
        to,
        function: Asked::Inbox,
        arguments: vec![Val::String(message)],
        timeout: timeout.map(Duration::from_nanos),
        depth: context.depth,
    }
}

/// What the component gets.
fn answer(answer: Result<Vec<Val>, CallError>) -> Result<Result<String, RequestError>, Abort> {
    Ok(match answer {
        Ok(values) => match values.into_iter().next() {
            Some(Val::String(answer)) => Ok(answer),
            _ => Err(RequestError::NoInbox),
        },
        Err(error) => Err(match error {
            CallError::NoSuchActor(_) => RequestError::NoSuchActor,
            CallError::NoInbox(_) | CallError::Unlinked { .. } => RequestError::NoInbox,
            CallError::Overloaded(_) => RequestError::Overloaded,
            CallError::Timeout { .. } => RequestError::Timeout,
            CallError::Aborted { .. } => RequestError::Aborted(error.to_string()),
            CallError::Ended(_) => RequestError::Ended,
            CallError::Cycle(paths) => RequestError::Cycle(paths),
            CallError::TooLarge { .. } => return Err(Abort::Size(error.to_string())),
            _ => return Err(Abort::Unanswered(error.to_string())),
        }),
    })
}

impl From<SendError> for RequestError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotPermitted => Self::NotPermitted,
            SendError::NoSuchActor => Self::NoSuchActor,
            SendError::NoInbox => Self::NoInbox,
        }
    }
}
