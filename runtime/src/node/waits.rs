//! Who waits for whom.

use crate::actor::Actor;
use crate::trace::ActorId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The actors that wait for the answer of another one. An actor executes one turn at a time, so it waits for at
/// most one; a call that would close a circle could never be answered.
#[derive(Debug, Default)]
pub(super) struct Waits(Mutex<HashMap<ActorId, Wait>>);

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
        let mut waits = self.lock();
        let mut circle = vec![path.to_string(), target.name.to_string()];
        let mut next = target.id;
        while next != id {
            let Some(wait) = waits.get(&next) else {
                waits.insert(id, Wait { target: target.clone(), class });
                raise(&waits, &target);
                return Ok(Waiting { waits: self.clone(), asker: id });
            };
            next = wait.target.id;
            circle.push(wait.target.name.to_string());
        }
        Err(circle)
    }

    /// The actor for whose answer this one waits.
    pub fn of(&self, asker: ActorId) -> Option<Arc<str>> {
        self.lock().get(&asker).map(|wait| wait.target.name.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ActorId, Wait>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells an actor what class of slot those need it to have who wait for it.
fn raise(waits: &HashMap<ActorId, Wait>, target: &Actor) {
    let waiting = waits.values().filter(|wait| wait.target.id == target.id);
    target.await_with(waiting.map(|wait| wait.class + 1).max().unwrap_or_default());
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waits = self.waits.lock();
        if let Some(wait) = waits.remove(&self.asker) {
            raise(&waits, &wait.target);
        }
    }
}
