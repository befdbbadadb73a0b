//! A tree that is kept with its text, and made again when a part of the text is different: items that are the same are not
//! parsed a second time.
//!
//! The outcome is the tree of [`parse`](super::parse), because an item is read without regard to what stands before it. What
//! stands behind it matters for few tokens only, and an item that is taken over has at least as many.

use super::parser::Parser;
use super::{Node, SyntaxKind, grammar, lexer, parse, span, view::child};
use rowan::{GreenNode, NodeOrToken};
use std::ops::Range;

/// The tree of a text, as plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree(GreenNode);

/// What was parsed again, in bytes: whole items, with all that stands between them. Comments before the item that follows are
/// the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reparsed {
    /// In the text of before.
    pub before: Range<usize>,
    /// In the present text.
    pub now: Range<usize>,
}

impl Tree {
    /// The tree of a text, whatever is in it.
    pub fn of(text: &str) -> Self {
        Self(parse(text).green)
    }

    /// The root, of kind [`SyntaxKind::File`].
    pub fn root(&self) -> Node {
        Node::new_root(self.0.clone())
    }

    /// The tree of another text, which is made the faster the more of it is the same. `before`: this tree's text.
    pub fn again(&self, before: &str, now: &str) -> (Self, Reparsed) {
        let edit = difference(before, now);
        let root = self.root();
        let first = root.children().filter(|item| head(item).is_some_and(|end| end <= edit.start));
        let first = first.last();
        let next = root.children().find(|item| {
            let start = span(item.text_range()).start;
            let is_behind = first.as_ref().is_none_or(|first| first.index() < item.index());
            is_behind && start >= edit.end && head(item).is_some()
        });
        let limited = next.and_then(|next| self.up_to(first.as_ref(), &next, before, now));
        limited.unwrap_or_else(|| self.from(first.as_ref(), before, now))
    }

    /// Parses from an item to the end of another one. None if that is not read as before.
    fn up_to(
        &self,
        first: Option<&Node>,
        next: &Node,
        before: &str,
        now: &str,
    ) -> Option<(Self, Reparsed)> {
        let end = span(next.text_range()).end;
        let end_now = now.len().checked_sub(before.len() - end)?;
        let part = part(first, now, end_now)?;
        let last = part.children().last()?;
        if last.into_node()? != &*next.green() {
            return None;
        }
        let start = start(first);
        let tree = self.spliced(first, next.index() + 1, &part);
        Some((tree, Reparsed { before: start..end, now: start..end_now }))
    }

    /// Parses from an item to the end of the text.
    fn from(&self, first: Option<&Node>, before: &str, now: &str) -> (Self, Reparsed) {
        let start = start(first);
        let whole = Reparsed { before: start..before.len(), now: start..now.len() };
        match part(first, now, now.len()) {
            Some(part) => (self.spliced(first, self.0.children().len(), &part), whole),
            None => (Self::of(now), Reparsed { before: 0..before.len(), now: 0..now.len() }),
        }
    }

    /// This tree with other children from an item up to, not including, the one with a number.
    fn spliced(&self, first: Option<&Node>, end: usize, part: &GreenNode) -> Self {
        let children = part.children().map(|child| match child {
            NodeOrToken::Node(node) => NodeOrToken::Node(node.to_owned()),
            NodeOrToken::Token(token) => NodeOrToken::Token(token.to_owned()),
        });
        Self(self.0.splice_children(first.map_or(0, Node::index)..end, children))
    }
}

fn start(first: Option<&Node>) -> usize {
    first.map_or(0, |first| span(first.text_range()).start)
}

/// Parses the text from an item, or from the beginning, up to a byte.
fn part(first: Option<&Node>, text: &str, end: usize) -> Option<GreenNode> {
    let text = text.get(start(first)..end)?;
    let tokens = lexer::lex(text).0;
    let mut parser = Parser::new(text, &tokens);
    match first {
        Some(_) => grammar::rest_of_file(&mut parser),
        None => grammar::file(&mut parser),
    }
    Some(parser.finish().0)
}

/// The end of `interface a {` or `world a {`. What has this is told from what is around by these three tokens: no
/// question of the grammar at what stands before it looks further.
fn head(item: &Node) -> Option<usize> {
    let is_wanted = matches!(item.kind(), SyntaxKind::InterfaceItem | SyntaxKind::WorldItem);
    let body = child(item, SyntaxKind::Body).filter(|_| is_wanted)?;
    child(item, SyntaxKind::Declared)?;
    Some(span(body.text_range()).start + 1)
}

/// The bytes of a text that are different in another one.
fn difference(before: &str, now: &str) -> Range<usize> {
    let same = |pair: &(u8, u8)| pair.0 == pair.1;
    let mut start = before.bytes().zip(now.bytes()).take_while(same).count();
    while !before.is_char_boundary(start) || !now.is_char_boundary(start) {
        start -= 1;
    }
    let rest = before[start..].bytes().rev().zip(now[start..].bytes().rev());
    let mut end = before.len() - rest.take_while(same).count();
    while !before.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::corpus::texts;
    use super::super::tests::{WORDS, mutated_twice};
    use super::*;
    use proptest::prelude::*;

    fn is_as_parsed(before: &str, now: &str) -> Result<(), TestCaseError> {
        let (tree, reparsed) = Tree::of(before).again(before, now);
        let whole = Tree::of(now);
        prop_assert!(tree == whole, "{before:?}\n{now:?}\n{:#?}\n{:#?}", tree.root(), whole.root());
        prop_assert_eq!(&before[..reparsed.before.start], &now[..reparsed.now.start]);
        prop_assert_eq!(&before[reparsed.before.end..], &now[reparsed.now.end..]);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn what_is_made_again_is_what_is_parsed((before, now) in mutated_twice()) {
            is_as_parsed(&before, &now)?;
        }

        #[test]
        fn also_if_it_is_hardly_wit(
            words in prop::collection::vec(prop::sample::select(WORDS), 0..40),
            at in any::<prop::sample::Index>(),
            word in prop::sample::select(WORDS),
        ) {
            let at = at.index(words.len() + 1);
            let (left, right) = words.split_at(at);
            is_as_parsed(&words.concat(), &[left, &[word], right].concat().concat())?;
        }
    }

    /// A name in any place, as completion asks for it.
    #[test]
    fn a_name_in_place_of_any_word() {
        let short = texts().iter().filter(|(_, text)| text.len() < 2000);
        for (_, text) in short {
            let places = text.char_indices().map(|(at, _)| at);
            for at in places.filter(|at| at % 7 == 0) {
                let rest = text[at..].trim_start_matches(|c: char| c.is_alphanumeric());
                let now = format!("{}the-cursor-is-here{rest}", &text[..at]);
                is_as_parsed(text, &now).unwrap();
            }
        }
    }

    #[test]
    fn little_is_parsed_again() {
        let item = |n: usize| format!("/// Number {n}.\ninterface i{n} {{\n    f: func();\n}}\n\n");
        let text: String = (0..1000).map(item).collect();
        let at = text.find("interface i500").unwrap() + 25;
        let now = format!("{}x{}", &text[..at], &text[at..]);
        let (_, reparsed) = Tree::of(&text).again(&text, &now);
        assert!(reparsed.now.len() < 200, "{reparsed:?}");
    }
}
