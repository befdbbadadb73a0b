use super::life::impossible;
use super::{ActorHistory, History, Replayed, Replayer};
use crate::diagnostic::Result;
use crate::engine::Pool;
use crate::trace::ActorId;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
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
    /// All of one actor that were executed with what it executes at last.
    Present(ActorId),
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

/// Turns that are executed one after the other in one instance: mostly a single one.
struct Unit {
    actor: ActorId,
    turns: Range<usize>,
    /// From which of them on somebody wants to hear.
    told: usize,
}

/// A unit that was begun. Its turns end if nobody waits for them any more.
struct Begun {
    unit: Unit,
    task: JoinHandle<()>,
    /// What comes of its turns, by their index.
    results: UnboundedReceiver<(usize, Result<Replayed>)>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Executes recorded turns again, as many at once as there are cores, and compares each with its
/// record. `tell` hears of every turn, with its actor and index, in the order of the trace; but turns
/// that had one instance stand together, where the first of them stands. Only a window of the turns is
/// held at a time.
pub async fn replay_all(
    history: Arc<History>,
    replayer: Arc<Replayer>,
    selection: Selection,
    mut tell: impl FnMut(&ActorHistory, usize, Result<Replayed>),
) -> Summary {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = cores.min(Pool::REPLAY.turns as usize);
    let slots = Arc::new(Semaphore::new(cores));
    let mut begun: VecDeque<Begun> = VecDeque::new();
    let mut units = selection.units(&history, &replayer).into_iter();
    let mut summary = Summary::default();
    loop {
        for unit in units.by_ref().take((cores * AHEAD).saturating_sub(begun.len())) {
            begun.push_back(begin(unit, &history, &replayer, &slots));
        }
        let Some(mut first) = begun.pop_front() else { return summary };
        let Some(actor) = history.by_id(first.unit.actor) else { continue };
        let mut next = first.unit.told;
        while let Some((index, result)) = first.results.recv().await {
            next = index + 1;
            summary.count(&result);
            tell(actor, index, result);
        }
        if (&mut first.task).await.is_err() {
            // A panic: a bug of ours, which must not hide the other turns.
            for index in next..first.unit.turns.end {
                let why = "its execution failed inside Theater";
                let result = Err(impossible(actor, index, why));
                summary.count(&result);
                tell(actor, index, result);
            }
        }
    }
}

fn begin(
    unit: Unit,
    history: &Arc<History>,
    replayer: &Arc<Replayer>,
    slots: &Arc<Semaphore>,
) -> Begun {
    let (sender, results) = unbounded_channel();
    let (history, replayer, slots) = (history.clone(), replayer.clone(), slots.clone());
    let (id, turns, told) = (unit.actor, unit.turns.clone(), unit.told);
    let task = tokio::spawn(async move {
        // The semaphore is never closed; were it, the turns would run all the same.
        let _slot = slots.acquire().await.ok();
        let Some(actor) = history.by_id(id) else { return };
        let tell = |index, result| {
            if index >= told {
                // The receiver lives as long as anybody wants to hear.
                let _ = sender.send((index, result));
            }
        };
        replayer.replay_life(&history, actor, turns, tell).await;
    });
    Begun { unit, task, results }
}

impl Summary {
    fn count(&mut self, result: &Result<Replayed>) {
        match result {
            Ok(replayed) => {
                self.replayed += 1;
                self.diverged += u64::from(replayed.divergence.is_some());
            }
            Err(_) => self.impossible += 1,
        }
    }
}

impl Selection {
    /// The units in the order of the trace.
    fn units(self, history: &History, replayer: &Replayer) -> Vec<Unit> {
        let mut units = Vec::new();
        for actor in history.actors() {
            match self {
                Self::Actor(id) | Self::Present(id) | Self::Turn(id, _) if id != actor.id => {}
                Self::Turn(_, index) if index < actor.turns.len() => {
                    let turns = replayer.together(actor, index).start..index + 1;
                    units.push((actor, Unit { actor: actor.id, turns, told: index }));
                }
                Self::Turn(..) => {}
                Self::All | Self::Actor(_) | Self::Present(_) => {
                    let mut next = 0;
                    while next < actor.turns.len() {
                        let turns = replayer.together(actor, next);
                        next = turns.end;
                        let told = turns.start;
                        // One that cannot be read is told of when its turn has come.
                        let past = actor.turns.get(told);
                        let present = past.is_none_or(|past| past.code == actor.code);
                        if present || !matches!(self, Self::Present(_)) {
                            units.push((actor, Unit { actor: actor.id, turns, told }));
                        }
                    }
                }
            }
        }
        units.sort_by_key(|(actor, unit)| {
            let past = actor.turns.get(unit.turns.start);
            past.map(|past| (past.location.segment, past.location.offset))
        });
        units.into_iter().map(|(_, unit)| unit).collect()
    }
}
