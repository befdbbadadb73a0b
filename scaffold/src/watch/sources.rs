//! Which files of an application a build, or a check, may depend on.

use super::Purpose;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use theater_runtime::manifest::{Build, Manifest};
use theater_runtime::world;

/// Folders that tools fill, at the top of a project or package.
const MADE: [&str; 2] = ["target", "build"];

/// Folders that tools fill, anywhere; besides these all whose names begin with a dot.
const MADE_ANYWHERE: [&str; 2] = ["node_modules", "__pycache__"];

/// The sources of an application, as its manifests are now.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// The folders of the manifests.
    projects: Vec<PathBuf>,
    /// The folders of Cargo packages that the manifests name.
    packages: Vec<PathBuf>,
    /// Files that the manifests name and that count wherever they lie, and their folders if these may
    /// not be there yet.
    named: Vec<PathBuf>,
    /// What builds write and nobody else reads.
    made: Vec<PathBuf>,
    /// Whether a command of a project's own is run, which may write anywhere.
    pub(super) by_command: bool,
}

impl Sources {
    /// The sources of the application at a manifest. Of a manifest that is wrong only the folder is
    /// known: nothing is built until it has changed.
    pub(super) fn of(manifest: &Path, purpose: Purpose) -> Self {
        let mut sources = Self::default();
        sources.visit(manifest, purpose);
        sources
    }

    fn visit(&mut self, path: &Path, purpose: Purpose) {
        let folder = if path.is_dir() { Some(path) } else { path.parent() };
        let Some(Ok(folder)) = folder.map(fs::canonicalize) else { return };
        if self.projects.contains(&folder) {
            return;
        }
        self.projects.push(folder);
        let Some(manifest) = Manifest::load(path).manifest else { return };
        match purpose {
            Purpose::Build => self.add_build(&manifest),
            Purpose::Check => self.add_component(&manifest),
        }
        for child in manifest.supervisor.iter().flat_map(|supervisor| &supervisor.children) {
            self.visit(&manifest.resolve(&child.manifest.value), purpose);
        }
    }

    fn roots(&self) -> impl Iterator<Item = &PathBuf> {
        self.projects.iter().chain(&self.packages)
    }

    /// What a check reads besides what lies in the project.
    fn add_component(&mut self, manifest: &Manifest) {
        let component = canonical(&world::component_path(manifest));
        self.named.extend(component.parent().map(Path::to_owned));
        self.named.push(component);
    }

    fn add_build(&mut self, manifest: &Manifest) {
        self.made.push(canonical(&world::component_path(manifest)));
        match &manifest.build {
            Some(Build::Rust { package: Some(package), .. }) => {
                self.packages.extend(fs::canonicalize(manifest.resolve(&package.value)));
            }
            Some(Build::Wat { source }) => {
                self.named.push(canonical(&manifest.resolve(&source.value)));
            }
            Some(Build::Command { output, .. }) => {
                self.made.push(canonical(&manifest.resolve(&output.value)));
                self.by_command = true;
            }
            Some(Build::Rust { package: None, .. }) | None => {}
        }
    }

    /// Whether what is done may depend on the file or folder.
    pub(super) fn contain(&self, path: &Path) -> bool {
        if self.named.iter().any(|named| named == path) {
            return true;
        }
        let within = self.roots().filter_map(|root| path.strip_prefix(root).ok());
        // From the innermost root: a package may lie in a folder of the project that is called
        // `build`.
        let inside = within.min_by_key(|inside| inside.components().count());
        inside.is_some_and(is_source) && !self.made.iter().any(|made| made == path)
    }

    /// The folders to watch, each for what lies directly in it. Those that tools fill are not among
    /// them: they can hold thousands of others.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let named = self.named.iter().filter_map(|file| file.parent()).map(Path::to_owned);
        let mut left: Vec<PathBuf> = self.roots().cloned().chain(named).collect();
        let mut found = BTreeSet::new();
        while let Some(folder) = left.pop() {
            if found.contains(&folder) {
                continue;
            }
            if self.roots().any(|root| folder.starts_with(root)) {
                left.extend(folders_in(&folder).filter(|folder| self.contain(folder)));
            }
            found.insert(folder);
        }
        found
    }
}

/// The folders directly in a folder, without links, which could lead in circles.
fn folders_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
}

