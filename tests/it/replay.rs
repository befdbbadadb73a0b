use crate::application::shop;
use crate::environment::TestEnvironment;
use insta::assert_snapshot;

fn recorded() -> TestEnvironment {
    let env = TestEnvironment::with_counter();
    let script = "my-actor.increment(5)\nmy-actor.increment(2)\nmy-actor.value()\n";
    env.theater_with_input(&["repl"], script).ok();
    env
}

/// Another build: it adds one more than it is told.
fn build_another(env: &TestEnvironment) {
    let source = env.read("src/counter.wat");
    let changed = source.replace(
        "(i64.extend_i32_u (local.get $by))))",
        "(i64.add (i64.const 1) (i64.extend_i32_u (local.get $by)))))",
    );
    assert_ne!(source, changed);
    env.write("src/counter.wat", changed);
    env.theater(&["build"]).ok();
}

#[test]
fn turns_do_again_what_they_did() {
    let env = recorded();
    assert_snapshot!("all", env.theater(&["replay"]).ok());
    assert_snapshot!("one", env.theater(&["replay", "my-actor#2"]).ok());
    assert_snapshot!("json", env.theater(&["replay", "my-actor", "--json"]).ok());
}

#[test]
fn the_recorded_component_is_used() {
    let env = recorded();
    build_another(&env);
    env.theater(&["replay"]).ok();
}

#[test]
fn another_build_diverges_and_is_shown_where() {
    let env = recorded();
    build_another(&env);
    let with = ["replay", "--with", "build/my-actor.wasm"];
    assert_snapshot!("diverged", env.theater(&with).with_status(1));
    let json = env.theater(&[&with[..], &["--json"]].concat()).with_status(1);
    assert_snapshot!("diverged_json", json);
    env.theater(&[&with[..], &["my-actor#3"]].concat()).ok();
}

#[test]
fn what_cannot_be_replayed_is_told() {
    let env = recorded();
    env.theater(&["replay", "my-actor#9"]).with_status(2);
    env.theater(&["replay", "nobody"]).with_status(2);
    env.theater(&["replay", "--with", "nowhere.wasm"]).with_status(2);
    env.fixture("core-module.wat");
    let wrong = env.theater(&["replay", "--with", "core-module.wat"]).with_status(1);
    assert!(wrong.stderr.contains("core WebAssembly module"), "{wrong}");
    // Without its component nothing can be executed; the trace is still readable.
    let blobs = env.runs()[0].join("blobs");
    std::fs::remove_dir_all(blobs).unwrap();
    let lost = env.theater(&["replay"]).with_status(1);
    assert!(lost.stdout.contains("3 turns could not be replayed"), "{lost}");
    env.theater(&["trace", "show"]).ok();
    env.theater(&["trace", "verify"]).with_status(1);
}

#[test]
fn many_turns_are_replayed_in_parallel_and_told_in_order() {
    let env = TestEnvironment::with_counter();
    env.theater_with_input(&["repl"], &"my-actor.increment(1)\n".repeat(500)).ok();
    let all = env.theater(&["replay"]).ok();
    assert!(all.stdout.contains("replayed 500 turns"), "{all}");
    build_another(&env);
    let ran = env.theater(&["replay", "--with", "build/my-actor.wasm", "--json"]).with_status(1);
    let turns: Vec<u64> = ran
        .stdout
        .lines()
        .filter_map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["turn"].as_u64()
        })
        .collect();
    assert_eq!(turns, (1..=500).collect::<Vec<u64>>());
}

#[test]
fn intended_differences_are_accepted() {
    let env = recorded();
    build_another(&env);
    let with =
        |more: &[&str]| env.theater(&[&["replay", "--with", "build/my-actor.wasm"], more].concat());
    let both = ["--accept", "my-actor#1.2", "--accept", "my-actor#2"];
    assert_snapshot!("accepted", with(&both).ok());
    // What is shown is the first difference that is not accepted.
    assert_snapshot!("accepted_one", with(&["--accept", "my-actor#1"]).with_status(1));
    let elsewhere = with(&[&both[..2], &["--accept", "my-actor#2.1"]].concat()).with_status(1);
    assert!(elsewhere.stderr.contains("my-actor#2.1 did not differ"), "{elsewhere}");
    env.write("intended", "// counts from one now\nmy-actor#1.2\n\nmy-actor#2 // as well\n");
    with(&["--accept-from", "intended"]).ok();
    env.write("intended", "my-actor#1.2\nmy-actor\n");
    assert_snapshot!("accepted_wrong", with(&["--accept-from", "intended"]).with_status(2));
    with(&["--accept", "my-actor"]).with_status(2);
}

#[test]
fn several_components_are_replaced_at_once() {
    let env = shop(TestEnvironment::new(), "wat");
    env.theater(&["repl", "-e", "shop/orders.place(\"A-1\", 2)"]).ok();
    let source = env.read("inventory/src/inventory.wat");
    env.write("inventory/src/inventory.wat", source.replacen("(i64.sub", "(i64.add", 1));
    env.theater(&["build"]).ok();
    let inventory = ["--with", "shop/inventory=inventory/build/inventory.wasm"];
    let orders = ["--with", "shop/orders=orders/build/orders.wasm"];
    let replay = |more: &[&[&str]]| env.theater(&[&[&["replay"][..]], more].concat().concat());
    assert_snapshot!("several", replay(&[&inventory, &orders]).with_status(1));
    replay(&[&orders]).ok();
    replay(&[&["--accept", "shop/inventory#1"], &inventory, &orders]).ok();
    env.write("a.wasm", std::fs::read(env.path("orders/build/orders.wasm")).unwrap());
    assert_snapshot!("several_components", replay(&[&["--with", "a.wasm"]]).with_status(2));
    assert_snapshot!("unclear", replay(&[&["--with", "a.wasm"], &inventory]).with_status(2));
    let nobody = ["--with", "shop/order=orders/build/orders.wasm"];
    assert_snapshot!("nobody", replay(&[&nobody]).with_status(2));
}
