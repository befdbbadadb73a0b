//! What a traced turn costs, against the floor: a bare wasmtime instance of the same component,
//! with the same engine settings, instantiated, called and dropped. Prints a table:
//!
//! - *bare*: the floor.
//! - *turn*: through the boundary, every import recorded; nothing written.
//! - *traced turn*: and its record appended to the log, which is written and synced meanwhile.
//! - *call*: from outside, by many callers at once: with mailbox, answer, and the waking of tasks.
//!
//! In the rows of warm instances all turns have one, and so has the floor. The counter in Rust
//! stands there a second time without its panic hook, which `_initialize` sets in every fresh
//! instance.
//!
//! A second table has what a *trap* costs, as a turn with its report, against a turn of the same
//! component that returns. What follows a trap, the restart of the actor, is not in it.
//!
//! `cargo bench --bench turn`; behind `--`, names of rows choose some of them, and one of *bare*,
//! *turn*, *traced*, *calls* and *trap* does nothing but that for a while, for a profiler.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use theater_runtime::boundary::Crossing;
use theater_runtime::boundary::export::Function;
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::Source;
use theater_runtime::engine::{EngineConfig, Purpose};
use theater_runtime::handlers::{Context, Origin};
use theater_runtime::manifest::Manifest;
use theater_runtime::node::Node;
use theater_runtime::state::State;
use theater_runtime::trace::{
    ActorId, Cause, Durability, Entry, Kind, Log, Opening, PayloadKind, RunDir, TurnHeader,
};
use theater_runtime::turn::{self, Compiler, Execution, OutcomeKind, Program};
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

/// Traps in the innermost of this many named functions if its argument is [`TOO_MUCH`].
const DEEP: u32 = 10;

const TURNS: u32 = 40_000;
const TRAPS: u32 = 4_000;
/// With this argument the counters trap, if the count is not 0.
const TOO_MUCH: u32 = u32::MAX;
const CALLERS: u32 = 2_000;
const ROUNDS: usize = 7;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let mut cases = cases();
    let warm: Vec<Case> = cases
        .iter()
        .filter(|case| case.name != UNHOOKED)
        .map(|case| Case { warm: true, ..case.clone() })
        .collect();
    cases.extend(warm);
    let mut trapping: Vec<Case> =
        cases.iter().filter(|case| case.name != "echo" && !case.warm).cloned().collect();
    trapping.push(deep());
    if cases.iter().chain(&trapping).any(|case| chosen.contains(&case.row())) {
        cases.retain(|case| chosen.contains(&case.row()));
        trapping.retain(|case| chosen.contains(&case.row()));
    }
    if let Some(part) = ["bare", "turn", "traced", "calls", "trap"]
        .into_iter()
        .find(|part| chosen.iter().any(|word| word == part))
    {
        let cases = if part == "trap" { &trapping } else { &cases };
        return cases.iter().for_each(|case| only(&runtime, case, part));
    }
    all(&runtime, &cases);
    println!("\n{:<19} {:>9} {:>16}", "component", "turn", "trap");
    for case in &trapping {
        trap(&runtime, case);
    }
}

