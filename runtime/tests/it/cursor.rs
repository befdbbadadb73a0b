//! The cursor over whole runs: every event forward and backward, against what the records say.

use crate::stage::{COUNTER, Stage};
use crate::{fork_state, messages, shop};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use theater_runtime::boundary::Stop;
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::{Diagnostic, Source};
use theater_runtime::node::Which;
use theater_runtime::replay::{
    ActorHistory, Condition, Cursor, Direction, History, Moment, Replayer, Selection, Walked,
    replay_all,
};
use theater_runtime::state::{Delta, State, Value};
use theater_runtime::trace::{ActorId, Answer, Durability, Hash, Kind, PayloadKind, Reader};
use theater_runtime::wire::Wire;

/// Histories of one actor with more moments are not walked over.
const LONGEST: usize = 150;

pub fn condition(text: &str) -> Condition {
    Condition::parse(&Source::new("condition", text), 0..text.len()).unwrap()
}

fn place(history: &History, cursor: Cursor) -> String {
    cursor.place(history).unwrap().to_string()
}

/// All moments of an actor in their order: the steps of each turn, then the turn.
fn moments(history: &History, actor: &ActorHistory) -> Vec<Cursor> {
    let mut all = Vec::new();
    for (index, turn) in actor.turns.iter().enumerate() {
        let end = Cursor::of(history, actor.id, index).unwrap();
        let calls = history.view_at(actor.id, turn.location).unwrap().calls.len();
        all.extend((1..=calls).map(|step| end.at_step(history, step).unwrap()));
        all.push(end);
    }
    all
}

/// Goes from a moment on for as long as there is a next one.
fn go_on(from: Cursor, go: impl Fn(Cursor) -> Result<Cursor, Box<Diagnostic>>) -> Vec<Cursor> {
    std::iter::successors(go(from).ok(), |cursor| go(*cursor).ok()).collect()
}

/// What a search finds from the first moment on, and from the last one back, has to be the same but for
/// these two. Gives all that was found.
fn both_ways(
    history: &History,
    all: &[Cursor],
    search: impl Fn(Cursor, Direction) -> Result<Cursor, Box<Diagnostic>>,
) -> BTreeSet<usize> {
    let index = |cursor: Cursor| all.iter().position(|each| *each == cursor).unwrap();
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return BTreeSet::new() };
    let forward = go_on(*first, |at| search(at, Direction::Forward));
    let forward: Vec<usize> = forward.into_iter().map(index).collect();
    assert!(forward.is_sorted_by(|a, b| a < b), "{forward:?}");
    let backward = go_on(*last, |at| search(at, Direction::Backward));
    let backward: Vec<usize> = backward.into_iter().rev().map(index).collect();
    let inner = |found: &[usize]| -> Vec<usize> {
        found.iter().copied().filter(|at| *at > 0 && *at + 1 < all.len()).collect()
    };
    assert_eq!(inner(&forward), inner(&backward), "{}", place(history, *first));
    forward.into_iter().chain(backward).collect()
}

/// The states after each record of a turn, from the deltas in the records alone.
fn folded(history: &History) -> BTreeMap<(ActorId, u64), State> {
    let mut states: BTreeMap<ActorId, State> = BTreeMap::new();
    let mut after = BTreeMap::new();
    let mut reader = Reader::new(history.run());
    while let Some((_, record)) = reader.next_record().unwrap() {
        let id = record.header.actor;
        let state = states.entry(id).or_default();
        match &record.header.kind {
            Kind::Turn(turn) => {
                if let Some(delta) = record.payload(PayloadKind::Delta)
                    && turn.outcome.commits()
                {
                    state.apply(Delta::decode(delta).unwrap());
                }
                after.insert((id, turn.turn), state.clone());
            }
            Kind::Restarted { fresh: true, .. } => *state = State::default(),
            _ => {}
        }
    }
    after
}

