#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::{Level, OnDisk, Vfs, problems, units};
use std::collections::BTreeMap;
use std::path::PathBuf;

type Project = BTreeMap<PathBuf, String>;

fn project() -> Project {
    let texts = [
        (
            "/p/theater.toml",
            "[actor]\nname = \"a\"\nworld = \"local:a/w\"\n[handlers]\nlog = true\n",
        ),
        (
            "/p/wit/a.wit",
            "package local:a;\ninterface i {\n    record r { f: u8, %type: u8 }\n    s: func(of: r) -> t;\n    \
             use dep:d/e.{t};\n}\nworld w {\n    import theater:host/log@0.1.0;\n    export i;\n    \
             export run: func();\n    use i.{r};\n    type x = r;\n    include v with { go as gone }\n}\n",
        ),
        (
            "/p/wit/b.wit",
            "use i as k;\ninterface j { use k.{r as u}; use k.{r}; f: func(a: u, b: r); }\n\
             world v { export go: func(); }\n",
        ),
        ("/p/wit/deps/d.wit", "package dep:d;\ninterface e { type t = u8; }\n"),
    ];
    texts.map(|(path, text)| (path.into(), text.to_owned())).into()
}

fn snapshot(project: &Project) -> Snapshot {
    let mut vfs = Vfs::default();
    for (path, text) in project {
        vfs.found(path, Some(OnDisk::File(text.as_str().into())));
    }
    vfs.snapshot()
}

/// What is wrong with a project, but for its component, which no test builds.
fn errors(project: &Project) -> Vec<String> {
    let files = snapshot(project);
    let all = units(&files).into_iter().flat_map(|unit| problems(&files, &unit));
    let found = all.flat_map(|(_, list)| list);
    let found =
        found.filter(|problem| problem.level == Level::Error && problem.code.id != "TH0308");
    found.map(|problem| problem.message).collect()
}

fn offset(project: &Project, path: &str, marked: &str) -> usize {
    let text = &project[Path::new(path)];
    text.find(&marked.replacen('|', "", 1)).unwrap() + marked.find('|').unwrap()
}

/// The project with another name for what is marked, or why it cannot have that.
fn renamed(path: &str, marked: &str, new: &str) -> Result<Project, String> {
    let mut project = project();
    let at = offset(&project, path, marked);
    let files = snapshot(&project);
    let mut edits = rename(&files, Path::new(path), at, new)?;
    let span = prepare_rename(&files, Path::new(path), at).unwrap();
    assert!(span.start <= at && at <= span.end);
    edits.sort_by_key(|(_, span, _)| std::cmp::Reverse(span.start));
    for (path, span, text) in edits {
        project.get_mut(&path).unwrap().replace_range(span, &text);
    }
    Ok(project)
}

#[test]
fn whatever_gets_another_name_means_the_same() {
    assert_eq!(errors(&project()), [""; 0]);
    for (path, marked, left) in [
        ("/p/wit/a.wit", "interface |i", "interface i"),
        ("/p/wit/a.wit", "record |r", "record r"),
        ("/p/wit/a.wit", "{ |f:", "{ f:"),
        ("/p/wit/a.wit", "%ty|pe", "%type"),
        ("/p/wit/a.wit", "o|f: r", "of: r"),
        ("/p/wit/a.wit", "|s: func", "s: func"),
        ("/p/wit/a.wit", "world |w", "world w"),
        ("/p/wit/a.wit", "export r|un", "export run"),
        ("/p/wit/a.wit", "export |i", "export i;"),
        ("/p/wit/a.wit", "{ g|o as", "{ go as"),
        ("/p/wit/a.wit", "as go|ne", "as gone"),
        ("/p/wit/a.wit", "= |r;", "= r;"),
        ("/p/wit/b.wit", "as |k", "as k"),
        ("/p/wit/b.wit", "as |u", "as u"),
        ("/p/wit/b.wit", "a: |u", "a: u"),
        ("/p/wit/b.wit", "world |v", "world v"),
        ("/p/theater.toml", "local:a/|w", "/w\""),
    ] {
        for new in ["other-name", "list"] {
            let project =
                renamed(path, marked, new).unwrap_or_else(|why| panic!("{marked}: {why}"));
            assert_eq!(errors(&project), [""; 0], "{marked}: {project:#?}");
            assert!(!project[Path::new(path)].contains(left), "{marked}: {project:#?}");
        }
    }
    let project = renamed("/p/wit/b.wit", "world |v", "w2").unwrap();
    assert!(project[Path::new("/p/wit/a.wit")].contains("include w2 with { go as gone }"));
    let project = renamed("/p/wit/a.wit", "world |w", "include").unwrap();
    assert!(project[Path::new("/p/theater.toml")].contains("world = \"local:a/include\""));
    assert!(project[Path::new("/p/wit/a.wit")].contains("world %include {"));
}

