#![allow(clippy::unwrap_used)]

use crate::engine::{Listed, Vfs, completions};
use std::path::Path;

/// What is in some folders of a machine.
fn listed(folder: &Path) -> Vec<Listed> {
    let names: &[&str] = match folder.to_str().unwrap() {
        "/p" => &[".git/", "a \"b\"/", "data/", "read.me", "src/", "theater.toml", "x.wasm"],
        "/p/src" => &["deep/", "main.rs", "x.wat"],
        "/" => &["etc/", "p/"],
        _ => &[],
    };
    let one = |name: &&str| Listed {
        name: name.trim_end_matches('/').to_owned(),
        is_folder: name.ends_with('/'),
    };
    names.iter().map(one).collect()
}

/// What can be typed where `|` stands: what is listed, and what the text becomes with the first one.
fn at_cursor(marked: &str) -> (Vec<String>, String) {
    let offset = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let mut vfs = Vfs::default();
    let path = Path::new("/p/theater.toml");
    vfs.open(path, 1, text.clone());
    vfs.open(Path::new("/p/wit/w.wit"), 1, "package a:b; world one {} world two {}".into());
    let found = completions(&vfs.snapshot(), &listed, path, offset);
    let mut after = text;
    if let Some(first) = found.first() {
        let new = format!("{}{}{}", first.insert, first.value, first.rest);
        after.replace_range(first.span.clone(), &new);
    }
    (found.into_iter().map(|one| one.label).collect(), after)
}

fn labels(marked: &str) -> Vec<String> {
    at_cursor(marked).0
}

#[test]
fn tables() {
    let (labels, after) = at_cursor("|");
    assert_eq!(labels[0], "actor");
    assert_eq!(after, "[actor]");
    assert_eq!(at_cursor("[a|").1, "[actor]");
    assert_eq!(at_cursor("[|]\n").1, "[actor]\n");
    assert_eq!(at_cursor("[lim|its]").1, "[actor]");
    assert_eq!(at_cursor("[[c|").1, "[[children]]");
    assert_eq!(at_cursor("[[|]]").1, "[[children]]");
    assert_eq!(self::labels("[[children]]\n[[|"), ["children"]);
    assert!(!self::labels("[|]").contains(&"children".to_owned()));
    let all = labels.iter().map(String::as_str).collect::<Vec<_>>();
    assert!(all.contains(&"children"), "{all:?}");
    assert!(!self::labels("[actor]\n[|").contains(&"actor".to_owned()));
    assert_eq!(self::labels("[actor]|"), [""; 0]);
}

#[test]
fn keys() {
    let (labels, after) = at_cursor("[actor]\nname = \"x\"\n|\n[limits]\n");
    assert!(labels.contains(&"world".to_owned()) && !labels.contains(&"name".to_owned()));
    assert_eq!(after, "[actor]\nname = \"x\"\nversion = \"0.1.0\"\n[limits]\n");
    assert_eq!(at_cursor("[limits]\nm|").1, "[limits]\nmemory = \"64MiB\"");
    assert_eq!(at_cursor("[limits]\nx|y = 5").1, "[limits]\nmemory = 5");
    assert!(self::labels("[handlers]\n|").contains(&"state".to_owned()));
    assert!(!self::labels("[handlers]\n|").contains(&"context".to_owned()));
    assert_eq!(self::labels("[handlers.state]\n|"), ["max-size"]);
    assert_eq!(self::labels("[unknown]\n|"), [""; 0]);
    assert_eq!(self::labels("[[children]]\n|")[..2], ["name", "manifest"]);
}

#[test]
fn settings_in_an_inline_table() {
    assert_eq!(labels("[handlers]\nstate = { |"), ["max-size"]);
    assert_eq!(labels("[handlers]\nstate = { | }\nlog = true"), ["max-size"]);
    assert_eq!(at_cursor("[handlers]\nlog = { m|").1, "[handlers]\nlog = { max-lines = 1000");
    assert_eq!(labels("[handlers]\nlog = { max-lines = 1, | }"), [""; 0]);
    assert_eq!(labels("[handlers]\nlog = { max-lines = | }"), ["1000"]);
    assert_eq!(labels("[handlers]\nlog = {}|"), [""; 0]);
}

#[test]
fn values() {
    assert_eq!(labels("[actor]\nworld = |"), ["\"one\"", "\"two\""]);
    assert_eq!(at_cursor("[actor]\nworld = \"o|\n").1, "[actor]\nworld = \"one\"\n");
    assert_eq!(labels("[handlers]\nclock = |"), ["true", "false"]);
    assert_eq!(labels("[limits]\nmemory = \"6|4\""), ["\"64MiB\"", "\"64KiB\"", "\"64GiB\""]);
    assert_eq!(labels("[limits]\nmemory =\n|")[0], "fuel");
}

