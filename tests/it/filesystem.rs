use crate::environment::TestEnvironment;
use insta::assert_snapshot;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

const MANIFEST: &str = r#"[actor]
name = "files"
component = "files.wat"

[handlers.filesystem]
folders = [
    { host = "data", guest = "/data" },
    { host = "out", guest = "/out", access = "write", max-size = "256KiB" },
]
max-open = 100
"#;

fn project() -> TestEnvironment {
    let env = TestEnvironment::new();
    env.fixture("files.wat");
    env.write("theater.toml", MANIFEST);
    env.write("data/hello.txt", "hello");
    env.write("data/sub/deep.txt", "deep");
    fs::create_dir(env.path("out")).unwrap();
    env
}

/// Does these calls one after the other, and answers with what is printed.
fn calls(env: &TestEnvironment, calls: &[&str]) -> String {
    let mut arguments = vec!["repl"];
    for call in calls {
        arguments.extend(["-e", call]);
    }
    let ran = env.theater(&arguments);
    ran.stdout + &ran.stderr
}

#[test]
fn a_run_is_replayed_with_the_files_gone() {
    let env = project();
    let said = calls(
        &env,
        &[
            "files.list(0)",
            "files.read(0, \"hello.txt\")",
            "files.read(0, \"none\")",
            "files.write(1, \"new.txt\", \"from the actor\")",
            "files.read(1, \"new.txt\")",
            "files.write(0, \"new.txt\", \"x\")",
        ],
    );
    assert_snapshot!("calls", said);
    assert_eq!(env.read("out/new.txt"), "from the actor");
    fs::remove_dir_all(env.path("data")).unwrap();
    fs::remove_dir_all(env.path("out")).unwrap();
    assert_snapshot!("replayed", env.theater(&["replay"]).ok());
    assert_snapshot!("read_turn", env.theater(&["trace", "show", "files#2"]).ok());
    assert_snapshot!("list_turn", env.theater(&["trace", "show", "files#1"]).ok());
    env.theater(&["trace", "verify"]).ok();
}

#[test]
fn no_guest_gets_out_of_its_folders() {
    let env = project();
    env.write("secret", "canary");
    let secret = env.path("secret");
    symlink(&secret, env.path("data/absolute")).unwrap();
    symlink("../secret", env.path("data/relative")).unwrap();
    symlink("/proc/self/environ", env.path("data/process")).unwrap();
    symlink("/dev/zero", env.path("data/zero")).unwrap();
    let outside = format!("files.read(0, {:?})", secret.to_str().unwrap());
    let said = calls(
        &env,
        &[
            "files.read(0, \"../secret\")",
            "files.read(0, \"sub/../../secret\")",
            "files.read(0, \"/proc/self/environ\")",
            "files.read(0, \"absolute\")",
            "files.read(0, \"relative\")",
            "files.read(0, \"process\")",
            "files.read(0, \"zero\")",
            "files.write(1, \"../secret\", \"changed\")",
            "files.write(1, \"../theater.toml\", \"changed\")",
            &outside,
        ],
    );
    assert_eq!(said, "err(not-permitted)\n".repeat(10));
    assert_eq!(env.read("secret"), "canary");
    assert_eq!(env.read("theater.toml"), MANIFEST);
}

#[test]
fn a_link_that_is_swapped_while_a_guest_reads_leads_nowhere() {
    let env = project();
    env.write("secret", "canary");
    let stop = AtomicBool::new(false);
    let said = std::thread::scope(|scope| {
        scope.spawn(|| {
            let (swapped, temporary) = (env.path("data/swapped"), env.path("data/temporary"));
            while !stop.load(Ordering::Relaxed) {
                for target in ["hello.txt", "../secret"] {
                    symlink(target, &temporary).unwrap();
                    fs::rename(&temporary, &swapped).unwrap();
                }
            }
        });
        let said = calls(&env, &["files.read(0, \"swapped\")"; 300]);
        stop.store(true, Ordering::Relaxed);
        said
    });
    let known = ["ok(\"hello\")", "err(not-permitted)", "err(no-entry)"];
    for line in said.lines() {
        assert!(known.contains(&line), "{line}");
    }
    assert_eq!(said.lines().count(), 300);
    env.theater(&["replay"]).ok();
}

