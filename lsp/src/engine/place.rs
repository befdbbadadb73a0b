//! What a place in a manifest means: which key of the schema, which handler, which setting.

use super::outline::{Entry, Key, Section};
use std::ops::Range;
use std::path::Path;
use theater_runtime::catalog::{self, Handler};
use theater_runtime::manifest::FILE_NAME;
use theater_runtime::manifest::schema::{Field, Kind, MANIFEST};

/// What a path of keys leads to.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    /// A key of the schema, or a handler's setting.
    Field(&'static Field),
    /// A handler under `[handlers]`.
    Handler(&'static Handler),
    /// A key that the writer chose, in the table of this field.
    Entry(&'static Field),
}

/// The keys that a table takes.
#[derive(Debug, Clone)]
pub enum Keys {
    /// These. Of a table with several forms, those of all.
    Fields(Vec<&'static Field>),
    /// The catalog's handlers.
    Handlers,
    /// Whatever the writer chooses, each a table with the keys of this field.
    Free(&'static Field),
}

/// What stands at a byte: a key, or a value and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The keys from the manifest's top to this one.
    pub path: Vec<String>,
    /// The bytes of the key or the value.
    pub span: Range<usize>,
}

/// Whether a path is a manifest's.
pub fn is_manifest(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == FILE_NAME)
}

/// The keys of the manifest itself.
pub fn top() -> Keys {
    Keys::Fields(MANIFEST.iter().collect())
}

/// What a path of keys means; none if the schema does not know it.
pub fn meaning(path: &[String]) -> Option<Meaning> {
    let mut keys = top();
    let mut found = None;
    for (index, name) in path.iter().enumerate() {
        let meaning = keys.find(name)?;
        found = Some(meaning);
        match meaning.keys() {
            Some(inner) => keys = inner,
            None if index + 1 < path.len() => return None,
            None => {}
        }
    }
    found
}

impl Keys {
    fn find(&self, name: &str) -> Option<Meaning> {
        match self {
            Self::Fields(fields) => {
                fields.iter().find(|field| field.name == name).map(|field| Meaning::Field(field))
            }
            Self::Handlers => catalog::handler(name).map(Meaning::Handler),
            Self::Free(field) => Some(Meaning::Entry(field)),
        }
    }
}

impl Meaning {
    /// The keys that stand below, if it can be a table.
    pub fn keys(self) -> Option<Keys> {
        match self {
            Self::Field(field @ Field { kind: Kind::Keyed { .. }, .. }) => Some(Keys::Free(field)),
            Self::Field(field) => keys_of(&field.kind),
            Self::Entry(Field { kind: Kind::Keyed { fields, .. }, .. }) => {
                Some(Keys::Fields(fields.iter().collect()))
            }
            Self::Entry(_) => None,
            Self::Handler(handler) => Some(Keys::Fields(handler.settings.iter().collect())),
        }
    }
}

fn keys_of(kind: &'static Kind) -> Option<Keys> {
    match kind {
        Kind::Table(fields) | Kind::Tables { fields, .. } => {
            Some(Keys::Fields(fields.iter().collect()))
        }
        Kind::Handlers => Some(Keys::Handlers),
        Kind::OneOf(kinds) => {
            let mut all: Vec<&'static Field> = Vec::new();
            let mut tables = false;
            for keys in kinds.iter().filter_map(keys_of) {
                let Keys::Fields(fields) = keys else { return Some(keys) };
                tables = true;
                all.extend(fields);
            }
            tables.then_some(Keys::Fields(all))
        }
        _ => None,
    }
}

/// The key at a byte, or the key of the value there.
pub fn at(sections: &[Section], offset: usize) -> Option<Place> {
    for section in sections {
        let mut path = Vec::new();
        if let Some(place) = in_keys(&section.keys, offset, &mut path) {
            return Some(place);
        }
        if let Some(place) = in_entries(&section.entries, offset, &path) {
            return Some(place);
        }
    }
    None
}

/// The key at a byte. `path` becomes that of all these keys.
fn in_keys(keys: &[Key], offset: usize, path: &mut Vec<String>) -> Option<Place> {
    for key in keys {
        path.push(key.name.clone());
        if contains(&key.span, offset) {
            return Some(Place { path: path.clone(), span: key.span.clone() });
        }
    }
    None
}

fn in_entries(entries: &[Entry], offset: usize, above: &[String]) -> Option<Place> {
    for entry in entries {
        let mut path = above.to_vec();
        if let Some(place) = in_keys(&entry.keys, offset, &mut path) {
            return Some(place);
        }
        if !contains(&entry.value, offset) {
            continue;
        }
        // A table in a list, or what has no key.
        if entry.keys.is_empty() {
            return in_entries(&entry.entries, offset, &path);
        }
        let whole = Place { path: path.clone(), span: entry.value.clone() };
        return Some(in_entries(&entry.entries, offset, &path).unwrap_or(whole));
    }
    None
}

/// Whether a cursor is on a span: within it or right behind it.
fn contains(span: &Range<usize>, offset: usize) -> bool {
    !span.is_empty() && span.start <= offset && offset <= span.end
}
