//! How fast the language server is, over standard input and output as an editor meets it. Prints a table.
//!
//! `cargo bench --bench lsp`
//!
//! `THEATER_BENCH_RIVAL` is another language server for TOML: it gets the same manifest and the same edits in the same run. It
//! is started with the argument `lsp`, or with those of `THEATER_BENCH_RIVAL_ARGUMENTS`. With tombi:
//!
//! ```text
//! pip install --target rival tombi
//! THEATER_BENCH_RIVAL=rival/bin/tombi cargo bench --bench lsp
//! ```
//!
//! Each edit is measured from when it is sent to when the problems of that version come, and these must be errors exactly when
//! the text has some. A server that wants whole texts is sent whole texts, made before the watch starts. The other server is
//! measured twice, the second time with the JSON Schema of manifests (as tombi reads it), so that both check the same keys.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod client;

use client::{Client, Taken, percentile};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How often each thing is done: on 1,000 lines, on 10,000, and on a whole workspace.
const SMALL: usize = 400;
const LARGE: usize = 100;
const WHOLE: usize = 40;

/// How often a server is started.
const STARTS: usize = 20;

/// The projects of the large workspace, of four files each.
const PROJECTS: usize = 250;

/// The actors that use one interface.
const USERS: usize = 100;

fn main() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let cache = folder.join("cache");
    let ours = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_theater"));
        command.args(["lsp", "--stdio"]).env("THEATER_CACHE_DIR", &cache);
        command
    };
    println!("{:<52} {:>9} {:>9} {:>9}", "milliseconds", "p50", "p99", "most");
    println!("\ntheater");
    one_manifest(&ours, &folder.join("ours"));
    one_world(&ours, &folder.join("world"));
    many_projects(&ours, &folder.join("many"));
    one_interface(&ours, &folder.join("application"));
    if let Some(rival) = std::env::var_os("THEATER_BENCH_RIVAL") {
        let arguments = std::env::var("THEATER_BENCH_RIVAL_ARGUMENTS");
        let arguments = arguments.unwrap_or_else(|_| "lsp".to_owned());
        println!("\n{}", Path::new(&rival).file_name().unwrap().to_string_lossy());
        let rival = || {
            let mut command = Command::new(&rival);
            command.args(arguments.split_whitespace());
            command
        };
        one_manifest(&rival, &folder.join("rival"));
        println!("\nthe same, with the schema of manifests");
        let folder = folder.join("rival-with-schema");
        give_schema(&folder);
        one_manifest(&rival, &folder);
    }
}

/// Tells tombi what can stand in a manifest.
fn give_schema(folder: &Path) {
    let mut explain = Command::new(env!("CARGO_BIN_EXE_theater"));
    let schema = explain.args(["explain", "--schema"]).output().unwrap().stdout;
    write(folder, "theater.schema.json", std::str::from_utf8(&schema).unwrap());
    let settings = "[[schemas]]\npath = \"theater.schema.json\"\ninclude = [\"theater.toml\"]\n";
    write(folder, "tombi.toml", settings);
}

/// What any server for TOML can do.
fn one_manifest(server: &dyn Fn() -> Command, folder: &Path) {
    write(folder, "wit/world.wit", "package a:b;\n\nworld big {}\n");
    let starts = (0..STARTS).map(|_| {
        let start = Instant::now();
        let client = Client::start(server(), folder);
        let took = start.elapsed();
        client.leave();
        took
    });
    row("from the start to the answer to initialize", starts.collect());
    for (lines, times) in [(1_000, SMALL), (10_000, LARGE)] {
        let text = manifest(lines);
        write(folder, "theater.toml", &text);
        let mut client = Client::start(server(), folder);
        client.open("theater.toml", &text);
        client.published("theater.toml", 1);
        let row = |what: &str, took| row(&format!("manifest of {lines} lines, {what}"), took);
        let middle = lines / 2;
        // A quote that ends a text too early.
        row("edit to problems", edits(&mut client, "theater.toml", (middle, 12), "\"", times));
        let place = json!({ "line": middle, "character": 4 });
        row("hover", ask(&mut client, "hover", "theater.toml", &place, times));
        let handler = json!({ "line": 6, "character": 3 });
        row("completion", ask(&mut client, "completion", "theater.toml", &handler, times));
        client.leave();
    }
}

