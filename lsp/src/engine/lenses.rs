//! What can be done with a project, shown above its manifest's first table.

use super::outline::outline;
use super::place;
use super::vfs::Snapshot;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Something to do, and where it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lens {
    /// The bytes that it is about.
    pub span: Range<usize>,
    /// What it does, as an instruction.
    pub title: &'static str,
    /// The subcommand of `theater` that does it.
    pub command: &'static str,
    /// The project in which it is done.
    pub folder: PathBuf,
}

/// What can be done with the project of a manifest. Nothing for other files, and for a manifest
/// without `[actor]`.
pub fn lenses(files: &Snapshot, path: &Path) -> Vec<Lens> {
    let Some(text) = files.text(path).filter(|_| place::is_manifest(path)) else {
        return Vec::new();
    };
    let sections = outline(text.as_str());
    let table = |name: &str| {
        sections.iter().find(|section| matches!(&*section.keys, [key] if key.name == name))
    };
    let (Some(actor), Some(folder)) = (table("actor"), path.parent()) else { return Vec::new() };
    let build = table("build").map(|_| ("Build", "build"));
    let all = [("Run", "run"), ("Open in REPL", "repl"), ("Replay last run", "replay")];
    let lens = |(title, command)| Lens {
        span: actor.header.clone(),
        title,
        command,
        folder: folder.to_owned(),
    };
    build.into_iter().chain(all).map(lens).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Vfs;

    fn titles(path: &str, text: &str) -> Vec<&'static str> {
        let mut vfs = Vfs::default();
        vfs.open(Path::new(path), 1, text.to_owned());
        let lenses = lenses(&vfs.snapshot(), Path::new(path));
        assert!(lenses.iter().all(|lens| &text[lens.span.clone()] == "[actor]"));
        assert!(lenses.iter().all(|lens| lens.folder == Path::new("/p")));
        lenses.iter().map(|lens| lens.title).collect()
    }

    #[test]
    fn a_manifest_offers_what_can_be_done_with_its_project() {
        let all = ["Build", "Run", "Open in REPL", "Replay last run"];
        assert_eq!(titles("/p/theater.toml", "# x\n[actor]\n[build]\n"), all);
        assert_eq!(titles("/p/theater.toml", "[actor]\nname = [\n"), all[1..]);
        assert_eq!(titles("/p/theater.toml", "[limits]\n"), [""; 0]);
        assert_eq!(titles("/p/other.toml", "[actor]\n"), [""; 0]);
    }
}
