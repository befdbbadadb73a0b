//! Giving a living actor another component.

use super::{Loaded, Node, Prepared};
use crate::actor::{Actor, CallError, Control, Reload};
use crate::boundary::Divergence;
use crate::cache::Cache;
use crate::diagnostic::{Diagnostic, RELOAD_REFUSED, Result};
use crate::manifest::Manifest;
use crate::replay::{History, Replayer, Selection, Summary, replay_all};
use crate::surroundings;
use crate::trace::ActorId;
use crate::world::check_child_grants;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What an actor's recorded turns do on code that it might be reloaded with.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// How many were tried, differ, and could not be tried.
    pub summary: Summary,
    /// The first ones that differ.
    pub differing: Vec<Tried>,
}

/// A turn that does something else.
#[derive(Debug, Clone)]
pub struct Tried {
    /// Its number.
    pub turn: u64,
    /// The first difference; or why the turn could not be tried.
    pub difference: std::result::Result<Divergence, Box<Diagnostic>>,
}

impl Loaded {
    /// Executes the recorded turns of an actor on this component and manifest, and compares: those that
    /// the actor has executed with its present ones. Tells of the first `most` that differ.
    ///
    /// # Errors
    ///
    /// When the engine cannot start.
    pub async fn try_on(
        &self,
        history: Arc<History>,
        actor: ActorId,
        most: usize,
        cache: &Cache,
    ) -> Result<Trial> {
        let component = self.component.bytes.clone();
        let replayer = Replayer::trial(component, self.manifest.clone(), cache.clone())?;
        let mut differing = Vec::new();
        let turns = Selection::Present(actor);
        let summary = replay_all(history, Arc::new(replayer), turns, |actor, index, result| {
            let difference = match result {
                Ok(replayed) => replayed.divergence.map(Ok),
                Err(problem) => Some(Err(problem)),
            };
            if let Some(difference) = difference.filter(|_| differing.len() < most) {
                let turn = actor.turns[index].header.turn;
                differing.push(Tried { turn, difference });
            }
        });
        let summary = summary.await;
        Ok(Trial { summary, differing })
    }
}

impl Node {
    /// Whether an actor with this manifest may stand where one stands in the tree: its children are the
    /// same, and it is granted no more than its supervisor.
    fn check_place_in_tree(&self, name: &str, manifest: &Manifest) -> Result<()> {
        let Some(actor) = self.actor(name) else { return Ok(()) };
        if !actor.manifest.has_same_children(manifest) {
            let message = format!("`{name}` cannot be reloaded: its children changed");
            let help = "A reload exchanges an actor, not its children: begin a new run with them.";
            return Err(Box::new(Diagnostic::error(RELOAD_REFUSED, message).help(help)));
        }
        let parent = self.parent_of(name).map_err(|error| error.diagnostic())?;
        let excess = parent.map(|(parent, _)| check_child_grants(&parent.manifest, manifest));
        match excess.unwrap_or_default().into_iter().next() {
            Some(problem) => Err(Box::new(problem)),
            None => Ok(()),
        }
    }

    /// Gives a living actor another component and manifest between two of its turns. Its number, state,
    /// mailbox and incarnation stay; messages that wait are for the new component. If that one exports
    /// `theater:actor/upgrade`, its `upgrade` is the first turn. `origin` are the words that asked for it.
    ///
    /// Whether the new component does what the recorded turns say is not asked here, see
    /// [`Loaded::try_on`]. The mailbox keeps its size until the run goes on in another node.
    ///
    /// # Errors
    ///
    /// When there is no such actor, when the upgrade fails, so that the actor goes on with what it had,
    /// or when the run cannot be written.
    pub async fn reload(
        &self,
        name: &str,
        prepared: Prepared,
        origin: Option<String>,
    ) -> Result<Arc<Actor>> {
        self.check_place_in_tree(name, &prepared.manifest)?;
        self.store(&prepared)?;
        let Prepared { manifest, program, .. } = prepared;
        let (reply, answer) = oneshot::channel();
        let ended = || Box::new(CallError::Ended(name.to_owned()).diagnostic());
        {
            let registry = self.registry();
            let handle = registry
                .get(name)
                .ok_or_else(|| Box::new(CallError::NoSuchActor(name.to_owned()).diagnostic()))?;
            let reload = Box::new(Reload { manifest, program, origin, reply });
            handle.control.send(Control::Reload(reload)).map_err(|_| ended())?;
        }
        let node = self.clone();
        // Goes on even if whoever asked does not wait: what is reloaded must be known.
        let known = surroundings::spawn(async move {
            let answer = answer.await.ok()?;
            Some(answer.inspect(|actor| node.registry().exchange(actor)))
        });
        match known.await.ok().flatten() {
            Some(answer) => answer.map_err(|error| Box::new(error.diagnostic())),
            None => Err(ended()),
        }
    }
}
