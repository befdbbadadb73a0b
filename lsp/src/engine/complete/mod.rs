//! What can be typed at a place.

mod manifest;
mod wit;

use super::hover::declaration_page;
use super::place;
use super::vfs::Snapshot;
use super::wit::{Names, Symbol, is_wit};
use std::ops::Range;
use std::path::Path;
use theater_runtime::catalog::Handler;
use theater_runtime::manifest::schema::Field;
use theater_runtime::manifest::{field_page, handler_page};

/// One thing that can be typed.
#[derive(Debug, Clone)]
pub struct Completion {
    /// How it is listed.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A few words beside it.
    pub detail: String,
    /// What [`documentation`] tells of.
    pub about: About,
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
    /// A world.
    World,
    /// A word of the language.
    Keyword,
    /// A type.
    Type,
    /// An interface.
    Interface,
    /// A function, or whatever else a world has by name.
    Member,
    /// An actor.
    Actor,
    /// A file or a folder.
    Path,
}

/// What a completion is about. What is said of it is made when somebody asks: a list of completions is made at every key.
#[derive(Debug, Clone)]
pub enum About {
    /// Nothing that needs more words.
    Nothing,
    /// A key of the manifest.
    Field(&'static Field),
    /// A handler.
    Handler(&'static Handler),
    /// A name of WIT.
    Name(Symbol),
    /// Something of which this is said.
    Words(&'static str),
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
}

/// What lists a folder of this machine, in the order of the names, or as much of it as is reasonable. Paths may lead
/// anywhere: what is known of files is not enough.
pub type List<'l> = &'l dyn Fn(&Path) -> Vec<Listed>;

/// What can be typed at a byte of a text.
pub fn completions(files: &Snapshot, list: List, path: &Path, offset: usize) -> Vec<Completion> {
    let Some(text) = files.text(path) else { return Vec::new() };
    let text = text.as_str();
    let offset = text.floor_char_boundary(offset.min(text.len()));
    match place::is_manifest(path) {
        true => manifest::completions(files, list, path, text, offset),
        false if is_wit(path) => wit::completions(files, path, text, offset),
        false => Vec::new(),
    }
}

/// What is said about something that can be typed in a file, in Markdown; empty if nothing is.
pub fn documentation(files: &Snapshot, path: &Path, about: &About) -> String {
    match about {
        About::Nothing => String::new(),
        About::Field(field) => field_page(field),
        About::Handler(handler) => handler_page(handler),
        About::Words(words) => (*words).to_owned(),
        About::Name(symbol) => {
            let names = Names::around(files, path);
            let page = names.declarations(symbol).next();
            page.and_then(|(file, declaration)| declaration_page(files, file, declaration))
                .unwrap_or_default()
        }
    }
}

impl Completion {
    /// Something that is inserted as it is listed, in place of these bytes.
    fn plain(label: impl Into<String>, kind: CompletionKind, span: &Range<usize>) -> Self {
        let label = label.into();
        Self {
            insert: label.clone(),
            label,
            kind,
            detail: String::new(),
            about: About::Nothing,
            span: span.clone(),
            value: String::new(),
            rest: String::new(),
        }
    }

    fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    /// Inserts this in place of the label: what comes before a place to be typed over, that place, and what comes
    /// behind it.
    fn insert(self, insert: String, value: &str, rest: &str) -> Self {
        Self { insert, value: value.to_owned(), rest: rest.to_owned(), ..self }
    }
}
