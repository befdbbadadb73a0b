//! The orders. Their contract is in `wit/`.
//!
//! The state holds how many orders were placed, under `orders`, and how many units were sold, under
//! `units`.

wit_bindgen::generate!({ world: "orders", generate_all });

mod panic;

use exports::shop::orders::checkout::{Guest, OrderError, Receipt};
use shop::inventory::stock::{self, StockError};
use theater::host::messenger;
use theater::host::state::{self, Value};

struct Orders;

export!(Orders);

impl Guest for Orders {
    fn place(sku: String, units: u32) -> Result<Receipt, OrderError> {
        let left = stock::reserve(&sku, units)?;
        let order = Self::placed() + 1;
        let sold = Self::sold() + u64::from(units);
        // It is sent when this turn commits, and not at all if it aborts.
        if messenger::send("audit", &message(order, units, &sku)).is_err() {
            stock::release(&sku, units)?;
            return Err(OrderError::NoAudit);
        }
        state::set("orders", &Value::U64(order));
        state::set("units", &Value::U64(sold));
        Ok(Receipt { order, left })
    }

    fn placed() -> u64 {
        load("orders")
    }

    fn sold() -> u64 {
        load("units")
    }
}

/// What the audit is told.
fn message(order: u64, units: u32, sku: &str) -> String {
    format!("order {order}: {units} of {sku}")
}

impl From<StockError> for OrderError {
    fn from(error: StockError) -> Self {
        match error {
            StockError::UnknownSku => Self::UnknownSku,
            StockError::OutOfStock(left) => Self::OutOfStock(left),
            StockError::NoAnswer(why) => Self::NoAnswer(why),
        }
    }
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
    fn the_audit_gets_a_line_of_text() {
        assert_eq!(message(7, 2, "A-1"), "order 7: 2 of A-1");
    }
}
