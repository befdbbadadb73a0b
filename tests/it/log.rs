//! `theater trace log`: what actors logged and printed.

use crate::environment::TestEnvironment;
use insta::assert_snapshot;

/// An actor that logs in two turns, in the second one before a trap, and one that logs when it starts.
fn recorded() -> TestEnvironment {
    let env = TestEnvironment::new();
    env.fixture("escapes.wat");
    env.fixture("greets.wat");
    let lines = ["spawn greets.wat", "escapes.logs()", "escapes.sets()", "escapes.traps()"];
    let lines = lines.iter().flat_map(|line| ["-e", line]);
    let arguments: Vec<&str> =
        ["repl", "escapes.wat", "--grant", "log,state"].into_iter().chain(lines).collect();
    env.theater(&arguments).with_status(1);
    env
}

/// The lines without their times.
fn lines(env: &TestEnvironment, arguments: &[&str]) -> Vec<String> {
    let ran = env.theater(&[&["trace", "log"], arguments].concat()).ok();
    ran.stdout.lines().map(|line| line.split_once("Z  ").unwrap().1.to_owned()).collect()
}

#[test]
fn lines_are_shown_up_to_a_moment() {
    let env = recorded();
    let all = lines(&env, &[]);
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(all[0], "greets#0        info    hello");
    let escapes = lines(&env, &["escapes"]);
    assert_eq!(escapes, all[1..]);
    assert_eq!(lines(&env, &["--at", "greets#0"]), all[..1]);
    assert_eq!(lines(&env, &["--at", "escapes#1"]), all[..2]);
    assert_eq!(lines(&env, &["escapes", "--at", "escapes#2"]), all[1..2]);
    assert_eq!(lines(&env, &["--at", "escapes#3.1"]), all);
    assert_eq!(lines(&env, &["--at", "escapes"]), all, "its last turn");
    assert_eq!(lines(&env, &["greets", "--at", "escapes#3"]), all[..1]);
}

#[test]
fn columns_stand_in_line_whatever_the_names() {
    let env = TestEnvironment::new();
    env.fixture("greets.wat");
    let lines = ["spawn greets.wat", "spawn greets.wat as somebody-with-a-long-name"];
    let lines = lines.iter().flat_map(|line| ["-e", line]);
    let arguments: Vec<&str> = ["repl", "--grant", "log"].into_iter().chain(lines).collect();
    env.theater(&arguments).ok();
    let columns: Vec<_> = self::lines(&env, &[]).iter().map(|line| line.find("info")).collect();
    assert_eq!(columns, [Some("somebody-with-a-long-name#999  ".len()); 2]);
}

#[test]
fn a_line_is_harmless_and_a_wrong_moment_is_told() {
    let env = recorded();
    assert_snapshot!(
        "escaped",
        env.theater(&["trace", "log", "escapes", "--at", "escapes#1"]).ok()
    );
    assert_snapshot!("json", env.theater(&["trace", "log", "--json", "--at", "escapes#1"]).ok());
    assert_snapshot!("no_actor", env.theater(&["trace", "log", "grets"]).with_status(2));
    assert_snapshot!("no_turn", env.theater(&["trace", "log", "--at", "greets#7"]).with_status(2));
}