fn check_walk(history: &History, actor: &ActorHistory, all: &[Cursor]) {
    let Some((first, last)) = all.first().zip(all.last()) else { return };
    let forward = go_on(*first, |at| at.step(history));
    assert_eq!(forward, all[1..], "{}", actor.name);
    let backward: Vec<Cursor> =
        go_on(*last, |at| at.step_back(history)).into_iter().rev().collect();
    // Nothing comes before the first step of the first turn.
    assert_eq!(backward, all[..all.len() - 1], "{}", actor.name);
    let ends: Vec<Cursor> =
        all.iter().copied().filter(|at| at.place(history).unwrap().step.is_none()).collect();
    assert_eq!(go_on(ends[0], |at| at.next(history)), ends[1..]);
    let back: Vec<Cursor> = go_on(*last, |at| at.back(history)).into_iter().rev().collect();
    assert_eq!(back, ends[..ends.len() - 1]);
    assert_eq!((last.first(), last.at_percent(history, 0).unwrap()), (ends[0], ends[0]));
    assert_eq!(first.at_percent(history, 100).unwrap(), *last);
    for turn in &actor.turns {
        let (_, found) = first.at_time(history, turn.time).unwrap().whose(history).unwrap();
        assert!(actor.turns[found].time <= turn.time);
    }
    assert!(first.at_time(history, 0).is_err());
}

fn check_states(
    history: &History,
    actor: &ActorHistory,
    all: &[Cursor],
    folded: &BTreeMap<(ActorId, u64), State>,
) {
    for cursor in all {
        let at = cursor.place(history).unwrap();
        let index = actor.index_of(at.turn).unwrap();
        let turn = &actor.turns[index];
        let view = history.view_at(actor.id, turn.location).unwrap();
        let before = turn.before.clone().unwrap();
        let state = cursor.state(history).unwrap();
        let Some(step) = at.step else {
            assert_eq!(state, folded[&(actor.id, at.turn)], "{at}");
            let changes: Vec<_> =
                before.changes_to(&state).into_iter().map(|c| (c.key, c.after)).collect();
            let commits = turn.header.outcome.commits();
            let recorded = view.delta.0.iter().filter(|_| commits).cloned();
            let recorded: Vec<_> =
                recorded.filter(|(key, value)| before.get(key) != value.as_ref()).collect();
            assert_eq!(changes, recorded, "{at}");
            continue;
        };
        // What the actor got is what stood there at that moment.
        let call = &view.calls[step - 1];
        if call.function.ends_with("state@0.1.0#get")
            && let Answer::Returned(bytes) = &call.call.answer
        {
            let (key, got) = (read::<String>(&call.call.arguments), read::<Option<Value>>(bytes));
            assert_eq!(state.get(&key).cloned(), got, "{at}");
        }
    }
}

/// The only value of an array.
fn read<T: Wire>(bytes: &[u8]) -> T {
    let mut decoder = minicbor::Decoder::new(bytes);
    decoder.array().unwrap();
    T::read(&mut decoder).unwrap()
}

fn check_searches(history: &History, actor: &ActorHistory, all: &[Cursor]) {
    for text in [
        "turn >= 0",
        "outcome = aborted",
        "call = set",
        "not call = set",
        "state.count > 3",
        "text ~ 1",
    ] {
        let condition = condition(text);
        let found =
            both_ways(history, all, |at, direction| at.until(history, &condition, direction));
        let turns: BTreeSet<u64> =
            found.iter().map(|at| all[*at].place(history).unwrap().turn).collect();
        let matching = history.matching(&condition, Some(actor.id));
        let matching: BTreeSet<u64> =
            matching.filter_map(|view| view.unwrap().turn().map(|turn| turn.turn)).collect();
        // Of a run of one moment, the search from there finds nothing.
        if all.len() > 1 {
            assert_eq!(turns, matching, "{}: {text}", actor.name);
        }
    }
    let keys: BTreeSet<String> = actor
        .turns
        .iter()
        .flat_map(|turn| turn.after.iter().flat_map(State::iter).map(|(key, _)| key.to_owned()))
        .collect();
    for key in keys {
        let found = both_ways(history, all, |at, direction| at.change(history, &key, direction));
        let expected: BTreeSet<u64> = actor
            .turns
            .iter()
            .filter(|turn| {
                turn.before.as_ref().unwrap().get(&key) != turn.after.as_ref().unwrap().get(&key)
            })
            .map(|turn| turn.header.turn)
            .collect();
        let turns: BTreeSet<u64> =
            found.iter().map(|at| all[*at].place(history).unwrap().turn).collect();
        if all.len() > 1 {
            assert_eq!(turns, expected, "{}: {key}", actor.name);
        }
        if let Some(first) = expected.first() {
            let at = all[0].first_change(history, &key).unwrap();
            assert_eq!(at.place(history).unwrap().turn, *first);
            // After that call the key is what it is after the turn.
            let after = at.at_turn(history, *first).unwrap().state(history).unwrap();
            assert!(at.state(history).unwrap().agrees(&after, &key));
        }
    }
    let last = *all.last().unwrap();
    assert!(last.change(history, "no such key", Direction::Backward).is_err());
}

