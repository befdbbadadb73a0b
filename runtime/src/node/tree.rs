//! The tree of actors, as somebody sees it who looks from outside.

use super::Node;
use crate::actor::Actor;
use crate::manifest::Child;
use crate::trace::ActorId;
use std::sync::Arc;

/// A member of the tree.
#[derive(Debug, Clone)]
pub struct Kin {
    /// The actor.
    pub actor: Arc<Actor>,
    /// Whether it takes messages. A child that has ended does not, until it is started again.
    pub alive: bool,
    /// How many messages wait for it.
    pub waiting: usize,
    /// The path of the actor for whose answer it waits.
    pub waits_for: Option<Arc<str>>,
    /// How its supervisor treats it; none under the node's root.
    pub spec: Option<Child>,
    /// The template that it was made of, if it was asked for.
    pub template: Option<Arc<str>>,
}

impl Kin {
    /// How many supervisors stand above it.
    pub fn depth(&self) -> usize {
        self.actor.name.matches('/').count()
    }
}

impl Node {
    /// All actors: each supervisor before its children, and those in the order in which they are
    /// started.
    pub fn tree(&self) -> Vec<Kin> {
        let registry = self.registry();
        let kin = |handle: &crate::actor::Handle| Kin {
            actor: handle.actor.clone(),
            alive: handle.is_alive(),
            waiting: handle.mailbox.len(),
            waits_for: self.inner.waits.of(handle.actor.id),
            spec: registry.spec_of(handle),
            template: handle.template.clone(),
        };
        let mut tree: Vec<Kin> = registry.living.values().map(kin).collect();
        // Numbers are given in the order of the start, to those on request later.
        let numbers = |kin: &Kin| -> Vec<Option<ActorId>> {
            let path = &kin.actor.name;
            let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
            ends.map(|end| registry.living.get(&path[..end]).map(|h| h.actor.id)).collect()
        };
        tree.sort_by_cached_key(numbers);
        tree.retain(|kin| kin.alive || kin.spec.is_some());
        tree
    }
}
