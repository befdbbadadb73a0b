//! Other names for actors, wherever somebody means them.

use super::{Cast, Meant, Role, Written, last, meant};
use crate::engine::check::FileEdit;
use crate::engine::vfs::Snapshot;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use theater_runtime::manifest::check_name;
use theater_runtime::world::meaning_of_name;

/// The bytes of the actor's name at a byte; none if no such name is there.
pub fn prepare_rename(files: &Snapshot, path: &Path, offset: usize) -> Option<Range<usize>> {
    meant(files, path, offset).map(|meant| meant.span)
}

/// The changes that give the actor at a byte another name; none if no actor's name is there.
///
/// # Errors
/// Why it cannot have that name, as a sentence.
pub fn rename(
    files: &Snapshot,
    path: &Path,
    offset: usize,
    new: &str,
) -> Option<Result<Vec<FileEdit>, String>> {
    Some(renamed(&meant(files, path, offset)?, new.trim()))
}

fn renamed(meant: &Meant, new: &str) -> Result<Vec<FileEdit>, String> {
    check_name(new).map_err(|bad| format!("`{new}` names no actor: {}.", bad.reason))?;
    let after = After::of(meant, new)?;
    after.keeps_meanings()?;
    let edit = |location: super::Location| (location.path, location.span, new.to_owned());
    Ok(meant.everywhere().into_iter().map(edit).collect())
}

/// The actors as they would be called.
struct After<'a> {
    cast: &'a Cast,
    meant: &'a Meant,
    new: &'a str,
    /// The path of each.
    paths: Vec<String>,
    /// The actors by their roots and those paths.
    by_path: HashMap<(usize, String), usize>,
}

impl<'a> After<'a> {
    /// Fails if two actors would have one name.
    fn of(meant: &'a Meant, new: &'a str) -> Result<Self, String> {
        let cast = &meant.cast;
        let (mut paths, mut by_path) = (Vec::<String>::new(), HashMap::new());
        for (index, actor) in cast.actors.iter().enumerate() {
            let is_meant = meant.actors.contains(&index);
            let name = if is_meant { new } else { last(&actor.path) };
            let path = match actor.above {
                Some(above) => format!("{}/{name}", paths[above]),
                None => name.to_owned(),
            };
            let taken = by_path.insert((actor.root, path.clone()), index);
            // Those that have one name already are another problem.
            let had_one = |other: usize| cast.actors[other].path == actor.path;
            if let (Some(other), Some(above)) = (taken, actor.above)
                && !had_one(other)
            {
                let supervisor = &cast.actors[above].path;
                return Err(format!(
                    "There is a `{new}` among the children of `{supervisor}` already."
                ));
            }
            paths.push(path);
        }
        Ok(Self { cast, meant, new, paths, by_path })
    }

    /// Whether everybody would mean the same actors as now.
    fn keeps_meanings(&self) -> Result<(), String> {
        for (from, actor) in self.cast.actors.iter().enumerate() {
            for name in actor.names.iter().filter(|name| name.role == Role::Mention) {
                let Some(now) = self.cast.meaning(from, &name.text) else { continue };
                let said = self.said(from, name);
                if self.meaning(from, &said) != Some(now) {
                    return Err(format!(
                        "`{}` names `{}`, which would then be another actor.",
                        actor.path, name.text
                    ));
                }
            }
        }
        Ok(())
    }

    /// What a mention would be.
    fn said(&self, from: usize, name: &Written) -> String {
        let mut said = name.text.clone();
        for (span, actor) in self.cast.parts(from, name).into_iter().rev() {
            if self.meant.actors.contains(&actor) {
                let (start, end) = (span.start - name.span.start, span.end - name.span.start);
                said.replace_range(start..end, self.new);
            }
        }
        said
    }

    fn meaning(&self, from: usize, name: &str) -> Option<usize> {
        let root = self.cast.actors[from].root;
        let find = |path: &str| {
            let found = self.by_path.get(&(root, path.to_owned())).copied();
            found.filter(|actor| !self.cast.actors[*actor].is_template)
        };
        find(&meaning_of_name(&self.paths[from], name, |path| find(path).is_some())?)
    }
}
