use super::{Payload, Record};
use std::sync::Arc;
use tokio::sync::broadcast;

/// How many records a subscriber may lag behind before it misses some.
const CAPACITY: usize = 1024;

/// Payloads longer than this are left out of live records, so that a subscriber that does not
/// read holds little memory. They stand in the trace.
const MAX_PAYLOAD: usize = 64 << 10;

/// What a subscriber is told.
#[derive(Debug, Clone)]
pub enum Live {
    /// A record was stored.
    Record(Arc<Record>),
    /// The subscriber was too slow, and this many records passed it by.
    Missed(u64),
}

/// Sends stored records to whoever subscribes. Never waits for a subscriber.
#[derive(Debug, Clone)]
pub(super) struct Publisher {
    sender: broadcast::Sender<Arc<Record>>,
}

/// Receives records as they are stored.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<Record>>,
}

impl Publisher {
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(CAPACITY) }
    }

    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe() }
    }

    /// Whether it is worth keeping a record for publishing.
    pub fn has_subscribers(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    pub fn publish(&self, record: Arc<Record>) {
        // An error means that the last subscriber has just left.
        let _ = self.sender.send(record);
    }
}

/// The payloads of a live record.
pub(super) fn short_payloads(payloads: &[Payload]) -> Vec<Payload> {
    payloads.iter().filter(|payload| payload.bytes.len() <= MAX_PAYLOAD).cloned().collect()
}

impl Subscription {
    /// The next record, or how many were missed; none when the node has ended.
    pub async fn next(&mut self) -> Option<Live> {
        match self.receiver.recv().await {
            Ok(record) => Some(Live::Record(record)),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Live::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// What has arrived already, without waiting.
    pub fn try_next(&mut self) -> Option<Live> {
        match self.receiver.try_recv() {
            Ok(record) => Some(Live::Record(record)),
            Err(broadcast::error::TryRecvError::Lagged(missed)) => Some(Live::Missed(missed)),
            Err(_) => None,
        }
    }
}