#[test]
fn a_guest_that_wants_too_much_is_stopped() {
    let env = project();
    assert_snapshot!("hoard", calls(&env, &["files.hoard(\"hello.txt\", 10000)"]));
    let said = calls(
        &env,
        &["files.hoard(\"hello.txt\", 100)", "files.fill(1, \"big\")", "files.fill(1, \"more\")"],
    );
    assert_eq!(said, "ok(100)\nerr(quota)\nerr(quota)\n");
    let size: u64 = fs::read_dir(env.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!((128 << 10..=256 << 10).contains(&size), "{size}");
    env.theater(&["replay"]).ok();
}

#[test]
fn folders_are_looked_for_when_the_actor_starts() {
    let env = project();
    fs::remove_dir_all(env.path("data")).unwrap();
    env.theater(&["check"]).ok();
    assert_snapshot!("missing", env.theater(&["run"]).with_status(2));
    env.write("data", "no folder");
    assert_snapshot!("no_folder", env.theater(&["run"]).with_status(2));
    env.write("theater.toml", MANIFEST.replace("\"data\"", "\"/proc\""));
    assert_snapshot!("kernel", env.theater(&["run"]).with_status(2));
    assert!(env.runs().is_empty());
}

#[test]
fn an_actor_cannot_write_its_own_manifest_or_trace() {
    let env = project();
    env.write("theater.toml", MANIFEST.replace("\"out\"", "\".\""));
    assert_snapshot!("manifest", env.theater(&["run"]).with_status(2));
    fs::create_dir_all(env.path(".theater/runs")).unwrap();
    for folder in [".theater", ".theater/runs"] {
        env.write("theater.toml", MANIFEST.replace("\"out\"", &format!("\"{folder}\"")));
        let refused = env.theater(&["run"]).with_status(2);
        assert!(refused.stderr.contains("TH0531"), "{refused}");
    }
    // To look at it is no harm.
    env.write("theater.toml", MANIFEST.replace("\"data\"", "\".\""));
    assert!(calls(&env, &["files.read(0, \"theater.toml\")"]).starts_with("ok("));
}

#[test]
fn a_grant_that_is_missing_is_named() {
    let env = project();
    env.write("theater.toml", "[actor]\nname = \"files\"\ncomponent = \"files.wat\"\n");
    assert_snapshot!(env.theater(&["check"]).with_status(1));
}

#[test]
fn a_resumed_actor_finds_its_folders() {
    let env = project();
    assert_eq!(calls(&env, &["files.read(0, \"hello.txt\")"]), "ok(\"hello\")\n");
    env.write("data/hello.txt", "again");
    let resume = ["repl", "--resume", "-e", "files.read(0, \"hello.txt\")"];
    assert_eq!(env.theater(&resume).ok().stdout, "ok(\"again\")\n");
    // Without its folder it goes on, and is told that nothing is there.
    fs::rename(env.path("data"), env.path("moved")).unwrap();
    let ran = env.theater(&resume);
    assert!(ran.stdout.contains("err(no-entry)"), "{ran}");
    env.theater(&["replay"]).ok();
}

#[test]
fn streams_of_files_are_recorded_and_replayed() {
    let env = TestEnvironment::new();
    env.fixture("copies.wat");
    env.write("theater.toml", MANIFEST.replace("files.wat", "copies.wat"));
    env.write("data/long", "zigzag, ".repeat(1000));
    env.write("data/longer", "x".repeat(300 << 10));
    env.write("out/copy", "before ");
    let said = calls(
        &env,
        &[
            "files.copy(\"long\", \"copy\")",
            "files.copy(\"none\", \"copy\")",
            "files.copy(\"long\", \"../copy\")",
            "files.copy(\".\", \"copy\")",
            "files.copy(\"longer\", \"too-long\")",
        ],
    );
    let expected = "ok(8000)\nerr(no-entry)\nerr(not-permitted)\nerr(is-directory)\nerr(quota)\n";
    assert_eq!(said, expected);
    assert_eq!(env.read("out/copy"), "before ".to_owned() + &"zigzag, ".repeat(1000));
    fs::remove_dir_all(env.path("data")).unwrap();
    fs::remove_dir_all(env.path("out")).unwrap();
    env.theater(&["replay"]).ok();
    assert_snapshot!("copy_turn", env.theater(&["trace", "show", "files#1"]).ok());
}

#[test]
fn a_component_without_a_manifest_gets_folders_by_a_flag() {
    let env = TestEnvironment::new();
    env.fixture("files.wat");
    env.write("elsewhere/in/a", "hello");
    fs::create_dir(env.path("out")).unwrap();
    let grant = "filesystem=elsewhere/in:/in,filesystem=out:/out:write";
    let calls = ["-e", "files.read(0, \"a\")", "-e", "files.write(1, \"b\", \"bye\")"];
    let ran = env.theater(&[&["repl", "files.wat", "--grant", grant][..], &calls].concat()).ok();
    assert_eq!(ran.stdout, "ok(\"hello\")\nok(3)\n");
    assert_eq!(env.read("out/b"), "bye");
    let wrong = ["repl", "files.wat", "-e", "help", "--grant"];
    let refused = |grant| env.theater(&[&wrong[..], &[grant]].concat()).with_status(2);
    assert_snapshot!("bare_unclear", refused("filesystem=none"));
    // The reports have the full path in them, whose length is not always the same.
    for (grant, code) in [("filesystem=none:/in", "TH0530"), ("filesystem=.:/in:write", "TH0531")] {
        let refused = refused(grant);
        assert!(refused.stderr.contains(code), "{refused}");
    }
}
