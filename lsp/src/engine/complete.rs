//! What can be typed at a place of a manifest.

use super::outline::{Entry, Section, is_in_comment, outline};
use super::place::{self, Keys, Meaning};
use super::vfs::Snapshot;
use std::ops::Range;
use std::path::Path;
use theater_runtime::catalog::Handler;
use theater_runtime::manifest::schema::{Field, Kind, MANIFEST, Rule};
use theater_runtime::manifest::{field_page, handler_page};
use theater_runtime::world::Wit;

/// One thing that can be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// How it is listed.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A few words beside it.
    pub detail: String,
    /// Markdown: what is said about it when asked.
    pub doc: String,
    /// The bytes that it replaces.
    pub span: Range<usize>,
    /// What is inserted before the place where one goes on typing.
    pub insert: String,
    /// What then stands there, to be typed over; it may be empty.
    pub value: String,
    /// What is inserted behind it.
    pub rest: String,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    /// A table.
    Table,
    /// A key.
    Key,
    /// A handler.
    Handler,
    /// A value.
    Value,
    /// A world of the project.
    World,
}

/// Where something is typed.
#[derive(Debug, PartialEq, Eq)]
enum Context {
    /// The name of a table behind one or two brackets, which may not be closed yet.
    Header { span: Range<usize>, opened: usize, closed: bool },
    /// A line at the top, where only tables go.
    Top { span: Range<usize> },
    /// A key of a table, some of whose keys are there already.
    Key { table: Vec<String>, there: Vec<String>, span: Range<usize>, has_value: bool },
    /// The value of a key.
    Value { path: Vec<String>, span: Range<usize> },
}

/// What can be typed at a byte of a text.
pub fn completions(files: &Snapshot, path: &Path, offset: usize) -> Vec<Completion> {
    let Some(text) = files.text(path) else { return Vec::new() };
    if !place::is_manifest(path) {
        return Vec::new();
    }
    let text = text.as_str();
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let sections = outline(text);
    match context(text, &sections, offset) {
        None => Vec::new(),
        Some(Context::Header { span, opened, closed }) => tables(&sections, span, opened, closed),
        Some(Context::Top { span }) => tables(&sections, span, 0, false),
        Some(Context::Key { table, there, span, has_value }) => {
            keys(&table, &there, &span, has_value)
        }
        Some(Context::Value { path: keys, span }) => values(files, path, &keys, &span),
    }
}

fn context(text: &str, sections: &[Section], offset: usize) -> Option<Context> {
    if is_in_comment(text, offset) {
        return None;
    }
    let section = sections.iter().rev().find(|section| section.span.start <= offset)?;
    if section.header.start < offset && offset <= section.header.end {
        return header(text, section, offset);
    }
    let table: Vec<String> = section.keys.iter().map(|key| key.name.clone()).collect();
    if let Some(context) = in_entries(text, &section.entries, &table, offset) {
        return Some(top_or(context, section));
    }
    let line = text[..offset].rsplit('\n').next().unwrap_or_default();
    if !line.trim().is_empty() {
        return None;
    }
    let there = names(&section.entries);
    let key = Context::Key { table, there, span: offset..offset, has_value: false };
    Some(top_or(key, section))
}

/// Above the first header there are no keys, only tables.
fn top_or(context: Context, section: &Section) -> Context {
    match context {
        Context::Key { table, span, has_value: false, .. }
            if table.is_empty() && section.keys.is_empty() =>
        {
            Context::Top { span }
        }
        context => context,
    }
}

fn header(text: &str, section: &Section, offset: usize) -> Option<Context> {
    let written = &text[section.header.clone()];
    let closed = written.ends_with(']');
    if closed && offset == section.header.end {
        return None;
    }
    let inner = section.keys.first().map_or(offset, |key| key.span.start);
    let end = section.keys.last().map_or(offset, |key| key.span.end);
    let opened = if written.starts_with("[[") { 2 } else { 1 };
    let span = inner..end.max(offset);
    (inner <= offset).then_some(Context::Header { span, opened, closed })
}

fn in_entries(text: &str, entries: &[Entry], table: &[String], offset: usize) -> Option<Context> {
    for (index, entry) in entries.iter().enumerate() {
        let mut path = table.to_vec();
        for key in &entry.keys {
            if key.span.start <= offset && offset <= key.span.end {
                let others = entries.iter().enumerate().filter(|(other, _)| *other != index);
                let there: Vec<Entry> = others.map(|(_, entry)| entry.clone()).collect();
                let has_value = entry.equals.is_some();
                let span = key.span.clone();
                return Some(Context::Key { table: path, there: names(&there), span, has_value });
            }
            path.push(key.name.clone());
        }
        let Some(equals) = entry.equals.filter(|equals| *equals <= offset) else { continue };
        let value = &entry.value;
        let written = &text[value.clone()];
        let is_table = written.starts_with('{');
        let open = is_table && !written.ends_with('}');
        let inside = value.start <= offset
            && (offset <= value.end || open && is_blank(&text[value.end..offset]));
        if !inside && (!value.is_empty() || text[equals..offset].contains('\n')) {
            continue;
        }
        if is_table && value.start < offset {
            if !open && offset == value.end {
                return None;
            }
            let blank = Context::Key {
                there: names(&entry.entries),
                table: path.clone(),
                span: offset..offset,
                has_value: false,
            };
            return Some(in_entries(text, &entry.entries, &path, offset).unwrap_or(blank));
        }
        let span = if value.is_empty() { offset..offset } else { value.clone() };
        return Some(Context::Value { path, span });
    }
    None
}

/// Whether a text is nothing but space on one line.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty() && !text.contains('\n')
}

