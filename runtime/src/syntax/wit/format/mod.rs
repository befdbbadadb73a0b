//! The one layout of WIT: that of WASI's own files.
//!
//! Four spaces for each level; items, members and attributes on lines of their own; a blank line
//! between what stands at the top, elsewhere up to one where the writer has one. Parameters and the
//! names of a `use` stay on one line unless it becomes too long, there are comments for single ones,
//! or the writer ends the list with a comma. What is broken into lines ends with a comma.
//!
//! Nothing but space changes, and those commas: no comment moves from one token to another, because
//! comments are documentation. What stands at the top and has an error stays as it is, and so does
//! the space around it.

mod gap;
mod lists;

use super::{Node, SyntaxKind, Token, parse, span};
use crate::syntax::Edit;
use crate::syntax::edit::line_end;
use SyntaxKind::*;
use std::collections::HashSet;
use std::ops::Range;

/// The spaces of one level.
const INDENT: &str = "    ";

/// How long a line may become before a list is broken into lines, in characters.
const LONGEST_LINE: usize = 100;

/// What is to change so that a text has the one layout. Nothing where it is no WIT.
pub fn format(text: &str) -> Vec<Edit> {
    let parse = parse(text);
    let root = parse.root();
    let tokens: Vec<Token> = root
        .descendants_with_tokens()
        .filter_map(rowan::NodeOrToken::into_token)
        .filter(|token| token.kind() != Space)
        .collect();
    let layout = Layout {
        lists: lists::broken(&root),
        wrong: wrong(&root, &parse, &tokens),
        gated: gated(&tokens),
    };
    let end = line_end(text);
    let mut edits = Vec::new();
    let (mut before, mut blank_is_due) = (None, false);
    for token in tokens.iter().map(Some).chain([None]) {
        let from = before.map_or(start(text), |before: &Token| trimmed_end(before));
        let to = token.map_or(text.len(), |token| span(token.text_range()).start);
        let is_free = [before, token].into_iter().flatten().all(|token| !layout.is_wrong(token));
        let there = &text[from..to];
        let lines = there.matches('\n').count();
        if is_free {
            let wanted = layout.gap(before, token, lines, &mut blank_is_due).replace('\n', end);
            if there != wanted {
                edits.push(Edit { span: from..to, text: wanted });
            }
        } else {
            blank_is_due = lines < 2;
        }
        before = token;
    }
    edits
}

