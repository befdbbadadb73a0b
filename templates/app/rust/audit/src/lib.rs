//! The audit. Its contract is in `wit/`.
//!
//! The state holds the units of each order under `order/NUMBER`, and sums under `orders`, `units`,
//! `repeated` and `others`.

wit_bindgen::generate!({ world: "audit", generate_all });

mod panic;

use exports::shop::audit::book::Guest as Book;
use exports::theater::actor::inbox::Guest as Inbox;
use theater::host::state::{self, Value};

struct Audit;

export!(Audit);

impl Inbox for Audit {
    fn message(message: String) {
        let Some((order, units)) = parse(&message) else { return add("others", 1) };
        let key = format!("order/{order}");
        if state::get(&key).is_some() {
            return add("repeated", 1);
        }
        state::set(&key, &Value::U64(units));
        add("orders", 1);
        add("units", units);
    }

    fn request(_: String) -> String {
        format!("{} orders, {} units", Self::orders(), Self::units())
    }
}

impl Book for Audit {
    fn orders() -> u64 {
        load("orders")
    }

    fn units() -> u64 {
        load("units")
    }

    fn repeated() -> u64 {
        load("repeated")
    }

    fn others() -> u64 {
        load("others")
    }
}

/// The number and the units of an order such as `order 7: 2 of A-1`.
fn parse(message: &str) -> Option<(u64, u64)> {
    let (order, rest) = message.strip_prefix("order ")?.split_once(": ")?;
    let (units, _) = rest.split_once(" of ")?;
    Some((order.parse().ok()?, units.parse().ok()?))
}

fn add(key: &str, number: u64) {
    state::set(key, &Value::U64(load(key) + number));
}

/// The number that the state holds under a key, or 0 if there is none yet.
fn load(key: &str) -> u64 {
    match state::get(key) {
        None => 0,
        Some(Value::U64(number)) => number,
        Some(other) => panic!("what the state holds under {key} is no number: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_told_from_other_messages() {
        assert_eq!(parse("order 7: 2 of A-1"), Some((7, 2)));
        for other in ["", "order", "order 7", "order x: 2 of A-1", "order 7: 2 A-1", "good morning"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
