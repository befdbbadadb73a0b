use crate::environment::{TestEnvironment, unwrapped};
use insta::assert_snapshot;

#[test]
fn it_ends_in_order_on_sigterm_and_goes_on_later() {
    let env = TestEnvironment::with_counter();
    for (signal, round) in [("-TERM", 0), ("-INT", 1)] {
        let mut run = env.start(&["run"]);
        let said = run.error_line().unwrap();
        let expected = if round == 0 { "began run" } else { "going on with run" };
        assert!(said.starts_with(expected), "{said}");
        while !run.error_line().unwrap().starts_with("running") {}
        run.signal(signal);
        let (status, _, errors) = run.end();
        assert_eq!(status, Some(0), "{errors}");
    }
    assert_eq!(env.runs().len(), 1);
    assert_snapshot!(env.theater(&["trace", "show"]).ok());
    let mut fresh = env.start(&["run", "--new"]);
    while !fresh.error_line().unwrap().starts_with("running") {}
    fresh.signal("-TERM");
    assert_eq!(fresh.end().0, Some(0));
    assert_eq!(env.runs().len(), 2);
    env.theater(&["trace", "verify"]).ok();
}

#[test]
fn the_past_of_a_repl_goes_on() {
    let env = TestEnvironment::with_counter();
    env.theater(&["repl", "-e", "my-actor.increment(5)"]).ok();
    let mut run = env.start(&["run", "--json"]);
    while !run.error_line().unwrap().starts_with("running") {}
    run.signal("-TERM");
    let (status, records, _) = run.end();
    assert_eq!(status, Some(0));
    for line in records.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(records.contains("\"kind\":\"exited\""), "{records}");
    let value = env.theater(&["repl", "--resume", "-e", "my-actor.value()"]).ok();
    assert_eq!(value.stdout, "5\n");
}

#[test]
fn what_the_actor_logs_is_shown() {
    let env = TestEnvironment::new();
    env.fixture("greets.wat");
    let mut run = env.start(&["run", "greets.wat", "--grant", "log"]);
    assert_eq!(run.line().as_deref(), Some("greets info hello"));
    run.signal("-TERM");
    assert_eq!(run.end().0, Some(0));
}

#[test]
fn a_changed_component_is_told_and_not_used() {
    let env = TestEnvironment::with_counter();
    env.theater(&["repl", "-e", "my-actor.increment(5)"]).ok();
    env.write("src/counter.wat", env.read("src/counter.wat").replace("\"count\")", "\"cound\")"));
    env.theater(&["build"]).ok();
    let mut run = env.start(&["run"]);
    let mut said = String::new();
    while !said.contains("\nrunning") {
        said += &(run.error_line().unwrap() + "\n");
    }
    assert!(said.contains("changed since `my-actor` was spawned"), "{said}");
    run.signal("-TERM");
    assert_eq!(run.end().0, Some(0));
}

#[test]
fn what_cannot_start_is_status_2() {
    let env = TestEnvironment::new();
    assert_snapshot!("nothing", env.theater(&["run"]).with_status(2));
    assert!(env.runs().is_empty());
    env.fixture("init-refuse.wat");
    assert_snapshot!("refused", env.theater(&["run", "init-refuse.wat"]).with_status(2));
    env.theater(&["run"]).with_status(2);
    env.theater(&["run", "nowhere"]).with_status(2);
    // What did not start does not live again: it is spawned anew.
    let again = env.theater(&["run", "init-refuse.wat"]).with_status(2);
    assert!(again.stderr.contains("the moon is not full"), "{again}");
}

/// An application of two levels of supervisors, whose one worker fails at each tick of its timer.
fn failing() -> TestEnvironment {
    let env = TestEnvironment::new();
    let supervisor = |name: &str, child: &str| {
        format!(
            "[actor]\nname = \"{name}\"\n[handlers]\ntimer = true\n[supervisor]\nintensity = 1\n\
             [[children]]\nname = \"{child}\"\nmanifest = \"{child}\"\n"
        )
    };
    env.write("theater.toml", supervisor("app", "inner"));
    env.write("inner/theater.toml", supervisor("inner", "worker"));
    let worker = "[actor]\nname = \"worker\"\ncomponent = \"it.wat\"\n[handlers]\ntimer = true\n";
    env.write("inner/worker/theater.toml", worker);
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/fails-on-a-tick.wat");
    env.write("inner/worker/it.wat", std::fs::read(fixture).unwrap());
    env
}

#[test]
fn an_application_that_gives_up_ends_with_the_causes_and_status_1() {
    let env = failing();
    let ran = env.theater(&["run"]).with_status(1);
    for said in [
        "TH0562",
        "`app` gave up: `app/inner` exited once too often",
        "`app/inner` gave up: `app/inner/worker` exited once too often",
        "tick(\"tick\") -> trap",
    ] {
        assert!(unwrapped(&ran.stderr).contains(said), "{said}\n{ran}");
    }
    env.theater(&["trace", "verify"]).ok();
    // It gave up in order: nothing of it lives, and the next start is a new one.
    let json = env.theater(&["run", "--new", "--json"]).with_status(1);
    let kinds = json.stdout.lines().map(|line| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        record["kind"].as_str().unwrap().to_owned()
    });
    assert!(kinds.collect::<Vec<_>>().contains(&"gave-up".to_owned()), "{json}");
}

#[test]
fn what_answers_wait_for_is_recorded() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml");
    let opened = |arguments: &[&str]| {
        env.theater(&[arguments, &["-e", "my-actor.increment(1)"]].concat()).ok();
        let shown = env.theater(&["trace", "show", "--json"]).ok().stdout;
        let records = shown.lines().map(|line| serde_json::from_str(line).unwrap());
        let opened = records.filter(|record: &serde_json::Value| record["kind"] == "opened");
        opened.map(|record| record["durability"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(opened(&["repl"]), ["group"]);
    assert_eq!(opened(&["repl", "--resume", "--durability", "async"]), ["group", "async"]);
    env.write("theater.toml", format!("{manifest}\n[run]\ndurability = \"sync\"\n"));
    assert_eq!(opened(&["repl"]), ["sync"]);
    let shown = env.theater(&["trace", "show"]).ok();
    assert!(shown.stdout.contains("durability sync"), "{shown}");
    let mut run = env.start(&["run", "--new", "--durability", "async"]);
    while !run.error_line().unwrap().starts_with("running") {}
    run.signal("-TERM");
    assert_eq!(run.end().0, Some(0));
    assert_eq!(opened(&["repl", "--resume"]), ["async", "async"]);
    assert_snapshot!("durability", env.theater(&["run", "--durability", "always"]).with_status(2));
}
