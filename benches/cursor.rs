//! How long it takes to open a long run and to walk in it.
//!
//! `THEATER_BENCH_TURNS` is the number of turns of the generated run (default 100,000), spread over ten actors that hand
//! a message on.
//! `THEATER_BENCH_DIR` is a folder in which the run stays for the next time.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use theater_runtime::replay::{Cursor, Direction, History};
use theater_runtime::state::{Delta, Value};
use theater_runtime::trace::{
    ActorId, Cause, Entry, Hash, Kind, Log, Opening, PayloadKind, RunDir, Step, TurnHeader, verify,
};
use theater_runtime::turn::OutcomeKind;

/// How many actors there are.
const ACTORS: u64 = 10;

/// How often a single thing is done to be measured.
const TIMES: usize = 200;

fn main() {
    let turns = std::env::var("THEATER_BENCH_TURNS").ok().and_then(|it| it.parse().ok());
    let turns: u64 = turns.unwrap_or(100_000);
    let kept = std::env::var_os("THEATER_BENCH_DIR").map(PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
    let data = folder.join(turns.to_string());
    let run = match RunDir::latest(&data) {
        Ok(run) => run,
        Err(_) => generate(&data, turns),
    };
    println!("{turns} turns of {ACTORS} actors; {}", size("the run", run.path()));
    let index = run.path().join("index");
    if index.exists() {
        std::fs::remove_dir_all(&index).unwrap();
    }
    let (first, took) = timed(|| History::load(&run).unwrap());
    per_turn("opened for the first time, making the index", took, turns);
    println!("{}", size("the index", &index));
    drop(first);
    walk(&run, turns);
    let (found, took) = timed(|| verify(&run));
    assert_eq!(found.findings, Vec::<String>::new());
    per_turn("verified", took, turns);
}

/// What walking takes in a run whose index is there.
fn walk(run: &RunDir, turns: u64) {
    let cold = evict(run.path());
    let (opened, took) = timed(|| {
        let history = History::load(run).unwrap();
        let cursor = Cursor::last(&history, "actor-3").unwrap();
        let back = cursor.step_back(&history).unwrap();
        (history, back)
    });
    let how = if cold { "cold" } else { "warm: the cache of files could not be emptied" };
    println!("open to first step ({how}): {took:?}");
    let (history, cursor) = opened;
    let each = turns / ACTORS;
    let mut numbers = Numbers(1);
    let mut somewhere = || 1 + numbers.next() % each.max(2).saturating_sub(1);
    let at = |history: &History, turn: u64| {
        let cursor = cursor.at_turn(history, turn).unwrap();
        cursor.state(history).unwrap();
        cursor
    };
    measure("goto, with the state", |_| {
        at(&history, somewhere());
    });
    // A short run is walked over and over.
    let (first, last) = (at(&history, 1), at(&history, each));
    let mut here = at(&history, (each / 2).max(1));
    measure("step, with the state", |_| {
        here = here.step(&history).unwrap_or(first);
        here.state(&history).unwrap();
    });
    let mut here = at(&history, (each / 3).max(1));
    measure("step back, with the state", |_| {
        here = here.step_back(&history).unwrap_or(last);
        here.state(&history).unwrap();
    });
    for key in ["count", "seldom", "once"] {
        // What earlier searches have read is forgotten.
        let fresh = History::load(run).unwrap();
        measure(&format!("last change of `{key}`"), |_| {
            // A key that changes seldom need not have changed before.
            let _ = at(&fresh, somewhere()).change(&fresh, key, Direction::Backward);
        });
    }
    measure("why, over ten actors", |_| {
        let (actor, index) = history.turn("actor-9", somewhere()).unwrap();
        assert_eq!(history.why(actor, index).len() as u64, ACTORS);
    });
    measure("effects, over ten actors", |_| {
        let (actor, index) = history.turn("actor-0", somewhere()).unwrap();
        assert_eq!(history.effects(actor, index, None).len() as u64, ACTORS - 1);
    });
}

/// Writes a run of made-up turns, as quickly as the log takes them.
fn generate(data: &Path, turns: u64) -> RunDir {
    let run = RunDir::create(data).unwrap();
    let opening = Opening::read(&run, |_, _| Ok(())).unwrap();
    let log = opening.begin(None).unwrap();
    // Nothing of it is executed.
    let blob = run.store(b"nothing", Hash::of(b"nothing")).unwrap();
    let append = |log: &Log, actor, kind, payloads| {
        let position = log.append(Entry { actor, kind, payloads }).unwrap();
        while log.is_crowded() {
            std::thread::sleep(Duration::from_millis(1));
        }
        position
    };
    for actor in 1..=ACTORS {
        let name = format!("actor-{}", actor - 1);
        let (component, manifest) = (blob, blob);
        let kind = Kind::Spawned { name, component, manifest, parent: None, request: None };
        append(&log, ActorId(actor), kind, Vec::new());
    }
    let began = Instant::now();
    for number in 0..turns {
        let (actor, turn) = (1 + number % ACTORS, 1 + number / ACTORS);
        let cause = match actor {
            1 => Cause::Outside,
            actor => Cause::Actor(Step { actor: ActorId(actor - 1), turn, step: 3 }),
        };
        append(&log, ActorId(actor), Kind::Turn(header(turn, cause)), payloads(turn));
    }
    per_turn("recorded (records alone)", began.elapsed(), turns);
    log.close();
    run
}

fn header(turn: u64, cause: Cause) -> TurnHeader {
    TurnHeader {
        turn,
        incarnation: 1,
        instance: None,
        cause,
        function: "bench:chain/links#hand-on".to_owned(),
        outcome: OutcomeKind::Returned,
        fuel: 1234,
        elapsed: 5000,
    }
}

/// A turn with an argument, three import calls and one or more changes.
fn payloads(turn: u64) -> Vec<(PayloadKind, Vec<u8>)> {
    use theater_runtime::trace::CallsWriter;
    use theater_runtime::wire::{WireList, Writer};
    let encoded = |values: &dyn Fn(&mut Writer)| {
        let mut writer = Writer::new();
        values(&mut writer);
        writer.into_bytes()
    };
    let mut delta = vec![("count".to_owned(), Some(Value::U64(turn)))];
    if turn.is_multiple_of(10_000) {
        delta.push(("seldom".to_owned(), Some(Value::U64(turn))));
    }
    if turn == 7 {
        delta.push(("once".to_owned(), Some(Value::U64(turn))));
    }
    let key = |writer: &mut Writer| ("count".to_owned(),).write_values(writer);
    let nothing = |writer: &mut Writer| ().write_values(writer);
    let mut calls = CallsWriter::default();
    calls.begin("theater:host/state@0.1.0#get", &encoded(&key));
    calls.answer(&encoded(&|writer| (Some(Value::U64(turn - 1)),).write_values(writer)), true);
    for (name, value) in &delta {
        let set = |writer: &mut Writer| {
            (name.clone(), value.clone().unwrap_or(Value::Bool(false))).write_values(writer);
        };
        calls.begin("theater:host/state@0.1.0#set", &encoded(&set));
        calls.answer(&encoded(&nothing), true);
    }
    calls.begin("theater:host/messenger@0.1.0#send", &encoded(&key));
    calls.answer(&encoded(&nothing), false);
    vec![
        (PayloadKind::Arguments, encoded(&|writer| (turn,).write_values(writer))),
        (PayloadKind::Calls, calls.finish()),
        (PayloadKind::Delta, Delta(delta).encode()),
    ]
}

fn measure(what: &str, mut work: impl FnMut(usize)) {
    let mut times: Vec<Duration> = (0..TIMES).map(|number| timed(|| work(number)).1).collect();
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!("{what}: median {:?}, p95 {:?}, most {:?}", at(50), at(95), at(100));
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed())
}

fn per_turn(what: &str, took: Duration, turns: u64) {
    let rate = turns as f64 / took.as_secs_f64();
    println!("{what}: {took:.2?}, {rate:.0} turns/s");
}

fn size(what: &str, folder: &Path) -> String {
    format!("{what} has {} MB", below(folder) / 1_000_000)
}

fn below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let one = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => below(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.map(one).sum()
}

/// Has the system forget what it holds of the files, if this process may.
fn evict(folder: &Path) -> bool {
    let _ = std::process::Command::new("sync").arg(folder).status();
    std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

/// Numbers without an order (xorshift), the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
