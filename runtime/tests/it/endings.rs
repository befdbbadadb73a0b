//! The last turn of an actor that exports `theater:actor/lifecycle`.

use crate::stage::Stage;
use theater_runtime::actor::CallError;
use theater_runtime::turn::OutcomeKind;

/// A component whose `terminate` takes a reason of this type and does this, and whose `spin` never
/// ends.
fn with_terminate(reason: &str, body: &str) -> String {
    format!(
        r#"(component
          (core module $M
            (func (export "terminate") (param i32) {body})
            (func (export "value") (result i32) (i32.const 7))
            (func (export "spin") (loop (br 0))))
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
          (func $spin (canon lift (core func $m "spin")))
          (instance $api (export "value" (func $value)) (export "spin" (func $spin)))
          (export "test:endings/api" (instance $api))
          (export "theater:actor/lifecycle@0.1.0" (instance $lifecycle)))"#
    )
}

/// Limits that an endless turn does not reach while a test runs.
const PATIENT: &str = "[limits]\nfuel = 1_000_000_000_000\ntimeout = \"1h\"";

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
    let turns = until_shutdown(&with_terminate(REASON, "(loop (br 0))"), PATIENT).await;
    assert_eq!(turns[1..], ["theater:actor/lifecycle@0.1.0#terminate cancelled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_turn_without_end_is_cut_off() {
    let stage = Stage::new().await;
    stage.spawn(&with_terminate(REASON, "(loop (br 0))"), PATIENT).await;
    let shutdown = async {
        // Of two calls one waits: the other one is being executed.
        while stage.node.waiting("counter") != 1 {
            tokio::task::yield_now().await;
        }
        stage.node.shutdown().await.unwrap();
    };
    let (running, waiting, ()) =
        tokio::join!(stage.call("counter.spin()"), stage.call("counter.spin()"), shutdown);
    assert!(matches!(running, Err(CallError::Aborted { outcome: OutcomeKind::Cancelled, .. })));
    assert!(matches!(waiting, Err(CallError::Ended(_))));
    let history = stage.check().await;
    let turns = &history.actor("counter").unwrap().turns;
    let outcomes: Vec<OutcomeKind> = turns.iter().map(|past| past.header.outcome).collect();
    assert_eq!(outcomes, [OutcomeKind::Cancelled; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminate_of_another_type_is_not_called() {
    for reason in [r#"(flags "normal" "shutdown")"#, r#"(enum "now" "later")"#] {
        let turns = until_shutdown(&with_terminate(reason, ""), "").await;
        assert_eq!(turns[1..], [] as [&str; 0], "{reason}");
    }
}
