use super::stop::{carry, carry_waiting};
use super::{Abort, Crossing, TurnData};
use crate::handlers::Context;
use crate::wire::WireList;
use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use wasmtime::component::{
    ComponentNamedList, Lift, LinkerInstance, Lower, Resource, ResourceType,
};

/// The answer of a function that may have to wait, see [`Binder::function_async`].
pub type Answering<'c, R> = Pin<Box<dyn Future<Output = Result<R, Abort>> + Send + 'c>>;

/// Where the answers of a function come from, and so what replay does with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From outside the actor: recorded, and in replay given from the record.
    World,
    /// From what the trace holds anyway (state, message, manifest): computed again in replay, and
    /// compared. A long answer is recorded as a digest only.
    Actor,
}

/// Links the functions and resources of one interface, each behind the boundary.
///
/// A resource of WIT is a Rust type `T`: what the component holds is a [`Resource<T>`], what it stands
/// for is a `T` in the turn's [`super::Resources`]. Functions take and return handles like any other
/// value:
///
/// ```
/// # use theater_runtime::boundary::{Binder, Source, close};
/// # use wasmtime::component::Resource;
/// struct Tape(Vec<u8>);
///
/// fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
///     binder.resource::<Tape, _>("tape", close)?;
///     binder.function("[constructor]tape", Source::World, |context, ()| {
///         Ok((context.resources.open(Tape(Vec::new()))?,))
///     })?;
///     binder.function(
///         "[method]tape.append",
///         Source::World,
///         |context, (tape, bytes): (Resource<Tape>, Vec<u8>)| {
///             context.resources.get_mut(&tape)?.0.extend(bytes);
///             Ok(())
///         },
///     )?;
///     binder.function_async("[method]tape.rewind", |context, (tape,): (Resource<Tape>,)| {
///         Box::pin(async move {
///             context.resources.get(&tape)?;
///             tokio::time::sleep(std::time::Duration::from_secs(1)).await;
///             Ok(())
///         })
///     })
/// }
/// ```
///
/// Functions that give or take handles are [`Source::World`]: replay has the recorded numbers, and
/// nothing that they stand for.
pub struct Binder<'l> {
    pub(super) instance: LinkerInstance<'l, TurnData>,
    pub(super) interface: String,
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
        self.instance.func_wrap(name, move |store, arguments: P| {
            carry(store, source, |context, crossing| {
                pass(context, crossing, &function, source, arguments, &handler)
            })
        })
    }

    /// Links one function that wants something to take place when the turn commits: `then` says what, by
    /// the arguments and the answer, which is from the world. It is not called in replay.
    ///
    /// # Errors
    ///
    /// When the interface has a function of this name already.
    pub fn function_then<P, R, F, T>(
        &mut self,
        name: &str,
        handler: F,
        then: T,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + WireList + 'static,
        R: ComponentNamedList + Lower + WireList + 'static,
        F: Fn(&mut Context, &P) -> Result<R, Abort> + Send + Sync + 'static,
        T: Fn(&mut Context, P, &R) -> Result<(), Abort> + Send + Sync + 'static,
    {
        let function: Arc<str> = format!("{}#{name}", self.interface).into();
        let pass = move |context: &mut Context, crossing: &mut Crossing, arguments: P| {
            crossing.begin(&function, &arguments)?;
            context.step = crossing.step();
            let results = match &mut crossing.script {
                Some(script) => script.answer()?,
                None => handler(context, &arguments)?,
            };
            crossing.end(&function, &results, Source::World)?;
            if crossing.script.is_none() || crossing.resumes {
                then(context, arguments, &results)?;
            }
            Ok(results)
        };
        self.instance.func_wrap(name, move |store, arguments: P| {
            carry(store, Source::World, |context, crossing| pass(context, crossing, arguments))
        })
    }

    /// Links one function that asks another actor. Before it asks, the turn is recorded as far as it has
    /// come. Else it is as one of [`Binder::function_async`].
    ///
    /// # Errors
    ///
    /// When the interface has a function of this name already.
    pub fn function_asking<P, R, F>(&mut self, name: &str, handler: F) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + WireList + Send + 'static,
        R: ComponentNamedList + Lower + WireList + Send + 'static,
        F: for<'c> Fn(&'c mut Context, P) -> Answering<'c, R> + Send + Sync + 'static,
    {
        self.waiting(name, true, handler)
    }

    /// Links one function that may have to wait: for time, or for something outside. While it
    /// waits it holds no thread, and the turn's timeout and whoever cancels the turn end it there; the
    /// record then has the call without an answer. Its answers are from the world: in replay
    /// nothing waits.
    ///
    /// # Errors
    ///
    /// When the interface has a function of this name already.
    pub fn function_async<P, R, F>(&mut self, name: &str, handler: F) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + WireList + Send + 'static,
        R: ComponentNamedList + Lower + WireList + Send + 'static,
        F: for<'c> Fn(&'c mut Context, P) -> Answering<'c, R> + Send + Sync + 'static,
    {
        self.waiting(name, false, handler)
    }

    fn waiting<P, R, F>(&mut self, name: &str, asks: bool, handler: F) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + WireList + Send + 'static,
        R: ComponentNamedList + Lower + WireList + Send + 'static,
        F: for<'c> Fn(&'c mut Context, P) -> Answering<'c, R> + Send + Sync + 'static,
    {
        let function: Arc<str> = format!("{}#{name}", self.interface).into();
        let handler = Arc::new(handler);
        self.instance.func_wrap_async(name, move |store, arguments: P| {
            let (function, handler) = (function.clone(), handler.clone());
            Box::new(carry_waiting(store, move |context, crossing| {
                Box::pin(pass_waiting(context, crossing, function, asks, arguments, handler))
            }))
        })
    }

    /// Links one function whose results hold secrets. What is recorded is what `hide` makes of them.
    /// In replay `find` makes the results of what was recorded, with the secrets as the machine has
    /// them now, or says what is there instead.
    ///
    /// # Errors
    ///
    /// When the interface has a function of this name already.
    pub fn function_with_secrets<P, R, F, H, S>(
        &mut self,
        name: &str,
        handler: F,
        hide: H,
        find: S,
    ) -> wasmtime::Result<()>
    where
        P: ComponentNamedList + Lift + WireList + 'static,
        R: ComponentNamedList + Lower + WireList + 'static,
        F: Fn(&mut Context, P) -> Result<R, Abort> + Send + Sync + 'static,
        H: Fn(&R) -> R + Send + Sync + 'static,
        S: Fn(&R) -> Result<R, String> + Send + Sync + 'static,
    {
        let function: Arc<str> = format!("{}#{name}", self.interface).into();
        let pass = move |context: &mut Context, crossing: &mut Crossing, arguments: P| {
            crossing.begin(&function, &arguments)?;
            let (recorded, results) = match &mut crossing.script {
                Some(script) => {
                    let recorded = script.answer()?;
                    let results = find(&recorded).map_err(|found| script.missing_secret(found))?;
                    (recorded, results)
                }
                None => {
                    let results = handler(context, arguments)?;
                    (hide(&results), results)
                }
            };
            crossing.end(&function, &recorded, Source::World)?;
            Ok(results)
        };
        self.instance.func_wrap(name, move |store, arguments: P| {
            carry(store, Source::World, |context, crossing| pass(context, crossing, arguments))
        })
    }

    /// Links a function that nobody answers: calling it is recorded, and traps with this message.
    pub(super) fn unanswered(&mut self, name: &str, message: String) -> wasmtime::Result<()> {
        let function: Arc<str> = format!("{}#{name}", self.interface).into();
        self.instance.func_new(name, move |store, _, _, _| {
            carry(store, Source::World, |_, crossing| {
                // Its arguments may be of types that have no encoding.
                crossing.begin(&function, &())?;
                Err(Abort::Trap(message.clone()))
            })
        })
    }

    /// Links a resource type that nobody answers. No function gives a handle of it.
    pub(super) fn unanswered_resource(&mut self, name: &str) -> wasmtime::Result<()> {
        /// What no handle stands for.
        struct Nothing;
        self.resource::<Nothing, _>(name, super::close)
    }

    /// Links one resource type. `dropped` is called when the component drops a handle that it owns;
    /// [`super::close`] where nothing else is to be done. A drop may have an effect outside (a
    /// stream is flushed, a file closed), so it is recorded as a call, `[resource-drop]NAME` with the
    /// handle, and does nothing in replay. The turn's end drops what is left without a call.
    ///
    /// # Errors
    ///
    /// When the interface has something of this name already.
    pub fn resource<T, F>(&mut self, name: &str, dropped: F) -> wasmtime::Result<()>
    where
        T: Any,
        F: Fn(&mut Context, Resource<T>) -> Result<(), Abort> + Send + Sync + 'static,
    {
        let function: Arc<str> = format!("{}#[resource-drop]{name}", self.interface).into();
        let dropped = move |context: &mut Context, (handle,)| dropped(context, handle);
        self.instance.resource(name, ResourceType::host::<T>(), move |store, number| {
            let handle = (Resource::<T>::new_own(number),);
            carry(store, Source::World, |context, crossing| {
                pass(context, crossing, &function, Source::World, handle, &dropped)
            })
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
    context.step = crossing.step();
    let results = match (&mut crossing.script, source) {
        (Some(script), Source::World) => script.answer()?,
        _ => handler(context, arguments)?,
    };
    crossing.end(function, &results, source)?;
    Ok(results)
}

/// One import call that may have to wait.
async fn pass_waiting<P: WireList, R: WireList>(
    context: &mut Context,
    crossing: &mut Crossing,
    function: Arc<str>,
    asks: bool,
    arguments: P,
    handler: Arc<impl for<'c> Fn(&'c mut Context, P) -> Answering<'c, R>>,
) -> Result<R, Abort> {
    crossing.begin(&function, &arguments)?;
    context.step = crossing.step();
    let results = match &mut crossing.script {
        Some(script) => script.answer()?,
        None => {
            if asks {
                crossing.open()?;
            }
            handler(context, arguments).await?
        }
    };
    crossing.end(&function, &results, Source::World)?;
    Ok(results)
}
