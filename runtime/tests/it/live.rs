//! Whoever watches never slows an actor.

use crate::stage::{COUNTER, Stage};
use theater_runtime::trace::{Kind, Live};

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_is_told_of_every_record_in_order() {
    let stage = Stage::new().await;
    let mut subscription = stage.node.subscribe();
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.call("counter.increment(5)").await.unwrap();
    let mut kinds = Vec::new();
    // An answer is given after its record was published.
    while let Some(Live::Record(record)) = subscription.try_next() {
        kinds.push(record.header.kind.name());
    }
    assert_eq!(kinds, ["spawned", "turn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_that_does_not_read_is_told_what_it_missed() {
    let stage = Stage::new().await;
    let mut slow = stage.node.subscribe();
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    let calls = 2_000;
    for _ in 0..calls {
        stage.call("counter.increment(1)").await.unwrap();
    }
    let Some(Live::Missed(missed)) = slow.try_next() else { panic!("it cannot have kept up") };
    let mut seen = 0;
    while let Some(Live::Record(record)) = slow.try_next() {
        assert!(matches!(record.header.kind, Kind::Turn(_)));
        seen += 1;
    }
    // All turns and the spawning.
    assert_eq!(missed + seen, calls + 1);
}