fn one_world(server: &dyn Fn() -> Command, folder: &Path) {
    let manifest = "[actor]\nname = \"big\"\nworld = \"big\"\n\n[handlers]\nlog = true\n";
    write(folder, "theater.toml", manifest);
    for (lines, times) in [(1_000, SMALL), (10_000, LARGE)] {
        let text = world(lines);
        write(folder, "wit/world.wit", &text);
        let mut client = Client::start(server(), folder);
        client.open("wit/world.wit", &text);
        client.published("wit/world.wit", 1);
        let row = |what: &str, took| row(&format!("WIT of {lines} lines, {what}"), took);
        let middle = lines / 18 * 9 + 6;
        assert!(text.lines().nth(middle + 1).unwrap().starts_with("    find: func(one: item"));
        // A comment that is none.
        row("edit to problems", edits(&mut client, "wit/world.wit", (middle, 4), "x", times));
        let name = json!({ "line": middle + 1, "character": 22 });
        let value = client.request("textDocument/hover", client.place("wit/world.wit", &name));
        assert!(value.result.is_object(), "{}", value.result);
        row("hover", ask(&mut client, "hover", "wit/world.wit", &name, times));
        row("definition", ask(&mut client, "definition", "wit/world.wit", &name, times));
        row("completion", ask(&mut client, "completion", "wit/world.wit", &name, times));
        row("symbols", ask(&mut client, "documentSymbol", "wit/world.wit", &name, times));
        row("colours", ask(&mut client, "semanticTokens/full", "wit/world.wit", &name, times));
        client.leave();
    }
}

/// A workspace that nobody has looked at yet, and questions meanwhile.
fn many_projects(server: &dyn Fn() -> Command, folder: &Path) {
    for number in 0..PROJECTS {
        let name = format!("p{number}");
        // What is not built is a problem, so that something is said of each.
        let manifest =
            format!("[actor]\nname = \"{name}\"\nworld = \"w\"\n\n[handlers]\nlog = true\n");
        write(folder, &format!("{name}/theater.toml"), &manifest);
        write(folder, &format!("{name}/wit/types.wit"), &interfaces(3));
        let world =
            "package a:big;\n\nworld w {\n    export i0;\n    import theater:host/log@0.1.0;\n}\n";
        write(folder, &format!("{name}/wit/world.wit"), world);
        let dep = "package other:dep;\n\ninterface d {\n    f: func();\n}\n";
        write(folder, &format!("{name}/wit/deps/dep/d.wit"), dep);
    }
    let (mut index, mut meanwhile, mut cancelled) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 {
        let start = Instant::now();
        let mut client = Client::start(server(), folder);
        client.open("p0/theater.toml", "[actor]\nname = \"p0\"\nworld = \"w\"\n");
        let place = json!({ "line": 1, "character": 2 });
        let mut left = PROJECTS;
        while left > 0 {
            meanwhile.extend(ask(&mut client, "hover", "p0/theater.toml", &place, 1));
            left -= client.newly_published("theater.toml").min(left);
            std::thread::sleep(Duration::from_millis(2));
        }
        index.push(start.elapsed());
        for _ in 0..10 {
            cancelled.push(client.cancelled("workspace/symbol", json!({ "query": "" })));
        }
        client.leave();
    }
    row(&format!("{} files, from the start to all problems", PROJECTS * 4), index);
    row("hover meanwhile", meanwhile);
    row("names in all files, from the cancelling to the answer", cancelled);
}

