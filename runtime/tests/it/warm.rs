//! Instances that live over several turns.

use crate::stage::{COUNTER, Stage};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::{Result, Source};
use theater_runtime::engine::KEPT_MEMORIES;
use theater_runtime::manifest::Manifest;
use theater_runtime::replay::{
    ActorHistory, History, Replayed, Replayer, Selection, Summary, replay_all,
};
use theater_runtime::trace::{Reader, Record, RunDir};
use theater_runtime::wire::Writer;
use theater_runtime::world::Binary;

/// Counts in its memory, from 100 on; each `hit` adds two.
pub const REMEMBERS: &str = include_str!("../../../tests/fixtures/remembers.wat");

pub const WARM: &str = "instance = \"warm\"\n[limits]\nfuel = 1_000_000\nmemory = \"2MiB\"";

async fn warm() -> Stage {
    let stage = Stage::new().await;
    stage.spawn(REMEMBERS, WARM).await;
    stage
}

/// The beginning of the instance's life, turn by turn.
fn lives(history: &History) -> Vec<Option<u64>> {
    let turns = &history.actor("counter").unwrap().turns;
    turns.iter().map(|past| past.header.instance).collect()
}

async fn replayed(stage: &Stage, replayer: Replayer) -> (Summary, Vec<(u64, String)>) {
    let history = Arc::new(History::load(&stage.run).unwrap());
    let mut notable = Vec::new();
    let all = Selection::All;
    let tell = |actor: &ActorHistory, index: usize, result: Result<Replayed>| {
        let turn = actor.turns[index].header.turn;
        match result.map(|replayed| replayed.divergence) {
            Ok(None) => {}
            Ok(Some(divergence)) => {
                notable.push((turn, format!("{}: {}", divergence.what, divergence.actual)));
            }
            Err(problem) => notable.push((turn, problem.to_string())),
        }
    };
    let summary = replay_all(history, Arc::new(replayer), all, tell).await;
    (summary, notable)
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_lives_on_until_a_turn_aborts() {
    let mut stage = warm().await;
    for (call, answer) in [("hit", "102"), ("hit", "104"), ("seen", "104")] {
        assert_eq!(stage.call(&format!("counter.{call}()")).await.unwrap(), answer);
    }
    stage.call("counter.fails()").await.unwrap_err();
    assert_eq!(stage.call("counter.seen()").await.unwrap(), "100");
    assert_eq!(stage.call("counter.hit()").await.unwrap(), "102");
    stage.reopen().await;
    assert_eq!(stage.call("counter.hit()").await.unwrap(), "102");
    let history = stage.check().await;
    assert_eq!(lives(&history), [1, 1, 1, 1, 5, 5, 7].map(Some));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_instance_has_no_life() {
    let stage = Stage::new().await;
    stage.spawn(REMEMBERS, "").await;
    assert_eq!(stage.call("counter.hit()").await.unwrap(), "102");
    assert_eq!(stage.call("counter.hit()").await.unwrap(), "102");
    assert_eq!(lives(&stage.check().await), [None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_instance_ends_with_every_kind_of_abort() {
    let stage = warm().await;
    for abort in ["fails()", "divides()", "forever()", "deep()", "grow(64)"] {
        stage.call("counter.hit()").await.unwrap();
        stage.call(&format!("counter.{abort}")).await.unwrap_err();
        assert_eq!(stage.call("counter.seen()").await.unwrap(), "100", "after {abort}");
    }
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_limit_is_of_the_life() {
    let stage = warm().await;
    assert_eq!(stage.call("counter.grow(20)").await.unwrap(), "21");
    let error = stage.call("counter.grow(20)").await.unwrap_err();
    assert!(error.to_string().contains("bytes of memory; its limit is 2097152"), "{error}");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_in_fresh_instances_tells_what_needs_the_memory() {
    let stage = warm().await;
    for call in ["hit", "hit", "seen", "hit"] {
        stage.call(&format!("counter.{call}()")).await.unwrap();
    }
    let fresh = || Replayer::new(None, Cache::none()).unwrap().in_fresh_instances();
    let (summary, notable) = replayed(&stage, fresh()).await;
    assert_eq!((summary.replayed, summary.diverged, summary.impossible), (4, 3, 0));
    assert_eq!(notable[0], (2, "result: (102)".to_owned()));
    // It keeps its count in the state, and needs no memory.
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "instance = \"warm\"\n[handlers]\nstate = true").await;
    stage.call("counter.increment(5)").await.unwrap();
    stage.call("counter.increment(2)").await.unwrap();
    assert_eq!(lives(&stage.check().await), [Some(1), Some(1)]);
    let (summary, _) = replayed(&stage, fresh()).await;
    assert!(summary.is_as_recorded());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_component_is_tried_life_by_life() {
    let stage = warm().await;
    for call in ["hit()", "hit()", "seen()", "grow(1)", "hit()"] {
        stage.call(&format!("counter.{call}")).await.unwrap();
    }
    let with =
        |wat: String| Replayer::new(Some(wat::parse_str(&wat).unwrap()), Cache::none()).unwrap();
    let (summary, _) = replayed(&stage, with(REMEMBERS.to_owned())).await;
    assert!(summary.is_as_recorded());
    // It begins to trap in the middle of the life: there is no instance for what follows.
    let grow = "(drop (memory.grow (local.get $pages)))";
    let (summary, notable) = replayed(&stage, with(REMEMBERS.replace(grow, "unreachable"))).await;
    assert_eq!((summary.replayed, summary.diverged), (5, 2));
    assert_eq!(notable[1], (5, "instance: that one ended with turn 4".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_room_instances_end() {
    let stage = Stage::new().await;
    let spawn = |name: String| {
        let text = format!("[actor]\nname = \"{name}\"\n{WARM}");
        let source = Source::new("theater.toml", text);
        let (manifest, _) = Manifest::parse(source, Path::new("")).into_result().unwrap();
        let binary = Binary::read(wat::parse_str(REMEMBERS).unwrap(), &Cache::none()).unwrap();
        let prepared = stage.node.prepare(manifest, binary).unwrap();
        let node = stage.node.clone();
        async move { node.spawn(prepared, &name, Vec::new(), None).await.unwrap() }
    };
    let names: Vec<String> = (0..=KEPT_MEMORIES).map(|number| format!("a{number}")).collect();
    for name in &names {
        spawn(name.clone()).await;
        assert_eq!(stage.call(&format!("{name}.hit()")).await.unwrap(), "102");
    }
    assert_eq!(stage.call("a0.hit()").await.unwrap(), "102", "the first had to go");
    assert_eq!(stage.call("a9.hit()").await.unwrap(), "104", "a later one did not");
    let (summary, _) = replayed(&stage, Replayer::new(None, Cache::none()).unwrap()).await;
    assert!(summary.is_as_recorded());
    assert_eq!(summary.replayed, u64::from(KEPT_MEMORIES) + 3);
}

/// Removes the payloads of the actor's first turn from a closed log, as their digests allow.
fn remove_first_payloads(run: &RunDir) {
    let segment = run.segment(1);
    let sound = std::fs::read(&segment).unwrap();
    let mut reader = Reader::new(run);
    let mut log = Writer::new();
    let mut removed = false;
    while let Some((location, record)) = reader.next_record().unwrap() {
        let at = location.offset as usize;
        if log.is_empty() {
            log.raw(&sound[..at]);
        }
        if removed || record.payloads.is_empty() {
            log.raw(&sound[at..at + location.len as usize]);
            continue;
        }
        let mut whole = Writer::new();
        Record::write(&mut whole, &record.header.encode(), &record.hash, &[]);
        let whole = whole.into_bytes();
        // No payloads, and then the check bytes: in place of none stand as many nulls.
        let check = whole.len() - 9;
        log.raw(&whole[..check - 1]);
        log.array(record.payloads.len());
        record.payloads.iter().for_each(|_| log.null());
        log.raw(&whole[check..]);
        removed = true;
    }
    std::fs::write(segment, log.into_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_removed_turn_left_in_the_memory_is_unknown() {
    let stage = warm().await;
    for call in ["hit", "hit", "fails"] {
        let _ = stage.call(&format!("counter.{call}()")).await;
    }
    stage.call("counter.hit()").await.unwrap();
    stage.node.shutdown().await.unwrap();
    remove_first_payloads(&stage.run);
    let (summary, notable) = replayed(&stage, Replayer::new(None, Cache::none()).unwrap()).await;
    assert_eq!((summary.replayed, summary.diverged, summary.impossible), (1, 0, 3));
    assert!(notable[0].1.contains("its payload `result` was removed"), "{notable:?}");
    assert!(notable[1].1.contains("the memory that turn 1 left"), "{notable:?}");
}

/// What happens to an actor.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Hit,
    Seen,
    Grow,
    Fails,
    Divides,
    OutOfFuel,
    StackOverflow,
    Reopen,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        5 => Just(Hit),
        2 => Just(Seen),
        1 => prop_oneof![
            Just(Grow), Just(Fails), Just(Divides), Just(OutOfFuel), Just(StackOverflow),
            Just(Reopen),
        ],
    ]
}

/// Makes it happen, and says what the actor's memory must be then.
async fn happen(stage: &mut Stage, happening: Happening, memory: u32) -> u32 {
    let abort = match happening {
        Happening::Hit => {
            assert_eq!(stage.call("counter.hit()").await.unwrap(), (memory + 2).to_string());
            return memory + 2;
        }
        Happening::Seen => {
            assert_eq!(stage.call("counter.seen()").await.unwrap(), memory.to_string());
            return memory;
        }
        Happening::Reopen => {
            stage.reopen().await;
            return 100;
        }
        Happening::Grow => "grow(1000)",
        Happening::Fails => "fails()",
        Happening::Divides => "divides()",
        Happening::OutOfFuel => "forever()",
        Happening::StackOverflow => "deep()",
    };
    stage.call(&format!("counter.{abort}")).await.unwrap_err();
    100
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_life_is_replayed(happenings in prop::collection::vec(happening(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut stage = warm().await;
            let mut memory = 100;
            for happening in &happenings {
                memory = happen(&mut stage, *happening, memory).await;
            }
            stage.check().await;
            let (summary, _) = replayed(&stage, Replayer::new(None, Cache::none()).unwrap()).await;
            let turns = happenings.iter().filter(|h| !matches!(h, Happening::Reopen)).count();
            assert!(summary.is_as_recorded());
            assert_eq!(summary.replayed, turns as u64);
        });
    }
}
