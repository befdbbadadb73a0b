//! A run can go on from every moment of another one.

use crate::{cursor, messages};
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::{
    CALL_SYNTAX, FORK_IMPOSSIBLE, FUNCTION_UNKNOWN, Result, Source, VALUE_TYPE,
};
use theater_runtime::node::Node;
use theater_runtime::replay::{Change, Cursor, Departure, History, PastTurn, Replayer};
use theater_runtime::trace::{
    ActorId, Durability, Entry, Kind, Opening, Reader, RecordView, RunDir, Step, Undeliverable,
    fork, verify,
};

/// A node goes on with the run, ends, and all that it has recorded holds.
async fn goes_on(run: &RunDir, from: &History, records: u64) {
    let opened = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
    assert!(opened.problems.is_empty(), "{:?}", opened.problems);
    opened.node.shutdown().await.unwrap();
    assert_eq!(verify(run).findings, Vec::<String>::new());
    let history = History::load(run).unwrap();
    let (id, location) = history.record(records).unwrap();
    let origin = history.view_at(id, location).unwrap().kind;
    assert_eq!(origin, Kind::Forked { run: from.run().id(), records, changed: None });
    cursor::walk(&history);
    let replayer = Replayer::new(None, Cache::none()).unwrap();
    for actor in history.actors() {
        let other = from.by_id(actor.id).unwrap();
        for index in 0..actor.turns.len() {
            let replayed = replayer.replay(&history, actor, index).await.unwrap();
            assert_eq!(replayed.divergence, None, "{}#{}", actor.name, replayed.turn);
            // What was there is there again.
            let last = from.record(records - 1).unwrap().1;
            if let Some(old) = other.turns.get(index).filter(|old| old.location <= last) {
                let turn = history.past(actor, index).unwrap();
                assert_eq!((&turn.header, &turn.after), (&old.header, &old.after));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_before_and_after_every_turn() {
    let mut stage = messages::Stage::pair().await;
    for call in ["a.ask(21)", "a.tell(\"b\", \"count 1\")", "b.ask(13)", "a.later(\"t\", 1)"] {
        let _ = stage.call(call).await;
    }
    let _ = stage.call("b.tell-and-trap(\"a\", \"x\")").await;
    stage.reopen().await;
    let history = stage.history();
    let data = tempfile::tempdir().unwrap();
    let mut forks = 0;
    for actor in history.actors() {
        for index in 0..actor.turns.len() {
            for (departure, turns) in [(Departure::After, index + 1), (Departure::Before, index)] {
                let run = history.fork(actor, index, &departure, data.path()).unwrap();
                let new = History::load(&run).unwrap();
                let records = new.len() as u64 - 1;
                let kept = new.by_id(actor.id).unwrap().turns.len();
                assert_eq!(kept, turns);
                goes_on(&run, &history, records).await;
                forks += 1;
            }
        }
    }
    assert!(forks > 10, "{forks}");
}

/// Three turns of `a`, each of which asks `b` once, and one that tells it something.
async fn asked() -> (messages::Stage, History) {
    let stage = messages::Stage::pair().await;
    for call in ["a.ask(21)", "a.ask(30)", "a.tell(\"b\", \"count 1\")", "a.ask(13)"] {
        let _ = stage.call(call).await;
    }
    let history = stage.history();
    (stage, history)
}

fn replayer() -> Replayer {
    Replayer::new(None, Cache::none()).unwrap()
}

/// Another message for a turn.
fn message(history: &History, actor: &str, turn: u64, call: &str) -> Result<Change> {
    let (actor, index) = history.turn(actor, turn).unwrap();
    replayer().other_message(history, actor, index, (&Source::new("test", call), 0))
}

/// Another answer for an import call.
async fn answer(history: &History, place: (&str, u64, usize), value: &str) -> Result<Change> {
    let (actor, turn, step) = place;
    let cursor = Cursor::at(history, actor, turn).unwrap().at_step(history, step).unwrap();
    let source = Source::new("test", value);
    replayer().other_answer(history, cursor, (&source, 0..value.len())).await
}

/// Forks a run with a change in a turn, goes on with it, and looks at what came of it.
async fn with(history: &History, (actor, turn): (&str, u64), change: Change) -> (RunDir, History) {
    let data = tempfile::tempdir().unwrap().keep();
    let (actor, index) = history.turn(actor, turn).unwrap();
    let what = change.what();
    let run = history.fork(actor, index, &Departure::With(change), &data).unwrap();
    a_node_dies(&run);
    holds(&run, (&actor.name, turn)).await;
    let new = History::load(&run).unwrap();
    let forked = new.forked(actor.id, turn).unwrap().pop().expect("the fork is told of");
    let Kind::Forked { run: of, changed: Some(changed), .. } = &forked.kind else { panic!() };
    assert_eq!((of, &changed.name, changed.turn), (&history.run().id(), &actor.name, turn));
    assert_eq!(changed.what, what);
    assert_eq!(new.forked(actor.id, turn + 1).unwrap().len(), 0);
    // The first one makes an index, the second one reads it.
    for _ in 0..2 {
        let indexed = History::load_with_index(&run, 1).unwrap();
        assert_eq!(indexed.forked(actor.id, turn).unwrap().len(), 1);
    }
    (run, new)
}

/// A node opens a run and dies before its first turn.
pub fn a_node_dies(run: &RunDir) {
    let opened = Reader::new(run).next_record().unwrap().unwrap().1.header.kind;
    assert!(matches!(opened, Kind::Opened { .. }));
    let log = Opening::read(run, |_, _| Ok(())).unwrap().begin(None).unwrap();
    log.append(Entry { actor: ActorId::NODE, kind: opened, payloads: Vec::new() }).unwrap();
    log.close();
}

/// A node goes on with a run until a turn is over, and ends in order; all of it is sound, and is replayed as it was
/// recorded.
async fn holds(run: &RunDir, (actor, turn): (&str, u64)) {
    let opened = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
    assert!(opened.problems.is_empty(), "{:?}", opened.problems);
    let actor = opened.node.actor(actor).unwrap();
    while actor.last_turn() < turn {
        tokio::task::yield_now().await;
    }
    opened.node.shutdown().await.unwrap();
    assert_eq!(verify(run).findings, Vec::<String>::new());
    let history = History::load(run).unwrap();
    cursor::walk(&history);
    let replayer = replayer();
    for actor in history.actors() {
        for index in 0..actor.turns.len() {
            let replayed = replayer.replay(&history, actor, index).await.unwrap();
            assert_eq!(replayed.divergence, None, "{}#{}", actor.name, replayed.turn);
        }
    }
}

/// The turns of an actor, in short.
fn turns(history: &History, actor: &str) -> Vec<String> {
    let actor = history.actor(actor).unwrap();
    let view = |turn: &PastTurn| history.view_at(actor.id, turn.location).unwrap().summary();
    actor.turns.iter().map(view).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_message_from_outside() {
    let (_stage, history) = asked().await;
    let change = message(&history, "a", 2, "ask(4)").unwrap();
    let (run, new) = with(&history, ("a", 2), change).await;
    assert_eq!(turns(&new, "a"), ["ask(21) -> 42", "ask(4) -> 8"]);
    assert_eq!(turns(&new, "b"), ["twice(21) -> 42", "twice(4) -> 8"]);
    // Should this node die in the middle of it, the next one knows what it has asked.
    let open = |view: Result<RecordView>| match view.unwrap().kind {
        Kind::Open(open) if open.turn == 2 => Some(open.step),
        _ => None,
    };
    assert_eq!(new.views(None).filter_map(open).collect::<Vec<_>>(), [0, 1]);
    // Another function, and the same turn of what has come of it.
    let change = message(&new, "a", 2, "tell(\"b\", \"x\")").unwrap();
    let (_, other) = with(&new, ("a", 2), change).await;
    assert_eq!(turns(&other, "a"), ["ask(21) -> 42", "tell(\"b\", \"x\") -> 0"]);
    // What it sent comes there, at the latest in the next life of the node.
    holds(other.run(), ("b", 2)).await;
    let other = History::load(other.run()).unwrap();
    assert_eq!(turns(&other, "b"), ["twice(21) -> 42", "message(\"x\") -> ()"]);
    let forks = |run: &RunDir| {
        let history = History::load(run).unwrap();
        history
            .views(None)
            .filter(|view| matches!(view.as_ref().unwrap().kind, Kind::Forked { .. }))
            .count()
    };
    assert_eq!((forks(&run), forks(other.run())), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_message_of_an_actor_is_answered_to_who_had_asked() {
    let (_stage, history) = asked().await;
    let change = message(&history, "b", 2, "twice(5)").unwrap();
    let (_, new) = with(&history, ("b", 2), change).await;
    assert_eq!(turns(&new, "a"), ["ask(21) -> 42", "ask(30) -> 10"]);
    assert_eq!(turns(&new, "b"), ["twice(21) -> 42", "twice(5) -> 10"]);
    // A message that was only sent: the original one is not delivered as well.
    let change = message(&history, "b", 3, "message(\"count 7\")").unwrap();
    let (_, new) = with(&history, ("b", 3), change).await;
    assert_eq!(turns(&new, "b")[2], "message(\"count 7\") -> ()");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_message_of_a_timer_is_its_tick() {
    let stage = messages::Stage::pair().await;
    stage.call_until("a.later(\"t\", 1)", "#tick").await;
    let history = stage.history();
    let (_, new) =
        with(&history, ("a", 2), message(&history, "a", 2, "tick(\"u\")").unwrap()).await;
    assert_eq!(turns(&new, "a"), ["later(\"t\", 1) -> ()", "tick(\"u\") -> ()"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_answer() {
    let (_stage, history) = asked().await;
    let change = answer(&history, ("a", 2, 1), "9").await.unwrap();
    let (_, new) = with(&history, ("a", 2), change).await;
    assert_eq!(turns(&new, "a"), ["ask(21) -> 42", "ask(30) -> 9"]);
    // What the call had led to has happened.
    assert_eq!(turns(&new, "b"), ["twice(21) -> 42", "twice(30) -> 60"]);
    // The same once more, and a turn that had aborted because it got none.
    let change = answer(&new, ("a", 2, 1), "10").await.unwrap();
    let (_, again) = with(&new, ("a", 2), change).await;
    assert_eq!(turns(&again, "a"), ["ask(21) -> 42", "ask(30) -> 10"]);
    let change = answer(&history, ("a", 4, 1), "26").await.unwrap();
    let (_, new) = with(&history, ("a", 4), change).await;
    assert_eq!(turns(&new, "a")[3..], ["ask(13) -> 26"]);
    let change = answer(&history, ("a", 3, 1), "err(no-inbox)").await.unwrap();
    let (_, new) = with(&history, ("a", 3), change).await;
    assert_eq!(turns(&new, "a")[2..], ["tell(\"b\", \"count 1\") -> 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_from_the_record_cannot_be_changed() {
    let (_stage, history) = asked().await;
    let of_state = answer(&history, ("b", 3, 1), "9").await.unwrap_err();
    assert_eq!(of_state.code, FORK_IMPOSSIBLE);
    for (turn, call, code) in [
        (2, "message(\"x\")", FUNCTION_UNKNOWN),
        (2, "twice(\"x\")", VALUE_TYPE),
        (2, "twice(1", CALL_SYNTAX),
        (2, "c.work.twice(1)", CALL_SYNTAX),
    ] {
        let problem = message(&history, "b", turn, call).unwrap_err();
        assert_eq!(problem.code, code, "{call}");
        assert!(!problem.labels.is_empty(), "{call}");
    }
    message(&history, "b", 2, "b.work.twice(1)").unwrap();
    for value in ["\"x\"", "1, 2", "", "-1"] {
        assert!(!answer(&history, ("a", 2, 1), value).await.unwrap_err().labels.is_empty());
    }
}

/// On one thread on which the node comes to its end as soon as it can: without its patience whoever is asked would be told
/// to end before it comes to the question.
#[test]
fn a_node_that_ends_at_once_finishes_what_the_fork_begins() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().event_interval(1).build().unwrap().block_on(ends_at_once());
}

async fn ends_at_once() {
    let stage = messages::Stage::pair().await;
    stage.call("b.ask(21)").await.unwrap();
    let history = stage.history();
    let data = tempfile::tempdir().unwrap();
    let change = message(&history, "b", 1, "ask(4)").unwrap();
    let (actor, index) = history.turn("b", 1).unwrap();
    let run = history.fork(actor, index, &Departure::With(change), data.path()).unwrap();
    let opened = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
    opened.node.shutdown().await.unwrap();
    let new = History::load(&run).unwrap();
    assert_eq!(turns(&new, "b"), ["ask(4) -> 8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_to_nothing_hides_no_open_record() {
    let stage = messages::Stage::pair().await;
    stage.call("a.tell(\"b\", \"count 1\")").await.unwrap();
    stage.call("a.ask(21)").await.unwrap();
    let history = stage.history();
    let a = history.actor("a").unwrap();
    let is_open = |view: &RecordView| matches!(&view.kind, Kind::Open(open) if open.turn == 2);
    let views: Vec<RecordView> = history.views(None).map(Result::unwrap).collect();
    let open = views.iter().position(is_open).unwrap() as u64;
    // The same, with the end of the message of the first turn in the middle of the second one.
    let data = tempfile::tempdir().unwrap();
    let run = fork(history.run(), open + 1, None, data.path()).unwrap();
    let log = Opening::read(&run, |_, _| Ok(())).unwrap().begin(None).unwrap();
    let sent = Step { actor: a.id, turn: 1, step: 1 };
    let kind = Kind::Undelivered { sent, to: None, why: Undeliverable::Ended };
    log.append(Entry { actor: a.id, kind, payloads: Vec::new() }).unwrap();
    let mut reader = Reader::new(history.run());
    while let Some((_, record)) = reader.next_record().unwrap() {
        if record.header.position > open {
            let payloads = record.payloads.into_iter().map(|it| (it.kind, it.bytes)).collect();
            let (actor, kind) = (record.header.actor, record.header.kind);
            log.append(Entry { actor, kind, payloads }).unwrap();
        }
    }
    log.close();
    let told = History::load(&run).unwrap();
    let (actor, index) = told.turn("a", 2).unwrap();
    let before = told.fork(actor, index, &Departure::Before, data.path()).unwrap();
    let opened = Node::open(before.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
    opened.node.shutdown().await.unwrap();
    // Nothing of the second turn is left that could go on.
    assert_eq!(turns(&History::load(&before).unwrap(), "a").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_answer_to_a_warm_actor() {
    let stage = messages::Stage::warm_pair().await;
    for call in ["a.ask(21)", "a.ask(30)", "a.ask(15)"] {
        stage.call(call).await.unwrap();
    }
    let history = stage.history();
    let change = answer(&history, ("a", 2, 1), "9").await.unwrap();
    let (_, new) = with(&history, ("a", 2), change).await;
    assert_eq!(turns(&new, "a"), ["ask(21) -> 42", "ask(30) -> 9"]);
    let instances = |history: &History| -> Vec<Option<u64>> {
        let turns = &history.actor("a").unwrap().turns;
        turns.iter().map(|past| past.header.instance).collect()
    };
    // The instance of before the fork is in no node any more.
    assert_eq!(instances(&history), [Some(1), Some(1), Some(1)]);
    assert_eq!(instances(&new), [Some(1), Some(2)]);
}
