use crate::environment::TestEnvironment;
use insta::assert_snapshot;

/// A project whose actor has done two turns, with a new build that differs.
fn rebuilt(change: impl Fn(&str) -> String) -> TestEnvironment {
    let env = TestEnvironment::with_counter();
    let script = "my-actor.increment(5)\nmy-actor.increment(2)\n";
    env.theater_with_input(&["repl"], script).ok();
    let source = env.read("src/counter.wat");
    let changed = change(&source);
    assert_ne!(source, changed);
    env.write("src/counter.wat", changed);
    env.theater(&["build"]).ok();
    env
}

fn counts_otherwise(source: &str) -> String {
    let by = "(i64.extend_i32_u (local.get $by))";
    source.replace(by, &format!("(i64.mul (i64.const 2) {by})"))
}

fn does_the_same(source: &str) -> String {
    source.replace("(local $sum i64)", "(local $sum i64) (nop)")
}

const RESUME: [&str; 4] = ["repl", "--resume", "-e", "reload my-actor"];

#[test]
fn a_build_that_does_the_same_goes_on_with_the_state() {
    let env = rebuilt(does_the_same);
    let more = ["-e", "my-actor.increment(1)", "-e", "reload my-actor"];
    assert_snapshot!("same", env.theater(&[&RESUME[..], &more].concat()).ok());
    assert_snapshot!("replay", env.shell("theater trace verify && theater replay").ok());
    let show = env.theater(&["trace", "show"]).ok();
    assert_eq!(show.stdout.matches("reloaded, component").count(), 1, "{show}");
    // The run goes on with the new build, and says no more that it differs.
    let resumed = env.theater(&["repl", "--resume", "-e", "my-actor.value()"]).ok();
    assert_eq!(resumed.stdout, "8\n", "{resumed}");
    assert!(!resumed.stderr.contains("TH0605"), "{resumed}");
}

#[test]
fn a_build_that_differs_is_shown_and_refused() {
    let env = rebuilt(counts_otherwise);
    assert_snapshot!("refused", env.theater(&RESUME).with_status(1));
    let json = env.theater(&[&RESUME[..], &["--json"]].concat()).with_status(1);
    assert_snapshot!("refused_json", json.stdout);
    let old = env.theater(&["repl", "--resume", "-e", "my-actor.increment(1)"]).ok();
    assert_eq!(old.stdout, "8\n", "{old}");
    let lines = ["-e", "reload my-actor anyway", "-e", "my-actor.increment(1)"];
    let anyway = env.theater(&[&RESUME[..2], &lines].concat()).ok();
    assert!(anyway.stdout.ends_with("\n10\n"), "{anyway}");
    env.shell("theater trace verify && theater replay").ok();
}

/// A component whose functions give a number.
fn numbers(functions: &[(&str, u32)]) -> String {
    let all = functions.iter().map(|(name, number)| {
        format!(
            r#"(core module $m-{name} (func (export "f") (result i32) (i32.const {number})))
            (core instance $i-{name} (instantiate $m-{name}))
            (func (export "{name}") (result u32) (canon lift (core func $i-{name} "f")))"#
        )
    });
    format!("(component {})", all.collect::<String>())
}

#[test]
fn a_new_function_can_be_called_and_a_lost_one_is_missed() {
    let env = TestEnvironment::new();
    env.write("a.wat", numbers(&[("one", 1)]));
    env.write("b.wat", numbers(&[("one", 1), ("two", 2)]));
    env.write("c.wat", numbers(&[("two", 2)]));
    let script =
        "a.one()\nreload a b.wat\na.one()\na.two()\nreload a c.wat anyway\na.two()\na.one()";
    assert_snapshot!(
        "functions",
        env.theater_with_input(&["repl", "a.wat"], script).with_status(1)
    );
    env.shell("theater trace verify && theater replay").ok();
    let script = "spawn a.wat as x\nspawn b.wat as y\nreload y\nreload x b.wat\nreload x\nx.two()";
    assert_snapshot!("spawned", env.theater_with_input(&["repl", "--json", "a.wat"], script).ok());
}

#[test]
fn what_cannot_be_loaded_leaves_the_actor_as_it_is() {
    let env = TestEnvironment::new();
    env.write("a.wat", numbers(&[("one", 1)]));
    env.write("broken.wat", "(component (func");
    env.fixture("clock.wat");
    for (name, line) in [
        ("broken", "reload a broken.wat"),
        ("missing", "reload a nowhere.wasm"),
        ("not_granted", "reload a clock.wat"),
        ("nobody", "reload b"),
        ("bare", "reload"),
        ("too_much", "reload a a.wat anyway b.wat"),
    ] {
        let ran = env.theater(&["repl", "a.wat", "-e", line]).with_status(1);
        assert_snapshot!(format!("bad_{name}"), ran.stderr);
        let on = env.theater(&["repl", "--resume", "-e", "a.one()"]).ok();
        assert_eq!(on.stdout, "1\n", "{on}");
    }
    // An actor of an earlier session: nobody wrote down where it came from.
    env.theater(&["repl", "a.wat", "-e", "spawn a.wat as x"]).ok();
    let unknown = env.theater(&["repl", "--resume", "a.wat", "-e", "reload x"]).with_status(1);
    assert_snapshot!("unknown", unknown.stderr);
}

#[test]
fn a_running_actor_gets_a_new_build() {
    let env = TestEnvironment::with_counter();
    let mut session = env.start(&["repl"]);
    session.tell("my-actor.increment(5)");
    assert_eq!(session.line().as_deref(), Some("5"));
    env.write("src/counter.wat", does_the_same(&env.read("src/counter.wat")));
    env.theater(&["build"]).ok();
    session.tell("reload my-actor");
    session.tell("my-actor.increment(5)");
    assert_eq!(session.line().as_deref(), Some("10"));
    session.end();
    let show = env.theater(&["trace", "show"]).ok();
    assert_eq!(show.stdout.matches("reloaded, component").count(), 1, "{show}");
}
