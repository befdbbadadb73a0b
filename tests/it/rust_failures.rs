//! What can go wrong between Theater and cargo, with scripts in place of cargo and the compiler.

use crate::environment::{Ran, TestEnvironment};
use insta::assert_snapshot;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A new project in Rust, and tools that do nothing yet but know the target.
fn project() -> TestEnvironment {
    let mut env = TestEnvironment::new();
    env.theater(&["new", "my-actor", "--vcs", "none"]).ok();
    env.tools = Some(env.path("tools"));
    tool(&env, "rustc", "echo /");
    tool(&env, "cargo", "exit 0");
    env
}

fn tool(env: &TestEnvironment, name: &str, script: &str) {
    let file = format!("tools/{name}");
    env.write(&file, format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(env.path(&file), PermissionsExt::from_mode(0o755)).unwrap();
}

fn build(env: &TestEnvironment) -> Ran {
    env.theater(&["build", "my-actor"])
}

/// Cargo's words for a module that it made of the project.
fn artifact(env: &TestEnvironment, module: &Path) -> String {
    let manifest = env.path("my-actor/Cargo.toml");
    let files = [module.with_extension("rlib"), module.to_owned()];
    serde_json::json!({ "reason": "compiler-artifact", "manifest_path": manifest, "filenames": files })
        .to_string()
}

#[test]
fn without_cargo_the_report_says_what_to_install() {
    let env = project();
    std::fs::remove_file(env.path("tools/cargo")).unwrap();
    let mut command = env.command(&["build", "my-actor"]);
    let ran = {
        command.env("PATH", env.path("tools"));
        env.finish("theater build my-actor", command)
    };
    assert_snapshot!(ran.with_status(1));
}

#[test]
fn without_the_target_nothing_is_compiled() {
    let env = project();
    tool(&env, "rustc", "echo /no/such/folder");
    tool(&env, "cargo", "echo compiled >&2; exit 101");
    assert_snapshot!("no_target", build(&env).with_status(1));
    // Cargo may be set up to bring the target itself.
    env.write("my-actor/.cargo/config.toml", "[unstable]\nbuild-std = [\"std\"]\n");
    assert!(build(&env).with_status(1).stderr.contains("TH0809"));
}

#[test]
fn a_target_that_vanished_is_said_behind_the_messages_of_cargo() {
    let env = project();
    tool(&env, "rustc", "echo /no/such/folder");
    tool(&env, "cargo", "echo 'error[E0463]: no crate core' >&2; exit 101");
    env.write("my-actor/build/my-actor.wasm", "built before");
    let ran = build(&env).with_status(1);
    let (cargo, ours) = ran.stderr.split_once('\n').unwrap();
    assert!(cargo.contains("E0463") && ours.starts_with("TH0808"), "{ran}");
}

#[test]
fn what_does_not_compile_is_said_by_cargo() {
    let env = project();
    tool(&env, "cargo", "echo 'error: expected `;`' >&2; exit 101");
    assert_snapshot!(build(&env).with_status(1));
    tool(&env, "cargo", "kill -9 $$");
    assert!(build(&env).with_status(1).stderr.contains("was killed"));
    tool(&env, "cargo", "#");
    std::fs::write(env.path("tools/cargo"), "\x7fELF no program").unwrap();
    assert!(build(&env).with_status(1).stderr.contains("cannot be run"));
}

#[test]
fn the_module_is_found_among_whatever_cargo_says() {
    let env = project();
    let module = env.path("out.wasm");
    std::fs::write(&module, wat::parse_str(MODULE).unwrap()).unwrap();
    let ours = artifact(&env, &module);
    let other = ours.replace("my-actor", "other").replace("out", "missing");
    env.write(
        "messages",
        format!("no JSON\n{{\n\n[1]\nnull\n{other}\n{ours}\n{{\"reason\":\"build-finished\"}}"),
    );
    tool(
        &env,
        "cargo",
        &format!("cat '{}'; printf '\\377\\376\\n'", env.path("messages").display()),
    );
    assert_snapshot!(build(&env).ok());
}

#[test]
fn a_package_without_a_module_is_reported() {
    let env = project();
    assert_snapshot!("no_module", build(&env).with_status(1));
    let module = env.path("gone.wasm");
    env.write("messages", artifact(&env, &module));
    tool(&env, "cargo", &format!("cat '{}'", env.path("messages").display()));
    assert!(build(&env).with_status(1).stderr.contains("gone.wasm"));
    std::fs::write(&module, "no WebAssembly").unwrap();
    assert!(build(&env).with_status(1).stderr.contains("not WebAssembly"));
    std::fs::remove_file(env.path("my-actor/Cargo.toml")).unwrap();
    assert_snapshot!("no_package", build(&env).with_status(1));
}

#[test]
fn cargo_is_told_about_colours() {
    let env = project();
    tool(&env, "cargo", "echo \"$@\" >&2; exit 101");
    for (choice, told) in [("always", "--color always"), ("never", "--color never")] {
        let ran = env.theater(&["--color", choice, "build", "my-actor"]).with_status(1);
        assert!(ran.stderr.contains(told), "{ran}");
    }
    assert!(!build(&env).stderr.contains("--color"));
}

#[test]
fn keywords_are_refused_and_nothing_is_left() {
    let env = TestEnvironment::new();
    assert_snapshot!("keyword", env.theater(&["new", "type"]).with_status(2));
    for name in ["self", "async", "gen", "macro", "crate"] {
        env.theater(&["new", "fine", "--name", name]).with_status(2);
    }
    assert_eq!(std::fs::read_dir(&env.folder).unwrap().count(), 0);
    env.theater(&["new", "type", "--language", "wat", "--vcs", "none"]).ok();
}

/// A core module for the template's world, by the names of the canonical ABI. It does not count.
const MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "local:my-actor/counter#increment") (param i32) (result i32) (local.get 0))
    (func (export "local:my-actor/counter#value") (result i32) (i32.const 0)))"#;
