//! `theater trace export`: a run as one file, and as what other tools read.

use crate::application::shop;
use crate::environment::TestEnvironment;
use insta::assert_snapshot;

fn recorded() -> TestEnvironment {
    let env = shop(TestEnvironment::new(), "wat");
    // The audit is asked after each order, so that it has heard of it by then.
    let lines = [
        "shop/orders.place(\"A-1\", 2)",
        "shop/audit.orders()",
        "shop/orders.place(\"C-3\", 1)",
        "send shop/audit 100% <b>#1; & more",
    ];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    env.theater(&arguments).ok();
    env
}

/// Another machine: nothing is there but the file.
fn elsewhere(env: &TestEnvironment) -> TestEnvironment {
    env.theater(&["trace", "export", "bug.trace"]).ok();
    let other = TestEnvironment::new();
    std::fs::copy(env.path("bug.trace"), other.path("bug.trace")).unwrap();
    other
}

#[test]
fn a_trace_file_is_read_on_another_machine() {
    let env = recorded();
    let here = env.theater(&["trace", "show"]).ok().stdout;
    let replayed = env.theater(&["replay"]).ok().stdout;
    let other = elsewhere(&env);
    assert_eq!(other.theater(&["trace", "show", "--trace", "bug.trace"]).ok().stdout, here);
    other.theater(&["trace", "verify", "--trace", "bug.trace"]).ok();
    assert_eq!(other.theater(&["replay", "bug.trace"]).ok().stdout, replayed);
    assert_eq!(other.theater(&["replay", "--trace", "bug.trace"]).ok().stdout, replayed);
    let lines = [
        "at shop/orders#1",
        "follow",
        "sender",
        "state",
        "why",
        "grep outcome = trap",
        "ps",
        "shop/orders.placed()",
    ];
    let arguments: Vec<&str> = ["repl", "bug.trace"]
        .into_iter()
        .chain(lines.iter().flat_map(|line| ["-e", line]))
        .collect();
    assert_snapshot!("repl", other.theater(&arguments).with_status(1));
    // Looking leaves nothing behind.
    let left: Vec<_> = std::fs::read_dir(&other.folder).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn the_file_is_named_and_never_overwritten() {
    let env = recorded();
    let wrote = env.theater(&["trace", "export", "--json"]).ok();
    let wrote: serde_json::Value = serde_json::from_str(&wrote.stdout).unwrap();
    let run = env.runs()[0].file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!((&wrote["file"], &wrote["missing"]), (&format!("{run}.trace").into(), &0.into()));
    let again = env.theater(&["trace", "export"]).with_status(2);
    assert_snapshot!("again", again);
    let text = env.theater(&["trace", "export", "x.trace"]).ok().stdout;
    assert!(text.starts_with("wrote x.trace: ") && text.contains(" records, "), "{text}");
    assert_snapshot!("no_folder", env.theater(&["trace", "export", "no/x.trace"]).with_status(2));
}

#[test]
fn what_is_no_trace_is_refused() {
    let env = recorded();
    env.write("notes.trace", "not a trace");
    assert_snapshot!("no_trace", env.theater(&["replay", "notes.trace"]).with_status(2));
    env.theater(&["trace", "export", "whole.trace"]).ok();
    let whole = std::fs::read(env.path("whole.trace")).unwrap();
    env.write("cut.trace", &whole[..whole.len() / 2]);
    env.write("long.trace", [&whole[..], b"more"].concat());
    assert_snapshot!("cut", env.theater(&["trace", "show", "--trace", "cut.trace"]).with_status(2));
    for command in
        [&["repl", "cut.trace", "-e", "ps"][..], &["trace", "verify", "--trace", "cut.trace"]]
    {
        let refused = env.theater(command).with_status(2);
        assert!(refused.stderr.contains("TH0606"), "{refused}");
    }
}

#[test]
fn other_tools_get_lines() {
    let env = recorded();
    let shown = env.theater(&["trace", "show", "--json"]).ok().stdout;
    assert_eq!(env.theater(&["trace", "export", "--format", "jsonl"]).ok().stdout, shown);
    env.theater(&["trace", "export", "x.jsonl", "--format", "jsonl"]).ok();
    assert_eq!(env.read("x.jsonl"), shown);
    assert_snapshot!("mermaid", env.theater(&["trace", "export", "--format", "mermaid"]).ok());
}
