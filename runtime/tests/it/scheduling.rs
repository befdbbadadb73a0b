//! Many actors on few threads: nobody starves, nobody who waits holds a thread, and who does nothing holds nothing.

use crate::stage::{COUNTER, Stage};
use std::path::Path;
use theater_runtime::actor::CallError;
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::Source;
use theater_runtime::manifest::Manifest;
use theater_runtime::node::Node;
use theater_runtime::turn::OutcomeKind;
use theater_runtime::world::Binary;
use wasmtime::Engine;
use wasmtime::component::Val;

const WASI: &str = include_str!("../../../tests/fixtures/wasi.wat");
const WORKER: &str = include_str!("../../../tests/fixtures/worker.wat");

/// Limits that no turn reaches while a test runs.
const PATIENT: &str = "[limits]\nfuel = 1_000_000_000_000\ntimeout = \"1h\"\n";

const HOUR: u64 = 3_600_000_000_000;

/// Many actors of one component.
async fn spawn(node: &Node, wat: &str, manifest: &str, count: usize) -> Vec<String> {
    let bytes = wat::parse_str(wat).unwrap();
    let names: Vec<String> = (0..count).map(|number| format!("a-{number}")).collect();
    for name in &names {
        let text = format!("[actor]\nname = \"{name}\"\n{manifest}");
        let source = Source::new("theater.toml", text);
        let (manifest, _) = Manifest::parse(source, Path::new("")).into_result().unwrap();
        let binary = Binary::read(bytes.clone(), &Cache::none()).unwrap();
        let prepared = node.prepare(manifest, binary).unwrap();
        node.spawn(prepared, name, Vec::new(), None).await.unwrap();
    }
    names
}

/// Begins a call of each of these actors, and waits for none.
fn begin(node: &Node, names: &[String], function: &'static str, arguments: Vec<Val>) {
    for name in names {
        let (node, name, arguments) = (node.clone(), name.clone(), arguments.clone());
        tokio::spawn(async move { node.call(&name, function, arguments, None).await });
    }
}

/// Waits until each of these actors is in a turn: their mailboxes are empty by then, and so many instances live.
async fn all_are_busy(node: &Node, engine: &Engine, names: &[String]) {
    let instances = || engine.pooling_allocator_metrics().unwrap().component_instances();
    while names.iter().any(|name| node.waiting(name) > 0) || instances() < names.len() as u64 {
        tokio::task::yield_now().await;
    }
}

/// The counter answers while these actors are busy, which are killed then.
async fn the_counter_counts(stage: Stage, busy: &[String]) {
    for count in 1..=50 {
        assert_eq!(stage.call("counter.increment(1)").await.unwrap(), count.to_string());
    }
    for name in busy {
        stage.node.kill(name).await.unwrap();
    }
    stage.node.shutdown().await.unwrap();
}

fn engine_of(node: &Node, name: &str) -> Engine {
    node.actor(name).unwrap().program.engine().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn actors_in_endless_loops_starve_nobody() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    let names =
        spawn(&stage.node, WORKER, &format!("[handlers]\nstate = true\n{PATIENT}"), 16).await;
    begin(&stage.node, &names, "spin", Vec::new());
    all_are_busy(&stage.node, &engine_of(&stage.node, "a-0"), &names).await;
    the_counter_counts(stage, &names).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn turns_that_wait_hold_no_thread() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    let manifest = format!("[handlers]\nlog = true\nclock = true\n{PATIENT}");
    let names = spawn(&stage.node, WASI, &manifest, 100).await;
    begin(&stage.node, &names, "wait", vec![Val::U64(HOUR)]);
    all_are_busy(&stage.node, &engine_of(&stage.node, "a-0"), &names).await;
    the_counter_counts(stage, &names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_beyond_the_slots_wait_and_are_all_executed() {
    const SLOTS: u64 = 128;
    let stage = Stage::new().await;
    let manifest = "[handlers]\nlog = true\nclock = true\n[limits]\ntimeout = \"3s\"\n";
    let names = spawn(&stage.node, WASI, manifest, 200).await;
    let engine = engine_of(&stage.node, "a-0");
    let instances = || engine.pooling_allocator_metrics().unwrap().component_instances();
    let calls: Vec<_> = names
        .iter()
        .map(|name| {
            let (node, name) = (stage.node.clone(), name.clone());
            let hour = vec![Val::U64(HOUR)];
            tokio::spawn(async move { node.call(&name, "wait", hour, None).await })
        })
        .collect();
    let mut most = 0;
    while calls.iter().any(|call| !call.is_finished()) {
        most = most.max(instances());
        tokio::task::yield_now().await;
    }
    assert_eq!(most, SLOTS);
    for call in calls {
        // Each has run, and for as long as its limit allows.
        let error = call.await.unwrap().unwrap_err();
        let CallError::Aborted { outcome, .. } = error else { panic!("{error}") };
        assert_eq!(outcome, OutcomeKind::Timeout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_actors_are_served_and_who_is_idle_holds_no_instance() {
    let stage = Stage::new().await;
    let names = spawn(&stage.node, WORKER, "[handlers]\nstate = true\n", 2_000).await;
    let engine = engine_of(&stage.node, "a-0");
    for round in 1..=3_u64 {
        let calls: Vec<_> = names
            .iter()
            .map(|name| {
                let (node, name) = (stage.node.clone(), name.clone());
                let one = vec![Val::U64(1)];
                tokio::spawn(async move { node.call(&name, "add", one, None).await })
            })
            .collect();
        for call in calls {
            let reply = call.await.unwrap().unwrap();
            assert!(matches!(reply.values[..], [Val::U64(sum)] if sum == round));
        }
    }
    let metrics = engine.pooling_allocator_metrics().unwrap();
    assert_eq!((metrics.core_instances(), metrics.memories(), metrics.stacks()), (0, 0, 0));
    // One that keeps its instance is the one that has one.
    let warm = "instance = \"warm\"\n[handlers]\nstate = true";
    stage.spawn(COUNTER, warm).await;
    stage.call("counter.increment(1)").await.unwrap();
    assert!(engine.pooling_allocator_metrics().unwrap().memories() > 0);
}
