//! The end without warning: `kill -9`, a full disk. What was answered is stored.

use crate::environment::TestEnvironment;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often the process is killed.
const ROUNDS: u64 = 10;

#[test]
fn what_was_answered_before_a_kill_is_there_afterwards() {
    let env = TestEnvironment::with_counter();
    env.theater(&["repl", "-e", "my-actor.value()"]).ok();
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed}");
    let mut noise = seed;
    let mut stored = 0;
    for round in 0..ROUNDS {
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let patience = Duration::from_micros((noise >> 33) % 60_000);
        let mut repl = env.start(&["repl", "--resume"]);
        let mut answered = stored;
        let mut sent = stored;
        let mut killed_at = None;
        loop {
            // A few calls ahead, so that the kill falls into the middle of work.
            while sent < answered + 8 {
                repl.tell("my-actor.increment(1)");
                sent += 1;
            }
            let Some(line) = repl.line() else { break };
            answered = line.parse().unwrap();
            let first = *killed_at.get_or_insert_with(std::time::Instant::now);
            if first.elapsed() >= patience {
                repl.kill();
            }
        }
        drop(repl);
        let after = env.theater(&["repl", "--resume", "-e", "my-actor.value()"]).ok();
        stored = after.stdout.trim().parse().unwrap();
        assert!(
            (answered..=sent).contains(&stored),
            "seed {seed}, round {round}: {answered} answered, {sent} sent, {stored} stored"
        );
        let verified = env.theater(&["trace", "verify"]);
        assert_eq!(verified.status, Some(0), "seed {seed}, round {round}: {verified}");
    }
    env.theater(&["replay"]).ok();
}

#[test]
fn nothing_is_answered_that_a_full_disk_does_not_hold() {
    let env = TestEnvironment::with_counter();
    env.write("script", "my-actor.increment(1)\n".repeat(2000));
    // In blocks of 512 bytes. The memory of an instance is a file to the system as well.
    let ran = env.shell("ulimit -f 300; exec theater repl --file script");
    let answers: Vec<u64> = ran.stdout.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("the trace cannot be written: file too large"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--resume"), "{}", ran.stderr);
    let answered = *answers.last().unwrap();
    assert!((10..2000).contains(&answered), "{answered}");
    let after = env.theater(&["repl", "--resume", "-e", "my-actor.value()"]).ok();
    assert_eq!(after.stdout, format!("{answered}\n"));
    env.theater(&["trace", "verify"]).ok();
}

#[test]
fn a_disk_that_is_full_from_the_start_is_told() {
    let env = TestEnvironment::with_counter();
    let ran = env.shell("ulimit -f 1; exec theater repl -e 'my-actor.increment(1)'");
    assert!(matches!(ran.status, Some(1 | 2)), "{ran}");
    assert_eq!(ran.stdout, "", "{ran}");
    assert!(ran.stderr.contains("cannot"), "{ran}");
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let env = TestEnvironment::with_counter();
    env.write("file", "");
    let ran = env.theater(&["repl", "--data", "file", "-e", "my-actor.value()"]).with_status(2);
    assert!(ran.stderr.contains("cannot make a run in file"), "{ran}");
}
