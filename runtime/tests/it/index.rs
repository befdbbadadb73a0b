//! The index beside the segments: what it tells is what the log says, also when it is damaged, or the log is.

use crate::stage::{COUNTER, Stage};
use crate::{cursor, messages};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use theater_runtime::replay::{Cursor, Direction, History};
use theater_runtime::trace::RunDir;

/// The run with everything in its index, and opened by it.
fn indexed(run: &RunDir) -> History {
    History::load_with_index(run, 1).unwrap();
    History::load_with_index(run, usize::MAX).unwrap()
}

/// Both tell the same.
fn assert_same(history: &History, whole: &History) {
    assert_eq!(history.len(), whole.len());
    let records = |history: &History| {
        (0..=history.len() as u64).map(|it| history.record(it)).collect::<Vec<_>>()
    };
    assert_eq!(records(history), records(whole));
    assert_eq!(history.actors().count(), whole.actors().count());
    for (actor, other) in history.actors().zip(whole.actors()) {
        assert_eq!((actor.id, &actor.name, actor.code), (other.id, &other.name, other.code));
        assert_eq!((actor.request, actor.turns.len()), (other.request, other.turns.len()));
        for index in 0..other.turns.len() {
            let turn = history.past(actor, index).unwrap();
            assert_eq!(format!("{turn:?}"), format!("{:?}", other.turns[index]));
            assert_eq!(actor.turns.at(turn.location), Some(index));
            assert_eq!(actor.turns.index_of(turn.header.turn), Some(index));
            let why = |history: &History, actor| format!("{:?}", history.why(actor, index).len());
            assert_eq!(why(history, actor), why(whole, other));
            let effects = |history: &History, actor| {
                let effects = history.effects(actor, index, None);
                effects.iter().map(|it| (it.depth, it.turn.location, it.sent)).collect::<Vec<_>>()
            };
            assert_eq!(effects(history, actor), effects(whole, other));
        }
    }
}

/// Everything that has to be true of the index of every run. What it was before is gone on with.
pub fn check(run: &RunDir) {
    let mut whole = History::load_without_index(run).unwrap();
    let mut history = indexed(run);
    // The run may go on meanwhile.
    while history.len() != whole.len() {
        history.refresh().unwrap();
        whole.refresh().unwrap();
    }
    if whole.len() < 300 {
        assert_same(&history, &whole);
    }
    cursor::walk(&history);
}

fn files(run: &RunDir) -> Vec<PathBuf> {
    let names = ["directory", "records", "pages", "bodies", "caused", "fences"];
    names.map(|name| run.path().join("index").join(name)).to_vec()
}

