//! A run can go on from a moment of another one with another state of an actor.

use crate::reload::{STATE, loaded, upgrading};
use crate::stage::{COUNTER, Stage};
use crate::{cursor, fork, index, snapshots};
use std::sync::Arc;
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::{
    Code, FORK_IMPOSSIBLE, REPLAY_IMPOSSIBLE, Result, Source, VALUE_RANGE, VALUE_SYNTAX, VALUE_TYPE,
};
use theater_runtime::node::make_snapshot;
use theater_runtime::replay::{
    Change, Cursor, Departure, Direction, Edit, History, Replayer, Selection, html, mermaid,
    perfetto, replay_all,
};
use theater_runtime::state::{Delta, State, Value};
use theater_runtime::trace::{
    Cause, Durability, Entry, Kind, Opening, PayloadKind, RunDir, TurnHeader, WhatChanged, export,
    verify,
};

/// Changes as they are written: `KEY = VALUE`, or `-KEY`.
fn edits(texts: &[&str]) -> Vec<Edit> {
    let edit = |text: &&str| match text.strip_prefix('-') {
        Some(key) => Edit::Unset(Source::new("test", key), 0..key.len()),
        None => Edit::Set(Source::new("test", *text), 0..text.len()),
    };
    texts.iter().map(edit).collect()
}

fn change(
    history: &History,
    (name, turn): (&str, u64),
    before: bool,
    texts: &[&str],
) -> Result<Change> {
    let (actor, index) = history.turn(name, turn).unwrap();
    history.other_state(actor, index, before, &edits(texts))
}

fn forked(history: &History, (name, turn): (&str, u64), before: bool, texts: &[&str]) -> RunDir {
    let change = change(history, (name, turn), before, texts).unwrap();
    let (actor, index) = history.turn(name, turn).unwrap();
    let data = tempfile::tempdir().unwrap().keep();
    history.fork(actor, index, &Departure::With(change), &data).unwrap()
}

/// A counter that has counted: 5, 7, a trap, 8.
async fn counted(manifest: &str) -> (Stage, History) {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, &format!("{manifest}\n[handlers]\nstate = true")).await;
    for by in ["5", "2", "4294967295", "1"] {
        let _ = stage.call(&format!("counter.increment({by})")).await;
    }
    let history = History::load(&stage.run).unwrap();
    (stage, history)
}

