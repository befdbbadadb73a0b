use crate::trace::ActorId;
use crate::turn::Instance;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The instances that are kept between the turns of actors with `instance = "warm"`: those that were
/// used last, as many as there is room for. An actor whose instance is gone begins with a fresh one.
#[derive(Debug)]
pub(crate) struct WarmInstances {
    most: usize,
    most_memory: u64,
    /// The one that was not used for longest stands first.
    kept: Mutex<VecDeque<(ActorId, Instance)>>,
}

impl WarmInstances {
    /// Keeps at most so many, with at most so many bytes of memory together; but always the last.
    pub fn new(most: usize, most_memory: u64) -> Self {
        Self { most, most_memory, kept: Mutex::default() }
    }

    /// Takes the instance of an actor out, for its next turn or for good.
    pub fn take(&self, actor: ActorId) -> Option<Instance> {
        let mut kept = self.kept();
        let index = kept.iter().position(|(id, _)| *id == actor)?;
        kept.remove(index).map(|(_, instance)| instance)
    }

    /// Keeps the instance of an actor after a turn. The caller still holds the slot of that turn, so
    /// that what goes is gone before the slot is free.
    pub fn keep(&self, actor: ActorId, instance: Instance) {
        let mut gone = Vec::new();
        let mut kept = self.kept();
        kept.push_back((actor, instance));
        let memory = |(_, instance): &(ActorId, Instance)| instance.memory();
        let mut total: u64 = kept.iter().map(memory).sum();
        while kept.len() > self.most.max(1) || (total > self.most_memory && kept.len() > 1) {
            let Some(oldest) = kept.pop_front() else { break };
            total -= memory(&oldest);
            gone.push(oldest);
        }
        // Giving their memory back takes time: others need not wait for it.
        drop(kept);
        drop(gone);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(ActorId, Instance)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
