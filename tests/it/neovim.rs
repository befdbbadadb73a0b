//! A real editor with the files of `editors/neovim`, without a screen.

use crate::environment::TestEnvironment;
use insta::assert_snapshot;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Neovim to use: `THEATER_TEST_NEOVIM`, or `nvim` on the PATH if it is 0.11 or newer.
fn neovim() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("THEATER_TEST_NEOVIM") {
        return Some(program.into());
    }
    let output = Command::new("nvim").arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    let mut numbers = version.strip_prefix("NVIM v")?.split(['.', '-', '\n']);
    let version = (numbers.next()?.parse::<u32>().ok()?, numbers.next()?.parse::<u32>().ok()?);
    (version >= (0, 11)).then(|| "nvim".into())
}

/// Runs the script in the folder of a project: what it said at each step.
fn run(env: &TestEnvironment, neovim: &Path, good: &str) -> Map<String, Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = env.program(neovim);
    let files = format!("set runtimepath^={}", root.join("editors/neovim").display());
    command.args(["--clean", "--headless", "-i", "NONE", "--cmd", &files, "-S"]);
    command.arg(root.join("tests/editors/neovim.lua"));
    command.env("THEATER_TEST_MANIFEST", good).env("LC_ALL", "C.UTF-8");
    let output = command.output().unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{errors}");
    let steps = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    steps.map(|step| (step["step"].as_str().unwrap().to_owned(), step["value"].clone())).collect()
}

#[test]
fn a_project_is_edited_in_neovim() {
    let Some(neovim) = neovim() else {
        let required = std::env::var("THEATER_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|word| word == "neovim"), "there is no Neovim 0.11");
        println!("skipped: there is no Neovim 0.11 or newer");
        return;
    };
    let env = TestEnvironment::with_counter();
    let good = env.read("theater.toml");
    env.write("theater.toml", good.replace("state = true", "stat = true"));
    env.write("Cargo.toml", "[package]\n");
    let said = run(&env, &neovim, good.trim_end());
    let mut text = String::new();
    for (step, value) in &said {
        let value = match value.as_str() {
            // The rest is the handler's page.
            Some(value) => value.lines().next().unwrap_or_default().to_owned(),
            None => serde_json::to_string_pretty(value).unwrap(),
        };
        text += &format!("== {step}\n{value}\n");
    }
    assert_snapshot!(text);
}