/// A run of two actors that ask and tell each other, and trap.
async fn busy() -> (messages::Stage, RunDir) {
    let mut stage = messages::Stage::pair().await;
    for _ in 0..3 {
        for call in ["a.ask(21)", "b.ask(13)", "a.tell(\"b\", \"count 1\")", "b.later(\"t\", 1)"] {
            let _ = stage.call(call).await;
        }
        let _ = stage.call("b.tell-and-trap(\"a\", \"x\")").await;
    }
    stage.reopen().await;
    let run = stage.history().run().clone();
    // What is to be compared must not grow.
    let copy = run.path().with_file_name("copy");
    copy_folder(run.path(), &copy);
    (stage, RunDir::open(&copy).unwrap())
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_grows_with_the_run() {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    for round in 1..=10 {
        for by in ["1", "0", "4294967295"] {
            let _ = stage.call(&format!("counter.increment({by})")).await;
        }
        stage.reopen().await;
        // Now and then something stays outside it.
        let history = History::load_with_index(&stage.run, 1 + round % 3 * 7).unwrap();
        check(&stage.run);
        cursor::walk(&history);
    }
    stage.node.shutdown().await.unwrap();
    let history = indexed(&stage.run);
    assert_same(&history, &History::load_without_index(&stage.run).unwrap());
    cursor::walk(&history);
    let last = Cursor::last(&history, "counter").unwrap();
    let changed = last.change(&history, "count", Direction::Backward).unwrap();
    assert!(last.change(&history, "other", Direction::Backward).is_err());
    assert!(changed.place(&history).unwrap().turn < last.place(&history).unwrap().turn);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_grows_while_it_is_looked_at() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    let mut history = History::load_with_index(&stage.run, 4).unwrap();
    for by in 0..70 {
        stage.call(&format!("counter.increment({by})")).await.unwrap();
        history.refresh().unwrap();
    }
    assert_same(&history, &History::load_without_index(&stage.run).unwrap());
    // Who looks at the same time does not write into it.
    let mut other = History::load_with_index(&stage.run, 4).unwrap();
    for by in 0..20 {
        stage.call(&format!("counter.increment({by})")).await.unwrap();
        history.refresh().unwrap();
        other.refresh().unwrap();
    }
    let whole = History::load_without_index(&stage.run).unwrap();
    assert_same(&history, &whole);
    assert_same(&other, &whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_makes_it_while_it_records() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    let stage = Arc::new(stage);
    let callers: Vec<_> = (0..200)
        .map(|_| {
            let stage = stage.clone();
            tokio::spawn(async move {
                for _ in 0..150 {
                    stage.call("counter.increment(1)").await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let covered =
        || fs::metadata(stage.run.path().join("index/records")).map_or(0, |it| it.len() / 24);
    while covered() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stage.node.shutdown().await.unwrap();
    let records = History::load_without_index(&stage.run).unwrap().len() as u64;
    assert!(records > 30_000 && covered() <= records, "{} of {records}", covered());
    // What came last is added at the end, if it is not read as quickly without.
    assert!(records - covered() < 8192, "{} of {records}", covered());
    let history = History::load_with_index(&stage.run, usize::MAX).unwrap();
    let whole = History::load_without_index(&stage.run).unwrap();
    assert_eq!(history.len(), whole.len());
    let (actor, other) = (history.actor("counter").unwrap(), whole.actor("counter").unwrap());
    assert_eq!(actor.turns.len(), other.turns.len());
    for index in (0..other.turns.len()).step_by(997).chain([other.turns.len() - 1]) {
        let turn = history.past(actor, index).unwrap();
        assert_eq!(format!("{turn:?}"), format!("{:?}", other.turns[index]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_made_anew() {
    let (_stage, run) = busy().await;
    let whole = History::load_without_index(&run).unwrap();
    indexed(&run);
    let sound: Vec<Vec<u8>> = files(&run).iter().map(|file| fs::read(file).unwrap()).collect();
    let restore =
        || files(&run).iter().zip(&sound).for_each(|(file, bytes)| fs::write(file, bytes).unwrap());
    let mut runner = TestRunner::deterministic();
    let tampering = (0..sound.len(), any::<prop::sample::Index>(), 1..=255_u8, 0..5_u8);
    for _ in 0..150 {
        let (file, at, bits, how) = tampering.new_tree(&mut runner).unwrap().current();
        restore();
        let (path, mut bytes) = (&files(&run)[file], sound[file].clone());
        assert!(!bytes.is_empty(), "{path:?}");
        let at = at.index(bytes.len());
        match how {
            0 => fs::remove_file(path).unwrap(),
            1 => fs::write(path, &bytes[..at]).unwrap(),
            _ => {
                bytes[at] ^= bits;
                fs::write(path, &bytes).unwrap();
            }
        }
        let history = History::load_with_index(&run, 1).unwrap();
        assert_same(&history, &whole);
        let again = History::load_with_index(&run, 1).unwrap();
        assert_same(&again, &whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_log_is_not_believed_because_of_its_index() {
    let (_stage, run) = busy().await;
    let history = indexed(&run);
    let actor = history.actor("b").unwrap();
    let at = actor.turns[0].location;
    let segment = run.segment(at.segment);
    let mut bytes = fs::read(&segment).unwrap();
    let middle = usize::try_from(at.offset + at.len / 2).unwrap();
    bytes[middle] ^= 1;
    fs::write(&segment, bytes).unwrap();
    // Nothing but that record was changed, so opening does not see it.
    if let Ok(history) = History::load_with_index(&run, usize::MAX) {
        let actor = history.actor("b").unwrap();
        let problem = history.past(actor, 0).unwrap_err();
        assert!(problem.message.contains("damaged"), "{}", problem.message);
        assert!(Cursor::of(&history, actor.id, 0).is_err());
    }
    // That was the last time.
    assert!(History::load_with_index(&run, usize::MAX).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_log_does_not_get_its_index() {
    let (_stage, run) = busy().await;
    let first = indexed(&run);
    let other = Stage::new().await;
    other.spawn(COUNTER, "[handlers]\nstate = true").await;
    other.node.shutdown().await.unwrap();
    for file in files(&run) {
        let folder = other.run.path().join("index");
        fs::create_dir_all(&folder).unwrap();
        fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    let history = History::load_with_index(&other.run, 1).unwrap();
    assert_same(&history, &History::load_without_index(&other.run).unwrap());
    assert_ne!(history.len(), first.len());
}
