//! Trees of actors: how they start, what happens when children exit, and what comes back with a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use theater_runtime::actor::CallError;
use theater_runtime::cache::Cache;
use theater_runtime::call::{parse_arguments, to_wave};
use theater_runtime::diagnostic::{Diagnostic, Source};
use theater_runtime::manifest::BareGrants;
use theater_runtime::node::{Beginning, Begun, Node, Start, Which};
use theater_runtime::replay::{History, Replayer};
use theater_runtime::trace::{Durability, Kind, Live, RunDir, Subscription, verify};

pub const WORKER: &str = include_str!("../../../tests/fixtures/worker.wat");
pub const STARTER: &str = include_str!("../../../tests/fixtures/starter.wat");

/// An application in a temporary folder, with its node.
pub struct Troupe {
    pub dir: tempfile::TempDir,
    pub node: Node,
    live: Subscription,
    pub problems: Vec<Diagnostic>,
}

/// Writes a project: its manifest behind `[actor]`, and its component in text form.
pub fn project(folder: &Path, name: &str, manifest: &str, wat: Option<&str>) {
    fs::create_dir_all(folder).unwrap();
    let component = wat.map_or("", |_| "component = \"it.wat\"\n");
    let text = format!("[actor]\nname = \"{name}\"\n{component}{manifest}");
    fs::write(folder.join("theater.toml"), text).unwrap();
    if let Some(wat) = wat {
        fs::write(folder.join("it.wat"), wat).unwrap();
    }
}

/// One of `[[children]]`.
pub fn child(name: &str, manifest: &str, more: &str) -> String {
    format!("[[children]]\nname = \"{name}\"\nmanifest = \"{manifest}\"\n{more}\n")
}

/// Workers `a`, `b`, `c`, made of one project, under a supervisor `app`.
fn three(supervisor: &str, more: [&str; 3]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let children = ["a", "b", "c"].iter().zip(more);
    let children: String = children.map(|(name, more)| child(name, "worker", more)).collect();
    let manifest = format!("[handlers]\nstate = true\n[supervisor]\n{supervisor}\n{children}");
    project(dir.path(), "app", &manifest, None);
    let limits = "[handlers]\nstate = true\n[limits]\nfuel = 1_000_000_000_000\ntimeout = \"1h\"\n";
    project(&dir.path().join("worker"), "worker", limits, Some(WORKER));
    dir
}

pub async fn open(path: PathBuf, which: Which) -> Result<Begun, Vec<Diagnostic>> {
    let data = path.join(".theater");
    let start = Start::Project(path);
    let grants = BareGrants::default();
    let (durability, cache) = (Some(Durability::Async), Cache::none());
    Beginning { start, data, which, durability, grants, cache }.open().await
}

impl Troupe {
    pub async fn start(
        dir: tempfile::TempDir,
    ) -> Result<Self, (tempfile::TempDir, Vec<Diagnostic>)> {
        let mut begun = match open(dir.path().to_owned(), Which::New).await {
            Ok(begun) => begun,
            Err(problems) => return Err((dir, problems)),
        };
        let live = begun.node.subscribe();
        match begun.spawn(None, "test").await {
            Ok(_) => Ok(Self { dir, node: begun.node.clone(), live, problems: begun.problems }),
            Err(problems) => Err((dir, problems)),
        }
    }

    /// Goes on with the run, after the node has ended in order.
    pub async fn reopen(&mut self) {
        self.node.shutdown().await.unwrap();
        let begun = open(self.dir.path().to_owned(), Which::Last).await.unwrap();
        self.node = begun.node.clone();
        self.live = self.node.subscribe();
        self.problems = begun.problems;
    }

    pub async fn call(
        &self,
        actor: &str,
        function: &str,
        arguments: &str,
    ) -> Result<String, CallError> {
        let target = self.node.actor(actor).ok_or(CallError::NoSuchActor(actor.to_owned()))?;
        let params = &target.program.function(function).unwrap().params;
        let source = Source::new("test", arguments);
        let arguments = parse_arguments(&source, 0..source.text.len(), params).unwrap();
        let reply = self.node.call(actor, function, arguments, None).await?;
        Ok(reply.values.iter().map(to_wave).collect())
    }

