#![allow(clippy::unwrap_used)]

use super::*;
use std::fmt::Write;

fn read(line: &str) -> Result<Command> {
    parse(&Source::new("line", line))
}

fn name(text: &str, start: usize) -> Name {
    Name { text: text.to_owned(), span: start..start + text.len() }
}

#[test]
fn words_are_read() {
    let spawn = |path, name, arguments| Command::Spawn(Spawn { path, name, arguments });
    let reload =
        |actor, path, anyway| Command::Reload(Reload { actor: name(actor, 7), path, anyway });
    let quoted = Name { text: "a \"b\" //c".to_owned(), span: 6..19 };
    let address_at = |at| {
        let actor = name("shop/counter", at);
        Address { actor, turn: 12, step: None, span: at..at + 15 }
    };
    let address = address_at(3);
    let inside = Address { actor: name("a", 3), turn: 1, step: Some(2), span: 3..8 };
    let fork = |at: usize, step: Option<usize>, otherwise| {
        let span = at..at + 3 + step.map_or(0, |_| 2);
        let address = Address { actor: name("a", at), turn: 1, step, span };
        Command::Fork(Fork { address, otherwise })
    };
    let state = |before, changes| Otherwise::State { before, changes };
    let cases = [
        ("", Command::Nothing),
        ("  \t\n", Command::Nothing),
        ("// ps", Command::Nothing),
        ("ps", Command::Ps),
        ("  ps // all of them", Command::Ps),
        ("spawn ./x.wasm", spawn(name("./x.wasm", 6), None, None)),
        ("spawn a//b as c // d", spawn(name("a//b", 6), Some(name("c", 14)), None)),
        (r#"spawn "a \"b\" //c""#, spawn(quoted, None, None)),
        ("spawn with", spawn(name("with", 6), None, None)),
        ("spawn x as y with 1, b: 2 ", spawn(name("x", 6), Some(name("y", 11)), Some(17..25))),
        ("spawn x with {a: 1}", spawn(name("x", 6), None, Some(12..19))),
        ("stop counter", Command::Stop(name("counter", 5))),
        ("tree", Command::Tree),
        ("kill a/b", Command::Kill(name("a/b", 5))),
        ("restart a/b", Command::Restart(name("a/b", 8))),
        ("reload a", reload("a", None, false)),
        ("reload a anyway", reload("a", None, true)),
        ("reload a x/y", reload("a", Some(name("x/y", 9)), false)),
        ("reload a x anyway // yes", reload("a", Some(name("x", 9)), true)),
        (
            r#"reload a "anyway""#,
            reload("a", Some(Name { text: "anyway".into(), span: 9..17 }), false),
        ),
        ("reload anyway", reload("anyway", None, false)),
        ("events", Command::Events(None, None)),
        ("events counter", Command::Events(Some(name("counter", 7)), None)),
        ("events where result > 5", Command::Events(None, Some(12..23))),
        ("events a where x", Command::Events(Some(name("a", 7)), Some(14..16))),
        (
            "events \"where\"",
            Command::Events(Some(Name { text: "where".to_owned(), span: 7..14 }), None),
        ),
        ("trace counter", Command::Trace(Some(name("counter", 6)))),
        ("state", Command::State(None)),
        ("state a", Command::State(Some(name("a", 6)))),
        ("fork a#1", fork(5, None, Otherwise::Nothing)),
        ("fork a#1 before", fork(5, None, Otherwise::Before)),
        ("fork a#1 with f(1) ", fork(5, None, Otherwise::Message(14))),
        ("fork a#1 with answer(1)", fork(5, None, Otherwise::Message(14))),
        ("fork a#1.2 with  answer ok(1) ", fork(5, Some(2), Otherwise::Answer(23..29))),
        (
            "fork a#1 with state count = 5 ",
            fork(5, None, state(false, vec![StateChange::Set(20..29)])),
        ),
        (
            "fork a#1 before with state a = [1, 2], without b // x",
            fork(5, None, state(true, vec![StateChange::Set(27..37), StateChange::Unset(46..48)])),
        ),
        (
            "fork a#1 without state a, b",
            fork(
                5,
                None,
                state(false, vec![StateChange::Unset(23..24), StateChange::Unset(26..27)]),
            ),
        ),
        (
            "fork a#1 with state without = 5",
            fork(5, None, state(false, vec![StateChange::Set(20..31)])),
        ),
        ("fork a#1 with state", fork(5, None, state(false, vec![StateChange::Set(19..19)]))),
        ("fork a#1 with state a = (1", fork(5, None, state(false, vec![StateChange::Set(19..26)]))),
        ("fork a#1 with state(1)", fork(5, None, Otherwise::Message(14))),
        ("at shop/counter#12", Command::At(Some(address))),
        ("at a#1.2", Command::At(Some(inside))),
        ("at", Command::At(None)),
        ("next", Command::Next),
        ("back", Command::Back),
        ("step", Command::Step),
        ("step-back", Command::StepBack),
        ("goto 18446744073709551615", Command::Goto(Target::Turn(u64::MAX))),
        ("goto 0", Command::Goto(Target::Turn(0))),
        ("goto 50%", Command::Goto(Target::Percent(50))),
        ("goto 1970-01-02", Command::Goto(Target::Time(86_400_000_000_000))),
        ("first", Command::First),
        ("last", Command::Last),
        ("follow", Command::Follow),
        ("sender", Command::Sender),
        ("until turn = 1 // x", Command::Until(5..19, Direction::Forward)),
        ("until-back (a b", Command::Until(10..15, Direction::Backward)),
        ("grep \"", Command::Grep(4..6)),
        ("last-change a/b", Command::Change("a/b".to_owned(), Direction::Backward)),
        ("next-change \"a b\"", Command::Change("a b".to_owned(), Direction::Forward)),
        ("first-change a", Command::FirstChange("a".to_owned())),
        ("why", Command::Why(None)),
        ("why shop/counter#12", Command::Why(Some(address_at(4)))),
        ("effects", Command::Effects(None)),
        ("effects shop/counter#12", Command::Effects(Some(address_at(8)))),
        ("diff shop/counter#12", Command::Diff(address_at(5), None)),
        (
            "diff shop/counter#12 shop/counter#12",
            Command::Diff(address_at(5), Some(address_at(21))),
        ),
        ("live", Command::Live),
        ("help", Command::Help(None)),
        ("help exit", Command::Help(Some(name("exit", 5)))),
        ("? at", Command::Help(Some(name("at", 2)))),
        ("quit", Command::Quit),
        ("exit", Command::Quit),
    ];
    for (line, expected) in cases {
        assert_eq!(read(line).unwrap(), expected, "{line}");
    }
}

#[test]
fn calls_are_read() {
    for (line, actor, function) in [
        ("counter.value()", "counter", "value"),
        ("state.get()", "state", "get"),
        ("  shop/orders . place ( {sku: \"A\"} ) // x", "shop/orders", "place"),
    ] {
        let Command::Call(call) = read(line).unwrap() else { panic!("{line} is no call") };
        assert_eq!((call.actor.text.as_str(), call.function.text.as_str()), (actor, function));
    }
}

#[test]
fn every_example_can_be_typed() {
    for word in words::WORDS {
        let command = read(word.example).unwrap();
        assert_ne!(command, Command::Nothing, "{}", word.name);
        assert!(word.example.starts_with(word.name));
        assert!(word.required <= word.operands.len());
        for alias in word.aliases {
            assert_eq!(words::find(alias), Some(word));
        }
    }
}

#[test]
fn every_problem_points_into_the_line() {
    let lines = [
        "spwan ./x",
        "frobnicate",
        "counter",
        "ps all",
        "ps()",
        "help()",
        "help me up",
        "spawn",
        "spawn a b c",
        "spawn a as",
        "spawn a as with 1",
        "spawn a as Counter",
        "spawn a as b c",
        "spawn \"a",
        "stop",
        "stop // which?",
        "at counter",
        "at #3",
        "at counter#x",
        "at counter#99999999999999999999",
        "goto -1",
        "goto 101%",
        "goto",
        "diff",
        "diff a#1 b",
        "last-change",
        "follow me",
        "next 5",
        "counter.value",
        "counter.increment(5",
        "42",
        "é",
    ];
    let mut out = String::new();
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    for line in lines {
        let problem = read(line).expect_err(line);
        for label in &problem.labels {
            assert!(line.get(label.span.clone()).is_some_and(|text| !text.is_empty()), "{line}");
        }
        writeln!(out, "> {line}").unwrap();
        handler.render_report(&mut out, &*problem).unwrap();
        out.push('\n');
    }
    insta::assert_snapshot!("problems", out);
}

#[test]
fn help_shows_all_words() {
    let pages: Vec<String> = words::WORDS.iter().map(Word::page).collect();
    insta::assert_snapshot!(
        "help",
        format!("{}\n\n{}", words::overview(), pages.join("\n\n----\n\n"))
    );
}
