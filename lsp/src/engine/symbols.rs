//! What a text consists of, as an editor lists and folds it: the tables and keys of a manifest, what
//! WIT declares.

use super::outline::{Entry, Section, outline};
use super::place;
use super::vfs::Snapshot;
use super::wit::{Declaration, Kind, is_wit};
use std::ops::Range;
use std::path::Path;

/// What a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    /// The actor of a manifest.
    Actor,
    /// A table of a manifest.
    Table,
    /// A key of a manifest.
    Key,
    /// Something that WIT declares.
    Wit(Kind),
}

/// A table, a key, or something that WIT declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its name, as it is written.
    pub name: String,
    /// Of one of several tables with one name, what it is called; of a key, its value.
    pub detail: String,
    /// What it is.
    pub kind: SymbolKind,
    /// All its bytes.
    pub span: Range<usize>,
    /// The bytes of its name, within the span.
    pub name_span: Range<usize>,
    /// What stands in it.
    pub children: Vec<Symbol>,
}

/// How much of a value is shown, in characters.
const LONGEST_DETAIL: usize = 60;

/// The tables and keys of a manifest, or what a WIT file declares, in the order of the text. Empty for
/// other files.
pub fn symbols(files: &Snapshot, path: &Path) -> Vec<Symbol> {
    if is_wit(path) {
        return declared(files, path);
    }
    let Some(text) = files.text(path).filter(|_| place::is_manifest(path)) else {
        return Vec::new();
    };
    let text = text.as_str();
    let mut symbols = Vec::new();
    for section in outline(text) {
        match table(text, &section) {
            Some(table) => symbols.push(table),
            None => symbols.extend(keys(text, &section.entries)),
        }
    }
    symbols
}

/// The bytes that can be hidden, each with the line that stays visible: tables, values and
/// declarations that have more than one line.
pub fn folds(files: &Snapshot, path: &Path) -> Vec<Range<usize>> {
    fn add(text: &str, symbols: &[Symbol], folds: &mut Vec<Range<usize>>) {
        for symbol in symbols {
            let span = match symbol.kind {
                // The attributes above it stay.
                SymbolKind::Wit(_) => symbol.name_span.start..symbol.span.end,
                _ => symbol.span.clone(),
            };
            if text.get(span.clone()).is_some_and(|it| it.contains('\n')) {
                folds.push(span);
            }
            add(text, &symbol.children, folds);
        }
    }
    let mut folds = Vec::new();
    if let Some(text) = files.text(path) {
        add(text.as_str(), &symbols(files, path), &mut folds);
    }
    folds
}

/// What a WIT file declares, each in what it stands in. Parameters and other names for what is
/// elsewhere are left out.
fn declared(files: &Snapshot, path: &Path) -> Vec<Symbol> {
    fn take(text: &str, rest: &mut &[Declaration], end: usize) -> Vec<Symbol> {
        let mut found = Vec::new();
        while let Some((first, others)) = rest.split_first().filter(|it| it.0.whole.start < end) {
            *rest = others;
            let children = take(text, rest, first.whole.end);
            if !matches!(first.kind, Kind::Parameter | Kind::Used) {
                found.push(Symbol {
                    name: text[first.name.clone()].trim_start_matches('%').to_owned(),
                    detail: String::new(),
                    kind: SymbolKind::Wit(first.kind),
                    span: first.whole.clone(),
                    name_span: first.name.clone(),
                    children,
                });
            }
        }
        found
    }
    let (Some(index), Some(text)) = (files.index(path), files.text(path)) else {
        return Vec::new();
    };
    // By their start, what holds others before them.
    take(text.as_str(), &mut index.declarations.as_slice(), usize::MAX)
}

/// The table of a header; none for what stands above the first one, or if it has no name.
fn table(text: &str, section: &Section) -> Option<Symbol> {
    let (first, last) = (section.keys.first()?, section.keys.last()?);
    let name_span = first.span.start..last.span.end;
    let children = keys(text, &section.entries);
    let named = children.iter().find(|key| key.name == "name");
    let is_item = text[section.header.clone()].starts_with("[[");
    let detail = named.filter(|_| is_item).map(|key| key.detail.clone());
    let end = children.iter().map(|key| key.span.end).max().unwrap_or_default();
    Some(Symbol {
        name: text[name_span.clone()].to_owned(),
        detail: detail.unwrap_or_default(),
        kind: SymbolKind::Table,
        span: section.header.start..end.max(section.header.end),
        name_span,
        children,
    })
}

