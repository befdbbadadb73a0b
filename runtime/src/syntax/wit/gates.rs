//! Attributes of one item that cannot stand together, as wit-parser has it.

use super::view::{child, text};
use super::{Node, SyntaxError, SyntaxKind, span};
use std::ops::Range;

/// What can be done about attributes of which one is too much.
const ONE_TOO_MANY: &str = "Remove one of the two.";

/// Attributes that cannot stand together, in the order of the text.
pub fn conflicts(root: &Node) -> Vec<SyntaxError> {
    root.descendants().flat_map(|item| in_item(&item)).collect()
}

fn in_item(item: &Node) -> Vec<SyntaxError> {
    let gates = item.children().filter(|child| child.kind() == SyntaxKind::Gate);
    let named = gates.filter_map(|gate| {
        Some((text(&child(&gate, SyntaxKind::Reference)?), span(gate.text_range())))
    });
    let gates: Vec<(String, Range<usize>)> = named.collect();
    let place = |name: &str| gates.iter().position(|(other, _)| other == name);
    let error =
        |at: usize, message: String, help| SyntaxError { span: gates[at].1.clone(), message, help };
    let mut errors = Vec::new();
    for (at, (name, _)) in gates.iter().enumerate() {
        if place(name) != Some(at) {
            errors.push(error(at, format!("`@{name}` stands before one item twice"), ONE_TOO_MANY));
        }
    }
    match (place("since"), place("unstable"), place("deprecated")) {
        (Some(since), Some(unstable), _) => {
            let message = "`@since` and `@unstable` exclude each other".to_owned();
            errors.push(error(since.max(unstable), message, ONE_TOO_MANY));
        }
        (None, None, Some(deprecated)) => {
            let message = "`@deprecated` stands without `@since` or `@unstable`".to_owned();
            let help = "Add `@since(version = ...)`: the version in which the item came.";
            errors.push(error(deprecated, message, help));
        }
        _ => {}
    }
    errors
}
