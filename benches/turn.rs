//! What a traced turn costs, against the floor: a bare wasmtime instance of the same component,
//! with the same engine settings, instantiated, called and dropped. Prints a table:
//!
//! - *bare*: the floor.
//! - *turn*: through the boundary, every import recorded; nothing written.
//! - *traced turn*: and its record appended to the log, which is written and synced meanwhile.
//! - *call*: from outside, by many callers at once: with mailbox, answer, and the waking of tasks.
//!
//! In the rows of warm instances all turns have one, and so has the floor.
//!
//! `cargo bench --bench turn`; behind `--`, names of rows choose some of them, and one of *bare*,
//! *turn*, *traced* and *calls* does nothing but that for a while, for a profiler.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use theater_runtime::boundary::Crossing;
use theater_runtime::boundary::export::Function;
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::Source;
use theater_runtime::engine::EngineConfig;
use theater_runtime::handlers::Context;
use theater_runtime::manifest::Manifest;
use theater_runtime::node::Node;
use theater_runtime::state::State;
use theater_runtime::trace::{
    ActorId, Cause, Durability, Entry, Kind, Log, PayloadKind, RunDir, TurnHeader,
};
use theater_runtime::turn::{self, Compiler, Execution, Program};
use theater_runtime::world::Binary;
use wasmtime::Store;
use wasmtime::component::{Component, Linker, Val};

const COUNTER: &str = include_str!("../templates/counter/wat/src/counter.wat");

/// No import, no state: what the turn itself costs.
const ECHO: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (func (export "echo") (param i32) (result i32) local.get 0))
    (core instance $i (instantiate $m))
    (func (export "echo") (param "value" u32) (result u32)
        (canon lift (core func $i "echo"))))"#;

#[derive(Clone)]
struct Case {
    name: &'static str,
    component: Vec<u8>,
    function: &'static str,
    manifest: &'static str,
    warm: bool,
}

impl Case {
    fn row(&self) -> String {
        format!("{}{}", self.name, if self.warm { ", warm" } else { "" })
    }
}

const TURNS: u32 = 40_000;
const CALLERS: u32 = 2_000;
const ROUNDS: usize = 7;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let fresh = cases();
    let warm = fresh.iter().map(|case| Case { warm: true, ..case.clone() });
    let mut cases: Vec<Case> = fresh.iter().cloned().chain(warm).collect();
    if chosen.iter().any(|word| cases.iter().any(|case| case.row() == *word)) {
        cases.retain(|case| chosen.contains(&case.row()));
    }
    if let Some(part) = ["bare", "turn", "traced", "calls"]
        .into_iter()
        .find(|part| chosen.iter().any(|word| word == part))
    {
        return cases.iter().for_each(|case| only(&runtime, case, part));
    }
    println!(
        "{:<19} {:>9} {:>16} {:>16} {:>16} {:>11}",
        "component", "bare", "turn", "traced turn", "call", "bytes/turn"
    );
    for case in &cases {
        let bytes = &case.component;
        // Rounds take turns, so that a disturbance hits all alike; the best of each counts.
        let mut best = [Duration::MAX; 4];
        let mut size = 0;
        for _ in 0..ROUNDS {
            let (call, bytes_per_turn) = runtime.block_on(calls(bytes, case));
            let times = [
                runtime.block_on(bare_turns(bytes, case)),
                runtime.block_on(turns(bytes, case, None)),
                runtime.block_on(traced_turns(bytes, case)),
                call,
            ];
            for (best, time) in best.iter_mut().zip(times) {
                *best = time.min(*best);
            }
            size = bytes_per_turn;
        }
        let shown = |time: Duration| {
            let ratio = time.as_secs_f64() / best[0].as_secs_f64();
            format!("{time:.2?} {ratio:>5.2}x")
        };
        println!(
            "{:<19} {:>9.2?} {:>16} {:>16} {:>16} {size:>11}",
            case.row(),
            best[0],
            shown(best[1]),
            shown(best[2]),
            shown(best[3]),
        );
    }
}

