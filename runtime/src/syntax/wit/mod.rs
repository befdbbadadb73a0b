//! WIT: the text format of the component model's interfaces.
//!
//! [`parse`] makes a tree of any text. It recovers at the next member or item, so that an unfinished
//! record takes nothing with it that stands behind it. [`view`] reads the tree by what it means.
//!
//! Origin of the grammar: the component model's `design/mvp/WIT.md`, as wit-parser understands it.

mod again;
mod format;
mod gates;
mod grammar;
mod kind;
mod lexer;
mod parser;
mod types;
pub mod view;

pub use again::{Reparsed, Tree};
pub use format::format;
pub use gates::conflicts;
pub use kind::SyntaxKind;
pub use lexer::{is_identifier, is_keyword};

use std::borrow::Cow;
use std::ops::Range;

/// The language of the trees, for rowan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wit {}

impl rowan::Language for Wit {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        SyntaxKind::ALL.get(usize::from(raw.0)).copied().unwrap_or(SyntaxKind::Error)
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        rowan::SyntaxKind(kind as u16)
    }
}

/// A node of a tree.
pub type Node = rowan::SyntaxNode<Wit>;
/// A token of a tree.
pub type Token = rowan::SyntaxToken<Wit>;

/// A place where a text is not WIT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What is wrong: lower-case, without a full stop.
    pub message: String,
    /// What to do about it, as a full sentence; may be empty.
    pub help: &'static str,
}

/// A text, parsed.
#[derive(Debug, Clone)]
pub struct Parse {
    green: rowan::GreenNode,
    errors: Vec<SyntaxError>,
}

impl Parse {
    /// The root of the tree, of kind [`SyntaxKind::File`]. Its text is the text that was parsed.
    pub fn root(&self) -> Node {
        Node::new_root(self.green.clone())
    }

    /// All that is wrong, in the order of the text.
    pub fn errors(&self) -> &[SyntaxError] {
        &self.errors
    }
}

/// Parses a text, whatever is in it.
pub fn parse(text: &str) -> Parse {
    let (tokens, mut errors) = lexer::lex(text);
    let mut parser = parser::Parser::new(text, &tokens);
    grammar::file(&mut parser);
    let (green, found) = parser.finish();
    errors.extend(found);
    if text.contains('@') {
        errors.extend(conflicts(&Node::new_root(green.clone())));
    }
    errors.sort_by_key(|error| (error.span.start, error.span.end));
    Parse { green, errors }
}

/// A text as wit-parser can read it: that ends with a panic at the comment `/**/` before an item. Of
/// the same length and meaning.
pub fn without_empty_comments(text: &str) -> Cow<'_, str> {
    const EMPTY: &str = "/**/";
    if !text.contains(EMPTY) {
        return Cow::Borrowed(text);
    }
    let mut out = text.to_owned();
    for (kind, span) in lexer::lex(text).0 {
        if kind == SyntaxKind::Comment && text[span.clone()] == *EMPTY {
            out.replace_range(span, "    ");
        }
    }
    Cow::Owned(out)
}

/// The bytes of a part of the tree.
pub fn span(range: rowan::TextRange) -> Range<usize> {
    range.start().into()..range.end().into()
}

#[cfg(test)]
#[allow(clippy::print_stderr)]
pub(crate) mod corpus;
#[cfg(test)]
pub(crate) mod tests;
