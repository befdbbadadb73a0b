//! The index beside the segments: what it tells is what the log says, also when it is damaged, or the log is.

use crate::stage::{COUNTER, Stage};
use crate::{cursor, messages};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use theater_runtime::cache::Cache;
use theater_runtime::replay::{Cursor, Direction, History, Replayer, Selection, replay_all};
use theater_runtime::state::{Delta, Value};
use theater_runtime::trace::{
    ActorId, Cause, Durability, Entry, Hash, Kind, Opening, PayloadKind, RunDir, TurnHeader,
};
use theater_runtime::turn::OutcomeKind;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(120);

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
    let names = ["directory", "records", "chapters", "pages", "bodies", "caused", "fences"];
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
    let made = async {
        while covered() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // It comes last, where others have something to do.
    tokio::time::timeout(PATIENCE, made).await.expect("an index is made while the node records");
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

/// The files of an index as they were made, and one of them damaged somewhere.
struct Damage {
    files: Vec<PathBuf>,
    sound: Vec<Vec<u8>>,
    runner: TestRunner,
}

impl Damage {
    fn of(run: &RunDir) -> Self {
        let files = files(run);
        let sound: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(sound.iter().all(|bytes| !bytes.is_empty()));
        Self { files, sound, runner: TestRunner::deterministic() }
    }

    fn repair(&self) {
        let files = self.files.iter().zip(&self.sound);
        files.for_each(|(file, bytes)| fs::write(file, bytes).unwrap());
    }

    /// Removes a file, cuts it, exchanges parts of it, or changes a byte.
    fn happens(&mut self) {
        let tampering = (0..self.sound.len(), any::<prop::sample::Index>(), 1..=255_u8, 0..6_u8);
        let (file, at, bits, how) = tampering.new_tree(&mut self.runner).unwrap().current();
        let (path, mut bytes) = (&self.files[file], self.sound[file].clone());
        let at = at.index(bytes.len());
        match how {
            0 => return fs::remove_file(path).unwrap(),
            1 => bytes.truncate(at),
            2 => bytes.rotate_left(at),
            _ => bytes[at] ^= bits,
        }
        fs::write(path, bytes).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_index_is_made_anew() {
    let (_stage, run) = busy().await;
    let whole = History::load_without_index(&run).unwrap();
    indexed(&run);
    let mut damage = Damage::of(&run);
    for _ in 0..500 {
        damage.repair();
        damage.happens();
        let history = History::load_with_index(&run, 1).unwrap();
        assert_same(&history, &whole);
        let again = History::load_with_index(&run, 1).unwrap();
        assert_same(&again, &whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_damaged_during_a_walk_is_made_anew() {
    let (_stage, run) = busy().await;
    let whole = History::load_without_index(&run).unwrap();
    indexed(&run);
    let mut damage = Damage::of(&run);
    for number in 0..500_usize {
        damage.repair();
        let history = History::load_with_index(&run, usize::MAX).unwrap();
        let (actor, other) = (history.actor("a").unwrap(), whole.actor("a").unwrap());
        // Some of it was read before, some was not.
        if let Some(index) = (number % 7).checked_sub(1) {
            assert_eq!(actor.turns[index].location, other.turns[index].location);
        }
        damage.happens();
        assert_same(&history, &whole);
        assert_same(&History::load_with_index(&run, 1).unwrap(), &whole);
    }
}

/// A run of two actors that is long enough for an index.
fn long_run(data: &Path) -> RunDir {
    let run = RunDir::create(data).unwrap();
    let log = Opening::read(&run, |_, _| Ok(())).unwrap().begin(Some(Durability::Async)).unwrap();
    let blob = run.store(b"component", Hash::of(b"component")).unwrap();
    let append = |actor, kind, payloads| {
        log.append(Entry { actor: ActorId(actor), kind, payloads }).unwrap();
        while log.is_crowded() {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    for (actor, name) in [(1, "one"), (2, "two")] {
        let (name, component, manifest) = (name.to_owned(), blob, blob);
        let kind = Kind::Spawned { name, component, manifest, parent: None, request: None };
        append(actor, kind, Vec::new());
    }
    for turn in 1..=10_000_u64 {
        let header = TurnHeader {
            turn,
            incarnation: 1,
            instance: None,
            cause: Cause::Outside,
            function: "test:long/run#go-on".to_owned(),
            outcome: OutcomeKind::Returned,
            fuel: 1,
            elapsed: 1,
        };
        let delta = Delta(vec![("count".to_owned(), Some(Value::U64(turn)))]).encode();
        append(1 + turn % 2, Kind::Turn(header), vec![(PayloadKind::Delta, delta)]);
    }
    log.close();
    run
}

#[test]
fn a_walk_goes_on_by_the_index_that_was_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let run = long_run(dir.path());
    let whole = History::load_without_index(&run).unwrap();
    let other = whole.actor("two").unwrap();
    let same = |history: &History, index: usize| {
        let actor = history.actor("two").unwrap();
        let turn = history.past(actor, index).unwrap();
        assert_eq!(format!("{turn:?}"), format!("{:?}", other.turns[index]));
        let here = Cursor::of(history, actor.id, index).unwrap();
        let before = here.change(history, "count", Direction::Backward);
        let before = before.ok().map(|it| it.whose(history).unwrap().1);
        assert_eq!(before, index.checked_sub(1));
    };
    let pages = run.path().join("index/pages");
    let spoil = || {
        let mut bytes = fs::read(&pages).unwrap();
        bytes.iter_mut().step_by(100).for_each(|byte| *byte ^= 1);
        fs::write(&pages, bytes).unwrap();
    };
    let number = || fs::metadata(&pages).unwrap().ino();
    drop(History::load(&run).unwrap());
    let (history, neighbour) = (History::load(&run).unwrap(), History::load(&run).unwrap());
    let first = number();
    spoil();
    same(&history, 4_000);
    let second = number();
    assert_ne!(first, second, "there is another index");
    same(&neighbour, 1_000);
    same(&neighbour, 4_999);
    assert_eq!(second, number(), "whoever finds the same wrong does not make it a second time");
    // What was read stays, and if the new one is wrong too, there is still the log.
    spoil();
    for index in [0, 999, 4_000, 4_001, 4_999] {
        same(&history, index);
    }
    let again = History::load(&run).unwrap();
    same(&again, 2_000);
    assert_ne!(second, number());
    assert_eq!(fs::read_dir(run.path().join("index")).unwrap().count(), 8, "with the lock");
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

#[tokio::test(flavor = "multi_thread")]
async fn every_turn_is_executed_again_whatever_the_index_says() {
    let (_stage, run) = busy().await;
    let whole = History::load_without_index(&run).unwrap();
    let turns: usize = whole.actors().map(|actor| actor.turns.len()).sum();
    for part in 0..=4 {
        indexed(&run);
        let path = run.path().join("index/records");
        let mut bytes = fs::read(&path).unwrap();
        let at = (bytes.len() - 1) * part / 4;
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let history = Arc::new(History::load_with_index(&run, usize::MAX).unwrap());
        let replayer = Arc::new(Replayer::new(None, Cache::none()).unwrap());
        let summary = replay_all(history, replayer, Selection::All, |_, _, _| ()).await;
        assert_eq!((summary.replayed, summary.is_as_recorded()), (turns as u64, true));
    }
}
