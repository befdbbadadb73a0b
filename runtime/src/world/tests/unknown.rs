//! Names that nobody declares, against what wit-parser says: on its own corpus, on WASI, and on changes of them.

use super::*;
use crate::diagnostic::WIT_UNKNOWN_NAME;
use crate::syntax::wit::corpus::packages;
use crate::syntax::wit::tests::mutated;
use crate::syntax::wit::view::child;
use crate::syntax::wit::{self, SyntaxKind, parse};
use crate::world::unknown::unknown_names;
use proptest::prelude::*;
use std::ops::Range;
use std::sync::OnceLock;

/// The packages of the corpus that wit-parser resolves.
fn valid() -> &'static [WitFiles] {
    static VALID: OnceLock<Vec<WitFiles>> = OnceLock::new();
    VALID.get_or_init(|| {
        let is_valid = |files: &&WitFiles| Wit::from_files(files).is_ok();
        packages().iter().filter(is_valid).cloned().collect()
    })
}

/// wit-parser and we agree on whether there are names that nobody declares.
fn agrees(files: &WitFiles) -> Result<(), TestCaseError> {
    let ours = unknown_names(files, &Default::default());
    let Err(told) = Wit::from_files(files) else {
        prop_assert!(ours.is_empty(), "{ours:#?}");
        return Ok(());
    };
    // What another package keeps behind a gate is there for us.
    let has_gate =
        |file: &Arc<Source>| file.text.contains("@unstable") || file.text.contains("@since");
    if std::iter::once(&files.main).chain(&files.deps).flatten().any(has_gate) {
        return Ok(());
    }
    for problem in told.iter().filter(|it| it.code == WIT_UNKNOWN_NAME) {
        let is_ours =
            ours.iter().any(|it| (&it.message, &it.labels) == (&problem.message, &problem.labels));
        prop_assert!(is_ours, "missed: {problem:#?}");
    }
    Ok(())
}

#[test]
fn the_corpus_is_judged_as_wit_parser_judges_it() {
    for files in packages() {
        if let Err(why) = agrees(files) {
            panic!("{}: {why}", files.main[0].name);
        }
    }
}

/// Every name in a text of which another one is certainly wrong, and takes nothing else with it: types, and interfaces and
/// worlds where they bring in no name.
fn replaceable(text: &str) -> Vec<Range<usize>> {
    let parsed = parse(text);
    let nodes = parsed.root().descendants().filter(|node| {
        let around = node.parent();
        let is = |kind| around.as_ref().is_some_and(|it| it.kind() == kind);
        let is_gated = around.as_ref().is_some_and(|it| child(it, SyntaxKind::Gate).is_some());
        match node.kind() {
            SyntaxKind::TypeRef => true,
            SyntaxKind::Path => !is(SyntaxKind::TopUse) && !is_gated,
            _ => false,
        }
    });
    let names = nodes
        .filter_map(|node| node.children().filter(|it| it.kind() == SyntaxKind::Reference).last());
    names.map(|name| wit::span(name.text_range())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn so_many_names_are_told_as_are_wrong(
        package in any::<prop::sample::Index>(),
        file in any::<prop::sample::Index>(),
        chosen in prop::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        let mut files = package.get(valid()).clone();
        let file = file.index(files.main.len());
        let text = &files.main[file].text;
        let places = replaceable(text);
        prop_assume!(!places.is_empty());
        let mut chosen: Vec<&Range<usize>> = chosen.iter().map(|at| at.get(&places)).collect();
        chosen.sort_by_key(|it| std::cmp::Reverse(it.start));
        chosen.dedup();
        let mut text = text.clone();
        for place in &chosen {
            text.replace_range((*place).clone(), "nobody-has-this");
        }
        files.main[file] = Source::new("changed.wit", text);
        let told = Wit::from_files(&files).err().unwrap_or_default();
        let marks: Vec<&str> = told.iter().map(marked).collect();
        prop_assert!(told.iter().all(|it| it.code == WIT_UNKNOWN_NAME), "{told:#?}");
        prop_assert_eq!(marks, vec!["nobody-has-this"; chosen.len()]);
    }

    #[test]
    fn mutations_are_judged_as_wit_parser_judges_them(text in mutated()) {
        agrees(&WitFiles { main: vec![Source::new("a.wit", text)], deps: Vec::new() })?;
    }
}

#[test]
fn all_names_that_nobody_declares_are_told_at_once() {
    let text = "package a:b;
use thing;
use c:d/gone as elsewhere;
interface i {
    use j.{point, piont, go};
    use elsewhere.{never-told};
    type t = tt;
    record r { x: own<res>, y: list<shape> }
    f: func(a: point, b: pointt) -> result<u8, _err>;
}
interface j { record point { x: u8 } go: func(); type shape = u8; }
world w {
    import i;
    import k;
    import theater:host/sate@0.1.0;
    import wasi:clocks/wall-clock@0.2.9;
    export wasi:clocks/monotonic-clock@0.2.9;
    include v;
    import inline: interface { use c:d/e.{x, y}; g: func(a: t); }
    export h: func() -> nothing;
}"
    .replace("_err", "err");
    let problems = resolve(&text, &["package c:d;\ninterface e { use f.{x}; }\ninterface f {}"]);
    let told: Vec<String> = problems
        .err()
        .unwrap()
        .iter()
        .map(|it| format!("{}: {} | {}", marked(it), it.message, it.help.as_deref().unwrap_or("")))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_may_stand_in_a_text_that_cannot_be_read_is_not_told() {
    let told = resolve(
        "package a:b;\ninterface i { use c:d/e.{x}; use f:g/h.{y}; f: func(a: z); }",
        &["package c:d;\ninterface e {"],
    );
    let marks: Vec<String> =
        told.err().unwrap().iter().map(|it| it.code.id.to_owned() + " " + marked(it)).collect();
    assert_eq!(marks, ["TH0201 {", "TH0202 z"]);
}
