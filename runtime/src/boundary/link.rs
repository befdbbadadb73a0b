//! Links: imports of a component that other actors answer.

use super::stop::carry_waiting;
use super::{Abort, Crossing, Source, TurnData};
use crate::actor::{Asked, CallError, Question};
use crate::handlers::Context;
use crate::manifest::{Link, Manifest};
use crate::wire;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Linker, LinkerInstance, Type, Val};

/// Links what a component imports of other actors, as its manifest says.
///
/// # Errors
///
/// When the component imports something in a form that cannot be linked.
pub(super) fn link(
    linker: &mut Linker<TurnData>,
    component: &Component,
    manifest: &Manifest,
) -> wasmtime::Result<()> {
    let engine = component.engine();
    for (name, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        let Some(link) = manifest.link_for(name) else { continue };
        let interface: Arc<str> = name.into();
        for (function, item) in instance.exports(engine) {
            if let ComponentItem::ComponentFunc(ty) = item.ty {
                let linked = Linked::new(interface.clone(), function, &ty, link);
                linked.bind(linker.instance(name)?, function)?;
            }
        }
    }
    Ok(())
}

/// One function that another actor answers.
struct Linked {
    /// Its full name.
    name: String,
    actor: String,
    timeout: Option<Duration>,
    asked: Asked,
    /// The types of its parameters and of its results.
    types: Arc<(Vec<Type>, Vec<Type>)>,
    carrier: Option<Carrier>,
}

/// How the result of a function tells why there was no answer.
enum Carrier {
    /// Its error type is `call-error`.
    Itself,
    /// This case of its error type holds one.
    Case(String),
}

impl Linked {
    fn new(interface: Arc<str>, function: &str, ty: &ComponentFunc, link: &Link) -> Self {
        let params = ty.params().map(|(_, ty)| ty).collect();
        let types: Arc<(Vec<Type>, Vec<Type>)> = Arc::new((params, ty.results().collect()));
        Self {
            name: format!("{interface}#{function}"),
            actor: link.actor.value.clone(),
            timeout: link.timeout,
            carrier: Carrier::of(&types.1),
            asked: Asked::Import { interface, function: function.into(), types: types.clone() },
            types,
        }
    }

    fn bind(
        self,
        mut instance: LinkerInstance<'_, TurnData>,
        function: &str,
    ) -> wasmtime::Result<()> {
        let linked = Arc::new(self);
        instance.func_new_async(function, move |store, _, arguments, results| {
            let (linked, arguments) = (linked.clone(), arguments.to_vec());
            Box::new(async move {
                let carried = carry_waiting(store, move |context, crossing| {
                    Box::pin(async move { linked.call(context, crossing, arguments).await })
                });
                let values = carried.await?;
                for (place, value) in results.iter_mut().zip(values) {
                    *place = value;
                }
                Ok(())
            })
        })
    }

    /// One import call, from the component to its answer.
    async fn call(
        &self,
        context: &mut Context,
        crossing: &mut Crossing,
        arguments: Vec<Val>,
    ) -> Result<Vec<Val>, Abort> {
        crossing.buffer.clear();
        wire::encode_all(&mut crossing.buffer, &arguments, &self.types.0);
        crossing.begin_encoded(&self.name)?;
        context.step = crossing.step();
        let values = match &mut crossing.script {
            Some(script) => script.answer_of(&self.types.1)?,
            None => {
                crossing.open()?;
                let question = self.question(context, arguments);
                self.answer(context.peers()?.ask(question).await)?
            }
        };
        crossing.buffer.clear();
        wire::encode_all(&mut crossing.buffer, &values, &self.types.1);
        crossing.end_encoded(&self.name, Source::World)?;
        Ok(values)
    }

    fn question(&self, context: &Context, arguments: Vec<Val>) -> Question {
        Question {
            step: context.address(),
            from: context.name.clone(),
            to: self.actor.clone(),
            function: self.asked.clone(),
            arguments,
            timeout: self.timeout,
            depth: context.depth,
        }
    }

    /// What the component gets.
    fn answer(&self, answer: Result<Vec<Val>, CallError>) -> Result<Vec<Val>, Abort> {
        let error = match answer {
            Ok(values) => return Ok(values),
            Err(error) => error,
        };
        match self.carrier.as_ref().and_then(|carrier| carrier.carry(&error)) {
            Some(value) => Ok(vec![value]),
            None => Err(self.abort(&error)),
        }
    }

    /// What ends the turn of the caller.
    fn abort(&self, error: &CallError) -> Abort {
        let message = format!("it called {}: {error}", self.name);
        match error {
            CallError::NoSuchActor(_) | CallError::Unlinked { .. } => Abort::NoSuchActor(message),
            CallError::TooLarge { .. } => Abort::Size(message),
            _ => Abort::Unanswered(message),
        }
    }
}

impl Carrier {
    /// How the results of a function can tell why there was no answer, if they can.
    fn of(results: &[Type]) -> Option<Self> {
        let [Type::Result(result)] = results else { return None };
        let error = result.err()?;
        if is_call_error(&error) {
            return Some(Self::Itself);
        }
        let Type::Variant(variant) = error else { return None };
        let mut cases = variant.cases();
        let case = cases.find(|case| case.ty.as_ref().is_some_and(is_call_error))?;
        Some(Self::Case(case.name.to_owned()))
    }

    /// The result of the function; none if this is nothing that the caller could be told.
    fn carry(&self, error: &CallError) -> Option<Val> {
        let (case, payload) = match error {
            CallError::NoSuchActor(_) | CallError::Unlinked { .. } => ("no-such-actor", None),
            CallError::Overloaded(_) => ("overloaded", None),
            CallError::Timeout { .. } => ("timeout", None),
            CallError::Aborted { .. } => ("aborted", Some(Val::String(error.to_string()))),
            CallError::Ended(_) => ("ended", None),
            CallError::Cycle(paths) => {
                ("cycle", Some(Val::List(paths.iter().cloned().map(Val::String).collect())))
            }
            _ => return None,
        };
        let error = Val::Variant(case.to_owned(), payload.map(Box::new));
        let error = match self {
            Self::Itself => error,
            Self::Case(name) => Val::Variant(name.clone(), Some(Box::new(error))),
        };
        Some(Val::Result(Err(Some(Box::new(error)))))
    }
}

/// Whether a type is that of `theater:actor/call-error`.
fn is_call_error(ty: &Type) -> bool {
    let Type::Variant(variant) = ty else { return false };
    let is_texts = |ty: &Type| matches!(ty, Type::List(list) if list.ty() == Type::String);
    let expected = ["no-such-actor", "overloaded", "timeout", "aborted", "ended", "cycle"];
    variant.cases().len() == expected.len()
        && variant.cases().zip(expected).all(|(case, name)| {
            case.name == name
                && match (name, &case.ty) {
                    ("aborted", Some(ty)) => *ty == Type::String,
                    ("cycle", Some(ty)) => is_texts(ty),
                    ("aborted" | "cycle", None) => false,
                    (_, ty) => ty.is_none(),
                }
        })
}
