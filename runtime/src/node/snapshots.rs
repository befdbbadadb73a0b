//! Snapshots of what recovery makes of the log, made while the node runs.

use super::recover::Recovered;
use crate::diagnostic::Result;
use crate::surroundings;
use crate::trace::{self, Log, RunDir};
use std::sync::{Arc, Weak};

/// Makes a snapshot each time that the log has grown enough, as long as the log is open. `since` is the position of
/// the first record that none covers. Whoever makes them reads the log as recovery does, so that no actor waits for it.
pub(super) fn keep(run: RunDir, log: &Arc<Log>, since: u64) {
    let log = Arc::downgrade(log);
    drop(surroundings::spawn(make_all(run, log, since)));
}

async fn make_all(run: RunDir, log: Weak<Log>, since: u64) {
    let every = surroundings::snapshots_every();
    let mut due = since.saturating_add(every);
    loop {
        let Some(reached) = log.upgrade().map(|log| log.milestone(due)) else { return };
        if reached.await.is_err() {
            return;
        }
        let making = {
            let (run, log) = (run.clone(), log.clone());
            move || {
                let go_on = || log.upgrade().is_some_and(|log| log.is_open());
                trace::make_snapshot::<Recovered>(&run, go_on)
            }
        };
        due = match surroundings::in_background(making).await {
            Some(Ok(Some(made))) => made.next_due(every),
            // Recovery takes longer without it, and is the same.
            _ => due.saturating_add(every),
        };
    }
}

/// Makes a snapshot of all that a run holds, for whoever goes on with it. Answers with the number of records
/// that it covers; none if the newest one covers all of them. A node does this by itself now and then.
///
/// # Errors
///
/// When the run is damaged, or cannot be written.
pub fn make_snapshot(run: &RunDir) -> Result<Option<u64>> {
    let made = trace::make_snapshot::<Recovered>(run, || true)?;
    Ok(made.map(|made| made.next))
}

/// What is wrong with the snapshots of a run, a sentence each: one that could be used, and does not follow from
/// the log. Without findings they change nothing but the time that recovery takes.
pub fn check_snapshots(run: &RunDir) -> Vec<String> {
    trace::check_snapshots::<Recovered>(run)
}

/// All with which a node would go on, as a text, for comparing: with the help of snapshots, or from the whole
/// log.
///
/// # Errors
///
/// When the run is damaged.
pub fn recovered(run: &RunDir, whole: bool) -> Result<String> {
    let mut recovered: Recovered = trace::fold(run, whole)?;
    recovered.forget_manifests();
    Ok(format!("{recovered:#?}"))
}