fn all(runtime: &tokio::runtime::Runtime, cases: &[Case]) {
    println!(
        "{:<19} {:>9} {:>16} {:>16} {:>16} {:>11}",
        "component", "bare", "turn", "traced turn", "call", "bytes/turn"
    );
    for case in cases {
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
        let shown = |time| against(time, best[0]);
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

fn trap(runtime: &tokio::runtime::Runtime, case: &Case) {
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        let (turn, trap) = (turns(&case.component, case, None), traps(&case.component, case));
        best = [best[0].min(runtime.block_on(turn)), best[1].min(runtime.block_on(trap))];
    }
    println!("{:<19} {:>9.2?} {:>16}", case.row(), best[0], against(best[1], best[0]));
}

fn against(time: Duration, floor: Duration) -> String {
    let ratio = time.as_secs_f64() / floor.as_secs_f64();
    format!("{time:.2?} {ratio:>5.2}x")
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
            "trap" => runtime.block_on(traps(bytes, case)),
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
    for (name, component) in rust_counters() {
        cases.push(Case { name, component, function, manifest, warm });
    }
    cases
}

/// The counter in Rust without its panic hook.
const UNHOOKED: &str = "counter, no hook";

/// The template in Rust, by the compiler that THEATER_TEST_RUSTC names, or the usual one.
fn rust_counters() -> Vec<(&'static str, Vec<u8>)> {
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
    let project = folder.path().join("my-actor");
    let component = || std::fs::read(project.join("build/my-actor.wasm")).unwrap();
    if !theater(&["new", "my-actor", "--vcs", "none"]) || !theater(&["build", "my-actor"]) {
        return Vec::new();
    }
    let hooked = component();
    let source = project.join("src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(source, text.replace("mod panic;\n", "")).unwrap();
    assert!(theater(&["build", "my-actor"]));
    vec![("counter, Rust", hooked), (UNHOOKED, component())]
}

fn deep() -> Case {
    let functions: String = (1..DEEP)
        .map(|depth| {
            let next = depth + 1;
            format!(
                "(func $depth{depth} (param i32) (result i32) (call $depth{next} (local.get 0)))"
            )
        })
        .collect();
    let component = format!(
        r#"(component
            (core module $m
                {functions}
                (func $depth{DEEP} (param i32) (result i32)
                    (if (i32.eq (local.get 0) (i32.const {TOO_MUCH})) (then unreachable))
                    (local.get 0))
                (export "f" (func $depth1)))
            (core instance $i (instantiate $m))
            (func (export "f") (param "value" u32) (result u32) (canon lift (core func $i "f"))))"#
    );
    let component = wat::parse_str(component).unwrap();
    Case { name: "ten deep", component, function: "f", manifest: "", warm: false }
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
    let (engine, _) = EngineConfig::default().engine(Purpose::Node).unwrap();
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

/// A component that is ready for turns through the boundary.
struct Prepared {
    program: Program,
    manifest: Manifest,
    name: Arc<str>,
    function: &'static str,
}

impl Prepared {
    fn new(bytes: &[u8], case: &Case) -> Self {
        let compiler =
            Compiler::new(EngineConfig::default(), Purpose::Node, Cache::none()).unwrap();
        let manifest = manifest(case);
        let compiled = compiler.compile(&binary(bytes)).unwrap();
        let program = Program::link(&compiled, &manifest).unwrap();
        Self { program, manifest, name: "bench".into(), function: case.function }
    }

    fn function(&self) -> &Function {
        self.program.function(self.function).unwrap()
    }

    fn task<'t>(&'t self, turn: u64, state: State, arguments: &'t [Val]) -> turn::Task<'t> {
        let (name, handlers) = (self.name.clone(), &self.manifest.handlers);
        let limits = &self.manifest.limits;
        turn::Task {
            function: self.function(),
            arguments,
            context: Context::new(name, ActorId(1), turn, Origin::Outside, state, handlers),
            crossing: Crossing::live(limits.message),
            limits,
            fuel: limits.fuel,
            cancel: None,
        }
    }
}

/// Turns through the boundary, one after the other; each recorded, if there is a log.
async fn turns(bytes: &[u8], case: &Case, log: Option<&Log>) -> Duration {
    let prepared = Prepared::new(bytes, case);
    let (program, function) = (&prepared.program, prepared.function());
    let (mut state, mut instance) = (State::default(), None);
    let start = Instant::now();
    for turn in 0..u64::from(TURNS) {
        let arguments = [Val::U32(1)];
        let task = prepared.task(turn, state, &arguments);
        let mut execution = match case.warm {
            true => turn::execute_warm(program, &mut instance, task).await,
            false => turn::execute(program, task).await,
        };
        if let Some(log) = log {
            let encoded = function.encode_arguments(&arguments);
            log.append(entry(function, turn, encoded, &mut execution)).unwrap();
        }
        state = execution.state.unwrap();
    }
    start.elapsed() / TURNS
}

/// Turns that trap, all of them after one that returned.
async fn traps(bytes: &[u8], case: &Case) -> Duration {
    let prepared = Prepared::new(bytes, case);
    let task = prepared.task(0, State::default(), &[Val::U32(1)]);
    let state = turn::execute(&prepared.program, task).await.state.unwrap();
    let start = Instant::now();
    for turn in 1..=u64::from(TRAPS) {
        let task = prepared.task(turn, state.clone(), &[Val::U32(TOO_MUCH)]);
        let execution = turn::execute(&prepared.program, task).await;
        assert_eq!(execution.outcome, OutcomeKind::Trap);
        std::hint::black_box(execution.failure.unwrap().encode());
    }
    start.elapsed() / TRAPS
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
    let log = Opening::read(&run, |_, _| Ok(())).unwrap().begin(None).unwrap();
    turns(bytes, case, Some(&log)).await
}

/// Calls to an actor from many callers at once, so that its mailbox is never empty: the price of a
/// turn, not of waking a task or of waiting for the disk.
async fn calls(bytes: &[u8], case: &Case) -> (Duration, u64) {
    let dir = tempfile::tempdir().unwrap();
    let run = RunDir::create(dir.path()).unwrap();
    let node = Node::open(run.clone(), Some(Durability::Group), Cache::none()).await.unwrap().node;
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
