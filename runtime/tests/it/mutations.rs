//! Other builds on a recorded history: what behaves in another way is found, in the first place where it
//! does and with the values that tell it; what does not, is not.

use crate::stage::{COUNTER, Stage};
use std::sync::Arc;
use theater_runtime::cache::Cache;
use theater_runtime::replay::{History, Replayer, Selection, replay_all};

/// A change of the counter, and its first difference: the event, what differs, expected, actual.
struct Mutation {
    from: &'static str,
    to: &'static str,
    first: Option<[&'static str; 4]>,
}

const fn mutation(from: &'static str, to: &'static str, first: [&'static str; 4]) -> Mutation {
    Mutation { from, to, first: Some(first) }
}

const fn refactoring(from: &'static str, to: &'static str) -> Mutation {
    Mutation { from, to, first: None }
}

const ADD: &str = "(local.set $sum (i64.add";
const LIMIT: &str = "(i64.const 0xffff_ffff)";
const NARROW: &str = "(drop (call $narrow (local.get $sum)))";
const SET: &str =
    "(call $set (i32.const 0) (i32.const 5) (i32.const 2) (local.get $sum) (i32.const 0))";
const VALUE: &str = "(func $value (export \"value\") (result i32)\n      (call $load))";
const SUM: &str = "(i32.wrap_i64 (local.get $sum))))\n  (core instance $counter";

const SET_5: &str = r#"theater:host/state@0.1.0#set("count", u64(5))"#;
const SET_7: &str = r#"theater:host/state@0.1.0#set("count", u64(7))"#;
const GET: &str = r#"theater:host/state@0.1.0#get("count")"#;

/// What the counter does: 5, 2, a look, one that is too large and aborts, nothing, a look.
const MUTATIONS: [Mutation; 25] = [
    mutation("\"count\"", "\"total\"", ["1.1", "arguments[0]", GET, r#"get("total")"#]),
    mutation(
        "(call $get (i32.const 0) (i32.const 5)",
        "(call $get (i32.const 0) (i32.const 4)",
        ["1.1", "arguments[0]", GET, r#"get("coun")"#],
    ),
    mutation(
        "(call $set (i32.const 0) (i32.const 5)",
        "(call $set (i32.const 0) (i32.const 4)",
        ["1.2", "arguments[0]", SET_5, r#"set("coun", u64(5))"#],
    ),
    mutation(
        "(i32.const 2) (local.get $sum)",
        "(i32.const 1) (local.get $sum)",
        ["1.2", "arguments[1]", SET_5, r#"set("count", s64(5))"#],
    ),
    mutation(ADD, "(local.set $sum (i64.sub", ["1", "outcome", "returned", "unreachable"]),
    mutation(
        ADD,
        "(local.set $sum (i64.mul",
        ["1.2", "arguments[1].u64", SET_5, r#"set("count", u64(0))"#],
    ),
    // 5 ^ 2 and 5 | 2 are 7 as well: only the large one tells.
    mutation(
        ADD,
        "(local.set $sum (i64.xor",
        ["4.2", "import", "no more calls", r#"set("count", u64(4294967288))"#],
    ),
    mutation(
        ADD,
        "(local.set $sum (i64.or",
        ["4.2", "import", "no more calls", r#"set("count", u64(4294967295))"#],
    ),
    mutation(
        SUM,
        "(i32.add (i32.const 1) (i32.wrap_i64 (local.get $sum)))))\n  (core instance $counter",
        ["1", "result", "(5)", "(6)"],
    ),
    mutation(
        VALUE,
        "(func $value (export \"value\") (result i32) (i32.add (call $load) (i32.const 1)))",
        ["3", "result", "(7)", "(8)"],
    ),
    mutation(
        VALUE,
        "(func $value (export \"value\") (result i32) (drop (call $load)) (call $load))",
        ["3.2", "import", "no more calls", GET],
    ),
    mutation(
        VALUE,
        "(func $value (export \"value\") (result i32) (i32.const 7))",
        ["3.1", "import", GET, "no more calls"],
    ),
    mutation(SET, "(nop)", ["1.2", "import", SET_5, "no more calls"]),
    mutation(
        SET,
        "(call $set (i32.const 0) (i32.const 5) (i32.const 2) (local.get $sum) (i32.const 0))
         (call $set (i32.const 0) (i32.const 5) (i32.const 2) (local.get $sum) (i32.const 0))",
        ["1.3", "import", "no more calls", SET_5],
    ),
    mutation(
        "(then (return (i32.const 0)))",
        "(then (return (i32.const 1)))",
        ["1.2", "arguments[1].u64", SET_5, r#"set("count", u64(6))"#],
    ),
    mutation(
        "(if (i32.eqz (i32.load8_u (i32.const 16)))",
        "(if (i32.const 1)",
        ["2.2", "arguments[1].u64", SET_7, r#"set("count", u64(2))"#],
    ),
    mutation(LIMIT, "(i64.const 6)", ["2", "outcome", "returned", "unreachable"]),
    mutation(
        LIMIT,
        "(i64.const 0x1_ffff_ffff)",
        ["4.2", "import", "no more calls", r#"set("count", u64(4294967302))"#],
    ),
    mutation(
        VALUE,
        "(func $value (export \"value\") (result i32) (loop (br 0)) (unreachable))",
        ["3", "outcome", "returned", "out-of-fuel"],
    ),
    mutation(
        "(then unreachable))\n      (i32.wrap_i64 (local.get $number)))",
        "(then (drop (i32.div_u (i32.const 1) (i32.const 0)))))\n (i32.wrap_i64 (local.get $number)))",
        ["4", "failure", "wasm `unreachable`", "divide by zero"],
    ),
    refactoring(NARROW, "(nop) (drop (call $narrow (local.get $sum)))"),
    refactoring(LIMIT, "(i64.sub (i64.const 0x1_0000_0000) (i64.const 1))"),
    refactoring(
        VALUE,
        "(func $value (export \"value\") (result i32) (local $v i32)
           (local.set $v (call $load)) (i32.xor (i32.const 0) (local.get $v)))",
    ),
    refactoring(
        "(data (i32.const 0) \"count\")",
        "(data (i32.const 0) \"count\") (data (i32.const 200) \"never read\")",
    ),
    refactoring(
        SET,
        "(nop) (call $set (i32.const 0) (i32.const 5) (i32.const 2) (local.get $sum) (i32.const 0))",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_behaviour_is_found_and_no_other() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true\n[limits]\nfuel = 100000").await;
    for call in ["increment(5)", "increment(2)", "value()"] {
        stage.call(&format!("counter.{call}")).await.unwrap();
    }
    stage.call("counter.increment(4294967295)").await.unwrap_err();
    for call in ["increment(0)", "value()"] {
        stage.call(&format!("counter.{call}")).await.unwrap();
    }
    let history = Arc::new(History::load(&stage.run).unwrap());
    let mut wrong = Vec::new();
    for Mutation { from, to, first } in MUTATIONS {
        assert!(COUNTER.contains(from), "{from}");
        let changed = COUNTER.replace(from, to).replace("my-actor", "counter");
        let component = wat::parse_str(&changed).unwrap_or_else(|error| panic!("{to}: {error}"));
        let replayer = Arc::new(Replayer::new(Some(component), Cache::none()).unwrap());
        let mut found = None;
        let summary =
            replay_all(history.clone(), replayer, Selection::All, |actor, index, replayed| {
                let divergence = replayed.unwrap().divergence;
                let turn = actor.turns[index].header.turn;
                if let Some(divergence) = divergence.filter(|_| found.is_none()) {
                    found = Some((turn, divergence));
                }
            })
            .await;
        assert_eq!(summary.replayed, 6);
        let found = found.map(|(turn, divergence)| {
            let step = match divergence.step {
                0 => String::new(),
                step => format!(".{step}"),
            };
            [
                format!("{turn}{step}"),
                divergence.place(),
                divergence.expected.clone(),
                divergence.actual.clone(),
            ]
        });
        let as_expected = match (&found, &first) {
            (None, None) => true,
            (Some([event, what, expected, actual]), Some(first)) => {
                event == first[0]
                    && what == first[1]
                    && expected.starts_with(first[2])
                    && actual.contains(first[3])
            }
            _ => false,
        };
        if !as_expected {
            wrong.push(format!("{from} -> {to}: found {found:?}, should be {first:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
