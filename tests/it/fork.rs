//! `theater fork`: another run that goes on from a moment of a recorded one.

use crate::application::shop;
use crate::environment::TestEnvironment;
use insta::assert_snapshot;
use theater_runtime::trace::{Cause, Reader, RunDir};

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

/// The shop goes on with its newest run: one more order, behind what it had begun.
fn one_more(env: &TestEnvironment) -> String {
    let lines = ["shop/orders.place(\"A-1\", 1)", "shop/inventory.count(\"A-1\")"];
    let resume = ["repl", "--resume", "-e", lines[0], "-e", lines[1]];
    let output = env.theater(&resume).ok();
    env.theater(&["trace", "verify"]).ok();
    env.theater(&["replay"]).ok();
    output.stdout
}

#[test]
fn another_message_or_answer_is_what_a_turn_goes_on_with() {
    let env = recorded();
    let first = env.runs().remove(0);
    let first = first.to_str().unwrap();
    let with = ["fork", "shop/orders#2", "--with", "place(\"A-1\", 3)", "--trace", first];
    assert_snapshot!("with", env.theater(&with).ok());
    assert_eq!(one_more(&env), "ok({order: 3, left: 4})\n4\n");
    assert_snapshot!("with_why", env.theater(&["trace", "why", "shop/inventory#2"]).ok());
    let forked = env.theater(&["trace", "grep", "kind = forked"]).ok();
    assert!(forked.stdout.ends_with(", with another message for shop/orders#2\n"), "{forked}");
    let why = env.theater(&["trace", "why", "shop/orders#2", "--json"]).ok();
    let object: serde_json::Value =
        serde_json::from_str(why.stdout.lines().next().unwrap()).unwrap();
    let changed =
        serde_json::json!({"actor": "shop/orders", "turn": 2, "what": "message", "step": null});
    assert_eq!(object["forked"][0]["changed"], changed);

    let answer = ["fork", "shop/orders#2.1", "--answer", "ok(5)", "--trace", first];
    assert_snapshot!("answer", env.theater(&answer).ok());
    // The stock gave nothing away, and the order was placed all the same.
    assert_eq!(one_more(&env), "ok({order: 3, left: 7})\n7\n");
    assert_snapshot!("answer_why", env.theater(&["trace", "why", "shop/audit#2"]).ok());
    let json = env.theater(&[&answer[..], &["--json"]].concat()).ok();
    let object: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&object["step"], &object["changed"]), (&1.into(), &"answer".into()), "{json}");
}

#[test]
fn an_actor_goes_on_with_another_state() {
    let env = recorded();
    let first = env.runs().remove(0);
    let first = first.to_str().unwrap();
    let set = ["fork", "shop/inventory#2", "--set", "stock/A-1 = 100", "--trace", first];
    assert_snapshot!("set", env.theater(&set).ok());
    assert_eq!(one_more(&env), "ok({order: 2, left: 99})\n99\n");
    let look = |arguments: &[&str]| env.theater(&[&["trace"], arguments].concat()).ok();
    assert_snapshot!("set_show", look(&["show", "shop/inventory#3"]));
    assert_snapshot!("set_why", look(&["why", "shop/inventory#3"]));
    let grep = look(&["grep", "cause = fork and changed = stock/A-1"]);
    assert!(
        grep.stdout.ends_with("shop/inventory#3    fork with state stock/A-1 = 100\n"),
        "{grep}"
    );
    let forked = look(&["grep", "kind = forked"]);
    assert!(forked.stdout.ends_with(", with another state from shop/inventory#3 on\n"), "{forked}");
    let json = look(&["why", "shop/inventory#3", "--json"]).stdout;
    let object: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&object["cause"], &object["function"]), (&"fork".into(), &"fork".into()), "{json}");
    assert_eq!(object["forked"][0]["changed"]["what"], "state", "{json}");
    let refused = |arguments: &[&str]| env.theater(arguments).with_status(2);
    assert_snapshot!("set_replay", refused(&["replay", "shop/inventory#3"]));
    assert_snapshot!("set_stack", refused(&["trace", "stack", "shop/inventory#3"]));
    let with = ["fork", "shop/inventory#3", "--with", "count(\"A-1\")"];
    assert_snapshot!("set_with", refused(&with));
    // Before a turn, and after what the fork has changed.
    let more = ["--set", "\"a key\" = text(\"b\")", "--unset", "delivered"];
    let set = [&["fork", "shop/inventory#3", "--before", "--json"], &more[..]].concat();
    let json = env.theater(&set).ok().stdout;
    let object: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&object["before"], &object["changed"]), (&true.into(), &"state".into()), "{json}");
    assert_eq!(one_more(&env), "ok({order: 2, left: 7})\n7\n");
    assert_snapshot!("set_state", look(&["state", "shop/inventory#3"]));
    tampered(&env);
}