/// Where the text begins, behind a byte order mark.
fn start(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// Where a token ends, without the spaces at the end of a comment's line.
fn trimmed_end(token: &Token) -> usize {
    let range = span(token.text_range());
    match is_line_comment(token) {
        true => range.start + token.text().trim_end_matches([' ', '\t', '\r']).len(),
        false => range.end,
    }
}

fn is_line_comment(token: &Token) -> bool {
    token.kind() == Comment && token.text().starts_with("//")
}

/// The parts at the top in which something is wrong: their first bytes and those behind them.
fn wrong(root: &Node, parse: &super::Parse, tokens: &[Token]) -> Vec<Range<usize>> {
    let significant: Vec<_> = tokens.iter().filter(|token| token.kind() != Comment).collect();
    // What is missing is told at what stands in its place: it is missing behind the token before.
    let errors = parse.errors().iter().map(|error| {
        let behind = |token: &&Token| span(token.text_range()).end <= error.span.start;
        let before = significant.partition_point(behind).checked_sub(1);
        before.map_or(0, |before| span(significant[before].text_range()).end)..error.span.end
    });
    let errors = merged(errors.collect());
    let touched = root.children().filter_map(|part| {
        let here = span(part.text_range());
        let touches = touching(&errors, &here);
        let is_wrong = touches || part.descendants().any(|node| node.kind() == Error);
        is_wrong.then_some(here)
    });
    merged(touched.chain(errors.iter().cloned()).collect())
}

/// The same bytes as ranges in order, none of which touches another.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Whether one of merged ranges overlaps or touches another one.
fn touching(ranges: &[Range<usize>], here: &Range<usize>) -> bool {
    let first = ranges.partition_point(|range| range.end < here.start);
    ranges.get(first).is_some_and(|range| range.start <= here.end)
}

/// Where the tokens begin before which, comments aside, an attribute ends.
fn gated(tokens: &[Token]) -> HashSet<usize> {
    let mut gated = HashSet::new();
    let mut behind_gate = false;
    for token in tokens {
        if behind_gate {
            gated.insert(span(token.text_range()).start);
        }
        if token.kind() != Comment {
            let last = |node: &Node| node.last_token().as_ref() == Some(token);
            let mut ends = token.parent_ancestors().take_while(last);
            behind_gate = ends.any(|node| node.kind() == Gate);
        }
    }
    gated
}

/// What is known of a whole text before its gaps are looked at.
struct Layout {
    /// The lists and bodies that stand on several lines.
    lists: HashSet<Node>,
    /// Ranges in order in which something is wrong.
    wrong: Vec<Range<usize>>,
    /// Where the tokens behind attributes begin.
    gated: HashSet<usize>,
}

impl Layout {
    /// Whether a token is in or at something that is wrong.
    fn is_wrong(&self, token: &Token) -> bool {
        touching(&self.wrong, &span(token.text_range()))
    }

    /// How many levels deep a line is that begins with this token.
    fn depth(&self, token: &Token) -> usize {
        let mut depth = 0;
        for node in token.parent_ancestors() {
            let is_bracket = token.parent().as_ref() == Some(&node) && lists::is_bracket(token);
            let holds = match node.kind() {
                NestedPackage => lists::is_behind_brace(&node, token),
                _ => self.lists.contains(&node),
            };
            depth += usize::from(holds && !is_bracket);
        }
        depth + usize::from(self.goes_on(token))
    }

    /// Whether a line that begins with this token goes on with an item.
    fn goes_on(&self, token: &Token) -> bool {
        if self.begins(token) || self.closes(token) {
            return false;
        }
        let Some(parent) = token.parent() else { return false };
        let between = parent.kind() == File
            || parent.kind() == NestedPackage && lists::is_behind_brace(&parent, token)
            || self.lists.contains(&parent);
        let comment = token.kind() == Comment && self.is_gated(token);
        !(between || comment)
    }

    /// Whether a token begins a line because of what it is: an item, a member, an attribute, or what
    /// stands behind attributes.
    fn begins(&self, token: &Token) -> bool {
        let holds =
            |node: &Node| matches!(node.kind(), File | NestedPackage) || self.lists.contains(node);
        let first = |node: &Node| node.first_token().as_ref() == Some(token);
        let firsts = token.parent_ancestors().take_while(first);
        let item = firsts.filter_map(|node| node.parent().map(|parent| (node, parent))).any(
            |(node, parent)| match node.kind() {
                Gate => true,
                PackageName => false,
                _ => holds(&parent),
            },
        );
        item || token.kind() != Comment && self.is_gated(token)
    }

    /// Whether an attribute ends before a token, comments aside.
    fn is_gated(&self, token: &Token) -> bool {
        self.gated.contains(&span(token.text_range()).start)
    }

    /// Whether a token is the closing bracket of what stands on several lines.
    fn closes(&self, token: &Token) -> bool {
        let Some(parent) = token.parent() else { return false };
        match token.kind() {
            RightBrace if parent.kind() == NestedPackage => lists::has_content(&parent),
            RightBrace | RightParen => self.lists.contains(&parent),
            _ => false,
        }
    }

    /// Whether a token is the opening bracket of what stands on several lines.
    fn opens(&self, token: &Token) -> bool {
        let Some(parent) = token.parent() else { return false };
        match token.kind() {
            LeftBrace if parent.kind() == NestedPackage => lists::has_content(&parent),
            LeftBrace | LeftParen => self.lists.contains(&parent),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
