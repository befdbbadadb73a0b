//! What a turn does, and what ends it.

use crate::stage::{COUNTER, Stage};
use theater_runtime::actor::CallError;
use theater_runtime::turn::OutcomeKind;

/// A component whose function `f` has this body, beside a memory of one page.
fn with_body(body: &str) -> String {
    format!(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func $f (export "f") {body}))
            (core instance $i (instantiate $m))
            (func (export "f") (canon lift (core func $i "f"))))"#
    )
}

async fn outcome_of(body: &str, manifest: &str) -> (OutcomeKind, String) {
    let stage = Stage::new().await;
    let actor = stage.spawn(&with_body(body), manifest).await;
    let error = stage.call("counter.f()").await.unwrap_err();
    let CallError::Aborted { outcome, failure, turn, .. } = error else { panic!("{error}") };
    assert_eq!(turn, 1);
    assert_eq!(actor.incarnation(), 2, "an abort ends the incarnation");
    stage.check().await;
    (outcome, failure.message)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_changes_the_state_and_the_next_one_sees_it() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    assert_eq!(stage.call("counter.increment(by: 5)").await.unwrap(), "5");
    assert_eq!(stage.call("counter.increment(2)").await.unwrap(), "7");
    assert_eq!(stage.call("counter.value()").await.unwrap(), "7");
    let history = stage.check().await;
    assert_eq!(history.actor("counter").unwrap().turns.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_turn_changes_nothing_and_is_recorded() {
    let stage = Stage::new().await;
    let actor = stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.call("counter.increment(4294967295)").await.unwrap();
    let error = stage.call("counter.increment(1)").await.unwrap_err();
    assert!(matches!(error, CallError::Aborted { outcome: OutcomeKind::Trap, .. }), "{error}");
    assert_eq!(stage.call("counter.value()").await.unwrap(), "4294967295");
    assert_eq!(actor.incarnation(), 2);
    let history = stage.check().await;
    let turns = &history.actor("counter").unwrap().turns;
    assert_eq!(turns[1].header.outcome, OutcomeKind::Trap);
    let view = history.view_at(actor.id, turns[1].location).unwrap();
    assert_eq!(view.calls.len(), 1, "what it asked before the trap is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_without_end_runs_out_of_fuel() {
    let (outcome, message) = outcome_of("(loop $l br $l)", "[limits]\nfuel = 1_000_000").await;
    assert_eq!(outcome, OutcomeKind::OutOfFuel);
    assert_eq!(message, "it used more than its limit of 1000000 units of fuel");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_takes_too_long_times_out() {
    let manifest = "[limits]\ntimeout = \"50ms\"\nfuel = 1_000_000_000_000";
    let (outcome, _) = outcome_of("(loop $l br $l)", manifest).await;
    assert_eq!(outcome, OutcomeKind::Timeout);
}

#[tokio::test(flavor = "multi_thread")]
async fn growing_beyond_the_limit_aborts() {
    let body = "(loop $l (drop (memory.grow (i32.const 16))) br $l)";
    let (outcome, message) = outcome_of(body, "[limits]\nmemory = \"2MiB\"").await;
    assert_eq!(outcome, OutcomeKind::MemoryLimit);
    assert!(message.ends_with("its limit is 2097152"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recursion_without_end_overflows_the_stack() {
    let (outcome, _) = outcome_of("(call $f)", "").await;
    assert_eq!(outcome, OutcomeKind::StackOverflow);
}

#[tokio::test(flavor = "multi_thread")]
async fn hardware_traps_are_traps() {
    let (outcome, message) = outcome_of("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "").await;
    assert_eq!((outcome, message.as_str()), (OutcomeKind::Trap, "integer divide by zero"));
    let (outcome, message) = outcome_of("(drop (i32.load (i32.const -4)))", "").await;
    assert_eq!(outcome, OutcomeKind::Trap);
    assert!(message.contains("out of bounds memory access"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_can_be_ended_from_outside() {
    let stage = Stage::new().await;
    let manifest = "[limits]\ntimeout = \"1h\"\nfuel = 1_000_000_000_000_000";
    let actor = stage.spawn(&with_body("(loop $l br $l)"), manifest).await;
    let cancel = tokio::spawn({
        let actor = actor.clone();
        async move {
            // Until the turn has begun there is nothing to cancel.
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                actor.cancel_turn();
            }
        }
    });
    let error = stage.call("counter.f()").await.unwrap_err();
    cancel.abort();
    assert!(matches!(error, CallError::Aborted { outcome: OutcomeKind::Cancelled, .. }), "{error}");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_is_too_large_aborts() {
    // A list of u8 that claims 100 MB of a memory that has them.
    let wat = r#"(component
        (core module $m
            (memory (export "memory") 1600)
            (func (export "f") (result i32)
                (i32.store (i32.const 8) (i32.const 16))
                (i32.store (i32.const 12) (i32.const 100_000_000))
                (i32.const 8)))
        (core instance $i (instantiate $m))
        (func (export "f") (result (list u8))
            (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#;
    let stage = Stage::new().await;
    stage.spawn(wat, "[limits]\nmemory = \"128MiB\"").await;
    let error = stage.call("counter.f()").await.unwrap_err();
    assert!(matches!(error, CallError::Aborted { outcome: OutcomeKind::SizeLimit, .. }), "{error}");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_world_that_is_too_large_aborts_and_replays() {
    let wat = r#"(component
        (import "wasi:random/random@0.2.0" (instance $random
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
        (core module $memory
            (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
        (core instance $memory (instantiate $memory))
        (core func $get (canon lower (func $random "get-random-bytes")
            (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
        (core module $m
            (import "random" "get" (func $get (param i64 i32)))
            (func (export "f") (call $get (i64.const 2_000_000) (i32.const 8))))
        (core instance $i (instantiate $m
            (with "random" (instance (export "get" (func $get))))))
        (func (export "f") (canon lift (core func $i "f"))))"#;
    let stage = Stage::new().await;
    stage.spawn(wat, "[handlers]\nrandom = true").await;
    let error = stage.call("counter.f()").await.unwrap_err();
    assert!(matches!(error, CallError::Aborted { outcome: OutcomeKind::SizeLimit, .. }), "{error}");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_granted_is_refused_before_any_code_runs() {
    let stage = Stage::new().await;
    let problems = stage.try_spawn(COUNTER, "", "").await.unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code.id, "TH0205");
    assert!(problems[0].message.contains("theater:host/state@0.1.0"), "{}", problems[0]);
    assert!(stage.node.actors().is_empty());
}

/// `init` with a parameter; refuses 0, traps on 1.
const WITH_INIT: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (data (i32.const 64) "no")
        (func (export "init") (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 1)) (then unreachable))
            (i32.store (i32.const 8) (i32.eqz (local.get 0)))
            (i32.store (i32.const 12) (i32.const 64))
            (i32.store (i32.const 16) (i32.const 2))
            (i32.const 8))
        (func (export "f")))
    (core instance $i (instantiate $m))
    (func (export "init") (param "start" u32) (result (result (error string)))
        (canon lift (core func $i "init") (memory (core memory $i "memory"))))
    (func (export "f") (canon lift (core func $i "f"))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn init_is_turn_0_and_may_refuse() {
    let stage = Stage::new().await;
    let problems = stage.try_spawn(WITH_INIT, "", "0").await.unwrap_err();
    assert_eq!(problems[0].message, "`counter` refuses to start: no");
    let problems = stage.try_spawn(WITH_INIT, "", "start: 1").await.unwrap_err();
    assert!(problems[0].message.starts_with("counter#0 aborted (trap)"), "{}", problems[0]);
    assert!(stage.node.actors().is_empty());
    let actor = stage.try_spawn(WITH_INIT, "", "2").await.unwrap();
    assert_eq!(actor.id.0, 3, "numbers are never given twice");
    assert_eq!(stage.call_raw("counter.f()").await.unwrap().turn, 1);
    let history = stage.check().await;
    assert_eq!(history.actors().count(), 3);
}