/// The newest run, with another byte in what the fork has changed: it is found.
fn tampered(env: &TestEnvironment) {
    let run = env.runs().pop().unwrap();
    let mut reader = Reader::new(&RunDir::open(&run).unwrap());
    let location = loop {
        let (location, record) = reader.next_record().unwrap().expect("the fork's turn is there");
        if record.header.turn().is_some_and(|turn| turn.cause == Cause::Fork) {
            break location;
        }
    };
    let segment = run.join(format!("segments/{:08}.seg", location.segment));
    let bytes = std::fs::read(&segment).unwrap();
    let record = &bytes[location.offset as usize..][..location.len as usize];
    let at = record.windows(5).position(|text| text == b"a key").expect("the key is there");
    let mut changed = bytes.clone();
    changed[location.offset as usize + at] = b'e';
    std::fs::write(&segment, changed).unwrap();
    let found = env.theater(&["trace", "verify"]).with_status(1);
    assert!(found.stdout.contains("the payload `delta` does not fit its digest"), "{found}");
    std::fs::write(&segment, bytes).unwrap();
    env.theater(&["trace", "verify"]).ok();
}

#[test]
fn what_cannot_be_changed_is_told() {
    let env = recorded();
    let runs = env.runs().len();
    let refused = |arguments: &[&str]| env.theater(&[&["fork"], arguments].concat()).with_status(2);
    assert_snapshot!("of_state", refused(&["shop/inventory#3.1", "--answer", "some(u64(9))"]));
    assert_snapshot!("of_type", refused(&["shop/orders#2.1", "--answer", "ok(\"x\")"]));
    assert_snapshot!("of_step", refused(&["shop/orders#2.1"]));
    assert_snapshot!("of_turn", refused(&["shop/orders#2", "--answer", "ok(5)"]));
    assert_snapshot!("of_function", refused(&["shop/inventory#3", "--with", "count(\"A-1\")"]));
    assert_snapshot!("of_arguments", refused(&["shop/orders#2", "--with", "place(\"A-1\")"]));
    let state = |change: [&str; 2]| refused(&[&["shop/inventory#2"], &change[..]].concat());
    assert_snapshot!("of_key", state(["--unset", "stock/A-9"]));
    assert_snapshot!("of_value", state(["--set", "stock/A-1 = \"x\""]));
    assert_snapshot!("of_new_value", state(["--set", "stock/C-3 = 5"]));
    assert_snapshot!("of_no_value", state(["--set", "stock/A-1"]));
    assert_snapshot!("of_init", refused(&["shop/inventory#0", "--with", "count(\"A-1\")"]));
    assert_eq!(env.runs().len(), runs);
}

#[test]
fn a_session_goes_on_in_the_forked_run() {
    let env = recorded();
    let lines = [
        "shop/orders.place(\"A-1\", 1)",
        "fork shop/orders#2 with place(\"A-1\", 3)",
        "shop/inventory.count(\"A-1\")",
        "at shop/orders#1",
        "fork shop/orders#2.1 with answer ok(4) // a comment",
        "shop/inventory.count(\"A-1\")",
        "fork shop/orders#2 before",
        "shop/orders.place(\"A-1\", 8)",
        "fork shop/orders#1",
        "shop/orders.place(\"A-1\", 5)",
        "fork shop/inventory#1 with state stock/A-1 = 50, without delivered",
        "shop/inventory.count(\"A-1\")",
        "state shop/inventory",
        "fork shop/inventory#2 before without state stock/B-2",
    ];
    let arguments: Vec<&str> = lines.iter().flat_map(|line| ["-e", line]).collect();
    let ran = env.theater(&[&["repl", "--resume"], &arguments[..]].concat()).ok();
    // How far the audit had come when the session before ended, is as it may be.
    let ran = ran.to_string();
    assert_snapshot!("session", ran.split("-- stderr").next().unwrap_or_default());
    assert_eq!(env.runs().len(), 7);
    for run in env.runs() {
        let run = run.to_str().unwrap();
        env.theater(&["trace", "verify", "--trace", run]).ok();
        env.theater(&["replay", "--trace", run]).ok();
    }
    let line = ["fork shop/orders#1 with place(\"B-2\", 1)", "shop/inventory.count(\"B-2\")"];
    env.theater(&["trace", "export", "a.trace"]).ok();
    let ran = env.theater(&["repl", "a.trace", "-e", line[0], "-e", line[1]]).ok();
    assert_snapshot!("session_of_a_file", ran);
    // The run of the session is in the project, and goes on.
    let resume = ["repl", "--resume", "-e", "shop/inventory.count(\"B-2\")", "--json"];
    assert!(env.theater(&resume).ok().stdout.contains("4"));
}

#[test]
fn a_session_stays_where_it_is_if_nothing_is_forked() {
    let env = recorded();
    for (name, line) in [
        ("wrong_word", "fork shop/orders#2 after"),
        ("wrong_step", "fork shop/orders#2.1"),
        ("wrong_function", "fork shop/inventory#3 with count(\"A-1\")"),
        ("wrong_call", "fork shop/orders#2 with"),
        ("wrong_answer", "fork shop/orders#2.1 with answer ok(x)"),
        ("wrong_turn", "fork shop/orders#9"),
        ("wrong_key", "fork shop/inventory#2 with state stock/A-1 = 5, without stock/A-9"),
        ("wrong_change", "fork shop/inventory#2 before with state"),
    ] {
        let ran = env.theater(&["repl", "--resume", "-e", line]).with_status(1);
        let report = ran.stderr.find("TH").expect("it is reported");
        assert_snapshot!(name, ran.stderr[report..]);
    }
    assert_eq!(env.runs().len(), 1);
}
