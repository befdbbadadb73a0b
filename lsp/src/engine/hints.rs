//! What holds without being written: defaults in a manifest, and the versions that names lead to.

use super::outline::{Entry, Section, outline};
use super::place::{self, Keys, Meaning};
use super::vfs::Snapshot;
use super::wit::{Names, Target, is_wit};
use std::ops::Range;
use std::path::Path;
use theater_runtime::manifest::schema::{Field, Kind};

/// Something that is shown in a text and does not stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The byte before which it is shown.
    pub at: usize,
    /// What is shown.
    pub label: String,
    /// What it is, as a sentence.
    pub explanation: &'static str,
    /// Whether it continues the word before it, without space.
    pub continues: bool,
}

const DEFAULT: &str = "What holds because nothing else is written.";
const RESOLVED: &str = "The version that is meant.";

/// What is to be shown in some bytes of a manifest or of WIT, in the order of the text.
pub fn hints(files: &Snapshot, path: &Path, part: &Range<usize>) -> Vec<Hint> {
    let Some(text) = files.text(path) else { return Vec::new() };
    let mut hints = match () {
        () if place::is_manifest(path) => manifest(files, path, text.as_str()),
        () if is_wit(path) => versions(files, path),
        () => return Vec::new(),
    };
    hints.retain(|hint| part.start <= hint.at && hint.at <= part.end);
    hints.sort_by_key(|hint| hint.at);
    hints
}

fn manifest(files: &Snapshot, path: &Path, text: &str) -> Vec<Hint> {
    let sections = outline(text);
    let mut hints = Vec::new();
    for section in &sections {
        let names: Vec<String> = section.keys.iter().map(|key| key.name.clone()).collect();
        hints.extend(defaults(&names, &section.entries).map(|label| at(section.header.end, label)));
        for entry in &section.entries {
            hints.extend(of_handler(text, &names, entry));
        }
        if names == ["links"] {
            hints.extend(links(files, path, section));
        }
    }
    let named = |name: &str| {
        let is_named = |section: &&Section| matches!(&*section.keys, [key] if key.name == name);
        sections.iter().find(is_named)
    };
    // Without a table of limits, they are shown where the actor begins.
    if let (Some(actor), None) = (named("actor"), named("limits")) {
        let label = defaults(&["limits".to_owned()], &[]);
        hints.extend(label.map(|label| at(actor.header.end, format!("[limits] {label}"))));
    }
    hints
}

fn at(at: usize, label: String) -> Hint {
    Hint { at, label, explanation: DEFAULT, continues: false }
}

/// What holds in a table without being written: keys with their defaults.
fn defaults(table: &[String], entries: &[Entry]) -> Option<String> {
    let fields = match place::meaning(table)? {
        Meaning::Field(Field {
            kind: Kind::Table(fields) | Kind::Tables { fields, .. }, ..
        }) => fields.iter().collect(),
        meaning @ Meaning::Handler(_) => match meaning.keys()? {
            Keys::Fields(fields) => fields,
            _ => return None,
        },
        _ => return None,
    };
    let written = |field: &Field| {
        entries.iter().any(|entry| entry.keys.first().is_some_and(|key| key.name == field.name))
    };
    let left_out = fields.into_iter().filter(|field| !written(field));
    let labels = left_out.filter_map(|field| {
        // That nothing is in a list goes without saying.
        let default = field.default.filter(|default| *default != "[]")?;
        Some(format!("{} = {default}", field.name))
    });
    let labels: Vec<String> = labels.collect();
    (!labels.is_empty()).then(|| labels.join(", "))
}

/// The settings of a handler that is granted without them.
fn of_handler(text: &str, table: &[String], entry: &Entry) -> Option<Hint> {
    let keys = entry.keys.iter().map(|key| key.name.clone());
    let path: Vec<String> = table.iter().cloned().chain(keys).collect();
    let Meaning::Handler(_) = place::meaning(&path)? else { return None };
    let value = &text[entry.value.clone()];
    let granted = value == "true" || value.starts_with('{') && value.ends_with('}');
    let label = defaults(&path, &entry.entries).filter(|_| granted)?;
    Some(at(entry.value.end, label))
}

