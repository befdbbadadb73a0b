#![allow(clippy::unwrap_used)]

use super::corpus::texts;
use super::{Parse, SyntaxKind, parse, span, view, without_empty_comments};
use proptest::prelude::*;
use std::panic::AssertUnwindSafe;
use wit_parser::{ParseErrorKind, SourceMap};

/// What wit-parser says of a text.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// It is WIT, whether or not its names fit together.
    Wit,
    /// It is none, for this reason.
    Not(String),
}

/// The beginnings of wit-parser's messages about the form of a text. Its other messages are about what
/// the text means.
const FORM: &[&str] = &[
    "expected ",
    "unknown attribute",
    "cannot specify ",
    "@external-id is not allowed",
    "cannot place attributes",
    "package nesting too deep",
    "type nesting too deep",
    // From semver and from numbers.
    "unexpected ",
    "empty string",
    "empty identifier",
    "invalid ",
    "value of ",
    "leading zero",
    "number too large",
];
/// Messages that begin like those, but are about the meaning.
const MEANING: &[&str] = &["invalid map key"];

fn authority(text: &str) -> Verdict {
    let mut map = SourceMap::new();
    map.push_str("a.wit", without_empty_comments(text));
    // It panics at some attributes that cannot stand together.
    let judged =
        std::panic::catch_unwind(AssertUnwindSafe(|| map.parse().map_err(|(_, error)| error)));
    let error = match judged {
        Ok(Ok(_)) => return Verdict::Wit,
        Ok(Err(error)) => error,
        Err(_) => return Verdict::Not("it panics".to_owned()),
    };
    match error.kind() {
        ParseErrorKind::Lex(error) => Verdict::Not(error.to_string()),
        ParseErrorKind::Syntax { message, .. }
            if FORM.iter().any(|form| message.starts_with(form))
                && !MEANING.iter().any(|meaning| message.starts_with(meaning)) =>
        {
            Verdict::Not(message.clone())
        }
        _ => Verdict::Wit,
    }
}

/// The tree holds the text, and we find an error exactly where wit-parser finds one.
fn agrees(text: &str) -> Result<(), TestCaseError> {
    let parse = parse(text);
    prop_assert_eq!(parse.root().text().to_string(), text);
    for error in parse.errors() {
        prop_assert!(text.get(error.span.clone()).is_some(), "{error:?} in {text:?}");
    }
    match authority(text) {
        Verdict::Wit => prop_assert!(parse.errors().is_empty(), "{:?}\n{text}", parse.errors()),
        Verdict::Not(why) => prop_assert!(!parse.errors().is_empty(), "missed: {why}\n{text}"),
    }
    Ok(())
}

#[test]
fn the_corpus_is_judged_as_wit_parser_judges_it() {
    for (path, text) in texts() {
        if let Err(why) = agrees(text) {
            panic!("{}: {why}", path.display());
        }
    }
}

/// A change of a text: what is cut out, and what is put there.
#[derive(Debug, Clone)]
struct Edit {
    at: prop::sample::Index,
    cut: usize,
    insert: &'static str,
}

pub(crate) const WORDS: &[&str] = &[
    "",
    "",
    "",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    ";",
    ",",
    ":",
    ".",
    "@",
    "/",
    "->",
    "-",
    "%",
    "=",
    "*",
    " record r { a: u32 ",
    " func() ",
    "interface i {}",
    "world w ",
    "package a:b ",
    " type ",
    " use a.{b}; ",
    "@since(version = 1.0.0) ",
    "@unstable(feature = f) ",
    "@deprecated(version = 1.1.0) ",
    "list<u8, 4>",
    " x: get() -> u8; ",
    "result<_, u8>",
    "1.2.3-rc.1",
    "//",
    "/*",
    "*/",
    "/**/",
    "\"",
    "\r",
    "\r\n",
    "\u{202e}",
    "ü",
    "_",
    "0",
    "include a:b/c; ",
    "@external-id(\"x\\u{41}\") ",
    "resource r { constructor(); } ",
    "Ab",
    "import a: b; ",
    "static ",
];

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = (any::<prop::sample::Index>(), 0..12_usize, prop::sample::select(WORDS));
    prop::collection::vec(edit.prop_map(|(at, cut, insert)| Edit { at, cut, insert }), 1..4)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut text = text.to_owned();
    for edit in edits {
        let start = text.floor_char_boundary(edit.at.index(text.len() + 1));
        let end = text.ceil_char_boundary((start + edit.cut).min(text.len()));
        text.replace_range(start..end, edit.insert);
    }
    text
}

