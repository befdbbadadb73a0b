use super::{Abort, Crossing, TurnData};
use crate::handlers::Context;
use crate::wire::WireList;
use std::sync::Arc;
use wasmtime::component::{ComponentNamedList, Lift, LinkerInstance, Lower};

/// Where the answers of a function come from, and so what replay does with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From outside the actor: recorded, and in replay given from the record.
    World,
    /// From what the trace holds anyway (state, message, manifest): computed again in replay, and
    /// compared. A long answer is recorded as a digest only.
    Actor,
}

/// Links the functions of one interface, each behind the boundary.
pub struct Binder<'l> {
    instance: LinkerInstance<'l, TurnData>,
    interface: String,
}

impl<'l> Binder<'l> {
    /// Begins with an interface, by its full name.
    pub fn new(instance: LinkerInstance<'l, TurnData>, interface: &str) -> Self {
        Self { instance, interface: interface.to_owned() }
    }

    /// Links one function. All that passes is recorded; in replay the handler is only called if
    /// its answers come from the actor itself.
    ///
    /// # Errors
    ///
    /// When the interface has a function of this name already.
    pub fn function<P, R, F>(
        &mut self,
        name: &str,
        source: Source,
        handler: F,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + WireList + 'static,
        R: ComponentNamedList + Lower + WireList + 'static,
        F: Fn(&mut Context, P) -> Result<R, Abort> + Send + Sync + 'static,
    {
        let function: Arc<str> = format!("{}#{name}", self.interface).into();
        self.instance.func_wrap(name, move |mut store, arguments: P| {
            let TurnData { context, crossing, .. } = store.data_mut();
            Ok(pass(context, crossing, &function, source, arguments, &handler)?)
        })
    }
}

/// One import call, from the component to its answer.
fn pass<P: WireList, R: WireList>(
    context: &mut Context,
    crossing: &mut Crossing,
    function: &str,
    source: Source,
    arguments: P,
    handler: impl Fn(&mut Context, P) -> Result<R, Abort>,
) -> Result<R, Abort> {
    crossing.begin(function, &arguments)?;
    let results = match (&mut crossing.script, source) {
        (Some(script), Source::World) => script.answer()?,
        _ => handler(context, arguments)?,
    };
    crossing.end(function, &results, source)?;
    Ok(results)
}