#[test]
fn nothing_where_nothing_goes() {
    for text in ["# |", "[actor] # x|", "[actor]\nname = \"x\" |", "[actor]\nname |= 1"] {
        assert_eq!(labels(text), [""; 0], "{text}");
    }
}

/// What can be typed where `|` stands in the manifest of `orders`, a child of `shop` as `stock` is.
fn in_application(marked: &str) -> Vec<String> {
    let mut vfs = Vfs::default();
    let path = Path::new("/app/orders/theater.toml");
    let open = |vfs: &mut Vfs, path: &str, text: &str| vfs.open(Path::new(path), 1, text.into());
    open(
        &mut vfs,
        "/app/theater.toml",
        "[actor]\nname = \"shop\"\n[supervisor]\n\
         [[children]]\nname = \"orders\"\nmanifest = \"orders\"\n\
         [[children]]\nname = \"stock\"\nmanifest = \"stock\"\n",
    );
    open(&mut vfs, "/app/stock/theater.toml", "[actor]\nname = \"stock\"\ncomponent = \"a\"\n");
    open(
        &mut vfs,
        "/app/orders/wit/w.wit",
        "package app:orders;\nworld w { import goods:stock/shelf@0.1.0; import theater:host/log@0.1.0; }\n",
    );
    open(
        &mut vfs,
        "/app/orders/wit/deps/goods.wit",
        "package goods:stock@0.1.0;\ninterface shelf {}\n",
    );
    vfs.open(path, 1, marked.replacen('|', "", 1));
    let offset = marked.find('|').unwrap();
    completions(&vfs.snapshot(), &listed, path, offset).into_iter().map(|one| one.label).collect()
}

#[test]
fn links_and_actors() {
    assert_eq!(in_application("[links]\n|"), ["\"goods:stock/shelf@0.1.0\""]);
    assert_eq!(in_application("[links]\n\"goo|\" = \"x\""), ["\"goods:stock/shelf@0.1.0\""]);
    assert_eq!(in_application("[links]\n\"goods:stock/shelf@0.1.0\" = \"x\"\n|"), [""; 0]);
    let link = "[links]\n\"goods:stock/shelf@0.1.0\" =";
    let children = "\n[[children]]\nname = \"worker\"\n";
    let all = ["\"orders\"", "\"stock\"", "\"worker\""];
    assert_eq!(in_application(&format!("{link} |{children}")), all);
    assert_eq!(in_application(&format!("{link} \"st|\"{children}")), all);
    assert_eq!(in_application(&format!("{link} {{ actor = | }}{children}")), all);
    assert_eq!(in_application("[handlers]\nmessenger = { to = [\"a\", |] }"), all[..2]);
    assert_eq!(in_application("[handlers]\nmessenger = { to = [\"|"), all[..2]);
    assert_eq!(in_application("[[children]]\nmanifest = |"), ["\"../stock\""]);
    assert_eq!(in_application("[[children]]\nname = |"), ["\"stock\""]);
}

