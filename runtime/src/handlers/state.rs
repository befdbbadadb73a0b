use crate::boundary::{Abort, Binder, Source};
use crate::state::Value;

pub fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.function("get", Source::Actor, |context, (key,): (String,)| {
        Ok((context.state.state().get(&key).cloned(),))
    })?;
    binder.function("set", Source::Actor, |context, (key, value): (String, Value)| {
        context.state.set(key, value).map_err(|too_large| {
            Abort::Size(format!(
                "its state would grow to {} bytes; the `max-size` of its grant `state` is {}",
                too_large.size, too_large.max
            ))
        })
    })?;
    binder.function("delete", Source::Actor, |context, (key,): (String,)| {
        Ok((context.state.delete(key),))
    })?;
    binder.function("exists", Source::Actor, |context, (key,): (String,)| {
        Ok((context.state.state().get(&key).is_some(),))
    })?;
    binder.function(
        "list-keys",
        Source::Actor,
        |context, (prefix, after, limit): (String, Option<String>, u32)| {
            Ok((context.state.state().keys(&prefix, after.as_deref(), limit as usize),))
        },
    )
}
