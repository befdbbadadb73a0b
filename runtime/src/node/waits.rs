//! Who waits for whom.

use crate::actor::Actor;
use crate::trace::ActorId;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The actors that wait for the answer of another one. An actor executes one turn at a time, so it waits for at
/// most one; a call that would close a circle could never be answered.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<Graph>);

#[derive(Debug, Default)]
struct Graph {
    /// By who waits.
    waits: HashMap<ActorId, Wait>,
    /// How many of each class wait for an actor.
    awaited: HashMap<ActorId, BTreeMap<usize, usize>>,
}

#[derive(Debug)]
struct Wait {
    target: Arc<Actor>,
    /// The class of the slot that the asker holds.
    class: usize,
}

/// An actor waits as long as this is there.
#[derive(Debug)]
pub(super) struct Waiting {
    waits: Arc<Waits>,
    asker: ActorId,
}

impl Waits {
    /// An actor begins to wait for another one.
    ///
    /// # Errors
    ///
    /// The circle, by paths, if the other one waits for it already, itself or over others.
    pub fn begin(
        self: &Arc<Self>,
        asker: (ActorId, Arc<str>),
        target: Arc<Actor>,
        class: usize,
    ) -> Result<Waiting, Vec<String>> {
        let (id, path) = asker;
        let mut graph = self.lock();
        let mut circle = vec![path.to_string(), target.name.to_string()];
        let mut next = target.id;
        while next != id {
            let Some(wait) = graph.waits.get(&next) else {
                graph.insert(id, Wait { target, class });
                return Ok(Waiting { waits: self.clone(), asker: id });
            };
            next = wait.target.id;
            circle.push(wait.target.name.to_string());
        }
        Err(circle)
    }

    /// The actor for whose answer this one waits.
    pub fn of(&self, asker: ActorId) -> Option<Arc<str>> {
        self.lock().waits.get(&asker).map(|wait| wait.target.name.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Graph> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Graph {
    fn insert(&mut self, asker: ActorId, wait: Wait) {
        self.remove(asker);
        let Wait { target, class } = &wait;
        let classes = self.awaited.entry(target.id).or_default();
        let before = highest(classes);
        *classes.entry(*class).or_default() += 1;
        raise(target, before, highest(classes));
        self.waits.insert(asker, wait);
    }

    fn remove(&mut self, asker: ActorId) {
        let Some(Wait { target, class }) = self.waits.remove(&asker) else { return };
        let Some(classes) = self.awaited.get_mut(&target.id) else { return };
        let before = highest(classes);
        match classes.get_mut(&class) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(classes.remove(&class)),
        }
        raise(&target, before, highest(classes));
        if classes.is_empty() {
            self.awaited.remove(&target.id);
        }
    }
}

/// The class of slot that those need an actor to have who wait for it.
fn highest(classes: &BTreeMap<usize, usize>) -> usize {
    classes.last_key_value().map_or(0, |(class, _)| class + 1)
}

/// Tells an actor if that changed.
fn raise(target: &Actor, before: usize, now: usize) {
    if before != now {
        target.await_with(now);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waits.lock().remove(self.asker);
    }
}
