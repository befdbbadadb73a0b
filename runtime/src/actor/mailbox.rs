use super::Call;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The messages that wait for an actor. It is there as long as the actor, over all its incarnations.
#[derive(Debug)]
pub(crate) struct Mailbox {
    capacity: usize,
    queue: Mutex<Queue>,
    /// Wakes the actor.
    filled: Notify,
    /// Wakes those that wait for room.
    emptied: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    calls: VecDeque<Call>,
    closed: bool,
}

/// Why a message was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There is no room for it.
    Full(Box<Call>),
    /// The actor takes no more messages.
    Closed,
}

impl Mailbox {
    /// An open mailbox with room for so many messages.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            queue: Mutex::default(),
            filled: Notify::new(),
            emptied: Notify::new(),
        }
    }

    /// Puts a message behind the others.
    pub fn push(&self, call: Call) -> Result<(), Refused> {
        self.put(call, self.capacity)
    }

    /// Puts a message behind the others, whether there is room for it or not.
    pub fn push_over(&self, call: Call) -> Result<(), Refused> {
        self.put(call, usize::MAX)
    }

    fn put(&self, call: Call, capacity: usize) -> Result<(), Refused> {
        let mut queue = self.queue();
        if queue.closed {
            return Err(Refused::Closed);
        }
        if queue.calls.len() >= capacity {
            return Err(Refused::Full(Box::new(call)));
        }
        queue.calls.push_back(call);
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits until there may be room.
    pub async fn room(&self) {
        let emptied = self.emptied.notified();
        tokio::pin!(emptied);
        emptied.as_mut().enable();
        if !self.has_room() {
            emptied.await;
        }
    }

    /// Whether there is room, or there never will be.
    fn has_room(&self) -> bool {
        let queue = self.queue();
        queue.closed || queue.calls.len() < self.capacity
    }

    /// Waits for a message, and takes it out. Only the actor does this.
    pub async fn next(&self) -> Call {
        loop {
            if let Some(call) = self.take() {
                return call;
            }
            self.filled.notified().await;
        }
    }

    fn take(&self) -> Option<Call> {
        let call = self.queue().calls.pop_front()?;
        self.emptied.notify_waiters();
        Some(call)
    }

    /// Takes no more messages. Answers with those that wait.
    pub fn close(&self) -> VecDeque<Call> {
        let mut queue = self.queue();
        queue.closed = true;
        let calls = std::mem::take(&mut queue.calls);
        drop(queue);
        self.emptied.notify_waiters();
        calls
    }

    /// Takes messages again.
    pub fn open(&self) {
        self.queue().closed = false;
    }

    /// Whether it takes no more messages.
    pub fn is_closed(&self) -> bool {
        self.queue().closed
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.queue().calls.len()
    }

    /// The queue is only changed in whole steps, so it holds even if a thread died with the lock.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
