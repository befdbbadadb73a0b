//! Where the names and paths of a manifest lead.

use super::outline::{Entry, outline};
use super::place::{self, Meaning};
use super::vfs::{Snapshot, normal};
use std::ops::Range;
use std::path::{Path, PathBuf};
use theater_runtime::files::Files;
use theater_runtime::manifest::FILE_NAME;
use theater_runtime::manifest::schema::{Field, Kind, Rule};
use theater_runtime::world::Wit;

/// A path or name in a manifest, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The bytes of the path or name, with its quotes.
    pub span: Range<usize>,
    /// The file: of a child's project its manifest.
    pub target: PathBuf,
    /// The bytes of the file that are meant; its beginning if it is the file itself.
    pub target_span: Range<usize>,
}

/// The paths of a manifest that lead to a file which is known to be there.
pub fn links(files: &Snapshot, path: &Path) -> Vec<Link> {
    let Some(text) = files.text(path).filter(|_| place::is_manifest(path)) else {
        return Vec::new();
    };
    let Some(folder) = path.parent() else { return Vec::new() };
    let mut finder = Finder { files, folder, text: text.as_str(), links: Vec::new() };
    for section in outline(finder.text) {
        let table: Vec<String> = section.keys.into_iter().map(|key| key.name).collect();
        finder.entries(&table, &section.entries);
    }
    finder.links
}

/// Where the path or the world at a byte of a manifest leads.
pub fn definition(files: &Snapshot, path: &Path, offset: usize) -> Option<Link> {
    let on = |link: &Link| link.span.start <= offset && offset <= link.span.end;
    links(files, path).into_iter().find(on).or_else(|| world(files, path, offset))
}

/// The definition of the world whose name stands at a byte.
fn world(files: &Snapshot, path: &Path, offset: usize) -> Option<Link> {
    let text = files.text(path).filter(|_| place::is_manifest(path))?;
    let place = place::at(&outline(text.as_str()), offset)?;
    let Some(Meaning::Field(Field { kind: Kind::Text(Rule::World), .. })) =
        place::meaning(&place.path)
    else {
        return None;
    };
    let name = in_quotes(&text.as_str()[place.span.clone()])?;
    let wit = Wit::load_from(files, &path.parent()?.join("wit")).ok()?;
    let span = wit.resolve.worlds[wit.world(name)?].span;
    let (source, target_span) = wit.place(span)?;
    let target = normal(Path::new(&source.name));
    files.is_file(&target).then_some(Link { span: place.span, target, target_span })
}

struct Finder<'a> {
    files: &'a Snapshot,
    folder: &'a Path,
    text: &'a str,
    links: Vec<Link>,
}

impl Finder<'_> {
    fn entries(&mut self, table: &[String], entries: &[Entry]) {
        for entry in entries {
            let mut keys = table.to_vec();
            keys.extend(entry.keys.iter().map(|key| key.name.clone()));
            if let Some(Meaning::Field(Field { kind: Kind::Path, .. })) = place::meaning(&keys) {
                self.links.extend(self.link(&entry.value));
            }
            self.entries(&keys, &entry.entries);
        }
    }

    fn link(&self, value: &Range<usize>) -> Option<Link> {
        // The value of a text, whichever quotes it has.
        let written = in_quotes(&self.text[value.clone()])?;
        let mut target = normal(&self.folder.join(written));
        if self.files.is_folder(&target) {
            target.push(FILE_NAME);
        }
        self.files.is_file(&target).then(|| Link { span: value.clone(), target, target_span: 0..0 })
    }
}

/// What a text in quotes says; none if it has escapes, or is no such text.
fn in_quotes(written: &str) -> Option<&str> {
    let quote = written.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.is_empty() && !inner.contains([quote, '\\'])).then_some(inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::engine::{OnDisk, Vfs};

    /// Each linked path with its file.
    fn linked(text: &str) -> Vec<String> {
        let mut vfs = Vfs::default();
        let path = Path::new("/app/shop/theater.toml");
        vfs.open(path, 1, text.to_owned());
        let file = || Some(OnDisk::File(Vec::new()));
        vfs.found(Path::new("/app/shop/build/shop.wasm"), file());
        vfs.found(Path::new("/app/stock/theater.toml"), file());
        let links = links(&vfs.snapshot(), path);
        for link in &links {
            let found = definition(&vfs.snapshot(), path, link.span.start + 1);
            assert_eq!(found.as_ref(), Some(link));
        }
        links
            .iter()
            .map(|it| format!("{} {}", &text[it.span.clone()], it.target.display()))
            .collect()
    }

    #[test]
    fn paths_lead_to_the_files_that_are_there() {
        let text = "[actor]\nname = \"build/shop.wasm\"\ncomponent = 'build/shop.wasm'\n\
                    [[children]]\nmanifest = \"../stock\"\n[[children]]\n\
                    manifest = \"../stock/theater.toml\"\n[[children]]\nmanifest = \"../none\"\n";
        assert_eq!(
            linked(text),
            [
                "'build/shop.wasm' /app/shop/build/shop.wasm",
                "\"../stock\" /app/stock/theater.toml",
                "\"../stock/theater.toml\" /app/stock/theater.toml",
            ]
        );
    }

    #[test]
    fn a_world_leads_to_its_definition() {
        let mut vfs = Vfs::default();
        let path = Path::new("/p/theater.toml");
        let text = "[actor]\nname = \"a\"\nworld = \"two\"\n";
        vfs.open(path, 1, text.to_owned());
        let wit = "package a:b;\nworld one {}\nworld two {}\n";
        vfs.open(Path::new("/p/wit/w.wit"), 1, wit.to_owned());
        let files = vfs.snapshot();
        let link = definition(&files, path, text.find("two").unwrap()).unwrap();
        assert_eq!(&text[link.span], "\"two\"");
        assert_eq!(link.target, Path::new("/p/wit/w.wit"));
        assert_eq!(link.target_span, wit.find("two").map(|at| at..at + 3).unwrap());
        assert_eq!(definition(&files, path, text.find("name").unwrap()), None);
        assert_eq!(definition(&files, path, text.find("world").unwrap()), None);
    }

    #[test]
    fn what_is_unfinished_leads_nowhere() {
        for text in
            ["component = ", "component = \"", "component = \"build/shop.wasm", "component = ''"]
        {
            assert_eq!(linked(&format!("[actor]\n{text}")), [""; 0], "{text}");
        }
    }
}
