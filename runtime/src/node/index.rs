//! The index of a long run, extended while the node records it, in time that nobody else needs: a node that has no
//! such time leaves it to whoever opens the run.

use crate::replay::History;
use crate::surroundings::{self, Running};
use crate::trace::{Log, RunDir};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// After so many records the index is extended; of a very long run after a part of it, so that reading what stands
/// in the index already costs little beside.
const EVERY: u64 = 16_384;
const PART: u64 = 64;

/// So many records are added at most when the run ends, so that its end is quick.
const AT_THE_END: u64 = 4 * EVERY;

/// Fewer are read by whoever opens the run as quickly without an index.
const WORTH_IT: u64 = EVERY / 2;

/// Who extends the index. Nobody in a simulation, which has no tasks beside its own.
#[derive(Debug)]
pub(super) struct KeptIndex {
    task: Mutex<Option<Running<Option<u64>>>>,
    ended: Arc<AtomicBool>,
}

/// Extends the index of a run each time that its log has grown enough, as long as the log is open. `since` is the
/// position of the first record that its opening read. Who opens the run makes what is missing.
pub(super) fn keep(run: RunDir, log: &Arc<Log>, since: u64) -> KeptIndex {
    let (log, ended) = (Arc::downgrade(log), Arc::new(AtomicBool::new(false)));
    let extending = extend_all(run, log, since, ended.clone());
    let task = (!surroundings::is_simulated()).then(|| surroundings::spawn(extending));
    KeptIndex { task: Mutex::new(task), ended }
}

/// Answers, when the log is closed, with the number of records that stand in the index; none if nothing was added.
async fn extend_all(
    run: RunDir,
    log: Weak<Log>,
    since: u64,
    ended: Arc<AtomicBool>,
) -> Option<u64> {
    let mut due = since.saturating_add(EVERY);
    let mut covered = None;
    loop {
        let Some(reached) = log.upgrade().map(|log| log.milestone(due)) else { return covered };
        if reached.await.is_err() {
            return covered;
        }
        let extending = {
            let (run, log, ended) = (run.clone(), log.clone(), ended.clone());
            move || {
                let go_on = || log.strong_count() > 0 && !ended.load(Ordering::Relaxed);
                History::extend_index(&run, go_on)
            }
        };
        covered = surroundings::in_spare_time(extending).await.flatten().or(covered);
        let reached = covered.unwrap_or_default().max(due);
        due = reached.saturating_add(EVERY.max(reached / PART));
    }
}

impl KeptIndex {
    /// Adds what came last, when the log is closed.
    pub async fn finish(&self, run: &RunDir) {
        self.ended.store(true, Ordering::Relaxed);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return };
        let Some(covered) = task.await.ok().flatten() else { return };
        let all = run.head().map_or(0, |(count, _)| count);
        if (WORTH_IT..=AT_THE_END.max(all / PART * 2)).contains(&all.saturating_sub(covered)) {
            let run = run.clone();
            surroundings::in_background(move || History::extend_index(&run, || true)).await;
        }
    }
}
