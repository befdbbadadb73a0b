//! `theater trace state`: the state at a moment.

use crate::environment::TestEnvironment;
use insta::assert_snapshot;

fn recorded() -> TestEnvironment {
    let env = TestEnvironment::with_counter();
    let lines = ["repl", "-e", "my-actor.increment(5)", "-e", "my-actor.increment(2)"];
    env.theater(&lines).ok();
    env
}

#[test]
fn the_state_at_any_moment() {
    let env = recorded();
    let state = |moment: &str| env.theater(&["trace", "state", moment]).ok().stdout;
    assert_eq!(state("my-actor"), "count = 7\n");
    assert_eq!(state("my-actor#1"), "count = 5\n");
    // The second increment has read the count, and not yet set it.
    assert_eq!(state("my-actor#2.1"), "count = 5\n");
    assert_eq!(state("my-actor#2.2"), "count = 7\n");
    assert_eq!(state("my-actor#1.1"), "");
    let json = env.theater(&["trace", "state", "my-actor#2.1", "--json"]).ok();
    assert_snapshot!("json", json);
}

#[test]
fn a_moment_that_is_not_there_is_told() {
    let env = recorded();
    let wrong = |moment: &str| env.theater(&["trace", "state", moment]).with_status(2);
    assert_snapshot!("no_actor", wrong("my-actr"));
    assert_snapshot!("no_turn", wrong("my-actor#9"));
    assert_snapshot!("no_step", wrong("my-actor#1.9"));
    assert_snapshot!("bad_moment", wrong("my-actor#one"));
}
