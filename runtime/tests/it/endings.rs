//! The last turn of an actor that exports `theater:actor/lifecycle`.

use crate::stage::Stage;
use std::time::{Duration, Instant};

/// A component whose `terminate` takes a reason of this type and does this.
fn with_terminate(reason: &str, body: &str) -> String {
    format!(
        r#"(component
          (core module $M
            (func (export "terminate") (param i32) {body})
            (func (export "value") (result i32) (i32.const 7)))
          (core instance $m (instantiate $M))
          (type $reason {reason})
          (func $terminate (param "reason" $reason) (canon lift (core func $m "terminate")))
          (component $Lifecycle
            (type $given' {reason})
            (import "given" (type $given (eq $given')))
            (import "work" (func $work (param "reason" $given)))
            (export $stop-reason "stop-reason" (type $given))
            (export "terminate" (func $work) (func (param "reason" $stop-reason))))
          (instance $lifecycle (instantiate $Lifecycle
            (with "given" (type $reason)) (with "work" (func $terminate))))
          (func $value (result u32) (canon lift (core func $m "value")))
          (instance $api (export "value" (func $value)))
          (export "test:endings/api" (instance $api))
          (export "theater:actor/lifecycle@0.1.0" (instance $lifecycle)))"#
    )
}

const REASON: &str = r#"(enum "normal" "shutdown")"#;

/// What the actor did until its node had shut down: functions and outcomes.
async fn until_shutdown(wat: &str, limits: &str) -> Vec<String> {
    let stage = Stage::new().await;
    stage.spawn(wat, limits).await;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "7");
    stage.node.shutdown().await.unwrap();
    let history = stage.check().await;
    let turns = &history.actor("counter").unwrap().turns;
    turns.iter().map(|past| format!("{} {}", past.header.function, past.header.outcome)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_turn_is_terminate() {
    let turns = until_shutdown(&with_terminate(REASON, ""), "").await;
    assert_eq!(turns[1..], ["theater:actor/lifecycle@0.1.0#terminate returned"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_turn_without_end_is_cut_off() {
    let begun = Instant::now();
    let limits = "[limits]\nfuel = 1_000_000_000_000\ntimeout = \"1h\"";
    let turns = until_shutdown(&with_terminate(REASON, "(loop (br 0))"), limits).await;
    assert_eq!(turns[1..], ["theater:actor/lifecycle@0.1.0#terminate cancelled"]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminate_of_another_type_is_not_called() {
    for reason in [r#"(flags "normal" "shutdown")"#, r#"(enum "now" "later")"#] {
        let turns = until_shutdown(&with_terminate(reason, ""), "").await;
        assert_eq!(turns[1..], [] as [&str; 0], "{reason}");
    }
}
