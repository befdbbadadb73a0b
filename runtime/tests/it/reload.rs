//! Another component for a living actor.

use crate::stage::{COUNTER, Stage};
use crate::warm::{REMEMBERS, WARM};
use std::path::Path;
use std::sync::Arc;
use theater_runtime::actor::{Actor, CallError};
use theater_runtime::cache::Cache;
use theater_runtime::diagnostic::{Diagnostic, Source};
use theater_runtime::manifest::Manifest;
use theater_runtime::node::{Loaded, Trial};
use theater_runtime::replay::History;
use theater_runtime::trace::{Code, Kind, RunDir};
use theater_runtime::world::Binary;
use wasmtime::component::Val;

pub const STATE: &str = "version = \"0.1.0\"\n[handlers]\nstate = true";

pub fn loaded(wat: &str, manifest: &str) -> Loaded {
    let text = format!("[actor]\nname = \"counter\"\n{manifest}");
    let source = Source::new("theater.toml", text);
    let (manifest, warnings) = Manifest::parse(source, Path::new("")).into_result().unwrap();
    let bytes = wat::parse_str(wat.replace("my-actor", "counter")).unwrap();
    let component = Binary::read(bytes, &Cache::none()).unwrap();
    Loaded { manifest, component, warnings, children: Vec::new() }
}

async fn reload(stage: &Stage, wat: &str, manifest: &str) -> Result<Arc<Actor>, Box<Diagnostic>> {
    let prepared = loaded(wat, manifest).prepare(&stage.node, "counter").unwrap();
    stage.node.reload("counter", prepared, Some("reload counter".to_owned())).await
}

async fn tried(stage: &Stage, wat: &str, manifest: &str) -> Trial {
    let history = Arc::new(History::load(&stage.run).unwrap());
    let actor = history.actor("counter").unwrap().id;
    loaded(wat, manifest).try_on(history, actor, 3, &Cache::none()).await.unwrap()
}

/// A counter that adds twice.
fn twice() -> String {
    let by = "(i64.extend_i32_u (local.get $by))";
    COUNTER.replace(by, &format!("(i64.mul (i64.const 2) {by})"))
}

/// A counter whose `upgrade` does this, with the place of the version, its length, and 64 for its result.
pub fn upgrading(body: &str) -> String {
    let wat = COUNTER
        .replace(
            "(param i32 i32 i32 i32) (result i32) unreachable)",
            "(param i32 i32 i32 i32) (result i32) (i32.const 1024))",
        )
        .replace(
            "(func $value (export \"value\")",
            &format!(
                "(func (export \"upgrade\") (param $at i32) (param $len i32) (result i32)
                    {body} (i32.const 64))
                 (func $value (export \"value\")"
            ),
        );
    let end = wat.rfind(')').unwrap();
    format!(
        r#"{}
        (func $upgrade (param "from-version" string) (result (result (error string)))
          (canon lift (core func $counter "upgrade") (memory (core memory $memory "memory"))
            (realloc (core func $memory "realloc"))))
        (instance $upgrades (export "upgrade" (func $upgrade)))
        (export "theater:actor/upgrade@0.1.0" (instance $upgrades)))"#,
        &wat[..end]
    )
}

/// Sets the count to 1000 and the length of the version.
const MIGRATES: &str = "(call $set (i32.const 0) (i32.const 5) (i32.const 2)
    (i64.add (i64.const 1000) (i64.extend_i32_u (local.get $len))) (i32.const 0))";

const REFUSES: &str = "(i32.store8 (i32.const 64) (i32.const 1))
    (i32.store (i32.const 68) (i32.const 0)) (i32.store (i32.const 72) (i32.const 5))";

