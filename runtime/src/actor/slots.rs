use crate::engine::TURNS_AT_ONCE;
use crate::surroundings;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How many turns of each class may run at one time.
///
/// A turn for which nobody waits is of class 0; one for which a turn waits is of a higher class than that
/// one. Turns wait for the slots of their own class only, and those hold turns that wait for higher
/// classes only: so the highest class always comes to its end, then the one below it, and so on.
const CLASSES: [usize; DEEPEST + 1] = [128, 64, 32, 16, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

/// The highest class. Its turns cannot ask other actors.
pub(crate) const DEEPEST: usize = 15;

const _: () = {
    let (mut sum, mut class) = (0, 0);
    while class < CLASSES.len() {
        sum += CLASSES[class];
        class += 1;
    }
    assert!(sum == TURNS_AT_ONCE as usize);
};

/// The slots of running turns.
#[derive(Debug)]
pub(crate) struct Slots([Arc<Semaphore>; DEEPEST + 1]);

/// A turn may run while this is held.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Its class.
    pub class: usize,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub fn new() -> Self {
        Self(CLASSES.map(|slots| Arc::new(Semaphore::new(surroundings::slots(slots)))))
    }

    /// Waits for a slot: of the class that the message asks for, or of the one that those ask for who come to
    /// wait for the actor meanwhile.
    pub async fn take(&self, class: usize, mut awaited: watch::Receiver<usize>) -> Option<Slot> {
        loop {
            let class = class.max(*awaited.borrow_and_update()).min(DEEPEST);
            tokio::select! {
                biased;
                permit = self.0[class].clone().acquire_owned() => {
                    // The semaphores are never closed.
                    return Some(Slot { class, _permit: permit.ok()? });
                }
                Ok(()) = awaited.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_waited_for_gets_a_slot_of_a_higher_class() {
        let slots = Arc::new(Slots::new());
        let awaited = watch::Sender::new(0);
        let mut held = Vec::new();
        for _ in 0..CLASSES[0] {
            held.push(slots.take(0, awaited.subscribe()).await);
        }
        let waiting = tokio::spawn({
            let (slots, awaited) = (slots.clone(), awaited.subscribe());
            async move { slots.take(0, awaited).await.map(|slot| slot.class) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "all slots of class 0 are held");
        awaited.send_replace(1);
        assert_eq!(waiting.await.ok().flatten(), Some(1));
    }
}
