//! The shop of the template, killed in the middle of its work again and again: whatever was answered is there, nothing
//! has happened twice, and what went out of the stock was sold.
//!
//! `THEATER_TEST_KILLS` says how often.

// What was drawn is printed, and shown when it fails.
#![allow(clippy::print_stdout)]

use crate::application::shop;
use crate::environment::TestEnvironment;
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the process is killed in the usual run of the tests.
const KILLS: u64 = 10;

/// How many orders are told before the first of them is answered, so that a kill falls into the middle of work.
const AHEAD: u64 = 8;

/// The number in what a statement printed: of `ok({order: 7, left: 3})` and the like, the first one.
fn number(text: &str) -> Option<u64> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    digits.and_then(|digits| digits.parse().ok())
}

/// One life under load, ended by `kill -9`. Answers with the numbers of the orders that were acknowledged.
fn killed_life(env: &TestEnvironment, patience: Duration) -> Vec<u64> {
    let mut repl = env.start(&["repl", "--resume"]);
    let (mut told, mut answered) = (0, 0);
    let mut acknowledged = Vec::new();
    let mut began = None;
    loop {
        while told < answered + AHEAD {
            repl.tell("shop/orders.place(\"A-1\", 1)");
            told += 1;
        }
        let Some(line) = repl.line() else { return acknowledged };
        assert!(line.starts_with("ok({order: "), "{line}");
        answered += 1;
        acknowledged.extend(number(&line));
        if began.get_or_insert_with(Instant::now).elapsed() >= patience {
            repl.kill();
        }
    }
}

#[test]
fn the_shop_survives_being_killed() {
    let env = shop(TestEnvironment::new(), "wat");
    env.theater(&["repl", "-e", "shop/inventory.deliver(\"A-1\", 1000000)"]).ok();
    let kills = std::env::var("THEATER_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed}");
    let (mut noise, mut acknowledged) = (seed, BTreeSet::new());
    for round in 0..kills {
        noise =
            noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        for order in killed_life(&env, Duration::from_micros((noise >> 33) % 80_000)) {
            assert!(
                acknowledged.insert(order),
                "round {round}: two orders have the number {order}"
            );
        }
        let verified = env.theater(&["trace", "verify"]);
        assert_eq!(verified.status, Some(0), "round {round}: {verified}");
        let questions = [
            "shop/orders.placed()",
            "shop/orders.sold()",
            "shop/inventory.in-stock()",
            "shop/inventory.delivered()",
            "shop/audit.orders()",
            "shop/audit.units()",
            "shop/audit.repeated()",
        ];
        let arguments = questions.iter().flat_map(|question| ["-e", question]);
        let arguments: Vec<&str> = ["repl", "--resume"].into_iter().chain(arguments).collect();
        let after = env.theater(&arguments).ok();
        let sums: Vec<u64> = after.stdout.lines().filter_map(number).collect();
        let [placed, sold, in_stock, delivered, heard, units, repeated] = sums[..] else {
            panic!("round {round}: {after}");
        };
        assert_eq!(in_stock + sold, delivered, "round {round}: units are conserved");
        assert_eq!((sold, heard, units, repeated), (placed, placed, placed, 0), "round {round}");
        let last = acknowledged.last().copied().unwrap_or_default();
        assert!(last <= placed, "round {round}: order {last} was acknowledged, and is lost");
    }
    assert!(!acknowledged.is_empty());
    env.theater(&["replay"]).ok();
}
