//! What stands between two tokens.

use super::{INDENT, Layout, is_line_comment, lists};
use crate::syntax::wit::{Node, SyntaxKind, Token};
use SyntaxKind::*;

/// How many tokens behind a comment are looked at to tell what it belongs to.
const FURTHEST: usize = 100;

impl Layout {
    /// What is to stand between two tokens, or at an end of the text, where `lines` end as it is.
    /// `blank_is_due` is kept from gap to gap: whether something at the top has ended, and no blank
    /// line has come since.
    pub fn gap(
        &self,
        before: Option<&Token>,
        after: Option<&Token>,
        lines: usize,
        blank_is_due: &mut bool,
    ) -> String {
        let Some(before) = before else { return String::new() };
        let comma = if lists::lacks_comma(&self.lists, before) { "," } else { "" };
        let Some(after) = after else { return format!("{comma}\n") };
        *blank_is_due |= self.ends_at_top(before);
        if !self.breaks(before, after, lines) {
            return format!("{comma}{}", if is_spaced(before, after) { " " } else { "" });
        }
        let at_edge = self.opens(before) || self.closes(after) || self.goes_on(after);
        let needed = *blank_is_due && wants_blank(after);
        let blank = !at_edge && (lines > 1 || needed);
        *blank_is_due = false;
        let end = if blank { "\n\n" } else { "\n" };
        format!("{comma}{end}{}", INDENT.repeat(self.depth(after)))
    }

    /// Whether a line ends between two tokens.
    fn breaks(&self, before: &Token, after: &Token, lines: usize) -> bool {
        let (comment, line) = (after.kind() == Comment, lines > 0);
        if is_line_comment(before) || self.begins(after) || self.closes(after) {
            return true;
        }
        if !comment {
            return before.kind() == Comment && line;
        }
        line || self.belongs_to_next(after)
    }

    /// Whether a comment stands on one line with what begins behind it: then it moves to a line of
    /// its own above it.
    fn belongs_to_next(&self, comment: &Token) -> bool {
        if is_line_comment(comment) {
            return false;
        }
        let mut after = comment.next_token();
        for _ in 0..FURTHEST {
            let Some(token) = after else { break };
            match token.kind() {
                Space if token.text().contains('\n') => return false,
                Space => {}
                Comment if is_line_comment(&token) => return false,
                Comment => {}
                _ => return self.begins(&token) || self.closes(&token),
            }
            after = token.next_token();
        }
        false
    }

    /// Whether a token ends something at the top, or in a nested package.
    fn ends_at_top(&self, token: &Token) -> bool {
        let last = |node: &Node| node.last_token().as_ref() == Some(token);
        token.parent_ancestors().take_while(last).any(|node| is_top(node.kind()))
    }
}

fn is_top(kind: SyntaxKind) -> bool {
    matches!(kind, PackageHeader | NestedPackage | InterfaceItem | WorldItem | TopUse)
}

/// Whether what comes is set apart by a blank line from what has ended at the top: all but a `use`
/// behind a `use`. Comments belong to what stands behind them, unless a blank line comes between.
fn wants_blank(token: &Token) -> bool {
    let mut after = Some(token.clone());
    while let Some(it) = after.as_ref().filter(|it| matches!(it.kind(), Space | Comment)) {
        if it.kind() == Space && it.text().matches('\n').count() > 1 {
            return false;
        }
        after = it.next_token();
    }
    let Some(after) = after else { return false };
    let item = after.parent_ancestors().find(|node| is_top(node.kind()));
    let Some(item) = item.filter(|item| item.first_token().as_ref() == Some(&after)) else {
        return false;
    };
    let before = item.prev_sibling().map(|before| before.kind());
    !(item.kind() == TopUse && before == Some(TopUse))
}

/// Whether there is a space between two tokens on one line.
pub(super) fn is_spaced(before: &Token, after: &Token) -> bool {
    let within = |token: &Token| token.parent().map_or(File, |parent| parent.kind());
    // Between a comment and a mark there is always space: `/` and `/*` would become `//`.
    if before.kind() == Comment || after.kind() == Comment {
        return true;
    }
    let is_plain = |kind| matches!(kind, Path | PackageName | Version);
    match (before.kind(), after.kind()) {
        // `a:b/c@1.0.0-rc.1`, in which nothing has space.
        (Colon | Slash | At | Period | Minus | Plus, _) if is_plain(within(before)) => false,
        (_, Colon | Slash | At | Period | Minus | Plus) if is_plain(within(after)) => false,
        (_, Integer | Name) if within(after) == Version && within(before) == Version => false,
        (LeftBrace, RightBrace) => false,
        (LeftBrace, _) => within(before) != UseList,
        (_, RightBrace) => within(after) != UseList,
        (Period, LeftBrace) => false,
        (LeftParen | LessThan | At | Period, _) => false,
        (_, LeftParen | RightParen | LessThan | GreaterThan) => false,
        (_, Comma | Semicolon | Colon | Period) => false,
        _ => true,
    }
}
