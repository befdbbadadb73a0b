use crate::engine::{MAX_MEMORIES, MORE_MEMORIES, TURNS_AT_ONCE};
use crate::surroundings;
use std::sync::Arc;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};

/// How many turns of each class may run at one time.
///
/// A turn for which nobody waits is of class 0; one for which a turn waits is of a higher class than that
/// one. Turns wait for the slots of their own class only, and those hold turns that wait for higher
/// classes only: so the highest class always comes to its end, then the one below it, and so on.
const CLASSES: [usize; DEEPEST + 1] = [128, 64, 32, 16, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];

/// How many memories the turns of each class may have together beyond one each.
const MORE: [usize; DEEPEST + 1] = [64, 32, 16, 8, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3];

/// The highest class. Its turns cannot ask other actors.
pub(crate) const DEEPEST: usize = 15;

const _: () = {
    let (mut turns, mut more, mut class) = (0, 0, 0);
    while class < CLASSES.len() {
        turns += CLASSES[class];
        more += MORE[class];
        assert!(MORE[class] + 1 >= MAX_MEMORIES as usize);
        class += 1;
    }
    assert!(turns == TURNS_AT_ONCE as usize && more == MORE_MEMORIES as usize);
};

/// The slots of running turns.
#[derive(Debug)]
pub(crate) struct Slots {
    turns: [Arc<Semaphore>; DEEPEST + 1],
    more: [Arc<Semaphore>; DEEPEST + 1],
}

/// A turn may run while this is held.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Its class.
    pub class: usize,
    _turn: OwnedSemaphorePermit,
    _more: Option<OwnedSemaphorePermit>,
}

impl Slots {
    pub fn new() -> Self {
        Self {
            turns: CLASSES.map(|slots| Arc::new(Semaphore::new(surroundings::slots(slots)))),
            more: MORE.map(|memories| Arc::new(Semaphore::new(memories))),
        }
    }

    /// Waits for a slot for an instance with so many memories: of the class that the message asks for, or of the one
    /// that those ask for who come to wait for the actor meanwhile.
    pub async fn take(
        &self,
        class: usize,
        memories: u32,
        mut awaited: watch::Receiver<usize>,
    ) -> Option<Slot> {
        loop {
            let class = class.max(*awaited.borrow_and_update()).min(DEEPEST);
            tokio::select! {
                biased;
                // The semaphores are never closed.
                slot = self.take_of(class, memories) => return slot.ok(),
                Ok(()) = awaited.changed() => {}
            }
        }
    }

    async fn take_of(&self, class: usize, memories: u32) -> Result<Slot, AcquireError> {
        let turn = self.turns[class].clone().acquire_owned().await?;
        let more = match memories.saturating_sub(1) {
            0 => None,
            more => Some(self.more[class].clone().acquire_many_owned(more).await?),
        };
        Ok(Slot { class, _turn: turn, _more: more })
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
            held.push(slots.take(0, 1, awaited.subscribe()).await);
        }
        let waiting = tokio::spawn({
            let (slots, awaited) = (slots.clone(), awaited.subscribe());
            async move { slots.take(0, 1, awaited).await.map(|slot| slot.class) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "all slots of class 0 are held");
        awaited.send_replace(1);
        assert_eq!(waiting.await.ok().flatten(), Some(1));
    }

    #[tokio::test]
    async fn instances_with_many_memories_wait_for_each_other() {
        let slots = Slots::new();
        let awaited = watch::Sender::new(0);
        let mut held = Vec::new();
        for _ in 0..MORE[0] / 3 {
            held.push(slots.take(0, 4, awaited.subscribe()).await);
        }
        let mut next = Box::pin(slots.take(0, 4, awaited.subscribe()));
        tokio::select! {
            biased;
            _ = &mut next => panic!("all memories of class 0 are held"),
            () = tokio::task::yield_now() => {}
        }
        assert!(
            slots.take(0, 1, awaited.subscribe()).await.is_some(),
            "it needs no more than its own"
        );
        held.pop();
        assert_eq!(next.await.map(|slot| slot.class), Some(0));
    }
}
