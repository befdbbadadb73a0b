use crate::environment::TestEnvironment;
use insta::assert_snapshot;

#[test]
fn imports_exports_and_needs_are_shown() {
    let env = TestEnvironment::with_counter();
    assert_snapshot!("counter", env.theater(&["inspect", "build/my-actor.wasm"]).ok());
    assert_snapshot!(
        "counter_json",
        env.theater(&["inspect", "--json", "build/my-actor.wasm"]).ok()
    );
}

#[test]
fn what_cannot_be_called_is_listed_with_the_reason() {
    let env = TestEnvironment::new();
    env.fixture("resources.wat");
    assert_snapshot!(env.theater(&["inspect", "resources.wat"]).ok());
}

#[test]
fn what_a_tool_left_behind_is_no_part_of_the_actor() {
    let env = TestEnvironment::new();
    env.fixture("left-over.wat");
    assert_snapshot!("left_over", env.theater(&["inspect", "left-over.wat"]).ok());
    let called = env.theater(&["repl", "left-over.wat", "-e", "left-over.answer()"]).ok();
    assert_eq!(called.stdout, "42\n");
    env.theater(&["replay"]).ok();
}

#[test]
fn a_component_without_exports_gets_a_warning() {
    let env = TestEnvironment::new();
    env.fixture("no-exports.wat");
    assert_snapshot!(env.theater(&["inspect", "no-exports.wat"]).ok());
}

#[test]
fn an_import_that_nobody_answers_is_told() {
    let env = TestEnvironment::new();
    env.write(
        "x.wat",
        r#"(component (import "acme:orders/stock@1.0.0" (instance (export "count" (func (result u32))))))"#,
    );
    assert_snapshot!(env.theater(&["inspect", "x.wat"]).ok());
}

#[test]
fn what_is_no_component_is_refused_by_name() {
    let env = TestEnvironment::with_counter();
    env.fixture("core-module.wat");
    env.fixture("wasi-0-3.wat");
    assert_snapshot!("core_module", env.theater(&["inspect", "core-module.wat"]).with_status(2));
    assert_snapshot!("wasi_0_3", env.theater(&["inspect", "wasi-0-3.wat"]).with_status(2));
    let component = std::fs::read(env.path("build/my-actor.wasm")).unwrap();
    env.write("empty.wasm", "");
    assert_snapshot!("empty", env.theater(&["inspect", "empty.wasm"]).with_status(2));
    env.write("cut.wasm", &component[..100]);
    assert_snapshot!("cut", env.theater(&["inspect", "cut.wasm"]).with_status(2));
    assert_snapshot!("missing", env.theater(&["inspect", "missing.wasm"]).with_status(2));
    assert_snapshot!("folder", env.theater(&["inspect", "src"]).with_status(2));
}

#[test]
fn no_bytes_are_too_strange() {
    let env = TestEnvironment::with_counter();
    let component = std::fs::read(env.path("build/my-actor.wasm")).unwrap();
    let mut noise = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..40 {
        let mut bytes = component.clone();
        for _ in 0..=round % 4 {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (noise >> 33) as usize % bytes.len();
            bytes[at] = (noise >> 8) as u8;
        }
        env.write("x.wasm", &bytes);
        let ran = env.theater(&["inspect", "x.wasm"]);
        assert!(matches!(ran.status, Some(0 | 2)), "round {round}: {ran}");
        assert!(!ran.stderr.contains("panicked"), "round {round}: {ran}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let env = TestEnvironment::with_counter();
    let ran = env
        .shell("theater inspect build/my-actor.wasm | head -n 1; theater explain manifest | true");
    assert_eq!(ran.stderr, "", "{ran}");
    let closed = env.shell("theater explain manifest >&-; echo $?");
    assert!(!closed.stderr.contains("panicked"), "{closed}");
    let full = env.shell("theater explain manifest >/dev/full; echo $?");
    assert_eq!(full.stdout, "2\n", "{full}");
    assert!(full.stderr.contains("cannot write the output"), "{full}");
}
