//! The wrong examples of `theater explain`: each is put into a project, and yields the code of its page.

use crate::application::shop;
use crate::environment::TestEnvironment;
use std::collections::BTreeSet;

/// Into what a page's wrong example is put.
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
    /// A component in the text format; what is no component is within its module.
    Text,
    /// The shell, in a project that is built.
    Shell,
}

use Into::{Both, Manifest, Orders, Package, Shell, Shop, Table, Text, With, World};

const EXAMPLES: &[(&str, Into)] = &[
    ("TH0001", Shell),
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
    ("TH0204", Manifest),
    ("TH0205", Both),
    ("TH0206", Package("")),
    ("TH0208", Manifest),
    ("TH0209", World),
    ("TH0210", World),
    ("TH0211", Both),
    ("TH0212", Package("[handlers]\ntimer = true\n")),
    ("TH0213", Package("")),
    ("TH0214", Package("")),
    ("TH0215", World),
    ("TH0216", Package("")),
    ("TH0217", Package("")),
    ("TH0241", Shop),
    ("TH0242", With("", "export init: func(start: u32) -> result<_, string>;")),
    ("TH0250", Manifest),
    ("TH0251", With("[links]\n\"local:a/stock\" = \"b\"\n", "import stock;")),
    ("TH0252", Orders),
    ("TH0253", Orders),
    ("TH0257", Orders),
    ("TH0258", Orders),
    ("TH0301", Shell),
    ("TH0308", Shell),
    ("TH0309", Text),
    ("TH0311", Text),
    ("TH0312", Shell),
];

/// Codes whose wrong example is told in words, or takes more than one file, or a component that somebody
/// else makes. The tests beside the code that finds them, or of the command that shows them, yield them.
const BY_HAND: &[&str] = &[
    "TH0002", "TH0203", "TH0207", "TH0240", "TH0254", "TH0255", "TH0256", "TH0302", "TH0303",
    "TH0304", "TH0305", "TH0306", "TH0307", "TH0310",
];

/// The indented lines between `Wrong:` and `Right:`.
fn wrong(page: &str) -> String {
    let (_, rest) = page.split_once("\nWrong:").unwrap();
    let (wrong, _) = rest.split_once("\nRight:").unwrap();
    let lines = wrong
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

fn shows(env: &TestEnvironment, code: &str) {
    let ran = env.theater(&["check", "--json"]);
    let codes: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["code"].to_string())
        .collect();
    assert!(codes.contains(&format!("\"{code}\"")), "{code}: {ran}");
}

#[test]
fn every_wrong_example_yields_its_code() {
    let orders = shop(TestEnvironment::new(), "wat");
    let built = TestEnvironment::with_counter();
    for (code, place) in EXAMPLES {
        let page = built.theater(&["explain", code]).ok().stdout;
        let example = wrong(&page);
        let env = TestEnvironment::new();
        let (mut toml, mut wit) = (manifest(""), "world actor {}\n".to_owned());
        match place {
            Manifest => toml = manifest(&example),
            Table("actor") => toml = format!("[actor]\n{example}"),
            Table(name) => toml = manifest(&format!("[{name}]\n{example}")),
            World => wit = format!("world actor {{\n{example}}}\n"),
            Package(more) => {
                toml = manifest(more);
                let has_world = example.contains("world actor");
                wit = if has_world { example } else { format!("{wit}{example}") };
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
                in_place(&orders, "orders/theater.toml", &example);
                shows(&orders, code);
                continue;
            }
            Shop => {
                let env = shop(TestEnvironment::new(), "wat");
                in_place(&env, "theater.toml", &example);
                shows(&env, code);
                continue;
            }
            Text => {
                let text = match example.trim_start().starts_with("(component") {
                    true => example,
                    false => format!("(component (core module {example}))"),
                };
                env.write("x.wat", text);
                let ran = env.theater(&["inspect", "x.wat"]);
                assert!(ran.stderr.contains(code), "{code}: {ran}");
                continue;
            }
            Shell => {
                let line = example.trim().trim_start_matches("$ ");
                let ran = built.shell(line);
                assert!(ran.stderr.contains(code), "{code}: {ran}");
                continue;
            }
        }
        env.write("theater.toml", toml);
        env.write("wit/world.wit", format!("package local:a;\n{wit}"));
        shows(&env, code);
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
    let tried = EXAMPLES.iter().map(|(code, _)| *code).chain(BY_HAND.iter().copied());
    assert_eq!(codes, tried.collect::<BTreeSet<&str>>());
}
