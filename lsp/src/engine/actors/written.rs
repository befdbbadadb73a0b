//! The names of actors that stand in a manifest, whatever they mean.

use crate::engine::outline::{Entry, outline, texts};
use crate::engine::place::{self, Meaning};
use std::ops::Range;
use theater_runtime::manifest::schema::{Field, Kind, Rule};

/// A name or path in quotes.
pub struct Written {
    /// The bytes between the quotes; of the beginning of a name and a `*` what stands before its last `/`.
    pub span: Range<usize>,
    /// What stands there.
    pub text: String,
    /// What it is there for.
    pub role: Role,
}

/// What a name is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is that of the manifest's own actor.
    Own,
    /// It is that of a child.
    Child,
    /// It means another actor.
    Mention,
}

/// All names of actors in the text of a manifest.
pub fn written(text: &str) -> Vec<Written> {
    let mut found = Vec::new();
    for section in outline(text) {
        let table: Vec<String> = section.keys.into_iter().map(|key| key.name).collect();
        entries(text, &table, &section.entries, &mut found);
    }
    found
}

fn entries(text: &str, table: &[String], all: &[Entry], found: &mut Vec<Written>) {
    for entry in all {
        let mut keys = table.to_vec();
        keys.extend(entry.keys.iter().map(|key| key.name.clone()));
        if let Some(role) = role(&keys) {
            let names = texts(text, &entry.value).into_iter();
            found.extend(names.filter_map(|span| name(text, span, role)));
        }
        entries(text, &keys, &entry.entries, found);
    }
}

fn role(keys: &[String]) -> Option<Role> {
    match place::meaning(keys)? {
        // A text in place of a link's table stands for its actor.
        Meaning::Entry(_) => Some(Role::Mention),
        Meaning::Field(Field { kind, .. }) => match kind {
            Kind::Text(Rule::Name) if keys.first().is_some_and(|key| key == "actor") => {
                Some(Role::Own)
            }
            Kind::Text(Rule::Name) => Some(Role::Child),
            Kind::Text(Rule::ActorPath) | Kind::Texts(Rule::Recipient) => Some(Role::Mention),
            _ => None,
        },
        Meaning::Handler(_) => None,
    }
}

fn name(text: &str, span: Range<usize>, role: Role) -> Option<Written> {
    let written = text.get(span.clone())?;
    let written = match written.strip_suffix('*') {
        Some(beginning) => beginning.rsplit_once('/')?.0,
        None => written,
    };
    let span = span.start..span.start + written.len();
    (!written.is_empty()).then(|| Written { span, text: written.to_owned(), role })
}
