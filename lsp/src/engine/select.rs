//! What is selected when the selection grows: a word, what it stands in, and so on to the whole text.

use super::outline::{Entry, outline};
use super::place;
use super::vfs::Snapshot;
use super::wit::is_wit;
use std::ops::Range;
use std::path::Path;
use theater_runtime::syntax::wit::{self, SyntaxKind, Token};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// The parts of a manifest or of WIT around a byte, from the innermost to the whole text, each within
/// the next. Empty for other files.
pub fn selections(files: &Snapshot, path: &Path, offset: usize) -> Vec<Range<usize>> {
    let Some(text) = files.text(path) else { return Vec::new() };
    let text = text.as_str();
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let mut parts = match () {
        () if place::is_manifest(path) => manifest(text, offset),
        () if is_wit(path) => of_wit(text, offset),
        () => return Vec::new(),
    };
    parts.push(0..text.len());
    nested(parts, offset)
}

/// Those parts that hold a byte, by their size, without those that only overlap.
fn nested(mut parts: Vec<Range<usize>>, offset: usize) -> Vec<Range<usize>> {
    parts.retain(|part| part.start <= offset && offset <= part.end);
    parts.sort_by_key(Range::len);
    let mut chain: Vec<Range<usize>> = Vec::new();
    for part in parts {
        let within =
            |last: &Range<usize>| part.start <= last.start && last.end <= part.end && part != *last;
        if chain.last().is_none_or(within) {
            chain.push(part);
        }
    }
    chain
}

fn manifest(text: &str, offset: usize) -> Vec<Range<usize>> {
    fn add(entries: &[Entry], parts: &mut Vec<Range<usize>>) {
        for entry in entries {
            parts.extend(entry.keys.iter().map(|key| key.span.clone()));
            parts.push(entry.value.clone());
            if let (Some(first), Some(last)) = (entry.keys.first(), entry.keys.last()) {
                parts.push(first.span.start..last.span.end);
                parts.push(first.span.start..entry.value.end.max(last.span.end));
            }
            add(&entry.entries, parts);
        }
    }
    let mut parts = Vec::new();
    for section in outline(text) {
        parts.extend(section.keys.iter().map(|key| key.span.clone()));
        parts.push(section.header.clone());
        let span = section.span.clone();
        parts.push(span.start..span.start + text[span].trim_end().len());
        add(&section.entries, &mut parts);
    }
    let is_scalar = |kind| {
        use TokenKind::{
            Atom, BasicString, Comment, LiteralString, MlBasicString, MlLiteralString,
        };
        matches!(
            kind,
            Atom | BasicString | Comment | LiteralString | MlBasicString | MlLiteralString
        )
    };
    let mut open = Vec::new();
    for token in Source::new(text).lex() {
        let span = token.span().start()..token.span().end();
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => open.push(span.start),
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                let Some(start) = open.pop() else { continue };
                parts.extend(inside(text, start + 1..span.start));
                parts.push(start..span.end);
            }
            kind if is_scalar(kind) => {
                let quotes = ["\"\"\"", "'''", "\"", "'"];
                let written = &text[span.clone()];
                let quote = quotes.iter().find(|quote| written.starts_with(**quote));
                let closed =
                    |quote: &&&str| written.len() >= 2 * quote.len() && written.ends_with(**quote);
                if let Some(quote) = quote.filter(closed) {
                    parts.push(span.start + quote.len()..span.end - quote.len());
                }
                parts.push(span);
            }
            _ => {}
        }
    }
    // Where the cursor is only at the edge of a bracket, the inside is not meant.
    parts.retain(|part| part.start < part.end || part.start == offset);
    parts
}

/// What stands between brackets, without the space around it.
fn inside(text: &str, span: Range<usize>) -> Option<Range<usize>> {
    let inner = text.get(span.clone())?;
    let start = span.start + (inner.len() - inner.trim_start().len());
    let trimmed = inner.trim();
    (!trimmed.is_empty()).then(|| start..start + trimmed.len())
}

