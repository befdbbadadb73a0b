use crate::environment::TestEnvironment;
use insta::assert_snapshot;

fn recorded() -> TestEnvironment {
    let env = TestEnvironment::with_counter();
    let lines = ["repl", "-e", "my-actor.increment(5)", "-e", "my-actor.increment(4294967295)"];
    env.theater(&lines).with_status(1);
    env
}

#[test]
fn runs_are_listed() {
    let env = recorded();
    env.theater(&["repl", "-e", "my-actor.value()"]).ok();
    let ran = env.theater(&["trace", "ls"]).ok();
    let ids: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(ids.len() == 2 && ids[0] < ids[1], "{ran}");
    let json = env.theater(&["trace", "ls", "--json"]).ok();
    for line in json.stdout.lines() {
        let run: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((&run["actors"][0], &run["writer"]), (&"my-actor".into(), &().into()), "{run}");
    }
    let none = TestEnvironment::new();
    assert_snapshot!("none", none.theater(&["trace", "ls"]).ok());
    assert_eq!(none.theater(&["trace", "ls", "--json"]).ok().stdout, "");
}

#[test]
fn records_are_shown() {
    let env = recorded();
    assert_snapshot!("all", env.theater(&["trace", "show"]).ok());
    assert_snapshot!("actor", env.theater(&["trace", "show", "my-actor"]).ok());
    assert_snapshot!("turn", env.theater(&["trace", "show", "my-actor#1"]).ok());
    assert_snapshot!("aborted_turn", env.theater(&["trace", "show", "my-actor#2"]).ok());
    let json = env.theater(&["trace", "show", "my-actor#1", "--json"]).ok();
    let turn: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(turn["arguments"], serde_json::json!([5]));
    let all = env.theater(&["trace", "show", "--json"]).ok();
    for line in all.stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn what_is_not_there_is_told() {
    let env = recorded();
    assert_snapshot!("no_turn", env.theater(&["trace", "show", "my-actor#9"]).with_status(2));
    assert_snapshot!("no_actor", env.theater(&["trace", "show", "my-actr"]).with_status(2));
    assert_snapshot!("bad_address", env.theater(&["trace", "show", "my-actor#x"]).with_status(2));
    assert_snapshot!("no_run", env.theater(&["trace", "show", "--trace", "src"]).with_status(2));
    let none = TestEnvironment::new();
    assert_snapshot!("no_runs", none.theater(&["trace", "show"]).with_status(2));
    none.theater(&["trace", "verify"]).with_status(2);
    none.theater(&["replay"]).with_status(2);
}

#[test]
fn a_run_is_named_by_its_folder() {
    let env = recorded();
    env.theater(&["repl", "-e", "my-actor.value()"]).ok();
    let first = env.runs()[0].display().to_string();
    let shown = env.theater(&["trace", "show", "my-actor#2", "--trace", &first]).ok();
    assert!(shown.stdout.contains("4294967295"), "{shown}");
    env.theater(&["trace", "verify", "--trace", &first]).ok();
    env.theater(&["replay", "--trace", &first]).ok();
}

#[test]
fn a_sound_run_is_in_order() {
    let env = recorded();
    assert_snapshot!("verify", env.theater(&["trace", "verify"]).ok());
    assert_snapshot!("verify_json", env.theater(&["trace", "verify", "--json"]).ok());
}

#[test]
fn a_run_that_is_being_written_can_be_read() {
    let env = TestEnvironment::with_counter();
    let mut repl = env.start(&["repl"]);
    repl.tell("my-actor.increment(1)");
    assert_eq!(repl.line().as_deref(), Some("1"));
    let list = env.theater(&["trace", "ls"]).ok();
    assert!(list.stdout.contains(&format!("written by process {}", repl.id())), "{list}");
    let shown = env.theater(&["trace", "show"]).ok();
    assert!(shown.stdout.contains("my-actor#1"), "{shown}");
    env.theater(&["trace", "verify"]).ok();
    env.theater(&["replay"]).ok();
    repl.tell("my-actor.increment(1)");
    assert_eq!(repl.line().as_deref(), Some("2"));
    assert_eq!(repl.end().0, Some(0));
}

#[test]
fn a_second_writer_is_refused() {
    let env = TestEnvironment::with_counter();
    let mut repl = env.start(&["repl"]);
    repl.tell("my-actor.increment(1)");
    assert_eq!(repl.line().as_deref(), Some("1"));
    for second in [&["repl", "--resume", "-e", "ps"][..], &["run"]] {
        let refused = env.theater(second).with_status(2);
        let holder = format!("is being written by process {}", repl.id());
        assert!(refused.stderr.contains(&holder), "{refused}");
    }
    repl.tell("my-actor.increment(1)");
    assert_eq!(repl.line().as_deref(), Some("2"));
    assert_eq!(repl.end().0, Some(0));
    env.theater(&["trace", "verify"]).ok();
}
