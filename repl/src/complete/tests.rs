#![allow(clippy::unwrap_used)]

use super::*;
use crate::names::ActorNames;

fn param(name: &str, ty: &str, placeholder: &str, choices: &[&str]) -> ParamNames {
    ParamNames {
        name: name.to_owned(),
        ty: ty.to_owned(),
        placeholder: placeholder.to_owned(),
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
    }
}

fn function(interface: &str, name: &str, params: Vec<ParamNames>, result: &str) -> FunctionNames {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    FunctionNames {
        interface: some(interface),
        name: name.to_owned(),
        params,
        result: some(result),
    }
}

fn names() -> Names {
    let counter = "local:my-actor/counter@0.1.0";
    let order = "{sku: \"\", count: 0}";
    let counter = vec![
        function(counter, "increment", vec![param("by", "u32", "0", &[])], "u32"),
        function(counter, "value", vec![], "u32"),
    ];
    let shop = vec![
        function(
            "acme:shop/orders",
            "place",
            vec![
                param("order", "record { sku: string, count: u32 }", order, &[]),
                param("urgent", "bool", "false", &["true", "false"]),
                param("note", "option<string>", "none", &["none", "some("]),
            ],
            "",
        ),
        function("acme:shop/orders", "list", vec![], ""),
        function("acme:shop/stock", "list", vec![], ""),
        function("old:shop/stock", "list", vec![], ""),
        function("", "paint", vec![param("colour", "enum", "red", &["red", "green"])], ""),
    ];
    let actor = |name: &str, functions| ActorNames {
        name: name.to_owned(),
        functions,
        last_turn: 12,
        keys: vec!["count".to_owned(), "a key".to_owned()],
    };
    let keys = ["count", "a key", "stock/A-1"].map(str::to_owned).to_vec();
    Names { actors: vec![actor("counter", counter), actor("shop", shop)], keys }
}

fn folder(path: &str) -> Vec<String> {
    let entries: &[&str] = match path {
        "" => &["build/", "my dir/", "x.wasm", "x.wat", "notes.txt", ".git/", "bell\u{7}.wasm"],
        "build/" => &["counter.wasm", "theater.toml", "old/"],
        "my dir/" => &["a.wasm"],
        _ => &[],
    };
    entries.iter().map(|entry| (*entry).to_owned()).collect()
}

/// Completes at the `|`, and returns the lines that the candidates would make.
fn completed(marked: &str) -> Vec<String> {
    let at = marked.find('|').unwrap();
    let line = marked.replace('|', "");
    let completion = complete(&names(), &line, at, &folder);
    let lines = completion
        .candidates
        .iter()
        .map(|each| format!("{}{}{}", &line[..completion.start], each.text, &line[at..]));
    lines.collect()
}

#[test]
fn completes_what_can_stand_at_the_cursor() {
    let cases: &[(&str, &[&str])] = &[
        // The start of the line.
        ("sp|", &["spawn"]),
        ("  st|", &["  stop", "  step", "  step-back", "  state", "  stack"]),
        ("co|", &["counter."]),
        (
            "s|",
            &["shop.", "spawn", "stop", "send", "step", "step-back", "sender", "state", "stack"],
        ),
        ("zzz|", &[]),
        ("// s|", &[]),
        // Operands.
        ("stop |", &["stop counter", "stop shop"]),
        ("trace c|", &["trace counter"]),
        ("trace counter |", &[]),
        ("at |", &["at counter#", "at shop#"]),
        ("at counter#1|", &["at counter#12", "at counter#11", "at counter#10", "at counter#1"]),
        ("diff counter#2 counter#0|", &["diff counter#2 counter#0"]),
        ("at counter#1.|", &[]),
        ("last-change |", &["last-change count", "last-change \"a key\"", "last-change stock/A-1"]),
        ("next-change s|", &["next-change stock/A-1"]),
        ("until o|", &["until outcome"]),
        ("until turn = 1 and state.s|", &["until turn = 1 and state.stock/A-1"]),
        ("events |", &["events counter", "events shop", "events where"]),
        ("events shop w|", &["events shop where"]),
        ("events where o|", &["events where outcome"]),
        (
            "fork counter#1 |",
            &["fork counter#1 before", "fork counter#1 with", "fork counter#1 without"],
        ),
        ("fork counter#1 with s|", &["fork counter#1 with state"]),
        ("fork counter#1 without |", &["fork counter#1 without state"]),
        (
            "fork counter#1 before with state |",
            &[
                "fork counter#1 before with state count = ",
                "fork counter#1 before with state \"a key\" = ",
            ],
        ),
        ("fork counter#1 with state x = 5, c|", &["fork counter#1 with state x = 5, count = "]),
        ("fork counter#1 with state count = |", &[]),
        ("fork counter#1 with state without c|", &["fork counter#1 with state without count"]),
        ("fork counter#1 without state x, c|", &["fork counter#1 without state x, count"]),
        ("fork counter#1 with inc|", &["fork counter#1 with increment("]),
        ("fork counter#1.2 with a|", &["fork counter#1.2 with answer"]),
        ("fork counter#1 with a|", &[]),
        (
            "fork counter#1 before |",
            &["fork counter#1 before with", "fork counter#1 before without"],
        ),
        ("grep |", &[]),
        ("goto |", &[]),
        ("help ste|", &["help step", "help step-back"]),
        ("ps |", &[]),
        ("stop // |", &[]),
        ("spawn |", &["spawn build/", "spawn \"my dir/", "spawn x.wasm", "spawn x.wat"]),
        ("spawn .|", &["spawn .git/"]),
        (
            "spawn build/|",
            &["spawn build/counter.wasm", "spawn build/old/", "spawn build/theater.toml"],
        ),
        ("spawn \"my dir/|", &["spawn \"my dir/a.wasm\""]),
        ("spawn x.wasm |", &["spawn x.wasm as", "spawn x.wasm with"]),
        ("spawn x.wasm a|", &["spawn x.wasm as"]),
        ("spawn x.wasm as y |", &["spawn x.wasm as y with"]),
        ("spawn x.wasm as |", &[]),
        // Functions.
        ("counter.|", &["counter.increment(", "counter.value()"]),
        ("counter.inc|", &["counter.increment("]),
        ("counter.inc|(5)", &["counter.increment(5)"]),
        ("counter.counter.v|", &["counter.counter.value()"]),
        (
            "counter.local:my-actor/counter@0.1.0.v|",
            &["counter.local:my-actor/counter@0.1.0.value()"],
        ),
        ("counter.other.|", &[]),
        ("nobody.|", &[]),
        (
            "shop.|",
            &[
                "shop.place(",
                "shop.orders.list()",
                "shop.acme:shop/stock.list()",
                "shop.old:shop/stock.list()",
                "shop.paint(",
            ],
        ),
        ("shop.orders.|", &["shop.orders.place(", "shop.orders.list()"]),
        // Arguments.
        ("counter.increment(|", &["counter.increment(0", "counter.increment(by: "]),
        ("counter.increment(b|)", &["counter.increment(by: )"]),
        ("counter.increment(by: |", &["counter.increment(by: 0"]),
        ("counter.increment(5, |", &[]),
        ("counter.increment(5) |", &[]),
        ("shop.paint(|", &["shop.paint(red", "shop.paint(green", "shop.paint(colour: "]),
        ("shop.paint(g|", &["shop.paint(green"]),
        ("shop.paint(colour: g|", &["shop.paint(colour: green"]),
        (
            "shop.place(|",
            &[
                "shop.place({sku: \"\", count: 0}",
                "shop.place(order: ",
                "shop.place(urgent: ",
                "shop.place(note: ",
            ],
        ),
        ("shop.place({sku: \"a\", c|", &[]),
        (
            "shop.place({sku: \"a\", count: 1}, |",
            &[
                "shop.place({sku: \"a\", count: 1}, true",
                "shop.place({sku: \"a\", count: 1}, false",
                "shop.place({sku: \"a\", count: 1}, urgent: ",
                "shop.place({sku: \"a\", count: 1}, note: ",
            ],
        ),
        (
            "shop.place(urgent: true, |",
            &["shop.place(urgent: true, order: ", "shop.place(urgent: true, note: "],
        ),
        ("shop.place(urgent: true, n|", &["shop.place(urgent: true, note: "]),
        ("shop.place(\"|", &[]),
        ("shop.list(|", &[]),
        ("é|", &[]),
    ];
    for (marked, expected) in cases {
        assert_eq!(completed(marked), *expected, "{marked}");
    }
}