fn names(entries: &[Entry]) -> Vec<String> {
    entries.iter().filter_map(|entry| Some(entry.keys.first()?.name.clone())).collect()
}

/// The tables that are not there yet, and those of which there may be several. `opened` is the number
/// of brackets before the name.
fn tables(
    sections: &[Section],
    span: Range<usize>,
    opened: usize,
    closed: bool,
) -> Vec<Completion> {
    let brackets = |field: &Field| match field.kind {
        Kind::Tables { .. } => 2,
        _ => 1,
    };
    let there = |field: &Field| {
        sections.iter().any(|section| {
            let [key] = section.keys.as_slice() else { return false };
            key.name == field.name && key.span != span
        })
    };
    // Brackets that are there decide what may stand in them.
    let fits = |field: &Field| match (closed, opened) {
        (true, opened) => brackets(field) == opened,
        (false, opened) => brackets(field) >= opened,
    };
    let missing =
        MANIFEST.iter().filter(|field| fits(field) && (brackets(field) == 2 || !there(field)));
    let one = |field: &'static Field| Completion {
        label: field.name.to_owned(),
        kind: CompletionKind::Table,
        detail: if field.required { "required".to_owned() } else { String::new() },
        doc: field_page(field),
        span: span.clone(),
        insert: format!("{}{}", "[".repeat(brackets(field) - opened), field.name),
        value: String::new(),
        rest: if closed { String::new() } else { "]".repeat(brackets(field)) },
    };
    missing.map(one).collect()
}

/// The keys of a table that are not there yet.
fn keys(
    table: &[String],
    there: &[String],
    span: &Range<usize>,
    has_value: bool,
) -> Vec<Completion> {
    let keys = match table {
        [] => Some(place::top()),
        table => place::meaning(table).and_then(Meaning::keys),
    };
    let complete = |name: &str, kind, detail: String, doc, value: &str| Completion {
        label: name.to_owned(),
        kind,
        detail,
        doc,
        span: span.clone(),
        insert: if has_value { name.to_owned() } else { format!("{name} = ") },
        value: if has_value { String::new() } else { value.to_owned() },
        rest: String::new(),
    };
    let new = |name: &str| !there.iter().any(|there| there == name);
    match keys {
        None => Vec::new(),
        Some(Keys::Fields(fields)) => fields
            .into_iter()
            .filter(|field| new(field.name))
            .map(|field| {
                let (kind, detail) = (CompletionKind::Key, field.kind.words());
                complete(
                    field.name,
                    kind,
                    detail.replace('`', ""),
                    field_page(field),
                    field.example,
                )
            })
            .collect(),
        Some(Keys::Free(_)) => Vec::new(),
        Some(Keys::Handlers) => theater_runtime::catalog::HANDLERS
            .iter()
            .filter(|handler| !handler.always && new(handler.name))
            .map(|handler| {
                let (kind, detail) = (CompletionKind::Handler, handler.summary.to_owned());
                complete(handler.name, kind, detail, handler_page(handler), "true")
            })
            .collect(),
    }
}

fn values(files: &Snapshot, path: &Path, keys: &[String], span: &Range<usize>) -> Vec<Completion> {
    let value = |label: &str, kind, detail: &str| Completion {
        label: label.to_owned(),
        kind,
        detail: detail.to_owned(),
        doc: String::new(),
        span: span.clone(),
        insert: label.to_owned(),
        value: String::new(),
        rest: String::new(),
    };
    match place::meaning(keys) {
        None => Vec::new(),
        Some(Meaning::Handler(handler)) => grants(handler)
            .iter()
            .map(|(label, detail)| value(label, CompletionKind::Value, detail))
            .collect(),
        Some(Meaning::Field(Field { kind: Kind::Text(Rule::World), .. })) => worlds(files, path)
            .iter()
            .map(|name| value(&format!("\"{name}\""), CompletionKind::World, "a world in wit"))
            .collect(),
        Some(Meaning::Entry(_)) => Vec::new(),
        Some(Meaning::Field(field)) => of_kind(field, &field.kind)
            .iter()
            .map(|(label, detail)| value(label, CompletionKind::Value, detail))
            .collect(),
    }
}

fn grants(handler: &Handler) -> Vec<(String, &'static str)> {
    let mut values = vec![("true".to_owned(), "granted"), ("false".to_owned(), "not granted")];
    let settings = handler.settings.iter().filter(|setting| !setting.example.is_empty());
    values.extend(settings.map(|setting| {
        (format!("{{ {} = {} }}", setting.name, setting.example), "granted, with a setting")
    }));
    values
}

fn of_kind(field: &Field, kind: &Kind) -> Vec<(String, &'static str)> {
    match kind {
        Kind::Bool => vec![("true".to_owned(), ""), ("false".to_owned(), "")],
        Kind::Choice(words) => words.iter().map(|word| (format!("\"{word}\""), "")).collect(),
        Kind::OneOf(kinds) => {
            let mut all: Vec<_> = kinds.iter().flat_map(|kind| of_kind(field, kind)).collect();
            all.dedup();
            all
        }
        Kind::Table(_) | Kind::Handlers | Kind::Keyed { .. } => Vec::new(),
        _ => {
            let detail = if field.default.is_some() { "the default" } else { "an example" };
            let example = (!field.example.is_empty()).then(|| (field.example.to_owned(), detail));
            example.into_iter().collect()
        }
    }
}

fn worlds(files: &Snapshot, manifest: &Path) -> Vec<String> {
    let Some(folder) = manifest.parent() else { return Vec::new() };
    let wit = Wit::load_from(files, &folder.join("wit"));
    wit.map(|wit| wit.worlds().map(str::to_owned).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
