//! `theater trace stack` and the word `stack`: where in its code an actor was.

use crate::application::shop;
use crate::environment::TestEnvironment;
use insta::assert_snapshot;

#[test]
fn a_turn_that_trapped_shows_where() {
    let env = TestEnvironment::new();
    env.fixture("aborts.wat");
    for call in ["crash()", "buy()", "fail(\"not like this\")"] {
        env.theater(&["repl", "aborts.wat", "-e", &format!("aborts.{call}")]).with_status(1);
    }
    let run = |index: usize| env.runs()[index].to_str().unwrap().to_owned();
    let stack =
        |index, moment| env.theater(&["trace", "stack", moment, "--trace", &run(index)]).ok();
    assert_snapshot!("recursion", stack(0, "aborts#1").stdout);
    assert_snapshot!("names_of_rust", stack(1, "aborts#1").stdout);
    assert_snapshot!("abort", stack(2, "aborts").stdout);
    // The call in which the turn aborts has no answer.
    assert_snapshot!("abort_step", stack(2, "aborts#1.1").stdout);
}

#[test]
fn import_calls_show_what_was_asked_and_the_state_then() {
    let env = TestEnvironment::with_counter();
    env.theater(&["repl", "-e", "my-actor.increment(5)", "-e", "my-actor.increment(2)"]).ok();
    let stack = |arguments: &[&str]| env.theater(&[&["trace", "stack"], arguments].concat());
    assert_snapshot!("step", stack(&["my-actor#2.1"]).ok().stdout);
    assert_snapshot!("returned", stack(&["my-actor"]).ok().stdout);
    assert_snapshot!("steps", stack(&["my-actor#2", "--steps"]).ok().stdout);
    assert_snapshot!("steps_json", stack(&["my-actor#2", "--steps", "--json"]).ok().stdout);
    let up_to = stack(&["my-actor#2.1", "--steps"]).ok().stdout;
    assert_eq!(up_to, stack(&["my-actor#2.1"]).ok().stdout);
    assert_snapshot!("no_step", stack(&["my-actor#2.9"]).with_status(2));
}

#[test]
fn the_repl_shows_the_stack_at_the_cursor() {
    let env = shop(TestEnvironment::new(), "wat");
    env.theater(&["repl", "-e", "shop/orders.place(\"A-1\", 2)"]).ok();
    let lines = ["at shop/orders#1.1", "stack", "follow", "stack", "step-back", "stack"];
    let lines: Vec<&str> = lines.iter().flat_map(|line| ["-e", line]).collect();
    let walked = env.theater(&[&["repl", "--resume"], &lines[..]].concat()).ok();
    assert_snapshot!("repl", walked.stdout);
    let wrong = ["repl", "--resume", "-e", "stack shop/orders#9"];
    assert_snapshot!("repl_no_turn", env.theater(&wrong).with_status(1).stderr);
}

#[test]
fn a_run_whose_component_is_gone_is_told_of() {
    let env = TestEnvironment::with_counter();
    env.theater(&["repl", "-e", "my-actor.increment(5)"]).ok();
    std::fs::remove_dir_all(env.runs()[0].join("blobs")).unwrap();
    let ran = env.theater(&["trace", "stack", "my-actor"]).with_status(2);
    assert!(ran.stderr.contains("TH0604") && ran.stderr.contains("`my-actor`"), "{ran}");
}
