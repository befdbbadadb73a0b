//! How long a person waits for the REPL: from starting the program to the answer of the first word,
//! against the floor of starting the program at all. Prints a table.
//!
//! `cargo bench --bench start`
//!
//! THEATER_BENCH_COMPONENT=PATH adds rows for a component of the real world: a counter as those of
//! tests/languages are, such as the one of 12 MB on StarlingMonkey, made as docs/languages.md says.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("cache");
    let theater = |arguments: &[&str], folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_theater"));
        command.args(arguments).current_dir(folder).env("THEATER_CACHE_DIR", &cache);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    theater(&["new", "my-actor", "--language", "wat", "--vcs", "none"], dir.path());
    let project = dir.path().join("my-actor");
    theater(&["build"], &project);

    let cases: [(&str, &[&str]); 5] = [
        ("the program alone", &["--version"]),
        ("check", &["check"]),
        ("build, nothing new", &["build"]),
        ("repl, no actor", &["repl", "../nothing.wat", "-e", "ps"]),
        ("repl, to the first answer", &["repl", "-e", "ps"]),
    ];
    std::fs::write(dir.path().join("nothing.wat"), "(component)").unwrap();
    println!("{:<28} {:>10} {:>8}", "", "best", "ratio");
    let mut floor = Duration::ZERO;
    for (name, arguments) in cases {
        let best = best_of(ROUNDS, || theater(arguments, &project));
        if floor.is_zero() {
            floor = best;
        }
        row(name, best, floor);
    }
    let rows = |name: &str, component: &[u8], actor: &[&str]| {
        println!("\n{name}, a component of {:.1} MB", component.len() as f64 / 1e6);
        std::fs::write(dir.path().join("component.wasm"), component).unwrap();
        starts(&theater, dir.path(), actor, floor);
    };
    rows("generated", &wat::parse_str(large_component()).unwrap(), &["-e", "component.f(1)"]);
    if let Some(path) = std::env::var_os("THEATER_BENCH_COMPONENT") {
        let name = Path::new(&path).file_name().unwrap().to_string_lossy();
        let component = std::fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        rows(&name, &component, COUNTER);
    }
}

/// What a counter is started with, and its first word.
const COUNTER: &[&str] = &[
    "--grant",
    "log,clock,random,state,environment,filesystem",
    "--trap-unused-imports",
    "-e",
    "component.increment(1)",
];

/// What is fast the second time is the cache's doing.
fn starts(theater: &impl Fn(&[&str], &Path), folder: &Path, actor: &[&str], floor: Duration) {
    let to_the_answer = [&["repl", "component.wasm"], actor].concat();
    row("first start", best_of(1, || theater(&to_the_answer, folder)), floor);
    row("second start", best_of(ROUNDS, || theater(&to_the_answer, folder)), floor);
    row("go on", best_of(ROUNDS, || theater(&["repl", "--resume", "-e", "ps"], folder)), floor);
    row("replay", best_of(ROUNDS, || theater(&["replay"], folder)), floor);
}

/// A component of 12 MB, of which two thirds are code, as in one that carries a JavaScript engine.
fn large_component() -> String {
    let steps: String = (0..90)
        .map(|step| {
            format!(
                "local.get 0 i32.const {step} i32.mul i32.load8_u local.get 0 i32.xor local.set 0\n"
            )
        })
        .collect();
    let functions = format!("(func (param i32) (result i32) {steps} local.get 0)").repeat(7_000);
    let data = "seventeen letters".repeat((4 << 20) / 17);
    format!(
        "(component
            (core module $m
                (memory 100)
                (data (i32.const 1024) \"{data}\")
                (func (export \"f\") (param i32) (result i32) local.get 0 call 1)
                {functions})
            (core instance $i (instantiate $m))
            (func (export \"f\") (param \"x\" u32) (result u32) (canon lift (core func $i \"f\"))))"
    )
}

fn best_of(rounds: usize, work: impl Fn()) -> Duration {
    let round = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..rounds).map(round).min().unwrap()
}

fn row(name: &str, best: Duration, floor: Duration) {
    let ratio = best.as_secs_f64() / floor.as_secs_f64();
    println!("{name:<28} {best:>10.1?} {ratio:>7.1}x");
}
