//! Children that a component asks for, and the ends of others.

use super::messages::deaths;
use super::supervision::{STARTER, Troupe, WORKER, check, child, project};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use theater_runtime::cache::Cache;
use theater_runtime::manifest::BareGrants;
use theater_runtime::node::{Node, Prepared, Start};
use theater_runtime::replay::History;
use theater_runtime::trace::{Cause, Durability, EndedBy, Kind, Reader, RunDir};

const BOSS: &str = include_str!("../../../tests/fixtures/boss.wat");

/// `app` with the templates `worker`, `temp` and `starter`, and an own child `fixed`.
fn boss(supervisor: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    boss_in(dir.path(), "app", supervisor);
    dir
}

pub fn boss_in(folder: &std::path::Path, name: &str, supervisor: &str) {
    let children = [
        child("worker", "worker", "start = \"on-request\""),
        child("temp", "worker", "start = \"on-request\"\nrestart = \"temporary\""),
        child("starter", "starter", "start = \"on-request\"\nrestart = \"transient\""),
        child("fixed", "worker", "restart = \"transient\""),
    ];
    let manifest = format!(
        "[handlers]\nstate = true\nsupervisor = {{ max = 3, watch = [\"w*\", \"fixed\"] }}\n\
         [supervisor]\n{supervisor}\n{}",
        children.concat()
    );
    project(folder, name, &manifest, Some(BOSS));
    project(&folder.join("worker"), "worker", "[handlers]\nstate = true\n", Some(WORKER));
    project(&folder.join("starter"), "starter", "", Some(STARTER));
}

impl Troupe {
    /// Calls a function that answers 0, or 1 and the number of an error.
    async fn ask(&self, function: &str, arguments: &str) -> u32 {
        self.call("app", function, arguments).await.unwrap().parse().unwrap()
    }

    /// What the supervisor was told of the lives of others, once it is at least so much. An event is recorded
    /// before it is told.
    async fn heard(&self, least: usize) -> Vec<String> {
        let told = async {
            while heard(self.node.run(), "app").len() < least {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // What is too much would come before this.
            self.call("app", "staff", "").await.unwrap();
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), told).await;
        let heard = heard(self.node.run(), "app");
        assert!(in_time.is_ok(), "{heard:?}");
        heard
    }
}

