#![allow(clippy::unwrap_used)]

use super::*;
use crate::diagnostic::Diagnostic;
use crate::state::{Delta, State, Value};
use crate::trace::{Answer, CallView, Cause, ImportCall, Kind, RecordView, TurnHeader};
use crate::turn::{Failure, OutcomeKind};
use proptest::prelude::*;
use wasmtime::component::Val;

fn parse(text: &str) -> Result<Condition, Box<Diagnostic>> {
    Condition::parse(&Source::new("condition", text), 0..text.len())
}

/// A turn with something in each of its fields.
fn turn() -> (RecordView, State) {
    let mut state = State::default();
    let delta = Delta(vec![
        ("count".to_owned(), Some(Value::U64(7))),
        ("name of it".to_owned(), Some(Value::Text("A-1".to_owned()))),
        ("share".to_owned(), Some(Value::F64(0.5))),
        ("open".to_owned(), Some(Value::Bool(true))),
    ]);
    state.apply(delta.clone());
    let call = |function: &str, arguments: Vec<Val>, results: Vec<Val>| CallView {
        function: function.to_owned(),
        arguments,
        answer: crate::trace::AnswerView::Returned(results),
        call: ImportCall {
            function: function.to_owned(),
            arguments: Vec::new(),
            answer: Answer::None,
        },
    };
    let header = TurnHeader {
        turn: 42,
        incarnation: 2,
        instance: None,
        cause: Cause::Outside,
        function: "local:shop/orders#place".to_owned(),
        outcome: OutcomeKind::Trap,
        fuel: 1234,
        elapsed: 0,
    };
    let order = Val::Record(vec![
        ("sku".to_owned(), Val::String("A-1".to_owned())),
        ("count".to_owned(), Val::U32(3)),
    ]);
    let view = RecordView {
        position: 99,
        actor: Some("shop/orders".to_owned()),
        time: moment("2026-11-23T05:17:10.123"),
        kind: Kind::Turn(header),
        arguments: Some(vec![order, Val::S64(-5)]),
        calls: vec![
            call("wasi:clocks/wall-clock@0.2.0#now", vec![], vec![Val::U64(17)]),
            call("local:shop/stock#take", vec![Val::String("B-2".to_owned())], vec![]),
        ],
        delta,
        result: None,
        failure: Some(Failure {
            message: "overflow in add".to_owned(),
            frames: vec![],
            stderr: vec![],
        }),
        origin: Some("orders.place(..)".to_owned()),
        unreadable: Vec::new(),
    };
    (view, state)
}

fn moment(text: &str) -> u64 {
    parse_moment(text).unwrap()
}

fn holds(text: &str, call: Option<usize>) -> bool {
    let (view, state) = turn();
    let condition = parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    condition.holds(&Subject { view: &view, call, state: Some(&state) })
}

#[test]
fn what_holds_for_a_turn() {
    for text in [
        "actor = orders",
        "actor = shop/orders",
        "actor ~ shop",
        "turn = 42",
        "turn >= 42 and turn <= 42.5",
        "time = 2026-11-23T05:17:10.123Z",
        "time > 2026-11-23 and time < 2026-11-24",
        "time >= 2026-11-23T05:17 and time ~ 05:17",
        "kind = turn",
        "function = place",
        "function == local:shop/orders#place",
        "function ~ shop",
        "argument = -5",
        "argument < 0",
        "argument ~ A-1",
        "argument ~ \"sku: \\\"A\"",
        "argument = \"{sku: \\\"A-1\\\", count: 3}\"",
        "outcome = trap",
        "outcome = aborted",
        "failure ~ overflow",
        "cause = outside",
        "handler = clock",
        "call = wall-clock.now",
        "call = now and call = stock.take",
        "changed = count",
        "text ~ A-1 and text ~ B-2 and text ~ overflow and text ~ orders.place",
        "fuel > 1e3",
        "incarnation = 2",
        "position = 99",
        "state.count > 5",
        "state.count = 7.0",
        "state.\"name of it\" = A-1",
        "state.\"name of it\" < B",
        "state.share = 0.5 and state.share > 0 and state.share < 1",
        "state.open = true",
        "state.open",
        "not state.closed",
        "state.closed != 1",
        "actor = x or actor = orders",
        "not (actor = x or actor = y) and not not turn = 42",
        "turn = 1 and turn = 2 or turn = 42",
        "turn = 42 // and turn = 1",
    ] {
        assert!(holds(text, None), "{text}");
        let negated = format!("not ({})", text.split("//").next().unwrap_or_default());
        assert!(!holds(&negated, None), "{negated}");
    }
}

