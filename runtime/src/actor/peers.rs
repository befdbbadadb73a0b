use super::{Actor, CallError, Control, Mailbox};
use crate::trace::{ActorId, Entry, LogFailed, Step, Watch};
use crate::wire::wire_record;
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

    /// Whether an actor has a function to be told of the ends of others.
    fn hears_of_ends(&self, actor: ActorId) -> bool;

    /// The children of an actor, in the order in which they are started.
    fn children(&self, of: ActorId) -> Vec<ChildView>;

    /// Keeps a name and a place for a child, until the turn that asks for it is over.
    ///
    /// # Errors
    ///
    /// Why there can be no such child.
    fn reserve(&self, birth: &Birth) -> Result<(), Unborn>;
}

/// The same for the actor itself, which delivers what its turns have sent.
pub(crate) trait Post: Peers {
    /// The actor with this number, and its mailbox; none if it has ended for good.
    fn receiver(&self, id: ActorId) -> Option<(Arc<Actor>, Arc<Mailbox>)>;

    /// Records something about an actor, and tells all whom it concerns. `watches` is what a turn changes about
    /// whose ends concern it: in which way, the other actor's number and its path.
    fn append(&self, entry: Entry, watches: &[(Watch, ActorId, Arc<str>)])
    -> Result<(), LogFailed>;

    /// Brings a child into being that a turn has asked for.
    fn spawn(&self, birth: Birth) -> Result<(), LogFailed>;

    /// A turn of this actor is over: what it reserved and did not use is free again.
    fn release(&self, actor: ActorId);

    /// Tells an actor something beside its messages.
    fn control(&self, actor: ActorId, control: Control);

    /// Whether the whole node ends.
    fn is_ending(&self) -> bool;
}

/// A child that a turn asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Birth {
    /// The step of its supervisor that asks.
    pub step: Step,
    /// What it is made of.
    pub template: String,
    /// Its name among its siblings.
    pub name: String,
    /// The arguments of its `init`, as WAVE; without them, those of the manifest.
    pub init: Option<String>,
}

wire_record!(Birth, 4 { step = "step", template = "template", name = "name", init = "init" });

/// Why there can be no such child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unborn {
    /// The supervisor has no such template.
    NoSuchTemplate,
    /// It is no name.
    BadName,
    /// A child has the name.
    NameTaken,
    /// There are as many as the grant of the supervisor, or of one above it, allows.
    TooMany,
    /// The arguments do not fit its `init`, for this reason.
    BadInit(String),
}

/// A child as its supervisor knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildView {
    /// Its number.
    pub id: ActorId,
    /// Its path.
    pub path: Arc<str>,
    /// What it was made of, if it was asked for.
    pub template: Option<Arc<str>>,
    /// Whether it takes messages.
    pub running: bool,
    /// Whether it is never started again.
    pub temporary: bool,
    /// Which of its lives it is in.
    pub incarnation: u32,
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