fn heard(run: &RunDir, actor: &str) -> Vec<String> {
    let history = History::load(run).unwrap();
    let actor = history.actor(actor).unwrap();
    let told = actor.turns.iter().filter(|past| matches!(past.header.cause, Cause::Event(_)));
    told.map(|past| history.view_at(actor.id, past.location).unwrap().call()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_on_request_lives_as_others_do() {
    let mut troupe = Troupe::start(boss("")).await.unwrap();
    assert_eq!(troupe.ask("hire", r#""worker", "w1""#).await, 0);
    troupe.until("app/w1 started").await;
    assert_eq!(troupe.call("app/w1", "add", "5").await.unwrap(), "5");
    troupe.call("app/w1", "crash", "").await.unwrap_err();
    troupe.until("app/w1 again").await;
    assert_eq!(troupe.call("app/w1", "value", "").await.unwrap(), "5");
    let staff = troupe.call("app", "staff", "").await.unwrap();
    assert_eq!(
        staff,
        r#"[{name: "fixed", path: "app/fixed", running: true, incarnation: 1}, {name: "w1", path: "app/w1", template: some("worker"), running: true, incarnation: 2}]"#
    );
    let told = [r#"started("w1")"#, r#"exited("w1", trap)"#, r#"restarted("w1", 2)"#];
    assert_eq!(troupe.heard(told.len()).await, told);
    let kin = troupe.node.tree();
    let kin = kin.iter().map(|kin| (&*kin.actor.name, kin.template.as_deref()));
    assert_eq!(
        kin.collect::<Vec<_>>(),
        [("app", None), ("app/fixed", None), ("app/w1", Some("worker"))]
    );
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_for_is_told() {
    let mut troupe = Troupe::start(boss("")).await.unwrap();
    assert_eq!(troupe.ask("hire", r#""fixed", "w""#).await, 1, "not a template");
    assert_eq!(troupe.ask("hire", r#""worker", "W""#).await, 2);
    assert_eq!(troupe.ask("hire", r#""worker", "fixed""#).await, 3);
    assert_eq!(troupe.ask("hire", r#""starter", "s""#).await, 5, "it needs arguments");
    assert_eq!(troupe.ask("hire", r#""starter", "s", some("true")"#).await, 5);
    assert_eq!(troupe.ask("hire", r#""worker", "w", some("1")"#).await, 5);
    troupe.call("app", "hire-and-trap", r#""worker", "w0""#).await.unwrap_err();
    for name in ["w0", "w1", "w2"] {
        assert_eq!(troupe.ask("hire", &format!(r#""worker", "{name}""#)).await, 0, "{name}");
    }
    assert_eq!(troupe.ask("hire", r#""worker", "w3""#).await, 4, "`max` is 3");
    troupe.until("app/w2 started").await;
    assert_eq!(troupe.ask("hire", r#""worker", "w1""#).await, 3);
    assert_eq!(troupe.ask("fire", r#""w1""#).await, 0);
    troupe.until("app/w1 stopped").await;
    assert_eq!(troupe.ask("hire", r#""worker", "w1""#).await, 0, "name and place are free again");
    troupe.until("app/w1 started").await;
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn children_are_stopped_and_restarted_on_request() {
    let mut troupe = Troupe::start(boss("intensity = 0")).await.unwrap();
    assert_eq!(troupe.ask("fire", r#""nobody""#).await, 1);
    assert_eq!(troupe.ask("hire", r#""worker", "w1""#).await, 0);
    assert_eq!(troupe.ask("hire", r#""temp", "t""#).await, 0);
    troupe.until("app/t started").await;
    troupe.call("app/w1", "add", "7").await.unwrap();
    assert_eq!(troupe.ask("renew", r#""w1""#).await, 0);
    assert_eq!(troupe.until("app/w1 again").await, ["app/w1 shutdown", "app/w1 again"]);
    assert_eq!(troupe.call("app/w1", "value", "").await.unwrap(), "7");
    assert_eq!(troupe.ask("renew", r#""t""#).await, 2, "it is temporary");
    assert_eq!(troupe.ask("fire", r#""fixed""#).await, 0);
    troupe.until("app/fixed shutdown").await;
    assert_eq!(troupe.ask("renew", r#""fixed""#).await, 0);
    troupe.until("app/fixed again").await;
    troupe.call("app/t", "crash", "").await.unwrap_err();
    assert_eq!(troupe.until("app/t stopped").await, ["app/t trap", "app/t stopped"]);
    assert_eq!(troupe.ask("fire", r#""w1""#).await, 0);
    assert_eq!(troupe.until("app/w1 stopped").await, ["app/w1 shutdown", "app/w1 stopped"]);
    assert_eq!(troupe.ask("fire", r#""w1""#).await, 1);
    assert_eq!(
        troupe.heard(8).await,
        [
            r#"started("w1")"#,
            r#"started("t")"#,
            r#"exited("w1", shutdown)"#,
            r#"restarted("w1", 2)"#,
            r#"exited("fixed", shutdown)"#,
            r#"restarted("fixed", 2)"#,
            r#"exited("t", trap)"#,
            r#"exited("w1", shutdown)"#,
        ]
    );
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_start_is_forgotten() {
    let mut troupe = Troupe::start(boss("")).await.unwrap();
    for (count, reason) in [("0", "init-refused"), ("13", "trap")] {
        let arguments = format!(r#""starter", "s", some("{count}")"#);
        assert_eq!(troupe.ask("hire", &arguments).await, 0);
        let seen = troupe.until("app/s stopped").await;
        let exit = format!("app/s {reason}");
        assert_eq!(seen[seen.len() - 3..], ["app/s spawned", &exit, "app/s stopped"]);
    }
    assert_eq!(troupe.ask("hire", r#""starter", "s", some("2")"#).await, 0);
    troupe.until("app/s started").await;
    troupe.call("app/s", "ping", "").await.unwrap();
    assert_eq!(
        troupe.heard(3).await,
        [r#"exited("s", init-refused)"#, r#"exited("s", trap)"#, r#"started("s")"#]
    );
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_back_with_the_node() {
    let mut troupe = Troupe::start(boss("")).await.unwrap();
    assert_eq!(troupe.ask("hire", r#""worker", "w1""#).await, 0);
    assert_eq!(troupe.ask("hire", r#""starter", "s", some("2")"#).await, 0);
    assert_eq!(troupe.ask("hire", r#""temp", "w2""#).await, 0);
    troupe.until("app/w2 started").await;
    troupe.call("app/w1", "add", "7").await.unwrap();
    troupe.call("app/w2", "finish", "").await.unwrap();
    troupe.until("app/w2 stopped").await;
    let told = troupe.heard(4).await;
    troupe.reopen().await;
    assert_eq!(troupe.problems, []);
    assert_eq!(troupe.call("app/w1", "value", "").await.unwrap(), "7");
    troupe.call("app/s", "ping", "").await.unwrap();
    assert!(troupe.node.actor("app/w2").is_none());
    assert_eq!(troupe.ask("hire", r#""worker", "w3""#).await, 0);
    assert_eq!(troupe.ask("hire", r#""worker", "w4""#).await, 4, "those that came back count");
    troupe.until("app/w3 started").await;
    let told = [&told[..], &[r#"started("w3")"#.to_owned()]].concat();
    assert_eq!(troupe.heard(5).await, told, "the end of the node is nobody's");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_go_with_the_state_of_their_supervisor() {
    for (state, back) in [("keep", true), ("fresh", false)] {
        let dir = tempfile::tempdir().unwrap();
        let more = format!("state = \"{state}\"\nshutdown = \"infinity\"");
        let manifest = format!(
            "[handlers]\nstate = true\nsupervisor = {{ watch = [\"*\"] }}\n[supervisor]\n{}",
            child("boss", "boss", &more)
        );
        project(dir.path(), "app", &manifest, None);
        boss_in(&dir.path().join("boss"), "boss", "");
        let mut troupe = Troupe::start(dir).await.unwrap();
        troupe.call("app/boss", "hire", r#""worker", "w1""#).await.unwrap();
        troupe.until("app/boss/w1 started").await;
        troupe.call("app/boss/w1", "add", "3").await.unwrap();
        troupe.call("app/boss", "crash", "").await.unwrap_err();
        let last = if back { "app/boss/w1 again" } else { "app/boss/w1 stopped" };
        troupe.until(last).await;
        if !back {
            troupe.until("app/boss/fixed again").await;
        }
        assert_eq!(troupe.node.actor("app/boss/w1").is_some(), back, "{state}");
        troupe.reopen().await;
        assert_eq!(troupe.node.actor("app/boss/w1").is_some(), back, "{state}");
        if back {
            assert_eq!(troupe.call("app/boss/w1", "value", "").await.unwrap(), "3");
        }
        troupe.node.shutdown().await.unwrap();
        troupe.check().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_told_to_those_that_monitor_it() {
    let mut troupe = Troupe::start(boss("intensity = 9")).await.unwrap();
    assert_eq!(troupe.ask("watch", r#""app""#).await, 1, "not permitted");
    assert_eq!(troupe.ask("watch", r#""w1""#).await, 2, "no such actor");
    assert_eq!(troupe.ask("hire", r#""worker", "w1""#).await, 0);
    troupe.until("app/w1 started").await;
    assert_eq!(troupe.ask("watch", r#""w1""#).await, 0);
    troupe.reopen().await;
    troupe.call("app/w1", "crash", "").await.unwrap_err();
    troupe.until("app/w1 again").await;
    troupe.call("app/w1", "finish", "").await.unwrap();
    troupe.until("app/w1 again").await;
    assert_eq!(troupe.ask("watch", r#""w1""#).await, 0);
    assert_eq!(troupe.ask("unwatch", r#""w1""#).await, 0);
    assert_eq!(troupe.ask("fire", r#""w1""#).await, 0);
    troupe.until("app/w1 stopped").await;
    let mut downs = troupe.heard(7).await;
    downs.retain(|call| call.starts_with("down"));
    assert_eq!(downs, [r#"down("app/w1", trap)"#], "it was used up");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_actors_end_together() {
    let mut troupe = Troupe::start(boss("")).await.unwrap();
    assert_eq!(troupe.ask("link", r#""fixed""#).await, 0);
    assert_eq!(troupe.ask("unlink", r#""fixed""#).await, 0);
    troupe.call("app/fixed", "crash", "").await.unwrap_err();
    troupe.until("app/fixed again").await;
    assert_eq!(troupe.ask("link", r#""fixed""#).await, 0);
    troupe.call("app/fixed", "crash", "").await.unwrap_err();
    // Its supervisor is the node's root here, which starts it again.
    let seen = troupe.until("app again").await;
    assert!(seen.contains(&"app trap".to_owned()), "{seen:?}");
    let mut reader = Reader::new(troupe.node.run());
    let mut links = 0;
    while let Some((_, record)) = reader.next_record().unwrap() {
        if let Kind::Exited { by: EndedBy::Link(position), .. } = record.header.kind {
            assert!(position < record.header.position);
            links += 1;
        }
    }
    assert_eq!(links, 1);
    troupe.until("app/fixed again").await;
    // It had ended when its supervisor stopped its children: its next incarnation is not stopped for that.
    assert_eq!(troupe.call("app/fixed", "value", "").await.unwrap(), "0");
    assert_eq!(troupe.node.actor("app/fixed").unwrap().incarnation(), 3);
    troupe.check().await;
}

/// What the log of a run says about the children of the last actor `app`: how often each step had its child, and how often each
/// event was told.
#[derive(Default)]
pub struct Account {
    born: BTreeMap<u64, u32>,
    events: BTreeMap<u64, String>,
    told: BTreeMap<u64, u32>,
    downs: u32,
}

impl Account {
    /// Every child that a turn has asked for came once, and every event was told once.
    pub fn is_settled(&self, run: &RunDir) {
        let history = History::load(run).unwrap();
        let app = history.actor("app").unwrap();
        let asked = app.turns.iter().filter(|past| {
            let answer = || history.view_at(app.id, past.location).unwrap().outcome();
            past.header.function == "hire" && past.header.outcome.commits() && answer() == "0"
        });
        let asked: Vec<u64> = asked.map(|past| past.header.turn).collect();
        assert_eq!(self.born.keys().copied().collect::<Vec<_>>(), asked);
        assert!(self.born.values().all(|times| *times == 1), "{:?}", self.born);
        let told: Vec<u64> = self.told.keys().copied().collect();
        let events: Vec<u64> = self.events.keys().copied().collect();
        assert_eq!(told, events, "{:?}", self.events);
        assert!(self.told.values().all(|times| *times == 1), "{:?}", self.told);
    }
}

pub fn account(run: &RunDir) -> Account {
    let history = History::load(run).unwrap();
    let app = history.actor("app").unwrap().id;
    let mut account = Account::default();
    let mut reader = Reader::new(run);
    let (mut children, mut ended) = (HashSet::new(), HashSet::new());
    while let Some((_, record)) = reader.next_record().unwrap() {
        let (id, position) = (record.header.actor, record.header.position);
        match &record.header.kind {
            Kind::Spawned { parent, request, .. } if *parent == Some(app) => {
                children.insert(id);
                let Some(request) = request else { continue };
                *account.born.entry(request.step.turn).or_default() += 1;
            }
            Kind::Turn(turn) if id == app => {
                let Cause::Event(position) = turn.cause else { continue };
                match turn.function.ends_with("#down") {
                    true => account.downs += 1,
                    false => *account.told.entry(position).or_default() += 1,
                }
            }
            _ if !children.contains(&id) => {}
            Kind::Started { .. } => drop(account.events.insert(position, "started".to_owned())),
            Kind::Exited { by, .. } if *by != EndedBy::Node => {
                ended.insert(id);
                account.events.insert(position, "exited".to_owned());
            }
            Kind::Restarted { .. } if ended.remove(&id) => {
                account.events.insert(position, "restarted".to_owned());
            }
            _ => {}
        }
    }
    account
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_node_dies_every_child_comes_once_and_every_event_is_told_once() {
    let mut troupe = Troupe::start(boss("intensity = 9")).await.unwrap();
    let before = History::load(troupe.node.run()).unwrap().len();
    assert_eq!(troupe.ask("hire", r#""worker", "w1""#).await, 0);
    troupe.until("app/w1 started").await;
    assert_eq!(troupe.ask("watch", r#""w1""#).await, 0);
    assert_eq!(troupe.ask("hire", r#""temp", "t""#).await, 0);
    troupe.until("app/t started").await;
    troupe.call("app/w1", "crash", "").await.unwrap_err();
    troupe.until("app/w1 again").await;
    troupe.call("app/t", "crash", "").await.unwrap_err();
    troupe.until("app/t stopped").await;
    assert_eq!(troupe.ask("fire", r#""w1""#).await, 0);
    troupe.until("app/w1 stopped").await;
    troupe.call("app", "staff", "").await.unwrap();
    let whole = account(troupe.node.run());
    assert_eq!((whole.born.len(), whole.told.len(), whole.downs), (2, 6, 1));

    let folder = tempfile::tempdir().unwrap();
    for run in deaths(troupe.node.run(), folder.path(), before) {
        let opened = Node::open(run.clone(), Some(Durability::Async), Cache::none()).await.unwrap();
        assert!(opened.problems.is_empty(), "{:?}", opened.problems);
        let node = opened.node;
        // Behind all that it is told.
        let staff = |node: &Node| {
            let node = node.clone();
            async move { node.call("app", "staff", Vec::new(), None).await.unwrap() }
        };
        staff(&node).await;
        staff(&node).await;
        node.shutdown().await.unwrap();
        account(&run).is_settled(&run);
        check(&run).await;
    }
}

/// A worker that counts otherwise.
fn other_worker() -> String {
    let (from, to) = (
        "(i64.add (call $load) (local.get $by))",
        "(i64.add (i64.const 100) (i64.add (call $load) (local.get $by)))",
    );
    assert!(WORKER.contains(from));
    WORKER.replace(from, to)
}

/// What stands in the folder of the application now.
fn prepared(troupe: &Troupe) -> Prepared {
    let start = Start::Project(troupe.dir.path().to_owned());
    let loaded = start.load(&BareGrants::default(), &Cache::none()).unwrap().unwrap();
    loaded.prepare(&troupe.node, "app").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn children_are_made_of_the_code_that_their_supervisor_was_reloaded_with() {
    let mut troupe = Troupe::start(boss("")).await.unwrap();
    assert_eq!(troupe.ask("hire", r#""worker", "w1""#).await, 0);
    troupe.until("app/w1 started").await;
    let app = troupe.node.actor("app").unwrap();
    assert!(!troupe.node.has_other_templates(&app, &prepared(&troupe)));

    let worker = troupe.dir.path().join("worker");
    project(&worker, "worker", "[handlers]\nstate = true\n", Some(&other_worker()));
    let new = prepared(&troupe);
    assert!(troupe.node.has_other_templates(&app, &new));
    troupe.node.reload_templates("app", new).await.unwrap();
    assert!(!troupe.node.has_other_templates(&app, &prepared(&troupe)));
    assert_eq!(troupe.ask("hire", r#""worker", "w2""#).await, 0);
    troupe.until("app/w2 started").await;
    assert_eq!(troupe.call("app/w1", "add", "5").await.unwrap(), "5", "it keeps its code");
    assert_eq!(troupe.call("app/w2", "add", "5").await.unwrap(), "105");

    // The run goes on with them, without the project.
    troupe.reopen().await;
    assert_eq!(troupe.call("app/w1", "add", "1").await.unwrap(), "6");
    assert_eq!(troupe.ask("hire", r#""worker", "w3""#).await, 0);
    troupe.until("app/w3 started").await;
    assert_eq!(troupe.call("app/w3", "add", "5").await.unwrap(), "105");
    troupe.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_takes_the_templates_along() {
    let mut troupe = Troupe::start(boss("")).await.unwrap();
    let worker = troupe.dir.path().join("worker");
    project(&worker, "worker", "[handlers]\nstate = true\n", Some(&other_worker()));
    let new = prepared(&troupe);
    troupe.node.reload("app", new, None).await.unwrap();
    assert_eq!(troupe.ask("hire", r#""temp", "t""#).await, 0);
    troupe.until("app/t started").await;
    assert_eq!(troupe.call("app/t", "add", "5").await.unwrap(), "105");
    assert_eq!(troupe.call("app/fixed", "add", "5").await.unwrap(), "5");
    troupe.check().await;
}