/// The turns, in short.
fn turns(history: &History) -> Vec<String> {
    let actor = history.actor("counter").unwrap();
    let view = |turn: &theater_runtime::replay::PastTurn| {
        history.view_at(actor.id, turn.location).unwrap().summary()
    };
    actor.turns.iter().map(view).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_turn_and_before_it() {
    let (_stage, history) = counted("").await;
    let run = forked(&history, ("counter", 2), false, &["count = 100", "note = \"a, b\""]);
    fork::a_node_dies(&run);
    let mut stage = Stage::on(run).await;
    assert_eq!(stage.call("counter.increment(1)").await.unwrap(), "101");
    stage.reopen().await;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "101");
    let new = stage.check().await;
    let with = "fork with state count = 100, note = \"a, b\"";
    let expected = ["increment(5) -> 5", "increment(2) -> 7", with, "increment(1) -> 101"];
    assert_eq!(turns(&new)[..4], expected);
    // The same once more, before what it has changed: nothing is left of the first change.
    let run = forked(&new, ("counter", 3), true, &["count = 50"]);
    let stage = Stage::on(run).await;
    assert_eq!(stage.call("counter.increment(1)").await.unwrap(), "51");
    let newer = stage.check().await;
    assert_eq!(turns(&newer)[2..], ["fork with state count = 50", "increment(1) -> 51"]);
    // And after it: both are there.
    let run = forked(&new, ("counter", 3), false, &["-note", "count = 1"]);
    let stage = Stage::on(run).await;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "1");
    let newer = stage.check().await;
    assert_eq!(turns(&newer)[2..4], [with, "fork with state count = 1, without note"]);
    let run = forked(&newer, ("counter", 3), false, &["-note"]);
    let stage = Stage::on(run).await;
    assert_eq!(turns(&stage.check().await)[3], "fork without state note");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_face_knows_of_it() {
    let (_stage, history) = counted("").await;
    let run = forked(&history, ("counter", 1), false, &["count = 100"]);
    let stage = Stage::on(run.clone()).await;
    stage.call("counter.increment(1)").await.unwrap();
    let new = stage.check().await;
    let actor = new.actor("counter").unwrap();
    let forks = new.forked(actor.id, 2).unwrap();
    let Kind::Forked { run: of, changed: Some(changed), .. } = &forks[0].kind else { panic!() };
    assert_eq!((of, changed.what), (&history.run().id(), WhatChanged::State));
    let at = |turn| Cursor::at(&new, "counter", turn).unwrap();
    let place = |cursor: Cursor| cursor.place(&new).unwrap().to_string();
    let changed = at(2).change(&new, "count", Direction::Forward).unwrap();
    let back = changed.change(&new, "count", Direction::Backward).unwrap();
    assert_eq!((place(changed), place(back)), ("counter#3.2".into(), "counter#2".into()));
    assert_eq!(at(1).diff(&new, at(2)).unwrap()[0].after, Some(Value::U64(100)));
    assert!(at(2).sender(&new).unwrap_err().message.contains("a fork changed the state"));
    for condition in ["cause = fork", "changed = count and state.count = 100"] {
        let condition = cursor::condition(condition);
        let found: Vec<_> = new.matching(&condition, None).map(|view| view.unwrap()).collect();
        assert_eq!(found.iter().map(|view| view.address()).collect::<Vec<_>>(), ["counter#2"]);
    }
    let diagram: Vec<String> = mermaid(&new, None).collect::<Result<_>>().unwrap();
    let arrow = "    fork->>a1: fork with state count = 100 #2";
    assert!(diagram.iter().any(|line| line == arrow), "{diagram:?}");
    assert!(perfetto(&new, None).all(|packet| packet.is_ok()));
    assert!(html(&new, None).all(|piece| piece.is_ok()));
    // Of the run from which it comes it differs there for the first time.
    let bisection = theater_runtime::replay::bisect(&history, &new, &[]).unwrap();
    let parting = &bisection.partings[0].divergence;
    assert_eq!((&*parting.what, &*parting.actual), ("message", "fork with state count = 100"));
    // A part has it, and executes what came of it.
    stage.node.shutdown().await.unwrap();
    let new = History::load(&run).unwrap();
    let actor = new.actor("counter").unwrap();
    let chosen = new.part_because_of(actor, 2, None);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("part.trace");
    export(&run, &file, Some(&chosen)).unwrap();
    let part = RunDir::open(&file).unwrap();
    assert_eq!(verify(&part).findings, Vec::<String>::new());
    let part = History::load(&part).unwrap();
    let state = Cursor::at(&part, "counter", 2).unwrap().state(&part).unwrap();
    assert_eq!(state.get("count"), Some(&Value::U64(100)));
    assert_eq!(replayed(part, Replayer::new(None, Cache::none()).unwrap()).await, (1, true));
}