/// One part of one case, again and again.
fn only(runtime: &tokio::runtime::Runtime, case: &Case, part: &str) {
    let bytes = &case.component;
    let mut best = Duration::MAX;
    for _ in 0..10 * ROUNDS {
        best = best.min(match part {
            "bare" => runtime.block_on(bare_turns(bytes, case)),
            "turn" => runtime.block_on(turns(bytes, case, None)),
            "traced" => runtime.block_on(traced_turns(bytes, case)),
            _ => runtime.block_on(calls(bytes, case)).0,
        });
    }
    println!("{} {part}: {best:.2?}", case.row());
}

/// The cases, with fresh instances. The counter in Rust is among them if it can be built here.
fn cases() -> Vec<Case> {
    let warm = false;
    let (function, manifest) = ("local:my-actor/counter#increment", "[handlers]\nstate = true");
    let echo = wat::parse_str(ECHO).unwrap();
    let counter = wat::parse_str(COUNTER).unwrap();
    let mut cases = vec![
        Case { name: "echo", component: echo, function: "echo", manifest: "", warm },
        Case { name: "counter", component: counter, function, manifest, warm },
    ];
    if let Some(component) = rust_counter() {
        cases.push(Case { name: "counter, Rust", component, function, manifest, warm });
    }
    cases
}

/// The template in Rust, by the compiler that THEATER_TEST_RUSTC names, or the usual one.
fn rust_counter() -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let theater = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_theater"));
        command.args(arguments).current_dir(folder.path());
        if let Some(compiler) = std::env::var_os("THEATER_TEST_RUSTC") {
            command.env("RUSTC", compiler);
        }
        let output = command.output().unwrap();
        if !output.status.success() {
            println!("no counter in Rust: {}", String::from_utf8_lossy(&output.stderr));
        }
        output.status.success()
    };
    let built = theater(&["new", "my-actor", "--vcs", "none"]) && theater(&["build", "my-actor"]);
    built.then(|| std::fs::read(folder.path().join("my-actor/build/my-actor.wasm")).unwrap())
}

fn binary(bytes: &[u8]) -> Binary {
    Binary::read(bytes.to_vec(), &Cache::none()).unwrap()
}

fn manifest(case: &Case) -> Manifest {
    let instance = if case.warm { "warm" } else { "fresh" };
    let text = format!("[actor]\nname = \"bench\"\ninstance = \"{instance}\"\n{}", case.manifest);
    Manifest::parse(Source::new("bench", text), Path::new("")).into_result().unwrap().0
}

/// The floor. The imports of the counter are answered by a variable.
async fn bare_turns(bytes: &[u8], case: &Case) -> Duration {
    let engine = EngineConfig::default().engine().unwrap();
    let component = Component::from_binary(&engine, bytes).unwrap();
    let mut linker: Linker<Option<Val>> = Linker::new(&engine);
    if case.name.starts_with("counter") {
        let mut context = linker.instance("theater:host/context@0.1.0").unwrap();
        context.func_new("abort", |_, _, _, _| Ok(())).unwrap();
        let mut state = linker.instance("theater:host/state@0.1.0").unwrap();
        state
            .func_new("get", |store, _, _, results| {
                results[0] = Val::Option(store.data().clone().map(Box::new));
                Ok(())
            })
            .unwrap();
        state
            .func_new("set", |mut store, _, arguments, _| {
                *store.data_mut() = Some(arguments[1].clone());
                Ok(())
            })
            .unwrap();
    }
    let pre = linker.instantiate_pre(&component).unwrap();
    let (interface, name) = match case.function.split_once('#') {
        Some((interface, name)) => (component.get_export_index(None, interface), name),
        None => (None, case.function),
    };
    let index = component.get_export_index(interface.as_ref(), name).unwrap();
    let start = Instant::now();
    let mut kept = None;
    for _ in 0..TURNS {
        let (mut store, instance) = match kept.take() {
            Some((mut store, instance)) => {
                Store::set_fuel(&mut store, 1_000_000_000).unwrap();
                (store, instance)
            }
            None => {
                let mut store = Store::new(&engine, None);
                store.set_fuel(1_000_000_000).unwrap();
                store.fuel_async_yield_interval(Some(100_000)).unwrap();
                let instance = pre.instantiate_async(&mut store).await.unwrap();
                (store, instance)
            }
        };
        let function = instance.get_func(&mut store, index).unwrap();
        let mut results = [Val::Bool(false)];
        function.call_async(&mut store, &[Val::U32(1)], &mut results).await.unwrap();
        kept = case.warm.then_some((store, instance));
    }
    start.elapsed() / TURNS
}

