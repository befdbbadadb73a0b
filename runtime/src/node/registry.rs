//! Who is there: the actors of a node by path and number, and what may come into the tree.

use super::enroll::Templates;
use super::member::Member;
use crate::actor::{Actor, Handle};
use crate::diagnostic::{Diagnostic, NAME_TAKEN, NODE_STOPPED, Result};
use crate::surroundings::Running;
use crate::trace::{ActorId, Step};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// The actors of a node.
#[derive(Debug)]
pub(super) struct Registry {
    /// By their paths.
    pub living: BTreeMap<Arc<str>, Handle>,
    /// The paths of those that live.
    pub names: HashMap<ActorId, Arc<str>>,
    /// What supervisors may start on request, by its name.
    pub templates: HashMap<ActorId, Templates>,
    /// Children on request, and those for which turns have asked.
    pub asked: OnRequest,
    /// Children that are recorded, until their supervisors start them.
    pub newborn: HashMap<Arc<str>, Member>,
    pub next_id: u64,
    pub ending: bool,
}

/// How many children on request there are, and for which ones turns have asked.
#[derive(Debug, Default)]
pub(super) struct OnRequest {
    /// The paths that turns have reserved for children, by the steps that asked.
    reserved: BTreeMap<Step, Arc<str>>,
    paths: HashSet<Arc<str>>,
    /// How many there are below each path in the tree, those included that are reserved.
    below: HashMap<Box<str>, usize>,
}

impl OnRequest {
    /// Whether a turn has reserved a path.
    pub fn has_reserved(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// A turn reserves a path.
    pub fn reserve(&mut self, step: Step, path: Arc<str>) {
        self.count(true, &path);
        self.paths.insert(path.clone());
        self.reserved.insert(step, path);
    }

    /// The child comes, or will not come.
    pub fn release(&mut self, step: &Step) {
        if let Some(path) = self.reserved.remove(step) {
            self.paths.remove(&path);
            self.uncount(true, &path);
        }
    }

    /// None of those come for which the turns of an actor have asked.
    pub fn release_all(&mut self, actor: ActorId) {
        let first = Step { actor, turn: 0, step: 0 };
        let behind = Step { actor: ActorId(actor.0.saturating_add(1)), ..first };
        let steps: Vec<Step> = self.reserved.range(first..behind).map(|(step, _)| *step).collect();
        steps.iter().for_each(|step| self.release(step));
    }

    /// How many there are below a path.
    pub fn below(&self, path: &str) -> usize {
        self.below.get(path).copied().unwrap_or_default()
    }

    fn count(&mut self, is_one: bool, path: &str) {
        for above in above(path).filter(|_| is_one) {
            match self.below.get_mut(above) {
                Some(count) => *count += 1,
                None => drop(self.below.insert(above.into(), 1)),
            }
        }
    }

    fn uncount(&mut self, is_one: bool, path: &str) {
        for above in above(path).filter(|_| is_one) {
            match self.below.get_mut(above) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.below.remove(above)),
            }
        }
    }
}

/// The paths of those above an actor in the tree, from its root.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

impl Registry {
    /// Nobody lives yet.
    pub fn new(next_id: u64) -> Self {
        Self {
            living: BTreeMap::new(),
            names: HashMap::new(),
            templates: HashMap::new(),
            asked: OnRequest::default(),
            newborn: HashMap::new(),
            next_id,
            ending: false,
        }
    }

    /// An actor comes into the tree.
    pub fn insert(&mut self, handle: Handle) {
        let path = handle.actor.name.clone();
        self.names.insert(handle.actor.id, path.clone());
        if let Some(before) = self.living.insert(path.clone(), handle) {
            self.asked.uncount(before.template.is_some(), &path);
        }
    }

    /// Remembers what an actor was made of, if it was asked for.
    pub fn mark(&mut self, actor: &Actor, template: Option<Arc<str>>) {
        if let Some(handle) = self.living.get_mut(&actor.name) {
            self.asked.count(template.is_some(), &actor.name);
            handle.template = template;
        }
    }

    /// The task of an actor, for waiting until it has ended.
    pub fn take_task(&mut self, actor: &Actor) -> Option<Running<()>> {
        let handle = self.living.get_mut(&actor.name)?;
        if handle.actor.id == actor.id { handle.task.take() } else { None }
    }

    /// Takes an actor that has ended off the list, and those below it, unless another one has its
    /// name by now.
    pub fn forget(&mut self, actor: &Actor) {
        if self.living.get(&actor.name).is_none_or(|handle| handle.actor.id != actor.id) {
            return;
        }
        let below: Vec<Arc<str>> = self
            .below(&actor.name)
            .map(|(path, _)| path.clone())
            .chain([actor.name.clone()])
            .collect();
        for path in below {
            if let Some(handle) = self.living.remove(&path) {
                self.asked.uncount(handle.template.is_some(), &path);
                self.names.remove(&handle.actor.id);
                self.templates.remove(&handle.actor.id);
            }
        }
    }

    /// Takes over an actor that was reloaded, unless it was again in the meantime.
    pub fn exchange(&mut self, actor: &Arc<Actor>) {
        if let Some(handle) = self.living.get_mut(&actor.name)
            && handle.actor.id == actor.id
            && handle.actor.generation() < actor.generation()
        {
            handle.actor = actor.clone();
        }
    }

    pub fn get(&self, name: &str) -> Option<&Handle> {
        self.living.get(name).filter(|handle| handle.is_alive())
    }

    pub fn check_free(&self, name: &str) -> Result<()> {
        if self.ending {
            return Err(Box::new(Diagnostic::error(NODE_STOPPED, "the node is ending")));
        }
        if self.get(name).is_some() {
            let message = format!("an actor `{name}` is running already");
            return Err(Box::new(
                Diagnostic::error(NAME_TAKEN, message)
                    .help(format!("Give it another name, or `stop {name}` first.")),
            ));
        }
        Ok(())
    }
}
