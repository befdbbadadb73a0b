//! How long a node takes to go on with a run, with the snapshot that nodes make and without: the former follows what came
//! since, the latter the length of the history. The floor is a run in which nothing has happened. Prints a table.
//!
//! `cargo bench --bench recovery`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::time::{Duration, Instant};
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::Source;
use theater_runtime::manifest::Manifest;
use theater_runtime::node::{Node, make_snapshot};
use theater_runtime::trace::{Durability, RunDir};
use theater_runtime::world::Binary;
use wasmtime::component::Val;

const COUNTER: &str = include_str!("../templates/counter/wat/src/counter.wat");

/// Calls that are under way at the same time.
const CALLERS: u32 = 64;

const ROUNDS: u32 = 5;

#[tokio::main]
async fn main() {
    println!("{:<12} {:>12} {:>12} {:>8}", "turns", "whole log", "snapshot", "ratio");
    for turns in [0, 10_000, 100_000] {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path()).unwrap();
        live(&run, turns).await;
        let whole = best(&run, true).await;
        make_snapshot(&run).unwrap();
        let short = best(&run, false).await;
        let ratio = whole.as_secs_f64() / short.as_secs_f64();
        println!("{turns:<12} {whole:>12.2?} {short:>12.2?} {ratio:>7.1}x");
    }
}

async fn open(run: &RunDir) -> Node {
    Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap().node
}

/// The life of a counter with so many turns.
async fn live(run: &RunDir, turns: u32) {
    let node = open(run).await;
    let manifest = "[actor]\nname = \"counter\"\n[handlers]\nstate = true\n".to_owned();
    let manifest = Manifest::parse(Source::new("theater.toml", manifest), "".as_ref());
    let (manifest, _) = manifest.into_result().unwrap();
    let binary = Binary::read(wat::parse_str(COUNTER).unwrap(), &Cache::none()).unwrap();
    let prepared = node.prepare(manifest, binary).unwrap();
    let actor = node.spawn(prepared, "counter", Vec::new(), None).await.unwrap();
    let increment = actor.program.functions.iter().find(|f| f.name == "increment").unwrap();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (node, function) = (node.clone(), increment.full_name.clone());
            let calls = turns / CALLERS + u32::from(caller < turns % CALLERS);
            tokio::spawn(async move {
                for _ in 0..calls {
                    node.call("counter", &function, vec![Val::U32(1)], None).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    node.shutdown().await.unwrap();
}

/// The best time in which a node goes on, with the `whole` log or with a snapshot. What an opening adds to the log are
/// a few records.
async fn best(run: &RunDir, whole: bool) -> Duration {
    let snapshots = run.path().join("snapshots");
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        // A node that has read the whole log makes one.
        if whole && snapshots.exists() {
            fs::remove_dir_all(&snapshots).unwrap();
        }
        let start = Instant::now();
        let node = open(run).await;
        best = best.min(start.elapsed());
        node.shutdown().await.unwrap();
    }
    best
}