/// An interface that many actors use by links: a function of it that is missing is a problem in each manifest.
fn one_interface(server: &dyn Fn() -> Command, folder: &Path) {
    let stock = "package shop:inventory;\n\ninterface stock {\n    count: func(sku: string) -> u32;\n}\n\nworld inventory {\n    export stock;\n}\n";
    let mut root = "[actor]\nname = \"shop\"\n\n[supervisor]\nstrategy = \"one-for-one\"\n\n[[children]]\nname = \"inventory\"\nmanifest = \"inventory\"\n".to_owned();
    for number in 0..USERS {
        let name = format!("u{number}");
        let manifest = format!(
            "[actor]\nname = \"{name}\"\nworld = \"user\"\n\n[links]\n\"shop:inventory/stock\" = \"inventory\"\n"
        );
        write(folder, &format!("{name}/theater.toml"), &manifest);
        let world = "package shop:user;\n\nworld user {\n    import shop:inventory/stock;\n}\n";
        write(folder, &format!("{name}/wit/world.wit"), world);
        write(folder, &format!("{name}/wit/deps/inventory/stock.wit"), stock);
        writeln!(root, "\n[[children]]\nname = \"{name}\"\nmanifest = \"{name}\"").unwrap();
    }
    write(folder, "theater.toml", &root);
    write(
        folder,
        "inventory/theater.toml",
        "[actor]\nname = \"inventory\"\nworld = \"inventory\"\n",
    );
    write(folder, "inventory/wit/stock.wit", stock);
    let mut client = Client::start(server(), folder);
    client.open("inventory/wit/stock.wit", stock);
    let mut left = USERS;
    while left > 0 {
        left -= client.newly_published("theater.toml").min(left);
    }
    let (mut first, mut all) = (Vec::new(), Vec::new());
    for version in 2..2 + i32::try_from(WHOLE).unwrap() {
        // The function gets another name, and then its own again.
        let (typed, end) = if version % 2 == 0 { ("x", 9) } else { ("", 10) };
        let start = client.edit("inventory/wit/stock.wit", version, (3, 9), (3, end), typed);
        client.forget_published();
        first.push(client.published("inventory/wit/stock.wit", version).0 - start);
        let mut left = USERS;
        let mut last = start;
        while left > 0 {
            let (count, at) = client.wait_published("/u", "theater.toml");
            (left, last) = (left - count.min(left), at);
        }
        all.push(last - start);
    }
    row(&format!("WIT that {USERS} manifests use, edit to its own problems"), first);
    row("the same, to the problems of all manifests", all);
    client.leave();
}

/// Something wrong is typed and deleted again, so many times: from each to the problems of the text as it then is.
fn edits(
    client: &mut Client,
    name: &str,
    (line, column): (usize, usize),
    wrong: &str,
    times: usize,
) -> Vec<Duration> {
    let one = |number: usize| {
        let is_wrong = number.is_multiple_of(2);
        let version = i32::try_from(number).unwrap() + 2;
        let (typed, end) = if is_wrong { (wrong, column) } else { ("", column + wrong.len()) };
        let start = client.edit(name, version, (line, column), (line, end), typed);
        let (at, errors) = client.published(name, version);
        assert_eq!(errors > 0, is_wrong, "{name} {version}");
        at - start
    };
    (0..times).map(one).collect()
}

fn ask(client: &mut Client, what: &str, name: &str, place: &Value, times: usize) -> Vec<Duration> {
    let method = format!("textDocument/{what}");
    let one = |_| {
        let Taken { took, .. } = client.request(&method, client.place(name, place));
        took
    };
    (0..times).map(one).collect()
}

fn row(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    let (p50, p99) = (percentile(&took, 50), percentile(&took, 99));
    println!("{what:<52} {:>9.2} {:>9.2} {:>9.2}", ms(p50), ms(p99), ms(*took.last().unwrap()));
}

/// A manifest of about so many lines.
fn manifest(lines: usize) -> String {
    let mut text = "[actor]\nname = \"big\"\nworld = \"big\"\n\n[handlers]\nstate = true\nlo\n\n[handlers.environment]\nvariables = [\n".replace("lo\n", "log = true\n");
    for number in 0..lines.saturating_sub(12) {
        writeln!(text, "    \"NAME_{number}=value {number}\", # why it is so").unwrap();
    }
    text + "]\n"
}

/// WIT of about so many lines, in which most types are used.
fn world(lines: usize) -> String {
    interfaces(lines / 9) + "\nworld big {\n    export i0;\n    import theater:host/log@0.1.0;\n}\n"
}

/// A package of interfaces of nine lines each.
fn interfaces(count: usize) -> String {
    let mut text = "package a:big;\n".to_owned();
    for number in 0..count {
        let from = if number == 0 { "" } else { "    use i0.{item};\n" };
        let item = match number {
            0 => {
                "    /// What is counted.\n    record item { sku: string, count: u32 }\n".to_owned()
            }
            _ => format!("    type again{number} = item;\n"),
        };
        writeln!(
            text,
            "\n/// Interface {number}.\ninterface i{number} {{\n{from}{item}    /// Finds it.\n    find: func(one: item, more: list<item>) -> option<item>;\n    count: func() -> result<u32, string>;\n}}"
        )
        .unwrap();
    }
    text
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
