//! The examples of `theater explain`: each is put into a project. The wrong ones yield the code of their page, the right ones
//! do not.

use crate::application::shop;
use crate::environment::{Ran, TestEnvironment};
use std::collections::BTreeSet;

/// Into what a page's examples are put.
enum Into {
    /// The manifest, under its `[actor]` if it has none.
    Manifest,
    /// The manifest, as keys of this table.
    Table(&'static str),
    /// The actor's world.
    World,
    /// The project's WIT package, beside this manifest.
    Package(&'static str),
    /// What begins with a table is the manifest's, what stands before it the package's.
    Both,
    /// The manifest if it begins with a table, else the package; beside more of the manifest, and in the world this.
    With(&'static str, &'static str),
    /// The manifest of the shop's orders, in place of its table of that name.
    Orders,
    /// The shop's own manifest, in place of its tables of that name.
    Shop,
    /// Files, each behind a comment with its name. Where a folder lacks WIT it gets some, unless its actor has a name.
    Files,
    /// As `Files`, in the shop: tables take the place of those of their names, lines of WIT that of those that begin so.
    OfShop,
    /// A component in the text format; what is no component is within its module.
    Text,
    /// A component in the text format, which is loaded.
    Loaded,
    /// The shell, in a project that is built.
    Shell,
}

use Into::{
    Both, Files, Loaded, Manifest, OfShop, Orders, Package, Shell, Shop, Table, Text, With, World,
};

const EXAMPLES: &[(&str, Into)] = &[
    ("TH0001", Shell),
    ("TH0002", Shell),
    ("TH0101", Shell),
    ("TH0102", Manifest),
    ("TH0103", Manifest),
    ("TH0104", Manifest),
    ("TH0105", Manifest),
    ("TH0106", Manifest),
    ("TH0107", Manifest),
    ("TH0108", Table("actor")),
    ("TH0109", Table("limits")),
    ("TH0110", Manifest),
    ("TH0111", Manifest),
    ("TH0112", Manifest),
    ("TH0113", Table("actor")),
    ("TH0114", Manifest),
    ("TH0115", Manifest),
    ("TH0130", Manifest),
    ("TH0140", Manifest),
    ("TH0141", Manifest),
    ("TH0150", Manifest),
    ("TH0151", Manifest),
    ("TH0201", Package("")),
    ("TH0202", World),
    ("TH0203", Files),
    ("TH0204", Manifest),
    ("TH0205", Both),
    ("TH0206", Package("")),
    ("TH0207", Files),
    ("TH0208", Both),
    ("TH0209", World),
    ("TH0210", World),
    ("TH0211", Both),
    ("TH0212", Package("[handlers]\ntimer = true\n")),
    ("TH0213", Package("")),
    ("TH0214", Package("")),
    ("TH0215", World),
    ("TH0216", Package("")),
    ("TH0217", Package("")),
    ("TH0240", Files),
    ("TH0241", Shop),
    ("TH0242", With("", "export init: func(start: u32) -> result<_, string>;")),
    ("TH0250", Orders),
    ("TH0251", With("[links]\n\"local:a/stock\" = \"b\"\n", "import stock;")),
    ("TH0252", Orders),
    ("TH0253", Orders),
    ("TH0254", OfShop),
    ("TH0255", OfShop),
    ("TH0256", OfShop),
    ("TH0257", Orders),
    ("TH0258", Orders),
    ("TH0301", Shell),
    ("TH0302", Shell),
    ("TH0303", Shell),
    ("TH0304", Text),
    ("TH0305", Text),
    ("TH0306", Text),
    ("TH0307", Shell),
    ("TH0308", Shell),
    ("TH0309", Text),
    ("TH0310", Loaded),
    ("TH0311", Text),
    ("TH0312", Shell),
];

/// The indented lines of the page's wrong or right example.
fn example(page: &str, is_right: bool) -> String {
    let (_, rest) = page.split_once("\nWrong:").unwrap();
    let (wrong, right) = rest.split_once("\nRight:").unwrap();
    let lines = if is_right { right } else { wrong }
        .lines()
        .filter_map(|line| line.strip_prefix("    ").or(line.is_empty().then_some("")));
    lines.map(|line| format!("{line}\n")).collect()
}

/// A manifest with this in it: an actor's name goes where none is.
fn manifest(example: &str) -> String {
    match example.contains("[actor]") {
        true => example.to_owned(),
        false => format!("[actor]\nname = \"a\"\nworld = \"actor\"\n{example}"),
    }
}

/// The codes of a check.
fn checked(env: &TestEnvironment) -> BTreeSet<String> {
    let ran = env.theater(&["check", "--json"]);
    let code = |line: &str| {
        let problem: serde_json::Value = serde_json::from_str(line).unwrap();
        problem["code"].as_str().unwrap().to_owned()
    };
    ran.stdout.lines().map(code).collect()
}

/// The codes in what a command says.
fn told(ran: &Ran) -> BTreeSet<String> {
    let words = ran.stderr.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.starts_with("TH0")).map(str::to_owned).collect()
}

/// What several examples are put into.
struct Places {
    shop: TestEnvironment,
}

impl Places {
    /// The codes that an example yields.
    fn codes(&self, place: &Into, example: &str) -> BTreeSet<String> {
        let env = TestEnvironment::new();
        let (mut toml, mut wit) = (manifest(""), "world actor {}\n".to_owned());
        match place {
            Manifest => toml = manifest(example),
            Table("actor") => toml = format!("[actor]\n{example}"),
            Table(name) => toml = manifest(&format!("[{name}]\n{example}")),
            World => wit = format!("world actor {{\n{example}}}\n"),
            Package(more) => {
                toml = manifest(more);
                let has_world = example.contains("world actor");
                wit = if has_world { example.to_owned() } else { format!("{wit}{example}") };
            }
            Both => {
                let (package, tables) = example.split_at(example.find("\n[").unwrap() + 1);
                (toml, wit) = (manifest(tables), package.to_owned());
            }
            With(more, items) => {
                let world = format!("world actor {{ {items} }}\n");
                (toml, wit) = match example.trim_start().starts_with('[') {
                    true => (format!("{example}{more}"), world),
                    false => (manifest(more), format!("{world}{example}")),
                };
            }
            Orders => {
                let before = self.shop.read("orders/theater.toml");
                in_place(&self.shop, "orders/theater.toml", example);
                let codes = checked(&self.shop);
                self.shop.write("orders/theater.toml", before);
                return codes;
            }
            Shop => {
                let env = shop(TestEnvironment::new(), "wat");
                in_place(&env, "theater.toml", example);
                return checked(&env);
            }
            Files => {
                write_files(&env, &files(example));
                return checked(&env);
            }
            OfShop => {
                let env = shop(TestEnvironment::new(), "wat");
                for (name, text) in files(example) {
                    match name.ends_with(".toml") {
                        true => in_place(&env, &name, &text),
                        false => text.lines().for_each(|line| line_in_place(&env, &name, line)),
                    }
                }
                return checked(&env);
            }
            Text | Loaded => {
                let text = match example.trim_start().starts_with("(component") {
                    true => example.to_owned(),
                    false => format!("(component (core module {example}))"),
                };
                env.write("x.wat", text);
                return told(&match place {
                    Text => env.theater(&["inspect", "x.wat"]),
                    _ => env.theater(&["repl", "x.wat", "-e", "ps"]),
                });
            }
            Shell => {
                let line = example.trim().trim_start_matches("$ ");
                return told(&TestEnvironment::with_counter().shell(line));
            }
        }
        env.write("theater.toml", toml);
        env.write("wit/world.wit", format!("package local:a;\n{wit}"));
        checked(&env)
    }
}

#[test]
fn every_wrong_example_yields_its_code_and_every_right_one_does_not() {
    let places = Places { shop: shop(TestEnvironment::new(), "wat") };
    let mut faults = Vec::new();
    for (code, place) in EXAMPLES {
        let page = places.shop.theater(&["explain", code]).ok().stdout;
        let (wrong, right) = (example(&page, false), example(&page, true));
        assert!(!wrong.trim().is_empty() && !right.trim().is_empty(), "{code}: {page}");
        let found = places.codes(place, &wrong);
        if !found.contains(*code) {
            faults.push(format!("{code}: {found:?}"));
        }
        let found = places.codes(place, &right);
        if found.contains(*code) {
            faults.push(format!("{code}, right: {found:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The files of an example: each name, and what stands in it.
fn files(example: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in example.lines() {
        let name = line.strip_prefix("# ").or(line.strip_prefix("// "));
        match name.filter(|name| name.ends_with(".toml") || name.ends_with(".wit")) {
            Some(name) => files.push((name.to_owned(), String::new())),
            None if files.is_empty() => assert!(line.is_empty(), "{line}"),
            None => files.last_mut().unwrap().1 += &format!("{line}\n"),
        }
    }
    files
}

fn write_files(env: &TestEnvironment, files: &[(String, String)]) {
    for (name, text) in files {
        let is_manifest = name.ends_with(".toml");
        if is_manifest && !text.contains("[actor]") {
            let actor = if text.contains("[supervisor]") { "" } else { "world = \"actor\"\n" };
            env.write(name, format!("[actor]\nname = \"a\"\n{actor}{text}"));
            let folder = name.trim_end_matches("theater.toml");
            env.write(&format!("{folder}wit/world.wit"), "package local:a;\nworld actor {}\n");
        }
    }
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".wit")) {
        let package = if text.contains("package ") { "" } else { "package local:a;\n" };
        env.write(name, format!("{package}{text}"));
    }
    for (name, text) in files.iter().filter(|(_, text)| text.contains("[actor]")) {
        env.write(name, text);
    }
}

/// Puts a line of WIT in place of the one that begins so.
fn line_in_place(env: &TestEnvironment, name: &str, line: &str) {
    let beginning = |line: &str| line.trim().split(['@', '(', ';']).next().unwrap().to_owned();
    let with = |old: &str| match beginning(old) == beginning(line) {
        true => format!("{line}\n"),
        false => format!("{old}\n"),
    };
    if !line.trim().is_empty() {
        let text: String = env.read(name).lines().map(with).collect();
        assert!(text.contains(line), "{name}: {line}");
        env.write(name, text);
    }
}

/// Puts a table of a manifest in place of those of the same name.
fn in_place(env: &TestEnvironment, manifest: &str, table: &str) {
    let text = env.read(manifest);
    let table = table.trim_start();
    let header = table.lines().next().unwrap();
    let mut kept = String::new();
    let mut within = false;
    for line in text.lines() {
        within = if line.starts_with('[') { line.starts_with(header) } else { within };
        if !within {
            kept += &format!("{line}\n");
        }
    }
    env.write(manifest, format!("{kept}{table}"));
}

#[test]
fn no_code_of_a_check_is_without_an_example_that_is_tried() {
    let env = TestEnvironment::new();
    let list = env.theater(&["explain", "codes"]).ok().stdout;
    let codes = list.lines().filter_map(|line| line.trim().split_once("  ").map(|(code, _)| code));
    let of_a_check = |code: &&str| ["TH00", "TH01", "TH02", "TH03"].contains(&&code[..4]);
    let codes: BTreeSet<&str> = codes.filter(of_a_check).collect();
    let tried: BTreeSet<&str> = EXAMPLES.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, tried);
}
