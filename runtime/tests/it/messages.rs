//! Actors that talk with each other: over links, by messages, and with themselves by timers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use theater_runtime::actor::CallError;
use theater_runtime::cache::Cache;
use theater_runtime::call::{parse_arguments, to_wave};
use theater_runtime::diagnostic::Source;
use theater_runtime::manifest::Manifest;
use theater_runtime::node::Node;
use theater_runtime::replay::{History, PastTurn, Replayer};
use theater_runtime::state::Value;
use theater_runtime::trace::{Cause, Durability, Kind, Live, Reader, RunDir, Subscription, verify};
use theater_runtime::world::Binary;

const PEER: &str = include_str!("../../../tests/fixtures/peer.wat");

pub struct Stage {
    _dir: tempfile::TempDir,
    run: RunDir,
    node: Node,
}

async fn open(run: &RunDir) -> Node {
    let opened = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
    assert!(opened.problems.is_empty(), "{:?}", opened.problems);
    opened.node
}

impl Stage {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::create(dir.path()).unwrap();
        let node = open(&run).await;
        Self { _dir: dir, run, node }
    }

    /// Spawns a peer whose link goes to another actor.
    async fn spawn(&self, name: &str, link: &str) {
        self.spawn_with(name, &format!("\"{link}\""), "").await;
    }

    /// The same with the link as it stands in the manifest, and with limits.
    async fn spawn_with(&self, name: &str, link: &str, limits: &str) {
        self.spawn_as(name, "", link, limits).await;
    }

    async fn spawn_as(&self, name: &str, more: &str, link: &str, limits: &str) {
        let text = format!(
            "[actor]\nname = \"{name}\"\n{more}\n[handlers]\nstate = true\ntimer = {{ max = 2 }}\n\
             messenger = {{ to = [\"a\", \"b\", \"nobody\"] }}\n\
             [links]\n\"test:peer/work\" = {link}\n[limits]\n{limits}"
        );
        let source: Arc<Source> = Source::new("theater.toml", text);
        let (manifest, _) = Manifest::parse(source, Path::new("")).into_result().unwrap();
        let binary = Binary::read(wat::parse_str(PEER).unwrap(), &Cache::none()).unwrap();
        let prepared = self.node.prepare(manifest, binary).unwrap();
        self.node.spawn(prepared, name, Vec::new(), None).await.unwrap();
    }

    pub async fn pair() -> Self {
        let stage = Self::new().await;
        stage.spawn("a", "b").await;
        stage.spawn("b", "a").await;
        stage
    }

    /// The same with instances that are kept.
    pub async fn warm_pair() -> Self {
        let stage = Self::new().await;
        for (name, link) in [("a", "\"b\""), ("b", "\"a\"")] {
            stage.spawn_as(name, "instance = \"warm\"", link, "").await;
        }
        stage
    }

    pub async fn call(&self, call: &str) -> Result<String, CallError> {
        let (actor, rest) = call.split_once('.').unwrap();
        let (function, arguments) = rest.split_once('(').unwrap();
        let arguments = arguments.strip_suffix(')').unwrap();
        let target = self.node.actor(actor).ok_or(CallError::NoSuchActor(actor.to_owned()))?;
        let found = target.program.functions.iter().find(|f| f.name == function).unwrap();
        let source = Source::new("test", arguments);
        let arguments = parse_arguments(&source, 0..source.text.len(), &found.params).unwrap();
        let reply = self.node.call(actor, &found.full_name, arguments, None).await?;
        Ok(reply.values.iter().map(to_wave).collect())
    }

    /// The same, until a turn with this function follows from it.
    pub async fn call_until(&self, call: &str, function: &str) {
        let mut live = self.node.subscribe();
        self.call(call).await.unwrap();
        turn_of(&mut live, function).await;
    }

    /// Ends the node in order, and goes on with its run.
    pub async fn reopen(&mut self) {
        self.node.shutdown().await.unwrap();
        self.node = open(&self.run).await;
    }

    pub fn history(&self) -> History {
        History::load(&self.run).unwrap()
    }

    /// What an actor has stored under a key.
    fn stored(&self, actor: &str, key: &str) -> Option<Value> {
        let history = self.history();
        let last = history.actor(actor).unwrap().turns.last()?.after.clone()?;
        last.get(key).cloned()
    }

    /// The trace holds, and every turn is replayed as it was recorded.
    async fn holds(&self) {
        self.node.shutdown().await.unwrap();
        let verified = verify(&self.run);
        assert!(verified.findings.is_empty(), "{:?}", verified.findings);
        let history = self.history();
        crate::cursor::walk(&history);
        crate::cursor::look_inside(&history).await;
        let replayer = Replayer::new(None, Cache::none()).unwrap();
        for actor in history.actors() {
            for index in 0..actor.turns.len() {
                let replayed = replayer.replay(&history, actor, index).await.unwrap();
                let at = format!("{}#{}", actor.name, replayed.turn);
                assert_eq!(replayed.divergence, None, "{at}");
            }
        }
    }
}

