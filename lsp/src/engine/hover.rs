//! What is said about the thing under the cursor.

mod manifest;

use super::place;
use super::vfs::Snapshot;
use super::wit::{Declaration, File, Kind, Names, is_wit};
use std::ops::Range;
use std::path::Path;
use theater_runtime::catalog::{self, Handler, Interface};
use theater_runtime::manifest::handler_page;
use theater_runtime::world::builtin;

/// What is said about a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The bytes that it is about.
    pub span: Range<usize>,
    /// Markdown.
    pub text: String,
}

/// The longest declaration that is shown as it is written, in lines.
const LONGEST: usize = 25;

/// What is said about a byte of a text: in a manifest its keys, handlers and settings, in WIT the
/// interfaces that Theater answers, and whatever has a name.
pub fn hover(files: &Snapshot, path: &Path, offset: usize) -> Option<Hover> {
    let text = files.text(path)?;
    let text = text.as_str();
    let offset = text.floor_char_boundary(offset.min(text.len()));
    match place::is_manifest(path) {
        true => manifest::hover(files, path, text, offset),
        false if is_wit(path) => wit(text, offset).or_else(|| named(files, path, offset)),
        false => None,
    }
}

fn wit(text: &str, offset: usize) -> Option<Hover> {
    let span = interface_name(text, offset);
    let name = &text[span.clone()];
    let (handler, interface, how) = match (catalog::by_import(name), catalog::by_export(name)) {
        (Some((handler, interface)), _) => (handler, interface, "answers it"),
        (None, Some((handler, interface))) => (handler, interface, "calls it"),
        (None, None) => return None,
    };
    Some(Hover { span, text: interface_page(handler, interface, how) })
}

/// The declaration of the name at a byte, as it is written, with its comment.
fn named(files: &Snapshot, path: &Path, offset: usize) -> Option<Hover> {
    let names = Names::around(files, path);
    let (span, symbol) = names.at(path, offset)?;
    let home = names.home(&symbol, 0).unwrap_or_else(|| symbol.clone());
    let (file, declaration) = names.declarations(&home).next()?;
    Some(Hover { span, text: declaration_page(files, file, declaration)? })
}

/// A declaration as it is written, where it stands, and its comment.
pub(super) fn declaration_page(
    files: &Snapshot,
    file: &File,
    declaration: &Declaration,
) -> Option<String> {
    let text = files.text(&file.path)?;
    let written = text.as_str().get(declaration.whole.clone())?;
    let package = &file.packages[declaration.package];
    let shown = match declaration.kind {
        Kind::Package => format!("package {package};"),
        // What is in them is not said by their names alone, and may be long.
        Kind::Interface | Kind::World => head(written).to_owned(),
        _ => shortened(written),
    };
    let mut page = format!("```wit\n{shown}\n```\n");
    let above = declaration.path.split_last().map(|(_, above)| above).unwrap_or_default();
    match above {
        _ if declaration.kind == Kind::Package => {}
        [] => page += &format!("\nin `{package}`\n"),
        above => page += &format!("\nin `{}` of `{package}`\n", above.join("`, `")),
    }
    if let Some(docs) = &declaration.docs {
        page += &format!("\n{docs}\n");
    }
    Some(page)
}

/// The text of an item up to its body.
fn head(written: &str) -> &str {
    written.split('{').next().unwrap_or(written).trim_end()
}

/// A text without the space with which its lines begin together, and not too much of it.
fn shortened(written: &str) -> String {
    let lines: Vec<&str> = written.lines().collect();
    let rest = lines.iter().skip(1).filter(|line| !line.trim().is_empty());
    let indent = rest.map(|line| line.len() - line.trim_start().len()).min().unwrap_or_default();
    let cut = |(at, line): (usize, &&str)| match at {
        0 => line.trim_end().to_owned(),
        _ => line.get(indent..).unwrap_or_default().trim_end().to_owned(),
    };
    let mut shown: Vec<String> = lines.iter().enumerate().take(LONGEST).map(cut).collect();
    if lines.len() > LONGEST {
        shown.push("…".to_owned());
    }
    shown.join("\n")
}

fn interface_page(handler: &Handler, interface: &Interface, how: &str) -> String {
    let grant = match handler.always {
        true => "Every actor has it.".to_owned(),
        false => format!("It is granted in theater.toml by `{} = true`.", handler.name),
    };
    let docs = docs(interface).map(|docs| format!("{docs}\n\n")).unwrap_or_default();
    let name = handler.name;
    format!(
        "### {}\n\n{docs}The handler `{name}` {how}. {grant}\n\n---\n\n{}",
        interface.id(),
        handler_page(handler)
    )
}

/// The comment of an interface in the contract.
fn docs(interface: &Interface) -> Option<String> {
    let resolve = builtin();
    let package = |name: &wit_parser::PackageName| {
        format!("{}:{}", name.namespace, name.name) == interface.package
    };
    let (_, package) = resolve.packages.iter().find(|(_, found)| package(&found.name))?;
    let id = package.interfaces.get(interface.name)?;
    resolve.interfaces[*id].docs.contents.clone()
}

/// The word around a byte, with all that an interface's full name is made of.
fn interface_name(text: &str, offset: usize) -> Range<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || "-:/@.+%".contains(c);
    let before = text[..offset]
        .rfind(|c| !part(c))
        .map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    let after = text[offset..].find(|c| !part(c)).map_or(text.len(), |at| offset + at);
    // `use wasi:clocks/wall-clock@0.2.0.{datetime};`: the last point belongs to the list.
    let word = text[before..after].trim_end_matches('.');
    before..before + word.len()
}

#[cfg(test)]
mod tests;
