//! What is said about a place of a manifest: what its key is for, what holds there, and what a name or a path leads to.

use super::{Hover, declaration_page};
use crate::engine::actors;
use crate::engine::mentions::mentions;
use crate::engine::outline::outline;
use crate::engine::place::{self, Meaning};
use crate::engine::vfs::{Snapshot, normal};
use crate::engine::wit::Names;
use std::ops::Range;
use std::path::Path;
use theater_runtime::catalog;
use theater_runtime::files::Files;
use theater_runtime::manifest::schema::{Field, Kind};
use theater_runtime::manifest::{Manifest, field_page, handler_page};
use theater_runtime::world::{Extern, component_path};

/// The tables of which it is shown what holds without being written.
const EFFECTIVE: &[&str] = &["handlers", "links", "limits", "run", "supervisor"];

/// How many imports and exports of a component are named.
const MOST: usize = 30;

/// What is said about a byte of a manifest's text.
pub fn hover(files: &Snapshot, path: &Path, text: &str, offset: usize) -> Option<Hover> {
    let place = place::at(&outline(text), offset)?;
    let meaning = place::meaning(&place.path)?;
    let about_key = match meaning {
        Meaning::Field(field) | Meaning::Entry(field) => field_page(field),
        Meaning::Handler(handler) => handler_page(handler),
    };
    let manifest = files.manifest(path).manifest;
    let effective = manifest.as_ref().and_then(|manifest| effective(manifest, &place.path));
    let component = manifest.as_ref().filter(|_| is_component(meaning, &place.path));
    let component = component.and_then(|manifest| component_page(files, manifest));
    let named = match meaning {
        Meaning::Handler(_) => None,
        _ => actor_page(files, path, offset).or_else(|| wit_page(files, path, offset)),
    };
    let (span, named) = match named {
        Some((span, page)) => (span, Some(page)),
        None => (place.span, None),
    };
    let parts = [named, component, effective, Some(about_key)];
    Some(Hover { span, text: parts.into_iter().flatten().collect::<Vec<_>>().join("\n---\n\n") })
}

/// What a table, or a key of one, amounts to, with what is not written.
fn effective(manifest: &Manifest, keys: &[String]) -> Option<String> {
    let name = keys.first().filter(|name| EFFECTIVE.contains(&name.as_str()))?;
    let whole = manifest.effective_toml();
    let start = whole.find(&format!("[{name}]\n"))?;
    let table = whole[start..].split("\n\n").next()?.trim_end();
    let shown = match keys.get(1) {
        None => table,
        Some(key) => table.lines().find(|line| {
            let written = line.split_once(" = ").map(|(key, _)| key.trim_matches('"'));
            written == Some(key)
        })?,
    };
    Some(format!("In effect:\n\n```toml\n{shown}\n```\n"))
}

/// Whether a key names the component: the one to run, or the one that a build makes.
fn is_component(meaning: Meaning, keys: &[String]) -> bool {
    let name = |name: &str| keys.last().is_some_and(|key| key == name);
    matches!(meaning, Meaning::Field(Field { kind: Kind::Path, .. }))
        && (name("component") || name("output"))
}

/// The size of a component, what it imports and what it exports.
fn component_page(files: &Snapshot, manifest: &Manifest) -> Option<String> {
    let path = normal(&component_path(manifest));
    let component = files.component(&path).ok()?;
    let shown = path.strip_prefix(normal(&manifest.dir)).unwrap_or(&path);
    let size = size(component.bytes.len());
    let mut page = format!("**{}**: a component, {size}\n", shown.display());
    match &component.info {
        Ok(info) => {
            page += &list("imports", &info.imports, answered);
            page += &list("exports", &info.exports, |_| String::new());
        }
        Err(problem) => page += &format!("\n{}\n", problem.message),
    }
    Some(page)
}

fn list(title: &str, externs: &[Extern], note: impl Fn(&str) -> String) -> String {
    let wanted: Vec<&Extern> =
        externs.iter().filter(|one| !matches!(one, Extern::Type(_))).collect();
    if wanted.is_empty() {
        return format!("\nIt {title} nothing.\n");
    }
    let one = |one: &&Extern| match one {
        Extern::Function(function) => format!("- `{}`\n", function.signature),
        other => format!("- `{}`{}\n", other.name(), note(other.name())),
    };
    let mut page = format!("\nIt {title}\n\n");
    page.extend(wanted.iter().take(MOST).map(one));
    if wanted.len() > MOST {
        page += &format!("- and {} more\n", wanted.len() - MOST);
    }
    page
}

/// Who answers an import.
fn answered(import: &str) -> String {
    match catalog::by_import(import) {
        Some((handler, _)) => format!(", answered by `{}`", handler.name),
        None => String::new(),
    }
}

/// A size as people read it.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..0x10_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1024.0 / 1024.0),
    }
}

/// The actors that a name means.
fn actor_page(files: &Snapshot, path: &Path, offset: usize) -> Option<(Range<usize>, String)> {
    let meant = actors::meant(files, path, offset)?;
    let line = |(path, project): (String, String)| {
        format!("The actor `{path}` of the project {project}\n")
    };
    let page = meant.described().into_iter().map(line).collect::<Vec<_>>().join("\n");
    Some((meant.span, page))
}

/// What WIT declares under a name: a world, or the interface of a link.
fn wit_page(files: &Snapshot, path: &Path, offset: usize) -> Option<(Range<usize>, String)> {
    let names = Names::around(files, path);
    let on = |span: &Range<usize>| span.start <= offset && offset <= span.end;
    let (span, symbol) = mentions(files, path, &names).into_iter().find(|(span, _)| on(span))?;
    let (file, declaration) = names.declarations(&symbol).next()?;
    Some((span, declaration_page(files, file, declaration)?))
}
