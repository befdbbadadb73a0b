//! A process dies at each point of the writing of the log, alone or with its machine, under each
//! durability: what is there afterwards.

use crate::shop::{self, project};
use crate::stage::COUNTER;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use theater_runtime::node::Which;
use theater_runtime::replay::History;
use theater_runtime::simulation::{Faults, Halt, Point, Simulation};
use theater_runtime::trace::{Durability, Kind, Reader, RunDir, verify};

/// Calls in the life that ends early.
const CALLS: u64 = 4;

/// What somebody outside knows: how many calls were made, and which counts were answered.
#[derive(Debug, Default)]
struct Known {
    asked: u64,
    answered: Vec<u64>,
}

/// What is there after a death.
#[derive(Debug)]
struct Left {
    known: Known,
    counted: u64,
    torn: bool,
}

fn counter(folder: &Path) {
    let manifest = "component = \"counter.wat\"\n[handlers]\nstate = true\n";
    project(folder, "counter", manifest, None);
    std::fs::write(folder.join("counter.wat"), COUNTER.replace("my-actor", "counter")).unwrap();
}

/// A life in which one call follows the other. The pauses let what is done in the background be done.
async fn count(folder: PathBuf, durability: Durability, known: Arc<Mutex<Known>>) {
    let node = shop::open(folder, Which::Last, Some(durability)).await.unwrap();
    for _ in 0..CALLS {
        known.lock().unwrap().asked += 1;
        let (_, answer) = shop::call(&node, "counter", "increment", "1").await.unwrap();
        known.lock().unwrap().answered.push(answer.parse().unwrap());
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    node.shutdown().await.unwrap();
}

/// One life in peace, one with faults, and one that looks at what is left; none if nobody died.
fn live(seed: u64, durability: Durability, faults: Faults) -> Option<Left> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("counter");
    counter(&folder);
    let simulation = Simulation::new(seed).unwrap();
    let begun = simulation.run(Faults::default(), {
        let folder = folder.clone();
        async move { shop::open(folder, Which::New, None).await.unwrap().shutdown().await.unwrap() }
    });
    assert_eq!(begun, Ok(()));
    let known = Arc::new(Mutex::new(Known::default()));
    let ended = simulation.run(faults, count(folder.clone(), durability, known.clone()));
    if ended != Err(Halt::Died) {
        assert_eq!(ended, Ok(()));
        return None;
    }
    let run = RunDir::latest(&folder.join(".theater")).unwrap();
    let counted = simulation.run(Faults::default(), async move {
        let node = shop::open(folder, Which::Last, None).await.unwrap();
        let counted = shop::number(&node, "counter", "value").await;
        node.shutdown().await.unwrap();
        counted
    });
    let left = Left {
        known: std::mem::take(&mut known.lock().unwrap()),
        counted: counted.unwrap(),
        torn: run.path().join("torn").exists(),
    };
    check(&run, &left);
    Some(left)
}

/// What holds after any death: the chain is valid, and every call was processed once at most.
fn check(run: &RunDir, left: &Left) {
    assert_eq!(verify(run).findings, Vec::<String>::new(), "{left:?}");
    let history = History::load(run).unwrap();
    let turns = &history.actor("counter").unwrap().turns;
    let increments: Vec<_> =
        turns.iter().filter(|turn| turn.header.function.ends_with("#increment")).collect();
    assert_eq!(increments.len() as u64, left.counted, "{left:?}");
    assert!(left.counted <= left.known.asked, "{left:?}");
    let answered: BTreeSet<u64> = left.known.answered.iter().copied().collect();
    assert_eq!(answered.len(), left.known.answered.len(), "{left:?}");
}

#[test]
fn a_death_at_any_point_of_writing_loses_no_answer() {
    let mut deaths = BTreeSet::new();
    for durability in Durability::ALL {
        for point in Point::ALL {
            for loses_power in [false, true] {
                for times in 0..12 {
                    let faults =
                        Faults { dies_at: Some((point, times)), loses_power, ..Faults::default() };
                    let Some(left) = live(times, durability, faults) else { continue };
                    let what = format!("{durability}, {faults:?}: {left:?}");
                    after_a_death(durability, point, loses_power, &left, &what);
                    if left.known.asked > left.known.answered.len() as u64 {
                        deaths.insert((durability.name(), format!("{point:?}")));
                    }
                }
            }
        }
    }
    // Somebody was waiting for an answer at each point, except that nobody waits for what comes after it.
    assert_eq!(deaths.len(), 3 * 4 - 1, "{deaths:?}");
}

fn after_a_death(durability: Durability, at: Point, power: bool, left: &Left, what: &str) {
    let answered = left.known.answered.len() as u64;
    let waiting = left.known.asked - answered;
    match (at, power, durability) {
        // What is given without waiting for the disk may be lost with it.
        (_, true, Durability::Async) => {}
        (Point::BeforeWrite, ..) => assert_eq!(left.counted, answered, "{what}"),
        (Point::InWrite, false, _) => {
            assert_eq!(left.counted, answered, "{what}");
            assert!(left.torn, "{what}");
        }
        (Point::InWrite, true, _) => assert_eq!(left.counted, answered, "{what}"),
        (Point::BeforeSync, true, _) => {
            assert!((answered..=answered + waiting).contains(&left.counted), "{what}");
        }
        // The process died, and the operating system has it all; nobody was told of the last one.
        (Point::BeforeSync, false, _) | (Point::BeforeReply, ..) => {
            assert_eq!(left.counted, answered + waiting, "{what}");
        }
    }
    let in_order: Vec<u64> = (1..=answered).collect();
    assert_eq!(left.known.answered, in_order, "{what}");
}

#[test]
fn only_async_answers_are_lost_with_the_power() {
    let lost = |durability| {
        let lives = (0..40).filter_map(|seed| {
            let faults =
                Faults { dies_after: Some(3 + seed % 5), loses_power: true, ..Faults::default() };
            live(seed, durability, faults)
        });
        lives.filter(|left| left.counted < left.known.answered.len() as u64).count()
    };
    assert_eq!((lost(Durability::Group), lost(Durability::Sync)), (0, 0));
    assert_ne!(lost(Durability::Async), 0, "the simulated power failure takes nothing");
}

/// The durabilities with which a run was opened.
fn recorded(run: &RunDir) -> Vec<Durability> {
    let mut reader = Reader::new(run);
    let records = std::iter::from_fn(|| reader.next_record().unwrap());
    records
        .filter_map(|(_, record)| match record.header.kind {
            Kind::Opened { durability, .. } => Some(durability),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_its_durability_unless_told_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    counter(dir.path());
    let manifest = dir.path().join("theater.toml");
    let written = std::fs::read_to_string(&manifest).unwrap();
    let go_on = |which, durability| {
        let folder = dir.path().to_owned();
        async move {
            let node = shop::open(folder, which, durability).await.unwrap();
            shop::call(&node, "counter", "increment", "1").await.unwrap();
            node.shutdown().await.unwrap();
            recorded(node.run())
        }
    };
    use Durability::{Async, Group, Sync};
    assert_eq!(go_on(Which::New, None).await, [Group]);
    std::fs::write(&manifest, format!("{written}[run]\ndurability = \"sync\"\n")).unwrap();
    assert_eq!(go_on(Which::New, None).await, [Sync]);
    assert_eq!(go_on(Which::Last, Some(Async)).await, [Sync, Async]);
    assert_eq!(go_on(Which::Last, None).await, [Sync, Async, Async]);
    assert_eq!(go_on(Which::New, Some(Group)).await, [Group]);
    assert_eq!(go_on(Which::Last, None).await, [Group, Group]);
}