#[test]
fn what_does_not_hold_for_a_turn() {
    for text in [
        "actor = order",
        "actor = shop",
        "turn = 1 and (turn = 2 or turn = 42)",
        "argument = \"-5\"",
        "result = 5",
        "reason = trap",
        "state.count = \"7\"",
        "state.count > five",
        "state.open = \"false\"",
        "state.open > 0",
        "state.closed = 1",
        "state.closed < 1",
        "state.closed",
        "handler = random",
        "log ~ a",
        "failure ~ Overflow",
    ] {
        assert!(!holds(text, None), "{text}");
    }
}

#[test]
fn of_one_import_call() {
    assert!(holds("handler = clock", Some(0)) && !holds("handler = clock", Some(1)));
    assert!(holds("call = take", Some(1)) && !holds("call = take", Some(0)));
    assert!(!holds("call = take", Some(2)), "there is no such call");
    assert!(parse("turn = 1 and not handler = log").unwrap().is_about_calls());
    assert!(!parse("state.call = 1").unwrap().is_about_calls());
    assert!(parse("turn = 1 or not (actor = a)").unwrap().names_actor());
    assert!(!parse("actors = a").is_ok_and(|condition| condition.names_actor()));
}

#[test]
fn whole_numbers_and_floats_are_compared_exactly() {
    let large = |value: Value, text: &str| {
        let (view, mut state) = turn();
        state.apply(Delta(vec![("n".to_owned(), Some(value))]));
        parse(text).unwrap().holds(&Subject { view: &view, call: None, state: Some(&state) })
    };
    assert!(large(Value::U64(u64::MAX), "state.n = 18446744073709551615"));
    assert!(!large(Value::U64(u64::MAX), "state.n = 18446744073709551614"));
    // As floats, the two would be the same number.
    assert!(large(Value::U64(9_007_199_254_740_993), "state.n > 9007199254740992.0"));
    assert!(large(Value::S64(i64::MIN), "state.n > -1e300 and state.n < 1e300"));
    assert!(large(Value::S64(-1), "state.n < -0.5 and state.n > -1.5"));
    for text in ["state.n = 0", "state.n < 0", "state.n >= 0"] {
        assert!(!large(Value::F64(f64::NAN), text), "{text}");
    }
    assert!(large(Value::F64(f64::INFINITY), "state.n > 1e308"));
}

#[test]
fn every_field_has_an_example_that_can_be_read() {
    for field in FIELDS {
        let condition = parse(field.example);
        assert!(condition.is_ok(), "{}", field.example);
        assert!(field.example.starts_with(field.name), "{}", field.example);
    }
}

#[test]
fn what_is_wrong_is_marked_in_its_line() {
    let marked = |text: &str| {
        let line = format!("until {text}");
        let problem = Condition::parse(&Source::new("line", line.clone()), 6..line.len());
        let problem = problem.err().map(|problem| {
            let label = &problem.labels[0];
            let width = label.span.len().max(1);
            let at = line[..label.span.start].chars().count();
            let help = problem.help.clone().unwrap_or_default();
            format!(
                "{line}\n{}{} {}\n{} {}. {help}\n",
                " ".repeat(at),
                "^".repeat(width),
                label.text,
                problem.code.id,
                problem.message
            )
        });
        problem.unwrap_or_else(|| panic!("{text} can be read"))
    };
    let all = [
        "",
        "outcome",
        "outcome trap",
        "outcome =",
        "outcome = and",
        "outcome = trpa",
        "outcome = philosophy",
        "outcome > trap",
        "outcom = trap",
        "count > 5",
        "abc",
        "turn = first",
        "time > yesterday",
        "log = sold",
        "text ~ out of stock",
        "text ~ \"out",
        "text ~ \"\\q\"",
        "text ~ \"\\u{110000}\"",
        "turn = 1 and",
        "turn = 1 and or turn = 2",
        "(turn = 1",
        "(turn = 1 turn = 2)",
        "turn = 1)",
        "turn ! 1",
        "state. = 1",
        "not",
        "= 1",
    ];
    insta::assert_snapshot!(all.map(marked).join("\n"));
}

