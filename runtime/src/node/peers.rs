//! How actors of the node find and ask each other.

use super::{Bonds, Inner, Node, Registry};
use crate::actor::{
    Actor, Answer, Asked, Birth, Call, CallError, ChildView, Control, DEEPEST, Event, Handle,
    Mailbox, Peer, Peers, Post, Question, Refused, Reply, Unborn, What,
};
use crate::boundary::export::Function;
use crate::catalog::same_interface;
use crate::trace::{ActorId, Cause, Entry, Log, LogFailed, Step, Watch};
use crate::wire;
use crate::world::meaning_of_name;
use minicbor::decode::Decoder;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::oneshot;
use wasmtime::component::{Type, Val};

/// The node, as its actors see each other through it.
#[derive(Debug)]
pub(super) struct PostOffice {
    pub node: Weak<Inner>,
    pub log: Arc<Log>,
    /// Locked while the log is, never the other way round.
    pub bonds: Arc<Mutex<Bonds>>,
}

impl PostOffice {
    fn node(&self) -> Option<Node> {
        self.node.upgrade().map(|inner| Node { inner })
    }
}

/// The answers to questions of turns in which a node died: they are not asked again.
#[derive(Debug, Default)]
pub(super) struct Promised(Mutex<HashMap<Step, Promise>>);

/// The answer to one question.
#[derive(Debug)]
pub(super) enum Promise {
    /// The one that was recorded: the results in their encoding.
    Recorded(Result<Vec<u8>, CallError>),
    /// It comes when the turn that gives it, itself one that goes on, is done.
    Coming(oneshot::Receiver<Result<Reply, CallError>>),
}

impl Promised {
    pub fn new(promises: HashMap<Step, Promise>) -> Self {
        Self(Mutex::new(promises))
    }

    fn take(&self, step: &Step) -> Option<Promise> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(step)
    }
}

impl Peers for PostOffice {
    fn find(&self, from: &str, name: &str) -> Option<Peer> {
        let (actor, _) = self.node()?.registry().meaning(from, name)?;
        let has_inbox = actor.program.callback("inbox", "message").is_some();
        Some(Peer { id: actor.id, path: actor.name.clone(), has_inbox })
    }

    fn ask(&self, question: Question) -> Answer {
        let node = self.node.clone();
        Box::pin(async move {
            let timeout = question.timeout;
            let actor = question.to.clone();
            let answer = Node::answer(node, question);
            match timeout {
                None => answer.await,
                Some(timeout) => tokio::time::timeout(timeout, answer)
                    .await
                    .unwrap_or(Err(CallError::Timeout { actor, timeout })),
            }
        })
    }

    fn hears_of_ends(&self, actor: ActorId) -> bool {
        let found = self.receiver(actor);
        found.is_some_and(|(a, _)| a.program.callback("monitor-callback", "down").is_some())
    }

    fn children(&self, of: ActorId) -> Vec<ChildView> {
        self.node().map_or_else(Vec::new, |node| node.child_views(of))
    }

    fn reserve(&self, birth: &Birth) -> Result<(), Unborn> {
        // Without a node there is nobody to start anything.
        self.node().ok_or(Unborn::NoSuchTemplate)?.reserve(birth)
    }
}

impl Post for PostOffice {
    fn receiver(&self, id: ActorId) -> Option<(Arc<Actor>, Arc<Mailbox>)> {
        let node = self.node()?;
        let registry = node.registry();
        let handle = registry.by_id(id)?;
        Some((handle.actor.clone(), handle.mailbox.clone()))
    }

    fn append(
        &self,
        entry: Entry,
        watches: &[(Watch, ActorId, Arc<str>)],
    ) -> Result<(), LogFailed> {
        let mut events = Vec::new();
        let changes: Vec<_> = watches.iter().map(|(watch, to, _)| (*watch, *to)).collect();
        self.log.append_with(entry, |header| {
            let mut bonds = self.bonds.lock().unwrap_or_else(PoisonError::into_inner);
            events = bonds.follow(header.actor, header.position, &header.kind, &changes);
        })?;
        // Nothing of what is recorded with a lock on the registry has an event.
        if !events.is_empty()
            && let Some(node) = self.node()
        {
            for event in events {
                let watched = watches.iter().find(|(_, to, _)| *to == event.of);
                node.tell_of(&event, watched.map(|(_, _, path)| path));
            }
        }
        Ok(())
    }

    fn spawn(&self, birth: Birth) -> Result<(), LogFailed> {
        self.node().map_or(Ok(()), |node| node.bear(&birth))
    }

    fn release(&self, actor: ActorId) {
        if let Some(node) = self.node() {
            node.registry().asked.release_all(actor);
        }
    }

    fn control(&self, actor: ActorId, control: Control) {
        let Some(node) = self.node() else { return };
        if let Some(handle) = node.registry().by_id(actor) {
            // One that has ended does not listen, and need not.
            let _ = handle.control.send(control);
        }
    }

    fn is_ending(&self) -> bool {
        self.node().is_none_or(|node| node.registry().ending)
    }
}

impl Registry {
    /// The actor with this number, if it has not ended for good.
    pub(super) fn by_id(&self, id: ActorId) -> Option<&Handle> {
        let handle = self.living.get(self.names.get(&id)?)?;
        (handle.actor.id == id).then_some(handle)
    }

