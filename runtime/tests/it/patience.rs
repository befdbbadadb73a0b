//! An actor under the node's root that fails again and again, and those beside it. Time is that of a simulated world.

use std::path::Path;
use std::time::Duration;
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::Source;
use theater_runtime::manifest::Manifest;
use theater_runtime::node::Node;
use theater_runtime::simulation::{Faults, Simulation};
use theater_runtime::trace::{Durability, RunDir};
use theater_runtime::world::Binary;
use tokio::time::{Instant, sleep};
use wasmtime::component::Val;

const WORKER: &str = include_str!("../../../tests/fixtures/worker.wat");

const SECOND: Duration = Duration::from_secs(1);

async fn spawn(node: &Node, name: &str) {
    let text = format!("[actor]\nname = \"{name}\"\n[handlers]\nstate = true\n");
    let manifest = Manifest::parse(Source::new("theater.toml", text), Path::new(""));
    let (manifest, _) = manifest.into_result().unwrap();
    let binary = Binary::read(wat::parse_str(WORKER).unwrap(), &Cache::none()).unwrap();
    let prepared = node.prepare(manifest, binary).unwrap();
    node.spawn(prepared, name, Vec::new(), None).await.unwrap();
}

/// How long it takes until so many turns have trapped.
async fn storm(node: &Node, traps: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..traps {
        node.call("failing", "crash", Vec::new(), None).await.unwrap_err();
    }
    start.elapsed()
}

async fn storm_and_calm(data: std::path::PathBuf) {
    let run = RunDir::create(&data).unwrap();
    let node = Node::open(run, Some(Durability::Async), Cache::none()).await.unwrap().node;
    spawn(&node, "failing").await;
    spawn(&node, "calm").await;
    assert!(storm(&node, 20).await < SECOND, "as often as that, it costs nothing");
    let many = storm(&node, 40).await;
    assert!(many > 8 * SECOND, "{many:?}");

    // It waits now. Others do not, and it hears who wants something of it.
    let start = Instant::now();
    for _ in 0..40 {
        node.call("calm", "add", vec![Val::U64(1)], None).await.unwrap();
    }
    node.restart("failing").await.unwrap();
    assert!(start.elapsed() < SECOND / 10, "{:?}", start.elapsed());

    // Who has been calm for a while has done nothing.
    sleep(6 * SECOND).await;
    assert!(storm(&node, 20).await < SECOND);
    storm(&node, 10).await;
    node.stop("failing").await.unwrap();
    assert!(node.actor("failing").is_none());
    node.shutdown().await.unwrap();
}

#[test]
fn who_fails_again_and_again_waits_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join(".theater");
    let simulation = Simulation::new(3).unwrap();
    assert_eq!(simulation.run(Faults::default(), storm_and_calm(data)), Ok(()));
}
