//! Traps that explain themselves: message and functions, in report, trace and replay.

use crate::environment::TestEnvironment;
use insta::assert_snapshot;

#[test]
fn a_trap_shows_the_functions_by_name() {
    let env = TestEnvironment::new();
    env.fixture("aborts.wat");
    let ran = env.theater(&["repl", "aborts.wat", "-e", "aborts.crash()"]).with_status(1);
    assert_snapshot!("unreachable", ran.stderr);
    let ran = env.theater(&["repl", "aborts.wat", "-e", "aborts.buy()"]).with_status(1);
    assert_snapshot!("names_of_rust", ran.stderr);
    env.theater(&["replay"]).ok();
}

#[test]
fn an_actor_aborts_its_turn_with_its_own_words() {
    let env = TestEnvironment::new();
    env.fixture("aborts.wat");
    let call = "aborts.fail(\"not like this\\nsecond line\")";
    let ran = env.theater(&["repl", "aborts.wat", "-e", call]).with_status(1);
    assert_snapshot!("abort", ran.stderr);
    assert_snapshot!("abort_in_the_trace", env.theater(&["trace", "show", "aborts#1"]).ok());
    env.theater(&["replay"]).ok();
}
