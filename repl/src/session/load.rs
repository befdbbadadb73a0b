//! From a path to a running actor of the session.

use super::Session;
use std::sync::Arc;
use theater_runtime::actor::Actor;
use theater_runtime::diagnostic::Diagnostic;
use theater_runtime::node::{Loaded, Written};

impl Session {
    /// Compiles a component and spawns it under a name. Its `init` gets `arguments`, or else those of
    /// its manifest. `origin` are the words that asked for it.
    ///
    /// # Errors
    /// When it cannot be compiled, the arguments do not fit, or it does not start.
    pub async fn spawn(
        &mut self,
        loaded: Loaded,
        name: &str,
        arguments: Option<Written>,
        origin: String,
    ) -> Result<Arc<Actor>, Vec<Diagnostic>> {
        let work = loaded.spawn(&self.node, name, arguments, Some(origin));
        let actor = self.interrupt.during(name, work).await?;
        self.last = Some(name.to_owned());
        Ok(actor)
    }
}