/// Waits until a turn of an actor with this function has been stored.
async fn turn_of(live: &mut Subscription, function: &str) {
    loop {
        let Some(Live::Record(record)) = live.next().await else { panic!("{function} never came") };
        if record.header.turn().is_some_and(|turn| turn.function.ends_with(function)) {
            return;
        }
    }
}

#[tokio::test]
async fn a_link_is_a_call_of_another_actor() {
    let stage = Stage::pair().await;
    assert_eq!(stage.call("a.ask(21)").await.unwrap(), "42");
    let history = stage.history();
    let (a, b) = (history.actor("a").unwrap(), history.actor("b").unwrap());
    let cause = b.turns.last().unwrap().header.cause;
    let step = cause.step().unwrap();
    assert!(matches!(cause, Cause::Actor(_)));
    assert_eq!((step.actor, step.turn, step.step), (a.id, 1, 1));
    stage.holds().await;
}

#[tokio::test]
async fn what_happens_at_the_other_end_ends_the_turn() {
    let stage = Stage::new().await;
    stage.spawn("a", "b").await;
    let absent = stage.call("a.ask(1)").await.unwrap_err().to_string();
    assert!(absent.contains("there is no actor `b`"), "{absent}");
    stage.spawn("b", "a").await;
    let trapped = stage.call("a.ask(13)").await.unwrap_err().to_string();
    assert!(trapped.contains("test:peer/work@0.1.0#twice: b#1 aborted"), "{trapped}");
    assert_eq!(stage.call("a.ask(2)").await.unwrap(), "4");
    stage.holds().await;
}

#[tokio::test]
async fn a_call_that_would_wait_for_itself_is_refused_with_the_circle() {
    let stage = Stage::pair().await;
    let error = stage.call("a.ask(7)").await.unwrap_err().to_string();
    assert!(error.contains("b -> a -> b"), "{error}");
    stage.spawn("c", "c").await;
    let error = stage.call("c.ask(1)").await.unwrap_err().to_string();
    assert!(error.contains("c -> c"), "{error}");
    stage.holds().await;
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

/// Waits until the actor waits for another one, or no longer does.
async fn waits(node: &Node, actor: &str, target: Option<&str>) {
    until(|| {
        let tree = node.tree();
        let kin = tree.iter().find(|kin| &*kin.actor.name == actor).unwrap();
        kin.waits_for.as_deref() == target
    })
    .await;
}

#[tokio::test]
async fn who_waits_is_seen_until_the_answer_comes() {
    let stage = Stage::pair().await;
    let watch = async {
        waits(&stage.node, "a", Some("b")).await;
        stage.node.actor("b").unwrap().cancel_turn();
    };
    let (answer, ()) = tokio::join!(stage.call("a.ask(99)"), watch);
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("b#1 aborted"), "{error}");
    waits(&stage.node, "a", None).await;
    stage.holds().await;
}

#[tokio::test]
async fn a_call_over_a_link_does_not_wait_longer_than_the_link_says() {
    let stage = Stage::new().await;
    stage.spawn_with("a", "{ actor = \"b\", timeout = \"20ms\" }", "").await;
    stage.spawn("b", "a").await;
    let error = stage.call("a.ask(99)").await.unwrap_err().to_string();
    assert!(error.contains("`b` did not answer within 20ms"), "{error}");
    stage.node.actor("b").unwrap().cancel_turn();
    assert_eq!(stage.call("b.ask(2)").await.unwrap(), "4");
    stage.holds().await;
}

