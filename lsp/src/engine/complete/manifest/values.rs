//! What can stand behind a key.

use super::wave;
use crate::engine::complete::{Completion, CompletionKind, List};
use crate::engine::outline::{Entry, Section};
use crate::engine::place::{self, Meaning};
use crate::engine::vfs::{Snapshot, normal};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use theater_runtime::catalog::Handler;
use theater_runtime::manifest::schema::{Field, Kind, Rule};
use theater_runtime::manifest::{FILE_NAME, Manifest, is_linkable};
use theater_runtime::world::{Wit, init_parameters};

/// How far up the supervisors of an actor are looked for.
const HIGHEST: usize = 32;

/// A place in a manifest where a value stands.
pub struct Value<'a> {
    pub files: &'a Snapshot,
    pub list: List<'a>,
    pub path: &'a Path,
    pub text: &'a str,
    pub sections: &'a [Section],
    pub offset: usize,
}

impl Value<'_> {
    /// What can stand behind a key, in place of what stands there.
    pub fn of(&self, keys: &[String], span: &Range<usize>) -> Vec<Completion> {
        let meaning = place::meaning(keys);
        if let Some(Meaning::Field(Field { name: "init", .. })) = meaning {
            return self.arguments(keys, span);
        }
        let span = &self.element(span);
        match meaning {
            None => Vec::new(),
            Some(Meaning::Handler(handler)) => listed(grants(handler), span),
            // A text in place of a link's table stands for its actor.
            Some(Meaning::Entry(_)) => self.actors(span),
            Some(Meaning::Field(field)) => match (&field.kind, keys.first().map(String::as_str)) {
                (Kind::Text(Rule::World), _) => {
                    let worlds = worlds(self.files, self.path);
                    quoted(worlds, CompletionKind::World, "a world in wit", span)
                }
                (Kind::Text(Rule::ActorPath) | Kind::Texts(Rule::Recipient), _) => {
                    self.actors(span)
                }
                (Kind::Text(Rule::Name), Some("children")) => {
                    let names = self.projects().into_iter().map(|(_, name)| name);
                    quoted(names, CompletionKind::Actor, "a project of the workspace", span)
                }
                (Kind::Path, _) => {
                    let mut found = self.known_paths(keys, span);
                    let mut all = self.paths(field.name, span);
                    all.retain(|one| !found.iter().any(|known| known.label == one.label));
                    found.extend(all);
                    found
                }
                _ => listed(self.of_kind(field, &field.kind, span), span),
            },
        }
    }

    /// The paths that are known to be meant often.
    fn known_paths(&self, keys: &[String], span: &Range<usize>) -> Vec<Completion> {
        match (keys.first().map(String::as_str), keys.last().map(String::as_str)) {
            (Some("children"), _) => {
                let project = |(path, name): (String, String)| {
                    quoted([path], CompletionKind::Path, &name, span)
                };
                self.projects().into_iter().flat_map(project).collect()
            }
            (_, Some("component")) => {
                let name = self.written(&["actor"], "name").unwrap_or("actor");
                let usual = format!("build/{name}.wasm");
                quoted([usual], CompletionKind::Path, "where it is by default", span)
            }
            _ => Vec::new(),
        }
    }

    /// What can stand in the arguments of the actor's `init`, or of a child's.
    fn arguments(&self, keys: &[String], span: &Range<usize>) -> Vec<Completion> {
        let actor = match keys.first().map(String::as_str) {
            Some("children") => self.child(),
            _ => Manifest::load_from(self.files, self.path).manifest,
        };
        let params = actor.and_then(|actor| init_parameters(self.files, &actor));
        let found = |params: Vec<_>| wave::completions(self.text, span, self.offset, &params);
        params.map(found).unwrap_or_default()
    }

    /// The manifest of the child in whose table the cursor is.
    fn child(&self) -> Option<Manifest> {
        let section = self.sections.iter().rev().find(|it| it.span.start <= self.offset)?;
        let is_manifest =
            |entry: &&Entry| matches!(entry.keys.as_slice(), [only] if only.name == "manifest");
        let value = self.text.get(section.entries.iter().find(is_manifest)?.value.clone())?;
        let folder = self.path.parent()?.join(value.trim_matches(['"', '\'']));
        Manifest::load_from(self.files, &normal(&folder)).manifest
    }

    /// The bytes of the element under the cursor, if the value is a list.
    fn element(&self, span: &Range<usize>) -> Range<usize> {
        if !self.text[span.clone()].starts_with('[') || self.offset <= span.start {
            return span.clone();
        }
        let mut start = span.start + 1;
        let mut in_text = None;
        for (at, c) in self.text[start..span.end.max(self.offset)].char_indices() {
            let at = span.start + 1 + at;
            match (in_text, c) {
                (Some(quote), c) if c == quote => in_text = None,
                (None, '"' | '\'') => in_text = Some(c),
                (None, ',' | ']') if at >= self.offset => return trimmed(self.text, start..at),
                (None, ',') => start = at + 1,
                _ => {}
            }
        }
        trimmed(self.text, start..self.offset.max(span.end))
    }

    /// The text that a key of a table has.
    fn written(&self, table: &[&str], key: &str) -> Option<&str> {
        let is_table = |section: &&Section| {
            section.keys.iter().map(|key| key.name.as_str()).eq(table.iter().copied())
        };
        let mut entries = self.sections.iter().filter(is_table).flat_map(|it| &it.entries);
        let is_key = |entry: &&Entry| matches!(entry.keys.as_slice(), [only] if only.name == key);
        let value = self.text.get(entries.find(is_key)?.value.clone())?;
        Some(value.trim_matches(['"', '\''])).filter(|value| !value.is_empty())
    }

    /// The actors that the manifest's own can name: its children, its siblings, and those further out.
    fn actors(&self, span: &Range<usize>) -> Vec<Completion> {
        let mut found: BTreeMap<String, &str> = BTreeMap::new();
        let is_child = |section: &&Section| matches!(section.keys.as_slice(), [only] if only.name == "children");
        for section in self.sections.iter().filter(is_child) {
            let name = section
                .entries
                .iter()
                .find(|entry| matches!(entry.keys.as_slice(), [only] if only.name == "name"));
            let name = name.and_then(|entry| self.text.get(entry.value.clone()));
            let name = name.map(|name| name.trim_matches(['"', '\''])).unwrap_or_default();
            if !name.is_empty() {
                found.insert(name.to_owned(), "a child");
            }
        }
        let mut folder = self.path.parent().map(normal);
        let mut detail = "a sibling";
        for _ in 0..HIGHEST {
            let Some(supervisor) = folder.and_then(|folder| self.supervisor(&folder)) else {
                break;
            };
            for child in supervisor.supervisor.iter().flat_map(|it| &it.children) {
                found.entry(child.name.value.clone()).or_insert(detail);
            }
            folder = Some(normal(&supervisor.dir));
            detail = "further out";
        }
        let mut listed = Vec::new();
        for (name, detail) in found {
            listed.extend(quoted([name], CompletionKind::Actor, detail, span));
        }
        listed
    }

    /// The manifest that names the project in a folder as a child.
    fn supervisor(&self, folder: &Path) -> Option<Manifest> {
        let manifests = self.files.named(FILE_NAME).into_iter();
        let others = manifests.filter(|path| path.parent() != Some(folder));
        let mut read = others.filter_map(|path| Manifest::load_from(self.files, &path).manifest);
        read.find(|manifest| {
            manifest.supervisor.iter().flat_map(|it| &it.children).any(|child| {
                let path = normal(&manifest.resolve(&child.manifest.value));
                path == folder || path == folder.join(FILE_NAME)
            })
        })
    }

    /// The other projects of the workspace: the way to each, and its name.
    fn projects(&self) -> Vec<(String, String)> {
        let Some(here) = self.path.parent().map(normal) else { return Vec::new() };
        let folders = self.files.named(FILE_NAME).into_iter();
        let folders = folders.filter_map(|path| Some(path.parent()?.to_owned()));
        let others = folders.filter(|folder| *folder != here && !here.starts_with(folder));
        let one = |folder: PathBuf| {
            let manifest = Manifest::load_from(self.files, &folder).manifest?;
            Some((way(&here, &folder), manifest.actor.name.value))
        };
        others.filter_map(one).collect()
    }

    fn of_kind(
        &self,
        field: &Field,
        kind: &Kind,
        span: &Range<usize>,
    ) -> Vec<(String, &'static str)> {
        match kind {
            Kind::Bool => vec![("true".to_owned(), ""), ("false".to_owned(), "")],
            Kind::Choice(words) => words.iter().map(|word| (format!("\"{word}\""), "")).collect(),
            Kind::OneOf(kinds) => {
                let mut all: Vec<_> =
                    kinds.iter().flat_map(|kind| self.of_kind(field, kind, span)).collect();
                all.dedup();
                all
            }
            Kind::Table(_) | Kind::Handlers | Kind::Keyed { .. } => Vec::new(),
            Kind::Size { .. } => self.quantities(field, span, &["KiB", "MiB", "GiB"]),
            Kind::Duration { .. } => self.quantities(field, span, DURATIONS),
            Kind::DurationOr { words, .. } => {
                let mut all = self.quantities(field, span, DURATIONS);
                all.extend(words.iter().map(|word| (format!("\"{word}\""), "")));
                all
            }
            _ => example(field).into_iter().collect(),
        }
    }

    /// The number that stands there with each unit, or else the example.
    fn quantities(
        &self,
        field: &Field,
        span: &Range<usize>,
        units: &[&str],
    ) -> Vec<(String, &'static str)> {
        let number = self.text[span.clone()].trim_matches(['"', '\'']);
        let number: String = number.chars().take_while(char::is_ascii_digit).collect();
        let mut found: Vec<_> = example(field).into_iter().collect();
        if !number.is_empty() {
            let with = units.iter().map(|unit| (format!("\"{number}{unit}\""), ""));
            let new = with.filter(|(text, _)| !found.iter().any(|(known, _)| known == text));
            found.extend(new.collect::<Vec<_>>());
        }
        found
    }
}

