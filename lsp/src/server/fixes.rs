//! Fixes that travel with a problem: an editor that gives the problem back gets them without another check, as long as the
//! texts are those in which the problem was found.

use super::convert::{Converter, path};
use crate::engine::{Fix, Snapshot, Text};
use serde_json::{Map, Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use tower_lsp::ls_types as lsp;

/// A number that is another one as soon as a text is.
pub fn hash(text: &Text) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.as_str().hash(&mut hasher);
    hasher.finish()
}

/// What travels with a problem that has these fixes; nothing if it has none.
pub fn data(converter: &Converter, fixes: &[Fix]) -> Option<Value> {
    if fixes.is_empty() {
        return None;
    }
    let mut texts = Map::new();
    for (path, ..) in fixes.iter().flat_map(|fix| &fix.edits) {
        // As a text: numbers of this size are none that every editor can keep.
        let hash = converter.hash(path)?.to_string();
        texts.insert(super::convert::uri(path)?.to_string(), hash.into());
    }
    let actions: Vec<lsp::CodeAction> = fixes.iter().map(|fix| converter.quick_fix(fix)).collect();
    Some(json!({ "texts": texts, "actions": actions }))
}

/// The fixes that these problems carry. None if one of them carries none that can still be made: then somebody has to look
/// again. Those that are certain come first.
pub fn carried(files: &Snapshot, diagnostics: &[lsp::Diagnostic]) -> Option<Vec<lsp::CodeAction>> {
    let mut actions = Vec::new();
    for diagnostic in diagnostics {
        let data = diagnostic.data.as_ref()?;
        for (uri, known) in data.get("texts")?.as_object()? {
            let text = files.text(&path(&uri.parse().ok()?)?)?;
            if known.as_str()?.parse() != Ok(hash(&text)) {
                return None;
            }
        }
        let carried = serde_json::from_value::<Vec<lsp::CodeAction>>(data.get("actions")?.clone());
        for action in carried.ok()? {
            actions.push(lsp::CodeAction { diagnostics: Some(vec![diagnostic.clone()]), ..action });
        }
    }
    actions.sort_by_key(|action| action.is_preferred != Some(true));
    (!actions.is_empty()).then_some(actions)
}