#[test]
fn candidates_show_their_parameters() {
    let shown = |line: &str| {
        let completion = complete(&names(), line, line.len(), &folder);
        completion.candidates.into_iter().map(|each| each.display).collect::<Vec<_>>()
    };
    assert_eq!(shown("counter."), ["increment(by: u32) -> u32", "value() -> u32"]);
    assert_eq!(shown("shop.pa"), ["paint(colour: enum)"]);
    assert_eq!(shown("shop.place(n"), ["none", "note: option<string>"][1..]);
}

#[test]
fn hints_say_what_follows() {
    let cases = [
        ("spa", Some("wn")),
        ("s", None),
        ("", None),
        ("spawn ", Some("PATH [as NAME] [with ARGUMENTS]")),
        ("spawn x ", None),
        ("at ", Some("[NAME#TURN[.STEP]]")),
        ("ps ", None),
        ("coun", Some("ter.")),
        ("counter.", None),
        ("counter.inc", Some("rement(by: u32) -> u32")),
        ("counter.val", Some("ue() -> u32")),
        ("counter.increment(", Some("by: u32)")),
        ("counter.increment(5", Some(")")),
        ("counter.increment(5)", None),
        ("counter.increment(by: ", Some("u32)")),
        ("counter.value(", Some(")")),
        ("shop.place({}", Some(", urgent: bool, note: option<string>)")),
        ("shop.place({}, ", Some("urgent: bool, note: option<string>)")),
        (
            "shop.place(urgent: ",
            Some("bool, order: record { sku: string, count: u32 }, note: option<string>)"),
        ),
        ("shop.place(urgent: true, order: {}", Some(", note: option<string>)")),
        ("shop.place([", None),
        ("shop.nothing(", None),
    ];
    for (line, expected) in cases {
        let hint = hint(&names(), line, line.len());
        assert_eq!(hint.as_ref().map(|hint| hint.display.as_str()), expected, "{line}");
    }
    let inserted = hint(&names(), "counter.inc", 11).and_then(|hint| hint.insert);
    assert_eq!(inserted.as_deref(), Some("rement("));
    assert_eq!(hint(&names(), "counter.inc", 3), None, "only at the end of the line");
}

#[test]
fn any_text_can_be_completed() {
    let pieces = [
        "spawn ",
        "counter",
        ".",
        "increment(",
        "by",
        ": ",
        ",",
        "\"",
        "//",
        "é",
        "\n",
        "{",
        ")",
        "@1.",
    ];
    let pair = |a: &str| pieces.map(|b| format!("{a}{b}"));
    for line in pieces.into_iter().flat_map(pair).flat_map(|two| pair(&two)) {
        for at in 0..=line.len() {
            let completion = complete(&names(), &line, at, &folder);
            let offered = !completion.candidates.is_empty();
            assert!(!offered || line.get(completion.start..at).is_some(), "{line} at {at}");
            let _ = hint(&names(), &line, at);
        }
    }
}
