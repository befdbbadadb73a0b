#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::Vfs;

/// What is said where `|` stands in a text, drawn as an editor would: the line, what is marked, and
/// the first line of what is said.
fn at_cursor(name: &str, marked: &str) -> Option<String> {
    let offset = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let mut vfs = Vfs::default();
    let path = Path::new("/p").join(name);
    vfs.open(&path, 1, text.clone());
    let hover = hover(&vfs.snapshot(), &path, offset)?;
    let first = hover.text.lines().next().unwrap_or_default();
    Some(format!("{}: {first}", &text[hover.span]))
}

#[test]
fn keys_handlers_and_settings() {
    let said = |text| at_cursor("theater.toml", text);
    assert_eq!(said("[act|or]\n").unwrap(), "actor: ### actor");
    assert_eq!(said("[actor]\nname| = 1\n").unwrap(), "name: ### name");
    assert_eq!(said("[handlers]\n|state = true\n").unwrap(), "state: ### state");
    assert_eq!(said("[handlers]\nstate = tr|ue\n").unwrap(), "true: ### state");
    assert_eq!(said("[handlers.st|ate]\n").unwrap(), "state: ### state");
    assert_eq!(said("[handlers.state]\nmax-s|ize = 1").unwrap(), "max-size: ### max-size");
    assert_eq!(said("handlers.state.max-s|ize = 1").unwrap(), "max-size: ### max-size");
    assert_eq!(said("[handlers]\nlog = { max-|lines").unwrap(), "max-lines: ### max-lines");
    let folders = "[handlers]\nfilesystem = { folders = [{ host = \"a\", acc|ess = \"read\" }] }\n";
    assert_eq!(said(folders).unwrap(), "access: ### access");
    assert_eq!(said("[[children]]\nre|start = 1").unwrap(), "restart: ### restart");
    assert_eq!(said("[build]\ncom|mand = []").unwrap(), "command: ### command");
}

#[test]
fn what_the_schema_does_not_know_is_passed_over() {
    let said = |text| at_cursor("theater.toml", text);
    for text in ["|", "[actor]|\nn = 1", "[x|y]", "[actor]\nxy| = 1", "na|me = 1", "# na|me"] {
        assert!(said(text).is_none_or(|said| said == "actor: ### actor"), "{text}");
    }
    assert_eq!(at_cursor("Cargo.toml", "[act|or]"), None);
}

#[test]
fn interfaces_that_theater_answers() {
    let said = |text| at_cursor("wit/a.wit", text);
    let log = "theater:host/log@0.1.0: ### theater:host/log@0.1.0";
    assert_eq!(said("import theater:ho|st/log@0.1.0;").unwrap(), log);
    assert_eq!(said("import |theater:host/log@0.1.0;").unwrap(), log);
    assert_eq!(
        said("use wasi:clocks/wall-clock@0.2.|0.{datetime};").unwrap(),
        "wasi:clocks/wall-clock@0.2.0: ### wasi:clocks/wall-clock@0.2.0"
    );
    assert_eq!(
        said("export theater:actor/|lifecycle@0.1.0;").unwrap(),
        "theater:actor/lifecycle@0.1.0: ### theater:actor/lifecycle@0.1.0"
    );
    for text in ["|", "ü|ü", "import a:b/|c@0.1.0;", "worl|d x {}", "@|", "import log|;"] {
        assert_eq!(said(text), None, "{text}");
    }
}

#[test]
fn names_of_wit() {
    let whole = |text: &str| {
        let offset = text.find('|').unwrap();
        let mut vfs = Vfs::default();
        let path = Path::new("/p/wit/a.wit");
        vfs.open(path, 1, text.replacen('|', "", 1));
        hover(&vfs.snapshot(), path, offset).unwrap().text
    };
    let text = "package a:b@0.1.0;\ninterface i {\n    /// What it is.\n    record r {\n        f: u8,\n\n    }\n    \
                use wasi:io/poll@0.2.0.{pollable as p};\n    g: func(x: ";
    let said = [
        whole(&format!("{text}|r);\n}}")),
        whole(&format!("{text}|p);\n}}")),
        whole(&format!("{text}r, |y: p);\n}}")),
        whole("package |a:b;\ninterface i { }"),
        whole("package a:b;\n/// All.\ninterface i { }\nworld w { import |i; }"),
    ];
    insta::assert_snapshot!(said.join("\n====\n"));
}

#[test]
fn every_key_and_handler_has_a_page() {
    let text = hover_text("[handlers]\nstate = true", 12);
    assert!(text.contains("max-size") && text.contains("64MiB"), "{text}");
    let text = hover_text("[limits]\nmemory = 1", 10);
    assert!(text.contains("Default: `\"64MiB\"`"), "{text}");
}

fn hover_text(text: &str, offset: usize) -> String {
    manifest(text, offset).unwrap().text
}
