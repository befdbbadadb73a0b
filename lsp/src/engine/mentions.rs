//! What a manifest mentions of WIT: its world, the interfaces of `[links]`, and handlers, which answer interfaces.

use super::outline::{Entry, Key, outline};
use super::place::{self, Meaning};
use super::vfs::Snapshot;
use super::wit::{Names, Symbol};
use std::ops::Range;
use std::path::Path;
use theater_runtime::catalog::Handler;
use theater_runtime::manifest::schema::{Field, Kind, Rule};

/// Each name in a manifest that means something in WIT: its bytes, and what it means. A handler means the first
/// interface that it answers, or else calls.
pub fn mentions(files: &Snapshot, path: &Path, names: &Names) -> Vec<(Range<usize>, Symbol)> {
    let Some(text) = files.text(path).filter(|_| place::is_manifest(path)) else {
        return Vec::new();
    };
    let mut finder = Finder { text: text.as_str(), names, found: Vec::new() };
    for section in outline(finder.text) {
        let table: Vec<String> = section.keys.iter().map(|key| key.name.clone()).collect();
        finder.keys(&[], &section.keys);
        finder.entries(&table, &section.entries);
    }
    finder.found
}

struct Finder<'a> {
    text: &'a str,
    names: &'a Names,
    found: Vec<(Range<usize>, Symbol)>,
}

impl Finder<'_> {
    fn entries(&mut self, table: &[String], entries: &[Entry]) {
        for entry in entries {
            self.keys(table, &entry.keys);
            let mut keys = table.to_vec();
            keys.extend(entry.keys.iter().map(|key| key.name.clone()));
            if let Some(Meaning::Field(Field { kind: Kind::Text(Rule::World), .. })) =
                place::meaning(&keys)
            {
                let written = self.text[entry.value.clone()].trim_matches(['"', '\'']);
                self.item(&entry.value, written, true);
            }
            self.entries(&keys, &entry.entries);
        }
    }

    fn keys(&mut self, table: &[String], keys: &[Key]) {
        let mut path = table.to_vec();
        for key in keys {
            path.push(key.name.clone());
            match place::meaning(&path) {
                // The keys of `[links]` are the only ones that a writer chooses by a rule.
                Some(Meaning::Entry(Field {
                    kind: Kind::Keyed { key: Rule::Interface, .. },
                    ..
                })) => {
                    self.item(&key.span, &key.name, false);
                }
                Some(Meaning::Handler(handler)) => {
                    let symbol = answered(self.names, handler);
                    self.found.extend(symbol.map(|symbol| (key.span.clone(), symbol)));
                }
                _ => {}
            }
        }
    }

    /// `name`, if that may stand alone, or `namespace:package/name`, with or without a version.
    fn item(&mut self, within: &Range<usize>, written: &str, may_be_own: bool) {
        let (full, version) = match written.split_once('@') {
            Some((full, version)) => (full, format!("@{version}")),
            None => (written, String::new()),
        };
        let (package, name) = match full.rsplit_once('/') {
            Some((package, name)) => (Some(format!("{package}{version}")), name),
            None if may_be_own => (None, full),
            None => return,
        };
        let Some(symbol) = self.names.item(package.as_deref(), name) else { return };
        let before = self.text[within.clone()].find(written).unwrap_or_default();
        let start = within.start + before + full.len() - name.len();
        self.found.push((start..start + name.len(), symbol));
    }
}

/// The interface that a handler stands for.
pub fn answered(names: &Names, handler: &Handler) -> Option<Symbol> {
    let interfaces = handler.imports.iter().chain(handler.exports).chain(handler.receives);
    interfaces.into_iter().find_map(|interface| {
        names.item(Some(&format!("{}@{}", interface.package, interface.version)), interface.name)
    })
}
