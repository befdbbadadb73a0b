//! Resources of the host in a component's hands, live and in replay.
#![allow(clippy::unwrap_used)]

use crate::boundary::{
    Abort, Binder, Crossing, MAX_OPEN, MemoryLimiter, Script, Source, TurnData, close,
};
use crate::engine::{EngineConfig, Purpose};
use crate::handlers::{Context, Origin};
use crate::manifest::Grants;
use crate::state::State;
use crate::trace::{ActorId, CallsReader};
use crate::wire::decode_any_all;
use std::time::Duration;
use wasmtime::component::{Component, Linker, Resource};
use wasmtime::{Engine, Store};

struct Tape(Vec<u8>);
struct Other;

/// A handler as handlers are written. A tape that is waited for never comes.
fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder.resource::<Tape, _>("tape", close)?;
    binder.resource::<Other, _>("other", close)?;
    binder.function("[constructor]tape", Source::World, |context, ()| {
        Ok((context.resources.open(Tape(Vec::new()))?,))
    })?;
    binder.function(
        "[method]tape.append",
        Source::World,
        |context, (tape, bytes): (Resource<Tape>, Vec<u8>)| {
            let tape = context.resources.get_mut(&tape)?;
            tape.0.extend(bytes);
            Ok((Ok::<u64, String>(tape.0.len() as u64),))
        },
    )?;
    binder.function(
        "[method]other.play",
        Source::World,
        |context, (other,): (Resource<Other>,)| context.resources.get(&other).map(|_| ()),
    )?;
    binder.function_async("[method]tape.wait", |context, (tape,): (Resource<Tape>,)| {
        Box::pin(async move {
            context.resources.get(&tape)?;
            std::future::pending::<Result<(u32,), Abort>>().await
        })
    })
}

/// One turn: how it ended, none if it waited for ever, and its import calls.
async fn turn(
    engine: &Engine,
    function: &str,
    script: Option<&[u8]>,
) -> (Option<wasmtime::Result<()>>, Vec<u8>) {
    let bytes = wat::parse_str(include_str!("tape.wat")).unwrap();
    let component = Component::new(engine, bytes).unwrap();
    let mut linker = Linker::new(engine);
    let name = "test:tape/tape@0.1.0";
    bind(&mut Binder::new(linker.instance(name).unwrap(), name)).unwrap();
    let context = Context::new(
        "test".into(),
        ActorId(1),
        1,
        Origin::Outside,
        State::default(),
        &Grants::default(),
    );
    let crossing = match script {
        Some(calls) => Crossing::replay(Script::new(CallsReader::new(calls).unwrap()), 1 << 20),
        None => Crossing::live(1 << 20),
    };
    let data = TurnData { context, crossing, limiter: MemoryLimiter::new(1 << 20) };
    let mut store = Store::new(engine, data);
    store.set_fuel(10_000_000).unwrap();
    let call = async {
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let function = instance.get_typed_func::<(), ()>(&mut store, function)?;
        function.call_async(&mut store, ()).await
    };
    let ended = tokio::time::timeout(Duration::from_millis(200), call).await.ok();
    let (calls, script) = store.into_data().crossing.finish();
    assert_eq!(script.and_then(|script| script.finish(true)), None);
    (ended, calls)
}

fn shown(calls: &[u8]) -> Vec<String> {
    let calls = CallsReader::new(calls).unwrap().all().unwrap();
    let list = |bytes: &[u8]| {
        let values = decode_any_all(bytes).unwrap();
        values.iter().map(crate::call::to_wave).collect::<Vec<_>>().join(", ")
    };
    let short = |name: &str| name.rsplit_once('#').unwrap().1.to_owned();
    calls
        .iter()
        .map(|call| match &call.answer {
            crate::trace::Answer::Returned(bytes) => {
                format!("{}({}) = {}", short(&call.function), list(&call.arguments), list(bytes))
            }
            _ => format!("{}({}) ...", short(&call.function), list(&call.arguments)),
        })
        .collect()
}

fn abort(ended: Option<wasmtime::Result<()>>) -> Option<Abort> {
    ended?.unwrap_err().downcast_ref::<Abort>().cloned()
}

#[tokio::test]
async fn handles_and_drops_are_recorded_and_replayed() {
    let (engine, _) = EngineConfig::default().engine(Purpose::Replay).unwrap();
    let (ended, calls) = turn(&engine, "append", None).await;
    ended.unwrap().unwrap();
    let expected = [
        "[constructor]tape() = #64",
        "[method]tape.append(#64, [97, 98]) = ok(2)",
        "[method]tape.append(#64, [97, 98]) = ok(4)",
        "[resource-drop]tape(#64) = ",
    ];
    assert_eq!(shown(&calls), expected);
    // In replay there is no tape: a handler that was called would not find it.
    let (ended, again) = turn(&engine, "append", Some(&calls)).await;
    ended.unwrap().unwrap();
    assert_eq!(again, calls);
}

#[tokio::test]
async fn a_wait_is_cut_off_where_it_is_and_replay_ends_there() {
    let (engine, _) = EngineConfig::default().engine(Purpose::Replay).unwrap();
    let (ended, calls) = turn(&engine, "wait", None).await;
    assert!(ended.is_none());
    assert_eq!(shown(&calls), ["[constructor]tape() = #64", "[method]tape.wait(#64) ..."]);
    let (ended, again) = turn(&engine, "wait", Some(&calls)).await;
    assert!(matches!(abort(ended), Some(Abort::RecordEnds)));
    assert_eq!(again, calls);
}

#[tokio::test]
async fn handles_that_stand_for_nothing_trap() {
    let (engine, _) = EngineConfig::default().engine(Purpose::Replay).unwrap();
    for (function, calls_before) in [("after-drop", 2), ("of-another-type", 1), ("of-nothing", 0)] {
        let (ended, calls) = turn(&engine, function, None).await;
        let error = ended.unwrap().unwrap_err();
        assert!(error.downcast_ref::<Abort>().is_none(), "the engine finds it: {error:?}");
        assert_eq!(shown(&calls).len(), calls_before, "{function}");
        let (replayed, again) = turn(&engine, function, Some(&calls)).await;
        let replayed = replayed.unwrap().unwrap_err();
        assert_eq!(replayed.root_cause().to_string(), error.root_cause().to_string());
        assert_eq!(again, calls);
    }
}

#[tokio::test]
async fn resources_without_end_are_refused() {
    let (engine, _) = EngineConfig::default().engine(Purpose::Replay).unwrap();
    let (ended, calls) = turn(&engine, "without-end", None).await;
    assert!(matches!(abort(ended), Some(Abort::Size(_))));
    assert_eq!(shown(&calls).len(), MAX_OPEN + 1);
    let (ended, again) = turn(&engine, "without-end", Some(&calls)).await;
    assert!(matches!(abort(ended), Some(Abort::RecordEnds)));
    assert_eq!(again, calls);
}
