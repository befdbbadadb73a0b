//! `theater fork`: another run that goes on from a moment of a recorded one.

use crate::application::shop;
use crate::environment::TestEnvironment;
use insta::assert_snapshot;

/// The shop after three orders, of which the second asked for too much.
fn recorded() -> TestEnvironment {
    let env = shop(TestEnvironment::new(), "wat");
    let lines = ["2", "9", "1"].map(|units| format!("shop/orders.place(\"A-1\", {units})"));
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    env.theater(&arguments).ok();
    env
}

#[test]
fn another_message_takes_the_place_of_one() {
    let env = recorded();
    let first = env.runs().remove(0);
    let segment = std::fs::read(first.join("segments/00000001.seg")).unwrap();
    assert_snapshot!("before", env.theater(&["fork", "shop/orders#2", "--before"]).ok());
    let resume = ["repl", "--resume", "-e", "shop/orders.place(\"A-1\", 3)"];
    let other = env.theater(&[&resume[..], &["-e", "shop/inventory.count(\"A-1\")"]].concat()).ok();
    assert_snapshot!("other", other);
    env.theater(&["trace", "verify"]).ok();
    env.theater(&["replay"]).ok();
    let parted = env.theater(&["trace", "bisect", first.to_str().unwrap()]).with_status(1);
    assert!(parted.stdout.starts_with("shop/orders#2  parts: arguments[1]\n"), "{parted}");
    let origin = env.theater(&["trace", "grep", "kind = forked"]).ok();
    let id = first.file_name().unwrap().to_str().unwrap();
    assert!(origin.stdout.ends_with(&format!("records of run {id}\n")), "{origin}");
    // What was forked is as it was, and what came of it can be forked again.
    assert_eq!(std::fs::read(first.join("segments/00000001.seg")).unwrap(), segment);
    env.theater(&["fork", "shop/audit"]).ok();
    env.theater(&["repl", "--resume", "-e", "shop/audit.units()"]).ok();
    env.theater(&["trace", "verify"]).ok();
    assert_eq!(env.runs().len(), 3);
}

#[test]
fn a_turn_that_had_asked_gets_the_answer_again() {
    let env = recorded();
    // The inventory has answered, and the order that had asked for it is not placed yet.
    let forked = env.theater(&["fork", "shop/inventory#3", "--json"]).ok();
    let object: serde_json::Value = serde_json::from_str(&forked.stdout).unwrap();
    assert_eq!((&object["turn"], &object["before"]), (&3.into(), &false.into()), "{forked}");
    let lines = ["shop/inventory.count(\"A-1\")", "shop/audit.units()"];
    let resume = ["repl", "--resume", "-e", lines[0], "-e", lines[1]];
    assert_eq!(env.theater(&resume).ok().stdout, "7\n3\n");
    env.theater(&["trace", "verify"]).ok();
    env.theater(&["replay"]).ok();
}

#[test]
fn a_trace_file_is_forked_into_the_project() {
    let env = recorded();
    env.theater(&["trace", "export", "a.trace"]).ok();
    env.theater(&["fork", "shop/orders#1", "--trace", "a.trace"]).ok();
    let resume = ["repl", "--resume", "-e", "shop/inventory.count(\"A-1\")"];
    assert_eq!(env.theater(&resume).ok().stdout, "8\n");
    assert_snapshot!("no_turn", env.theater(&["fork", "shop/orders#99"]).with_status(2));
    assert_snapshot!("no_actor", env.theater(&["fork", "nobody"]).with_status(2));
    assert_eq!(env.runs().len(), 2);
}
