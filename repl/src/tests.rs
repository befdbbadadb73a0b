//! Whole sessions, as a person or a program sees them.

#![allow(clippy::unwrap_used)]

use crate::live::LiveLines;
use crate::output::{Look, Output};
use crate::report::{Style, render};
use crate::session::{Flow, Session, Stop};
use crate::signals::Signals;
use crate::{Input, Options, Start, start};
use insta::assert_snapshot;
use std::path::{Path, PathBuf};
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::{Diagnostic, Source};
use theater_runtime::manifest::BareGrants;
use theater_runtime::trace::{Durability, RunDir};

const JSON: Look = Look { json: true, paint: PLAIN, width: None, chatty: false };
const SCRIPT: Look = Look { json: false, paint: PLAIN, width: None, chatty: false };
const TERMINAL: Look = Look { json: false, paint: PLAIN, width: Some(80), chatty: true };
const PLAIN: crate::paint::Paint = crate::paint::Paint { on: false };

/// A session in a folder of its own.
struct Talk {
    session: Session,
    live: LiveLines,
    options: Options,
    data: tempfile::TempDir,
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn fixture(name: &str) -> PathBuf {
    repository("tests/fixtures").join(name)
}

fn counter() -> Start {
    Start::Component(repository("templates/counter/wat/src/counter.wat"))
}

fn options(start: Start, data: &Path) -> Options {
    Options {
        start,
        recorded: None,
        runs: data.to_owned(),
        data: data.to_owned(),
        resume: false,
        durability: Some(Durability::Async),
        grants: BareGrants { handlers: vec!["log,state".to_owned()], ..BareGrants::default() },
        init: None,
        input: Input::Lines(Vec::new()),
        json: false,
        colour: false,
        colour_err: false,
        cache: Cache::none(),
        history: None,
    }
}

/// Reports without the paths of this machine.
fn reports(problems: &[Diagnostic]) -> String {
    let here = repository("").display().to_string();
    let text: String = problems.iter().map(|problem| render(problem, Style::default())).collect();
    text.replace(&here, "")
}

impl Talk {
    async fn open(start: Start) -> Self {
        let data = tempfile::tempdir().unwrap();
        let options = options(start, data.path());
        Self::start(options, data).await
    }

    async fn start(options: Options, data: tempfile::TempDir) -> Self {
        let started = start::start(&options, &mut Signals::take()).await;
        let started = started.unwrap_or_else(|problems| panic!("{}", reports(&problems)));
        Self { session: started.session, live: started.live, options, data }
    }

    /// Ends the node and goes on with its run.
    async fn resume(self) -> Self {
        self.session.node().shutdown().await.unwrap();
        let Self { session, live, mut options, data } = self;
        drop((session, live));
        options.resume = true;
        Self::start(options, data).await
    }

    async fn evaluate(&mut self, line: &str) -> (Vec<Output>, Result<Flow, Vec<Diagnostic>>) {
        let mut outputs = Vec::new();
        let mut sink = |output| {
            outputs.push(output);
            Ok(())
        };
        let flow = match self.session.evaluate(&Source::new("-e", line), &mut sink).await {
            Ok(flow) => Ok(flow),
            Err(Stop::Problems(problems)) => Err(problems),
            Err(Stop::Output(error)) => panic!("{error}"),
        };
        (outputs, flow)
    }

    /// What a line prints, outputs and reports.
    async fn say(&mut self, line: &str, look: Look) -> String {
        let (outputs, flow) = self.evaluate(line).await;
        let mut text: String = outputs.iter().map(|output| output.render(look)).collect();
        if let Err(problems) = flow {
            text.push_str(&reports(&problems));
        }
        text.replace(&self.session.node().run().id(), "RUN")
    }

    /// A whole transcript, with the lines that were typed.
    async fn transcript(&mut self, lines: &[&str], look: Look) -> String {
        let mut text = String::new();
        for line in lines {
            text.push_str(&format!("> {line}\n{}", self.say(line, look).await));
        }
        text
    }

