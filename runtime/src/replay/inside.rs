//! Inside a turn: it is executed again, and its guest waits at each import call to be looked at.

use super::life::{Life, impossible};
use super::replayer::Again;
use super::{ActorHistory, Cursor, History, Place, Replayer};
use crate::boundary::{Divergence, Stop, Watcher};
use crate::diagnostic::{Diagnostic, REPLAY_IMPOSSIBLE, Result};
use crate::trace::{PayloadKind, Records};
use crate::turn::{Failure, Frame, OutcomeKind};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

/// How a walk through a turn ended.
#[derive(Debug, Clone)]
pub struct Walked {
    /// The first thing that was not as recorded. Nothing is compared behind the last import call.
    pub divergence: Option<Divergence>,
    /// How the recorded turn ended.
    pub outcome: OutcomeKind,
    /// Why it aborted, if it did, as it was recorded.
    pub failure: Option<Failure>,
    /// Where the guest was when the turn ended, the innermost function first: where it trapped, or where the
    /// walk was left. Nothing if it returned.
    pub stack: Vec<Frame>,
}

impl Walked {
    /// The same, if nothing was found to differ from the record on the way to a place.
    ///
    /// # Errors
    ///
    /// When something was.
    pub fn as_recorded(self, place: &Place) -> Result<Self> {
        let Some(divergence) = &self.divergence else { return Ok(self) };
        let what = match divergence.step {
            0 => divergence.place(),
            step => format!("{} of step {step}", divergence.place()),
        };
        let Divergence { expected, actual, .. } = divergence;
        let message = format!(
            "{place} cannot be looked into: executed again, its turn does something else: {what} was {expected}, \
             and is {actual}"
        );
        let problem = Diagnostic::error(REPLAY_IMPOSSIBLE, message);
        Err(Box::new(problem.help("`theater replay` compares all turns with their records.")))
    }
}

/// What there is to be seen of the guest at a moment of a turn.
#[derive(Debug, Clone)]
pub enum Moment {
    /// It waits in an import call.
    Call(Box<Stop>),
    /// The turn has ended.
    End(Box<Walked>),
}

impl Moment {
    /// The guest's functions, the innermost first. Nothing if it has returned.
    pub fn stack(&self) -> &[Frame] {
        match self {
            Self::Call(stop) => &stop.stack,
            Self::End(walked) => &walked.stack,
        }
    }
}

impl Replayer {
    /// Executes one recorded turn again and tells of each of its import calls, while the guest waits in it: what it
    /// asked and got, the state as it sees it, and its stack. The turns before it that had the same instance are
    /// executed first, without a word. If the answer is to break, the turn ends there.
    ///
    /// # Errors
    ///
    /// When it cannot be executed: payloads were removed, a blob is missing.
    pub async fn walk(
        &self,
        history: &History,
        actor: &ActorHistory,
        index: usize,
        tell: impl FnMut(Stop) -> ControlFlow<()> + Send + 'static,
    ) -> Result<Walked> {
        history.is_executable(actor, index)?;
        let turns = self.together(actor, index).start..index + 1;
        let mut life = Life::begin(self, actor, &turns);
        let mut records = Records::new(history.run());
        for earlier in turns.start..index {
            if life.ended(actor, earlier).is_some() {
                break;
            }
            let result = self.turn(history, actor, earlier, &mut life, &mut records).await;
            life.note(actor, earlier, result.is_err());
        }
        let outcome = history.past(actor, index)?.header.outcome;
        let walked = |divergence| Walked { divergence, outcome, failure: None, stack: Vec::new() };
        if let Some(ended) = life.ended(actor, index) {
            return ended.map(|replayed| walked(replayed.divergence));
        }
        let watcher = Some(Watcher::new(tell));
        Ok(match self.again(history, actor, index, &mut life, &mut records, watcher).await? {
            Again::Unlike(divergence) => walked(Some(divergence)),
            Again::Done { record, execution } => {
                let failure = record.payload(PayloadKind::Failure);
                Walked {
                    divergence: execution.divergence,
                    outcome,
                    failure: failure.and_then(|bytes| Failure::decode(bytes).ok()),
                    stack: execution.stack,
                }
            }
        })
    }

    /// Looks at the guest at the place of a cursor: in an import call, or at the end of a turn.
    ///
    /// # Errors
    ///
    /// When the turn cannot be executed, or does something else before it comes there.
    pub async fn look(&self, history: &History, cursor: Cursor) -> Result<Moment> {
        let (actor, index) = cursor.whose(history)?;
        let place = cursor.place(history)?;
        let wanted = place.step.map(|step| step as u64);
        let found: Arc<Mutex<Option<Stop>>> = Arc::default();
        let there = found.clone();
        let tell = move |stop: Stop| {
            if wanted != Some(stop.step) {
                return ControlFlow::Continue(());
            }
            *there.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop);
            ControlFlow::Break(())
        };
        let walked = self.walk(history, actor, index, tell).await?;
        let found = found.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stop) = found {
            return Ok(Moment::Call(Box::new(stop)));
        }
        let walked = walked.as_recorded(&place)?;
        match wanted {
            None => Ok(Moment::End(Box::new(walked))),
            Some(_) => Err(impossible(actor, index, "it does not come to this step")),
        }
    }
}
