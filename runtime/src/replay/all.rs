use super::{ActorHistory, History, Replayed, Replayer};
use crate::diagnostic::{Diagnostic, REPLAY_IMPOSSIBLE, Result};
use crate::trace::{ActorId, Location};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// How many turns, for each core, may be finished or begun while an earlier one still runs.
const AHEAD: usize = 64;

/// Which turns to execute again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// All of the run.
    #[default]
    All,
    /// All of one actor.
    Actor(ActorId),
    /// One turn of one actor: its index among the actor's turns.
    Turn(ActorId, usize),
}

/// What came of executing turns again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// How many turns were executed.
    pub replayed: u64,
    /// How many of them differed from their records.
    pub diverged: u64,
    /// How many turns could not be executed.
    pub impossible: u64,
}

impl Summary {
    /// Whether every turn was executed and did what its record says.
    pub fn is_as_recorded(&self) -> bool {
        self.diverged == 0 && self.impossible == 0
    }
}

/// Executes recorded turns again, as many at once as there are cores, and compares each with its
/// record. `tell` hears of every turn, in the order of the trace, with its actor and index. Only a
/// window of the turns is held at a time.
pub async fn replay_all(
    history: Arc<History>,
    replayer: Arc<Replayer>,
    selection: Selection,
    mut tell: impl FnMut(&ActorHistory, usize, Result<Replayed>),
) -> Summary {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let slots = Arc::new(Semaphore::new(cores));
    let mut begun: VecDeque<(ActorId, usize, JoinHandle<Result<Replayed>>)> = VecDeque::new();
    let mut turns = selection.turns(&history).into_iter();
    let mut summary = Summary::default();
    loop {
        for (_, actor, index) in turns.by_ref().take((cores * AHEAD).saturating_sub(begun.len())) {
            let task = one(history.clone(), replayer.clone(), slots.clone(), actor, index);
            begun.push_back((actor, index, tokio::spawn(task)));
        }
        let Some((id, index, task)) = begun.pop_front() else { return summary };
        let Some(actor) = history.by_id(id) else { continue };
        let result = task.await.unwrap_or_else(|_| {
            // A panic: a bug of ours, which must not hide the other turns.
            Err(impossible(actor, index, "its execution failed inside Theater"))
        });
        match &result {
            Ok(replayed) => {
                summary.replayed += 1;
                summary.diverged += u64::from(replayed.divergence.is_some());
            }
            Err(_) => summary.impossible += 1,
        }
        tell(actor, index, result);
    }
}

async fn one(
    history: Arc<History>,
    replayer: Arc<Replayer>,
    slots: Arc<Semaphore>,
    actor: ActorId,
    index: usize,
) -> Result<Replayed> {
    // The semaphore is never closed; were it, the turn would run all the same.
    let _slot = slots.acquire().await.ok();
    match history.by_id(actor) {
        Some(actor) => replayer.replay(&history, actor, index).await,
        None => Err(Box::new(Diagnostic::error(REPLAY_IMPOSSIBLE, "there is no such actor"))),
    }
}

fn impossible(actor: &ActorHistory, index: usize, why: &str) -> Box<Diagnostic> {
    let turn = actor.turns.get(index).map_or(0, |past| past.header.turn);
    let message = format!("{}#{turn} cannot be replayed: {why}", actor.name);
    Box::new(Diagnostic::error(REPLAY_IMPOSSIBLE, message))
}

impl Selection {
    /// The turns in the order of the trace.
    fn turns(self, history: &History) -> Vec<((u64, u64), ActorId, usize)> {
        let place = |location: &Location| (location.segment, location.offset);
        let mut turns: Vec<_> = history
            .actors()
            .filter(|actor| match self {
                Self::All => true,
                Self::Actor(id) | Self::Turn(id, _) => actor.id == id,
            })
            .flat_map(|actor| {
                let turns = actor.turns.iter().enumerate();
                turns.map(|(index, past)| (place(&past.location), actor.id, index))
            })
            .filter(|(_, _, index)| match self {
                Self::Turn(_, wanted) => *index == wanted,
                _ => true,
            })
            .collect();
        turns.sort_unstable();
        turns
    }
}
