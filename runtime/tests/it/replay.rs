//! Executing again, and moving over what was.

use crate::stage::{COUNTER, Stage};
use theater_runtime::cache::Cache;
use theater_runtime::call::to_wave;
use theater_runtime::replay::{Cursor, Event, History, Replayer};

fn state(history: &History, cursor: Cursor) -> Vec<(String, String)> {
    let state = cursor.state(history).unwrap();
    state.iter().map(|(key, value)| (key.to_owned(), to_wave(&value.to_val()))).collect()
}

fn count(value: &str) -> Vec<(String, String)> {
    vec![("count".to_owned(), value.to_owned())]
}

async fn three_turns() -> Stage {
    let stage = Stage::new().await;
    stage.spawn(COUNTER, "[handlers]\nstate = true").await;
    stage.call("counter.increment(5)").await.unwrap();
    stage.call("counter.increment(2)").await.unwrap();
    stage.call("counter.value()").await.unwrap();
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cursor_walks_turns_and_steps() {
    let stage = three_turns().await;
    let history = History::load(&stage.run).unwrap();
    let first = Cursor::at(&history, "counter", 1).unwrap();
    assert_eq!(state(&history, first), count("5"));
    let second = first.next(&history).unwrap();
    assert_eq!(state(&history, second), count("7"));
    assert_eq!(second.back(&history).unwrap(), first);

    let get = first.step(&history).unwrap();
    assert_eq!(get.place(&history).unwrap().to_string(), "counter#2.1");
    assert_eq!(state(&history, get), count("5"));
    let set = get.step(&history).unwrap();
    assert_eq!(state(&history, set), count("7"));
    let Event::Call(call) = set.event(&history).unwrap() else { panic!() };
    assert_eq!(call.summary(), r#"state.set("count", u64(7))"#);
    assert_eq!(set.step(&history).unwrap(), second);
    assert_eq!(second.step_back(&history).unwrap(), set);
    assert_eq!(set.step_back(&history).unwrap(), get);
    assert_eq!(get.step_back(&history).unwrap(), first);
    assert!(first.back(&history).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_component_diverges_at_the_first_difference() {
    let stage = three_turns().await;
    let history = History::load(&stage.run).unwrap();
    let actor = history.actor("counter").unwrap();
    // Counts one too many.
    let wrong = COUNTER.replace("my-actor", "counter").replace(
        "(i64.extend_i32_u (local.get $by))",
        "(i64.add (i64.const 1) (i64.extend_i32_u (local.get $by)))",
    );
    let replayer = Replayer::new(Some(wat::parse_str(&wrong).unwrap()), Cache::none()).unwrap();
    let divergence =
        replayer.replay(&history, actor, 0).await.unwrap().divergence.expect("it counts wrongly");
    assert_eq!((divergence.step, divergence.what.as_str()), (2, "arguments"));
    assert!(divergence.expected.contains("u64(5)"), "{divergence:?}");
    assert!(divergence.actual.contains("u64(6)"), "{divergence:?}");
    assert_eq!(replayer.replay(&history, actor, 2).await.unwrap().divergence, None);
}
