//! The tree by what it means: names, comments and the parts of items.

use super::{Node, SyntaxKind, Token};

/// The name that an item declares, without `%`.
pub fn declared(item: &Node) -> Option<Token> {
    child(item, SyntaxKind::Declared).and_then(|name| name.first_token())
}

/// The first child of a kind.
pub fn child(node: &Node, kind: SyntaxKind) -> Option<Node> {
    node.children().find(|child| child.kind() == kind)
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
