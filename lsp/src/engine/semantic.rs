//! What each part of a text is, for editors that colour by meaning: what a name stands for is known
//! here, a grammar can only guess.

use super::outline::{Entry, Key, outline};
use super::place::{self, Meaning};
use super::vfs::Snapshot;
use super::wit::{Kind, Names, Origin, is_wit, symbol};
use std::ops::Range;
use std::path::Path;
use theater_runtime::syntax::wit::{self, SyntaxKind, Token};
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// A part of a text, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SemanticToken {
    /// Its bytes. A comment or a text may go over several lines.
    pub span: Range<usize>,
    /// What it is.
    pub kind: SemanticKind,
    /// Whether the name is declared here.
    pub declares: bool,
    /// Whether it is no name of the package itself: WIT, Theater or a dependency brings it.
    pub is_brought: bool,
}

/// What a part of a text can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum SemanticKind {
    Comment,
    Keyword,
    Package,
    Interface,
    World,
    Type,
    Record,
    Enum,
    Resource,
    Function,
    Field,
    Case,
    Parameter,
    Text,
    Number,
    Attribute,
}

impl SemanticKind {
    /// All kinds, in their order.
    pub const ALL: [Self; 16] = [
        Self::Comment,
        Self::Keyword,
        Self::Package,
        Self::Interface,
        Self::World,
        Self::Type,
        Self::Record,
        Self::Enum,
        Self::Resource,
        Self::Function,
        Self::Field,
        Self::Case,
        Self::Parameter,
        Self::Text,
        Self::Number,
        Self::Attribute,
    ];
}

/// The parts of a manifest or of WIT, in the order of the text; they do not overlap. What means
/// nothing, such as a name that nobody declares, is left out.
pub fn semantic_tokens(files: &Snapshot, path: &Path) -> Vec<SemanticToken> {
    let Some(text) = files.text(path) else { return Vec::new() };
    let mut found = match () {
        () if place::is_manifest(path) => manifest(text.as_str()),
        () if is_wit(path) => of_wit(files, path, text.as_str()),
        () => return Vec::new(),
    };
    found.sort_by_key(|token| (token.span.start, token.span.end));
    let mut apart: Vec<SemanticToken> = Vec::with_capacity(found.len());
    for token in found {
        match apart.last_mut() {
            Some(last) if token.span.start < last.span.end => {}
            // A version is several tokens, an attribute two.
            Some(last) if token.span.start == last.span.end && goes_on(last, &token) => {
                last.span.end = token.span.end;
            }
            _ if token.span.is_empty() => {}
            _ => apart.push(token),
        }
    }
    apart
}

fn goes_on(one: &SemanticToken, next: &SemanticToken) -> bool {
    one.kind == next.kind && matches!(one.kind, SemanticKind::Number | SemanticKind::Attribute)
}

fn plain(span: Range<usize>, kind: SemanticKind) -> SemanticToken {
    SemanticToken { span, kind, declares: false, is_brought: false }
}

fn of_wit(files: &Snapshot, path: &Path, text: &str) -> Vec<SemanticToken> {
    let mut found = names(files, path);
    let named: Vec<Range<usize>> = {
        let mut spans: Vec<_> = found.iter().map(|token| token.span.clone()).collect();
        spans.sort_by_key(|span| span.start);
        spans
    };
    let is_named = |span: &Range<usize>| {
        let at = named.partition_point(|name| name.start <= span.start);
        at.checked_sub(1).is_some_and(|at| span.end <= named[at].end)
    };
    let root = wit::parse(text).root();
    let tokens = root.descendants_with_tokens().filter_map(|it| it.into_token());
    for token in tokens {
        let span = wit::span(token.text_range());
        if !is_named(&span) {
            found.extend(word(&token, span));
        }
    }
    found
}

