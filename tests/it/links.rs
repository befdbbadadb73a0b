//! How the actors of an application fit together, checked before any of them runs.

use crate::application::shop;
use crate::environment::{Ran, TestEnvironment, unwrapped};

fn edit(env: &TestEnvironment, file: &str, from: &str, to: &str) {
    let text = env.read(file);
    assert!(text.contains(from), "{from} is not in {file}");
    env.write(file, text.replace(from, to));
}

/// A report has the code and all these words.
#[track_caller]
fn says(ran: &Ran, code: &str, words: &[&str]) {
    let text = unwrapped(&ran.stderr);
    for word in std::iter::once(&code).chain(words) {
        assert!(text.contains(word), "{word}\n{ran}");
    }
}

fn wat() -> TestEnvironment {
    shop(TestEnvironment::new(), "wat")
}

/// What `check` says; the shop does not start, and no code of it runs.
fn refused(env: &TestEnvironment) -> Ran {
    let repl = env.theater(&["repl", "-e", "ps"]).with_status(2);
    assert!(env.runs().is_empty(), "{repl}");
    let run = env.theater(&["run"]).with_status(2);
    assert_eq!(repl.stderr, run.stderr);
    env.theater(&["check"]).with_status(1)
}

#[test]
fn a_link_to_nobody() {
    let env = wat();
    edit(&env, "orders/theater.toml", "= \"inventory\"", "= \"inventry\"");
    let words = ["`orders` is linked to `inventry`", "Did you mean `inventory`?"];
    says(&refused(&env), "TH0252", &words);
    edit(&env, "orders/theater.toml", "inventry", "warehouse");
    says(
        &refused(&env),
        "TH0252",
        &["`warehouse`, which this application has not", "are: shop, audit"],
    );
}

#[test]
fn a_link_to_an_actor_without_the_interface() {
    let env = wat();
    edit(&env, "orders/theater.toml", "= \"inventory\"", "= \"audit\"");
    let words = ["`shop:inventory/stock` of `audit`, which does not export it", "shop:audit/book"];
    says(&refused(&env), "TH0253", &words);
    edit(&env, "orders/theater.toml", "= \"audit\"", "= \"shop\"");
    says(&refused(&env), "TH0253", &["it only supervises others"]);
    edit(&env, "orders/theater.toml", "= \"shop\"", "= \"shop/inventory\"");
    env.theater(&["check"]).ok();
    env.theater(&["repl", "-e", "shop/orders.place(\"A-1\", 2)"]).ok();
}

#[test]
fn a_link_between_versions_that_are_not_compatible() {
    let env = wat();
    for (file, version) in [
        ("inventory/wit/stock.wit", "@0.2.0"),
        ("inventory/wit/world.wit", "@0.2.0"),
        ("orders/wit/deps/shop-inventory/stock.wit", "@0.1.0"),
    ] {
        edit(&env, file, "package shop:inventory", &format!("package shop:inventory{version}"));
    }
    edit(&env, "inventory/src/inventory.wat", "inventory/stock#", "inventory/stock@0.2.0#");
    edit(&env, "orders/src/orders.wat", "inventory/stock\"", "inventory/stock@0.1.0\"");
    edit(&env, "orders/wit/world.wit", "inventory/stock", "inventory/stock@0.1.0");
    env.theater(&["build"]).ok();
    let words = ["imports `shop:inventory/stock@0.1.0`", "it exports `shop:inventory/stock@0.2.0`"];
    says(&refused(&env), "TH0254", &words);
    let compatible = |file: &str| edit(&env, file, "@0.2.0", "@0.1.7");
    compatible("inventory/wit/stock.wit");
    compatible("inventory/wit/world.wit");
    compatible("inventory/src/inventory.wat");
    env.theater(&["build"]).ok();
    env.theater(&["check"]).ok();
    env.theater(&["repl", "-e", "shop/orders.place(\"A-1\", 2)"]).ok();
}

#[test]
fn a_link_between_different_types() {
    let env = wat();
    let copy = "orders/wit/deps/shop-inventory/stock.wit";
    edit(&env, copy, "out-of-stock(u64)", "out-of-stock(u32)");
    env.theater(&["build"]).ok();
    let words = [
        "`orders` and `inventory` have different types for `reserve` of `shop:inventory/stock`",
        "Used by `orders`: reserve: func(sku: string, units: u32) -> result<u64, stock-error>",
        "They differ in: u32 against: u64",
    ];
    says(&refused(&env), "TH0255", &words);
    edit(&env, copy, "out-of-stock(u32)", "out-of-stock(u64)");
    edit(&env, copy, "reserve: func(sku: string, ", "reserve: func(article: string, pieces: u32, ");
    says(&env.theater(&["check"]).with_status(1), "TH0255", &["article: string, pieces: u32"]);
    // What parameters are called does not matter.
    edit(&env, copy, "article: string, pieces: u32, units: u32", "article: string, pieces: u32");
    env.theater(&["build"]).ok();
    env.theater(&["check"]).ok();
    env.theater(&["repl", "-e", "shop/orders.place(\"A-1\", 2)"]).ok();
}

#[test]
fn a_link_to_itself() {
    let env = wat();
    edit(&env, "orders/theater.toml", "= \"inventory\"", "= \"orders\"");
    says(&refused(&env), "TH0256", &["`orders` is linked to itself"]);
}

#[test]
fn messages_to_nobody() {
    let env = wat();
    edit(&env, "theater.toml", "[\"audit\"]", "[\"*\"]");
    edit(
        &env,
        "orders/theater.toml",
        "[\"audit\"]",
        "[\"adit\", \"worker-*\", \"inventory\", \"aud*\"]",
    );
    let words = [
        "`orders` may write to `adit`",
        "Did you mean `audit`?",
        "may write to `worker-*`, and no actor here has such a name",
        "may write to `inventory`, which has no inbox",
        "3 warnings",
    ];
    says(&env.theater(&["check"]).ok(), "TH0257", &words);
    env.theater(&["repl", "-e", "shop/orders.place(\"A-1\", 2)"]).ok();
}

#[test]
fn a_project_that_belongs_to_nobody() {
    let env = wat();
    env.write("spare/part/theater.toml", "[actor]\nname = \"part\"\n");
    let said = env.theater(&["check"]).ok();
    let place = ",-[spare/part/theater.toml:2:8]";
    says(&said, "TH0241", &["the project spare/part belongs to nobody", place, "1 warning"]);
}

#[test]
fn links_in_a_circle_are_a_warning() {
    let env = crate::messages::shop();
    says(&env.theater(&["check"]).ok(), "TH0256", &["links form a circle: a -> b -> a"]);
}