/// `effects` is `why` the other way round, and following a message leads back to where it was sent.
fn check_causes(history: &History) {
    let mut turns = Vec::new();
    for actor in history.actors() {
        turns.extend((0..actor.turns.len()).map(|index| (actor, index)));
    }
    // A name may have been given again.
    let name = |actor: &ActorHistory, turn: u64| format!("{} {}#{turn}", actor.id.0, actor.name);
    let mut followed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (actor, index) in &turns {
        let this = name(actor, actor.turns[*index].header.turn);
        for because in history.why(actor, *index).iter().skip(1) {
            let cause = name(because.actor, because.turn.header.turn);
            followed.entry(cause).or_default().insert(this.clone());
        }
    }
    for (actor, index) in turns {
        let this = name(actor, actor.turns[index].header.turn);
        let effects = history.effects(actor, index, None);
        let effects: BTreeSet<String> =
            effects.iter().map(|it| name(it.actor, it.turn.header.turn)).collect();
        assert_eq!(effects, followed.remove(&this).unwrap_or_default(), "{this}");
        for cursor in moments(history, actor) {
            let Ok(receiver) = cursor.follow(history) else { continue };
            let sender = receiver.sender(history).unwrap();
            let (from, at) = (cursor.place(history).unwrap(), sender.place(history).unwrap());
            assert!(from.step.is_none() || from.step == at.step, "{from}");
            assert_eq!((at.actor, at.turn), (from.actor, from.turn));
        }
    }
}

/// Walks over every event of a run, forward and backward, and compares with what the records say.
pub fn walk(history: &History) {
    let folded = folded(history);
    for actor in history.actors() {
        let all = moments(history, actor);
        // What has no moment has nothing to be walked over; and all searches from everywhere take long.
        if (1..LONGEST).contains(&all.len()) {
            check_walk(history, actor, &all);
            check_states(history, actor, &all, &folded);
            check_searches(history, actor, &all);
        }
    }
    if history.len() < 10 * LONGEST {
        check_causes(history);
    }
}

/// All import calls of a turn, as they are when it is executed again.
async fn stops(
    replayer: &Replayer,
    history: &History,
    actor: &ActorHistory,
    index: usize,
) -> (Vec<Stop>, Walked) {
    let (told, heard) = std::sync::mpsc::channel();
    let walked = replayer.walk(history, actor, index, move |stop| {
        told.send(stop).unwrap();
        ControlFlow::Continue(())
    });
    let walked = walked.await.unwrap();
    (heard.into_iter().collect(), walked)
}

/// The import call of a moment.
async fn looked_at(replayer: &Replayer, history: &History, cursor: Cursor) -> Stop {
    match replayer.look(history, cursor).await.unwrap() {
        Moment::Call(stop) => *stop,
        Moment::End(_) => panic!("{} is no step", place(history, cursor)),
    }
}

