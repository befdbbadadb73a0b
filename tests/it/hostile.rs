//! Components that misbehave, and files that are none: refused or stopped, and told apart.

use crate::environment::TestEnvironment;
use insta::assert_snapshot;

const MANIFEST: &str = "[actor]
name = \"limits\"
component = \"limits.wat\"

[handlers]
log = true

[limits]
memory = \"256MiB\"
fuel = 500_000_000
";

fn limits(more: &str) -> TestEnvironment {
    let env = TestEnvironment::new();
    env.fixture("limits.wat");
    env.write("theater.toml", format!("{MANIFEST}{more}"));
    env
}

#[test]
fn an_actor_that_breaks_a_limit_is_stopped_and_lives_on() {
    let env = limits("");
    let mut calls = vec!["repl"];
    for (name, call) in [
        ("forever", "limits.forever()"),
        ("grow", "limits.grow()"),
        ("recurse", "limits.recurse(0)"),
        ("flood", "limits.flood()"),
        ("huge", "limits.huge()"),
        ("trap", "limits.trap()"),
        ("divide", "limits.divide(0)"),
        ("beyond", "limits.beyond()"),
    ] {
        let ran = env.theater(&["repl", "--resume", "-e", call]);
        let ran = if ran.status == Some(2) { env.theater(&["repl", "-e", call]) } else { ran };
        let log = ran.stdout.lines().filter(|line| line.contains("flood")).count();
        assert!(log <= 1000, "{log} lines");
        assert_eq!(ran.status, Some(1), "{ran}");
        assert_snapshot!(format!("limit_{name}"), ran.stderr);
        let alive = env.theater(&["repl", "--resume", "-e", "limits.value()"]).ok();
        assert_eq!(alive.stdout, "7\n", "after {call}");
        calls.extend(["-e", call]);
    }
    assert_eq!(env.runs().len(), 1);
    env.theater(&["trace", "verify"]).ok();
    let shown = env.theater(&["trace", "show", "limits", "--json"]).ok();
    let outcomes: Vec<String> = shown
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|record| record["outcome"].as_str().map(str::to_owned))
        .filter(|outcome| outcome != "returned")
        .collect();
    assert_snapshot!("limit_outcomes", outcomes.join("\n"));
    // Aborted turns are replayed like all others.
    assert_snapshot!("limit_replay", env.theater(&["replay"]).ok());
}

#[test]
fn the_clock_stops_what_fuel_does_not() {
    let env = limits("timeout = \"50ms\"\n");
    env.write("theater.toml", env.read("theater.toml").replace("500_000_000", "1_000_000_000_000"));
    let ran = env.theater(&["repl", "-e", "limits.forever()"]).with_status(1);
    assert!(ran.stderr.contains("(timeout)"), "{ran}");
    env.theater(&["replay"]).ok();
}

#[test]
fn ctrl_c_ends_the_turn_that_is_waited_for() {
    let env = limits("timeout = \"1h\"\n");
    env.write("theater.toml", env.read("theater.toml").replace("500_000_000", "1_000_000_000_000"));
    let mut repl = env.start(&["repl"]);
    repl.tell("limits.value()");
    assert_eq!(repl.line().as_deref(), Some("7"));
    repl.tell("limits.forever()");
    std::thread::sleep(std::time::Duration::from_millis(300));
    repl.signal("-INT");
    let (status, _, errors) = repl.end();
    assert!(errors.contains("limits#2 aborted (cancelled)"), "{errors}");
    assert_eq!(status, Some(1));
    let after = env.theater(&["repl", "--resume", "-e", "limits.value()"]).ok();
    assert_eq!(after.stdout, "7\n");
    env.theater(&["replay"]).ok();
}

#[test]
fn an_init_that_traps_or_refuses_starts_nothing() {
    let env = TestEnvironment::new();
    for name in ["init-trap", "init-refuse"] {
        let file = format!("{name}.wat");
        env.fixture(&file);
        assert_snapshot!(name, env.theater(&["repl", &file, "-e", "ps"]).with_status(2));
    }
}

/// A component with this many MB of data, and an export that answers the byte at a place.
fn full_of_data(megabytes: usize) -> Vec<u8> {
    let block: Vec<u8> = (0u32..1 << 20)
        .map(|place| b'#' + (place.wrapping_mul(2_654_435_761) >> 24) as u8 % 56)
        .collect();
    let block = String::from_utf8(block).unwrap();
    let mut text = format!("(component (core module $m (memory {}) ", megabytes * 16);
    for number in 0..megabytes {
        text += &format!("(data (i32.const {}) \"{block}\")\n", number << 20);
    }
    text += r#"(func (export "at") (param i32) (result i32) local.get 0 i32.load8_u))
        (core instance $i (instantiate $m))
        (func (export "at") (param "place" u32) (result u32) (canon lift (core func $i "at"))))"#;
    wat::parse_str(text).unwrap()
}

