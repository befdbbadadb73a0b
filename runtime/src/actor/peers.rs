use super::{Actor, CallError, Mailbox};
use crate::trace::{ActorId, Step};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{Type, Val};

/// The other actors, as a turn sees them.
pub trait Peers: fmt::Debug + Send + Sync {
    /// The actor that a name means, looked up from the actor `from` outwards.
    fn find(&self, from: &str, name: &str) -> Option<Peer>;

    /// Asks an actor, and waits for the results.
    fn ask(&self, question: Question) -> Answer;
}

/// The same for the actor itself, which delivers what its turns have sent.
pub(crate) trait Post: Peers {
    /// The actor with this number, and its mailbox; none if it has ended for good.
    fn receiver(&self, id: ActorId) -> Option<(Arc<Actor>, Arc<Mailbox>)>;
}

/// What [`Peers::ask`] answers: the results of the function.
pub type Answer = Pin<Box<dyn Future<Output = Result<Vec<Val>, CallError>> + Send>>;

/// An actor as others know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its number.
    pub id: ActorId,
    /// Its path.
    pub path: Arc<str>,
    /// Whether it takes messages, so that it can be sent some.
    pub has_inbox: bool,
}

/// A call of one actor to another one.
#[derive(Debug)]
pub struct Question {
    /// The step that asks: its key, by which it is never asked twice.
    pub step: Step,
    /// The path of the actor that asks.
    pub from: Arc<str>,
    /// The name of the actor that is asked.
    pub to: String,
    /// Which of its functions.
    pub function: Asked,
    /// The arguments.
    pub arguments: Vec<Val>,
    /// How long the answer may take; none for as long as it takes.
    pub timeout: Option<Duration>,
    /// How many actors wait for the turn that asks, one over the other.
    pub depth: usize,
}

/// Which function is asked.
#[derive(Debug, Clone)]
pub enum Asked {
    /// That of the actor's inbox.
    Inbox,
    /// A function of an interface that a component imports over a link.
    Import {
        /// The interface, such as `shop:inventory/stock@0.1.0`.
        interface: Arc<str>,
        /// The function's name in it.
        function: Arc<str>,
        /// The types of its parameters and of its results.
        types: Arc<(Vec<Type>, Vec<Type>)>,
    },
}
