//! Parts of a project's own WIT that `@unstable` keeps out: no feature is ever on, so nobody sees them.

use super::Wit;
use super::duplicates::lines;
use crate::diagnostic::{Diagnostic, Edit, Source, WIT_GATED};
use crate::syntax::wit::view::{child, plain};
use crate::syntax::wit::{self, Node, SyntaxKind};
use std::sync::Arc;

/// Whether wit-parser's words are about an item behind a gate, or about the gate itself.
pub(super) fn is_gated(words: &str) -> bool {
    let parts = ["feature not being activated", "feature gate", "stability"];
    parts.iter().any(|part| words.contains(part))
}

/// A warning for each gate that keeps a part of the project's own package out.
pub(super) fn left_out(wit: &Wit) -> Vec<Diagnostic> {
    wit.files().iter().flat_map(in_file).collect()
}

fn in_file(file: &Arc<Source>) -> Vec<Diagnostic> {
    let root = wit::parse(&file.text).root();
    let gates = root.descendants().filter(|it| it.kind() == SyntaxKind::Gate);
    gates.filter_map(|gate| warning(file, &gate)).collect()
}

fn warning(file: &Arc<Source>, gate: &Node) -> Option<Diagnostic> {
    let word = child(gate, SyntaxKind::Reference)?;
    if plain(word.text().to_string().trim()) != "unstable" {
        return None;
    }
    let feature = gate.descendants_with_tokens().filter_map(|it| it.into_token());
    let feature = feature.filter(|it| !it.kind().is_trivia()).collect::<Vec<_>>();
    let equals = feature.iter().position(|it| it.kind() == SyntaxKind::Equals)?;
    let feature = plain(feature.get(equals + 1)?.text()).to_owned();
    let span = wit::span(gate.text_range());
    let message = format!("a part of the WIT is left out: the feature `{feature}` is never on");
    let edit =
        Edit { source: file.clone(), span: lines(&file.text, span.clone()), text: String::new() };
    Some(
        Diagnostic::warning(WIT_GATED, message)
            .at(file, span, "what stands behind this does not count")
            .help("Take the gate away, or write `@since(version = ...)` if the package has a version.")
            .maybe_fix("Remove the gate", Some(edit)),
    )
}