#[test]
fn what_cannot_have_a_name_says_why() {
    let why = |path, marked, new| renamed(path, marked, new).unwrap_err();
    let a = "/p/wit/a.wit";
    assert!(why(a, "interface |i", "1st").starts_with("`1st` is not a name in WIT."));
    assert_eq!(why(a, "interface |i", "w"), "There is a `w` in the package `local:a` already.");
    assert_eq!(why(a, "record |r", "s"), "There is a `s` in `i` already.");
    assert_eq!(why(a, "record |r", "t"), "There is a `t` in `i` already.");
    // Where it is brought in.
    assert_eq!(why(a, "record |r", "x"), "There is a `x` in `w` already.");
    assert_eq!(why(a, "record |r", "u"), "There is a `u` in `j` already.");
    assert_eq!(why(a, "export r|un", "gone"), "There is a `gone` in `w` already.");
    assert_eq!(why(a, "-> |t;", "y"), "`t` belongs to the package `dep:d`, which is not this one.");
    assert!(why(a, "host/|log", "y").contains("`theater:host@0.1.0`"));
    assert_eq!(
        why(a, "package local:|a", "y"),
        "Only what WIT declares here can have another name."
    );
    assert!(why("/p/theater.toml", "l|og = ", "y").contains("`theater:host@0.1.0`"));
    for marked in ["interf|ace i", "u|8, ", "import |theater"] {
        let why = why(a, marked, "y");
        assert!(why.is_empty() || why.starts_with("Only"), "{marked}: {why}");
    }
}

/// An application in which `orders` has a copy of what `inventory` offers.
fn application() -> Project {
    let stock = "package shop:inventory;\ninterface stock {\n    count: func() -> u32;\n}\n";
    let texts = [
        (
            "/s/theater.toml",
            "[actor]\nname = \"shop\"\n[supervisor]\n[[children]]\nname = \"inventory\"\n\
             manifest = \"inventory\"\n[[children]]\nname = \"orders\"\nmanifest = \"orders\"\n",
        ),
        ("/s/inventory/theater.toml", "[actor]\nname = \"inventory\"\nworld = \"w\"\n"),
        ("/s/inventory/wit/stock.wit", stock),
        ("/s/inventory/wit/world.wit", "world w { export stock; }\n"),
        (
            "/s/orders/theater.toml",
            "[actor]\nname = \"orders\"\nworld = \"w\"\n[links]\n\
             \"shop:inventory/stock\" = \"inventory\"\n",
        ),
        ("/s/orders/wit/deps/inventory/stock.wit", stock),
        (
            "/s/orders/wit/world.wit",
            "package shop:orders;\nworld w { import shop:inventory/stock; export run: func(); }\n",
        ),
    ];
    texts.map(|(path, text)| (path.into(), text.to_owned())).into()
}

/// The application with the name `new` for what is marked.
fn renamed_in(project: &Project, path: &str, marked: &str, new: &str) -> Result<Project, String> {
    let at = offset(project, path, marked);
    let mut edits = rename(&snapshot(project), Path::new(path), at, new)?;
    prepare_rename(&snapshot(project), Path::new(path), at).unwrap();
    let mut project = project.clone();
    edits.sort_by_key(|(_, span, _)| std::cmp::Reverse(span.start));
    for (path, span, text) in edits {
        project.get_mut(&path).unwrap().replace_range(span, &text);
    }
    Ok(project)
}

#[test]
fn copies_of_a_package_get_its_names() {
    let before = application();
    assert_eq!(errors(&before), [""; 0]);
    let (own, copy) = ("/s/inventory/wit/stock.wit", "/s/orders/wit/deps/inventory/stock.wit");
    for (path, marked) in [
        (own, "interface |stock"),
        (copy, "interface |stock"),
        ("/s/inventory/wit/world.wit", "export |stock"),
        ("/s/orders/wit/world.wit", "shop:inventory/|stock"),
        ("/s/orders/theater.toml", "shop:inventory/|stock"),
    ] {
        let after = renamed_in(&before, path, marked, "goods").unwrap();
        assert_eq!(errors(&after), [""; 0], "{marked}: {after:#?}");
        assert!(after.values().all(|text| !text.contains("stock")), "{marked}: {after:#?}");
    }
    let after = renamed_in(&before, own, "|count", "units").unwrap();
    assert_eq!(errors(&after), [""; 0]);
    assert!(after[Path::new(copy)].contains("units: func()"));
    // A copy may be older: what is not in it stays.
    let mut older = before.clone();
    *older.get_mut(Path::new(copy)).unwrap() = "package shop:inventory;\ninterface old {}\n".into();
    let after = renamed_in(&older, own, "interface |stock", "goods").unwrap();
    assert_eq!(after[Path::new(copy)], older[Path::new(copy)]);
}

#[test]
fn a_name_that_is_taken_in_a_copy_is_refused() {
    let mut project = application();
    let copy = "/s/orders/wit/deps/inventory/stock.wit";
    project.get_mut(Path::new(copy)).unwrap().push_str("interface goods {}\n");
    let own = "/s/inventory/wit/stock.wit";
    let why = renamed_in(&project, own, "interface |stock", "goods").unwrap_err();
    assert_eq!(
        why,
        "There is a `goods` in the package `shop:inventory` already, in its copy below `/s/orders/wit`."
    );
}

#[test]
fn packages_that_only_have_one_name_are_no_copies() {
    let mut project = application();
    let other = "package shop:inventory;\ninterface stock { count: func() -> u32; }\nworld v {}\n";
    project.insert("/other/wit/a.wit".into(), other.to_owned());
    let own = "/s/inventory/wit/stock.wit";
    let after = renamed_in(&project, own, "interface |stock", "goods").unwrap();
    let changed = |path: &str| after[Path::new(path)] != project[Path::new(path)];
    assert!(changed(own) && !changed("/other/wit/a.wit"));
    assert!(!changed("/s/orders/wit/deps/inventory/stock.wit"));
    let copy = "/s/orders/wit/deps/inventory/stock.wit";
    let why = renamed_in(&project, copy, "interface |stock", "goods").unwrap_err();
    assert!(why.contains("which is not this one"), "{why}");
}
