//! The application that `theater new --template app` makes: it does what its own test says.

use crate::environment::TestEnvironment;
use crate::rust;

/// The application `shop`, built, in whose folder commands are then started.
pub fn shop(mut env: TestEnvironment, language: &str) -> TestEnvironment {
    let new = ["new", "shop", "--template", "app", "--language", language, "--vcs", "none"];
    let made = env.theater(&new).ok();
    assert!(made.stdout.starts_with("made the application shop in shop"), "{made}");
    env.folder = env.folder.join("shop");
    env.theater(&["build"]).ok();
    let checked = env.theater(&["check"]).ok();
    assert_eq!(checked.stderr, "no problems\n");
    env
}

/// Its own test passes, and all that happened meanwhile is in order and can be replayed.
fn passes_its_test(env: &TestEnvironment) {
    let ran = env.theater(&["repl", "--file", "tests/shop.repl"]).ok();
    assert_eq!(ran.stdout, env.read("tests/shop.expected"), "{ran}");
    env.theater(&["trace", "verify"]).ok();
    env.theater(&["replay"]).ok();
}

#[test]
fn the_shop_in_the_text_format_passes_its_test() {
    passes_its_test(&shop(TestEnvironment::new(), "wat"));
}

#[test]
fn the_shop_in_rust_passes_the_same_test() {
    let Some((env, _guard)) = rust::environment() else { return };
    let env = shop(env, "rust");
    passes_its_test(&env);
    let ran = env.shell("cargo test --release --quiet");
    assert!(ran.stdout.contains("1 passed") && !ran.stderr.contains("warning"), "{ran}");
}

#[test]
fn the_audit_tells_orders_from_other_messages() {
    let env = shop(TestEnvironment::new(), "wat");
    let lines = [
        "send shop/audit order 1: 2 of A-1",
        "send shop/audit order 1: 2 of A-1",
        "send shop/audit order 12: 30 of B-2",
        "send shop/audit order 2: x of A-1",
        "send shop/audit order",
        "shop/audit.orders()",
        "shop/audit.units()",
        "shop/audit.repeated()",
        "shop/audit.others()",
    ];
    let arguments: Vec<&str> =
        std::iter::once("repl").chain(lines.iter().flat_map(|line| ["-e", line])).collect();
    assert_eq!(env.theater(&arguments).ok().stdout, "2\n32\n1\n2\n");
}

#[test]
fn an_article_without_a_name_keeps_the_inventory_from_starting() {
    let env = shop(TestEnvironment::new(), "wat");
    env.write("theater.toml", env.read("theater.toml").replace("\"B-2\", 5", "\"\", 5"));
    let ran = env.theater(&["repl", "-e", "ps"]).with_status(2);
    assert!(ran.stderr.contains("article needs a name"), "{ran}");
}
