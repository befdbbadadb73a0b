#![allow(clippy::unwrap_used)]

use crate::engine::{Completion, Vfs, completions, documentation};
use std::path::Path;

const HERE: &str = "/p/wit/world.wit";

const OTHER: &str = "\
package local:shop@1.0.0;
/// What is sold.
interface selling {
    use stock:goods/shelf@0.2.0.{item};
    /// One sale.
    record sale { item: item }
    resource till { open: func(); }
    enum %list { a }
    sell: func(what: sale);
}
world base { export run: func(); import label: selling; }
";

const DEP: &str = "package stock:goods@0.2.0;\ninterface shelf { record item { name: string } type amount = u32; }\n";

/// What can be typed where `|` stands, and the files.
fn at_cursor(marked: &str) -> (Vec<Completion>, crate::engine::Snapshot, String) {
    let offset = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let mut vfs = Vfs::default();
    vfs.open(Path::new(HERE), 1, text.clone());
    vfs.open(Path::new("/p/wit/other.wit"), 1, OTHER.into());
    vfs.open(Path::new("/p/wit/deps/goods/shelf.wit"), 1, DEP.into());
    let files = vfs.snapshot();
    (completions(&files, &|_| Vec::new(), Path::new(HERE), offset), files, text)
}

fn labels(marked: &str) -> Vec<String> {
    at_cursor(marked).0.into_iter().map(|one| one.label).collect()
}

/// The text with the completion of this name.
fn with(marked: &str, label: &str) -> String {
    let (found, _, mut text) = at_cursor(marked);
    let found = found.into_iter().find(|one| one.label == label);
    let one = found.unwrap_or_else(|| panic!("no `{label}` at {marked}"));
    text.replace_range(one.span.clone(), &format!("{}{}{}", one.insert, one.value, one.rest));
    text
}

fn has(marked: &str, label: &str) -> bool {
    labels(marked).iter().any(|found| found == label)
}

#[test]
fn keywords_by_their_place() {
    assert_eq!(labels("|"), ["package", "interface", "world", "use"]);
    assert_eq!(labels("package a:b;\nint|"), ["interface", "world", "use", "package"]);
    assert_eq!(labels("package a:b;\n|\nworld w {}\n"), ["interface", "world", "use", "package"]);
    let in_world = labels("world w {\n    |\n}\n");
    assert_eq!(in_world[..3], ["import", "export", "include"]);
    assert_eq!(labels("world w {\n    imp|\n    export a;\n}\n"), in_world);
    let in_interface = labels("interface i {\n    |\n    record r { a: u8 }\n}\n");
    assert_eq!(in_interface[..2], ["record", "variant"]);
    assert!(!in_interface.contains(&"import".to_owned()));
    assert_eq!(labels("interface i {\n    rec|\n}"), in_interface);
    assert_eq!(labels("world w { import x: interface { | } }"), in_interface);
    assert_eq!(labels("interface i { resource r {\n co|\n} }"), ["constructor"]);
    assert_eq!(labels("interface i { f: | }"), ["func"]);
    assert_eq!(labels("interface i { resource r { f: | } }"), ["func", "static func"]);
    assert_eq!(labels("interface i { @| }"), ["since", "unstable", "deprecated"]);
    assert_eq!(labels("world w { include base | }"), ["with"]);
    assert_eq!(labels("world w { export run: |; }")[..2], ["func", "interface"]);
    assert_eq!(with("world w {\n    imp|\n}", "import"), "world w {\n    import \n}");
    assert_eq!(with("interface i {\n    f: fu|\n}", "func"), "interface i {\n    f: func();\n}");
    assert_eq!(with("@si|", "since"), "@since(version = 0.1.0)");
}

#[test]
fn nothing_where_a_name_is_made_up_or_nothing_goes() {
    for text in [
        "// |",
        "/* | */",
        "interface |",
        "interface i { record | }",
        "interface i { record r { | } }",
        "interface i { enum e { | } }",
        "interface i { f: func(|) }",
        "world w { include base with { run as | } }",
        "interface i { use selling.{sale as |} }",
        "package |",
        "package a:|",
    ] {
        assert_eq!(labels(text), [""; 0], "{text}");
    }
}

