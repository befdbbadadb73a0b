use super::Origin as Sender;
use crate::boundary::{Abort, Binder, Source};
use crate::wire::{wire_enum, wire_variant};
use wasmtime::component::{ComponentType, Lift, Lower};

/// `theater:host/context.stop-reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(missing_docs, reason = "the cases are documented in the contract")]
pub enum StopReason {
    #[component(name = "normal")]
    Normal,
    #[component(name = "shutdown")]
    Shutdown,
}

wire_enum!(StopReason { Normal = "normal", Shutdown = "shutdown" });

/// `theater:host/context.origin`.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
enum Origin {
    #[component(name = "outside")]
    Outside,
    #[component(name = "runtime")]
    Runtime,
    #[component(name = "actor")]
    Actor(String),
}

wire_variant!(Origin { Outside = "outside", Runtime = "runtime"; Actor = "actor" });

pub fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.function("name", Source::Actor, |context, ()| Ok((context.name.to_string(),)))?;
    binder.function("id", Source::Actor, |context, ()| Ok((context.id.0,)))?;
    binder.function("turn", Source::Actor, |context, ()| Ok((context.turn,)))?;
    binder.function("sender", Source::Actor, |context, ()| {
        Ok((match &context.origin {
            Sender::Outside => Origin::Outside,
            Sender::Runtime => Origin::Runtime,
            Sender::Actor(path) => Origin::Actor(path.to_string()),
        },))
    })?;
    binder.function("stop", Source::Actor, |context, (reason,): (StopReason,)| {
        context.stop = Some(reason);
        Ok(())
    })?;
    binder.function("abort", Source::Actor, |_, (message,): (String,)| {
        Err::<(), _>(Abort::Trap(message))
    })
}
