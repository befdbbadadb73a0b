//! What can be done about the problems at a place.

use super::check::{FileEdit, Fix, Problem, inputs, problems, units};
use super::vfs::Snapshot;
use std::ops::Range;
use std::path::Path;
use theater_runtime::diagnostic::overlap;

/// A fix of one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The problem that it does away with.
    pub problem: Problem,
    /// What is done.
    pub fix: Fix,
}

/// The fixes of the problems that touch a range of a file. Those that are certain come first.
pub fn actions(files: &Snapshot, path: &Path, range: &Range<usize>) -> Vec<Action> {
    let touches =
        |problem: &Problem| problem.span.start <= range.end && range.start <= problem.span.end;
    let found = found_in(files, path).into_iter().filter(touches);
    let mut actions: Vec<Action> = found
        .flat_map(|problem| {
            let fixes = problem.fixes.clone();
            fixes.into_iter().map(move |fix| Action { problem: problem.clone(), fix })
        })
        .collect();
    actions.sort_by_key(|action| !action.fix.is_certain);
    actions
}

/// All fixes of a file that are certain, as one; none if there is none. Of those that touch the same place, only the
/// first is in it.
pub fn fix_all(files: &Snapshot, path: &Path) -> Option<Fix> {
    let mut edits: Vec<FileEdit> = Vec::new();
    for problem in found_in(files, path) {
        let Some(fix) = problem.fixes.into_iter().find(|fix| fix.is_certain) else { continue };
        let is_free = |(file, span, _): &FileEdit| {
            let taken = edits.iter().any(|(other, taken, _)| file == other && overlap(span, taken));
            !taken
        };
        if fix.edits.iter().all(is_free) {
            edits.extend(fix.edits);
        }
    }
    let title = "Fix all that is certainly meant".to_owned();
    (!edits.is_empty()).then_some(Fix { title, edits, is_certain: true })
}

/// The problems of a file, as they are in this snapshot.
fn found_in(files: &Snapshot, path: &Path) -> Vec<Problem> {
    let units = units(files).into_iter();
    let concerned = units.filter(|unit| inputs(files, unit).iter().any(|input| input == path));
    let mut found: Vec<Problem> =
        concerned.filter_map(|unit| problems(files, &unit).remove(path)).flatten().collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