#[test]
fn a_huge_component_runs_if_it_may_and_is_told_what_it_lacks_if_not() {
    let env = TestEnvironment::new();
    env.write("huge.wasm", full_of_data(100));
    // Its memory is larger than what an actor gets if nothing is said.
    let ran = env.theater(&["repl", "huge.wasm", "-e", "huge.at(0)"]).with_status(1);
    assert_snapshot!("huge_refused", ran.stderr);
    env.write(
        "theater.toml",
        "[actor]\nname = \"huge\"\ncomponent = \"huge.wasm\"\n[limits]\nmemory = \"128MiB\"\n",
    );
    // The first time compiled, the second time from the cache.
    for _ in 0..2 {
        let calls = ["repl", "-e", "huge.at(0)", "-e", "huge.at(104857599)"];
        assert_eq!(env.theater(&calls).ok().stdout, "35\n63\n");
    }
    env.theater(&["replay"]).ok();
    env.write("larger.wasm", vec![0; (256 << 20) + 1]);
    let ran = env.theater(&["repl", "larger.wasm", "-e", "ps"]).with_status(2);
    assert_snapshot!("huge_file", ran.stderr);
}

#[test]
fn what_is_no_component_is_refused_by_every_command() {
    let env = TestEnvironment::with_counter();
    let component = std::fs::read(env.path("build/my-actor.wasm")).unwrap();
    env.write("empty.wasm", "");
    env.write("cut.wasm", &component[..component.len() - 10]);
    env.write("random.wasm", b"\0asm\x0d\0\x01\0\xff\xff\xff\xff\x0frandom");
    env.fixture("core-module.wat");
    env.fixture("wasi-0-3.wat");
    for file in ["empty.wasm", "cut.wasm", "random.wasm", "core-module.wat", "wasi-0-3.wat"] {
        let why = env.theater(&["inspect", file]).with_status(2).stderr;
        let code = why.lines().next().unwrap().to_owned();
        for command in [&["repl", file, "-e", "ps"][..], &["run", file]] {
            let ran = env.theater(command).with_status(2);
            assert!(ran.stderr.contains(&code), "{code}: {ran}");
        }
    }
    assert!(env.runs().is_empty(), "a run was begun for nothing");
}

#[test]
fn a_component_without_exports_starts_with_a_warning() {
    let env = TestEnvironment::new();
    env.fixture("no-exports.wat");
    assert_snapshot!(env.theater(&["repl", "no-exports.wat", "-e", "ps"]).ok());
}

#[test]
fn what_cannot_be_called_says_why() {
    let env = TestEnvironment::new();
    env.fixture("resources.wat");
    assert_eq!(
        env.theater(&["repl", "resources.wat", "-e", "resources.count()"]).ok().stdout,
        "3\n"
    );
    let ran = env.theater(&["repl", "resources.wat", "-e", "resources.open()"]).with_status(1);
    assert!(ran.stderr.contains("resource"), "{ran}");
    assert_snapshot!(ran);
}

#[test]
fn bad_manifests_start_nothing() {
    let env = TestEnvironment::with_counter();
    for content in [&b""[..], b"[actor]\nname = \"my-", b"\x9f\x03\xfe\x81", b"hello: there"] {
        env.write("theater.toml", content);
        for command in [&["repl", "-e", "ps"][..], &["run"]] {
            let ran = env.theater(command).with_status(2);
            assert!(ran.stderr.contains("TH0"), "{ran}");
        }
    }
    assert!(env.runs().is_empty());
}

#[test]
fn a_line_without_end_is_reported() {
    let env = TestEnvironment::with_counter();
    for line in [
        format!("my-actor.increment({})", "(".repeat(1_000_000)),
        format!("my-actor.increment({})", "9".repeat(1_000_000)),
        format!("my-actor.increment(1{}, oops)", " ".repeat(1_000_000)),
        "\0".repeat(1_000_000),
        "a".repeat(1_000_000),
    ] {
        let ran = env.theater_with_input(&["repl"], &line);
        assert_eq!(ran.status, Some(1), "{} bytes", ran.stderr.len());
        assert!(ran.stderr.starts_with("TH04") && ran.stderr.len() < 10_000, "{}", ran.stderr);
    }
    let manifest =
        format!("{}\nnonsense = \"{}\" {}\n", env.read("theater.toml"), "x".repeat(100_000), "]");
    env.write("theater.toml", manifest);
    let ran = env.theater(&["check"]).with_status(1);
    assert!(!ran.stderr.contains("panicked") && ran.stderr.len() < 10_000, "{}", ran.stderr.len());
}