/// The versions of the interfaces that others answer.
fn links(files: &Snapshot, path: &Path, section: &Section) -> Vec<Hint> {
    let names = Names::around(files, path);
    let link = |entry: &Entry| {
        let [key] = &*entry.keys else { return None };
        let (package, interface) = key.name.split_once('/')?;
        if interface.contains('@') {
            return None;
        }
        let meant = names.item(Some(package), interface)?;
        Some(version(key.span.end, meant.package.split_once('@')?.1))
    };
    section.entries.iter().filter_map(link).collect()
}

fn version(at: usize, version: &str) -> Hint {
    Hint { at, label: format!("@{version}"), explanation: RESOLVED, continues: true }
}

/// The versions of the packages that are named in WIT without one, or with another one.
fn versions(files: &Snapshot, path: &Path) -> Vec<Hint> {
    let names = Names::around(files, path);
    let Some(file) = names.file(path) else { return Vec::new() };
    let (Some(index), Some(text)) = (files.index(path), files.text(path)) else {
        return Vec::new();
    };
    let hint = |mention: &super::wit::Mention| {
        let Target::Item(item) = &mention.target else { return None };
        let written = item.package.as_ref()?;
        let meant = names.meaning(file, mention)?.package;
        let (_, resolved) = meant.split_once('@')?;
        if *written == meant {
            return None;
        }
        // Behind the version that is written, if one is.
        let rest = &text.as_str()[mention.span.end..];
        let there = written.split_once('@').map(|(_, version)| format!("@{version}"));
        let there = there.filter(|there| rest.starts_with(there.as_str()));
        Some(match there {
            Some(there) => Hint {
                label: format!("is {resolved}"),
                continues: false,
                ..version(mention.span.end + there.len(), resolved)
            },
            None => version(mention.span.end, resolved),
        })
    };
    index.mentions.iter().filter_map(hint).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::engine::Vfs;

    /// A text with its hints in it.
    fn shown(files: &[(&str, &str)], path: &str) -> String {
        let mut vfs = Vfs::default();
        for (path, text) in files {
            vfs.open(Path::new(path), 1, (*text).to_owned());
        }
        let mut text = files.iter().find(|file| file.0 == path).unwrap().1.to_owned();
        let hints = hints(&vfs.snapshot(), Path::new(path), &(0..text.len()));
        for hint in hints.iter().rev() {
            let space = if hint.continues { "" } else { " " };
            text.insert_str(hint.at, &format!("{space}«{}»", hint.label));
        }
        text
    }

    #[test]
    fn a_manifest_shows_what_holds_without_being_written() {
        let world = "package local:a;\nworld w { import shop:stock/stock@1.2.0; }\n";
        let stock = "package shop:stock@1.2.0;\ninterface stock {}\n";
        let manifest = "[actor]\nname = \"a\"\n\n[handlers]\nlog = true\nstate = { max-size = \"1MiB\" }\n\
                        timer = {}\nclock = true\nrandom = false\n\n[links]\n\"shop:stock/stock\" = \
                        \"stock\"\n\"no:such/one\" = \"stock\"\n\n[supervisor]\nintensity = 3\n\n[[children]]\n\
                        name = \"stock\"\nshutdown = \"1s\"\n[handlers.filesystem]\n[nothing]\n";
        let files = [
            ("/p/theater.toml", manifest),
            ("/p/wit/a.wit", world),
            ("/p/wit/deps/stock.wit", stock),
        ];
        insta::assert_snapshot!(shown(&files, "/p/theater.toml"));
        let limits = "[limits]\nfuel = 5\n[actor]\nname = \"b\"\n[limits\n";
        insta::assert_snapshot!(shown(&[("/p/theater.toml", limits)], "/p/theater.toml"));
    }

    #[test]
    fn packages_show_the_version_that_is_meant() {
        let text = "package local:a;\nworld w {\n    import shop:stock/stock;\n    import \
                    shop:stock/stock@1.0.0;\n    import shop:stock/stock@1.2.0;\n    import no:such/one;\n    \
                    import i;\n}\ninterface i {}\n";
        let stock = "package shop:stock@1.2.0;\ninterface stock {}\n";
        let files = [("/p/wit/a.wit", text), ("/p/wit/deps/stock.wit", stock)];
        insta::assert_snapshot!(shown(&files, "/p/wit/a.wit"));
    }
}
