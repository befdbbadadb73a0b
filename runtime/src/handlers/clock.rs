use super::Context;
use super::io::Pollable;
use crate::boundary::{Abort, Binder, Source};
use crate::surroundings::{self, now};
use crate::wire::wire_record;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use wasmtime::component::{ComponentType, Lift, Lower, Resource};

/// `wasi:clocks/wall-clock.datetime`.
#[derive(Debug, Clone, Copy, PartialEq, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Datetime {
    /// Whole seconds since 1970.
    pub seconds: u64,
    /// Less than 1,000,000,000.
    pub nanoseconds: u32,
}

wire_record!(Datetime, 2 { seconds = "seconds", nanoseconds = "nanoseconds" });

/// When this process first asked, on both clocks. The monotonic clock counts from 1970, so that it
/// goes on across a restart of the node as far as the wall clock does.
static START: LazyLock<(u64, Instant)> = LazyLock::new(|| (now(), Instant::now()));

pub fn bind(binder: &mut Binder<'_>, interface: &str) -> wasmtime::Result<()> {
    if interface == "wall-clock" {
        binder.function("now", Source::World, |_, ()| {
            let now = now();
            // The remainder is less than a thousand million and fits.
            let nanoseconds = (now % 1_000_000_000) as u32;
            Ok((Datetime { seconds: now / 1_000_000_000, nanoseconds },))
        })?;
        return binder.function("resolution", Source::World, |_, ()| {
            Ok((Datetime { seconds: 0, nanoseconds: 1 },))
        });
    }
    binder.function("now", Source::World, |_, ()| Ok((monotonic(),)))?;
    binder.function("resolution", Source::World, |_, ()| Ok((1_u64,)))?;
    binder.function("subscribe-instant", Source::World, |context, (when,): (u64,)| {
        after(context, when.saturating_sub(monotonic()))
    })?;
    binder.function("subscribe-duration", Source::World, |context, (duration,): (u64,)| {
        after(context, duration)
    })
}

/// The monotonic clock, in nanoseconds.
fn monotonic() -> u64 {
    if surroundings::is_simulated() {
        return now();
    }
    let (base, start) = *START;
    let elapsed = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    base.saturating_add(elapsed)
}

fn after(context: &mut Context, nanoseconds: u64) -> Result<(Resource<Pollable>,), Abort> {
    let pollable = Pollable::after(Duration::from_nanos(nanoseconds));
    Ok((context.resources.open(pollable)?,))
}