/// A token that is no name.
fn word(token: &Token, span: Range<usize>) -> Option<SemanticToken> {
    use SyntaxKind::*;
    let parents = || token.parent_ancestors().map(|node| node.kind()).take(2);
    let kind = match token.kind() {
        Comment => SemanticKind::Comment,
        Text => SemanticKind::Text,
        _ if parents().any(|kind| kind == Version) => SemanticKind::Number,
        Integer => SemanticKind::Number,
        At if parents().any(|kind| kind == Gate) => SemanticKind::Attribute,
        Name if parents().any(|kind| kind == Gate) && follows_at(token) => SemanticKind::Attribute,
        kind if is_type(kind) => {
            return Some(SemanticToken { is_brought: true, ..plain(span, SemanticKind::Type) });
        }
        kind if kind.is_keyword() => SemanticKind::Keyword,
        _ => return None,
    };
    Some(plain(span, kind))
}

fn follows_at(token: &Token) -> bool {
    token.prev_token().is_some_and(|before| before.kind() == SyntaxKind::At)
}

fn is_type(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    let simple = matches!(
        kind,
        U8 | U16 | U32 | U64 | S8 | S16 | S32 | S64 | F32 | F64 | Bool | Char | StringType
    );
    let with_arguments = matches!(
        kind,
        List | Map
            | OptionType
            | ResultType
            | Tuple
            | Future
            | Stream
            | Own
            | Borrow
            | ErrorContext
    );
    simple || with_arguments
}

/// All names of a file that mean something.
fn names(files: &Snapshot, path: &Path) -> Vec<SemanticToken> {
    let names = Names::around(files, path);
    let Some(file) = names.file(path) else { return Vec::new() };
    let brought = |origin| origin != Origin::Own;
    let mut found = Vec::new();
    for declaration in &file.index.declarations {
        let (kind, origin) = match declaration.kind {
            Kind::Used => match names.home(&symbol(file, declaration), 0) {
                Some(home) => match names.declarations(&home).next() {
                    Some((file, home)) => (home.kind, file.origin),
                    None => continue,
                },
                None => continue,
            },
            kind => (kind, file.origin),
        };
        if let Some(kind) = of_kind(kind) {
            let (span, is_brought) = (declaration.name.clone(), brought(origin));
            found.push(SemanticToken { span, kind, declares: true, is_brought });
        }
    }
    for mention in &file.index.mentions {
        let Some(symbol) = names.meaning(file, mention) else { continue };
        let home = names.home(&symbol, 0).unwrap_or(symbol);
        let Some((home, declaration)) = names.declarations(&home).next() else { continue };
        if let Some(kind) = of_kind(declaration.kind) {
            let (span, is_brought) = (mention.span.clone(), brought(home.origin));
            found.push(SemanticToken { span, kind, declares: false, is_brought });
        }
    }
    found
}

/// What something is that is declared; none of what is a keyword.
fn of_kind(kind: Kind) -> Option<SemanticKind> {
    Some(match kind {
        Kind::Package => SemanticKind::Package,
        Kind::Interface | Kind::Label => SemanticKind::Interface,
        Kind::World => SemanticKind::World,
        Kind::Alias => SemanticKind::Type,
        Kind::Record => SemanticKind::Record,
        Kind::Variant | Kind::Enum | Kind::Flags => SemanticKind::Enum,
        Kind::Resource => SemanticKind::Resource,
        Kind::Function => SemanticKind::Function,
        Kind::Field => SemanticKind::Field,
        Kind::Case => SemanticKind::Case,
        Kind::Parameter => SemanticKind::Parameter,
        Kind::Constructor | Kind::Used => return None,
    })
}

fn manifest(text: &str) -> Vec<SemanticToken> {
    let mut names = Vec::new();
    for section in outline(text) {
        let mut path = Vec::new();
        keys(&section.keys, &mut path, &mut names);
        entries(&section.entries, &path, &mut names);
    }
    let mut found: Vec<SemanticToken> = names
        .iter()
        .filter_map(|(span, kind)| kind.map(|kind| plain(span.clone(), kind)))
        .collect();
    names.sort_by_key(|(span, _)| span.start);
    let is_key = |span: &Range<usize>| {
        names.binary_search_by_key(&span.start, |(name, _)| name.start).is_ok()
    };
    for token in Source::new(text).lex() {
        let span = token.span().start()..token.span().end();
        let kind = match token.kind() {
            TokenKind::Comment => SemanticKind::Comment,
            TokenKind::BasicString | TokenKind::LiteralString => SemanticKind::Text,
            TokenKind::MlBasicString | TokenKind::MlLiteralString => SemanticKind::Text,
            TokenKind::Atom if ["true", "false"].contains(&&text[span.clone()]) => {
                SemanticKind::Keyword
            }
            TokenKind::Atom if text[span.clone()].starts_with(|c: char| !c.is_alphabetic()) => {
                SemanticKind::Number
            }
            _ => continue,
        };
        if !is_key(&span) {
            found.push(plain(span, kind));
        }
    }
    found
}

