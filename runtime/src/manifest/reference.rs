//! The schema as a page of the manual.

use std::fmt::Write;

use super::schema::{Field, Kind, MANIFEST};
use super::units;
use crate::catalog::{HANDLERS, Handler};

/// The reference of `theater.toml`, as Markdown.
pub fn reference() -> String {
    let mut page = String::from("# theater.toml\n\nThe manifest of an actor. ");
    page.push_str("A key that is not listed here is an error. Sizes are texts in `B`, `KiB`, ");
    page.push_str("`MiB` or `GiB`, durations texts in `ms`, `s`, `m` or `h`.\n");
    for field in MANIFEST {
        section(&mut page, field);
    }
    page
}

/// What there is to say about one key, as Markdown.
pub fn field_page(field: &Field) -> String {
    let mut page = format!("### {}\n\n{}\n", field.name, field.doc);
    let is_table =
        matches!(field.kind, Kind::Table(_) | Kind::OneOf(_) | Kind::Handlers | Kind::Keyed { .. });
    if !is_table || field.example.starts_with(['"', '[']) {
        push(&mut page, format_args!("\nValue: {}.", value_words(field)));
    }
    match field.default {
        Some(default) => push(&mut page, format_args!(" Default: `{default}`.\n")),
        None if field.required => push(&mut page, format_args!(" Required.\n")),
        None => page.push('\n'),
    }
    forms(&mut page, &field.kind);
    page.trim_end().to_owned() + "\n"
}

/// What there is to say about one handler, as Markdown.
pub fn handler_page(handler: &Handler) -> String {
    let mut page = String::new();
    grant(&mut page, handler);
    page.trim_start().to_owned()
}

fn section(page: &mut String, field: &Field) {
    let needed = if field.required { " Required." } else { "" };
    let header = match field.kind {
        Kind::Tables { .. } => format!("[[{}]]", field.name),
        _ => format!("[{}]", field.name),
    };
    push(page, format_args!("\n## {header}\n\n{}{needed}\n", field.doc));
    forms(page, &field.kind);
    if matches!(field.kind, Kind::Handlers) {
        for handler in HANDLERS {
            grant(page, handler);
        }
    }
}

/// The keys of a table, once for each of its forms.
fn forms(page: &mut String, kind: &Kind) {
    match kind {
        Kind::Table(fields) | Kind::Tables { fields, .. } => keys(page, fields),
        Kind::Keyed { example, fields: fields @ [first, ..], .. } => {
            let (name, value) = (first.name, first.example);
            push(
                page,
                format_args!(
                    "\n    {example} = {value}\n\nA text stands for the `{name}` of a table:\n"
                ),
            );
            keys(page, fields);
        }
        Kind::OneOf(kinds) => {
            for (index, kind) in kinds.iter().enumerate() {
                if index > 0 {
                    page.push_str("\nOr:\n");
                }
                forms(page, kind);
            }
        }
        _ => {}
    }
}

fn grant(page: &mut String, handler: &Handler) {
    push(page, format_args!("\n### {}\n\n{}", handler.name, handler.doc));
    if handler.settings.is_empty() {
        return;
    }
    page.push_str("\nSettings:\n");
    keys(page, handler.settings);
}

fn keys(page: &mut String, fields: &[Field]) {
    page.push_str("\n| key | value | default | |\n|---|---|---|---|\n");
    for field in fields {
        let default = match field.default {
            Some(default) => format!("`{default}`"),
            None if field.required => "required".to_owned(),
            None => String::new(),
        };
        let (name, value, doc) = (field.name, value_words(field), field.doc);
        push(page, format_args!("| `{name}` | {value} | {default} | {doc} |\n"));
    }
    for field in fields {
        if let Kind::Tables { fields, .. } = field.kind {
            push(page, format_args!("\nEach table of `{}`:\n", field.name));
            keys(page, fields);
        }
    }
}

/// What a key takes, with its range or an example.
fn value_words(field: &Field) -> String {
    match field.kind {
        Kind::Size { min, max } => format!("size, {} to {}", units::size(min), units::size(max)),
        Kind::Duration { max } => format!("duration, up to {}", units::duration(max)),
        Kind::DurationOr { max, words } => {
            let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
            format!("duration, up to {}, or {}", units::duration(max), words.join(" or "))
        }
        Kind::Integer { min, max } => format!("whole number, {min} to {max}"),
        Kind::Choice(_) => field.kind.words(),
        Kind::Tables { max, .. } => format!("list of tables, at most {max}"),
        _ => format!("{}, such as `{}`", field.kind.words(), field.example),
    }
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing to a string does not fail");
}
