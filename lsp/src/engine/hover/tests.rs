#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{OnDisk, Vfs};

/// What is said where `|` stands in a text: what is marked, and the title of what is said.
fn at_cursor(name: &str, marked: &str) -> Option<String> {
    let offset = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let mut vfs = Vfs::default();
    let path = Path::new("/p").join(name);
    vfs.open(&path, 1, text.clone());
    let hover = hover(&vfs.snapshot(), &path, offset)?;
    let title = hover.text.lines().find(|line| line.starts_with('#')).unwrap_or_default();
    Some(format!("{}: {title}", &text[hover.span]))
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
    let mut vfs = Vfs::default();
    let path = Path::new("/p/theater.toml");
    vfs.open(path, 1, text.to_owned());
    hover(&vfs.snapshot(), path, offset).unwrap().text
}

/// What is said where `|` stands in the manifest of a project with a component and a world.
fn in_project(marked: &str) -> String {
    let component = r#"(component
        (import "theater:host/log@0.1.0" (instance))
        (import "shop:stock/shelf@0.1.0" (instance))
        (core module $m (func (export "f")))
        (core instance $i (instantiate $m))
        (func (export "run") (canon lift (core func $i "f"))))"#;
    let wit =
        "package local:a;\n/// Who counts.\nworld counter { import shop:stock/shelf@0.1.0; }\n";
    let shelf = "package shop:stock@0.1.0;\n/// What is there.\ninterface shelf {}\n";
    let mut vfs = Vfs::default();
    let text = |text: &str| Some(OnDisk::File(text.as_bytes().to_vec()));
    vfs.found(Path::new("/p/a.wat"), text(component));
    vfs.found(Path::new("/p/wit/a.wit"), text(wit));
    vfs.found(Path::new("/p/wit/deps/shelf.wit"), text(shelf));
    vfs.found(Path::new("/p/b/theater.toml"), text("[actor]\nname = \"b\"\n"));
    let path = Path::new("/p/theater.toml");
    vfs.open(path, 1, marked.replacen('|', "", 1));
    let said = hover(&vfs.snapshot(), path, marked.find('|').unwrap()).unwrap();
    // The last part is the page of the key.
    let parts: Vec<&str> = said.text.split("\n---\n\n").collect();
    let about = format!("{}\n", &marked.replacen('|', "", 1)[said.span]);
    format!("{about}{}", parts[..parts.len() - 1].join("\n---\n\n"))
}

#[test]
fn what_holds_and_what_names_and_paths_lead_to() {
    let actor = "[actor]\nname = \"a\"\ncomponent = \"a.wat\"\n";
    let children = "[supervisor]\n[[children]]\nname = \"b\"\nmanifest = \"b\"\n";
    let link = "[links]\n\"shop:stock/shelf\" = \"b\"\n";
    let said = [
        in_project(&actor.replace("a.wat", "a|.wat")),
        in_project(&format!("{actor}world = \"coun|ter\"\n")),
        in_project(&format!("{actor}[handlers]\nst|ate = true\nlog = true\n")),
        in_project(&format!("{actor}[hand|lers]\nstate = true\nlog = true\n")),
        in_project(&format!("{actor}[limits]\nmem|ory = \"1024KiB\"\n")),
        in_project(&format!("{actor}{children}{}", link.replace("shelf\"", "sh|elf\""))),
        in_project(&format!("{actor}{children}{}", link.replace("\"b\"", "\"|b\""))),
        in_project(&format!("{actor}{}", children.replace("\"b\"\nm", "\"b|\"\nm"))),
    ];
    insta::assert_snapshot!(said.join("\n====\n"));
}
