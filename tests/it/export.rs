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

/// A field of a protobuf message: its number, and its value or its bytes.
enum Field<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

/// The fields of a message, in order. Panics where the bytes are none.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let length = bytes.iter().position(|byte| *byte < 0x80).unwrap() + 1;
        let (value, rest) = bytes.split_at(length);
        *bytes = rest;
        value.iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f))
    }
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => {
                let (value, rest) = bytes.split_at(8);
                bytes = rest;
                Field::Number(u64::from_le_bytes(value.try_into().unwrap()))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(value)
            }
            other => panic!("wire type {other}"),
        };
        all.push((key >> 3, value));
    }
    all
}

/// The values of a field that are numbers.
fn numbers(message: &[(u64, Field<'_>)], field: u64) -> Vec<u64> {
    let values = message.iter().filter(|(number, _)| *number == field);
    values
        .filter_map(|(_, value)| if let Field::Number(n) = value { Some(*n) } else { None })
        .collect()
}

/// The values of a field that are bytes.
fn bytes<'b>(message: &[(u64, Field<'b>)], field: u64) -> Vec<&'b [u8]> {
    let values = message.iter().filter(|(number, _)| *number == field);
    values
        .filter_map(|(_, value)| if let Field::Bytes(b) = value { Some(*b) } else { None })
        .collect()
}

#[test]
fn a_time_line_has_a_slice_for_each_turn_and_a_flow_for_each_message() {
    let env = recorded();
    let wrote = env.theater(&["trace", "export", "--format", "perfetto", "x.pftrace"]).ok();
    assert_eq!(wrote.stdout, "wrote x.pftrace\n");
    let file = std::fs::read(env.path("x.pftrace")).unwrap();
    let (mut tracks, mut depth, mut names) =
        (Vec::new(), std::collections::BTreeMap::new(), Vec::new());
    let (mut begun, mut ended) = (Vec::new(), Vec::new());
    let mut last = std::collections::BTreeMap::new();
    for packet in bytes(&fields(&file), 1) {
        let packet = fields(packet);
        for track in bytes(&packet, 60) {
            tracks.push(String::from_utf8(bytes(&fields(track), 2)[0].to_vec()).unwrap());
        }
        for event in bytes(&packet, 11) {
            let event = fields(event);
            let (track, time) = (numbers(&event, 11)[0], numbers(&packet, 8)[0]);
            let before = last.insert(track, time).unwrap_or_default();
            let open: &mut i32 = depth.entry(track).or_default();
            match numbers(&event, 9)[0] {
                1 => {
                    assert!(time >= before && *open == 0, "turns of one actor follow each other");
                    *open += 1;
                    names.push(String::from_utf8(bytes(&event, 23)[0].to_vec()).unwrap());
                }
                2 => *open -= 1,
                kind => assert_eq!(kind, 3),
            }
            begun.extend(numbers(&event, 47));
            ended.extend(numbers(&event, 48));
        }
    }
    assert_eq!(tracks, ["shop", "shop/audit", "shop/inventory", "shop/orders"]);
    assert!(depth.values().all(|open| *open == 0), "{depth:?}");
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(names.contains(&"reserve(\"A-1\", 2)".to_owned()), "{names:?}");
    begun.sort_unstable();
    ended.sort_unstable();
    assert_eq!((begun.len(), &begun), (3, &ended), "two questions and a message");
}

/// A file with a part of a run, and another machine on which it is.
fn part(env: &TestEnvironment, of: &[&str]) -> (String, TestEnvironment) {
    let wrote = env.theater(&[&["trace", "export", "part.trace"], of].concat()).ok().stdout;
    let other = TestEnvironment::new();
    std::fs::copy(env.path("part.trace"), other.path("part.trace")).unwrap();
    (wrote, other)
}

/// What a command answers on the machine where the part is.
fn on_part(other: &TestEnvironment, command: &[&str]) -> crate::environment::Ran {
    other.theater(&[command, &["--trace", "part.trace"]].concat())
}

