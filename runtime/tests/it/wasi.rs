//! WASI 0.2's streams, waiting and exit, as the runtimes of languages use them.

use crate::stage::Stage;
use theater_runtime::actor::CallError;
use theater_runtime::trace::RecordView;
use theater_runtime::turn::{Failure, OutcomeKind};

const WASI: &str = include_str!("../../../tests/fixtures/wasi.wat");
const GRANTS: &str = "[handlers]\nlog = true\nclock = true\n";

async fn stage(manifest: &str) -> Stage {
    let stage = Stage::new().await;
    stage.spawn(WASI, &format!("{GRANTS}{manifest}")).await;
    stage
}

/// How a call aborts.
async fn aborts(stage: &Stage, call: &str) -> (OutcomeKind, Failure) {
    match stage.call(call).await {
        Err(CallError::Aborted { outcome, failure, .. }) => (outcome, failure),
        other => panic!("{call}: {other:?}"),
    }
}

/// The records of the actor's turns, after all of them were replayed.
async fn turns(stage: &Stage) -> Vec<RecordView> {
    let history = stage.check().await;
    let actor = history.actor("counter").unwrap();
    let views = actor.turns.iter().map(|past| history.view_at(actor.id, past.location).unwrap());
    views.collect()
}

fn lines(view: &RecordView) -> Vec<String> {
    view.log_lines().map(|line| format!("{} {}", line.from, line.text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_is_logged_line_by_line() {
    let stage = stage("").await;
    stage.call("counter.print()").await.unwrap();
    let turns = turns(&stage).await;
    assert_eq!(lines(&turns[0]), ["stdout hello", "stdout world", "stdout left over"]);
    let calls: Vec<String> = turns[0].calls.iter().map(|call| call.summary()).collect();
    let expected = [
        "stdout.get-stdout() -> #1",
        "output-stream.check-write(#1) -> ok(65536)",
        r#"output-stream.write(#1, b"hello\nwor") -> ok"#,
        r#"output-stream.blocking-write-and-flush(#1, b"ld\nleft over") -> ok"#,
        "output-stream.drop(#1)",
    ];
    assert_eq!(calls, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_instance_prints_on_in_its_next_turn() {
    let stage = stage("").await;
    let warm = Stage::new().await;
    warm.spawn(WASI, &format!("instance = \"warm\"\n{GRANTS}")).await;
    for stage in [&stage, &warm] {
        stage.call("counter.print-kept()").await.unwrap();
        stage.call("counter.print-kept()").await.unwrap();
        let turns = turns(stage).await;
        assert_eq!(lines(&turns[1]), ["stdout hello"]);
    }
    let history = warm.check().await;
    assert_eq!(history.actor("counter").unwrap().turns[1].header.instance, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_has_the_last_words_of_stderr() {
    let stage = stage("").await;
    let (outcome, failure) = aborts(&stage, "counter.die()").await;
    assert_eq!(outcome, OutcomeKind::Trap);
    assert_eq!(failure.stderr, ["Traceback:", "ValueError: no"]);
    let turns = turns(&stage).await;
    assert_eq!(lines(&turns[0]), ["stderr Traceback:", "stderr ValueError: no"]);
    assert_eq!(turns[0].failure.as_ref(), Some(&failure));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_output_ends_at_a_limit() {
    let stage = stage("[limits]\nmessage = \"64KiB\"").await;
    let (outcome, failure) = aborts(&stage, "counter.flood()").await;
    assert_eq!(outcome, OutcomeKind::SizeLimit);
    assert!(failure.message.contains("the import calls of this turn"), "{failure}");
    turns(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_lines_ends_at_the_limit_of_its_grant() {
    let stage = Stage::new().await;
    stage.spawn(WASI, "[handlers]\nlog = { max-lines = 1 }\nclock = true").await;
    let (outcome, failure) = aborts(&stage, "counter.print()").await;
    assert_eq!(outcome, OutcomeKind::SizeLimit);
    assert!(failure.message.contains("`max-lines`"), "{failure}");
    turns(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_was_permitted_traps() {
    let stage = stage("").await;
    for (call, said) in [
        ("unasked", "it wrote 5 bytes at once, where `check-write` had permitted 0"),
        ("too-much", "it wrote 100000 bytes at once, where `check-write` had permitted 65536"),
        ("too-much-blocking", "it wrote 4097 bytes in one blocking write, where WASI allows 4096"),
        ("poll-nothing", "it polled an empty list, which never ends"),
    ] {
        let (outcome, failure) = aborts(&stage, &format!("counter.{call}()")).await;
        assert_eq!((outcome, failure.message.as_str()), (OutcomeKind::Trap, said));
    }
    turns(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_input_and_no_terminal() {
    let stage = stage("").await;
    // An error of the case `closed`; one of the case `last-operation-failed`.
    assert_eq!(stage.call("counter.read()").await.unwrap(), "11");
    assert_eq!(stage.call("counter.splice()").await.unwrap(), "10");
    assert_eq!(stage.call("counter.terminal()").await.unwrap(), "0");
    turns(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_end_when_their_time_has_come() {
    let stage = stage("").await;
    stage.call("counter.wait(20000000)").await.unwrap();
    stage.call("counter.wait(0)").await.unwrap();
    assert_eq!(stage.call("counter.poll()").await.unwrap(), "12", "one is ready, the third");
    stage.call("counter.poll-many()").await.unwrap();
    turns(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_without_end_is_ended_by_the_timeout() {
    let stage = stage("[limits]\ntimeout = \"50ms\"").await;
    let (outcome, _) = aborts(&stage, "counter.wait(18446744073709551615)").await;
    assert_eq!(outcome, OutcomeKind::Timeout);
    let turns = turns(&stage).await;
    let last = turns[0].calls.last().unwrap().summary();
    assert_eq!(last, "pollable.block(#64) -> (the turn aborted here)");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_open_resources_are_too_many() {
    let stage = stage("").await;
    stage.call("counter.open(1000)").await.unwrap();
    let (outcome, failure) = aborts(&stage, "counter.open(10000)").await;
    assert_eq!(outcome, OutcomeKind::SizeLimit);
    let said = "it has 1024 resources open at one time, and asked for one more";
    assert_eq!(failure.message, said);
    turns(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_ends_the_turn_whatever_its_status() {
    let stage = stage("").await;
    for (call, status) in [("exit(false)", 0), ("exit(true)", 1), ("exit-with-code(7)", 7)] {
        let (outcome, failure) = aborts(&stage, &format!("counter.{call}")).await;
        let said = format!("the component called exit with status {status}");
        assert_eq!((outcome, failure.message), (OutcomeKind::Trap, said));
    }
    let turns = turns(&stage).await;
    let incarnations: Vec<u32> =
        turns.iter().map(|view| view.turn().unwrap().incarnation).collect();
    assert_eq!(incarnations, [1, 2, 3], "each exit ended one");
}