#[test]
fn one_element_of_a_list_is_replaced() {
    let list = |text: &str| {
        let (_, after) = at_cursor(&format!(
            "[handlers]\nmessenger = {{ to = {text} }}\n[[children]]\nname = \"w\"\n"
        ));
        after.lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(list("[\"a\", |]"), "messenger = { to = [\"a\", \"w\"] }");
    assert_eq!(list("[ \"x|\" , \"b\"]"), "messenger = { to = [ \"w\" , \"b\"] }");
}

#[test]
fn quantities_and_paths() {
    assert_eq!(
        labels("[limits]\nmemory = \"128|\""),
        ["\"64MiB\"", "\"128KiB\"", "\"128MiB\"", "\"128GiB\""]
    );
    assert_eq!(labels("[limits]\ntimeout = \"5|\""), ["\"5s\"", "\"5ms\"", "\"5m\"", "\"5h\""]);
    assert_eq!(labels("[[children]]\nshutdown = |"), ["\"5s\"", "\"kill\"", "\"infinity\""]);
}

#[test]
fn paths_lead_through_the_folders_of_the_machine() {
    let component = |value: &str| labels(&format!("[actor]\nname = \"x\"\ncomponent = {value}\n"));
    let usual = "\"build/x.wasm\"";
    assert_eq!(component("|"), [usual, "\"data\"", "\"src\"", "\"x.wasm\""]);
    assert_eq!(component("\"src/d|\""), [usual, "\"src/deep\"", "\"src/x.wat\""]);
    assert_eq!(component("\"src/../src/|"), [usual, "\"src/../src/deep\"", "\"src/../src/x.wat\""]);
    assert_eq!(component("'.|'"), [usual, "\".git\"", "\"data\"", "\"src\"", "\"x.wasm\""]);
    assert_eq!(component("\"no\\|ne/\""), [usual, "\"data\"", "\"src\"", "\"x.wasm\""]);
    assert_eq!(component("\"no\\ne/|\""), [usual]);
    assert_eq!(
        labels("[build]\nlanguage = \"wat\"\nsource = \"src/|\"\n"),
        ["\"src/deep\"", "\"src/x.wat\""]
    );
    assert_eq!(labels("[[children]]\nmanifest = \"/|\"\n"), ["\"/etc\"", "\"/p\""]);
    let host = "[handlers]\nfilesystem = { folders = [{ host = \"|\", guest = \"/x\" }] }\n";
    assert_eq!(labels(host), ["\"data\"", "\"src\""]);
    assert!(at_cursor(host).1.contains("[{ host = \"data\", guest"));
    assert_eq!(labels("[[handlers.filesystem.folders]]\nhost = |\n"), ["\"data\"", "\"src\""]);
}

#[test]
fn settings_in_the_tables_of_a_list() {
    let keys = |text: &str| labels(&format!("[handlers]\nfilesystem = {{ folders = {text} }}\n"));
    let all = ["host", "guest", "access", "max-size"];
    assert_eq!(keys("[{|}]"), all);
    assert_eq!(keys("[{ host = \"a\", | }]"), all[1..]);
    assert_eq!(keys("[{ host = \"a\" }, { guest = \"/b\", | }]"), ["host", "access", "max-size"]);
    assert_eq!(keys("[{ access = | }]"), ["\"read\"", "\"write\""]);
    assert_eq!(keys("[{ host = \"a\" }|]"), [""; 0]);
    assert_eq!(labels("[handlers]\nfilesystem = { folders = [{ ac|"), all);
    assert_eq!(
        labels("[handlers]\nfilesystem = { folders = [{ host = \"a\", |\nlog = true\n"),
        all[1..]
    );
}

/// What is inserted where `|` stands in the arguments of a child's `init`.
fn arguments(marked: &str) -> Vec<String> {
    let mut vfs = Vfs::default();
    let open = |vfs: &mut Vfs, path: &str, text: &str| vfs.open(Path::new(path), 1, text.into());
    let stock = "[actor]\nname = \"stock\"\nworld = \"stock\"\n";
    open(&mut vfs, "/app/stock/theater.toml", stock);
    let world = "package app:stock;\n\
        interface types {\n\
        enum colour { red, dark-blue }\nflags marks { new, sold }\n\
        variant where { here, shelf(colour) }\n\
        record item { sku: string, colour: colour, at: option<where>, marks: marks }\n}\n\
        world stock {\nuse types.{item, colour};\n\
        export init: func(items: list<item>, open: bool, pair: tuple<u8, colour>) -> result<_, string>;\n}\n";
    open(&mut vfs, "/app/stock/wit/w.wit", world);
    let before = "[actor]\nname = \"shop\"\n[supervisor]\n[[children]]\nname = \"stock\"\nmanifest = \"stock\"\ninit = ";
    let whole = format!("{before}{marked}\nrestart = \"permanent\"\n");
    let path = Path::new("/app/theater.toml");
    vfs.open(path, 1, whole.replacen('|', "", 1));
    let found = completions(&vfs.snapshot(), &listed, path, whole.find('|').unwrap());
    found.into_iter().map(|one| one.insert).collect()
}

#[test]
fn values_of_wave_by_their_types() {
    assert_eq!(arguments("|"), ["'[], false, (0, red)'"]);
    assert_eq!(arguments("'|'"), ["[]"]);
    assert_eq!(arguments("'[], |'"), ["true", "false"]);
    assert_eq!(arguments("'[], tr|'"), ["true", "false"]);
    assert_eq!(arguments("'[], pair: |'"), ["(0, red)"]);
    assert_eq!(arguments("'[], true, (1, |)'"), ["red", "dark-blue"]);
    let fields = ["sku: \"\"", "colour: red", "at: none", "marks: {}"];
    assert_eq!(arguments("'[{|}]'"), fields);
    assert_eq!(arguments("'[{sku: \"a, b\", |}]'"), fields[1..]);
    assert_eq!(arguments("'[{colour: |"), ["red", "dark-blue"]);
    assert_eq!(arguments("'[{colour: red}, {colour: da|}]'"), ["red", "dark-blue"]);
    assert_eq!(arguments("'[{at: |}]'"), ["none", "some("]);
    assert_eq!(arguments("'[{at: some(|)}]'"), ["here", "shelf("]);
    assert_eq!(arguments("'[{at: some(shelf(|"), ["red", "dark-blue"]);
    assert_eq!(arguments("'[{marks: {new, |}}]'"), ["sold"]);
    // Inside a text, behind a value, and where quotes mean something else.
    for nothing in ["'[{sku: \"|\"}]'", "'[] |'", "'''[|'''", "'{|'", "'[], true, (1, red), |'"] {
        assert_eq!(arguments(nothing), [""; 0], "{nothing}");
    }
    // What would end the manifest's own quotes is not offered.
    assert_eq!(arguments("\"[{|}]\""), fields[1..]);
}
