use super::life::impossible;
use super::{ActorHistory, History, Replayed, Replayer};
use crate::diagnostic::{Result, TRACE_PART};
use crate::engine::Pool;
use crate::trace::{ActorId, Kind, Location, Record, Records};
use std::collections::VecDeque;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// How many records a core takes at a time: fewer of a short run, whose turns may take long.
const PIECE: usize = 1024;

/// How many pieces, for each core, may be finished or begun while an earlier one still runs.
const AHEAD: usize = 4;

/// After so many records the history is opened again: what it has read of its index by then is held no longer.
const HELD: usize = 100_000;

/// How many results are handed over at once: whoever waits for them is woken so much less often.
const AT_ONCE: usize = 64;

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
    /// How many turns were left out of the part of a run that this is.
    pub left_out: u64,
}

impl Summary {
    /// Whether every turn was executed and did what its record says.
    pub fn is_as_recorded(&self) -> bool {
        self.diverged == 0 && self.impossible == 0
    }
}

/// Some of the turns that are meant, which are executed one after the other.
enum Piece {
    /// Those whose records stand at these places of the log.
    Records(Range<u64>),
    /// One turn of an actor, by its index.
    Turn(ActorId, usize),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Records(positions) => {
                usize::try_from(positions.end - positions.start).unwrap_or(usize::MAX)
            }
            Self::Turn(..) => 1,
        }
    }
}

/// What came of a turn: whose it is, its index, and the result.
type Outcome = (ActorId, usize, Result<Replayed>);

/// A piece that was begun. Its turns end if nobody waits for them any more.
struct Begun {
    task: JoinHandle<()>,
    outcomes: UnboundedReceiver<Vec<Outcome>>,
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
///
/// Each core takes a piece of the log: it reads it, finds the turns in it, executes them and hands over what came of
/// them at once. So nothing that has to be done for every turn is done by one core alone.
pub async fn replay_all(
    mut history: Arc<History>,
    replayer: Arc<Replayer>,
    selection: Selection,
    mut tell: impl FnMut(&ActorHistory, usize, Result<Replayed>),
) -> Summary {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = cores.min(Pool::REPLAY.turns as usize);
    let slots = Arc::new(Semaphore::new(cores));
    let mut begun: VecDeque<Begun> = VecDeque::new();
    let mut pieces = selection.pieces(&history, cores);
    let mut summary = Summary::default();
    let (mut held, mut most) = (0, HELD);
    loop {
        for piece in pieces.by_ref().take((cores * AHEAD).saturating_sub(begun.len())) {
            held = piece.len().saturating_add(held);
            if held > most {
                match history.opened_again() {
                    Some(again) => (history, held) = (Arc::new(again), 0),
                    None => most = usize::MAX,
                }
            }
            let (sender, outcomes) = unbounded_channel();
            let work = Work {
                history: history.clone(),
                replayer: replayer.clone(),
                selection,
                records: Records::new(history.run()),
                outcomes: Vec::new(),
                sender,
            };
            let slots = slots.clone();
            let task = tokio::spawn(async move {
                // The semaphore is never closed; were it, the turns would run all the same.
                let _slot = slots.acquire().await.ok();
                work.execute(piece).await;
            });
            begun.push_back(Begun { task, outcomes });
        }
        let Some(mut first) = begun.pop_front() else { return summary };
        while let Some(outcomes) = first.outcomes.recv().await {
            for (actor, index, result) in outcomes {
                let Some(actor) = history.by_id(actor) else { continue };
                summary.count(&result);
                tell(actor, index, result);
            }
        }
        // A panic that was no turn's: a bug of ours, which must not pass as if all had been executed.
        summary.impossible += u64::from((&mut first.task).await.is_err());
    }
}

/// What executes a piece.
struct Work {
    history: Arc<History>,
    replayer: Arc<Replayer>,
    selection: Selection,
    records: Records,
    /// What is to be handed over next.
    outcomes: Vec<Outcome>,
    sender: UnboundedSender<Vec<Outcome>>,
}

impl Work {
    async fn execute(mut self, piece: Piece) {
        let history = self.history.clone();
        match piece {
            Piece::Turn(id, index) => {
                if let Some(actor) = history.by_id(id).filter(|actor| index < actor.turns.len()) {
                    let turns = self.replayer.together(actor, index).start..index + 1;
                    self.unit(actor, turns, index).await;
                }
            }
            Piece::Records(positions) => {
                for (id, location) in history.records_at(positions) {
                    let Some(actor) = history.by_id(id) else { continue };
                    if !self.selection.has(id) {
                        continue;
                    }
                    match actor.turns.at(location) {
                        Some(index) => self.begins_with(actor, index).await,
                        None => self.no_turn(actor, location),
                    }
                }
            }
        }
        self.hand_over();
    }

