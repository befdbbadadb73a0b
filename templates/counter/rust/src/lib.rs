//! A counter. Its contract is `wit/world.wit`.
//!
//! Every message runs in a fresh instance of this component, so no variable outlives it. What must
//! last stands in the actor's state: the count, under the key `count`.

wit_bindgen::generate!({ world: "actor", generate_all });

mod panic;

use exports::local::my_actor::counter::Guest;
use theater::host::state::{self, Value};

const KEY: &str = "count";

struct Actor;

export!(Actor);

impl Guest for Actor {
    fn increment(by: u32) -> u32 {
        let count = sum(count(state::get(KEY)), by);
        state::set(KEY, &Value::U64(count.into()));
        count
    }

    fn value() -> u32 {
        count(state::get(KEY))
    }
}

/// The count that the state holds, or 0 if there is none yet.
fn count(stored: Option<Value>) -> u32 {
    match stored {
        None => 0,
        Some(Value::U64(count)) => count.try_into().expect("the stored count fits into 32 bits"),
        Some(other) => panic!("the stored count is not a number: {other:?}"),
    }
}

/// A panic aborts the turn, which then has changed nothing.
fn sum(count: u32, by: u32) -> u32 {
    count.checked_add(by).expect("the count fits into 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_from_zero() {
        assert_eq!(sum(count(None), 5), 5);
        assert_eq!(sum(count(Some(Value::U64(5))), 2), 7);
    }

    #[test]
    #[should_panic(expected = "fits into 32 bits")]
    fn it_does_not_wrap_around() {
        sum(u32::MAX, 1);
    }

    #[test]
    #[should_panic(expected = "not a number")]
    fn it_refuses_a_count_that_it_did_not_write() {
        count(Some(Value::Text("seven".into())));
    }
}
