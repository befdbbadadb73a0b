use super::{AtCommit, Context};
use crate::actor::TimerChange;
use crate::boundary::{Abort, Binder, Source};
use crate::manifest::TimerGrant;

/// The functions that change timers.
pub const AFTER: &str = "theater:host/timer@0.1.0#after";
/// See [`AFTER`].
pub const EVERY: &str = "theater:host/timer@0.1.0#every";
/// See [`AFTER`].
pub const CANCEL: &str = "theater:host/timer@0.1.0#cancel";

pub fn bind(binder: &mut Binder<'_>, grant: &TimerGrant) -> wasmtime::Result<()> {
    let max = grant.max as usize;
    binder.function("after", Source::Actor, move |context, (name, delay): (String, u64)| {
        set(context, name, TimerChange::After(delay), max)
    })?;
    binder.function("every", Source::Actor, move |context, (name, period): (String, u64)| {
        set(context, name, TimerChange::Every(period), max)
    })?;
    binder.function("cancel", Source::Actor, |context, (name,): (String,)| {
        let was_there = context.timer_is_set(&name);
        let step = context.step;
        context.at_commit.push(AtCommit::Timer { step, name, change: TimerChange::Cancel });
        Ok((was_there,))
    })
}

fn set(context: &mut Context, name: String, change: TimerChange, max: usize) -> Result<(), Abort> {
    if !context.takes_ticks {
        return Err(Abort::Trap(
            "it sets a timer, but does not export `theater:actor/timer-callback`".to_owned(),
        ));
    }
    if !context.timer_is_set(&name) && context.timers_set() >= max {
        return Err(Abort::Size(format!(
            "it set more than {max} timers, the `max` of its grant `timer`"
        )));
    }
    let step = context.step;
    context.at_commit.push(AtCommit::Timer { step, name, change });
    Ok(())
}