    /// The next records that are no turns, in short, up to one that reads like `last`.
    pub async fn until(&mut self, last: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while seen.last().is_none_or(|seen| seen != last) {
            // A test that waits for what never comes shall say what came.
            let next = tokio::time::timeout(Duration::from_secs(60), self.live.next()).await;
            let Ok(Some(Live::Record(record))) = next else { panic!("{seen:?}") };
            let history = History::load(self.node.run()).unwrap();
            let name = history.by_id(record.header.actor).map_or("", |actor| &actor.name);
            seen.push(match &record.header.kind {
                Kind::Exited { reason, .. } => format!("{name} {reason}"),
                Kind::Restarted { fresh: true, .. } => format!("{name} again, fresh"),
                Kind::Restarted { .. } => format!("{name} again"),
                Kind::GaveUp { child, restarts } => format!("{name} gave up: {child} {restarts}"),
                Kind::Stopped => format!("{name} stopped"),
                Kind::Spawned { .. } => format!("{name} spawned"),
                Kind::Started { .. } => format!("{name} started"),
                _ => continue,
            });
        }
        seen
    }

    /// The trace is sound, and every turn comes out again.
    pub async fn check(&self) {
        check(self.node.run()).await;
    }
}

pub async fn check(run: &RunDir) {
    assert_eq!(verify(run).findings, Vec::<String>::new());
    let history = History::load(run).unwrap();
    crate::cursor::walk(&history);
    crate::cursor::look_inside(&history).await;
    let replayer = Replayer::new(None, Cache::none()).unwrap();
    for actor in history.actors() {
        for index in 0..actor.turns.len() {
            let replayed = replayer.replay(&history, actor, index).await.unwrap();
            assert_eq!(replayed.divergence, None, "{}#{}", actor.name, replayed.turn);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_in_order_and_ends_in_reverse_order() {
    let mut troupe = Troupe::start(three("", ["", "", ""])).await.unwrap();
    let spawned = troupe.until("app/c spawned").await;
    assert_eq!(spawned, ["app spawned", "app/a spawned", "app/b spawned", "app/c spawned"]);
    assert_eq!(troupe.call("app/b", "add", "5").await.unwrap(), "5");
    troupe.node.stop("app").await.unwrap();
    let stopped = troupe.until("app stopped").await;
    let exits = ["app/c shutdown", "app/b shutdown", "app/a shutdown", "app shutdown"];
    let ends = ["app/c stopped", "app/b stopped", "app/a stopped", "app stopped"];
    assert_eq!(stopped, [exits, ends].concat());
    assert!(matches!(troupe.call("app/b", "value", "").await, Err(CallError::NoSuchActor(_))));
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_for_one_restarts_the_one_with_its_state() {
    let mut troupe = Troupe::start(three("", ["", "", ""])).await.unwrap();
    troupe.until("app/c spawned").await;
    troupe.call("app/b", "add", "5").await.unwrap();
    troupe.call("app/b", "crash", "").await.unwrap_err();
    assert_eq!(troupe.until("app/b again").await, ["app/b trap", "app/b again"]);
    assert_eq!(troupe.call("app/b", "value", "").await.unwrap(), "5");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rest_for_one_restarts_those_after_it() {
    let dir = three("strategy = \"rest-for-one\"", ["", "", "state = \"fresh\""]);
    let mut troupe = Troupe::start(dir).await.unwrap();
    troupe.until("app/c spawned").await;
    for actor in ["app/a", "app/b", "app/c"] {
        troupe.call(actor, "add", "5").await.unwrap();
    }
    troupe.call("app/b", "crash", "").await.unwrap_err();
    let seen = troupe.until("app/c again, fresh").await;
    assert_eq!(seen, ["app/b trap", "app/c shutdown", "app/b again", "app/c again, fresh"]);
    assert_eq!(troupe.call("app/b", "value", "").await.unwrap(), "5");
    assert_eq!(troupe.call("app/c", "value", "").await.unwrap(), "0");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_exit_too_many_ends_the_application() {
    let mut troupe = Troupe::start(three("", ["", "", ""])).await.unwrap();
    troupe.until("app/c spawned").await;
    troupe.call("app/a", "crash", "").await.unwrap_err();
    troupe.until("app/a again").await;
    troupe.call("app/c", "crash", "").await.unwrap_err();
    let seen = troupe.until("app stopped").await;
    let before = ["app/c trap", "app/b shutdown", "app/a shutdown", "app gave up: c 2"];
    let after = ["app shutdown", "app/c stopped", "app/b stopped", "app/a stopped", "app stopped"];
    assert_eq!(seen, [&before[..], &after[..]].concat());
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transient_child_that_is_done_stays_so() {
    let dir = three("", ["restart = \"transient\"", "restart = \"temporary\"", ""]);
    let mut troupe = Troupe::start(dir).await.unwrap();
    troupe.until("app/c spawned").await;
    troupe.call("app/a", "finish", "").await.unwrap();
    troupe.until("app/a normal").await;
    troupe.call("app/b", "crash", "").await.unwrap_err();
    troupe.until("app/b trap").await;
    troupe.call("app/c", "add", "7").await.unwrap();
    for done in ["app/a", "app/b"] {
        while troupe.node.actor(done).is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    troupe.reopen().await;
    let names: Vec<String> =
        troupe.node.actors().iter().map(|actor| actor.name.to_string()).collect();
    assert_eq!(names, ["app", "app/c"], "{:?}", troupe.problems);
    assert_eq!(troupe.call("app/c", "value", "").await.unwrap(), "7");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ends_by_itself_stays_so_and_who_was_told_to_comes_back() {
    let more = ["restart = \"transient\"", "restart = \"temporary\"", "restart = \"transient\""];
    let mut troupe = Troupe::start(three("", more)).await.unwrap();
    troupe.until("app/c spawned").await;
    // The same reason, but its own.
    troupe.call("app/a", "retire", "").await.unwrap();
    troupe.until("app/a shutdown").await;
    for _ in 0..2 {
        troupe.reopen().await;
        let names: Vec<String> =
            troupe.node.actors().iter().map(|actor| actor.name.to_string()).collect();
        assert_eq!(names, ["app", "app/b", "app/c"], "{:?}", troupe.problems);
    }
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_child_that_its_supervisor_killed_comes_back_with_the_run() {
    let more = ["restart = \"temporary\"\nshutdown = \"kill\"", "restart = \"temporary\"", ""];
    let mut troupe = Troupe::start(three("", more)).await.unwrap();
    troupe.until("app/c spawned").await;
    // Killed by somebody else, it is gone.
    troupe.node.kill("app/b").await.unwrap();
    troupe.until("app/b killed").await;
    troupe.reopen().await;
    let names: Vec<String> =
        troupe.node.actors().iter().map(|actor| actor.name.to_string()).collect();
    assert_eq!(names, ["app", "app/a", "app/c"], "{:?}", troupe.problems);
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transient_supervisor_that_gave_up_stays_so() {
    let dir = three("", ["", "", ""]);
    let children = child("x", "../worker", "");
    let manifest = format!("[handlers]\nstate = true\n[supervisor]\nintensity = 0\n{children}");
    project(&dir.path().join("inner"), "inner", &manifest, None);
    let children = child("i", "inner", "restart = \"transient\"") + &child("w", "worker", "");
    let manifest = format!("[handlers]\nstate = true\n[supervisor]\n{children}");
    project(dir.path(), "app", &manifest, None);

    let mut troupe = Troupe::start(dir).await.unwrap();
    troupe.until("app/w spawned").await;
    troupe.call("app/i/x", "crash", "").await.unwrap_err();
    let seen = troupe.until("app/i shutdown").await;
    assert_eq!(seen, ["app/i/x trap", "app/i gave up: x 1", "app/i shutdown"]);
    troupe.reopen().await;
    let names: Vec<String> =
        troupe.node.actors().iter().map(|actor| actor.name.to_string()).collect();
    assert_eq!(names, ["app", "app/w"], "{:?}", troupe.problems);
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_child_is_not_restarted_by_hand() {
    let troupe = Troupe::start(three("", ["", "restart = \"temporary\"", ""])).await.unwrap();
    let refused = troupe.node.restart("app/b").await.unwrap_err();
    let expected = "`app/b` is temporary: it is never started again";
    assert_eq!((refused.code.id, refused.message.as_str()), ("TH0560", expected));
    assert!(troupe.node.actor("app/b").is_some(), "nothing has happened to it");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_while_their_actor_is_restarted() {
    let dir = three("backoff = \"200ms\"", ["", "", ""]);
    let mut troupe = Troupe::start(dir).await.unwrap();
    troupe.until("app/c spawned").await;
    troupe.call("app/a", "add", "1").await.unwrap();
    troupe.call("app/a", "crash", "").await.unwrap_err();
    troupe.until("app/a trap").await;
    assert_eq!(troupe.call("app/a", "add", "1").await.unwrap(), "2");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_does_not_end_is_killed() {
    let dir = three("", ["shutdown = \"10ms\"", "shutdown = \"kill\"", ""]);
    let mut troupe = Troupe::start(dir).await.unwrap();
    troupe.until("app/c spawned").await;
    let stop = async {
        while troupe.node.waiting("app/a") + troupe.node.waiting("app/b") != 2 {
            tokio::task::yield_now().await;
        }
        troupe.node.stop("app").await.unwrap();
    };
    let (a, b) = ("app/a", "app/b");
    // Of two calls each one waits: the other one is being executed.
    let _ = tokio::join!(
        troupe.call(a, "spin", ""),
        troupe.call(a, "spin", ""),
        troupe.call(b, "spin", ""),
        troupe.call(b, "spin", ""),
        stop,
    );
    let seen = troupe.until("app stopped").await;
    let exits = ["app/c shutdown", "app/b killed", "app/a killed", "app shutdown"];
    assert_eq!(seen[..4], exits);
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_does_not_start_stops_those_before_it() {
    let dir = three("", ["", "", ""]);
    let children = child("a", "worker", "") + &child("s", "starter", "init = '0'");
    let manifest = format!("[handlers]\nstate = true\n[supervisor]\n{children}");
    project(dir.path(), "app", &manifest, None);
    project(&dir.path().join("starter"), "starter", "", Some(STARTER));
    let (dir, problems) = Troupe::start(dir).await.err().unwrap();
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let expected = "`app` did not start: its child `app/s` refuses to start: nothing to count";
    assert_eq!(messages, [expected]);
    check(&RunDir::latest(&dir.path().join(".theater")).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_stopped_by_hand_stays_so_and_can_be_started() {
    let mut troupe = Troupe::start(three("", ["", "", ""])).await.unwrap();
    troupe.until("app/c spawned").await;
    troupe.call("app/b", "add", "5").await.unwrap();
    troupe.node.stop("app/b").await.unwrap();
    assert!(troupe.node.actor("app/b").is_none());
    troupe.node.restart("app/b").await.unwrap();
    assert_eq!(troupe.call("app/b", "value", "").await.unwrap(), "5");
    troupe.node.kill("app/b").await.unwrap();
    troupe.until("app/b killed").await;
    troupe.until("app/b again").await;
    assert_eq!(troupe.call("app/b", "value", "").await.unwrap(), "5");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn supervisors_stand_under_supervisors() {
    let dir = three("", ["", "", ""]);
    let inner = dir.path().join("inner");
    fs::create_dir_all(&inner).unwrap();
    let children = child("x", "../worker", "") + &child("y", "../worker", "");
    let manifest = format!("[handlers]\nstate = true\n[supervisor]\nintensity = 0\n{children}");
    project(&inner, "inner", &manifest, Some(WORKER));
    let children = child("i", "inner", "") + &child("w", "worker", "");
    let manifest = format!("[handlers]\nstate = true\n[supervisor]\n{children}");
    project(dir.path(), "app", &manifest, None);

    let mut troupe = Troupe::start(dir).await.unwrap();
    troupe.until("app/w spawned").await;
    troupe.call("app/i", "add", "1").await.unwrap();
    troupe.call("app/i/y", "add", "2").await.unwrap();
    // What a child does too often, its supervisor answers for, and is restarted with its children.
    troupe.call("app/i/x", "crash", "").await.unwrap_err();
    let seen = troupe.until("app/i/y again").await;
    let expected = [
        "app/i/x trap",
        "app/i/y shutdown",
        "app/i gave up: x 1",
        "app/i shutdown",
        "app/i again",
        "app/i/x again",
        "app/i/y again",
    ];
    assert_eq!(seen, expected);
    // A supervisor's own trap takes its children with it.
    troupe.reopen().await;
    troupe.call("app/i", "crash", "").await.unwrap_err();
    let seen = troupe.until("app/i/y again").await;
    let expected = [
        "app/i trap",
        "app/i/y shutdown",
        "app/i/x shutdown",
        "app/i again",
        "app/i/x again",
        "app/i/y again",
    ];
    assert_eq!(seen, expected);
    assert_eq!(troupe.call("app/i/y", "value", "").await.unwrap(), "2");
    assert_eq!(troupe.call("app/i", "value", "").await.unwrap(), "1");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tree_must_not_be() {
    let messages = |problems: Vec<Diagnostic>| -> Vec<String> {
        problems
            .into_iter()
            .map(|problem| format!("{} {}", problem.code.id, problem.message))
            .collect()
    };
    let dir = three("", ["", "", ""]);
    project(dir.path(), "app", &format!("[supervisor]\n{}", child("a", "worker", "")), None);
    let (dir, problems) = Troupe::start(dir).await.err().unwrap();
    let expected =
        "TH0240 `worker` is granted more than its supervisor `app`: `state` is not granted there";
    assert_eq!(messages(problems), [expected]);

    project(dir.path(), "app", &format!("[supervisor]\n{}", child("a", ".", "")), None);
    let (dir, problems) = Troupe::start(dir).await.err().unwrap();
    assert_eq!(messages(problems), ["TH0561 `a` would be its own ancestor"]);

    project(dir.path(), "app", &format!("[supervisor]\n{}", child("a", "nowhere", "")), None);
    let (_, problems) = Troupe::start(dir).await.err().unwrap();
    let [missing] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!((missing.code.id, missing.labels.len()), ("TH0001", 1));
}
