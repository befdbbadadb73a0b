//! The exports of a component: which functions it has, which of them can be called, and calling one.

use super::{Abort, TurnData};
use crate::trace::ExitReason;
use crate::wire::{self, WireError, Writer};
use crate::world;
use minicbor::decode::Decoder;
use wasmtime::Store;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Instance, Type, Val};

/// The exported function that is an actor's turn 0.
pub const INIT: &str = "init";

/// The package of the callbacks, which only the runtime calls.
const CALLBACKS: &str = "theater:actor/";

/// The callback that brings the state into a new form after a reload.
const UPGRADE: (&str, &str) = ("theater:actor/upgrade@0.1.", "upgrade");

/// Whether a full name is that of the `upgrade` of `theater:actor/upgrade`.
pub fn is_upgrade(full_name: &str) -> bool {
    full_name.starts_with(UPGRADE.0)
        && full_name.rsplit_once('#').is_some_and(|(_, name)| name == UPGRADE.1)
}

/// An exported function that can be called.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its full name: `local:counter/counter#increment`, or `init` for one of the world itself.
    pub full_name: String,
    /// The interface that it belongs to, such as `local:counter/counter@0.1.0`; none for one of the
    /// world itself.
    pub interface: Option<String>,
    /// Its name in the interface.
    pub name: String,
    /// Names and types of its parameters.
    pub params: Vec<(String, Type)>,
    /// Types of its results: none or one.
    pub results: Vec<Type>,
    index: ComponentExportIndex,
}

/// An exported function that cannot be called, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncallable {
    /// Its full name.
    pub full_name: String,
    /// Why it cannot be called.
    pub reason: String,
}

/// All exported functions of a component, in its own order.
pub fn functions(component: &Component) -> (Vec<Function>, Vec<Uncallable>) {
    let engine = component.engine();
    let ty = component.component_type();
    let (mut callable, mut uncallable) = (Vec::new(), Vec::new());
    let mut add = |interface: Option<&str>, name: &str, function: &ComponentFunc| {
        let full_name = match interface {
            Some(interface) => format!("{interface}#{name}"),
            None => name.to_owned(),
        };
        let parent = interface.and_then(|interface| component.get_export_index(None, interface));
        let index = component.get_export_index(parent.as_ref(), name);
        let params = function.params().map(|(name, _)| name);
        let left = world::leftover(interface, name, params);
        match (left.or_else(|| why_uncallable(function)), index) {
            (None, Some(index)) => callable.push(Function {
                full_name,
                interface: interface.map(str::to_owned),
                name: name.to_owned(),
                params: function.params().map(|(name, ty)| (name.to_owned(), ty)).collect(),
                results: function.results().collect(),
                index,
            }),
            (reason, _) => {
                let reason = reason.unwrap_or_else(|| "it is not exported by itself".to_owned());
                uncallable.push(Uncallable { full_name, reason });
            }
        }
    };
    for (name, item) in ty.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(function) => add(None, name, &function),
            ComponentItem::ComponentInstance(instance) => {
                for (function_name, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(function) = item.ty {
                        add(Some(name), function_name, &function);
                    }
                }
            }
            _ => {}
        }
    }
    (callable, uncallable)
}

fn why_uncallable(function: &ComponentFunc) -> Option<String> {
    if function.async_() {
        return Some("it is an async function, which belongs to WASI 0.3".to_owned());
    }
    let types = function.params().map(|(_, ty)| ty).chain(function.results());
    types.into_iter().find_map(|ty| why_unencodable(&ty))
}

/// Why values of a type cannot be written, if they cannot.
pub(crate) fn why_unencodable(ty: &Type) -> Option<String> {
    match ty {
        Type::Own(_) | Type::Borrow(_) => Some(
            "it uses a resource of the component: an instance lives for one turn, and its \
             resources with it"
                .to_owned(),
        ),
        Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            Some("it uses futures or streams, which belong to WASI 0.3".to_owned())
        }
        Type::Map(_) | Type::FixedLengthList(_) => {
            Some("it uses a map or a list of fixed length, which are not supported yet".to_owned())
        }
        Type::List(list) => why_unencodable(&list.ty()),
        Type::Record(record) => record.fields().find_map(|field| why_unencodable(&field.ty)),
        Type::Tuple(tuple) => tuple.types().find_map(|ty| why_unencodable(&ty)),
        Type::Variant(variant) => {
            variant.cases().filter_map(|case| case.ty).find_map(|ty| why_unencodable(&ty))
        }
        Type::Option(option) => why_unencodable(&option.ty()),
        Type::Result(result) => {
            result.ok().into_iter().chain(result.err()).find_map(|ty| why_unencodable(&ty))
        }
        _ => None,
    }
}

