//! Actors that do too much of everything: what they use stays bounded, and the others answer meanwhile.
//!
//! Each storm lasts for `THEATER_TEST_STORM_SECONDS`, or for one second.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use theater_runtime::actor::CallError;
use theater_runtime::cache::Cache;
use theater_runtime::manifest::BareGrants;
use theater_runtime::node::{Beginning, Node, Start, Which};
use theater_runtime::trace::{Durability, Live, RunDir, verify};
use tokio::sync::{Mutex, MutexGuard};
use wasmtime::component::Val;

const BOSS: &str = include_str!("../../tests/fixtures/boss.wat");
const FAILS: &str = include_str!("../../tests/fixtures/fails-on-a-tick.wat");
const PEER: &str = include_str!("../../tests/fixtures/peer.wat");
const WORKER: &str = include_str!("../../tests/fixtures/worker.wat");

/// How many hands make the storm.
const HANDS: u64 = 8;

/// By how much the memory of this process may grow in a storm, in bytes.
const GROWTH: u64 = 64 << 20;

/// How many bytes of the trace a turn may cost, with all that follows from it.
const BYTES_PER_TURN: u64 = 4 << 10;

/// One storm at a time: they measure the memory of the whole process.
static ALONE: Mutex<()> = Mutex::const_new(());

struct Storm {
    dir: tempfile::TempDir,
    node: Node,
    done: Arc<AtomicBool>,
    /// How often the hands have done something.
    strokes: Arc<AtomicU64>,
    _alone: MutexGuard<'static, ()>,
}

fn project(folder: &Path, text: &str, wat: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("theater.toml"), text).unwrap();
    std::fs::write(folder.join("it.wat"), wat).unwrap();
}

/// What stands in front of every manifest.
fn actor(name: &str) -> String {
    format!("[actor]\nname = \"{name}\"\ncomponent = \"it.wat\"\n")
}

impl Storm {
    /// A node with a bystander, and the actors of these projects: folder, manifest, component.
    async fn new(projects: &[(&str, String, &str)], spawned: &[&str]) -> Self {
        let alone = ALONE.lock().await;
        let dir = tempfile::tempdir().unwrap();
        let bystander = actor("bystander") + "[handlers]\nstate = true\n";
        let all = [("bystander", bystander, WORKER)];
        for (folder, manifest, wat) in all.iter().chain(projects) {
            project(&dir.path().join(folder), manifest, wat);
        }
        let (start, data) = (Start::Empty, dir.path().join(".theater"));
        let (durability, grants, cache) =
            (Some(Durability::Async), BareGrants::default(), Cache::none());
        let which = Which::New;
        let beginning = Beginning { start, data, which, durability, grants, cache };
        let node = beginning.open().await.unwrap().node;
        for folder in ["bystander"].iter().chain(spawned) {
            let start = Start::of_path(&dir.path().join(folder));
            let loaded = start.load(&BareGrants::default(), &Cache::none()).unwrap().unwrap();
            let name = loaded.name().to_owned();
            loaded.spawn(&node, &name, None, None).await.unwrap();
        }
        let (done, strokes) = (Arc::default(), Arc::default());
        Self { dir, node, done, strokes, _alone: alone }
    }

