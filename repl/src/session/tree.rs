//! `tree`, `stop`, `kill` and `restart`: what a person does about supervision.

use super::{Session, placed, unknown_actor};
use crate::output::Output;
use serde_json::json;
use std::sync::Arc;
use theater_runtime::call::Name;
use theater_runtime::diagnostic::{Result, Source};

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
        let tree = self.node.tree();
        if !tree.iter().any(|kin| *kin.actor.name == *name.text) {
            let names: Vec<&str> = tree.iter().map(|kin| &*kin.actor.name).collect();
            return Err(unknown_actor(source, name, &names));
        }
        let work = self.node.restart(&name.text);
        let restarted = self.interrupt.during(&name.text, work).await;
        restarted.map_err(|problem| placed(problem, source, name.span.clone(), "this actor"))?;
        let text = format!("{} is restarted", name.text);
        Ok(Output::Done { key: "restarted", value: json!(name.text), text })
    }
}
