//! Actors in Rust, compiled for real. What needs no compiler stands in `rust_failures`.
//!
//! The tests are left out where no Rust compiler knows the target `wasm32-unknown-unknown`, unless
//! THEATER_TEST_REQUIRE has the word `rust-wasm`. THEATER_TEST_RUSTC names a compiler in place of
//! the usual one; `.ci/rust-wasm` makes one.

use crate::environment::{Ran, TestEnvironment};
use insta::assert_snapshot;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

const TARGET: &str = "wasm32-unknown-unknown";

/// A folder in which cargo and a compiler for the target are found, or none if these tests are to be
/// left out. What cargo makes is shared between tests, because the crates that guests depend on
/// take a minute; so one test runs at a time.
pub fn environment() -> Option<(TestEnvironment, MutexGuard<'static, ()>)> {
    static ONE: Mutex<()> = Mutex::new(());
    let cargo = Path::new(env!("CARGO"));
    let bin = cargo.parent().unwrap();
    let rustc = std::env::var_os("THEATER_TEST_RUSTC").map_or(bin.join("rustc"), PathBuf::from);
    if !has_target(&rustc) {
        let required = std::env::var("THEATER_TEST_REQUIRE").unwrap_or_default();
        let required = required.split(',').any(|word| word.trim() == "rust-wasm");
        assert!(!required, "{} has no target {TARGET}", rustc.display());
        println!("left out: {} has no target {TARGET}", rustc.display());
        return None;
    }
    let mut env = TestEnvironment::new();
    env.tools = Some(bin.to_owned());
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    let cargo_home = std::env::var_os("CARGO_HOME").or(home.map(OsString::from)).unwrap();
    env.variables = vec![
        ("RUSTC", rustc.into()),
        ("CARGO_HOME", cargo_home),
        ("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/guests").into()),
    ];
    // What the machine needs to reach the registry.
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "HTTPS_PROXY"] {
        env.variables.extend(std::env::var_os(name).map(|value| (name, value)));
    }
    Some((env, ONE.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn has_target(rustc: &Path) -> bool {
    let arguments = ["--print", "target-libdir", "--target", TARGET];
    let output = Command::new(rustc).args(arguments).output();
    output.is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists()
    })
}

/// The template's project `my-actor`.
fn project() -> Option<(TestEnvironment, MutexGuard<'static, ()>)> {
    let (mut env, guard) = environment()?;
    env.theater(&["new", "my-actor", "--vcs", "none"]).ok();
    env.folder = env.folder.join("my-actor");
    Some((env, guard))
}

fn edit(env: &TestEnvironment, file: &str, from: &str, to: &str) {
    let text = env.read(file);
    assert!(text.contains(from), "{from} is not in {file}");
    env.write(file, text.replace(from, to));
}

/// What is typed in both languages, one line a command of its own.
const SESSION: &[&[&str]] = &[
    &["check"],
    &[
        "repl",
        "-e",
        "my-actor.increment(by: 5)",
        "-e",
        "my-actor.increment(2)",
        "-e",
        "my-actor.value()",
    ],
    &["repl", "--resume", "-e", "at my-actor#1", "-e", "state", "-e", "next", "-e", "state"],
    &["repl", "--resume", "-e", "my-actor.increment(-1)"],
    &["repl", "--resume", "-e", "my-actor#2", "-e", "step", "-e", "back"],
    &["trace", "show", "my-actor#2"],
    &["replay"],
];

