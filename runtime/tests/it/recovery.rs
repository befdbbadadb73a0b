//! A run goes on where it ended.

use crate::stage::{COUNTER, Stage};
use std::time::Duration;
use theater_runtime::cache::Cache;
use theater_runtime::node::Node;
use theater_runtime::trace::Durability;

#[tokio::test(flavor = "multi_thread")]
async fn state_and_turn_numbers_go_on() {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.call("counter.increment(5)").await.unwrap();
    let resumed = stage.reopen().await;
    assert_eq!(resumed.len(), 1);
    assert_eq!(resumed[0].incarnation(), 2);
    let reply = stage.call_raw("counter.increment(2)").await.unwrap();
    assert_eq!(reply.turn, 2);
    assert_eq!(stage.call("counter.value()").await.unwrap(), "7");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stopped_stays_stopped() {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.node.stop("counter").await.unwrap();
    assert!(stage.node.actors().is_empty());
    assert!(stage.reopen().await.is_empty());
    let actor = stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    assert_eq!(actor.id.0, 2, "a name may come again, a number never");
    assert_eq!(stage.call("counter.value()").await.unwrap(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_is_refused() {
    let stage = Stage::new().await;
    let problem =
        Node::open(stage.run.clone(), Some(Durability::Async), Cache::none()).await.unwrap_err();
    assert_eq!(problem.code.id, "TH0602");
    let me = format!("is being written by process {}", std::process::id());
    assert!(problem.message.ends_with(&me), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_record_is_cut_and_set_aside() {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.call("counter.increment(5)").await.unwrap();
    stage.node.shutdown().await.unwrap();
    let segment = stage.run.segment(1);
    let mut bytes = std::fs::read(&segment).unwrap();
    // The beginning of a record that the crash did not let through.
    bytes.extend_from_slice(&[0x83, 0x58, 0x40, 1, 2, 3]);
    std::fs::write(&segment, bytes).unwrap();
    let opened =
        Node::open(stage.run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
    assert_eq!(opened.cut, 6);
    assert_eq!(std::fs::read_dir(stage.run.path().join("torn")).unwrap().count(), 1);
    stage.node = opened.node;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "5");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn zeros_that_a_power_failure_left_are_cut() {
    for begun in [&[][..], &[0x83, 0x58, 0x40, 1, 2, 3]] {
        let mut stage = Stage::new().await;
        stage.spawn(COUNTER, "[handlers]\nstate = true").await;
        stage.call("counter.increment(5)").await.unwrap();
        stage.node.shutdown().await.unwrap();
        let segment = stage.run.segment(1);
        let bytes = [&std::fs::read(&segment).unwrap(), begun, &[0; 4096]].concat();
        std::fs::write(&segment, bytes).unwrap();
        let opened =
            Node::open(stage.run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
        assert_eq!(opened.cut, begun.len() as u64 + 4096);
        stage.node = opened.node;
        assert_eq!(stage.call("counter.value()").await.unwrap(), "5");
        stage.check().await;
    }
}

#[tokio::test]
async fn who_opens_a_run_can_give_up() {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    for _ in 0..200 {
        stage.call("counter.increment(1)").await.unwrap();
    }
    stage.node.shutdown().await.unwrap();
    for _ in 0..10 {
        let opening = Node::open(stage.run.clone(), Some(Durability::Async), Cache::none());
        // It is asked once, and holds no thread while the log is read.
        let asked_once = tokio::time::timeout(Duration::ZERO, opening).await;
        assert!(asked_once.is_err());
    }
    // Whoever reads it notices soon.
    while let Err(locked) = stage.run.lock() {
        assert_eq!(locked.code.id, "TH0602");
    }
    stage.open_again().await;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "200");
}
