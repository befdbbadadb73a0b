//! `theater trace diff`: what differs in the state between two moments.

use crate::application::shop;
use crate::environment::TestEnvironment;
use insta::assert_snapshot;

#[test]
fn keys_that_differ_are_shown_with_both_values() {
    let env = shop(TestEnvironment::new(), "wat");
    let lines = ["shop/orders.place(\"A-1\", 2)", "shop/inventory.deliver(\"C-3\", 4)"];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    env.theater(&arguments).ok();
    let diff = |from: &str, to: &str| env.theater(&["trace", "diff", from, to]).ok();
    assert_snapshot!("changed", diff("shop/inventory#0", "shop/inventory"));
    assert_snapshot!("back", diff("shop/inventory", "shop/inventory#0"));
    assert_snapshot!("inside", diff("shop/inventory#1.1", "shop/inventory#1.2"));
    assert_snapshot!("same", diff("shop/inventory#1", "shop/inventory#1"));
    let json = ["trace", "diff", "shop/inventory#0", "shop/inventory", "--json"];
    assert_snapshot!("json", env.theater(&json).ok());
    let wrong = ["trace", "diff", "shop/inventory#0", "shop/inventory#99"];
    assert_snapshot!("no_turn", env.theater(&wrong).with_status(2));
}
