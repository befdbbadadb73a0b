//! How long a person waits for the REPL: from starting the program to the answer of the first word,
//! against the floor of starting the program at all. Prints a table.
//!
//! `cargo bench --bench start`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let theater = |arguments: &[&str], folder: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_theater"));
        command.args(arguments).current_dir(folder);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    theater(&["new", "my-actor", "--vcs", "none"], dir.path());
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
        let best = (0..ROUNDS)
            .map(|_| {
                let start = Instant::now();
                theater(arguments, &project);
                start.elapsed()
            })
            .min()
            .unwrap();
        if floor.is_zero() {
            floor = best;
        }
        let ratio = best.as_secs_f64() / floor.as_secs_f64();
        println!("{name:<28} {best:>10.1?} {ratio:>7.1}x");
    }
}