    /// Executes the unit of which this is the first turn, if it is.
    async fn begins_with(&mut self, actor: &ActorHistory, index: usize) {
        let present = || actor.turns.get(index).is_none_or(|past| past.code == actor.code);
        if matches!(self.selection, Selection::Present(_)) && !present() {
            return;
        }
        if self.replayer.is_fresh() || actor.begins_life(index) {
            let turns = self.replayer.together(actor, index);
            self.unit(actor, turns, index).await;
        }
    }

    /// Executes turns that had one instance: mostly a single one. Tells of those from one on.
    async fn unit(&mut self, actor: &ActorHistory, turns: Range<usize>, told: usize) {
        let (end, mut next) = (turns.end, told);
        let (history, replayer) = (self.history.clone(), self.replayer.clone());
        let Self { records, outcomes, sender, .. } = self;
        let tell = |index, result| {
            if index >= told {
                next = index + 1;
                outcomes.push((actor.id, index, result));
                hand_over_if(outcomes, sender, AT_ONCE);
            }
        };
        let life = replayer.replay_life(&history, actor, turns, records, tell);
        if caught(life).await.is_none() {
            // A panic: a bug of ours, which must not hide the other turns.
            let why = "its execution failed inside Theater";
            let failed = |index| (actor.id, index, Err(impossible(actor, index, why)));
            self.outcomes.extend((next..end).map(failed));
        }
    }

    /// A record that is no turn's; or one that cannot be read any more, which is told.
    fn no_turn(&mut self, actor: &ActorHistory, location: Location) {
        let read = self.records.read(location);
        let is_other = |record: &Record| {
            record.header.actor == actor.id && !matches!(record.header.kind, Kind::Turn(_))
        };
        if read.as_ref().is_ok_and(is_other) {
            return;
        }
        let index = actor.turns.near(location);
        let problem = self.history.past(actor, index).err().or(read.err());
        let problem =
            problem.unwrap_or_else(|| impossible(actor, index, "it cannot be read any more"));
        self.outcomes.push((actor.id, index, Err(problem)));
    }

    fn hand_over(&mut self) {
        hand_over_if(&mut self.outcomes, &self.sender, 1);
    }
}

/// Hands over what came of turns, if these are so many.
fn hand_over_if(outcomes: &mut Vec<Outcome>, sender: &UnboundedSender<Vec<Outcome>>, many: usize) {
    if outcomes.len() >= many {
        // The receiver lives as long as anybody wants to hear.
        let _ = sender.send(std::mem::take(outcomes));
    }
}

/// Waits for something. None if it panicked.
async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        match polled {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

impl Summary {
    fn count(&mut self, result: &Result<Replayed>) {
        match result {
            Ok(replayed) => {
                self.replayed += 1;
                self.diverged += u64::from(replayed.divergence.is_some());
            }
            Err(problem) if problem.code == TRACE_PART => self.left_out += 1,
            Err(_) => self.impossible += 1,
        }
    }
}

impl Selection {
    /// Whether something of this actor is meant.
    fn has(self, actor: ActorId) -> bool {
        match self {
            Self::All => true,
            Self::Actor(id) | Self::Present(id) | Self::Turn(id, _) => id == actor,
        }
    }

    /// The pieces in the order of the trace.
    fn pieces(self, history: &History, cores: usize) -> impl Iterator<Item = Piece> + use<> {
        let (turn, end) = match self {
            Self::Turn(actor, index) => (Some(Piece::Turn(actor, index)), 0),
            _ => (None, history.len() as u64),
        };
        let size = (history.len() / (cores * AHEAD)).clamp(1, PIECE);
        let starts = (0..end).step_by(size);
        let records = starts
            .map(move |start| Piece::Records(start..start.saturating_add(size as u64).min(end)));
        turn.into_iter().chain(records)
    }
}
