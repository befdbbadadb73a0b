//! `theater trace grep`: records for which a condition holds.

use crate::application::shop;
use crate::environment::TestEnvironment;
use insta::assert_snapshot;
use theater_runtime::replay::FIELDS;

fn recorded() -> TestEnvironment {
    let env = TestEnvironment::with_counter();
    let lines = ["repl", "-e", "my-actor.increment(5)", "-e", "my-actor.increment(2)"];
    let lines = [&lines[..], &["-e", "my-actor.increment(4294967295)"]].concat();
    env.theater(&lines).with_status(1);
    env
}

#[test]
fn records_are_found() {
    let env = recorded();
    let found = |condition: &str| env.theater(&["trace", "grep", condition]).ok();
    assert_snapshot!("aborted", found("outcome = aborted"));
    assert_snapshot!("state", found("state.count > 5"));
    assert_snapshot!("lifecycle", found("kind = exited or kind = restarted or kind = spawned"));
    let json = env.theater(&["trace", "grep", "argument = 5", "--json"]).ok();
    let turn: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&turn["turn"], &turn["arguments"]), (&1.into(), &serde_json::json!([5])));
}

#[test]
fn the_lines_are_those_of_show() {
    let env = recorded();
    let shown = env.theater(&["trace", "show"]).ok().stdout;
    assert_eq!(env.theater(&["trace", "grep", "position >= 0"]).ok().stdout, shown);
    let turns = env.theater(&["trace", "grep", "turn >= 0"]).ok().stdout;
    let turn_lines: Vec<&str> = shown.lines().filter(|line| line.contains('#')).collect();
    assert_eq!(turns.lines().collect::<Vec<_>>(), turn_lines);
}

#[test]
fn what_is_not_there_is_told_by_the_status() {
    let env = recorded();
    let none = env.theater(&["trace", "grep", "turn = 99"]).with_status(1);
    assert_eq!((&*none.stdout, &*none.stderr), ("", ""));
    assert_snapshot!(
        "bad",
        env.theater(&["trace", "grep", "turn = 1 and outcom = trap"]).with_status(2)
    );
    let actor = ["trace", "grep", "turn = 1", "--actor", "my-actr"];
    assert_snapshot!("no_actor", env.theater(&actor).with_status(2));
    let no_run = TestEnvironment::new();
    no_run.theater(&["trace", "grep", "turn = 1"]).with_status(2);
}

#[test]
fn across_the_actors_of_an_application() {
    let env = shop(TestEnvironment::new(), "wat");
    // The audit is asked in between, so that the message to it has been processed by then.
    let lines = [
        "shop/orders.place(\"A-1\", 2)",
        "shop/audit.orders()",
        "kill shop/inventory",
        "shop/orders.place(\"B-9\", 1)",
    ];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    env.theater(&arguments).ok();
    let found = |condition: &str| env.theater(&["trace", "grep", condition]).ok();
    assert_snapshot!("text", found("text ~ \"A-1\""));
    assert_snapshot!("handler", found("handler = messenger"));
    let lives = env.theater(&["trace", "grep", "incarnation = 2", "--actor", "shop/inventory"]);
    // Where they stand among the records of other actors differs from run to run.
    let lives = lives.ok().stdout;
    let lives: Vec<&str> =
        lives.lines().filter_map(|line| line.split_once("Z  ")).map(|(_, what)| what).collect();
    assert_snapshot!("lives", lives.join("\n"));
}

/// The manual's table of fields is that of the language.
#[test]
fn the_page_lists_all_fields() {
    let page = include_str!("../../docs/cursor.md");
    for field in FIELDS {
        let row = format!("| `{}` | {} | `{}` |\n", field.name, field.summary, field.example);
        assert!(page.contains(&row), "docs/cursor.md lacks the row\n{row}");
    }
    let rows =
        page.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() == 2);
    assert_eq!(rows.count(), FIELDS.len() + 1, "and `state.KEY`");
}