fn keys(text: &str, entries: &[Entry]) -> Vec<Symbol> {
    let key = |entry: &Entry| {
        let (first, last) = (entry.keys.first()?, entry.keys.last()?);
        let name_span = first.span.start..last.span.end;
        let children = keys(text, &entry.entries);
        let value = &text[entry.value.clone()];
        let line = value.lines().next().unwrap_or_default();
        Some(Symbol {
            name: text[name_span.clone()].to_owned(),
            detail: match children.is_empty() {
                true => line.chars().take(LONGEST_DETAIL).collect(),
                false => String::new(),
            },
            kind: if children.is_empty() { SymbolKind::Key } else { SymbolKind::Table },
            span: name_span.start..entry.value.end.max(name_span.end),
            name_span,
            children,
        })
    };
    entries.iter().filter_map(key).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::engine::Vfs;

    fn opened(text: &str) -> Snapshot {
        let mut vfs = Vfs::default();
        vfs.open(Path::new("/p/theater.toml"), 1, text.to_owned());
        vfs.snapshot()
    }

    /// The symbols of a manifest, one a line: indented, with their detail.
    fn listed(text: &str) -> String {
        fn list(depth: usize, symbols: &[Symbol], out: &mut String) {
            for symbol in symbols {
                let (indent, name) = ("  ".repeat(depth), &symbol.name);
                out.push_str(format!("{indent}{name} {}", symbol.detail).trim_end());
                out.push('\n');
                list(depth + 1, &symbol.children, out);
            }
        }
        let mut out = String::new();
        list(0, &symbols(&opened(text), Path::new("/p/theater.toml")), &mut out);
        out
    }

    #[test]
    fn tables_and_keys_of_a_broken_text_too() {
        let text = "[actor]\nname = \"a\"\n\n[handlers]\nstate = { max-size = \"1MiB\" }\n\
                    environment = { variables = [\"A\",\n[[children]]\nname = \"b\"\n";
        assert_eq!(
            listed(text),
            "actor\n  name \"a\"\nhandlers\n  state\n    max-size \"1MiB\"\n  environment\n    \
             variables [\"A\",\nchildren \"b\"\n  name \"b\"\n"
        );
        assert_eq!(listed("[\n= 1\n"), "");
    }

    #[test]
    fn what_has_several_lines_folds_without_the_blank_ones_behind_it() {
        let text = "[actor]\nname = \"a\"\n\n\n[limits]\n[build]\ncommand = [\n  \"make\",\n]\n";
        let files = opened(text);
        let folds = folds(&files, Path::new("/p/theater.toml"));
        let folded: Vec<&str> = folds.into_iter().map(|fold| &text[fold]).collect();
        assert_eq!(
            folded,
            [
                "[actor]\nname = \"a\"",
                "[build]\ncommand = [\n  \"make\",\n]",
                "command = [\n  \"make\",\n]",
            ]
        );
    }

    #[test]
    fn what_wit_declares_is_listed_in_what_it_stands_in() {
        let text = "package a:b;\n@since(version = 1.0.0)\ninterface i {\n  record r { f: u8, g: u8 }\n  \
                    resource s {\n    constructor(of: r);\n  }\n}\nworld w { import i; export run: func(x: u8); }\n";
        let mut vfs = Vfs::default();
        vfs.open(Path::new("/p/a.wit"), 1, text.to_owned());
        fn list(depth: usize, symbols: &[Symbol], out: &mut String) {
            for symbol in symbols {
                let (indent, name) = ("  ".repeat(depth), &symbol.name);
                *out += &format!("{indent}{name} {:?}\n", symbol.kind);
                list(depth + 1, &symbol.children, out);
            }
        }
        let mut out = String::new();
        list(0, &symbols(&vfs.snapshot(), Path::new("/p/a.wit")), &mut out);
        insta::assert_snapshot!(out);
        let folds = folds(&vfs.snapshot(), Path::new("/p/a.wit"));
        let first = |fold: Range<usize>| text[fold].lines().next().unwrap().to_owned();
        assert_eq!(folds.into_iter().map(first).collect::<Vec<_>>(), ["i {", "s {"]);
    }

    proptest::proptest! {
        #[test]
        fn names_are_within_their_symbols(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "[", "]", "{", "}", "=", ",", ".", "\n", " ", "key", "\"", "# ü", "\r\n", "1",
                ]),
                0..60,
            )
        ) {
            fn check(text: &str, symbols: &[Symbol]) {
                for symbol in symbols {
                    assert!(text.get(symbol.span.clone()).is_some());
                    assert!(symbol.span.start <= symbol.name_span.start);
                    assert!(symbol.name_span.end <= symbol.span.end);
                    assert!(!symbol.name.is_empty());
                    check(text, &symbol.children);
                }
            }
            let text = pieces.concat();
            check(&text, &symbols(&opened(&text), Path::new("/p/theater.toml")));
        }
    }
}