#[test]
fn types_in_scope() {
    let text = "interface i {\n    use selling.{sale, till as box};\n    type other = u8;\n    resource r;\n    \
                record big { f: | }\n}\ninterface j { type far = u8; }\n";
    let found = labels(text);
    assert_eq!(found[..5], ["box", "other", "r", "sale", "string"]);
    assert!(!found.contains(&"far".to_owned()) && !found.contains(&"big".to_owned()));
    for text in [
        "interface i { type t = u8; f: func(a: |) -> u8; }",
        "interface i { type t = u8; f: func() -> |; }",
        "interface i { type t = u8; f: func() -> list<|>; }",
        "interface i { type t = u8; f: func() -> result<u8, |; }",
        "interface i { type t = u8; type u = | }",
        "interface i { type t = u8; variant v { a(|) } }",
        "interface i { type t = u8; f: func(a:|) }",
        "world w { type t = u8; import f: func(a: |); }",
        "world w { import f: interface { type t = u8; g: func(a: |); } }",
    ] {
        assert_eq!(labels(text)[..2], ["t", "string"], "{text}");
    }
    // Of resources only.
    assert_eq!(labels("interface i { resource r; type t = u8; f: func(a: borrow<|>); }"), ["r"]);
    assert_eq!(
        with("interface i { f: func(a: li|) }", "list"),
        "interface i { f: func(a: list<u8>) }"
    );
}

#[test]
fn interfaces_and_worlds_with_their_packages_and_versions() {
    let imports = labels("package local:shop@1.0.0;\nworld w { import | }\n");
    for expected in ["selling", "stock:goods/shelf@0.2.0", "theater:host/log@0.1.0"] {
        assert!(imports.contains(&expected.to_owned()), "{imports:#?}");
    }
    // What only the host calls is exported.
    let inbox = "theater:actor/inbox@0.1.0";
    assert!(!imports.contains(&inbox.to_owned()));
    let exports = labels("world w { export | }\n");
    assert!(
        exports.contains(&inbox.to_owned())
            && !has("world w { export | }", "theater:host/log@0.1.0")
    );
    // What is there is not offered again.
    let again = labels("world w { import theater:host/log@0.1.0; import selling; import | }");
    assert!(!again.contains(&"selling".to_owned()));
    assert!(!again.contains(&"theater:host/log@0.1.0".to_owned()));
    for written in [
        "th",
        "theater:ho",
        "theater:host/",
        "theater:host/lo",
        "theater:host/log@0.",
        "theater:host/log@",
    ] {
        assert_eq!(
            with(&format!("world w {{\n    import {written}|;\n}}"), "theater:host/log@0.1.0"),
            "world w {\n    import theater:host/log@0.1.0;\n}",
        );
        assert_eq!(
            with(
                &format!("interface i {{\n    use {written}|.{{t}};\n}}"),
                "theater:host/log@0.1.0"
            ),
            "interface i {\n    use theater:host/log@0.1.0.{t};\n}",
        );
    }
    assert_eq!(with("world w { import x: sel| }", "selling"), "world w { import x: selling }",);
    assert_eq!(labels("world w { include | }")[..1], ["base"]);
    assert!(has("use | as x;", "theater:host/log@0.1.0") && has("use |", "base"));
    assert_eq!(
        labels("use stock:goods/shelf@0.2.0 as goods;\ninterface i { use | }")[..2],
        ["goods", "selling"]
    );
}

#[test]
fn what_use_and_include_can_name() {
    assert_eq!(labels("interface i { use selling.{|} }"), ["sale", "till", "%list", "item"]);
    assert_eq!(labels("interface i { use selling.{sale, | } }"), ["till", "%list", "item"]);
    assert_eq!(labels("interface i { use selling.{|"), ["sale", "till", "%list", "item"]);
    assert_eq!(labels("interface i { use stock:goods/shelf@0.2.0.{a|} }"), ["item", "amount"]);
    assert_eq!(
        labels("use stock:goods/shelf@0.2.0 as g;\ninterface i { use g.{|}; }"),
        ["item", "amount"]
    );
    assert!(has("world w { use wasi:io/poll@0.2.0.{|}; }", "pollable"));
    assert_eq!(labels("world w { include base with { | } }"), ["run", "label"]);
    assert_eq!(labels("interface i { use nobody.{|}; }"), [""; 0]);
}

#[test]
fn what_is_listed_is_documented() {
    let (found, files, _) = at_cursor("interface i { use selling.{|} }");
    let sale = found.iter().find(|one| one.label == "sale").unwrap();
    let page = documentation(&files, Path::new(HERE), &sale.about);
    assert!(page.contains("One sale.") && page.contains("record sale"), "{page}");
    let (found, files, _) = at_cursor("world w { import | }");
    for one in found {
        assert!(!documentation(&files, Path::new(HERE), &one.about).is_empty(), "{}", one.label);
    }
}

#[test]
fn any_place_of_any_beginning_is_answered() {
    let text = format!(
        "{OTHER}world w {{ include base with {{ run as go }} @since(version = 1.0.0) import x: func(a: borrow<t>); }}"
    );
    for end in 0..=text.len() {
        for rest in ["", &text[end..]] {
            let whole = format!("{}|{rest}", &text[..end]);
            at_cursor(&whole);
        }
    }
}