/// Every turn, executed again with its guest waiting at each import call, forward and then backward.
pub async fn look_inside(history: &History) {
    let replayer = Replayer::for_inspection(Cache::none()).unwrap();
    for actor in history.actors() {
        // Every step back executes its turn again.
        if moments(history, actor).len() >= LONGEST {
            continue;
        }
        for (index, turn) in actor.turns.iter().enumerate() {
            let view = history.view_at(actor.id, turn.location).unwrap();
            let end = Cursor::of(history, actor.id, index).unwrap();
            if history.is_executable(actor, index).is_err() {
                continue;
            }
            let (stops, walked) = stops(&replayer, history, actor, index).await;
            let at = place(history, end);
            assert_eq!(walked.divergence, None, "{at}");
            assert_eq!(stops.len(), view.calls.len(), "{at}");
            for (number, (stop, call)) in stops.iter().zip(&view.calls).enumerate() {
                let cursor = end.at_step(history, number + 1).unwrap();
                let at = place(history, cursor);
                assert_eq!(stop.step, number as u64 + 1, "{at}");
                let asked = (&stop.call.function, &stop.call.arguments);
                assert_eq!(asked, (&call.call.function, &call.call.arguments), "{at}");
                match (&stop.call.answer, &call.call.answer) {
                    (Answer::Returned(got), Answer::Digest(hash)) => {
                        assert_eq!(Hash::of(got), *hash, "{at}");
                    }
                    (got, recorded) => assert_eq!(got, recorded, "{at}"),
                }
                assert_eq!(stop.state, cursor.state(history).unwrap(), "{at}");
                assert!(!stop.stack.is_empty(), "{at}");
            }
            for (number, stop) in stops.iter().enumerate().rev() {
                let cursor = end.at_step(history, number + 1).unwrap();
                let again = looked_at(&replayer, history, cursor).await;
                let all = |stop: &Stop| (stop.call.clone(), stop.state.clone(), stop.stack.clone());
                assert_eq!(all(&again), all(stop), "{}", place(history, cursor));
            }
            let Moment::End(ended) = replayer.look(history, end).await.unwrap() else {
                panic!("{at} has an end");
            };
            assert_eq!((ended.outcome, &ended.failure), (turn.header.outcome, &view.failure));
            let names: Vec<&str> = ended.stack.iter().map(|frame| &*frame.function).collect();
            match &view.failure {
                Some(failure) if !failure.frames.is_empty() => {
                    assert_eq!(names, failure.frames, "{at}");
                }
                _ => assert!(!turn.header.outcome.commits() || names.is_empty(), "{at}"),
            }
        }
    }
}

/// Everything that has to be true of every run.
async fn check(history: History) {
    walk(&history);
    look_inside(&history).await;
    crate::index::check(history.run());
    let replayer = Arc::new(Replayer::new(None, Cache::none()).unwrap());
    let mut differences = Vec::new();
    let summary = replay_all(Arc::new(history), replayer, Selection::All, |_, _, replayed| {
        differences.extend(replayed.map(|replayed| replayed.divergence).unwrap_or_default());
    });
    assert!(summary.await.is_as_recorded(), "{differences:?}");
}