/// Executes all turns again.
async fn replayed(history: History, replayer: Replayer) -> (u64, bool) {
    let summary =
        replay_all(Arc::new(history), Arc::new(replayer), Selection::All, |_, _, _| {}).await;
    (summary.replayed, summary.is_as_recorded())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_taken_as_given() {
    let (_stage, history) = counted("").await;
    let run = forked(&history, ("counter", 1), false, &["count = 100"]);
    let stage = Stage::on(run.clone()).await;
    stage.call("counter.increment(1)").await.unwrap();
    let load = || History::load(&run).unwrap();
    let replayer = || Replayer::new(None, Cache::none()).unwrap();
    assert_eq!(replayed(load(), replayer()).await, (2, true));
    assert_eq!(replayed(load(), replayer().in_fresh_instances()).await, (2, true));
    let other = wat::parse_str(COUNTER.replace("my-actor", "counter")).unwrap();
    let other = Replayer::new(Some(other), Cache::none()).unwrap();
    assert_eq!(replayed(load(), other).await, (2, true));
    // Nothing of it can be executed, or be another one.
    let new = load();
    let (actor, index) = new.turn("counter", 2).unwrap();
    let inspector = Replayer::for_inspection(Cache::none()).unwrap();
    let at = Cursor::at(&new, "counter", 2).unwrap();
    let source = Source::new("test", "increment(1)");
    for problem in [
        replayer().replay(&new, actor, index).await.unwrap_err(),
        inspector.look(&new, at).await.unwrap_err(),
    ] {
        assert_eq!(problem.code, REPLAY_IMPOSSIBLE);
        assert!(problem.message.contains("a fork changed the state there"), "{problem}");
    }
    for problem in [
        replayer().other_message(&new, actor, index, (&source, 0)).unwrap_err(),
        replayer().other_answer(&new, at, (&source, 0..1)).await.unwrap_err(),
    ] {
        assert_eq!(problem.code, FORK_IMPOSSIBLE);
        assert!(problem.help.is_some(), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_fork_tells_of_is_found() {
    let (_stage, history) = counted("").await;
    let (actor, index) = history.turn("counter", 1).unwrap();
    let data = tempfile::tempdir().unwrap();
    let run = history.fork(actor, index, &Departure::After, data.path()).unwrap();
    let log = Opening::read(&run, |_, _| Ok(())).unwrap().begin(None).unwrap();
    let past = history.past(actor, index).unwrap();
    let turn = TurnHeader { turn: 2, cause: Cause::Fork, fuel: 0, ..past.header.clone() };
    let delta = Delta(vec![("count".to_owned(), Some(Value::U64(9)))]).encode();
    let payloads = vec![(PayloadKind::Delta, delta)];
    log.append(Entry { actor: actor.id, kind: Kind::Turn(turn), payloads }).unwrap();
    log.close();
    let findings = verify(&run).findings;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains("counter#2"), "{findings:?}");
    assert!(findings[0].contains("no fork before it tells of that"), "{findings:?}");
    // It is executed like any other turn.
    let replayer = Replayer::new(None, Cache::none()).unwrap();
    assert_eq!(replayed(History::load(&run).unwrap(), replayer).await, (2, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_instance_outlives_it() {
    let (_stage, history) = counted("instance = \"warm\"").await;
    let run = forked(&history, ("counter", 2), false, &["count = 100"]);
    let stage = Stage::on(run).await;
    assert_eq!(stage.call("counter.increment(1)").await.unwrap(), "101");
    assert_eq!(stage.call("counter.increment(1)").await.unwrap(), "102");
    let history = stage.check().await;
    let turns = &history.actor("counter").unwrap().turns;
    let instances: Vec<_> = turns.iter().map(|past| past.header.instance).collect();
    assert_eq!(instances, [Some(1), Some(1), None, Some(4), Some(4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lives_and_snapshots_go_on_behind_it() {
    let (_stage, history) = counted("").await;
    // After a turn that ended the actor: it is restarted with the state that the fork gave it.
    let run = forked(&history, ("counter", 3), false, &["count = 100"]);
    let mut stage = Stage::on(run.clone()).await;
    assert_eq!(stage.call("counter.increment(1)").await.unwrap(), "101");
    let new = stage.check().await;
    let incarnations = |history: &History| -> Vec<u32> {
        let turns = &history.actor("counter").unwrap().turns;
        turns.iter().map(|past| past.header.incarnation).collect()
    };
    assert_eq!(incarnations(&new), [1, 1, 1, 1, 2]);
    stage.node.shutdown().await.unwrap();
    assert!(make_snapshot(&run).unwrap().is_some());
    snapshots::agree(&run);
    stage.open_again().await;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "101");
    // Before the first turn of its second life.
    let run = forked(&history, ("counter", 4), true, &["count = 30"]);
    // A snapshot just behind it, and no node has opened the run yet.
    assert!(make_snapshot(&run).unwrap().is_some());
    snapshots::agree(&run);
    let stage = Stage::on(run).await;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "30");
    let new = stage.check().await;
    assert_eq!(incarnations(&new)[..4], [1, 1, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_no_upgrade() {
    let stage = Stage::new().await;
    let before = stage.spawn(COUNTER, STATE).await;
    stage.call("counter.increment(5)").await.unwrap();
    let prepared = loaded(&upgrading(""), STATE).prepare(&stage.node, "counter").unwrap();
    stage.node.reload("counter", prepared, None).await.unwrap();
    let history = History::load(&stage.run).unwrap();
    // The upgrade is left out, and the component that it would have been for with it.
    let run = forked(&history, ("counter", 2), true, &["count = 30"]);
    let stage = Stage::on(run).await;
    let actor = stage.node.actor("counter").unwrap();
    assert_eq!(actor.program.hash, before.program.hash);
    assert_eq!(stage.call("counter.value()").await.unwrap(), "30");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_can_be_written() {
    let (_stage, history) = counted("").await;
    let all = [
        ("count = 7", Value::U64(7)),
        (" count=18446744073709551615 ", Value::U64(u64::MAX)),
        ("count = s64(-7)", Value::S64(-7)),
        ("count = text(\"x\")", Value::Text("x".to_owned())),
        ("a/b-c.d:e@f#g+h = true", Value::Bool(true)),
        ("\"a b\" = -7", Value::S64(-7)),
        ("\"a \\\"=, \\u{1f} b\" = [1, 2, 255]", Value::Bytes(vec![1, 2, 255])),
        ("new = []", Value::Bytes(Vec::new())),
        ("new = \"a, \\\" b\"", Value::Text("a, \" b".to_owned())),
        ("new = 1.5", Value::F64(1.5)),
        ("new = inf", Value::F64(f64::INFINITY)),
        ("new = f64(5)", Value::F64(5.0)),
        ("\u{e9} = bool(false)", Value::Bool(false)),
    ];
    for (text, expected) in all {
        let change = change(&history, ("counter", 2), false, &[text]).unwrap();
        let Change::State { delta, .. } = change else { panic!("{text}") };
        assert_eq!(delta.0[0].1.as_ref(), Some(&expected), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_told_in_its_place() {
    let (stage, history) = counted("").await;
    let cases: &[(&[&str], &Code, &str)] = &[
        (&["count"], VALUE_SYNTAX, "count"),
        (&["= 5"], VALUE_SYNTAX, "="),
        (&["a b = 5"], VALUE_SYNTAX, "a b"),
        (&["\"a b = 5"], VALUE_SYNTAX, "\"a b = 5"),
        (&["count = "], VALUE_SYNTAX, " "),
        (&["count = (1"], VALUE_SYNTAX, ""),
        (&["count = 1, 2"], VALUE_SYNTAX, ","),
        (&["count = \"x\""], VALUE_TYPE, "\"x\""),
        (&["count = -1"], VALUE_RANGE, "-1"),
        (&["new = 5"], VALUE_TYPE, "5"),
        (&["new = u65(5)"], VALUE_TYPE, "u65"),
        (&["new = x"], VALUE_TYPE, "x"),
        (&["count = 1", "count = 2"], FORK_IMPOSSIBLE, "count"),
        (&["-count = 5"], VALUE_SYNTAX, "= 5"),
        (&["-coumt"], FORK_IMPOSSIBLE, "coumt"),
    ];
    for (texts, code, marked) in cases {
        let problem = change(&history, ("counter", 2), false, texts).unwrap_err();
        assert_eq!(problem.code, *code, "{texts:?}: {problem}");
        let (source, label) = (problem.source.as_ref().unwrap(), &problem.labels[0]);
        assert_eq!(source.text[label.span.clone()], **marked, "{texts:?}: {problem}");
    }
    let unknown = change(&history, ("counter", 2), false, &["-coumt"]).unwrap_err();
    assert_eq!(unknown.help.as_deref(), Some("Did you mean `count`?"));
    // A grant has its size, and without one there is no state.
    stage.node.shutdown().await.unwrap();
    let small = Stage::new().await;
    small.spawn(COUNTER, "[handlers]\nstate = { max-size = \"1KiB\" }").await;
    small.call("counter.increment(1)").await.unwrap();
    let history = History::load(&small.run).unwrap();
    let large = format!("x = \"{}\"", "y".repeat(1000));
    let problem = change(&history, ("counter", 1), false, &[&large]).unwrap_err();
    assert_eq!(problem.code, FORK_IMPOSSIBLE);
    assert!(problem.message.contains("the `max-size` of its grant `state` is 1024"), "{problem}");
    let none = Stage::new().await;
    none.spawn(crate::warm::REMEMBERS, "").await;
    none.call("counter.hit()").await.unwrap();
    let history = History::load(&none.run).unwrap();
    let problem = change(&history, ("counter", 1), false, &["x = true"]).unwrap_err();
    assert!(problem.message.contains("does not grant `state`"), "{problem}");
}

/// Goes on with a run after or before one of its turns, with another state of its actor. None if that cannot be.
pub async fn at_some_turn(history: &History, pick: usize, before: bool) -> Option<History> {
    let all: Vec<_> = history
        .actors()
        .flat_map(|actor| (0..actor.turns.len()).map(move |index| (actor, index)))
        .collect();
    let (actor, index) = *all.get(pick.checked_rem(all.len())?)?;
    let state = match before {
        true => actor.before(index),
        false => history.past(actor, index).unwrap().after.clone(),
    };
    let first = state.as_ref().and_then(|state| State::iter(state).next().map(|(key, _)| key));
    let unset = first.map(|key| format!("-{}", theater_runtime::trace::key_text(key)));
    let texts: Vec<&str> = ["forked = u64(7)"].into_iter().chain(unset.as_deref()).collect();
    let turn = history.past(actor, index).unwrap().header.turn;
    let change = change(history, (&actor.name, turn), before, &texts).ok()?;
    let data = tempfile::tempdir().unwrap().keep();
    let run = history.fork(actor, index, &Departure::With(change), &data).unwrap();
    let durability = Some(Durability::Async);
    let opened = theater_runtime::node::Node::open(run.clone(), durability, Cache::none()).await;
    opened.unwrap().node.shutdown().await.unwrap();
    assert_eq!(verify(&run).findings, Vec::<String>::new());
    snapshots::agree(&run);
    index::check(&run);
    let new = History::load(&run).unwrap();
    let number = turn + u64::from(!before);
    let (actor, index) = new.turn(&actor.name, number).unwrap();
    let after = new.past(actor, index).unwrap().after.clone().unwrap();
    assert_eq!(after.get("forked"), Some(&Value::U64(7)));
    Some(new)
}