#[test]
fn a_session_is_word_for_word_that_of_the_text_format() {
    let Some((rust, _guard)) = project() else { return };
    let built = rust.theater(&["build"]).ok();
    assert!(built.stderr.contains("Compiling my-actor"), "{built}");
    assert!(built.stdout.starts_with("built build/my-actor.wasm"), "{built}");
    let again = rust.theater(&["build"]).ok();
    assert!(again.stdout.contains("is up to date"), "{again}");
    let wat = TestEnvironment::with_counter();
    for command in SESSION {
        let (rust, wat) = (rust.theater(command), wat.theater(command));
        let shown = |ran: &Ran| {
            let lines = ran.to_string();
            // What differs between components: their hash, their fuel, their time.
            let differs = ["fuel", "component", "SHA-256", "took"];
            let same = |line: &&str| !differs.iter().any(|word| line.contains(word));
            lines.lines().filter(same).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(shown(&rust), shown(&wat));
    }
}

#[test]
fn a_panic_says_what_where_and_in_which_function() {
    let Some((env, _guard)) = project() else { return };
    edit(
        &env,
        "src/lib.rs",
        "/// The count that the state",
        "#[inline(never)]\nfn explode(by: u32) {\n    if by == 42 {\n        panic!(\"boom {by}\");\n    }\n}\n\n\
         /// The count that the state",
    );
    edit(
        &env,
        "src/lib.rs",
        "        let count = sum",
        "        explode(by);\n        let count = sum",
    );
    env.theater(&["build"]).ok();
    env.theater(&["repl", "-e", "my-actor.increment(7)"]).ok();
    let ran = env.theater(&["repl", "--resume", "-e", "my-actor.increment(42)"]).with_status(1);
    assert_snapshot!("report", ran.stderr);
    let ran = env.theater(&["repl", "--resume", "-e", "my-actor.value()", "-e", "at my-actor#2"]);
    assert_snapshot!("in_the_repl", ran.ok().stdout);
    let shown = env.theater(&["trace", "show", "my-actor#2", "--json"]).ok();
    let record: serde_json::Value = serde_json::from_str(shown.stdout.trim()).unwrap();
    assert_eq!(record["outcome"], "trap");
    assert_snapshot!("in_the_trace", serde_json::to_string_pretty(&record["failure"]).unwrap());
    let replayed = env.theater(&["replay"]).ok();
    assert!(replayed.stdout.ends_with("as recorded\n"), "{replayed}");
}

#[test]
fn stacks_tell_the_lines_of_the_source() {
    let Some((env, _guard)) = project() else { return };
    edit(
        &env,
        "Cargo.toml",
        "[profile.release]\n",
        "[profile.release]\ndebug = \"line-tables-only\"\n",
    );
    env.theater(&["build"]).ok();
    env.theater(&["repl", "-e", "my-actor.increment(7)"]).ok();
    env.theater(&["repl", "--resume", "-e", "my-actor.increment(4294967295)"]).with_status(1);
    let source = env.read("src/lib.rs");
    let stack = |moment: &str| {
        let ran = env.theater(&["trace", "stack", moment, "--json"]).ok();
        let moment: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let frames = moment["stack"].as_array().unwrap().clone();
        let own = |frame: &serde_json::Value| {
            // The standard library has files of this name, too.
            frame["file"].as_str().filter(|file| file.ends_with("my-actor/src/lib.rs"))?;
            let line = usize::try_from(frame["line"].as_u64()?).unwrap();
            Some(source.lines().nth(line - 1).unwrap().to_owned())
        };
        frames.iter().filter_map(own).collect::<Vec<_>>()
    };
    // The innermost line of the actor's own, in the calls that read and write the count.
    for (step, code) in [(1, "state::get("), (2, "state::set(")] {
        let lines = stack(&format!("my-actor#1.{step}"));
        assert!(lines.iter().any(|line| line.contains(code)), "{step}: {lines:?}");
    }
    let lines = stack("my-actor#2");
    assert!(lines.iter().any(|line| line.contains("checked_add")), "{lines:?}");
    let shown = env.theater(&["trace", "stack", "my-actor#2"]).ok();
    assert!(shown.stdout.contains("  src/lib.rs:"), "{shown}");
    env.theater(&["replay"]).ok();
}

#[test]
fn what_does_not_compile_leaves_the_component() {
    let Some((env, _guard)) = project() else { return };
    env.theater(&["build"]).ok();
    let before = std::fs::read(env.path("build/my-actor.wasm")).unwrap();
    edit(&env, "src/lib.rs", "checked_add(by)", "checked_add(\"by\")");
    let ran = env.theater(&["build"]).with_status(1);
    assert!(ran.stderr.contains("error[E0308]: mismatched types"), "{ran}");
    let ours = ran.stderr.rsplit_once("TH0809").unwrap().1;
    assert_snapshot!("does_not_compile", ours);
    assert_eq!(std::fs::read(env.path("build/my-actor.wasm")).unwrap(), before);
}

#[test]
fn code_and_world_must_agree() {
    let Some((env, _guard)) = project() else { return };
    // The compiler compares the code with the world that it names.
    edit(
        &env,
        "wit/world.wit",
        "    value: func() -> u32;",
        "    value: func() -> u32;\n    reset: func();",
    );
    let ran = env.theater(&["build"]).with_status(1);
    assert!(ran.stderr.contains("missing: `reset`"), "{ran}");
    edit(&env, "wit/world.wit", "    reset: func();\n", "");
    // Theater compares the component with the world that the manifest names.
    edit(
        &env,
        "wit/world.wit",
        "world actor {",
        "world other { export counter; export reset: func(); }\n\nworld actor {",
    );
    edit(&env, "theater.toml", "world = \"actor\" ", "world = \"other\" ");
    let ran = env.theater(&["build"]).with_status(1);
    assert!(ran.stderr.contains("TH0307") && ran.stderr.contains("reset"), "{ran}");
    assert!(!env.path("build").exists());
}

#[test]
fn names_that_other_things_have_work() {
    let Some((env, _guard)) = environment() else { return };
    for name in ["worker-2", "result", "list", "core", "std", "test", "wit-bindgen"] {
        env.theater(&["new", name, "--vcs", "none"]).ok();
        env.theater(&["build", name]).ok();
        let call = format!("{name}.increment(3)");
        let component = format!("{name}/build/{name}.wasm");
        let ran = env.theater(&["repl", &component, "--grant", "state", "-e", &call]);
        assert_eq!(ran.ok().stdout, "3\n", "{name}");
    }
}

#[test]
fn the_package_may_stand_elsewhere() {
    let Some((env, _guard)) = project() else { return };
    std::fs::create_dir(env.path("guest")).unwrap();
    for part in ["Cargo.toml", "src"] {
        std::fs::rename(env.path(part), env.path(&format!("guest/{part}"))).unwrap();
    }
    env.write("Cargo.toml", "[workspace]\nmembers = [\"guest\"]\nresolver = \"3\"\n");
    edit(&env, "guest/src/lib.rs", "world: \"actor\",", "world: \"actor\", path: \"../wit\",");
    let ran = env.theater(&["build"]).with_status(1);
    assert!(ran.stderr.contains("TH0810"), "{ran}");
    edit(&env, "theater.toml", "language = \"rust\"", "language = \"rust\"\nsource = \"guest\"");
    env.theater(&["build"]).ok();
    assert_eq!(env.theater(&["repl", "-e", "my-actor.increment(3)"]).ok().stdout, "3\n");
}

#[test]
fn the_template_has_tests_of_its_own() {
    let Some((env, _guard)) = project() else { return };
    let ran = env.shell("cargo test --release --quiet");
    assert!(ran.stdout.contains("3 passed"), "{ran}");
    assert!(!ran.stderr.contains("warning"), "{ran}");
}
