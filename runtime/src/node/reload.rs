//! Giving a living actor another component.

use super::{Loaded, Node, Plan, Prepared};
use crate::actor::{Actor, CallError, Control, Reload};
use crate::boundary::Divergence;
use crate::cache::Cache;
use crate::diagnostic::{Diagnostic, RELOAD_REFUSED, Result};
use crate::manifest::Manifest;
use crate::replay::{History, Replayer, Selection, Summary, replay_all};
use crate::surroundings;
use crate::trace::{ActorId, Code};
use crate::world::check_child_grants;
use std::collections::BTreeMap;
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
    /// Children that it asks for from then on are made of the templates that were prepared with it; those that
    /// live keep their code.
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
        let Prepared { manifest, program, children, .. } = prepared;
        let (_, templates) = self.plan_children(children, None)?;
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
            let actor = match answer.await.ok()? {
                Ok(actor) => actor,
                Err(error) => return Some(Err(Box::new(error.diagnostic()))),
            };
            node.registry().exchange(&actor);
            Some(node.take_templates(&actor, templates).await.map(|()| actor))
        });
        known.await.ok().flatten().unwrap_or_else(|| Err(ended()))
    }

    /// Whether the children for which an actor asks would be made of other code than now.
    pub fn has_other_templates(&self, actor: &Actor, prepared: &Prepared) -> bool {
        let (mut present, mut new) = (BTreeMap::new(), BTreeMap::new());
        if let Some(templates) = self.registry().templates.get(&actor.id) {
            templates.iter().for_each(|(name, plan)| codes_of_plan(name, plan, &mut present));
        }
        for child in &prepared.children {
            codes_of_prepared(&child.spec.name.value, &child.prepared, &mut new);
        }
        present != new
    }

    /// Gives a living actor other templates only, see [`Node::reload`].
    ///
    /// # Errors
    ///
    /// When there is no such actor, when its children changed, or when the run cannot be written.
    pub async fn reload_templates(&self, name: &str, prepared: Prepared) -> Result<()> {
        self.check_place_in_tree(name, &prepared.manifest)?;
        let actor = self.actor(name);
        let actor = actor.ok_or_else(|| CallError::NoSuchActor(name.to_owned()).diagnostic())?;
        let (_, templates) = self.plan_children(prepared.children, None)?;
        self.take_templates(&actor, templates).await
    }

    async fn take_templates(&self, actor: &Actor, templates: BTreeMap<String, Plan>) -> Result<()> {
        if templates.is_empty() {
            return Ok(());
        }
        {
            let mut registry = self.registry();
            // It may have ended meanwhile.
            if registry.by_id(actor.id).is_none() {
                return Ok(());
            }
            self.record_templates(actor.id, "", &templates)?;
            registry.templates.insert(actor.id, Arc::new(templates));
        }
        self.inner.log.flush().await?;
        Ok(())
    }
}

/// The code of a template, and of all that it would start or could ask for, by their paths.
fn codes_of_plan(path: &str, plan: &Plan, codes: &mut BTreeMap<String, Code>) {
    codes.insert(path.to_owned(), plan.code);
    let children = plan.children.iter();
    let children =
        children.map(|child| (child.spec.as_ref().map_or("", |spec| &spec.name.value), child));
    let templates = plan.templates.iter().map(|(name, plan)| (name.as_str(), plan));
    for (name, plan) in children.chain(templates) {
        codes_of_plan(&format!("{path}/{name}"), plan, codes);
    }
}

fn codes_of_prepared(path: &str, prepared: &Prepared, codes: &mut BTreeMap<String, Code>) {
    codes.insert(path.to_owned(), prepared.code);
    for child in &prepared.children {
        codes_of_prepared(&format!("{path}/{}", child.spec.name.value), &child.prepared, codes);
    }
}
