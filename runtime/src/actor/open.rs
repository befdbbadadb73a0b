//! Turns that are recorded in the middle of it, and turns that a dead node left there.

use super::Call;
use crate::boundary::Opening;
use crate::trace::{ActorId, Entry, Kind, Log, LogFailed, OpenTurn, PayloadKind};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A turn that its node did not live to finish.
#[derive(Debug)]
pub(crate) struct Unfinished {
    /// Its number.
    pub turn: u64,
    /// The import calls that had answers, as a payload.
    pub calls: Vec<u8>,
    /// Of how many calls its open records tell.
    pub opened: u64,
    /// Its message; none for `init`, which who starts the actor sends again.
    pub call: Option<Call>,
    /// Dropped when it is done, or is not to be.
    pub pending: mpsc::Sender<Infallible>,
}

/// Writes the open records of one turn.
#[derive(Debug)]
pub(super) struct TurnOpening {
    pub log: Arc<Log>,
    pub actor: ActorId,
    /// What all of them say; the step is that of each.
    pub open: OpenTurn,
    /// The arguments and the words from outside, for the first of them.
    pub message: Option<(Arc<Vec<u8>>, Option<String>)>,
}

impl Opening for TurnOpening {
    fn open(&mut self, step: u64, calls: Vec<u8>) -> Result<(), LogFailed> {
        let mut payloads = Vec::with_capacity(3);
        if let Some((arguments, origin)) = self.message.take() {
            payloads.push((PayloadKind::Arguments, arguments.to_vec()));
            payloads.extend(origin.map(|origin| (PayloadKind::Origin, crate::wire::text(&origin))));
        }
        payloads.push((PayloadKind::Calls, calls));
        let kind = Kind::Open(OpenTurn { step, ..self.open.clone() });
        self.log.append(Entry { actor: self.actor, kind, payloads }).map(drop)
    }
}
