//! What can be typed at a place of a manifest.

mod paths;
mod values;
mod wave;

use super::{About, Completion, CompletionKind, List};
use crate::engine::outline::{Entry, Section, is_in_comment, outline};
use crate::engine::place::{self, Keys, Meaning};
use crate::engine::vfs::Snapshot;
use std::ops::Range;
use std::path::Path;
use theater_runtime::manifest::schema::{Field, Kind, MANIFEST};

/// Where something is typed.
#[derive(Debug, PartialEq, Eq)]
enum Context {
    /// The name of a table behind one or two brackets, which may not be closed yet.
    Header { span: Range<usize>, opened: usize, closed: bool },
    /// A line at the top, where only tables go.
    Top { span: Range<usize> },
    /// A key of a table, some of whose keys are there already.
    Key { table: Vec<String>, there: Vec<String>, span: Range<usize>, has_value: bool },
    /// Right behind a table, where nothing goes.
    Behind,
    /// The value of a key.
    Value { path: Vec<String>, span: Range<usize> },
}

/// What can be typed at a byte of a manifest's text.
pub fn completions(
    files: &Snapshot,
    list: List,
    path: &Path,
    text: &str,
    offset: usize,
) -> Vec<Completion> {
    let sections = outline(text);
    match context(text, &sections, offset) {
        None | Some(Context::Behind) => Vec::new(),
        Some(Context::Header { span, opened, closed }) => tables(&sections, span, opened, closed),
        Some(Context::Top { span }) => tables(&sections, span, 0, false),
        Some(Context::Key { table, there, span, has_value }) => {
            match place::meaning(&table).and_then(Meaning::keys) {
                Some(Keys::Free(_)) => values::linkable(files, path, &there, &span, has_value),
                _ => keys(&table, &there, &span, has_value),
            }
        }
        Some(Context::Value { path: keys, span }) => {
            values::Value { files, list, path, text, sections: &sections, offset }.of(&keys, &span)
        }
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
        if let Some(context) = in_table(text, entry, &path, offset) {
            return Some(context);
        }
        let Some(equals) = entry.equals.filter(|equals| *equals <= offset) else { continue };
        let value = &entry.value;
        let inside = value.start <= offset && offset <= value.end;
        if !inside && (!value.is_empty() || text[equals..offset].contains('\n')) {
            continue;
        }
        let is_table = text[value.clone()].starts_with('{');
        let ends = |table: &Entry| table.keys.is_empty() && table.value.end == offset;
        if is_table && value.start < offset || entry.entries.iter().any(ends) {
            return Some(Context::Behind);
        }
        let span = if value.is_empty() { offset..offset } else { value.clone() };
        return Some(Context::Value { path, span });
    }
    None
}

/// What is typed between the brackets of an inline table, or of one of the tables of a list.
fn in_table(text: &str, entry: &Entry, path: &[String], offset: usize) -> Option<Context> {
    let value = &entry.value;
    let written = &text[value.clone()];
    if written.starts_with('[') {
        let mut tables = entry.entries.iter();
        return tables.find_map(|table| in_table(text, table, path, offset));
    }
    if !written.starts_with('{') || offset <= value.start {
        return None;
    }
    let open = !written.ends_with('}');
    let inside =
        offset < value.end || open && (offset == value.end || is_blank(&text[value.end..offset]));
    inside.then(|| {
        let there = names(&entry.entries);
        let blank =
            Context::Key { table: path.to_vec(), there, span: offset..offset, has_value: false };
        in_entries(text, &entry.entries, path, offset).unwrap_or(blank)
    })
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
    let one = |field: &'static Field| {
        let name = format!("{}{}", "[".repeat(brackets(field) - opened), field.name);
        let rest = if closed { String::new() } else { "]".repeat(brackets(field)) };
        Completion::plain(field.name, CompletionKind::Table, &span)
            .detail(if field.required { "required" } else { "" })
            .about(About::Field(field))
            .insert(name, "", &rest)
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
    let complete = |name: &str, kind, detail: String, about, value: &str| {
        let one = Completion::plain(name, kind, span).detail(detail).about(about);
        if has_value { one } else { one.insert(format!("{name} = "), value, "") }
    };
    let new = |name: &str| !there.iter().any(|there| there == name);
    match keys {
        None => Vec::new(),
        Some(Keys::Fields(fields)) => fields
            .into_iter()
            .filter(|field| new(field.name))
            .map(|field| {
                let detail = field.kind.words().replace('`', "");
                let about = About::Field(field);
                complete(field.name, CompletionKind::Key, detail, about, field.example)
            })
            .collect(),
        Some(Keys::Free(_)) => Vec::new(),
        Some(Keys::Handlers) => theater_runtime::catalog::HANDLERS
            .iter()
            .filter(|handler| !handler.always && new(handler.name))
            .map(|handler| {
                let (detail, about) = (handler.summary.to_owned(), About::Handler(handler));
                complete(handler.name, CompletionKind::Handler, detail, about, "true")
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