/// A file of the corpus after some edits, perhaps cut off.
pub(crate) fn mutated() -> impl Strategy<Value = String> {
    let length = prop::option::of(any::<prop::sample::Index>());
    (any::<prop::sample::Index>(), edits(), length).prop_map(|(file, edits, length)| {
        let mut text = edited(&file.get(texts()).1, &edits);
        if let Some(length) = length {
            text.truncate(text.floor_char_boundary(length.index(text.len() + 1)));
        }
        text
    })
}

/// Such a text, and the same after more edits.
pub(crate) fn mutated_twice() -> impl Strategy<Value = (String, String)> {
    (mutated(), edits()).prop_map(|(before, edits)| {
        let now = edited(&before, &edits[..1]);
        (before, now)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn mutations_are_judged_as_wit_parser_judges_them(text in mutated()) {
        agrees(&text)?;
    }

    #[test]
    fn words_in_any_order(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        agrees(&words.concat())?;
    }

    #[test]
    fn any_text(text in ".*") {
        agrees(&text)?;
    }
}

#[test]
fn attributes_that_cannot_stand_together_are_told() {
    let (since, unstable, deprecated) =
        ("@since(version = 1.0.0)", "@unstable(feature = f)", "@deprecated(version = 1.1.0)");
    let texts = [
        (vec![since, deprecated], vec![]),
        (vec![deprecated, unstable], vec![]),
        (vec![unstable, unstable], vec!["`@unstable` stands before one item twice"]),
        (vec![deprecated], vec!["`@deprecated` stands without `@since` or `@unstable`"]),
        (vec![since, unstable], vec!["`@since` and `@unstable` exclude each other"]),
    ];
    let items =
        ["use c:d/e.{f};", "import c:d/e;", "include c:d/e;", "type t = u8;", "export f: func();"];
    for (gates, expected) in texts {
        for item in items {
            let gates = gates.join(" ");
            let text = format!("package a:b; {gates} world w {{ {gates} {item} }}");
            let expected: Vec<_> = [&expected[..], &expected[..]].concat();
            let told: Vec<_> = parse(&text).errors().iter().map(|it| it.message.clone()).collect();
            assert_eq!(told, expected, "{text}");
            agrees(&text).unwrap();
        }
    }
}

#[test]
fn a_comment_ends_with_its_line() {
    for text in ["//\r\r\n//", "//\r\n\r\n//\r", "// a\r\ninterface i {}", "//\rinterface i {}"] {
        agrees(text).unwrap();
    }
}

#[test]
fn what_is_nested_too_deeply_is_told_and_overflows_nothing() {
    for depth in [99, 100, 101, 20_000] {
        let (open, close) = ("list<".repeat(depth), ">".repeat(depth));
        agrees(&format!("package a:b; interface i {{ type t = {open}u8{close}; }}")).unwrap();
    }
    for depth in [99, 100, 101, 20_000] {
        let (open, close) = ("package a:b { ".repeat(depth), "}".repeat(depth));
        let text = format!("{open}{close}");
        let parse = parse(&text);
        assert_eq!(parse.root().text().to_string(), text);
        assert_eq!(parse.errors().is_empty(), depth <= 100, "{depth}");
    }
}

/// Each error with the text that it marks.
fn errors(text: &str) -> Vec<String> {
    let one =
        |error: &super::SyntaxError| format!("{:?}: {}", &text[error.span.clone()], error.message);
    parse(text).errors().iter().map(one).collect()
}

/// The names of the items of a kind, with that of the item in which they are.
fn declared(parse: &Parse, kind: SyntaxKind) -> Vec<String> {
    let items = parse.root().descendants().filter(|node| node.kind() == kind);
    let names = items.filter_map(|item| {
        let outer = item.ancestors().skip(1).find_map(|node| view::declared(&node));
        let outer = outer.map(|token| format!("{}.", token.text())).unwrap_or_default();
        Some(format!("{outer}{}", view::declared(&item)?.text()))
    });
    names.collect()
}

#[test]
fn an_unfinished_item_takes_nothing_with_it() {
    let unfinished = [
        "record r {",
        "record r { a",
        "record r { a:",
        "record r { a: u32",
        "record r { a: list<",
        "record",
        "variant v { a(",
        "enum e { a,",
        "flags f {",
        "type t =",
        "type t",
        "type",
        "resource r",
        "use",
        "use a",
        "use a.{",
        "use a.{b",
        "x: func(",
        "x: func(a",
        "x: func(a:",
        "x: func() ->",
        "x:",
        "x",
        "@since(",
        "@since",
        "@",
        "{",
        "(",
        "x: func(a: u32,",
        "=",
        "1.2",
    ];
    for item in unfinished {
        let text = format!(
            "package a:b;\ninterface one {{\n  {item}\n  go: func(a: u32) -> u32;\n  \
             record later {{ x: u32 }}\n}}\ninterface two {{\n  stop: func();\n}}\n"
        );
        let parse = parse(&text);
        assert!(!parse.errors().is_empty(), "{item}");
        let interfaces = declared(&parse, SyntaxKind::InterfaceItem);
        assert!(interfaces.ends_with(&["two".to_owned()]), "{item}: {interfaces:?}");
        let functions = declared(&parse, SyntaxKind::FuncItem);
        assert!(functions.contains(&"two.stop".to_owned()), "{item}: {functions:?}");
        let records = declared(&parse, SyntaxKind::RecordItem);
        assert!(records.iter().any(|name| name.ends_with("later")), "{item}: {records:?}");
    }
}

#[test]
fn all_errors_are_told_at_once_each_in_its_place() {
    let text = "package a:b;\ninterface i {\n  a: func(x: u32)\n  b: func(: u32);\n  record type { \
                x u32 }\n  c: func() -> ;\n}\nworld w {\n  import a:b/;\n  banana;\n}\n";
    assert_eq!(
        errors(text),
        [
            r#"")": expected `;`, found `b`"#,
            r#"":": expected a parameter's name or `)`, found `:`"#,
            r#""type": `type` is a keyword and no name"#,
            r#""u32": expected `:`, found `u32`"#,
            r#"";": expected a type, found `;`"#,
            r#"";": expected a name, found `;`"#,
            r#""banana": expected `import`, `export`, `include`, `use` or a type, found `banana`"#,
        ]
    );
}

#[test]
fn comments_before_an_item_document_it() {
    let text = "package a:b;\n// no\n/// One.\n///\n/// Two.\n@since(version = 1.0.0)\ninterface i {\n  \
                /** Block */\n  x: func();\n  y: func();\n}\n";
    let parse = parse(text);
    let docs = |kind| {
        let root = parse.root();
        let items = root.descendants().filter(|node| node.kind() == kind);
        items.map(|item| view::docs(&item)).collect::<Vec<_>>()
    };
    assert_eq!(docs(SyntaxKind::InterfaceItem), [Some("One.\n\nTwo.".to_owned())]);
    assert_eq!(docs(SyntaxKind::FuncItem), [Some("Block".to_owned()), None]);
    let item = parse.root().first_child().unwrap();
    assert_eq!(&text[span(item.text_range())], "package a:b;");
}
