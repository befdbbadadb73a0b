//! What holds between the folders of a `filesystem` grant.

use std::sync::Arc;

use super::Spanned;
use super::tree::Table;
use crate::diagnostic::{Diagnostic, FOLDER_TWICE, MIXED_KEYS, Source};

/// Checks the folders of a grant's settings; nothing for a handler without.
pub(super) fn check(source: &Arc<Source>, settings: &Table) -> Vec<Diagnostic> {
    let folders = settings.tables("folders");
    let mut problems: Vec<Diagnostic> =
        folders.iter().filter_map(|folder| size_without_writing(source, folder)).collect();
    let mut seen: Vec<Spanned<String>> = Vec::new();
    for guest in folders.iter().filter_map(|folder| folder.text("guest")) {
        match seen.iter().find(|other| other.value == guest.value) {
            Some(first) => problems.push(twice(source, first, &guest)),
            None => seen.push(guest),
        }
    }
    problems
}

fn twice(source: &Arc<Source>, first: &Spanned<String>, second: &Spanned<String>) -> Diagnostic {
    let message = format!("two folders have the guest path `{}`", first.value);
    Diagnostic::error(FOLDER_TWICE, message)
        .at(source, second.span.clone(), "again")
        .at(source, first.span.clone(), "first here")
        .help("Give each folder a `guest` path of its own.")
}

fn size_without_writing(source: &Arc<Source>, folder: &Table) -> Option<Diagnostic> {
    let access = folder.text("access")?;
    let size = folder.entries.get("max-size")?;
    // The default is no mistake.
    if access.value != "read" || size.key.is_empty() {
        return None;
    }
    let problem = Diagnostic::error(MIXED_KEYS, "`max-size` does not go with `access = \"read\"`")
        .at(source, size.key.clone(), "limits what is written");
    Some(problem.help("Write `access = \"write\"`, or remove `max-size`."))
}
