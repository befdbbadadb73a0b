//! The tree of actors, as somebody sees it who looks from outside.

use super::Node;
use crate::actor::Actor;
use crate::manifest::Child;
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
        let spec = |name: &str| {
            let (parent, child) = name.rsplit_once('/')?;
            let supervisor = registry.living.get(parent)?.actor.manifest.supervisor.as_ref()?;
            supervisor.children.iter().find(|spec| spec.name.value == child).cloned()
        };
        let kin = |handle: &crate::actor::Handle| Kin {
            actor: handle.actor.clone(),
            alive: handle.is_alive(),
            waiting: handle.mailbox.len(),
            waits_for: self.inner.waits.of(handle.actor.id),
            spec: spec(&handle.actor.name),
        };
        let mut tree: Vec<Kin> = registry.living.values().map(kin).collect();
        // Numbers are given in this order.
        tree.sort_by_key(|kin| kin.actor.id);
        tree.retain(|kin| kin.alive || kin.spec.is_some());
        tree
    }
}
