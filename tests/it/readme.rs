//! The commands that the documentation shows, run as they stand there.

use crate::environment::TestEnvironment;
use std::path::Path;

/// The lines behind `$ ` in the ```console blocks of a page.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line.trim() {
            "```console" => inside = true,
            "```" => inside = false,
            line if inside => commands.extend(line.strip_prefix("$ ").map(str::to_owned)),
            _ => {}
        }
    }
    commands
}

#[test]
fn the_commands_of_the_readme_work() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    // Until it is written there is nothing to check.
    let Ok(page) = std::fs::read_to_string(readme) else { return };
    let commands = commands(&page);
    assert!(!commands.is_empty(), "the README shows no commands in ```console blocks");
    // One shell for all, so that `cd` lasts.
    let script = commands.iter().fold("set -e\n".to_owned(), |script, line| script + line + "\n");
    let env = TestEnvironment::new();
    let ran = env.shell(&script);
    assert_eq!(ran.status, Some(0), "{ran}");
}

#[test]
fn commands_are_found() {
    let page = "$ no\n```console\n$ theater new a\nmade\n$ theater build\n```\n```sh\n$ no\n```\n";
    assert_eq!(commands(page), ["theater new a", "theater build"]);
}