    fn happened(&mut self, look: Look) -> String {
        let mut text = String::new();
        while let Some(happened) = self.live.try_next(self.session.watched()) {
            text.extend(happened.text(look).map(|line| line + "\n"));
        }
        text
    }

    fn turns(&self) -> Vec<Option<u64>> {
        self.session.actors().iter().map(|actor| actor.last_turn).collect()
    }
}

#[tokio::test]
async fn calls_and_a_walk_through_the_past() {
    let mut talk = Talk::open(counter()).await;
    let lines = [
        "counter.increment(by: 5)",
        "counter.increment(2)",
        "counter.value()",
        "at counter#1",
        "state",
        "next",
        "state",
        "back",
        "state",
        "step",
        "state",
        "step",
        "state",
        "step-back",
        "goto 3",
        "counter.increment(1)",
        "state",
        "live",
        "state",
        "at counter#2.1",
        "at",
        "next",
        "back",
        "trace counter",
    ];
    assert_snapshot!(talk.transcript(&lines, SCRIPT).await);
}

#[tokio::test]
async fn a_search_in_the_past() {
    let mut talk = Talk::open(counter()).await;
    let lines = [
        "counter.increment(by: 5)",
        "counter.increment(0)",
        "counter.increment(4294967295)",
        "counter.increment(2)",
        "until-back outcome = returned",
        "until-back outcome = trap",
        "until function = increment and state.count > 5",
        "until turn > 99",
        "last-change count",
        "last-change count",
        "last-change count",
        "next-change count",
        "first-change count",
        "last-change cuont",
        "first",
        "goto 50%",
        "last",
        "until-back call = state.set",
        "why",
        "sender",
        "follow",
        "effects counter#1",
        "diff counter#1 counter#4",
        "diff counter#4.1",
        "live",
        "until turn = 1",
        "diff counter#1",
        "diff counter#4",
        "grep state.count = 5 and kind = turn",
        "grep turn = 99",
        "grep outcom = trap",
        "until",
    ];
    assert_snapshot!(talk.transcript(&lines, SCRIPT).await);
    // The times differ from run to run.
    let early = talk.say("goto 1999-12-31T23:59", SCRIPT).await;
    assert!(
        early.contains("`counter` had not ended a turn at 1999-12-31T23:59:00.000Z"),
        "{early}"
    );
    let late = talk.say("goto 2500-01-01", SCRIPT).await;
    assert!(late.starts_with("counter#4  increment(2) -> 7\n"), "{late}");
    let json = [
        "why counter#1",
        "effects counter#1",
        "diff counter#1 counter#4",
        "diff counter#4",
        "grep turn = 9",
    ];
    let objects = talk.transcript(&json, JSON).await;
    let objects = objects.lines().filter(|line| !line.starts_with('>'));
    let objects: Vec<serde_json::Value> =
        objects.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&objects[0]["address"], &objects[1]["depth"]), (&"counter#1".into(), &0.into()));
    let change = serde_json::json!({ "key": "count", "before": 5, "after": 7 });
    assert_eq!(
        objects[2..],
        [change, serde_json::json!({ "diff": [] }), serde_json::json!({ "found": 0 })]
    );
}

#[tokio::test]
async fn keys_and_turns_are_offered() {
    let mut talk = Talk::open(counter()).await;
    assert_eq!(talk.session.names().keys, Vec::<String>::new());
    talk.say("counter.increment(by: 5)", SCRIPT).await;
    talk.say("trace", SCRIPT).await;
    let names = talk.session.names();
    assert_eq!((&names.keys[..], names.actors[0].last_turn), (&["count".to_owned()][..], 1));
}

