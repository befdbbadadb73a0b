//! Messages from outside: somebody calls an actor, or writes to it, and waits for what becomes of it.

use super::Node;
use crate::actor::{Actor, Call, CallError, Mailbox, Refused, Reply};
use crate::boundary::export::Function;
use crate::trace::Cause;
use std::sync::Arc;
use tokio::sync::oneshot;
use wasmtime::component::Val;

impl Node {
    /// Calls an exported function of an actor, by its full name, with arguments of its types, and
    /// waits for the answer to be stored. `origin` are the words of the call, for the trace.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn call(
        &self,
        actor: &str,
        function: &str,
        arguments: Vec<Val>,
        origin: Option<String>,
    ) -> Result<Reply, CallError> {
        let (target, mailbox) = self.receiver(actor)?;
        let found = target.program.callable(function);
        let function = found.ok_or_else(|| CallError::NoSuchFunction {
            actor: actor.to_owned(),
            function: function.to_owned(),
        })?;
        deliver(&target, &mailbox, function, arguments, origin).await
    }

    /// Writes to the inbox of an actor, and waits until it has processed the message and its turn is
    /// stored. `origin` are the words with which somebody asked for it, for the trace.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; without an inbox it is [`CallError::NoInbox`].
    pub async fn send(
        &self,
        actor: &str,
        text: String,
        origin: Option<String>,
    ) -> Result<Reply, CallError> {
        let (target, mailbox) = self.receiver(actor)?;
        let inbox = target.program.callback("inbox", "message");
        let inbox = inbox.ok_or_else(|| CallError::NoInbox(actor.to_owned()))?;
        deliver(&target, &mailbox, inbox, vec![Val::String(text)], origin).await
    }

    fn receiver(&self, actor: &str) -> Result<(Arc<Actor>, Arc<Mailbox>), CallError> {
        let registry = self.registry();
        let handle = registry.get(actor);
        let handle = handle.ok_or_else(|| CallError::NoSuchActor(actor.to_owned()))?;
        Ok((handle.actor.clone(), handle.mailbox.clone()))
    }
}

async fn deliver(
    target: &Actor,
    mailbox: &Mailbox,
    function: &Function,
    arguments: Vec<Val>,
    origin: Option<String>,
) -> Result<Reply, CallError> {
    let encoded = function.encode_arguments(&arguments);
    target.check_size(&encoded)?;
    let (reply, answer) = oneshot::channel();
    let call = Call {
        function: function.full_name.clone(),
        generation: target.generation(),
        arguments,
        encoded,
        cause: Cause::Outside,
        sender: None,
        origin,
        depth: 0,
        reply: Some(reply),
    };
    mailbox.push(call).map_err(|refused| match refused {
        Refused::Full(_) => CallError::Overloaded(target.name.to_string()),
        Refused::Closed => CallError::Ended(target.name.to_string()),
    })?;
    answer.await.unwrap_or_else(|_| Err(CallError::Ended(target.name.to_string())))
}
