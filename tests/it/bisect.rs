//! `theater trace bisect`: where two runs of the same application part.

use crate::application::shop;
use crate::environment::{Ran, TestEnvironment};
use insta::assert_snapshot;
use serde_json::Value;

/// Runs these lines in a run of their own, and answers with its folder below the project's.
fn run_of(env: &TestEnvironment, lines: &[&str]) -> String {
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", *line])).collect();
    env.theater(&arguments).ok();
    env.runs().pop().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

fn bisect(env: &TestEnvironment, a: &str, b: &str, more: &[&str]) -> Ran {
    env.theater(&[&["trace", "bisect", a, b], more].concat())
}

/// Actors that run at the same time need not have their records in the same order each time.
fn without_positions(json: &str) -> String {
    let mut parts = json.split("\"position\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts
        .fold(first, |all, part| all + "\"position\":N" + part.trim_start_matches(char::is_numeric))
}

const PLACED: &str = "shop/orders.place(\"A-1\", 2)";
/// Asked behind an order, so that the message about it has been processed before the run ends.
const TOLD: &str = "shop/audit.units()";

#[test]
fn runs_of_the_same_messages_are_the_same() {
    let env = shop(TestEnvironment::new(), "wat");
    let a = run_of(&env, &[PLACED, TOLD, "shop/inventory.deliver(\"C-3\", 4)"]);
    let b = run_of(&env, &[PLACED, TOLD, "shop/inventory.deliver(\"C-3\", 4)"]);
    assert_snapshot!("same", bisect(&env, &a, &b, &[]).ok());
    // A node that went on with its run has done nothing else.
    let resumed = run_of(&env, &[PLACED, TOLD]);
    env.theater(&["repl", "--resume", "-e", "shop/inventory.deliver(\"C-3\", 4)"]).ok();
    bisect(&env, &a, &resumed, &[]).ok();
    env.theater(&["trace", "export", "b.trace"]).ok();
    bisect(&env, &a, "b.trace", &[]).ok();
}

#[test]
fn the_first_difference_of_each_actor_is_shown_behind_its_reason() {
    let env = shop(TestEnvironment::new(), "wat");
    let a = run_of(&env, &[PLACED, PLACED, TOLD]);
    let b = run_of(&env, &[PLACED, "shop/orders.place(\"A-1\", 3)", TOLD]);
    assert_snapshot!("message", bisect(&env, &a, &b, &[]).with_status(1));
    let json = bisect(&env, &a, &b, &["--json"]).with_status(1).to_string();
    assert_snapshot!("message_json", without_positions(&json));
    // What was done in another order is no actor's doing.
    let delivered = "shop/inventory.deliver(\"A-1\", 1)";
    let c = run_of(&env, &[PLACED, delivered, PLACED, TOLD, TOLD]);
    assert_snapshot!("more", bisect(&env, &a, &c, &[]).with_status(1));
}

#[test]
fn another_build_is_found_by_what_it_does() {
    let env = shop(TestEnvironment::new(), "wat");
    let a = run_of(&env, &[PLACED, TOLD]);
    let source = env.read("inventory/src/inventory.wat");
    env.write("inventory/src/inventory.wat", format!("{source}\n;; nothing else"));
    env.theater(&["build"]).ok();
    let b = run_of(&env, &[PLACED, TOLD]);
    bisect(&env, &a, &b, &[]).ok();
    let changed = source.replacen("(i64.sub", "(i64.add", 1);
    assert_ne!(changed, source);
    env.write("inventory/src/inventory.wat", changed);
    env.theater(&["build"]).ok();
    let b = run_of(&env, &[PLACED, TOLD]);
    assert_snapshot!("build", bisect(&env, &a, &b, &[]).with_status(1));
}

#[test]
fn the_end_of_an_actor_is_compared() {
    let env = shop(TestEnvironment::new(), "wat");
    let a = run_of(&env, &[PLACED, "kill shop/inventory", PLACED, TOLD]);
    let b = run_of(&env, &[PLACED, PLACED, TOLD]);
    assert_snapshot!("killed", bisect(&env, &a, &b, &[]).with_status(1));
}

#[test]
fn answers_can_be_left_out() {
    let env = TestEnvironment::new();
    env.fixture("clock.wat");
    let run = || {
        env.theater(&["repl", "clock.wat", "--grant", "clock", "-e", "clock.now()"]).ok();
        env.runs().pop().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
    };
    let (a, b) = (run(), run());
    let parted = bisect(&env, &a, &b, &["--json"]).with_status(1);
    let first: Value = serde_json::from_str(parted.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["what"], &first["step"]), (&"answer".into(), &1.into()), "{parted}");
    let other = bisect(&env, &a, &b, &["--ignore", "wasi:clocks", "--json"]).with_status(1);
    let first: Value = serde_json::from_str(other.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&first["what"], &first["step"]), (&"result".into(), &0.into()), "{other}");
}

#[test]
fn what_cannot_be_compared_is_told() {
    let env = TestEnvironment::with_counter();
    let a = run_of(&env, &["my-actor.increment(1)"]);
    assert_snapshot!("missing", bisect(&env, &a, "nowhere", &[]).with_status(2));
}
