//! What a person does with one actor of the tree: look at it, write to it, stop, kill and restart it.

use super::{Session, placed, unknown_actor};
use crate::output::Output;
use serde_json::json;
use std::sync::Arc;
use theater_runtime::call::Name;
use theater_runtime::diagnostic::{Result, Source};
use theater_runtime::node::Kin;

impl Session {
    /// Stops an actor. Its supervisor, if it has one, does not start it again by itself.
    pub(super) async fn stop(&mut self, source: &Arc<Source>, name: &Name) -> Result<Output> {
        let actor = self.living(source, name)?;
        let work = self.node.stop(&actor.name);
        self.interrupt.during(&actor.name, work).await.map_err(|error| {
            placed(Box::new(error.diagnostic()), source, name.span.clone(), "this actor")
        })?;
        let text = format!("{} is stopped; its trace stays", name.text);
        Ok(Output::Done { key: "stopped", value: json!(name.text), text })
    }

    /// All about one actor, also if it is a child that has ended.
    pub(super) fn info(&self, source: &Arc<Source>, name: &Name) -> Result<Output> {
        self.kin(source, name).map(|kin| Output::Info(Box::new(kin)))
    }

    /// Writes to an actor's inbox.
    pub(super) async fn send(
        &mut self,
        source: &Arc<Source>,
        name: &Name,
        text: String,
    ) -> Result<Output> {
        let actor = self.living(source, name)?;
        let origin = Some(source.text.trim().to_owned());
        let work = self.node.send(&actor.name, text, origin);
        let reply = self.interrupt.during(&actor.name, work).await.map_err(|error| {
            placed(Box::new(error.diagnostic()), source, name.span.clone(), "this actor")
        })?;
        let text = format!("{}#{} has processed it", actor.name, reply.turn);
        self.last = Some(actor.name.to_string());
        let value = json!({ "actor": &*actor.name, "turn": reply.turn });
        Ok(Output::Done { key: "sent", value, text })
    }

    /// Ends an actor at once; what follows is its supervisor's to decide.
    pub(super) async fn kill(&mut self, source: &Arc<Source>, name: &Name) -> Result<Output> {
        let actor = self.living(source, name)?;
        self.node.kill(&actor.name).await.map_err(|error| {
            placed(Box::new(error.diagnostic()), source, name.span.clone(), "this actor")
        })?;
        let text = format!("{} is killed", name.text);
        Ok(Output::Done { key: "killed", value: json!(name.text), text })
    }

    /// Restarts an actor, or starts a child that has ended.
    pub(super) async fn restart(&mut self, source: &Arc<Source>, name: &Name) -> Result<Output> {
        self.kin(source, name)?;
        let work = self.node.restart(&name.text);
        let restarted = self.interrupt.during(&name.text, work).await;
        restarted.map_err(|problem| placed(problem, source, name.span.clone(), "this actor"))?;
        let text = format!("{} is restarted", name.text);
        Ok(Output::Done { key: "restarted", value: json!(name.text), text })
    }

    /// The actor that a name in the line means, living or not.
    fn kin(&self, source: &Arc<Source>, name: &Name) -> Result<Kin> {
        let mut tree = self.node.tree();
        match tree.iter().position(|kin| *kin.actor.name == *name.text) {
            Some(place) => Ok(tree.swap_remove(place)),
            None => {
                let names: Vec<&str> = tree.iter().map(|kin| &*kin.actor.name).collect();
                Err(unknown_actor(source, name, &names))
            }
        }
    }
}