const DURATIONS: &[&str] = &["ms", "s", "m", "h"];

/// The keys of `[links]` that are not there yet: imports of the project's worlds that no handler answers.
pub fn linkable(
    files: &Snapshot,
    manifest: &Path,
    there: &[String],
    span: &Range<usize>,
    has_value: bool,
) -> Vec<Completion> {
    let Some(folder) = manifest.parent() else { return Vec::new() };
    let Ok(wit) = Wit::load_from(files, &folder.join("wit")) else { return Vec::new() };
    let worlds: Vec<&str> = wit.worlds().collect();
    let ids = worlds.into_iter().filter_map(|name| wit.world(name));
    let mut names: Vec<String> =
        ids.flat_map(|id| wit.imports(id)).map(|import| import.name).collect();
    names.retain(|name| is_linkable(name) && !there.contains(name));
    names.sort();
    names.dedup();
    let one = |name: String| {
        let key = format!("\"{name}\"");
        let one = Completion::plain(&key, CompletionKind::Interface, span)
            .detail("imported, and answered by nobody yet");
        if has_value { one } else { one.insert(format!("{key} = "), "\"actor\"", "") }
    };
    names.into_iter().map(one).collect()
}

fn listed(values: Vec<(String, &'static str)>, span: &Range<usize>) -> Vec<Completion> {
    let one = |(label, detail): (String, &str)| {
        Completion::plain(label, CompletionKind::Value, span).detail(detail)
    };
    values.into_iter().map(one).collect()
}

fn quoted(
    texts: impl IntoIterator<Item = String>,
    kind: CompletionKind,
    detail: &str,
    span: &Range<usize>,
) -> Vec<Completion> {
    let one = |text: String| Completion::plain(format!("\"{text}\""), kind, span).detail(detail);
    texts.into_iter().map(one).collect()
}

fn example(field: &Field) -> Option<(String, &'static str)> {
    let detail = if field.default.is_some() { "the default" } else { "an example" };
    (!field.example.is_empty()).then(|| (field.example.to_owned(), detail))
}

fn grants(handler: &Handler) -> Vec<(String, &'static str)> {
    let mut values = vec![("true".to_owned(), "granted"), ("false".to_owned(), "not granted")];
    let settings = handler.settings.iter().filter(|setting| !setting.example.is_empty());
    values.extend(settings.map(|setting| {
        (format!("{{ {} = {} }}", setting.name, setting.example), "granted, with a setting")
    }));
    values
}

fn worlds(files: &Snapshot, manifest: &Path) -> Vec<String> {
    let Some(folder) = manifest.parent() else { return Vec::new() };
    let wit = Wit::load_from(files, &folder.join("wit"));
    wit.map(|wit| wit.worlds().map(str::to_owned).collect()).unwrap_or_default()
}

/// Bytes without the space at their ends.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let written = &text[span.clone()];
    let start = span.start + (written.len() - written.trim_start().len());
    start..start + written.trim().len()
}

/// The way from a folder to another one, with `/` between its parts.
fn way(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<Component>, Vec<Component>) =
        (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = to[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}