#[test]
fn an_actor_alone_is_whole_in_a_part() {
    let env = recorded();
    let (wrote, other) = part(&env, &["--actor", "shop/inventory"]);
    assert!(wrote.contains("a part, actor shop/inventory: "), "{wrote}");
    for command in [
        &["trace", "show", "shop/inventory#1"][..],
        &["trace", "state", "shop/inventory#1"],
        &["trace", "state", "shop/inventory#1.1"],
        &["trace", "log", "shop/inventory"],
        &["replay", "shop/inventory"],
    ] {
        assert_eq!(on_part(&other, command).ok().stdout, env.theater(command).ok().stdout);
    }
    assert_snapshot!("part_show", on_part(&other, &["trace", "show"]).ok());
    assert_snapshot!("part_verify", on_part(&other, &["trace", "verify"]).ok());
    assert_snapshot!("part_replay", other.theater(&["replay", "part.trace"]).ok());
    assert_snapshot!("part_turn", on_part(&other, &["trace", "show", "shop/orders#1"]).ok());
    assert_snapshot!("part_no_turn", on_part(&other, &["replay", "shop/orders#1"]).with_status(2));
    assert_snapshot!(
        "part_no_state",
        on_part(&other, &["trace", "state", "shop/orders#1"]).with_status(2)
    );
    assert_snapshot!("part_fork", on_part(&other, &["fork", "shop/inventory#1"]).with_status(2));
    assert_snapshot!(
        "part_repl",
        other
            .theater(&[
                "repl",
                "part.trace",
                "-e",
                "at shop/inventory#1",
                "-e",
                "state",
                "-e",
                "sender",
                "-e",
                "state",
            ])
            .with_status(1)
    );
    // What was left out cannot be had by asking for it again.
    other.theater(&["trace", "export", "again.trace", "--trace", "part.trace"]).ok();
    let verified = other.theater(&["trace", "verify", "--trace", "again.trace", "--json"]).ok();
    let verified: serde_json::Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(verified["part"], "actor shop/inventory");
    let audit =
        ["trace", "export", "audit.trace", "--trace", "part.trace", "--actor", "shop/audit"];
    other.theater(&audit).ok();
    let verified = other.theater(&["trace", "verify", "--trace", "audit.trace", "--json"]).ok();
    let verified: serde_json::Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(verified["part"], "actor shop/audit, of actor shop/inventory");
    let none =
        env.theater(&["trace", "export", "x.trace", "--actor", "shop/orderz"]).with_status(2);
    assert!(none.stderr.contains("Did you mean `shop/orders`?"), "{none}");
}

#[test]
fn a_part_has_what_an_event_depends_on() {
    let env = recorded();
    let (wrote, other) = part(&env, &["--because-of", "shop/audit#1"]);
    assert!(wrote.contains("a part, because of shop/audit#1: "), "{wrote}");
    // The message came from an order, which asked the inventory.
    for command in [
        &["trace", "why", "shop/audit#1"][..],
        &["trace", "show", "shop/orders#1"],
        &["trace", "show", "shop/inventory#1"],
        &["trace", "state", "shop/audit#1"],
        &["trace", "state", "shop/orders#1"],
        &["trace", "state", "shop/inventory#1"],
        &["replay", "shop/audit#1"],
        &["replay", "shop/orders#1"],
        &["replay", "shop/inventory#1"],
    ] {
        assert_eq!(on_part(&other, command).ok().stdout, env.theater(command).ok().stdout);
    }
    assert_snapshot!("because_of_show", on_part(&other, &["trace", "show"]).ok());
    assert_snapshot!("because_of_verify", on_part(&other, &["trace", "verify"]).ok());
    assert_snapshot!("because_of_replay", other.theater(&["replay", "part.trace"]).ok());
}

#[test]
fn other_formats_show_the_part_alone() {
    let env = recorded();
    let mermaid =
        |of: &[&str]| env.theater(&[&["trace", "export", "--format", "mermaid"], of].concat()).ok();
    assert_snapshot!("mermaid_actor", mermaid(&["--actor", "shop/audit"]));
    assert_snapshot!("mermaid_because_of", mermaid(&["--because-of", "shop/inventory#2"]));
    let lines =
        env.theater(&["trace", "export", "--format", "jsonl", "--actor", "shop/audit"]).ok();
    for line in lines.stdout.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(record["actor"], "shop/audit");
    }
    let shown = env.theater(&["trace", "show", "shop/audit", "--json"]).ok().stdout;
    assert_eq!(lines.stdout, shown);
    for (format, file) in [("perfetto", "x.pftrace"), ("html", "x.html")] {
        let whole = ["trace", "export", "--format", format, file];
        env.theater(&whole).ok();
        let whole = std::fs::metadata(env.path(file)).unwrap().len();
        std::fs::remove_file(env.path(file)).unwrap();
        env.theater(&["trace", "export", "--format", format, file, "--actor", "shop/audit"]).ok();
        assert!(std::fs::metadata(env.path(file)).unwrap().len() < whole);
    }
}
