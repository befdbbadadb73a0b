//! What many actors cost, against bare tokio. Prints three tables:
//!
//! - 1,000 actors that talk in pairs, all at once: a *message* to the other one's inbox, which is a turn, and a
//!   *request*, which is two turns and an answer that waits for the disk. The floor is the same between tasks with
//!   tokio's channels.
//! - A trap and the *restart* that follows, against a fresh turn of the same actor, under a supervisor that never gives
//!   up. (The node's root lets an actor wait that traps too often.)
//! - 100,000 *idle* named actors: the bytes each, in memory and in the log; the time to spawn one, to go on with the
//!   run from the whole log and from a snapshot, and to end the node.
//!
//! What limits them, by samples of both cores of one machine. A message or a request: processor time, of which no part
//! stands out: a fifth is wasmtime entering the guest and making its instance, a tenth the record, as much the
//! search for the receiver and the answer of its import, a seventh the snapshot that reads the log beside, an eighth the
//! allocator, the rest the actor's task and tokio's. A trap with its restart: a sixth is the signal by which
//! the processor's exception comes back to the process, and most of the rest the turn itself and the disk, since the
//! end and the next beginning are stored. An idle actor's birth waits for the disk, its recovery for the
//! allocator, the end for children that are stopped one after the other.
//!
//! `cargo bench --bench actors`; behind `--`, *talk*, *restart* or *idle* prints that table alone, and a number is the
//! number of idle actors.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::Source;
use theater_runtime::manifest::{BareGrants, Manifest};
use theater_runtime::node::{Node, Start, make_snapshot};
use theater_runtime::trace::{Durability, RunDir};
use theater_runtime::world::Binary;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::Val;

const PLAYER: &str = include_str!("actors/player.wat");
const BOSS: &str = include_str!("../tests/fixtures/boss.wat");

/// What a player is granted.
const GRANTS: &str = "[handlers]\nmessenger = { to = [\"*\"] }\n";

/// Actors that talk in pairs.
const PLAYERS: usize = 1_000;
/// Messages of one pair, or requests of one asker.
const MOVES: usize = 100;
/// Actors that do nothing.
const IDLE: usize = 100_000;
/// How many are spawned, or called, at the same time.
const HANDS: usize = 500;
/// Turns of one kind in the table of restarts.
const TURNS: usize = 20_000;
const ROUNDS: usize = 3;

/// The rows of idle actors, as words of the command line.
const ROOT: &str = "idle-under-root";
const REQUEST: &str = "idle-on-request";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let idle = words.iter().find_map(|word| word.parse().ok()).unwrap_or(IDLE);
    let parts = words.iter().any(|word| word.parse::<usize>().is_err());
    let is_wanted = |part: &str| !parts || words.iter().any(|word| word == part);
    if is_wanted("talk") {
        runtime.block_on(talk());
    }
    if is_wanted("restart") {
        runtime.block_on(restart());
    }
    if is_wanted("idle") {
        println!(
            "{:<22} {:>9} {:>9} {:>9} {:>10} {:>10} {:>9}",
            "idle actors", "memory", "log", "spawn", "whole log", "snapshot", "end"
        );
        [ROOT, REQUEST].iter().for_each(|row| in_own_process(row, idle));
    } else if is_wanted(ROOT) {
        runtime.block_on(idle_under_root(idle));
    } else if is_wanted(REQUEST) {
        runtime.block_on(idle_on_request(idle));
    }
}

/// A row for which memory is measured: what another row has used and given back would be in it.
fn in_own_process(row: &str, idle: usize) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let ended = command.args([row, &idle.to_string()]).status().unwrap();
    assert!(ended.success());
}

/// A node with a new run.
struct Stage {
    dir: tempfile::TempDir,
    run: RunDir,
    node: Node,
}

