//! The inventory. Its contract is in `wit/`.
//!
//! Every message runs in a fresh instance of this component, so no variable outlives it. What must last
//! stands in the actor's state: the units of an article under `stock/SKU`, and all that was ever
//! delivered under `delivered`.

wit_bindgen::generate!({ world: "inventory", generate_all });

mod panic;

use exports::shop::inventory::stock::{Guest as Stock, StockError};
use theater::host::state::{self, Value};

const DELIVERED: &str = "delivered";

struct Inventory;

export!(Inventory);

impl Guest for Inventory {
    fn init(stock: Vec<(String, u32)>) -> Result<(), String> {
        for (sku, units) in stock {
            if sku.is_empty() {
                return Err("an article needs a name".into());
            }
            Inventory::deliver(sku, units);
        }
        Ok(())
    }
}

impl Stock for Inventory {
    fn reserve(sku: String, units: u32) -> Result<u64, StockError> {
        let there = load(&key(&sku)).ok_or(StockError::UnknownSku)?;
        let left = there.checked_sub(units.into()).ok_or(StockError::OutOfStock(there))?;
        store(&key(&sku), left);
        Ok(left)
    }

    fn release(sku: String, units: u32) -> Result<u64, StockError> {
        let there = load(&key(&sku)).ok_or(StockError::UnknownSku)? + u64::from(units);
        store(&key(&sku), there);
        Ok(there)
    }

    fn deliver(sku: String, units: u32) -> u64 {
        let there = load(&key(&sku)).unwrap_or(0) + u64::from(units);
        store(&key(&sku), there);
        store(DELIVERED, Self::delivered() + u64::from(units));
        there
    }

    fn count(sku: String) -> u64 {
        load(&key(&sku)).unwrap_or(0)
    }

    fn in_stock() -> u64 {
        let mut sum = 0;
        let mut after = None;
        loop {
            let keys = state::list_keys(&key(""), after.as_deref(), 100);
            let Some(last) = keys.last() else { return sum };
            sum += keys.iter().filter_map(|key| load(key)).sum::<u64>();
            after = Some(last.clone());
        }
    }

    fn delivered() -> u64 {
        load(DELIVERED).unwrap_or(0)
    }
}

fn key(sku: &str) -> String {
    format!("stock/{sku}")
}

fn load(key: &str) -> Option<u64> {
    match state::get(key)? {
        Value::U64(number) => Some(number),
        other => panic!("what the state holds under {key} is no number: {other:?}"),
    }
}

fn store(key: &str, number: u64) {
    state::set(key, &Value::U64(number));
}
