use super::{AtCommit, Context};
use crate::actor::Peer;
use crate::boundary::{Abort, Binder};
use crate::manifest::SupervisorGrant;
use crate::trace::Watch;
use crate::wire::wire_enum;
use std::sync::Arc;
use wasmtime::component::{ComponentType, Lift, Lower};

/// `theater:host/monitor.watch-error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
enum WatchError {
    #[component(name = "not-permitted")]
    NotPermitted,
    #[component(name = "no-such-actor")]
    NoSuchActor,
}

wire_enum!(WatchError { NotPermitted = "not-permitted", NoSuchActor = "no-such-actor" });

pub fn bind(binder: &mut Binder<'_>, grant: &SupervisorGrant) -> wasmtime::Result<()> {
    let grant = Arc::new(grant.clone());
    for watch in [Watch::Monitor, Watch::Demonitor, Watch::Link, Watch::Unlink] {
        let permitted = grant.clone();
        binder.function_then(
            watch.name(),
            move |context, (name,): &(String,)| {
                if !permitted.allows_to_watch(name) {
                    return Ok((Err(WatchError::NotPermitted),));
                }
                let found = find(context, name)?;
                if watch == Watch::Monitor && !context.peers()?.hears_of_ends(context.id) {
                    return Err(Abort::Trap(
                        "it monitors an actor, but does not export `theater:actor/monitor-callback`"
                            .to_owned(),
                    ));
                }
                Ok((found.map(drop).ok_or(WatchError::NoSuchActor),))
            },
            move |context, (name,), (found,): &(Result<(), WatchError>,)| {
                // After the death of a node it may have gone.
                if let (Ok(()), Some(peer)) = (found, find(context, &name)?) {
                    let Peer { id: to, path, .. } = peer;
                    let step = context.step;
                    context.at_commit.push(AtCommit::Watch { step, watch, to, path });
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}

fn find(context: &Context, name: &str) -> Result<Option<Peer>, Abort> {
    Ok(context.peers()?.find(&context.name, name))
}