/// Whether a path from the top of a project may be a source: names that begin with a dot or end
/// with `~` are those of tools and of editors' copies.
fn is_source(inside: &Path) -> bool {
    let mut names = inside.components().map(|part| part.as_os_str().to_string_lossy());
    let made =
        |name: &str| name.starts_with('.') || name.ends_with('~') || MADE_ANYWHERE.contains(&name);
    match names.next() {
        Some(first) => !MADE.contains(&&*first) && !made(&first) && !names.any(|name| made(&name)),
        None => true,
    }
}

/// A path as the system tells about it. The file itself need not exist.
fn canonical(path: &Path) -> PathBuf {
    match (path.parent().map(fs::canonicalize), path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sources(manifest: &str) -> (tempfile::TempDir, PathBuf, Sources) {
        let temporary = tempfile::tempdir().unwrap();
        let top = temporary.path().canonicalize().unwrap();
        let folder = top.join("project");
        for made in ["src/deep", "target/deep", "actor/target/deep", ".git", "../shared/deep"] {
            fs::create_dir_all(folder.join(made)).unwrap();
        }
        fs::write(folder.join("theater.toml"), manifest).unwrap();
        let sources = Sources::of(&folder.join("theater.toml"), Purpose::Build);
        (temporary, top, sources)
    }

    fn folders(top: &Path, sources: &Sources) -> Vec<String> {
        let folders = sources.folders().into_iter();
        let inside = folders.map(|folder| folder.strip_prefix(top).unwrap().display().to_string());
        inside.collect()
    }

    #[test]
    fn what_tools_write_is_no_source() {
        let manifest = "[actor]\nname = \"a\"\ncomponent = \"dist.wasm\"\n\
                        [build]\nlanguage = \"rust\"\nsource = \"actor\"\n";
        let (_temporary, top, sources) = sources(manifest);
        assert_eq!(sources.roots().count(), 2);
        assert_eq!(
            folders(&top, &sources),
            ["project", "project/actor", "project/src", "project/src/deep"]
        );
        let counts = |path: &str| sources.contain(&top.join("project").join(path));
        for source in ["", "theater.toml", "Cargo.lock", "src/build/mod.rs", "actor/src/lib.rs"] {
            assert!(counts(source), "{source}");
        }
        for made in [
            "dist.wasm",
            "target",
            "target/x",
            "build/x.wasm",
            "actor/target/x",
            ".theater/runs",
            "src/.lib.rs.swp",
            "src/lib.rs~",
            "src/node_modules/x.js",
            "../other",
        ] {
            assert!(!counts(made), "{made}");
        }
    }

    #[test]
    fn a_named_source_counts_wherever_it_lies() {
        let manifest = "[actor]\nname = \"a\"\n\
                        [build]\nlanguage = \"wat\"\nsource = \"../shared/a.wat\"\n";
        let (_temporary, top, sources) = sources(manifest);
        assert!(folders(&top, &sources).contains(&"shared".to_owned()));
        assert!(!folders(&top, &sources).contains(&"shared/deep".to_owned()));
        assert!(sources.contain(&top.join("shared/a.wat")));
        assert!(!sources.contain(&top.join("shared/b.wat")));
    }

    #[test]
    fn the_projects_of_children_belong_to_it() {
        let child = |name: &str| format!("[[children]]\nname = \"c\"\nmanifest = \"{name}\"\n");
        let children = child("actor").replace("\"c\"", "\"b\"") + &child("../shared");
        let manifest = format!("[actor]\nname = \"a\"\n[supervisor]\n{children}");
        let (_temporary, top, _) = sources(&manifest);
        // One of them is wrong, the other names the project again.
        fs::write(top.join("shared/theater.toml"), "[actor").unwrap();
        fs::write(top.join("project/actor/theater.toml"), manifest.replace("actor\"", "..\""))
            .unwrap();
        let sources = Sources::of(&top.join("project/theater.toml"), Purpose::Build);
        assert_eq!(sources.projects.len(), 3);
        assert!(sources.contain(&top.join("shared/theater.toml")));
        assert!(sources.contain(&top.join("project/actor/src/a.wat")));
        assert!(!sources.contain(&top.join("project/actor/build/a.wasm")));
    }
}
