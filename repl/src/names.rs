//! The names that completion, hints and colours know: an immutable snapshot, replaced as a whole
//! when an actor comes or goes.

use std::sync::{Arc, PoisonError, RwLock};
use theater_runtime::call::{Type, choices, placeholder, type_name};

/// All running actors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// The actors, in the order in which they are to be shown.
    pub actors: Vec<ActorNames>,
    /// Keys of the state of the actor that is meant where none is named.
    pub keys: Vec<String>,
}

/// One actor, and what can be called of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActorNames {
    /// The actor's name, or its path in a tree of actors.
    pub name: String,
    /// Its functions.
    pub functions: Vec<FunctionNames>,
    /// The number of its last turn.
    pub last_turn: u64,
    /// Keys of its state, as far as they are known.
    pub keys: Vec<String>,
}

/// One function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionNames {
    /// The full name of the interface. `None` for a function of the world itself.
    pub interface: Option<String>,
    /// The function's name.
    pub name: String,
    /// The parameters.
    pub params: Vec<ParamNames>,
    /// The type of the result, if there is one.
    pub result: Option<String>,
}

/// One parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParamNames {
    /// The parameter's name.
    pub name: String,
    /// Its type, in WIT's syntax.
    pub ty: String,
    /// A value to start from.
    pub placeholder: String,
    /// All values, or starts of values, where there are few.
    pub choices: Vec<String>,
}

impl FunctionNames {
    /// Describes a function by its types.
    pub fn new(
        interface: Option<&str>,
        name: &str,
        params: &[(String, Type)],
        results: &[Type],
    ) -> Self {
        let params = params.iter().map(|(name, ty)| ParamNames {
            name: name.clone(),
            ty: type_name(ty),
            placeholder: placeholder(ty),
            choices: choices(ty),
        });
        Self {
            interface: interface.map(str::to_owned),
            name: name.to_owned(),
            params: params.collect(),
            result: results.first().map(type_name),
        }
    }

    /// `increment(by: u32) -> u32`.
    pub fn signature(&self) -> String {
        let params: Vec<String> = self.params.iter().map(ParamNames::declaration).collect();
        let head = format!("{}({})", self.name, params.join(", "));
        match &self.result {
            Some(result) => format!("{head} -> {result}"),
            None => head,
        }
    }

    /// The last part of the interface's name: `counter` of `local:my-actor/counter@0.1.0`.
    pub fn short_interface(&self) -> Option<&str> {
        let unversioned = self.interface.as_deref()?.split('@').next()?;
        unversioned.rsplit('/').next()
    }
}

impl ParamNames {
    /// `by: u32`.
    pub fn declaration(&self) -> String {
        format!("{}: {}", self.name, self.ty)
    }
}

/// Where the newest snapshot is: written by the system, read by the terminal at each key.
#[derive(Debug, Clone, Default)]
pub struct NamesCell(Arc<RwLock<Arc<Names>>>);

impl NamesCell {
    /// The newest snapshot.
    pub fn get(&self) -> Arc<Names> {
        // The lock is held for a copy of a pointer only: a panic cannot leave it half done.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the snapshot.
    pub fn set(&self, names: Names) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
    }
}
