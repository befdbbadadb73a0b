use crate::environment::TestEnvironment;
use insta::assert_snapshot;

const FIVE: &[&str] = &["repl", "-e", "my-actor.increment(by: 5)"];

#[test]
fn the_first_session_is_as_promised() {
    let mut env = TestEnvironment::new();
    let made =
        "theater new my-actor --language wat && cd my-actor && theater build && theater check";
    assert_snapshot!("first_project", env.shell(made).ok());
    env.folder = env.folder.join("my-actor");
    let session = "theater repl -e 'my-actor.increment(by: 5)' -e 'my-actor.increment(2)' -e \
                   'my-actor.value()' -e 'at my-actor#1' -e state -e next -e state -e back -e state";
    let ran = env.shell(session).ok();
    assert!(ran.stdout.starts_with("5\n7\n7\nmy-actor#1  "), "{ran}");
    let states: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("count =")).collect();
    assert_eq!(states, ["count = 5", "count = 7", "count = 5"], "{ran}");
    assert_snapshot!("first_session", ran);
    assert_snapshot!("first_replay", env.shell("theater trace verify && theater replay").ok());
}

#[test]
fn results_as_json() {
    let env = TestEnvironment::with_counter();
    let ran = env.theater(&["repl", "--json", "-e", "my-actor.increment(5)", "-e", "state"]).ok();
    assert_snapshot!(ran);
}

#[test]
fn the_first_error_ends_a_script() {
    let env = TestEnvironment::with_counter();
    let script = "my-actor.increment(1)\n\nmy-actor.increment(\"x\")\nmy-actor.increment(1)\n";
    assert_snapshot!("input", env.theater_with_input(&["repl"], script).with_status(1));
    env.write("script", script);
    assert_snapshot!("file", env.theater(&["repl", "--file", "script"]).with_status(1));
    let missing = env.theater(&["repl", "--file", "nowhere"]);
    assert!(matches!(missing.status, Some(1 | 2)), "{missing}");
}

#[test]
fn a_call_that_is_wrong_points_into_the_line_and_is_no_turn() {
    let env = TestEnvironment::with_counter();
    for (name, line) in [
        ("count", "my-actor.increment(1, 2)"),
        ("none", "my-actor.increment()"),
        ("twice", "my-actor.increment(by: 1, by: 2)"),
        ("unknown_name", "my-actor.increment(bye: 1)"),
        ("type", "my-actor.increment(true)"),
        ("range", "my-actor.increment(4294967296)"),
        ("syntax", "my-actor.increment([1)"),
        ("function", "my-actor.incremnt(1)"),
        ("actor", "my-acto.value()"),
        ("word", "stat"),
    ] {
        let ran = env.theater(&["repl", "-e", line]).with_status(1);
        assert_snapshot!(format!("wrong_{name}"), ran);
        let show = env.theater(&["trace", "show"]).ok();
        assert!(!show.stdout.contains("my-actor#"), "{line}: {show}");
    }
}

#[test]
fn a_run_goes_on() {
    let env = TestEnvironment::with_counter();
    env.theater(FIVE).ok();
    let again = env.theater(&["repl", "--resume", "-e", "my-actor.increment(2)"]).ok();
    assert_eq!(again.stdout, "7\n");
    assert_eq!(env.runs().len(), 1);
    let fresh = env.theater(FIVE).ok();
    assert_eq!(fresh.stdout, "5\n");
    assert_eq!(env.runs().len(), 2);
    let nothing = TestEnvironment::with_counter();
    assert_snapshot!(nothing.theater(&["repl", "--resume", "-e", "ps"]).with_status(2));
}

#[test]
fn a_bare_component_gets_what_is_granted_on_the_command_line() {
    let env = TestEnvironment::new();
    env.fixture("clock.wat");
    let refused = env.theater(&["repl", "clock.wat", "-e", "clock.now()"]).with_status(2);
    for part in ["wasi:clocks/monotonic-clock@0.2.0", "--grant clock"] {
        assert!(refused.stderr.contains(part), "{refused}");
    }
    assert_snapshot!("bare_refused", refused);
    let granted =
        env.theater(&["repl", "clock.wat", "--grant", "clock,log", "-e", "clock.now()"]).ok();
    assert!(granted.stdout.trim().parse::<u64>().is_ok(), "{granted}");
    assert_snapshot!(
        "bare_unknown_grant",
        env.theater(&["repl", "clock.wat", "--grant", "clok", "-e", "ps"]).with_status(2)
    );
}

#[test]
fn without_a_project_there_is_nobody_to_talk_to() {
    let env = TestEnvironment::new();
    assert_snapshot!(env.theater(&["repl", "-e", "ps"]).ok());
}

#[test]
fn a_project_is_found_from_within() {
    let mut env = TestEnvironment::with_counter();
    let project = env.folder.clone();
    env.folder = env.folder.join("src");
    assert_eq!(env.theater(FIVE).ok().stdout, "5\n");
    assert!(project.join(".theater/runs").is_dir());
    assert_eq!(env.theater(&["trace", "ls", "--json"]).ok().stdout.lines().count(), 1);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let env = TestEnvironment::with_counter();
    let many = "my-actor.increment(1)\n".repeat(200);
    env.write("script", many);
    let ran = env.shell("theater repl --file script | head -n 1");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("1\n", ""), "{ran}");
    env.theater(&["trace", "verify"]).ok();
}

/// Components of shared libraries have a module for each.
#[test]
fn a_component_of_many_modules_is_one_actor() {
    let env = TestEnvironment::new();
    let module = |n: usize| {
        format!(
            "(core instance $i{n} (instantiate $M (with \"\" (instance (export \"f\" (func $f{n}))))))
             (alias core export $i{n} \"f\" (core func $f{next}))",
            next = n + 1
        )
    };
    let modules: Vec<String> = (0..64).map(module).collect();
    env.write(
        "many.wat",
        format!(
            "(component
               (core module $First (func (export \"f\") (result i32) (i32.const 0)))
               (core module $M (import \"\" \"f\" (func $f (result i32)))
                 (func (export \"f\") (result i32) (i32.add (call $f) (i32.const 1))))
               (core instance $first (instantiate $First))
               (alias core export $first \"f\" (core func $f0))
               {}
               (func (export \"modules\") (result u32) (canon lift (core func $f64))))",
            modules.join("\n")
        ),
    );
    let ran = env.theater(&["repl", "many.wat", "-e", "many.modules()"]).ok();
    assert_eq!(ran.stdout, "64\n");
}
