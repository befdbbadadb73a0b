//! The one layout of a manifest.
//!
//! One space around `=` and behind commas, one blank line at most and always one before a table,
//! nothing indented but the inside of what has several lines. Where lines end in a list is the
//! writer's choice, and so are comments in one column. Nothing but space changes.

mod comments;
mod gap;

use crate::syntax::Edit;
use crate::syntax::edit::line_end;
use std::ops::Range;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// A token that is no space: its kind and its bytes.
type Significant = (TokenKind, Range<usize>);

/// What is to change so that a text has the one layout; none if it is not TOML.
pub fn format(text: &str) -> Option<Vec<Edit>> {
    toml::de::DeTable::parse(text).ok()?;
    let tokens = significant(text);
    let end = line_end(text);
    let mut walk = gap::Walk::new(text, &tokens);
    let mut comments = comments::Columns::new(text);
    let mut gaps = Vec::new();
    for at in 0..=tokens.len() {
        let from = match at.checked_sub(1) {
            Some(before) => tokens[before].1.end,
            None => bom(text),
        };
        let to = tokens.get(at).map_or(text.len(), |token| token.1.start);
        let wanted = walk.gap(at, &text[from..to]);
        let Some((kind, span)) = tokens.get(at) else {
            gaps.push((from..to, wanted));
            break;
        };
        comments.gap(&wanted);
        if *kind == TokenKind::Comment && !wanted.contains('\n') && at > 0 {
            comments.found(gaps.len(), span.start);
        }
        comments.token(&text[span.clone()]);
        gaps.push((from..to, wanted));
    }
    for (gap, spaces) in comments.aligned() {
        gaps[gap].1 = " ".repeat(spaces);
    }
    let edits =
        gaps.into_iter().map(|(span, wanted)| Edit { span, text: wanted.replace('\n', end) });
    Some(edits.filter(|edit| text[edit.span.clone()] != edit.text).collect())
}

/// All tokens but space, comments without the spaces at their end.
fn significant(text: &str) -> Vec<Significant> {
    let tokens = Source::new(text).lex();
    let tokens = tokens.map(|token| (token.kind(), token.span().start()..token.span().end()));
    let is_space =
        |kind| matches!(kind, TokenKind::Whitespace | TokenKind::Newline | TokenKind::Eof);
    let tokens = tokens.filter(|(kind, span)| !is_space(*kind) && span.end > bom(text));
    let trimmed = tokens.map(|(kind, span)| match kind {
        TokenKind::Comment => {
            let length = text[span.clone()].trim_end_matches([' ', '\t']).len();
            (kind, span.start..span.start + length)
        }
        _ => (kind, span),
    });
    trimmed.collect()
}

/// Where a text begins, behind a byte order mark.
fn bom(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

#[cfg(test)]
mod tests;
