//! `--watch` of `theater build` and `theater check`.

use crate::environment::{Running, TestEnvironment};
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// A watching command, which is killed after a minute: a line that never comes must not hold the
/// tests.
struct Watching {
    process: Running,
    _alive: Sender<()>,
}

impl Watching {
    fn start(env: &TestEnvironment, arguments: &[&str]) -> Self {
        let process = env.start(&[arguments, &["--watch"]].concat());
        let id = process.id().to_string();
        let (alive, ended) = channel::<()>();
        std::thread::spawn(move || {
            if ended.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        });
        Self { process, _alive: alive }
    }

    /// Reads what is said to people until a line has this in it.
    fn says(&mut self, text: &str) {
        let mut before = Vec::new();
        loop {
            match self.process.error_line() {
                Some(line) if line.contains(text) => return,
                Some(line) => before.push(line),
                None => panic!("ended without `{text}`:\n{}", before.join("\n")),
            }
        }
    }

    /// Reads results until a line begins with this. A file that is written slowly is built twice.
    fn answers(&mut self, text: &str) {
        while !self.process.line().expect("it ended").starts_with(text) {}
    }
}

#[test]
fn a_watched_project_is_built_after_each_change() {
    let env = TestEnvironment::with_counter();
    let good = env.read("src/counter.wat");
    let changed = good.replace("(local $sum i64)", "(local $sum i64) (nop)");
    assert_ne!(good, changed);
    let mut watching = Watching::start(&env, &["build"]);
    watching.answers("build/my-actor.wasm is up to date");
    watching.says("watching for changes");

    env.write("src/counter.wat", &changed);
    watching.says("changed: src/counter.wat");
    watching.answers("built build/my-actor.wasm");
    watching.says("watching for changes");

    env.write("src/counter.wat", "(component\n  (core modul))\n");
    watching.says("changed: src/counter.wat");
    watching.says("the WebAssembly text is wrong");
    watching.says("watching for changes");

    env.write("src/counter.wat", &good);
    watching.says("changed: src/counter.wat");
    watching.answers("built build/my-actor.wasm");
    watching.says("watching for changes");

    // In a folder that is new, and named by a manifest that changes.
    env.write("text/more/counter.wat", &changed);
    watching.says("changed: text");
    watching.says("watching for changes");
    let manifest = env.read("theater.toml");
    env.write("theater.toml", manifest.replace("src/counter.wat", "text/more/counter.wat"));
    watching.answers("built build/my-actor.wasm");
    watching.says("watching for changes");
    env.write("text/more/counter.wat", &good);
    watching.says("changed: text/more/counter.wat");
    watching.answers("built build/my-actor.wasm");

    watching.process.signal("-TERM");
    assert_eq!(watching.process.end().0, None, "killed by the signal");
}

#[test]
fn what_a_build_writes_begins_no_other() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml");
    env.write("theater.toml", manifest.replace("build/my-actor.wasm", "actor.wasm"));
    let mut watching = Watching::start(&env, &["build"]);
    watching.answers("built actor.wasm");
    watching.says("watching for changes");
    for made in ["target/made", "build/made", ".theater/made", ".git/made", "src/.counter.swp"] {
        env.write(made, "by a tool");
    }
    // This change is told, though the others came before it.
    env.write("src/counter.wat", env.read("src/counter.wat"));
    let mut told = Vec::new();
    while !told.iter().any(|line: &String| line.starts_with("watching for changes")) {
        told.push(watching.process.error_line().unwrap());
    }
    assert_eq!(told[..2], ["", "changed: src/counter.wat"]);
}

#[test]
fn a_project_that_is_gone_is_watched_no_longer() {
    let env = TestEnvironment::with_counter();
    let mut watching = Watching::start(&env, &["build"]);
    watching.says("watching for changes");
    std::fs::remove_dir_all(&env.folder).unwrap();
    watching.says("cannot watch");
    assert_eq!(watching.process.end().0, Some(2));
}

#[test]
fn what_cannot_be_watched_is_said_at_once() {
    let mut env = TestEnvironment::new();
    env.theater(&["build", "--watch"]).with_status(2);
    env = TestEnvironment::with_counter();
    let ran = env.shell("ulimit -n 4; exec theater build --watch").with_status(2);
    assert!(ran.stderr.contains("TH0811") && ran.stderr.contains("cannot watch"), "{ran}");
}

#[test]
fn a_watched_project_is_checked_after_each_change() {
    let env = TestEnvironment::with_counter();
    let mut watching = Watching::start(&env, &["check"]);
    watching.says("no problems");
    watching.says("watching for changes");

    let world = env.read("wit/world.wit");
    env.write("wit/world.wit", format!("{world}\nworld"));
    watching.says("changed: wit/world.wit");
    watching.says("TH02");
    watching.says("1 error");
    watching.says("watching for changes");

    env.write("wit/world.wit", world);
    watching.says("older than wit/world.wit");
    watching.says("1 warning");
    watching.says("watching for changes");

    // What is built counts, and the folder in which it will be.
    std::fs::remove_dir_all(env.folder.join("build")).unwrap();
    watching.says("does not exist yet");
    watching.says("watching for changes");
    env.theater(&["build"]).ok();
    watching.says("no problems");
    watching.says("watching for changes");

    let mut manifest = env.read("theater.toml");
    manifest.push_str("[oops");
    env.write("theater.toml", manifest);
    watching.says("changed: theater.toml");
    watching.says("1 error");
    watching.says("watching for changes");
    watching.process.signal("-TERM");
    assert_eq!(watching.process.end().0, None, "killed by the signal");
}

#[test]
fn each_round_of_a_watched_check_has_an_end_for_machines() {
    let env = TestEnvironment::with_counter();
    std::fs::remove_dir_all(env.folder.join("build")).unwrap();
    let mut watching = Watching::start(&env, &["check", "--json"]);
    watching.answers("{\"code\":\"TH0308\"");
    watching.answers("{\"errors\":0,\"warnings\":1}");
    watching.says("watching for changes");
    env.theater(&["build"]).ok();
    watching.answers("{\"errors\":0,\"warnings\":0}");
}