impl Stage {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path()).unwrap();
        let node = open(&run).await;
        Self { dir, run, node }
    }

    /// Spawns actors of one project, many at the same time.
    async fn spawn(&self, count: usize, manifest: &str) {
        let bytes = wat::parse_str(PLAYER).unwrap();
        let source = |name: &str| format!("[actor]\nname = \"{name}\"\n{manifest}");
        let hands = (0..HANDS).map(|hand| {
            let (node, bytes, text) = (self.node.clone(), bytes.clone(), source("player"));
            tokio::spawn(async move {
                let binary = Binary::read(bytes, &Cache::none()).unwrap();
                for number in (hand..count).step_by(HANDS) {
                    let source = Source::new("theater.toml", text.clone());
                    let manifest = Manifest::parse(source, Path::new("")).into_result().unwrap().0;
                    let prepared = node.prepare(manifest, binary.clone()).unwrap();
                    node.spawn(prepared, &name(number), Vec::new(), None).await.unwrap();
                }
            })
        });
        all(hands.collect()).await;
    }
}

async fn open(run: &RunDir) -> Node {
    let opened = Node::open(run.clone(), Some(Durability::Group), Cache::none()).await.unwrap();
    assert!(opened.problems.is_empty(), "{:?}", opened.problems);
    opened.node
}