/// Each key of a manifest, and what it is if the manifest's schema knows it.
type Keys = Vec<(Range<usize>, Option<SemanticKind>)>;

fn entries(list: &[Entry], above: &[String], names: &mut Keys) {
    for entry in list {
        let mut path = above.to_vec();
        keys(&entry.keys, &mut path, names);
        entries(&entry.entries, &path, names);
    }
}

fn keys(keys: &[Key], path: &mut Vec<String>, names: &mut Keys) {
    for key in keys {
        path.push(key.name.clone());
        let kind = place::meaning(path).map(|meaning| match meaning {
            Meaning::Handler(_) => SemanticKind::Interface,
            Meaning::Entry(_) => SemanticKind::Parameter,
            Meaning::Field(_) if path.len() == 1 && meaning.keys().is_some() => {
                SemanticKind::Package
            }
            Meaning::Field(_) => SemanticKind::Field,
        });
        names.push((key.span.clone(), kind));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::engine::Vfs;

    /// Each part with what it is.
    fn listed(path: &str, text: &str) -> String {
        let mut vfs = Vfs::default();
        vfs.open(Path::new(path), 1, text.to_owned());
        let found = semantic_tokens(&vfs.snapshot(), Path::new(path));
        let line = |token: &SemanticToken| {
            let declares = if token.declares { ", declared" } else { "" };
            let brought = if token.is_brought { ", brought" } else { "" };
            let part = text[token.span.clone()].escape_debug();
            format!("{part}: {:?}{declares}{brought}\n", token.kind)
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn the_names_of_wit_are_what_they_stand_for() {
        insta::assert_snapshot!(listed(
            "/p/wit/a.wit",
            "package local:a@1.0.0;\n/// Doc\n@since(version = 1.2.3)\ninterface i {\n    use \
             theater:host/log@0.1.0.{level as l};\n    record r { f: list<u8> }\n    resource s { \
             constructor(of: r); }\n    g: func(a: nobody) -> l;\n}\nworld w {\n    import i;\n    \
             import theater:host/state@0.1.0;\n    /* two\n lines */ export %type: func();\n}\n"
        ));
    }

    #[test]
    fn the_keys_of_a_manifest_are_what_its_schema_says() {
        insta::assert_snapshot!(listed(
            "/p/theater.toml",
            "[actor]\nname = \"a\" # who\nnam = 'b'\n[handlers]\nlog = true\nstate = { max-size = \
             1.5, nothing = [2] }\n[links]\n\"a:b/c\" = \"d\"\n[[children]]\ninit = '''\nx'''\n"
        ));
    }

    proptest::proptest! {
        #[test]
        fn parts_are_in_order_and_apart(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "[", "]", "{", "}", "=", ",", "\n", " ", "key", "\"", "# ü", "1", "// x", "/*",
                    "*/", "interface i ", "use i.{", "f: func(", ")", ";", "'''", "package a:b;",
                    "@since(", "log",
                ]),
                0..40,
            ),
        ) {
            let text = pieces.concat();
            for path in ["/p/theater.toml", "/p/a.wit"] {
                let mut vfs = Vfs::default();
                vfs.open(Path::new(path), 1, text.clone());
                let mut end = 0;
                for token in semantic_tokens(&vfs.snapshot(), Path::new(path)) {
                    assert!(end <= token.span.start && text.get(token.span.clone()).is_some());
                    end = token.span.end;
                }
            }
        }
    }
}