fn of_wit(text: &str, offset: usize) -> Vec<Range<usize>> {
    let root = wit::parse(text).root();
    let Ok(at) = u32::try_from(offset) else { return Vec::new() };
    let tokens = root.token_at_offset(at.into());
    let rank = |token: &Token| match token.kind() {
        SyntaxKind::Space => 0,
        SyntaxKind::Comment => 1,
        kind if kind.is_keyword() => 3,
        SyntaxKind::Name | SyntaxKind::ExplicitName | SyntaxKind::Integer => 3,
        _ => 2,
    };
    let Some(token) = tokens.max_by_key(rank) else { return Vec::new() };
    let mut parts = Vec::new();
    if token.kind() != SyntaxKind::Space {
        parts.push(wit::span(token.text_range()));
    }
    for node in token.parent_ancestors() {
        let span = wit::span(node.text_range());
        let (first, last) = (node.first_token(), node.last_token());
        let brackets = [first, last].map(|it| it.map(|token| token.kind()));
        use SyntaxKind::{LeftBrace, LeftParen, RightBrace, RightParen};
        if let [Some(LeftBrace | LeftParen), Some(RightBrace | RightParen)] = brackets {
            parts.extend(inside(text, span.start + 1..span.end - 1));
        }
        parts.push(span.clone());
        if let Some(start) = node.first_token().and_then(|first| comments_before(&first)) {
            parts.push(start..span.end);
        }
    }
    parts
}

/// Where the comments begin that stand right before a token, without a blank line between.
fn comments_before(token: &Token) -> Option<usize> {
    let mut start = None;
    let mut before = token.prev_token();
    while let Some(it) = before {
        match it.kind() {
            SyntaxKind::Space if it.text().matches('\n').count() < 2 => {}
            SyntaxKind::Comment => {
                let line_before = it.prev_token().is_none_or(|space| space.text().contains('\n'));
                // A comment at the end of a line belongs to that line.
                if !line_before {
                    break;
                }
                start = Some(wit::span(it.text_range()).start);
            }
            _ => break,
        }
        before = it.prev_token();
    }
    start
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::engine::Vfs;

    fn selected(path: &str, marked: &str) -> Vec<String> {
        let offset = marked.find('‸').unwrap();
        let text = marked.replace('‸', "");
        let mut vfs = Vfs::default();
        vfs.open(Path::new(path), 1, text.clone());
        let parts = selections(&vfs.snapshot(), Path::new(path), offset);
        parts.into_iter().map(|part| text[part].to_owned()).collect()
    }

    #[test]
    fn wit_grows_from_a_name_to_the_file() {
        let text = "package a:b;\n\n/// One.\ninterface i {\n    // Two.\n    f: func(x: li‸st<u8>) -> u8;\n}\n";
        insta::assert_snapshot!(selected("/p/a.wit", text).join("\n----\n"));
    }

    #[test]
    fn a_manifest_grows_from_a_word_to_the_file() {
        let text =
            "[actor]\nname = \"a\"\n\n[handlers]\nhttp-client = { allow = [\"on‸e\", \"two\"] }\n";
        insta::assert_snapshot!(selected("/p/theater.toml", text).join("\n----\n"));
        assert_eq!(selected("/p/Cargo.toml", "a‸"), [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn each_part_is_within_the_next(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "[", "]", "{", "}", "=", ",", ".", "\n", " ", "key", "\"", "# ü", "\r\n", "1",
                    "// x", "/*", "*/", "interface i ", "f: func(", ")", ";", "'", "\"\"\"",
                ]),
                0..40,
            ),
            at: usize,
        ) {
            let text = pieces.concat();
            let offset = text.floor_char_boundary(at % (text.len() + 1));
            for path in ["/p/theater.toml", "/p/a.wit"] {
                let mut vfs = Vfs::default();
                vfs.open(Path::new(path), 1, text.clone());
                let parts = selections(&vfs.snapshot(), Path::new(path), offset);
                assert_eq!(parts.last(), Some(&(0..text.len())));
                for (one, next) in parts.iter().zip(&parts[1..]) {
                    assert!(next.start <= one.start && one.end <= next.end && one != next);
                }
                assert!(parts.iter().all(|part| text.get(part.clone()).is_some()));
                assert!(parts[0].start <= offset && offset <= parts[0].end);
            }
        }
    }
}
