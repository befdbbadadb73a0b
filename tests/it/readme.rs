//! The commands that the documentation shows: they are run, and print what stands there.

use crate::environment::TestEnvironment;
use crate::rust;
use anstyle_svg::{Term, WIN10_CONSOLE};
use std::path::Path;

/// A command in a ```console block, and the lines that it is said to print.
#[derive(Debug, PartialEq)]
struct Shown {
    command: String,
    output: Vec<String>,
}

/// The commands of a page. A line that ends in `\` goes on in the next one.
fn commands(page: &str) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    let (mut inside, mut unfinished) = (false, false);
    for line in page.lines() {
        match (line, commands.last_mut()) {
            ("```console", _) => inside = true,
            ("```", _) => inside = false,
            (line, Some(last)) if inside && unfinished => {
                last.command += "\n";
                last.command += line;
                unfinished = line.ends_with('\\');
            }
            (line, last) if inside => match (line.strip_prefix("$ "), last) {
                (Some(command), _) => {
                    unfinished = command.ends_with('\\');
                    commands.push(Shown { command: command.to_owned(), output: Vec::new() });
                }
                (None, Some(last)) => last.output.push(line.to_owned()),
                (None, None) => panic!("output before any command: {line}"),
            },
            _ => {}
        }
    }
    commands
}

/// Whether a line is as it was shown. `…` stands for anything.
fn fits(shown: &str, printed: &str) -> bool {
    match shown.split_once('…') {
        None => shown == printed,
        Some((start, rest)) => printed.strip_prefix(start).is_some_and(|printed| {
            printed.char_indices().any(|(at, _)| fits(rest, &printed[at..])) || rest.is_empty()
        }),
    }
}

#[test]
fn the_readme_shows_what_happens() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let shown = commands(&std::fs::read_to_string(readme).unwrap());
    assert!(!shown.is_empty(), "the README shows no commands in ```console blocks");
    assert_prints(&TestEnvironment::new(), &shown, " --language wat");
    if let Some((env, _guard)) = rust::environment() {
        assert_prints(&env, &shown, "");
    }
}

#[test]
fn the_page_about_the_cursor_shows_what_happens() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cursor.md");
    let shown = commands(&std::fs::read_to_string(page).unwrap());
    assert!(!shown.is_empty(), "the page shows no commands in ```console blocks");
    assert_prints(&TestEnvironment::new(), &shown, " --language wat");
}

#[test]
fn a_wrong_total_is_found_as_the_page_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/wrong-total.md");
    let shown = commands(&std::fs::read_to_string(page).unwrap());
    let looking = shown.iter().filter(|shown| shown.command.starts_with("theater trace"));
    assert_eq!(looking.count(), 6, "five commands to the cause, and one beside it");
    assert_prints(&TestEnvironment::new(), &shown, " --language wat");
}

/// Runs the commands, with `language` chosen for every new project: what stands there is the same
/// for each.
fn assert_prints(env: &TestEnvironment, shown: &[Shown], language: &str) {
    let in_language =
        |command: &str| command.replace("theater new ", &format!("theater new{language} "));
    let lines: Vec<String> = shown.iter().map(|shown| in_language(&shown.command)).collect();
    let printed = env.session(&lines, false);
    assert_eq!(printed.len(), shown.len());
    for (shown, printed) in shown.iter().zip(&printed) {
        let lines: Vec<&str> = printed.lines().collect();
        assert!(all_fit(&shown.output, &lines), "$ {}\nprints\n{printed}", shown.command);
    }
}

/// Whether lines are as they were shown. A line `…` stands for any number of lines.
fn all_fit(shown: &[String], printed: &[&str]) -> bool {
    match shown {
        [] => printed.is_empty(),
        [first, rest @ ..] if first == "…" => {
            (0..=printed.len()).any(|skipped| all_fit(rest, &printed[skipped..]))
        }
        [first, rest @ ..] => {
            let next = printed.split_first().filter(|(line, _)| fits(first, line));
            next.is_some_and(|(_, printed)| all_fit(rest, printed))
        }
    }
}

/// What is typed in the picture of the README.
const PICTURE: &[&str] = &[
    "theater new my-actor --language wat && cd my-actor",
    "theater build && theater check",
    "theater repl -e 'my-actor.increment(by: 5)' -e 'my-actor.increment(2)' -e back -e state",
    "theater repl -e 'my-actor.increment(-1)'",
    "theater repl -e 'my-actor.increment(4294967295)' -e 'my-actor.increment(1)'",
    "theater replay",
];

/// Draws the picture again with `UPDATE_PICTURE=1`.
#[test]
fn the_picture_shows_what_happens() {
    let lines: Vec<String> = PICTURE.iter().map(|line| (*line).to_owned()).collect();
    let printed = TestEnvironment::new().session(&lines, true);
    let mut session = String::new();
    for (line, printed) in PICTURE.iter().zip(printed) {
        let printed: Vec<&str> =
            printed.lines().filter(|line| !line.starts_with("(exit status")).collect();
        session += &format!("\x1b[1;32m$\x1b[0m \x1b[1m{line}\x1b[0m\n{}\n", printed.join("\n"));
    }
    let drawn = Term::new().palette(WIN10_CONSOLE).render_svg(session.trim_end());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/session.svg");
    if std::env::var_os("UPDATE_PICTURE").is_some() {
        std::fs::write(&file, &drawn).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(stored == drawn, "draw it again: UPDATE_PICTURE=1 cargo test --test it picture");
}

#[test]
fn commands_are_found() {
    let page = "$ no\n```console\n$ a \\\n  b\nmade\n$ c\n```\n```sh\n$ no\n```\n";
    let shown = |command: &str, output: &[&str]| Shown {
        command: command.to_owned(),
        output: output.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(commands(page), [shown("a \\\n  b", &["made"]), shown("c", &[])]);
}