#[tokio::test]
async fn every_kind_of_value_goes_in_and_comes_out() {
    let mut talk = Talk::open(Start::Component(fixture("kitchen-sink.wat"))).await;
    for (function, value) in [
        ("bool", "true"),
        ("s8", "-128"),
        ("u8", "255"),
        ("s16", "-32768"),
        ("u16", "65535"),
        ("s32", "-2147483648"),
        ("u32", "4294967295"),
        ("s64", "-9223372036854775808"),
        ("u64", "18446744073709551615"),
        ("f32", "0.1"),
        ("f64", "nan"),
        ("f64", "-inf"),
        ("f64", "-0"),
        ("char", "'\\u{1f600}'"),
        ("char", "'\\''"),
        ("enum", "blue"),
        ("flags", "{read, run}"),
        ("flags", "{}"),
        ("option", "some(7)"),
        ("option", "none"),
        ("string", r#""tab\t, \u{1b}[31m, \u{202e}, ü""#),
        ("bytes", "[0, 1, 255]"),
        ("bytes", "[]"),
        ("chars", "['a', 'ß']"),
        ("records", r#"[{x: 1, y: -2, note: some("n")}, {x: 0, y: 0}]"#),
        ("tuples", r#"[(1, "a", 0.5)]"#),
        ("variants", "[dot, circle(1.5), path([{x: 1, y: 2}])]"),
        ("options", "[none, some(none), some(some(-1))]"),
        ("results", r#"[ok(1), err("no")]"#),
    ] {
        let printed = talk.say(&format!("kitchen-sink.{function}({value})"), SCRIPT).await;
        let expected = match value {
            "'\\u{1f600}'" => "'😀'",
            other => other,
        };
        assert_eq!(printed.trim_end(), expected, "{function}");
    }
    assert_eq!(talk.say("kitchen-sink.nothing()", SCRIPT).await, "");
    assert_eq!(talk.say("kitchen-sink.option()", SCRIPT).await, "none\n");
    assert_eq!(talk.say("kitchen-sink.test:sink/one.same(3)", SCRIPT).await, "3\n");
    assert_snapshot!(talk.say("help kitchen-sink", TERMINAL).await);
}

#[tokio::test]
async fn a_program_gets_one_object_a_line() {
    let mut talk = Talk::open(Start::Component(fixture("kitchen-sink.wat"))).await;
    let lines = [
        "kitchen-sink.u64(18446744073709551615)",
        "kitchen-sink.s64(-9223372036854775808)",
        "kitchen-sink.nothing()",
        "kitchen-sink.string(\"\\u{9b}31m\\u{202e}\\u{1b}\")",
        "kitchen-sink.options([none, some(none), some(some(1))])",
        "ps",
        "state",
        "live",
        "events",
        "stop kitchen-sink",
    ];
    assert_snapshot!(talk.transcript(&lines, JSON).await);
    for line in ["at kitchen-sink#1", "back", "trace kitchen-sink"] {
        for object in talk.say(line, JSON).await.lines() {
            let value: serde_json::Value = serde_json::from_str(object).unwrap_or_default();
            assert_eq!(value.is_object(), line != "back", "{line}: {object}");
        }
    }
}

#[tokio::test]
async fn wrong_lines_are_reported_where_they_are_wrong_and_record_nothing() {
    let mut talk = Talk::open(Start::Component(fixture("kitchen-sink.wat"))).await;
    let lines = [
        "kitchen-sink.u8(256)",
        "kitchen-sink.u8(valu: 1)",
        "kitchen-sink.u8(1, 2)",
        "kitchen-sink.u8()",
        "kitchen-sink.u9(1)",
        "kitchen-sink.same(1)",
        "kitchen-sink.close(1)",
        "u8(1)",
        "u9(1)",
        "kitchen.u8(1)",
        "nonsense",
        "state nobody",
        "at kitchen-sink#1",
        "at nobody#1",
        "back",
        "next",
        "goto 5",
        "stop nobody",
        "help nonsense",
        "spawn /nowhere",
        "spawn",
    ];
    assert_snapshot!(talk.transcript(&lines, SCRIPT).await);
    assert_eq!(talk.turns(), [None]);
}

#[tokio::test]
async fn what_goes_wrong_is_told_and_harms_no_terminal() {
    let mut talk = Talk::open(Start::Component(fixture("mischief.wat"))).await;
    let lines = ["mischief.boom()", "mischief.text()", "at mischief#1", "ps", "mischief.lines(30)"];
    let told = talk.transcript(&lines, TERMINAL).await;
    let above = talk.happened(TERMINAL);
    assert!(!told.contains('\u{1b}') && !above.contains(['\u{1b}', '\u{7}']));
    let at = talk.say("at mischief#3", TERMINAL).await;
    assert!(at.contains("10 more calls"), "{at}");
    assert!(at.lines().all(|line| line.chars().count() <= 80), "{at}");
    assert_eq!(talk.say("at mischief#3", SCRIPT).await.lines().count(), 31);
    assert_snapshot!(format!("{told}--- above the prompt\n{}", first_lines(&above, 6)));
}

#[tokio::test]
async fn a_flood_of_log_lines_is_shown_in_part() {
    let mut talk = Talk::open(Start::Component(fixture("mischief.wat"))).await;
    talk.say("mischief.lines(1000)", TERMINAL).await;
    let above = talk.happened(TERMINAL);
    assert_eq!(above.lines().count(), 51);
    assert!(above.ends_with("  … 950 more lines of mischief#1\n"), "{above}");
    // One more than its grant allows.
    let told = talk.say("mischief.lines(1001)", TERMINAL).await;
    assert!(told.contains("mischief#2 aborted (size-limit)"), "{told}");
}

fn first_lines(text: &str, count: usize) -> String {
    text.lines().take(count).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_turn_that_takes_too_long_can_be_cancelled() {
    let mut talk = Talk::open(Start::Component(fixture("mischief.wat"))).await;
    let interrupt = talk.session.interrupt();
    let cancelling = tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            interrupt.cancel();
        }
    });
    let told = talk.say("mischief.spin()", SCRIPT).await;
    cancelling.abort();
    assert!(told.contains("mischief#1 aborted (cancelled)"), "{told}");
    assert_eq!(talk.say("mischief.lines(0)", SCRIPT).await, "");
}

#[tokio::test]
async fn watched_turns_are_shown_as_they_happen() {
    let mut talk = Talk::open(counter()).await;
    talk.say("counter.increment(1)", SCRIPT).await;
    assert_eq!(talk.happened(TERMINAL), "");
    for (line, expected) in [
        ("events nobody", ""),
        ("events counter", ""),
        ("counter.increment(2)", "counter#2  increment(2) -> 3\n"),
        ("events counter", ""),
        ("counter.increment(2)", ""),
        ("events", ""),
        ("counter.value()", "counter#4  value() -> 5\n"),
        ("events", ""),
        ("counter.value()", ""),
    ] {
        talk.say(line, SCRIPT).await;
        assert_eq!(talk.happened(TERMINAL), expected, "{line}");
    }
}

#[tokio::test]
async fn conditions_choose_what_is_shown_as_it_happens() {
    let mut talk = Talk::open(counter()).await;
    talk.say("counter.increment(1)", SCRIPT).await;
    let lines = [
        "events where state.count > 3 and function = increment",
        "counter.increment(2)",
        "counter.increment(1)",
        "counter.value()",
        "counter.increment(1)",
        "events counter where result = 5",
        "counter.value()",
        "events where state.count > 3 and function = increment",
        "counter.increment(2)",
        "events",
        "counter.value()",
        "events where stat.count > 3",
        "events counter where",
        "events nobody where count = 1",
        "events counter sometimes",
    ];
    let mut told = String::new();
    for line in lines {
        let said = talk.say(line, SCRIPT).await;
        let happened = talk.happened(TERMINAL);
        told.push_str(&format!("> {line}\n{said}{happened}"));
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn actors_are_spawned_with_the_arguments_of_their_init() {
    let mut talk = Talk::open(Start::Empty).await;
    let path = fixture("starter.wat").display().to_string();
    let mut told = String::new();
    for rest in
        ["", " with 0", " with 13", " as two with 2, step: 3", " with x", " with 1", " with 1"]
    {
        let text = talk.say(&format!("spawn {path}{rest}"), TERMINAL).await;
        // The marks of a report are as long as this machine's path.
        let text = text.lines().filter(|line| !line.starts_with("   "));
        told.push_str(&format!("> spawn{rest}\n{}\n", text.collect::<Vec<_>>().join("\n")));
    }
    assert_snapshot!(told.replace(&repository("").display().to_string(), ""));
    let lines = ["ps", "at two#0", "state two", "two.ping()", "at two"];
    assert_snapshot!(talk.transcript(&lines, TERMINAL).await);
}

#[tokio::test]
async fn a_run_goes_on_where_it_ended() {
    let mut talk = Talk::open(counter()).await;
    talk.say("counter.increment(5)", SCRIPT).await;
    let mut talk = talk.resume().await;
    assert_eq!(talk.say("counter.increment(2)", SCRIPT).await, "7\n");
    assert_eq!(talk.turns(), [Some(2)]);
    assert_eq!(talk.say("back", SCRIPT).await.lines().next(), Some("counter#1  increment(5) -> 5"));
    assert_eq!(RunDir::list(&talk.options.data).len(), 1);
}

#[tokio::test]
async fn a_session_that_cannot_start_leaves_no_run_behind() {
    let data = tempfile::tempdir().unwrap();
    let path = fixture("starter.wat");
    for (init, runs) in [(None, 0), (Some("x"), 0), (Some("0"), 1)] {
        let mut options = options(Start::Component(path.clone()), data.path());
        options.init = init.map(str::to_owned);
        let problems = start::start(&options, &mut Signals::take()).await.err().unwrap();
        assert_eq!(problems.len(), 1, "{}", reports(&problems));
        assert_eq!(RunDir::list(data.path()).len(), runs, "{init:?}");
    }
}

#[tokio::test]
async fn a_component_without_its_grants_is_refused_with_the_words_to_add() {
    let data = tempfile::tempdir().unwrap();
    let mut options = options(counter(), data.path());
    options.grants = BareGrants::default();
    let problems = start::start(&options, &mut Signals::take()).await.err().unwrap();
    let told = reports(&problems);
    assert!(told.contains("--grant state"), "{told}");
    assert!(RunDir::list(data.path()).is_empty());
}

#[tokio::test]
async fn help_knows_words_handlers_actors_and_codes() {
    let mut talk = Talk::open(counter()).await;
    assert_snapshot!(talk.transcript(&["help counter", "help state", "? th0403"], TERMINAL).await);
    assert_eq!(talk.evaluate("exit").await.1, Ok(Flow::Quit));
}

#[tokio::test]
async fn a_session_goes_back_if_nobody_can_go_on_with_the_forked_run() {
    let mut talk = Talk::open(counter()).await;
    talk.say("counter.increment(2)", SCRIPT).await;
    let path = fixture("remembers.wat").display().to_string();
    talk.say(&format!("spawn {path} as other"), SCRIPT).await;
    talk.say("other.hit()", SCRIPT).await;
    talk.say("stop other", SCRIPT).await;
    let run = talk.session.node().run().clone();
    let history = theater_runtime::replay::History::load(&run).unwrap();
    let component = history.actor("other").unwrap().code.component;
    std::fs::remove_file(run.blobs().path(&component)).unwrap();
    // Only there it still lived.
    let problems = talk.evaluate("fork other#1").await.1.unwrap_err();
    let told = reports(&problems);
    assert!(told.contains("the new run cannot go on (cannot read the component of"), "{told}");
    assert!(told.contains("the session goes on where it was"), "{told}");
    assert!(talk.session.has_moved());
    assert_eq!(talk.say("counter.increment(1)", SCRIPT).await, "3\n");
    assert_eq!(talk.session.node().run().id(), run.id());
    assert_eq!(RunDir::list(talk.data.path()).len(), 1);
}

/// The run of a counter with four turns, for the views of it.
pub(crate) async fn recorded() -> (tempfile::TempDir, theater_runtime::replay::History) {
    let mut talk = Talk::open(counter()).await;
    for line in
        ["counter.increment(1)", "counter.increment(2)", "counter.increment(3)", "counter.value()"]
    {
        talk.say(line, SCRIPT).await;
    }
    talk.session.node().shutdown().await.unwrap();
    let history = theater_runtime::replay::History::load(talk.session.node().run()).unwrap();
    (talk.data, history)
}