async fn all(tasks: Vec<tokio::task::JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

/// The name of an actor, of 8 bytes.
fn name(number: usize) -> String {
    format!("p{number:07}")
}

fn against(time: Duration, floor: Duration) -> String {
    format!("{time:.2?} {:>6.1}x", time.as_secs_f64() / floor.as_secs_f64())
}

async fn talk() {
    let mut best = [[Duration::MAX; 2]; 3];
    for _ in 0..ROUNDS {
        let times = [
            [channel_messages().await, channel_requests().await],
            actor_talk("fresh").await,
            actor_talk("warm").await,
        ];
        for (best, time) in best.as_flattened_mut().iter_mut().zip(times.as_flattened()) {
            *best = (*best).min(*time);
        }
    }
    println!("{:<22} {:>18} {:>18}", format!("{PLAYERS} in pairs"), "message", "request");
    for (row, times) in ["tokio", "fresh instances", "warm instances"].into_iter().zip(best) {
        let [message, request] = [0, 1].map(|column| against(times[column], best[0][column]));
        println!("{row:<22} {message:>18} {request:>18}");
    }
    println!();
}

/// The time of one message, and of one request.
async fn actor_talk(instance: &str) -> [Duration; 2] {
    let stage = Stage::new().await;
    stage.spawn(PLAYERS, &format!("instance = \"{instance}\"\n{GRANTS}")).await;
    let node = &stage.node;
    let turns = || node.actors().iter().map(|actor| actor.last_turn()).sum::<u64>();
    let start = Instant::now();
    for pair in 0..PLAYERS / 2 {
        let (one, other) = (name(pair * 2), name(pair * 2 + 1));
        let (node, moves) = (node.clone(), "m".repeat(MOVES - 1));
        tokio::spawn(async move {
            node.send(&one, format!("{other}{one}{moves}"), None).await.unwrap();
        });
    }
    while turns() < (PLAYERS / 2 * MOVES) as u64 {
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    let message = start.elapsed() / (PLAYERS / 2 * MOVES) as u32;
    let start = Instant::now();
    let askers = (0..PLAYERS / 2).map(|pair| {
        let (one, other, node) = (name(pair * 2), name(pair * 2 + 1), node.clone());
        tokio::spawn(async move {
            for _ in 0..MOVES / 4 {
                node.call(&one, "ask", vec![Val::String(other.clone())], None).await.unwrap();
            }
        })
    });
    all(askers.collect()).await;
    let request = start.elapsed() / (PLAYERS / 2 * (MOVES / 4)) as u32;
    node.shutdown().await.unwrap();
    [message, request]
}

/// The floor of a message: tasks in pairs, each with a channel.
async fn channel_messages() -> Duration {
    let start = Instant::now();
    let mut players = Vec::new();
    for _ in 0..PLAYERS / 2 {
        let (to_one, mut one) = mpsc::channel::<String>(10_000);
        let (to_other, mut other) = mpsc::channel::<String>(10_000);
        to_one.try_send("m".repeat(16 + MOVES - 1)).unwrap();
        let moves = MOVES / 2;
        players.push(tokio::spawn(async move {
            for _ in 0..moves {
                let Some(mut message) = one.recv().await else { return };
                message.pop();
                let _ = to_other.send(message).await;
            }
        }));
        players.push(tokio::spawn(async move {
            for _ in 0..moves {
                let Some(mut message) = other.recv().await else { return };
                message.pop();
                let _ = to_one.send(message).await;
            }
        }));
    }
    all(players).await;
    start.elapsed() / (PLAYERS / 2 * MOVES) as u32
}

/// What is asked of a task, and where the answer goes.
type Asked = (String, oneshot::Sender<String>);

/// The floor of a request: somebody outside asks a task, which asks another one.
async fn channel_requests() -> Duration {
    let start = Instant::now();
    let mut askers = Vec::new();
    for _ in 0..PLAYERS / 2 {
        let (to_one, mut one) = mpsc::channel::<Asked>(10_000);
        let (to_other, mut other) = mpsc::channel::<Asked>(10_000);
        tokio::spawn(async move {
            while let Some((message, reply)) = one.recv().await {
                let (inner, answer) = oneshot::channel();
                to_other.send((message, inner)).await.unwrap();
                let _ = reply.send(answer.await.unwrap());
            }
        });
        tokio::spawn(async move {
            while let Some((message, reply)) = other.recv().await {
                let _ = reply.send(message);
            }
        });
        askers.push(tokio::spawn(async move {
            for _ in 0..MOVES / 4 {
                let (reply, answer) = oneshot::channel();
                to_one.send((name(0), reply)).await.unwrap();
                answer.await.unwrap();
            }
        }));
    }
    all(askers).await;
    start.elapsed() / (PLAYERS / 2 * (MOVES / 4)) as u32
}

async fn restart() {
    println!("{:<22} {:>9} {:>18}", "actor", "turn", "trap, restart");
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        let stage = Stage::new().await;
        spawn_application(&stage).await;
        for (best, function) in best.iter_mut().zip(["nothing", "crash"]) {
            *best = (*best).min(calls(&stage.node, "app/player", function).await);
        }
        stage.node.shutdown().await.unwrap();
    }
    println!("{:<22} {:>9.2?} {:>18}", "under a supervisor", best[0], against(best[1], best[0]));
    println!();
}

/// A player under a supervisor that never gives up.
async fn spawn_application(stage: &Stage) {
    let app = "[actor]\nname = \"app\"\n[handlers]\nmessenger = { to = [\"*\"] }\n\
               [supervisor]\nintensity = 1_000_000_000\nperiod = \"1s\"\n\
               [[children]]\nname = \"player\"\nmanifest = \"player\"\n";
    write_project(stage.dir.path(), app, None);
    write_project(&stage.dir.path().join("player"), &player(), Some(PLAYER));
    load(stage, stage.dir.path()).await;
}

/// The manifest of a player.
fn player() -> String {
    format!("[actor]\nname = \"player\"\ncomponent = \"it.wat\"\n{GRANTS}")
}

fn write_project(folder: &Path, manifest: &str, wat: Option<&str>) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("theater.toml"), manifest).unwrap();
    if let Some(wat) = wat {
        fs::write(folder.join("it.wat"), wat).unwrap();
    }
}

async fn load(stage: &Stage, folder: &Path) {
    let loaded = Start::of_path(folder).load(&BareGrants::default(), &Cache::none());
    let loaded = loaded.unwrap().unwrap();
    let name = loaded.name().to_owned();
    loaded.spawn(&stage.node, &name, None, None).await.unwrap();
}