fn codes(history: &History) -> Vec<Code> {
    let mut codes: Vec<Code> =
        history.actor("counter").unwrap().turns.iter().map(|past| past.code).collect();
    codes.dedup();
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn state_number_and_incarnation_stay() {
    let mut stage = Stage::new().await;
    let before = stage.spawn(COUNTER, STATE).await;
    stage.call("counter.increment(5)").await.unwrap();
    let after = reload(&stage, &twice(), STATE).await.unwrap();
    assert_eq!((after.id, after.incarnation()), (before.id, 1));
    assert_ne!(after.program.hash, before.program.hash);
    assert_eq!(stage.call_raw("counter.increment(2)").await.unwrap().turn, 2);
    assert_eq!(stage.call("counter.value()").await.unwrap(), "9");
    assert_eq!(codes(&stage.check().await).len(), 2);
    // The run goes on with the new component.
    let resumed = stage.reopen().await;
    assert_eq!(resumed[0].program.hash, after.program.hash);
    assert_eq!(stage.call("counter.increment(1)").await.unwrap(), "11");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_turns_are_tried_first() {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, STATE).await;
    for _ in 0..5 {
        stage.call("counter.increment(5)").await.unwrap();
    }
    assert!(tried(&stage, COUNTER, STATE).await.summary.is_as_recorded());
    let trial = tried(&stage, &twice(), STATE).await;
    assert_eq!((trial.summary.replayed, trial.summary.diverged), (5, 5));
    assert_eq!(trial.differing.iter().map(|tried| tried.turn).collect::<Vec<_>>(), [1, 2, 3]);
    // A narrower manifest is tried as well.
    let small = format!("{STATE}\n[limits]\nfuel = 10");
    assert_eq!(tried(&stage, COUNTER, &small).await.summary.diverged, 5);
    // What was accepted is not asked again.
    reload(&stage, &twice(), STATE).await.unwrap();
    stage.call("counter.increment(5)").await.unwrap();
    let trial = tried(&stage, &twice(), STATE).await;
    assert_eq!((trial.summary.replayed, trial.summary.diverged), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_brings_the_state_into_its_new_form() {
    let mut stage = Stage::new().await;
    stage.spawn(COUNTER, STATE).await;
    stage.call("counter.increment(5)").await.unwrap();
    reload(&stage, &upgrading(MIGRATES), STATE).await.unwrap();
    assert_eq!(stage.call("counter.value()").await.unwrap(), "1005", "the version has 5 letters");
    let history = stage.check().await;
    let turns = &history.actor("counter").unwrap().turns;
    assert_eq!(turns[1].header.function, "theater:actor/upgrade@0.1.0#upgrade");
    stage.reopen().await;
    assert_eq!(stage.call("counter.value()").await.unwrap(), "1005");
    // The upgrade belongs to the component of its time: one without it does the same.
    let trial = tried(&stage, COUNTER, STATE).await;
    assert!(trial.summary.is_as_recorded(), "{trial:?}");
    assert_eq!(trial.summary.replayed, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_fails_leaves_everything_as_it_was() {
    let mut stage = Stage::new().await;
    let before = stage.spawn(COUNTER, STATE).await;
    stage.call("counter.increment(5)").await.unwrap();
    for (body, why) in [
        (format!("{MIGRATES} {REFUSES}"), "failed (refused): count"),
        (
            format!("{MIGRATES} unreachable"),
            "failed (trap): wasm `unreachable` instruction executed",
        ),
        (format!("{MIGRATES} (loop (br 0))"), "failed (out-of-fuel)"),
    ] {
        let manifest = format!("{STATE}\n[limits]\nfuel = 100_000");
        let error = reload(&stage, &upgrading(&body), &manifest).await.unwrap_err();
        assert!(error.message.contains(why), "{error}");
        assert_eq!(stage.call("counter.value()").await.unwrap(), "5");
        let actor = stage.node.actor("counter").unwrap();
        assert_eq!((actor.program.hash, actor.incarnation()), (before.program.hash, 1));
    }
    assert_eq!(codes(&stage.check().await).len(), 7, "forth and back, three times");
    assert_eq!(stage.reopen().await[0].program.hash, before.program.hash);
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_a_crash_prevented_is_not_done() {
    let mut stage = Stage::new().await;
    let before = stage.spawn(COUNTER, STATE).await;
    stage.call("counter.increment(5)").await.unwrap();
    let patient = format!("{STATE}\n[limits]\nfuel = 1_000_000_000_000\ntimeout = \"1h\"");
    let node = stage.node.clone();
    let endless = loaded(&upgrading("(loop (br 0))"), &patient).prepare(&node, "counter").unwrap();
    let reloading = tokio::spawn(async move { node.reload("counter", endless, None).await });
    let is_reload = |run: &RunDir| {
        let history = History::load(run).unwrap();
        let views: Vec<_> = history.views(None).flatten().collect();
        matches!(views.last().unwrap().kind, Kind::Reloaded { .. })
    };
    while !is_reload(&stage.run) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // As a crash leaves it.
    let segment = stage.run.segment(1);
    let (log, head) =
        (std::fs::read(&segment).unwrap(), std::fs::read(stage.run.path().join("head")).unwrap());
    stage.node.actor("counter").unwrap().cancel_turn();
    reloading.await.unwrap().unwrap_err();
    stage.node.shutdown().await.unwrap();
    std::fs::write(segment, log).unwrap();
    std::fs::write(stage.run.path().join("head"), head).unwrap();
    let resumed = stage.open_again().await;
    assert_eq!(codes(&History::load(&stage.run).unwrap()).len(), 1);
    assert_eq!(resumed[0].program.hash, before.program.hash);
    assert_eq!(stage.call("counter.increment(1)").await.unwrap(), "6");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_instance_ends_with_its_component() {
    let stage = Stage::new().await;
    stage.spawn(REMEMBERS, WARM).await;
    stage.call("counter.hit()").await.unwrap();
    assert_eq!(stage.call("counter.hit()").await.unwrap(), "104");
    assert!(tried(&stage, REMEMBERS, WARM).await.summary.is_as_recorded());
    let fresh = WARM.replace("warm", "fresh");
    assert_eq!(tried(&stage, REMEMBERS, &fresh).await.summary.diverged, 1);
    reload(&stage, &REMEMBERS.replace("const 100)", "const 200)"), WARM).await.unwrap();
    assert_eq!(stage.call("counter.hit()").await.unwrap(), "202");
    assert_eq!(stage.call("counter.hit()").await.unwrap(), "204");
    stage.check().await;
}

/// Functions of the world itself: each takes and gives a number.
fn numbers(functions: &[(&str, &str)]) -> String {
    let lifted = functions.iter().map(|(name, ty)| {
        let core = if *ty == "u64" { "wide" } else { "narrow" };
        format!(
            r#"(func (export "{name}") (param "a" {ty}) (result {ty})
                (canon lift (core func $m "{core}")))"#
        )
    });
    format!(
        r#"(component
          (core module $m
            (func (export "narrow") (param i32) (result i32) local.get 0)
            (func (export "wide") (param i64) (result i64) local.get 0)
            (func (export "spin") (loop (br 0))))
          (core instance $m (instantiate $m))
          (func (export "spin") (canon lift (core func $m "spin")))
          {})"#,
        lifted.collect::<String>()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_messages_are_for_the_new_component() {
    let patient = "[limits]\nfuel = 1_000_000_000_000\ntimeout = \"1h\"";
    let stage = Stage::new().await;
    let before = numbers(&[("wider", "u32"), ("gone", "u32"), ("other", "u32"), ("same", "u32")]);
    let after = numbers(&[("wider", "u64"), ("other", "bool"), ("same", "u32")]);
    let actor = stage.spawn(&before, patient).await;
    let call = |function: &'static str, arguments: Vec<Val>| {
        let node = stage.node.clone();
        tokio::spawn(async move { node.call("counter", function, arguments, None).await })
    };
    let spin = call("spin", Vec::new());
    while stage.node.waiting("counter") > 0 || actor.last_turn() > 0 {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let waiting = ["wider", "gone", "other", "same"].map(|name| call(name, vec![Val::U32(7)]));
    while stage.node.waiting("counter") < 4 {
        tokio::task::yield_now().await;
    }
    let node = stage.node.clone();
    let prepared = loaded(&after, patient).prepare(&node, "counter").unwrap();
    let reloading = tokio::spawn(async move { node.reload("counter", prepared, None).await });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!reloading.is_finished(), "a turn is running");
    actor.cancel_turn();
    reloading.await.unwrap().unwrap();
    spin.await.unwrap().unwrap_err();
    let [wider, gone, other, same] = waiting;
    assert_eq!(wider.await.unwrap().unwrap().values, [Val::U64(7)]);
    assert_eq!(same.await.unwrap().unwrap().values, [Val::U32(7)]);
    let misfit = |error: CallError| {
        assert_eq!(error.diagnostic().code.id, "TH0541");
        error.to_string()
    };
    let gone = misfit(gone.await.unwrap().unwrap_err());
    assert!(gone.ends_with("the new component has no function `gone`"), "{gone}");
    let other = misfit(other.await.unwrap().unwrap_err());
    assert!(other.ends_with("`other` of the new component has other parameters"), "{other}");
    stage.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_not_reloaded() {
    let stage = Stage::new().await;
    assert_eq!(reload(&stage, COUNTER, STATE).await.unwrap_err().code.id, "TH0407");
    stage.spawn(COUNTER, STATE).await;
    let problems = loaded(COUNTER, "").prepare(&stage.node, "counter").unwrap_err();
    assert_eq!(problems[0].code.id, "TH0205", "what is not granted");
}
