//! How fast recorded turns are executed again, on one core and on two, and what recording with an index costs.
//!
//! `cargo bench --bench replay`
//!
//! Two cores of a machine are rarely twice one: they share caches, clock and often the core itself. What they can give
//! is measured in the same run: two processes at once, of which each replays the same run on one thread. Replay scales
//! if one process with two threads does as well.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::Source;
use theater_runtime::manifest::Manifest;
use theater_runtime::node::Node;
use theater_runtime::replay::{History, Replayer, Selection, replay_all};
use theater_runtime::trace::{Durability, RunDir};
use theater_runtime::world::Binary;
use tokio::runtime::{Builder, Runtime};
use wasmtime::component::Val;

const COUNTER: &str = include_str!("../templates/counter/wat/src/counter.wat");

/// How many turns are recorded to be replayed, and by how many callers.
const TURNS: u64 = 200_000;
const CALLERS: u64 = 2000;

/// How often each thing is done. They take turns, so that what else the machine does meets all of them.
const ROUNDS: usize = 9;

/// In the environment of a process that only replays a run: the folder with the run. It begins when it is told to, and prints its turns a
/// second.
const ONLY: &str = "THEATER_BENCH_ONLY";

fn main() {
    if let Some(data) = std::env::var_os(ONLY) {
        let run = RunDir::latest(Path::new(&data)).unwrap();
        println!("ready");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        println!("{}", replayed(&run, 1));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let both = threads(2);
    println!("turns/s, the slowest, the middle and the fastest of {ROUNDS} rounds");
    let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // What comes second finds the machine as the first one left it.
        let mut rates = [0.0; 2];
        for has_index in [round % 2 == 0, round % 2 != 0] {
            let run = RunDir::create(&folder.path().join(format!("{round}-{has_index}"))).unwrap();
            rates[usize::from(has_index)] = both.block_on(recorded(&run, has_index));
        }
        without.push(rates[0]);
        with.push(rates[1]);
        ratios.push(rates[1] / rates[0]);
    }
    row("recorded without an index", without);
    row("recorded with an index", with);
    println!("with an index: {:.2} times the rate without, in the middle round", middle(ratios));
    replay(&folder.path().join("0-true"));
}

/// Replays a run on one thread, on two, and in two processes.
fn replay(data: &Path) {
    let run = RunDir::latest(data).unwrap();
    let (mut one, mut two, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(replayed(&run, 1));
        two.push(replayed(&run, 2));
        floor.push(in_processes(data, 2));
    }
    row("replayed on one thread", one.clone());
    row("replayed on two threads", two.clone());
    row("replayed by two processes of one thread", floor.clone());
    let times = |rates: Vec<f64>| middle(rates) / middle(one.clone());
    println!("two threads: {:.2} times one; two processes: {:.2} times", times(two), times(floor));
}

/// Turns a second of a replay by so many threads.
fn replayed(run: &RunDir, count: usize) -> f64 {
    let history = Arc::new(History::load(run).unwrap());
    let replayer = Arc::new(Replayer::new(None, Cache::none()).unwrap());
    let began = Instant::now();
    let work = replay_all(history, replayer, Selection::All, |_, _, _| ());
    let summary = threads(count).block_on(work);
    assert!(summary.is_as_recorded(), "{summary:?}");
    rate(began.elapsed())
}

/// Turns a second of so many processes together that replay a run at once, each with one thread.
fn in_processes(data: &Path, count: usize) -> f64 {
    use std::io::{BufRead, BufReader};
    let mut processes: Vec<_> = (0..count)
        .map(|_| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.env(ONLY, data).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut process = command.spawn().unwrap();
            let mut output = BufReader::new(process.stdout.take().unwrap());
            output.read_line(&mut String::new()).unwrap();
            (process, output)
        })
        .collect();
    for (process, _) in &mut processes {
        drop(process.stdin.take());
    }
    let rates = processes.into_iter().map(|(mut process, mut output)| {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(process.wait().unwrap().success());
        line.trim().parse::<f64>().unwrap()
    });
    rates.sum()
}

/// Records calls of a counter, as many as it takes. Turns a second.
async fn recorded(run: &RunDir, has_index: bool) -> f64 {
    if !has_index {
        // Where its folder would be.
        std::fs::write(run.path().join("index"), []).unwrap();
    }
    let node = Node::open(run.clone(), Some(Durability::Group), Cache::none()).await.unwrap().node;
    let text = "[actor]\nname = \"counter\"\n[handlers]\nstate = true\n".to_owned();
    let source = Source::new("theater.toml", text);
    let (manifest, _) = Manifest::parse(source, Path::new("")).into_result().unwrap();
    let wat = COUNTER.replace("my-actor", "counter");
    let binary = Binary::read(wat::parse_str(wat).unwrap(), &Cache::none()).unwrap();
    let prepared = node.prepare(manifest, binary).unwrap();
    node.spawn(prepared, "counter", Vec::new(), None).await.unwrap();
    let functions = &node.actor("counter").unwrap().program.functions;
    let increment = functions.iter().find(|function| function.name == "increment").unwrap();
    let function = increment.full_name.clone();
    let began = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (node, function) = (node.clone(), function.clone());
            tokio::spawn(async move {
                for _ in 0..TURNS / CALLERS {
                    node.call("counter", &function, vec![Val::U32(1)], None).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let rate = rate(began.elapsed());
    node.shutdown().await.unwrap();
    rate
}

fn threads(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).enable_all().build().unwrap()
}

fn rate(took: Duration) -> f64 {
    TURNS as f64 / took.as_secs_f64()
}

fn middle(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn row(what: &str, mut rates: Vec<f64>) {
    rates.sort_by(f64::total_cmp);
    println!(
        "{what:<42} {:>9.0} {:>9.0} {:>9.0}",
        rates[0],
        middle(rates.clone()),
        rates[rates.len() - 1]
    );
}
