use super::Compiled;
use crate::boundary::export::{self, Function, Uncallable};
use crate::boundary::{self, TurnData};
use crate::diagnostic::{COMPONENT_UNSUPPORTED, Diagnostic};
use crate::engine::MAX_MEMORIES;
use crate::manifest::Manifest;
use crate::trace::Hash;
use crate::world::ComponentInfo;
use std::collections::HashMap;
use std::sync::Arc;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Instance, InstancePre, Linker, Type};
use wasmtime::{Engine, Store};

pub(super) fn unsupported(error: &wasmtime::Error) -> Diagnostic {
    let message = format!("the component cannot be loaded: {}", error.root_cause());
    Diagnostic::error(COMPONENT_UNSUPPORTED, message)
}

/// A component, compiled and linked with what its manifest grants: ready to be instantiated.
pub struct Program {
    /// The SHA-256 of the component's bytes.
    pub hash: Hash,
    /// What the component says about itself.
    pub info: Arc<ComponentInfo>,
    /// The exported functions that can be called with a message.
    pub functions: Vec<Function>,
    /// The exported functions that only the runtime calls.
    pub callbacks: Vec<Function>,
    /// The exported functions that cannot, and why.
    pub uncallable: Vec<Uncallable>,
    /// How many linear memories an instance has.
    pub memories: u32,
    /// The places of `functions`: a component may export thousands.
    by_name: HashMap<String, usize>,
    pre: InstancePre<TurnData>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Program {
    /// Links a compiled component with what the manifest grants. None of its code runs.
    ///
    /// # Errors
    ///
    /// Everything for which it is refused: imports that are not granted, an `init` of another
    /// shape, and what the engine does not support.
    pub fn link(compiled: &Compiled, manifest: &Manifest) -> Result<Self, Vec<Diagnostic>> {
        let Compiled { hash, info, component } = compiled;
        let problems = boundary::check_imports(info, manifest);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut linker = Linker::new(component.engine());
        let pre = boundary::link(&mut linker, component, manifest)
            .and_then(|()| linker.instantiate_pre(component))
            .map_err(|error| vec![unsupported(&error)])?;
        let (functions, uncallable) = export::functions(component);
        let (callbacks, functions) = functions.into_iter().partition(Function::is_callback);
        let functions: Vec<Function> = functions;
        let names = functions.iter().map(|function| function.full_name.clone());
        let by_name = names.zip(0..).collect();
        // It is not known of components that import others, which are refused.
        let memories = component.resources_required().map_or(MAX_MEMORIES, |all| all.num_memories);
        Ok(Self {
            hash: *hash,
            info: info.clone(),
            functions,
            callbacks,
            uncallable,
            memories,
            by_name,
            pre,
        })
    }

    /// The function with this full name that can be called with a message.
    pub fn callable(&self, full_name: &str) -> Option<&Function> {
        self.by_name.get(full_name).map(|index| &self.functions[*index])
    }

    /// The function with this full name, callbacks among them.
    pub fn function(&self, full_name: &str) -> Option<&Function> {
        let callback = || self.callbacks.iter().find(|function| function.full_name == full_name);
        self.callable(full_name).or_else(callback)
    }

    /// The types of what an import gives, by its full name; none if the component has no such import.
    pub fn import_results(&self, full_name: &str) -> Option<Vec<Type>> {
        let (interface, name) = full_name.rsplit_once('#')?;
        let component = self.pre.component();
        let imports = component.component_type();
        let item = imports.get_import(component.engine(), interface)?.ty;
        let ComponentItem::ComponentInstance(instance) = item else { return None };
        match instance.get_export(component.engine(), name)?.ty {
            ComponentItem::ComponentFunc(function) => Some(function.results().collect()),
            _ => None,
        }
    }

    /// The function that is turn 0, if the component has one.
    pub fn init(&self) -> Option<&Function> {
        self.callbacks.iter().find(|function| function.full_name == export::INIT)
    }

    /// The function that takes over from another component, if the component has one.
    pub fn upgrade(&self) -> Option<&Function> {
        self.callbacks.iter().find(|function| function.is_upgrade())
    }

    /// The callback of `theater:actor/INTERFACE` with this name, if the component has it.
    pub fn callback(&self, interface: &str, name: &str) -> Option<&Function> {
        self.callbacks.iter().find(|function| function.is_callback_of(interface, name))
    }

    /// The engine that compiled it.
    pub fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    /// A fresh instance. Its start functions run here, and burn the store's fuel.
    ///
    /// # Errors
    ///
    /// When a start function traps, or a limit is broken.
    pub(super) async fn instantiate(
        &self,
        store: &mut Store<TurnData>,
    ) -> wasmtime::Result<Instance> {
        self.pre.instantiate_async(store).await
    }
}
