//! Snapshots of recovery change nothing but the time that it takes, whatever becomes of them.

use crate::stage::{COUNTER, Stage};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use theater_runtime::cache::Cache;
use theater_runtime::node::{Node, check_snapshots, make_snapshot, recovered};
use theater_runtime::simulation::Simulation;
use theater_runtime::trace::{Hash, Location, Reader, RunDir, verify};
use wasmtime::component::Val;

/// The files of a run's snapshots, the oldest first.
pub fn files(run: &RunDir) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(run.path().join("snapshots")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Whoever goes on with a run finds the same with its snapshots as without them.
pub fn agree(run: &RunDir) {
    assert_eq!(check_snapshots(run), Vec::<String>::new());
    let (with, without) = (recovered(run, false).unwrap(), recovered(run, true).unwrap());
    assert!(with == without, "with snapshots:\n{with}\nfrom the whole log:\n{without}");
}

/// Something befalls one of the snapshots, or nothing.
pub fn mishandle(simulation: &Simulation, run: &RunDir) {
    let files = files(run);
    if files.is_empty() {
        return;
    }
    let file = &files[simulation.below(files.len() as u64) as usize];
    let mut bytes = fs::read(file).unwrap();
    let place = simulation.below(bytes.len() as u64) as usize;
    match simulation.below(6) {
        0 => fs::remove_file(file).unwrap(),
        1 => fs::write(file, &bytes[..place]).unwrap(),
        2 => {
            bytes[place] ^= 1 << simulation.below(8);
            fs::write(file, bytes).unwrap();
        }
        3 => fs::rename(file, file.with_file_name(format!("{:020}.snapshot", 1_000_000))).unwrap(),
        _ => {}
    }
}

/// A run of some turns, closed, with a snapshot after some of them.
async fn closed_run(before: usize, after: usize) -> Stage {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    for _ in 0..before {
        stage.call("counter.increment(5)").await.unwrap();
    }
    stage.node.shutdown().await.unwrap();
    assert!(make_snapshot(&stage.run).unwrap().is_some());
    stage.open_again().await;
    for _ in 0..after {
        stage.call("counter.increment(5)").await.unwrap();
    }
    stage.node.shutdown().await.unwrap();
    stage
}

fn locations(run: &RunDir) -> Vec<Location> {
    let mut reader = Reader::new(run);
    std::iter::from_fn(|| reader.next_record().unwrap()).map(|(location, _)| location).collect()
}

/// What the counter says when the run goes on.
async fn value(stage: &mut Stage) -> String {
    stage.open_again().await;
    let value = stage.call("counter.value()").await.unwrap();
    stage.node.shutdown().await.unwrap();
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_snapshot_covers_is_not_read_again() {
    let mut stage = closed_run(4, 3).await;
    agree(&stage.run);
    let text = recovered(&stage.run, true).unwrap();
    // One record that the snapshot covers, but not its last one, cannot be read any more.
    let place = locations(&stage.run)[2];
    let segment = stage.run.segment(1);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[place.offset as usize + 20] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    assert!(recovered(&stage.run, true).is_err());
    assert_eq!(recovered(&stage.run, false).unwrap(), text);
    assert_eq!(value(&mut stage).await, "35");
    assert_ne!(
        verify(&stage.run).findings,
        Vec::<String>::new(),
        "the trace is still checked as a whole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_costs_nothing_but_time() {
    let mut stage = closed_run(4, 3).await;
    let file = files(&stage.run).pop().unwrap();
    let sound = fs::read(&file).unwrap();
    let flipped = (0..sound.len()).step_by(7).map(|at| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    });
    let cut = (0..sound.len()).step_by(31).map(|len| sound[..len].to_vec());
    let longer = std::iter::once([&sound[..], &[0; 40]].concat());
    for bytes in flipped.chain(cut).chain(longer) {
        fs::write(&file, bytes).unwrap();
        agree(&stage.run);
    }
    fs::write(&file, b"").unwrap();
    assert_eq!(value(&mut stage).await, "35");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(value(&mut stage).await, "35");
    assert!(make_snapshot(&stage.run).unwrap().is_some());
    agree(&stage.run);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_snapshot_takes_the_place_of_one_that_is_damaged() {
    let stage = closed_run(4, 3).await;
    assert!(make_snapshot(&stage.run).unwrap().is_some());
    assert_eq!(make_snapshot(&stage.run).unwrap(), None, "nothing is new");
    let [earlier, newest] = files(&stage.run).try_into().unwrap();
    fs::write(newest, b"").unwrap();
    agree(&stage.run);
    // It is the earlier one that was used.
    let place = locations(&stage.run)[2];
    let mut bytes = fs::read(stage.run.segment(1)).unwrap();
    bytes[place.offset as usize + 20] ^= 1;
    fs::write(stage.run.segment(1), &bytes).unwrap();
    recovered(&stage.run, false).unwrap();
    fs::remove_file(earlier).unwrap();
    recovered(&stage.run, false).unwrap_err();
}

/// Cuts the log before a record, as a power failure may cut one whose end was not on disk.
fn cut(run: &RunDir, before: Location) {
    let segment = fs::File::options().write(true).open(run.segment(before.segment)).unwrap();
    segment.set_len(before.offset).unwrap();
    fs::remove_file(run.path().join("head")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_says_more_than_the_log_is_not_used() {
    let mut stage = closed_run(6, 0).await;
    assert!(make_snapshot(&stage.run).unwrap().is_some());
    // Behind the genesis of the run and of the actor: two turns are left.
    cut(&stage.run, locations(&stage.run)[4]);
    agree(&stage.run);
    let ahead = files(&stage.run);
    assert_eq!(ahead.len(), 2);
    let first = value(&mut stage).await;
    assert_ne!(first, "30");
    // The log grows over the places that they name, with other records.
    for _ in 0..8 {
        stage.open_again().await;
        stage.call("counter.increment(1)").await.unwrap();
        stage.node.shutdown().await.unwrap();
        agree(&stage.run);
    }
    let expected = first.parse::<u32>().unwrap() + 8;
    assert_eq!(value(&mut stage).await, expected.to_string());
    // One that is made now outlives them.
    let made = make_snapshot(&stage.run).unwrap().unwrap();
    let newest = stage.run.path().join(format!("snapshots/{made:020}.snapshot"));
    assert_eq!(files(&stage.run).pop(), Some(newest));
    agree(&stage.run);
}

/// A snapshot with another count in the state, and with hashes that fit.
fn forge(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let covered = bytes.len() - 34;
    // A `u64` of the state: the case, and the number 20.
    let sound = b"\x82\x63u64\x14";
    let at = bytes.windows(sound.len()).position(|window| window == sound).unwrap();
    bytes[at + 5] = 0x15;
    let hash = Hash::of(&bytes[..covered]);
    bytes[covered + 2..].copy_from_slice(&hash.0);
    fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_snapshot_is_found_by_who_checks() {
    let mut stage = closed_run(4, 0).await;
    agree(&stage.run);
    forge(&files(&stage.run).pop().unwrap());
    assert_eq!(value(&mut stage).await, "21", "its hashes fit");
    let findings = check_snapshots(&stage.run);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert!(finding.contains("does not follow from them"), "{finding}");
}

/// Bytes that stand in a snapshot in place of others, with a hash that fits: whatever they say, nobody panics.
#[test]
fn a_snapshot_may_say_anything() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(closed_run(4, 2));
    let file = files(&stage.run).pop().unwrap();
    let sound = fs::read(&file).unwrap();
    let body = sound.len() - 34;
    let places = (0..body, proptest::collection::vec(any::<u8>(), 1..12));
    proptest!(ProptestConfig::with_cases(2_000), |((at, other) in places)| {
        let mut bytes = sound[..body].to_vec();
        let end = (at + other.len()).min(body);
        bytes.splice(at..end, other);
        let hash = Hash::of(&bytes);
        bytes.extend([0x58, 32]);
        bytes.extend(hash.0);
        fs::write(&file, bytes).unwrap();
        let _ = recovered(&stage.run, false);
        let _ = check_snapshots(&stage.run);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_damaged_gets_no_snapshot() {
    let stage = closed_run(2, 2).await;
    for file in files(&stage.run) {
        fs::remove_file(file).unwrap();
    }
    let mut bytes = fs::read(stage.run.segment(1)).unwrap();
    let place = locations(&stage.run)[3];
    bytes[place.offset as usize + 20] ^= 1;
    fs::write(stage.run.segment(1), &bytes).unwrap();
    make_snapshot(&stage.run).unwrap_err();
    assert_eq!(files(&stage.run), Vec::<PathBuf>::new());
    Node::open(stage.run.clone(), None, Cache::none()).await.unwrap_err();
}

/// More records than lie between two snapshots.
const MANY: usize = 10_500;
const CALLERS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_makes_snapshots_while_it_runs() {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    let actor = stage.node.actor("counter").unwrap();
    let increment = actor.program.functions.iter().find(|f| f.name == "increment").unwrap();
    // From many callers at once, so that not each call waits for the disk.
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (node, function) = (stage.node.clone(), increment.full_name.clone());
            tokio::spawn(async move {
                for _ in 0..MANY / CALLERS {
                    node.call("counter", &function, vec![Val::U32(1)], None).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    while files(&stage.run).iter().all(|file| file.extension().is_none_or(|e| e != "snapshot")) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    stage.node.shutdown().await.unwrap();
    agree(&stage.run);
    assert_eq!(value(&mut stage).await, MANY.to_string());
}