    /// Does this again and again, from a hand of its own; it is told its number and how often it did it.
    fn hand<F: Future<Output = ()> + Send>(
        &self,
        number: u64,
        stroke: impl Fn(Node, u64, u64) -> F + Send + 'static,
    ) {
        let (node, done, strokes) = (self.node.clone(), self.done.clone(), self.strokes.clone());
        tokio::spawn(async move {
            let mut times = 0;
            while !done.load(Ordering::Relaxed) {
                stroke(node.clone(), number, times).await;
                times += 1;
                strokes.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    /// Lets it rage. Meanwhile the bystander answers every call, and `look` finds nothing wrong. Answers with how
    /// often it did.
    async fn rages(&self, look: impl Fn(&Node)) -> u64 {
        let seconds = std::env::var("THEATER_TEST_STORM_SECONDS").ok();
        let seconds = seconds.map_or(1, |seconds| seconds.parse().unwrap());
        // What grows at first is what there always is: pools, buffers, the allocator's own.
        let (mut calls, mut memory) = (0, None);
        for period in 0..seconds * 10 {
            let end = tokio::time::Instant::now() + Duration::from_millis(100);
            while tokio::time::Instant::now() < end {
                let one = vec![Val::U64(1)];
                self.node.call("bystander", "add", one, None).await.unwrap();
                calls += 1;
                look(&self.node);
            }
            if period == 4 {
                memory = Some(resident());
            }
        }
        self.done.store(true, Ordering::Relaxed);
        if let (Some(before), Some(after)) = (memory.flatten(), resident()) {
            let grown = after.saturating_sub(before);
            assert!(grown < GROWTH, "the memory grew from {before} to {after} bytes");
        }
        assert!(self.strokes.load(Ordering::Relaxed) > 0);
        calls
    }

    /// The run is sound, and not larger than its turns explain.
    async fn end(self) {
        self.node.shutdown().await.unwrap();
        let found = verify(self.node.run());
        assert_eq!(found.findings, Vec::<String>::new());
        let size = size(self.node.run());
        let most = found.turns * BYTES_PER_TURN;
        assert!(size < most, "{} turns take {size} bytes", found.turns);
        drop(self.dir);
    }
}

/// The memory that this process has, where the system tells.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// The size of the log.
fn size(run: &RunDir) -> u64 {
    (1..).map_while(|number| run.segment(number).metadata().ok()).map(|file| file.len()).sum()
}

async fn call(
    node: &Node,
    actor: &str,
    function: &str,
    arguments: Vec<Val>,
) -> Result<(), CallError> {
    node.call(actor, function, arguments, None).await.map(drop)
}

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_turn_traps() {
    let failing = actor("failing") + "[handlers]\nstate = true\n";
    let ticking = actor("ticking") + "[handlers]\ntimer = true\n";
    let app = "[actor]\nname = \"app\"\n[handlers]\nstate = true\n[supervisor]\nintensity = 4_000_000_000\n\
               [[children]]\nname = \"worker\"\nmanifest = \"../failing\"\n";
    let projects =
        [("failing", failing, WORKER), ("ticking", ticking, FAILS), ("app", app.to_owned(), "")];
    let storm = Storm::new(&projects, &["failing", "ticking", "app"]).await;
    for number in 0..HANDS {
        storm.hand(number, async |node, number, _| {
            let actor = if number % 2 == 0 { "failing" } else { "app/worker" };
            let error = call(&node, actor, "crash", Vec::new()).await.unwrap_err();
            assert!(matches!(error, CallError::Aborted { .. }), "{error}");
        });
    }
    storm.rages(|_| ()).await;
    storm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_flood_a_small_mailbox() {
    let peer = |name: &str| {
        actor(name)
            + "[handlers]\nstate = true\ntimer = true\nmessenger = { to = [\"sink\"] }\n[links]\n\
               \"test:peer/work\" = \"sink\"\n[limits]\nmailbox = 16\n"
    };
    let mut projects = vec![("sink", peer("sink"), PEER)];
    let sources = ["source-0", "source-1", "source-2", "source-3"];
    projects.extend(sources.map(|name| (name, peer(name), PEER)));
    let spawned: Vec<&str> = projects.iter().map(|(folder, ..)| *folder).collect();
    let storm = Storm::new(&projects, &spawned).await;
    for number in 0..HANDS {
        storm.hand(number, async |node, number, _| {
            let source = format!("source-{}", number % 4);
            let message = vec![text("sink"), text("again and again and again")];
            match call(&node, &source, "tell", message).await {
                Ok(()) | Err(CallError::Overloaded(_)) => {}
                Err(error) => panic!("{error}"),
            }
        });
    }
    storm.rages(|node| assert!(node.waiting("sink") <= 16)).await;
    storm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_asks_for_children_without_end() {
    let boss = actor("boss")
        + "[handlers]\nstate = true\nsupervisor = { max = 50 }\n[supervisor]\n\
           [[children]]\nname = \"worker\"\nmanifest = \"../worker\"\nstart = \"on-request\"\n";
    let worker = actor("worker") + "[handlers]\nstate = true\n";
    let storm = Storm::new(&[("boss", boss, BOSS), ("worker", worker, WORKER)], &["boss"]).await;
    for number in 0..HANDS {
        storm.hand(number, async |node, number, times| {
            let name = format!("w-{number}-{times}");
            let none = Val::Option(None);
            call(&node, "boss", "hire", vec![text("worker"), text(&name), none]).await.unwrap();
            // Of most there are too many; of the others every second one stays for a while.
            let old = format!("w-{number}-{}", if times % 2 == 0 { times } else { times / 2 });
            call(&node, "boss", "fire", vec![text(&old)]).await.unwrap();
        });
    }
    // With the bystander, the supervisor, and those that are just being recorded as ended.
    storm.rages(|node| assert!(node.tree().len() <= 2 + 50)).await;
    storm.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_never_reads() {
    let busy = actor("busy") + "[handlers]\nstate = true\n";
    let storm = Storm::new(&[("busy", busy, WORKER)], &["busy"]).await;
    let mut deaf = storm.node.subscribe();
    for number in 0..HANDS {
        storm.hand(number, async |node, _, _| {
            call(&node, "busy", "add", vec![Val::U64(1)]).await.unwrap();
        });
    }
    let calls = storm.rages(|_| ()).await;
    let Some(Live::Missed(missed)) = deaf.try_next() else { panic!("it cannot have kept up") };
    let mut kept = 0;
    while deaf.try_next().is_some() {
        kept += 1;
    }
    assert!(missed + kept >= calls);
    storm.end().await;
}