    /// The living actor that a name means, looked up from the actor `from` outwards.
    fn meaning(&self, from: &str, name: &str) -> Option<(Arc<Actor>, Arc<Mailbox>)> {
        let path = meaning_of_name(from, name, |path| self.get(path).is_some())?;
        self.get(&path).map(|handle| (handle.actor.clone(), handle.mailbox.clone()))
    }
}

impl Node {
    /// Tells an actor of an event, if it wants to know. `path` is that of the other actor, which may have
    /// ended for good.
    pub(super) fn tell_of(&self, event: &Event, path: Option<&Arc<str>>) {
        let registry = self.registry();
        let Some(handle) = registry.by_id(event.to) else { return };
        if let What::Linked(reason, incarnation) = event.what {
            let control = Box::new(Control::Linked(reason, event.position));
            // One that has ended does not listen, and need not.
            let _ = handle.control.send(Control::For(incarnation, control));
            return;
        }
        let Some(path) = path.or_else(|| registry.names.get(&event.of)) else { return };
        if let Some(call) = handle.actor.event_message(event, path) {
            // It must not be lost, so it needs no room. One that has ended for good hears nothing.
            let _ = handle.mailbox.push_over(call);
        }
    }

    /// Asks, and waits for the answer.
    async fn answer(node: Weak<Inner>, question: Question) -> Result<Vec<Val>, CallError> {
        let ended = || CallError::Ended(question.to.clone());
        let found = {
            let inner = node.upgrade().ok_or_else(ended)?;
            let promise = inner.promised.take(&question.step);
            match promise {
                Some(Promise::Recorded(answer)) => return recorded(&question, answer),
                Some(Promise::Coming(answer)) => {
                    return answer.await.unwrap_or_else(|_| Err(ended())).map(|reply| reply.values);
                }
                None => inner,
            }
        };
        let target = Node { inner: found.clone() }.registry().meaning(&question.from, &question.to);
        let (target, mailbox) =
            target.ok_or_else(|| CallError::NoSuchActor(question.to.clone()))?;
        let asker = (question.step.actor, question.from.clone());
        let waiting =
            found.waits.begin(asker, target.clone(), question.depth).map_err(CallError::Cycle)?;
        // The node may end while somebody waits.
        drop(found);
        let (reply, answer) = oneshot::channel();
        let call = message(&target, &question, reply)?;
        mailbox.push(call).map_err(|refused| match refused {
            Refused::Full(_) => CallError::Overloaded(target.name.to_string()),
            Refused::Closed => CallError::Ended(target.name.to_string()),
        })?;
        let answered = answer.await;
        drop(waiting);
        answered.unwrap_or_else(|_| Err(ended())).map(|reply| reply.values)
    }
}

/// The question as a message to the actor that is asked.
fn message(
    target: &Actor,
    question: &Question,
    reply: oneshot::Sender<Result<Reply, CallError>>,
) -> Result<Call, CallError> {
    if question.depth >= DEEPEST {
        return Err(CallError::Overloaded(target.name.to_string()));
    }
    let function = asked(target, &question.function)?;
    let encoded = function.encode_arguments(&question.arguments);
    target.check_size(&encoded)?;
    Ok(Call {
        function: function.full_name.clone(),
        generation: target.generation(),
        arguments: question.arguments.clone(),
        encoded,
        cause: Cause::Actor(question.step),
        sender: Some(question.from.clone()),
        origin: None,
        depth: question.depth + 1,
        reply: Some(reply),
    })
}

/// The function of an actor that answers a question.
fn asked<'a>(target: &'a Actor, asked: &Asked) -> Result<&'a Function, CallError> {
    let actor = || target.name.to_string();
    match asked {
        Asked::Inbox => {
            let found = target.program.callback("inbox", "request");
            found.ok_or_else(|| CallError::NoInbox(actor()))
        }
        Asked::Import { interface, function, types } => {
            let unlinked = |why: &str| CallError::Unlinked {
                actor: actor(),
                function: format!("{interface}#{function}"),
                why: why.to_owned(),
            };
            let found = target.program.functions.iter().find(|candidate| {
                candidate.name == **function
                    && candidate.interface.as_ref().is_some_and(|i| same_interface(i, interface))
            });
            let found = found.ok_or_else(|| unlinked("it does not export it"))?;
            let same = found.params.iter().map(|(_, ty)| ty).eq(types.0.iter());
            match same && found.results == types.1 {
                true => Ok(found),
                false => Err(unlinked("its types differ")),
            }
        }
    }
}

/// A recorded answer, read as what the question expects.
fn recorded(
    question: &Question,
    answer: Result<Vec<u8>, CallError>,
) -> Result<Vec<Val>, CallError> {
    let bytes = answer?;
    let text = [Type::String];
    let types = match &question.function {
        Asked::Inbox => &text[..],
        Asked::Import { types, .. } => &types.1,
    };
    if types.is_empty() {
        return Ok(Vec::new());
    }
    wire::decode_all(&mut Decoder::new(&bytes), types).map_err(|error| CallError::Unlinked {
        actor: question.to.clone(),
        function: "the recorded answer".to_owned(),
        why: error.to_string(),
    })
}