/// Turns through the boundary, one after the other; each recorded, if there is a log.
async fn turns(bytes: &[u8], case: &Case, log: Option<&Log>) -> Duration {
    let compiler = Compiler::new(EngineConfig::default(), Cache::none()).unwrap();
    let manifest = manifest(case);
    let compiled = compiler.compile(&binary(bytes)).unwrap();
    let program = Program::link(&compiled, &manifest).unwrap();
    let function = program.function(case.function).unwrap();
    let (mut state, mut instance) = (State::default(), None);
    let name: Arc<str> = "bench".into();
    let start = Instant::now();
    for turn in 0..u64::from(TURNS) {
        let context = Context::new(
            name.clone(),
            ActorId(1),
            turn,
            Cause::Outside,
            state.clone(),
            &manifest.handlers,
        );
        let arguments = [Val::U32(1)];
        let task = turn::Task {
            function,
            arguments: &arguments,
            context,
            crossing: Crossing::live(manifest.limits.message),
            limits: &manifest.limits,
            fuel: manifest.limits.fuel,
            cancel: None,
        };
        let mut execution = match case.warm {
            true => turn::execute_warm(&program, &mut instance, task).await,
            false => turn::execute(&program, task).await,
        };
        if let Some(log) = log {
            let encoded = function.encode_arguments(&arguments);
            log.append(entry(function, turn, encoded, &mut execution)).unwrap();
        }
        state = execution.state.unwrap();
    }
    start.elapsed() / TURNS
}

/// The record of a turn, as an actor writes it.
fn entry(function: &Function, turn: u64, arguments: Vec<u8>, execution: &mut Execution) -> Entry {
    let header = TurnHeader {
        turn,
        incarnation: 1,
        instance: execution.instance,
        cause: Cause::Outside,
        function: function.full_name.clone(),
        outcome: execution.outcome,
        fuel: execution.fuel,
        elapsed: u64::try_from(execution.elapsed.as_nanos()).unwrap(),
    };
    let mut payloads = vec![(PayloadKind::Arguments, arguments)];
    if !execution.calls.is_empty() {
        payloads.push((PayloadKind::Calls, std::mem::take(&mut execution.calls)));
        payloads.push((PayloadKind::Delta, execution.delta.encode()));
    }
    payloads.push((PayloadKind::Result, execution.result.take().unwrap()));
    Entry { actor: ActorId(1), kind: Kind::Turn(header), payloads }
}

async fn traced_turns(bytes: &[u8], case: &Case) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path()).unwrap();
    let log = Log::open(&run, Durability::Group, |_, _| Ok(())).unwrap().log;
    turns(bytes, case, Some(&log)).await
}

/// Calls to an actor from many callers at once, so that its mailbox is never empty: the price of a
/// turn, not of waking a task or of waiting for the disk.
async fn calls(bytes: &[u8], case: &Case) -> (Duration, u64) {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path()).unwrap();
    let node = Node::open(run.clone(), Durability::Group, Cache::none()).await.unwrap().node;
    let prepared = node.prepare(manifest(case), binary(bytes)).unwrap();
    node.spawn(prepared, "bench", Vec::new(), None).await.unwrap();
    let before = size(&run);
    let start = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (node, function) = (node.clone(), case.function.to_owned());
            tokio::spawn(async move {
                for _ in 0..TURNS / CALLERS {
                    node.call("bench", &function, vec![Val::U32(1)], None).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let time = start.elapsed() / TURNS;
    node.shutdown().await.unwrap();
    (time, (size(&run) - before) / u64::from(TURNS))
}

fn size(run: &RunDir) -> u64 {
    let segments = run.segments().unwrap();
    segments.iter().map(|number| std::fs::metadata(run.segment(*number)).unwrap().len()).sum()
}
