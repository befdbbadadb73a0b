//! Where the paths of a manifest lead.

use super::outline::{Entry, outline};
use super::place::{self, Meaning};
use super::vfs::{Snapshot, normal};
use std::ops::Range;
use std::path::{Path, PathBuf};
use theater_runtime::files::Files;
use theater_runtime::manifest::FILE_NAME;
use theater_runtime::manifest::schema::{Field, Kind};

/// A path or name, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The bytes of the name, or of the path with its quotes.
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

/// The path at a byte of a manifest, if it leads to a file.
pub fn linked(files: &Snapshot, path: &Path, offset: usize) -> Option<Link> {
    let on = |link: &Link| link.span.start <= offset && offset <= link.span.end;
    links(files, path).into_iter().find(on)
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
    fn followed(text: &str) -> Vec<String> {
        let mut vfs = Vfs::default();
        let path = Path::new("/app/shop/theater.toml");
        vfs.open(path, 1, text.to_owned());
        let file = || Some(OnDisk::File(Vec::new()));
        vfs.found(Path::new("/app/shop/build/shop.wasm"), file());
        vfs.found(Path::new("/app/stock/theater.toml"), file());
        let links = links(&vfs.snapshot(), path);
        for link in &links {
            let found = linked(&vfs.snapshot(), path, link.span.start + 1);
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
                    manifest = \"../stock/theater.toml\"\n[[children]]\nmanifest = \"../none\"\n\
                    [handlers]\nfilesystem = { folders = [{ host = \"../stock\" }] }\n";
        assert_eq!(
            followed(text),
            [
                "'build/shop.wasm' /app/shop/build/shop.wasm",
                "\"../stock\" /app/stock/theater.toml",
                "\"../stock/theater.toml\" /app/stock/theater.toml",
                "\"../stock\" /app/stock/theater.toml",
            ]
        );
    }

    #[test]
    fn what_is_unfinished_leads_nowhere() {
        for text in
            ["component = ", "component = \"", "component = \"build/shop.wasm", "component = ''"]
        {
            assert_eq!(followed(&format!("[actor]\n{text}")), [""; 0], "{text}");
        }
    }
}