impl Function {
    /// Whether only the runtime calls it: `init`, and what a component exports for the host.
    pub fn is_callback(&self) -> bool {
        match &self.interface {
            Some(interface) => interface.starts_with(CALLBACKS),
            None => self.name == INIT,
        }
    }

    /// Whether it takes who has ended, and why.
    fn takes_exit(&self) -> bool {
        match self.params.as_slice() {
            [(_, Type::String), (_, Type::Enum(reasons))] => {
                self.results.is_empty() && reasons.names().eq(ExitReason::NAMES.iter().copied())
            }
            _ => false,
        }
    }

    /// Whether it is this function of `theater:actor/INTERFACE`, and of its type: a component may export
    /// another one under its name.
    pub fn is_callback_of(&self, interface: &str, name: &str) -> bool {
        let Some(found) = self.interface.as_deref().and_then(|i| i.strip_prefix(CALLBACKS)) else {
            return false;
        };
        let text = [Type::String];
        let same_name = found.split_once('@').is_some_and(|(found, version)| {
            found == interface && version.starts_with("0.1.") && self.name == name
        });
        let types: (&[Type], &[Type]) = match (interface, name) {
            ("inbox", "message") | ("timer-callback", "tick") => (&text, &[]),
            ("inbox", "request") => (&text, &text),
            ("supervisor-callback", "started") => (&text, &[]),
            ("supervisor-callback", "restarted") => (&[Type::String, Type::U32], &[]),
            ("supervisor-callback", "gave-up") => (&[Type::String, Type::String, Type::U32], &[]),
            ("supervisor-callback", "exited") | ("monitor-callback", "down") => {
                return same_name && self.takes_exit();
            }
            _ => return false,
        };
        same_name && self.params.iter().map(|(_, ty)| ty).eq(types.0) && self.results == types.1
    }

    /// Whether it is the `upgrade` of `theater:actor/upgrade`, and of its type: a component may export
    /// another one under its name.
    pub fn is_upgrade(&self) -> bool {
        let refuses = |ty: &Type| match ty {
            Type::Result(result) => {
                result.ok().is_none() && matches!(result.err(), Some(Type::String))
            }
            _ => false,
        };
        is_upgrade(&self.full_name)
            && matches!(self.params.as_slice(), [(_, Type::String)])
            && matches!(self.results.as_slice(), [result] if refuses(result))
    }

    /// Whether an `err` of it is a refusal, so that its turn does not commit.
    pub fn may_refuse(&self) -> bool {
        self.full_name == INIT || self.is_upgrade()
    }

    /// The arguments of a message, out of their encoding.
    ///
    /// # Errors
    ///
    /// When they are not of the function's types.
    pub fn decode_arguments(&self, bytes: &[u8]) -> Result<Vec<Val>, WireError> {
        let types: Vec<Type> = self.params.iter().map(|(_, ty)| ty.clone()).collect();
        wire::decode_all(&mut Decoder::new(bytes), &types)
    }

    /// The arguments of a message, in their encoding.
    pub fn encode_arguments(&self, values: &[Val]) -> Vec<u8> {
        let mut writer = Writer::with_capacity(64);
        wire::encode_all(&mut writer, values, self.params.iter().map(|(_, ty)| ty));
        writer.into_bytes()
    }

    /// The results, in their encoding.
    pub fn encode_results(&self, values: &[Val]) -> Vec<u8> {
        let mut writer = Writer::with_capacity(64);
        wire::encode_all(&mut writer, values, &self.results);
        writer.into_bytes()
    }

    /// Calls the function in an instance.
    ///
    /// # Errors
    ///
    /// When the component traps or breaks a limit, or the result is too large.
    pub async fn call(
        &self,
        store: &mut Store<TurnData>,
        instance: &Instance,
        arguments: &[Val],
    ) -> wasmtime::Result<(Vec<Val>, Vec<u8>)> {
        let function = instance.get_func(&mut *store, self.index).ok_or_else(|| {
            wasmtime::format_err!("the component has no function {}", self.full_name)
        })?;
        let mut results = vec![Val::Bool(false); self.results.len()];
        function.call_async(&mut *store, arguments, &mut results).await?;
        let encoded = self.encode_results(&results);
        let limit = store.data().crossing.message_limit();
        if encoded.len() as u64 > limit {
            return Err(Abort::Size(format!(
                "the result takes {} bytes; the limit of one message is {limit}",
                encoded.len()
            ))
            .into());
        }
        Ok((results, encoded))
    }
}
