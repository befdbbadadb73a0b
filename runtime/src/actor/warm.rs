use crate::trace::ActorId;
use crate::turn::Instance;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The instances that are kept between the turns of actors with `instance = "warm"`: those that were
/// used last, as many as there is room for. An actor whose instance is gone begins with a fresh one.
#[derive(Debug)]
pub(crate) struct WarmInstances {
    most: u32,
    most_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The one that was not used for longest stands first.
    instances: BTreeMap<u64, (ActorId, Instance)>,
    places: HashMap<ActorId, u64>,
    next: u64,
    /// How many memories all of them have.
    memories: u32,
    /// The bytes of those.
    bytes: u64,
}

impl Kept {
    fn take(&mut self, actor: ActorId) -> Option<Instance> {
        let place = self.places.remove(&actor)?;
        let (_, instance) = self.instances.remove(&place)?;
        self.memories -= places(&instance);
        self.bytes -= instance.bytes();
        Some(instance)
    }

    fn put(&mut self, actor: ActorId, instance: Instance) {
        // An actor has one at most: it executes one turn at a time.
        drop(self.take(actor));
        self.memories += places(&instance);
        self.bytes += instance.bytes();
        self.places.insert(actor, self.next);
        self.instances.insert(self.next, (actor, instance));
        self.next += 1;
    }

    fn oldest(&self) -> Option<ActorId> {
        self.instances.first_key_value().map(|(_, (actor, _))| *actor)
    }
}

/// What an instance takes of the room: one without a memory takes room too.
fn places(instance: &Instance) -> u32 {
    instance.memories().max(1)
}

impl WarmInstances {
    /// Keeps instances with at most so many memories, and so many bytes in them, together; of more bytes, only the
    /// last.
    pub fn new(most: u32, most_bytes: u64) -> Self {
        Self { most, most_bytes, kept: Mutex::default() }
    }

    /// Takes the instance of an actor out, for its next turn or for good.
    pub fn take(&self, actor: ActorId) -> Option<Instance> {
        self.kept().take(actor)
    }

    /// Keeps the instance of an actor after a turn. The caller still holds the slot of that turn, so
    /// that what goes is gone before the slot is free.
    pub fn keep(&self, actor: ActorId, instance: Instance) {
        let mut gone = Vec::new();
        let mut kept = self.kept();
        kept.put(actor, instance);
        let is_too_much = |kept: &Kept| {
            kept.memories > self.most || (kept.bytes > self.most_bytes && kept.instances.len() > 1)
        };
        while is_too_much(&kept) {
            let Some(instance) = kept.oldest().and_then(|actor| kept.take(actor)) else { break };
            gone.push(instance);
        }
        // Giving their memory back takes time: others need not wait for it.
        drop(kept);
        drop(gone);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