/// The time of one call, of many at the same time.
async fn calls(node: &Node, path: &'static str, function: &'static str) -> Duration {
    let start = Instant::now();
    let hands = (0..HANDS).map(|_| {
        let node = node.clone();
        tokio::spawn(async move {
            for _ in 0..TURNS / HANDS {
                let called = node.call(path, function, Vec::new(), None).await;
                assert_eq!(called.is_ok(), function == "nothing");
            }
        })
    });
    all(hands.collect()).await;
    start.elapsed() / TURNS as u32
}

async fn idle_under_root(count: usize) {
    let stage = Stage::new().await;
    // What there is once, whoever comes.
    stage.spawn(1, GRANTS).await;
    stage.node.stop(&name(0)).await.unwrap();
    let (memory, log) = (memory(), log_size(&stage.run));
    let start = Instant::now();
    stage.spawn(count, GRANTS).await;
    idle(stage, count, "under the root", memory, log, start).await;
}

async fn idle_on_request(count: usize) {
    let stage = Stage::new().await;
    let boss = "[actor]\nname = \"boss\"\ncomponent = \"it.wat\"\n\
                [handlers]\nmessenger = { to = [\"*\"] }\nsupervisor = { max = 1_000_000 }\n\
                [supervisor]\n[[children]]\nname = \"player\"\nmanifest = \"player\"\n\
                start = \"on-request\"\nrestart = \"temporary\"\n";
    write_project(stage.dir.path(), boss, Some(BOSS));
    write_project(&stage.dir.path().join("player"), &player(), Some(PLAYER));
    load(&stage, stage.dir.path()).await;
    let (memory, log) = (memory(), log_size(&stage.run));
    let start = Instant::now();
    let hands = (0..HANDS).map(|hand| {
        let node = stage.node.clone();
        tokio::spawn(async move {
            for number in (hand..count).step_by(HANDS) {
                let arguments = ["player".to_owned(), name(number)].map(Val::String);
                let mut arguments = arguments.to_vec();
                arguments.push(Val::Option(None));
                let hired = node.call("boss", "hire", arguments, None).await.unwrap();
                assert_eq!(hired.values, [Val::U32(0)]);
            }
        })
    });
    all(hands.collect()).await;
    while stage.node.actors().len() <= count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    idle(stage, count, "on request", memory, log, start).await;
}

/// All of them have been spawned since `start`.
async fn idle(stage: Stage, count: usize, row: &str, memory_before: u64, log: u64, start: Instant) {
    let spawn = start.elapsed() / count as u32;
    let memory = memory().saturating_sub(memory_before) / count as u64;
    let start = Instant::now();
    stage.node.shutdown().await.unwrap();
    let end = start.elapsed();
    let log = (log_size(&stage.run) - log) / count as u64;
    let snapshots = stage.run.path().join("snapshots");
    if snapshots.exists() {
        fs::remove_dir_all(&snapshots).unwrap();
    }
    let whole = recover(&stage.run, count).await;
    make_snapshot(&stage.run).unwrap();
    let snapshot = recover(&stage.run, count).await;
    println!(
        "{:<22} {memory:>7} B {log:>7} B {spawn:>9.2?} {whole:>10.2?} {snapshot:>10.2?} {end:>9.2?}",
        format!("{count} {row}")
    );
}

async fn recover(run: &RunDir, count: usize) -> Duration {
    let start = Instant::now();
    let node = open(run).await;
    let time = start.elapsed();
    assert!(node.actors().len() >= count);
    node.shutdown().await.unwrap();
    time
}

fn log_size(run: &RunDir) -> u64 {
    let segments = run.segments().unwrap();
    segments.iter().map(|number| fs::metadata(run.segment(*number)).unwrap().len()).sum()
}

/// The memory of this process, in bytes.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}
