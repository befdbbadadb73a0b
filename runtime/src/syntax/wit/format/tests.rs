#![allow(clippy::unwrap_used)]

use super::format;
use crate::syntax::wit::corpus::texts;
use crate::syntax::wit::tests::{WORDS, mutated};
use crate::syntax::wit::{SyntaxKind, Token, parse, without_empty_comments};
use crate::syntax::{Edit, apply};
use proptest::prelude::*;
use wit_parser::SourceMap;

fn formatted(text: &str) -> String {
    apply(text, &format(text))
}

/// What a text means, without the places where it says so: comments that document something too.
fn meaning(text: &str) -> Option<String> {
    let mut map = SourceMap::new();
    map.push_str("a.wit", without_empty_comments(text));
    let group = map.parse().ok()?;
    let all = std::iter::once(&group.main).chain(&group.nested);
    let mut said = all.map(|package| format!("{package:?}")).collect::<String>();
    for (from, to) in [("Span {", '}'), ("arena_id: ", ',')] {
        while let Some(start) = said.find(from) {
            let end = start + said[start..].find(to).unwrap() + 1;
            said.replace_range(start..end, "");
        }
    }
    Some(said)
}

/// All of a text but space, without what ends a list and without the spaces at the end of comments.
fn content(text: &str) -> Vec<String> {
    let tokens = parse(text).root().descendants_with_tokens();
    let tokens = tokens.filter_map(rowan::NodeOrToken::into_token);
    let tokens: Vec<Token> = tokens.filter(|token| token.kind() != SyntaxKind::Space).collect();
    let ends_list = |at: usize| {
        let mut after = tokens[at + 1..].iter().filter(|it| it.kind() != SyntaxKind::Comment);
        let closes =
            |it: &Token| matches!(it.kind(), SyntaxKind::RightBrace | SyntaxKind::RightParen);
        tokens[at].kind() == SyntaxKind::Comma && after.next().is_some_and(closes)
    };
    let kept = (0..tokens.len()).filter(|at| !ends_list(*at));
    kept.map(|at| match tokens[at].text() {
        comment if comment.starts_with("//") => {
            comment.trim_end_matches([' ', '\t', '\r']).to_owned()
        }
        other => other.to_owned(),
    })
    .collect()
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let edits = format(text);
    let mut at = 0;
    for Edit { span, .. } in &edits {
        prop_assert!(at <= span.start && span.start <= span.end, "{edits:?}\n{text}");
        at = span.end;
    }
    let once = apply(text, &edits);
    prop_assert_eq!(content(text), content(&once), "{}", text);
    prop_assert_eq!(&formatted(&once), &once, "of {}", text);
    if let Some(before) = meaning(text) {
        prop_assert_eq!(before, meaning(&once).unwrap_or_default(), "{}\n{}", text, once);
    }
    Ok(())
}

#[test]
fn the_corpus_keeps_its_meaning_and_is_formatted_once() {
    for (path, text) in texts() {
        if let Err(why) = holds(text) {
            panic!("{}: {why}", path.display());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn mutations_keep_their_meaning(text in mutated()) {
        holds(&text)?;
    }

    #[test]
    fn space_and_comments_anywhere_keep_the_meaning(
        file in any::<prop::sample::Index>(),
        put in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
            "\n", "\n\n\n", "  ", "\t", "\r\n", " // one\n", "/// two \n", "/* three */",
            "\n/** four\n * five */ ", " /**/\n", ",",
        ])), 1..6),
    ) {
        let text = &file.get(texts()).1;
        let tokens = parse(text).root().descendants_with_tokens();
        let tokens = tokens.filter_map(rowan::NodeOrToken::into_token);
        let ends: Vec<usize> = tokens.map(|token| token.text_range().end().into()).collect();
        let mut text = text.clone();
        if !ends.is_empty() {
            let mut put: Vec<_> = put.iter().map(|(at, what)| (*at.get(&ends), what)).collect();
            put.sort();
            put.iter().rev().for_each(|(at, what)| text.insert_str(*at, what));
        }
        holds(&text)?;
    }

    #[test]
    fn words_in_any_order(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        holds(&words.concat())?;
    }

    #[test]
    fn any_text(text in ".*") {
        holds(&text)?;
    }
}

#[test]
fn the_layout() {
    let text = include_str!("before.wit");
    insta::assert_snapshot!(formatted(text));
}

#[test]
fn the_packages_of_theater_have_the_layout() {
    for (path, text) in crate::catalog::WIT {
        assert_eq!(formatted(text), *text, "{path}");
    }
}

#[test]
fn what_has_an_error_stays_as_it_is() {
    let text = "package a:b;\ninterface  one{x:func();}\ninterface  two{ x:func( }\n\n\n\ninterface  \
                three{y:func();}\n";
    assert_eq!(
        formatted(text),
        "package a:b;\n\ninterface one {\n    x: func();\n}\ninterface  two{ x:func( }\n\n\n\n\
         interface three {\n    y: func();\n}\n"
    );
    assert_eq!(formatted("no wit  at all"), "no wit  at all");
}

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    let text = "\u{feff}\r\npackage a:b;\r\ninterface one{x:func();}";
    let wanted = "\u{feff}package a:b;\r\n\r\ninterface one {\r\n    x: func();\r\n}\r\n";
    assert_eq!(formatted(text), wanted);
}

#[test]
fn large_texts_are_formatted_in_a_walk() {
    let many = |item: &str| item.repeat(20_000);
    for text in [
        format!("package a:b {{ {} }}", many("interface i{}")),
        format!("interface i{{enum e{{{}}}}}", many("a,")),
        format!("interface i{{}}\n{}", many("//\n")),
        format!("@since(version=1.0.0){} interface i{{}}", many("/***/")),
        many("interface i{ "),
        many("interface i{} } "),
    ] {
        let once = formatted(&text);
        assert!(formatted(&once) == once);
    }
}
