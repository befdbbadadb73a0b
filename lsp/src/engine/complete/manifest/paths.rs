//! What can stand where a path leads to something on this machine.

use super::values::Value;
use crate::engine::complete::{Completion, CompletionKind, Listed};
use crate::engine::vfs::normal;
use std::ops::Range;

impl Value<'_> {
    /// What is in the folder that the path before the cursor names: folders, and the files that the key takes.
    pub(super) fn paths(&self, key: &str, span: &Range<usize>) -> Vec<Completion> {
        let Some(base) = self.path.parent() else { return Vec::new() };
        let written = self.text[span.start..self.offset.clamp(span.start, span.end)]
            .trim_start_matches(['"', '\'']);
        let (folder, begun) = match written.rfind('/') {
            Some(slash) => written.split_at(slash + 1),
            None => ("", written),
        };
        if folder.contains('\\') {
            return Vec::new();
        }
        // Hidden ones only for who looks for them.
        let shown = |one: &Listed| begun.starts_with('.') || !one.name.starts_with('.');
        let all = (self.list)(&normal(&base.join(folder))).into_iter();
        let wanted = all.filter(|one| shown(one) && plain(&one.name) && takes(key, one));
        wanted
            .map(|one| completion(&format!("{folder}{}", one.name), one.is_folder, span))
            .collect()
    }
}

/// Whether a text can stand in quotes as it is.
fn plain(name: &str) -> bool {
    !name.contains(['"', '\\']) && !name.contains(char::is_control)
}

/// Whether the path of a key can lead there, or through it.
fn takes(key: &str, one: &Listed) -> bool {
    let ends = |endings: &[&str]| endings.iter().any(|ending| one.name.ends_with(ending));
    one.is_folder
        || match key {
            "component" | "output" => ends(&[".wasm", ".wat"]),
            "source" => ends(&[".wat"]),
            _ => false,
        }
}

/// Behind a folder one may go on: the cursor stays before the closing quote.
fn completion(path: &str, is_folder: bool, span: &Range<usize>) -> Completion {
    let one = Completion::plain(format!("\"{path}\""), CompletionKind::Path, span);
    match is_folder {
        true => one.detail("a folder").insert(format!("\"{path}"), "", "\""),
        false => one,
    }
}