#[tokio::test]
async fn a_call_over_a_link_is_refused_by_a_full_mailbox() {
    let stage = Stage::new().await;
    stage.spawn("a", "b").await;
    stage.spawn_with("b", "\"a\"", "mailbox = 1\n").await;
    stage.spawn("c", "b").await;
    let full = async {
        waits(&stage.node, "c", Some("b")).await;
        until(|| stage.node.waiting("b") == 0).await;
        let refused = async {
            until(|| stage.node.waiting("b") == 1).await;
            let refused = stage.call("a.ask(1)").await;
            stage.node.actor("b").unwrap().cancel_turn();
            refused
        };
        tokio::join!(stage.call("b.twice(4)"), refused)
    };
    let (occupied, (waiting, refused)) = tokio::join!(stage.call("c.ask(99)"), full);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("the mailbox of `b` is full"), "{refused}");
    occupied.unwrap_err();
    assert_eq!(waiting.unwrap(), "8");
    stage.holds().await;
}

#[tokio::test]
async fn somebody_outside_writes_to_an_inbox() {
    let stage = Stage::pair().await;
    let reply = stage.node.send("b", "hello".to_owned(), Some("send b hello".to_owned())).await;
    assert_eq!(reply.unwrap().turn, 1);
    assert_eq!(stage.stored("b", "last"), Some(Value::Text("hello".to_owned())));
    let error = stage.node.send("nobody", String::new(), None).await.unwrap_err();
    assert!(matches!(error, CallError::NoSuchActor(_)));
    let large = "x".repeat(20 << 20);
    let error = stage.node.send("b", large, None).await.unwrap_err();
    assert!(matches!(error, CallError::TooLarge { .. }), "{error}");
    stage.holds().await;
}

