//! The tree by what it means: names, comments and the parts of items.

use super::{Node, SyntaxKind, Token, Wit};
use std::iter;

type Element = rowan::SyntaxElement<Wit>;

/// The name that an item declares, without `%`.
pub fn declared(item: &Node) -> Option<Token> {
    child(item, SyntaxKind::Declared).and_then(|name| name.first_token())
}

/// The first child of a kind.
pub fn child(node: &Node, kind: SyntaxKind) -> Option<Node> {
    node.children().find(|child| child.kind() == kind)
}

/// The last token before another one that is no space or comment.
pub fn before(token: &Token) -> Option<Token> {
    // A token's own way back ends at nodes that are empty.
    let nodes = token.parent_ancestors().map(Element::from);
    let mut around = iter::once(Element::from(token.clone())).chain(nodes);
    around.find_map(|part| left_of(&part).find_map(|it| last_in(&it)))
}

/// What stands before a part of the tree in the same node, the nearest first.
fn left_of(part: &Element) -> impl Iterator<Item = Element> + use<> {
    iter::successors(part.prev_sibling_or_token(), Element::prev_sibling_or_token)
}

/// The last token of a part of the tree that is no space or comment.
fn last_in(part: &Element) -> Option<Token> {
    let node = match part.as_token() {
        Some(token) => return Some(token.clone()).filter(|it| !it.kind().is_trivia()),
        None => part.as_node()?,
    };
    let last = node.last_child_or_token()?;
    last_in(&last).or_else(|| left_of(&last).find_map(|it| last_in(&it)))
}

/// A name without the `%` that makes one of a keyword.
pub fn plain(text: &str) -> &str {
    text.strip_prefix('%').unwrap_or(text)
}

/// The text of a name without what only separates: spaces, comments, and the `%` of a keyword.
pub fn text(node: &Node) -> String {
    let tokens = node.descendants_with_tokens().filter_map(|it| it.into_token());
    let tokens = tokens.filter(|token| !token.kind().is_trivia());
    tokens.map(|token| plain(token.text()).to_owned()).collect()
}

/// The comment that documents an item: the `///` lines and `/** */` blocks right before it.
pub fn docs(item: &Node) -> Option<String> {
    let mut lines = Vec::new();
    let mut token = item.first_token()?.prev_token();
    while let Some(before) = token {
        match before.kind() {
            SyntaxKind::Space => {}
            SyntaxKind::Comment => match doc_text(before.text()) {
                Some(text) => lines.push(text),
                None => break,
            },
            _ => break,
        }
        token = before.prev_token();
    }
    lines.reverse();
    let text = lines.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn doc_text(comment: &str) -> Option<String> {
    if let Some(line) = comment.strip_prefix("///") {
        return Some(line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned());
    }
    let block = comment.strip_prefix("/**")?.strip_suffix("*/")?;
    let line = |line: &str| line.trim().trim_start_matches('*').trim().to_owned();
    Some(block.lines().map(line).collect::<Vec<_>>().join("\n"))
}
