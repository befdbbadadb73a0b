//! A run can go on from every moment of another one.

use crate::{cursor, messages};
use theater_runtime::cache::Cache;
use theater_runtime::node::Node;
use theater_runtime::replay::{History, Replayer};
use theater_runtime::trace::{Durability, Kind, RunDir, verify};

/// A node goes on with the run, ends, and all that it has recorded holds.
async fn goes_on(run: &RunDir, from: &History, records: u64) {
    let opened = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
    assert!(opened.problems.is_empty(), "{:?}", opened.problems);
    opened.node.shutdown().await.unwrap();
    assert_eq!(verify(run).findings, Vec::<String>::new());
    let history = History::load(run).unwrap();
    let (id, location) = history.record(records).unwrap();
    let origin = history.view_at(id, location).unwrap().kind;
    assert_eq!(origin, Kind::Forked { run: from.run().id(), records });
    cursor::walk(&history);
    let replayer = Replayer::new(None, Cache::none()).unwrap();
    for actor in history.actors() {
        let other = from.by_id(actor.id).unwrap();
        for index in 0..actor.turns.len() {
            let replayed = replayer.replay(&history, actor, index).await.unwrap();
            assert_eq!(replayed.divergence, None, "{}#{}", actor.name, replayed.turn);
            // What was there is there again.
            let last = from.record(records - 1).unwrap().1;
            if let Some(old) = other.turns.get(index).filter(|old| old.location <= last) {
                let turn = history.past(actor, index).unwrap();
                assert_eq!((&turn.header, &turn.after), (&old.header, &old.after));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_before_and_after_every_turn() {
    let mut stage = messages::Stage::pair().await;
    for call in ["a.ask(21)", "a.tell(\"b\", \"count 1\")", "b.ask(13)", "a.later(\"t\", 1)"] {
        let _ = stage.call(call).await;
    }
    let _ = stage.call("b.tell-and-trap(\"a\", \"x\")").await;
    stage.reopen().await;
    let history = stage.history();
    let data = tempfile::tempdir().unwrap();
    let mut forks = 0;
    for actor in history.actors() {
        for index in 0..actor.turns.len() {
            for before in [false, true] {
                let run = history.fork(actor, index, before, data.path()).unwrap();
                let new = History::load(&run).unwrap();
                let records = new.len() as u64 - 1;
                let kept = new.by_id(actor.id).unwrap().turns.len();
                assert_eq!(kept, index + usize::from(!before));
                goes_on(&run, &history, records).await;
                forks += 1;
            }
        }
    }
    assert!(forks > 10, "{forks}");
}