#[tokio::test]
async fn messages_are_sent_when_the_turn_commits_and_not_when_it_aborts() {
    let stage = Stage::pair().await;
    let mut live = stage.node.subscribe();
    assert_eq!(stage.call(r#"a.tell("b", "hello")"#).await.unwrap(), "0");
    turn_of(&mut live, "inbox@0.1.0#message").await;
    assert_eq!(stage.stored("b", "last"), Some(Value::Text("hello".into())));
    stage.call(r#"a.tell-and-trap("b", "never")"#).await.unwrap_err();
    assert_eq!(stage.call(r#"a.tell("b", "again")"#).await.unwrap(), "0");
    turn_of(&mut live, "inbox@0.1.0#message").await;
    let messages = stage.history().actor("b").unwrap().turns.len();
    assert_eq!(messages, 2, "the aborted turn has sent nothing");
    assert_eq!(stage.call(r#"a.tell("nobody", "x")"#).await.unwrap(), "2");
    assert_eq!(stage.call(r#"a.tell("root", "x")"#).await.unwrap(), "1");
    stage.holds().await;
}

#[tokio::test]
async fn a_request_waits_for_its_answer() {
    let stage = Stage::pair().await;
    assert_eq!(stage.call(r#"a.beg("b", "echo")"#).await.unwrap(), "0");
    assert_eq!(stage.stored("a", "last"), Some(Value::Text("echo".into())));
    assert_eq!(stage.call(r#"a.beg("nobody", "x")"#).await.unwrap(), "2");
    assert_eq!(stage.call(r#"a.beg("a", "x")"#).await.unwrap(), "8", "a circle");
    stage.holds().await;
}

#[tokio::test]
async fn timers_tick_and_are_there_after_the_end_of_the_node() {
    let mut stage = Stage::pair().await;
    let mut live = stage.node.subscribe();
    stage.call(r#"a.later("soon", 1)"#).await.unwrap();
    turn_of(&mut live, "timer-callback@0.1.0#tick").await;
    assert_eq!(stage.stored("a", "tick"), Some(Value::Text("soon".into())));
    stage.call(r#"a.often("beat", 20000000)"#).await.unwrap();
    stage.reopen().await;
    let mut live = stage.node.subscribe();
    turn_of(&mut live, "timer-callback@0.1.0#tick").await;
    turn_of(&mut live, "timer-callback@0.1.0#tick").await;
    assert_eq!(stage.call(r#"a.never("beat")"#).await.unwrap(), "true");
    assert_eq!(stage.call(r#"a.never("beat")"#).await.unwrap(), "false");
    let hour = 3_600_000_000_000_u64;
    for name in ["x", "y"] {
        stage.call(&format!("a.later(\"{name}\", {hour})")).await.unwrap();
    }
    let error = stage.call(&format!("a.later(\"z\", {hour})")).await.unwrap_err().to_string();
    assert!(error.contains("more than 2 timers"), "{error}");
    stage.holds().await;
}

#[tokio::test]
async fn a_message_to_an_actor_that_ends_is_recorded_as_undelivered() {
    let stage = Stage::pair().await;
    let (mut live, b) = (stage.node.subscribe(), stage.node.actor("b").unwrap());
    for _ in 0..50 {
        stage.call(r#"a.tell("b", "x")"#).await.unwrap();
    }
    stage.node.stop("b").await.unwrap();
    drop(b);
    let (mut sent, mut processed, mut undelivered) = (0, 0, 0);
    while let Some(Live::Record(record)) = live.next().await {
        match &record.header.kind {
            Kind::Turn(turn) if turn.function == "tell" => sent += 1,
            Kind::Turn(turn) if turn.function.ends_with("#message") => processed += 1,
            Kind::Undelivered { .. } => undelivered += 1,
            Kind::Stopped => break,
            _ => {}
        }
    }
    assert_eq!((sent, processed + undelivered), (50, 50));
    stage.holds().await;
}

/// Copies of a run, each as it would be had its node died just after one of its records, of those from a
/// position on.
pub fn deaths(run: &RunDir, folder: &Path, from: usize) -> Vec<RunDir> {
    let mut reader = Reader::new(run);
    let mut ends = Vec::new();
    while let Some((_, record)) = reader.next_record().unwrap() {
        assert_eq!(ends.len() as u64, record.header.position);
        ends.push(reader.position().1);
    }
    let copies = ends[from..].iter().enumerate().map(|(index, end)| {
        let data = folder.join(index.to_string());
        let copy = RunDir::create(&data).unwrap();
        copy_into(run.path(), copy.path());
        // The segment names the run that it belongs to.
        let copy = RunDir::open(&rename(copy.path(), &run.id())).unwrap();
        let log = fs::File::options().write(true).open(copy.segment(1)).unwrap();
        log.set_len(*end).unwrap();
        let _ = fs::remove_file(copy.path().join("head"));
        copy
    });
    copies.collect()
}

fn rename(path: &Path, id: &str) -> PathBuf {
    let to = path.with_file_name(id);
    fs::rename(path, &to).unwrap();
    to
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&place).unwrap();
            copy_into(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

#[tokio::test]
async fn wherever_the_node_dies_every_question_and_message_takes_effect_once() {
    let stage = Stage::pair().await;
    assert_eq!(stage.call("a.ask(21)").await.unwrap(), "42");
    assert_eq!(stage.call(r#"a.beg("b", "echo")"#).await.unwrap(), "0");
    let mut live = stage.node.subscribe();
    assert_eq!(stage.call(r#"a.tell("b", "hello")"#).await.unwrap(), "0");
    turn_of(&mut live, "inbox@0.1.0#message").await;
    let folder = tempfile::tempdir().unwrap();
    let mut resumed = 0;
    // The first three: the run was opened, and both were spawned.
    for run in deaths(&stage.run, folder.path(), 2) {
        let node = open(&run).await;
        let stage = Stage { _dir: tempfile::tempdir().unwrap(), run, node };
        // Behind what was left undone.
        assert_eq!(stage.call("a.ask(100)").await.unwrap(), "200");
        assert_eq!(stage.call("b.ask(100)").await.unwrap(), "200");
        let history = stage.history();
        let a = history.actor("a").unwrap();
        for past in &history.actor("b").unwrap().turns {
            // What `b` did for `a` stands in a turn of `a` that was done, and never twice.
            let Cause::Actor(step) = past.header.cause else { continue };
            let asked = a.turns.iter().filter(|asked| asked.header.turn == step.turn);
            assert!(asked.clone().all(|asked| asked.header.outcome.commits()));
            let same = |other: &&PastTurn| other.header.cause == past.header.cause;
            let times = history.actor("b").unwrap().turns.iter().filter(same).count();
            assert_eq!((asked.count(), times), (1, 1), "{step:?}");
        }
        let told = a.turns.iter().filter(|past| past.header.function == "tell").count();
        let heard = history.actor("b").unwrap().turns.iter();
        let heard = heard.filter(|past| past.header.function.ends_with("#message")).count();
        assert_eq!(told, heard);
        resumed += a.turns.iter().filter(|past| past.header.incarnation > 1).count();
        stage.holds().await;
    }
    assert!(resumed > 0);
}