/// The same of a run, and of one that goes on from it with another state somewhere.
async fn check_with_a_fork(history: History, pick: usize, before: bool) {
    if let Some(forked) = fork_state::at_some_turn(&history, pick, before).await {
        check(forked).await;
    }
    check(history).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_that_fails_and_goes_on() {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    for by in ["5", "0", "4294967295", "2"] {
        let _ = stage.call(&format!("counter.increment({by})")).await;
    }
    stage.reopen().await;
    stage.call("counter.increment(1)").await.unwrap();
    let history = History::load(&stage.run).unwrap();
    let last = Cursor::last(&history, "counter").unwrap();
    let changed = last.change(&history, "count", Direction::Backward).unwrap();
    assert_eq!(place(&history, changed), "counter#5.2");
    let before = changed.change(&history, "count", Direction::Backward).unwrap();
    assert_eq!(place(&history, before), "counter#4.2");
    let before = before.change(&history, "count", Direction::Backward).unwrap();
    assert_eq!(place(&history, before), "counter#1.2", "neither adding nothing nor a trap");
    let trap = last.until(&history, &condition("outcome = trap"), Direction::Backward).unwrap();
    assert_eq!(place(&history, trap), "counter#3");
    check(history).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_grows_under_its_cursor() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.call("counter.increment(1)").await.unwrap();
    let mut history = History::load(&stage.run).unwrap();
    let cursor = Cursor::last(&history, "counter").unwrap();
    assert!(cursor.next(&history).is_err());
    stage.call("counter.increment(1)").await.unwrap();
    history.refresh().unwrap();
    assert_eq!(place(&history, cursor.next(&history).unwrap()), "counter#2");
}

#[derive(Debug, Clone)]
enum Shop {
    Place(&'static str, u32),
    Deliver(&'static str, u32),
    Kill(&'static str),
    Message(String),
}

fn acts() -> impl Strategy<Value = Shop> {
    let skus = || prop::sample::select(vec!["A-1", "B-2", "C-3"]);
    let actors = prop::sample::select(vec!["inventory", "orders", "audit"]);
    prop_oneof![
        4 => (skus(), 0..20_u32).prop_map(|(sku, units)| Shop::Place(sku, units)),
        2 => (skus(), 0..20_u32).prop_map(|(sku, units)| Shop::Deliver(sku, units)),
        1 => actors.prop_map(Shop::Kill),
        1 => "[a-z 0-9]{0,8}".prop_map(Shop::Message),
    ]
}

async fn play_shop(acts: Vec<Shop>, (pick, before): (usize, bool)) {
    let dir = tempfile::tempdir().unwrap();
    shop::write_shop(dir.path());
    let node =
        shop::open(dir.path().to_owned(), Which::New, Some(Durability::Async)).await.unwrap();
    for act in acts {
        match act {
            Shop::Place(sku, units) => {
                shop::call(&node, "shop/orders", "place", &format!("{sku:?}, {units}")).await;
            }
            Shop::Deliver(sku, units) => {
                let arguments = format!("{sku:?}, {units}");
                shop::call(&node, "shop/inventory", "deliver", &arguments).await;
            }
            Shop::Kill(name) => {
                let _ = node.kill(&format!("shop/{name}")).await;
            }
            Shop::Message(text) => {
                let _ = node.send("shop/audit", text, None).await;
            }
        }
    }
    node.shutdown().await.unwrap();
    check_with_a_fork(History::load(node.run()).unwrap(), pick, before).await;
}

/// Two peers that ask and tell each other and themselves, trap in between, and are told by timers.
fn peers() -> impl Strategy<Value = String> {
    let actor = || prop::sample::select(vec!["a", "b"]);
    let to = || prop::sample::select(vec!["a", "b", "nobody"]);
    prop_oneof![
        (actor(), prop::sample::select(vec![1, 2, 13])).prop_map(|(a, v)| format!("{a}.ask({v})")),
        (actor(), to()).prop_map(|(a, to)| format!("{a}.tell(\"{to}\", \"count 1\")")),
        (actor(), to()).prop_map(|(a, to)| format!("{a}.tell-and-trap(\"{to}\", \"x\")")),
        (actor(), to()).prop_map(|(a, to)| format!("{a}.beg(\"{to}\", \"x\")")),
        actor().prop_map(|a| format!("{a}.later(\"t\", 1)")),
    ]
}

async fn play_peers(calls: Vec<String>, (pick, before): (usize, bool)) {
    let mut stage = messages::Stage::pair().await;
    for call in calls {
        let _ = stage.call(&call).await;
    }
    stage.reopen().await;
    let _ = stage.call("a.tell(\"b\", \"again\")").await;
    check_with_a_fork(stage.history(), pick, before).await;
}

fn run(work: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(work);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn shops_are_walked_as_they_were(acts in prop::collection::vec(acts(), 1..12), fork: (usize, bool)) {
        run(play_shop(acts, fork));
    }

    #[test]
    fn peers_are_walked_as_they_were(calls in prop::collection::vec(peers(), 1..12), fork: (usize, bool)) {
        run(play_peers(calls, fork));
    }
}
