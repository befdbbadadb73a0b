//! A supervisor and the children that it asks for, in simulated worlds: whatever dies meanwhile, each child comes once, and
//! each event is told once.

// What a seed does is printed, and shown when it fails.
#![allow(clippy::print_stdout)]

use super::on_request::{account, boss_in};
use super::shop::{call, open};
use super::simulation::{logged, under_all_seeds};
use super::snapshots;
use super::supervision::check;
use std::path::PathBuf;
use std::time::Duration;
use theater_runtime::node::{Node, Which};
use theater_runtime::simulation::{self, Faults, Halt, Simulation};
use theater_runtime::trace::{Durability, Hash, RunDir};

/// Callers, and what each of them does in one life of the node.
const CALLERS: u64 = 3;
const DEEDS: u64 = 8;

/// Something that is done to an application: to whom, which function, with what.
#[derive(Debug, Clone)]
struct Deed(String, &'static str, String);

fn deed(simulation: &Simulation) -> Deed {
    let names = ["w1", "w2", "w3", "fixed"];
    let name = names[simulation.below(4) as usize];
    let boss = |function, arguments| Deed("app".to_owned(), function, arguments);
    let child = |function| Deed(format!("app/{name}"), function, String::new());
    match simulation.below(12) {
        0..4 => {
            let template = ["worker", "temp"][simulation.below(2) as usize];
            boss("hire", format!(r#""{template}", "{name}""#))
        }
        4 => boss("fire", format!("{name:?}")),
        5 => boss("renew", format!("{name:?}")),
        6 => boss("watch", format!("{name:?}")),
        7 => boss("link", format!("{name:?}")),
        8 => child("finish"),
        9 => child("retire"),
        10 => boss("hire-and-trap", r#""worker", "w9""#.to_owned()),
        _ => child("crash"),
    }
}

/// One life of a node whose callers do all of that. Some of it is refused, or fails.
async fn live(folder: PathBuf, disk_fails: bool, deeds: Vec<Vec<Deed>>) {
    let node = match open(folder, Which::Last, Some(Durability::Async)).await {
        Ok(node) => node,
        Err(problems) => {
            assert!(disk_fails, "{problems:?}");
            return;
        }
    };
    let (done, mut all) = tokio::sync::mpsc::channel::<()>(1);
    for deeds in deeds {
        let (node, done) = (node.clone(), done.clone());
        simulation::spawn(async move {
            for Deed(actor, function, arguments) in deeds {
                let _ = call(&node, &actor, function, &arguments).await;
            }
            drop(done);
        });
    }
    drop(done);
    assert_eq!(all.recv().await, None);
    // What the disk refused ends the node in no order.
    let _ = node.shutdown().await;
}

/// Until nobody has anything to do any more.
async fn comes_to_rest(node: &Node) {
    let busy = |node: &Node| node.tree().iter().any(|kin| kin.waiting > 0);
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        while busy(node) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn simulate(seed: u64) -> Hash {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("app");
    boss_in(&folder, "app", "intensity = 1000\nperiod = \"1s\"");
    let simulation = Simulation::new(seed).unwrap();
    let opened = simulation.run(Faults::default(), {
        let folder = folder.clone();
        async move {
            open(folder, Which::New, Some(Durability::Async))
                .await
                .unwrap()
                .shutdown()
                .await
                .unwrap()
        }
    });
    assert_eq!(opened, Ok(()));
    for _ in 0..3 {
        let faults = match simulation.below(4) {
            0 => Faults::default(),
            1 => Faults { disk_fails_after: Some(3 + simulation.below(30)), ..Faults::default() },
            _ => Faults { dies_after: Some(6 + simulation.below(90)), ..Faults::default() },
        };
        let some = |_| (0..DEEDS).map(|_| deed(&simulation)).collect::<Vec<_>>();
        let deeds: Vec<_> = (0..CALLERS).map(some).collect();
        println!("seed {seed}: {faults:?}, {deeds:?}");
        let run = live(folder.clone(), faults.disk_fails_after.is_some(), deeds);
        let ended = simulation.run(faults, run);
        println!("seed {seed}: {ended:?}");
        assert_ne!(ended, Err(Halt::Stuck), "somebody waits for ever");
        let run = RunDir::latest(&folder.join(".theater")).unwrap();
        snapshots::agree(&run);
        snapshots::mishandle(&simulation, &run);
    }
    let ended = simulation.run(Faults::default(), {
        let folder = folder.clone();
        async move {
            let node = open(folder, Which::Last, Some(Durability::Async)).await.unwrap();
            comes_to_rest(&node).await;
            node.shutdown().await.unwrap();
        }
    });
    assert_eq!(ended, Ok(()));
    let run = RunDir::latest(&folder.join(".theater")).unwrap();
    snapshots::agree(&run);
    account(&run).is_settled(&run);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(check(&run));
    logged(&run)
}

#[test]
fn nobody_comes_twice_and_nothing_is_told_twice_under_any_seed() {
    under_all_seeds(simulate);
}

#[test]
fn a_seed_gives_the_same_staff_again() {
    assert_eq!(simulate(5), simulate(5));
}