#[test]
fn nesting_has_an_end() {
    let nested = |deep: usize| format!("{}turn = 1{}", "(".repeat(deep), ")".repeat(deep));
    assert!(parse(&nested(60)).is_ok());
    for text in [nested(65), nested(100_000), "not ".repeat(100_000) + "turn = 1"] {
        let problem = parse(&text).unwrap_err();
        assert_eq!(problem.message, "a condition is nested too deeply");
    }
    let wide = vec!["turn = 1"; 10_000].join(" or ");
    assert!(matches!(parse(&wide), Ok(Condition::Any(all)) if all.len() == 10_000));
}

fn literals() -> impl Strategy<Value = Literal> {
    prop_oneof![
        "[a-z0-9_.:/#@+,;'é-]{1,8}".prop_filter_map("not a word", |text| {
            let word = lexer::is_word(&text) && !["and", "or", "not"].contains(&&*text);
            word.then_some(Literal::Word(text))
        }),
        any::<String>().prop_map(Literal::Quoted),
    ]
}

fn tests() -> impl Strategy<Value = Test> {
    let signs = prop::sample::select(&Comparison::SIGNS[..]).prop_map(|(_, comparison)| comparison);
    let state = (any::<String>(), signs, literals()).prop_map(|(key, comparison, literal)| Test {
        subject: Asked::State(key),
        comparison,
        literal,
    });
    let texts = prop::sample::select(vec!["text", "log", "failure", "actor", "call", "result"]);
    let field = (texts, any::<bool>(), literals()).prop_map(|(name, lacks, literal)| Test {
        subject: Asked::Field(Field::find(name).unwrap()),
        comparison: if lacks { Comparison::Lacks } else { Comparison::Contains },
        literal,
    });
    prop_oneof![state, field]
}

fn conditions() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        tests().prop_map(Condition::Test),
        any::<String>().prop_map(Condition::Exists),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let several = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several().prop_map(Condition::Any),
            several().prop_map(Condition::All),
            inner.clone().prop_map(|condition| Condition::Not(Box::new(condition))),
        ]
    })
}

proptest! {
    #[test]
    fn a_condition_is_read_as_it_is_printed(condition in conditions()) {
        let text = condition.to_string();
        match parse(&text) {
            Ok(read) => prop_assert_eq!(read, condition),
            Err(problem) => prop_assert!(false, "{}: {}", text, problem),
        }
    }

    #[test]
    fn text_from_outside_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn what_looks_like_a_condition_never_panics(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "and", "or", "not", "state.", "state.a", "\"a\"", "\"", "\\", "=", "!", "!=", "<", "<=", "~",
            "turn", "time", "outcome", "trap", "5", "-1e9", "2026-11-23", "é", "//", "\n", " ",
        ]), 0..20),
        from in 0..20_usize,
    ) {
        let text = pieces.concat();
        let spaced = pieces.join(" ");
        let (view, state) = turn();
        for text in [&text, &spaced] {
            let from = (from.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at));
            let source = Source::new("line", text.clone());
            match Condition::parse(&source, from.unwrap_or(0)..text.len()) {
                Ok(condition) => {
                    let subject = Subject { view: &view, call: None, state: Some(&state) };
                    let negated = Condition::Not(Box::new(condition.clone()));
                    prop_assert_ne!(condition.holds(&subject), negated.holds(&subject));
                    prop_assert_eq!(parse(&condition.to_string()).unwrap(), condition);
                }
                Err(problem) => {
                    let span = &problem.labels[0].span;
                    prop_assert!(text.get(span.clone()).is_some(), "{:?}", span);
                }
            }
        }
    }
}

#[test]
fn the_node_is_an_actor_too() {
    let (mut view, _) = turn();
    view.actor = None;
    view.kind = Kind::Closed;
    let subject = Subject { view: &view, call: None, state: None };
    for (text, expected) in [
        ("actor = node", true),
        ("kind = closed", true),
        ("turn = 0", false),
        ("turn != 0", true),
        ("state.a", false),
        ("text ~ closed", true),
    ] {
        assert_eq!(parse(text).unwrap().holds(&subject), expected, "{text}");
    }
}
