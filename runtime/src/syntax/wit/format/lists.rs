//! Which bodies and lists stand on several lines.

use super::{INDENT, LONGEST_LINE, is_line_comment};
use crate::syntax::wit::{Node, SyntaxKind, Token};
use SyntaxKind::*;
use std::collections::HashSet;

/// All bodies and lists that stand on several lines. It depends on tokens alone, never on space, so
/// that formatting twice changes nothing more.
pub(super) fn broken(root: &Node) -> HashSet<Node> {
    root.descendants().filter(is_broken).collect()
}

fn is_broken(node: &Node) -> bool {
    match node.kind() {
        Body => has_content(node),
        ParamList | UseList | IncludeList => {
            let items = node.children().next().is_some();
            items && ends_with_comma(node) || has_comment(node) || items && is_too_long(node)
        }
        _ => false,
    }
}

/// Whether something stands between the braces.
pub(super) fn has_content(body: &Node) -> bool {
    let inside = body.children_with_tokens().skip_while(|part| part.kind() != LeftBrace).skip(1);
    inside.into_iter().any(|part| !matches!(part.kind(), Space | RightBrace))
}

/// Whether the last member of a list has a comma behind it.
pub(super) fn ends_with_comma(list: &Node) -> bool {
    let tokens = list.children_with_tokens();
    let parts =
        tokens.filter(|part| !matches!(part.kind(), Space | Comment | RightBrace | RightParen));
    parts.last().is_some_and(|part| part.kind() == Comma)
}

/// Whether a list has comments for single members, or one that only the end of a line ends.
fn has_comment(list: &Node) -> bool {
    let tokens = list.descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token);
    let mut comments = tokens.filter(|token| token.kind() == Comment);
    comments.any(|comment| {
        is_line_comment(&comment)
            || comment.text().starts_with("/**")
            || comment.text().contains('\n')
    })
}

/// Whether the item of a list is too long for one line.
fn is_too_long(list: &Node) -> bool {
    let Some(item) = list.ancestors().skip(1).find(|node| is_item(node.kind())) else {
        return false;
    };
    let levels =
        item.ancestors().skip(1).filter(|node| matches!(node.kind(), Body | NestedPackage));
    let parts = item.children_with_tokens().filter(|part| part.kind() != Gate);
    let mut width = levels.count() * INDENT.len();
    let mut before: Option<Token> = None;
    for part in parts {
        let tokens: Vec<Token> = match part {
            rowan::NodeOrToken::Token(token) => vec![token],
            rowan::NodeOrToken::Node(node) => {
                node.descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token).collect()
            }
        };
        for token in tokens.into_iter().filter(|token| token.kind() != Space) {
            let gap = before.as_ref().is_some_and(|before| super::gap::is_spaced(before, &token));
            width += usize::from(gap) + token.text().chars().count();
            before = Some(token);
        }
    }
    width > LONGEST_LINE
}

fn is_item(kind: SyntaxKind) -> bool {
    matches!(kind, FuncItem | ConstructorItem | ImportItem | ExportItem | UseItem | IncludeItem)
}

/// Whether a token is one of the brackets around a body or list.
pub(super) fn is_bracket(token: &Token) -> bool {
    matches!(token.kind(), LeftBrace | RightBrace | LeftParen | RightParen)
}

/// Whether a token is within the braces of a nested package.
pub(super) fn is_behind_brace(package: &Node, token: &Token) -> bool {
    let tokens = package.children_with_tokens().filter_map(rowan::NodeOrToken::into_token);
    let open = tokens.into_iter().find(|token| token.kind() == LeftBrace);
    let closes = token.kind() == RightBrace && package.last_token().as_ref() == Some(token);
    let start = token.text_range().start();
    !closes && open.is_some_and(|open| open.text_range().end() <= start)
}

/// Whether a comma is missing behind a token: it ends the last member of a list on several lines.
pub(super) fn lacks_comma(lists: &HashSet<Node>, token: &Token) -> bool {
    let last = |node: &Node| node.last_token().as_ref() == Some(token);
    let ends = token.parent_ancestors().take_while(last);
    let member = ends
        .filter_map(|node| Some((node.parent()?, node)))
        .find(|(list, _)| lists.contains(list) && takes_commas(list));
    member.is_some_and(|(list, node)| node.next_sibling().is_none() && !ends_with_comma(&list))
}

fn takes_commas(list: &Node) -> bool {
    let owner = list.parent().map(|parent| parent.kind());
    list.kind() != Body || matches!(owner, Some(RecordItem | VariantItem | EnumItem | FlagsItem))
}
