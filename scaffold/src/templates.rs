//! The templates that `theater new` copies. How they are written stands in `templates/README.md`.

use theater_runtime::catalog;
use theater_runtime::diagnostic::Source;
use theater_runtime::world::{Wit, WitFiles};
use wit_parser::PackageId;

/// A project that can be copied.
#[derive(Debug)]
pub struct Template {
    /// What it is called, for `--template`.
    pub name: &'static str,
    /// What it is written in, for `--language`.
    pub language: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Path and text of each file.
    files: &'static [(&'static str, &'static str)],
}

/// A file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path within the project, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The name that stands in every template where the new actor's name will stand.
const PLACEHOLDER: &str = "my-actor";

/// The same as a name in Rust.
const RUST_PLACEHOLDER: &str = "my_actor";

macro_rules! files {
    ($folder:literal: $($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../templates/", $folder, "/", $path)))),*]
    };
}

/// Every template.
pub static TEMPLATES: &[Template] = &[
    Template {
        name: "counter",
        language: "rust",
        summary: "a number that counts up, kept in the actor's state",
        files: files!("counter/rust":
            "theater.toml", "Cargo.toml", "README.md", ".gitignore", "src/lib.rs", "src/panic.rs",
            "wit/world.wit"),
    },
    Template {
        name: "counter",
        language: "wat",
        summary: "a number that counts up, kept in the actor's state",
        files: files!("counter/wat":
            "theater.toml", "README.md", ".gitignore", "src/counter.wat", "wit/world.wit"),
    },
];

/// The keywords of Rust 2024, strict and reserved. wit-bindgen makes a module of the package's name,
/// and writes it as it is.
const RUST_KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

impl Template {
    /// Whether the name is a keyword of the template's language, in which it cannot be used.
    pub fn is_keyword(&self, name: &str) -> bool {
        self.language == "rust" && RUST_KEYWORDS.contains(&name)
    }

    /// The files of a project for an actor of this name, with the WIT packages that it uses.
    pub fn files(&self, name: &str) -> Vec<File> {
        let mut files: Vec<File> = self
            .files
            .iter()
            .map(|(path, text)| File { path: path.to_string(), text: named(path, text, name) })
            .collect();
        files.extend(self.used_packages());
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// The packages of Theater that the template's world uses, for `wit/deps`.
    fn used_packages(&self) -> Vec<File> {
        let own = self.files.iter().filter(|(path, _)| path.ends_with(".wit"));
        let main = own.map(|(path, text)| Source::new(*path, *text)).collect();
        let Ok(wit) = Wit::from_files(&WitFiles { main, deps: Vec::new() }) else {
            // A test resolves every template.
            return Vec::new();
        };
        let mut used: Vec<PackageId> = Vec::new();
        let mut todo = vec![wit.package];
        while let Some(package) = todo.pop() {
            let fresh: Vec<_> =
                wit.resolve.package_direct_deps(package).filter(|id| !used.contains(id)).collect();
            todo.extend(&fresh);
            used.extend(fresh);
        }
        let folders: Vec<String> = used
            .iter()
            .map(|id| &wit.resolve.packages[*id].name)
            .map(|name| format!("{}-{}/", name.namespace, name.name))
            .collect();
        catalog::WIT
            .iter()
            .filter(|(path, _)| folders.iter().any(|folder| path.starts_with(folder.as_str())))
            .map(|(path, text)| File { path: format!("wit/deps/{path}"), text: text.to_string() })
            .collect()
    }
}

/// The text of a template's file with an actor's name in place of the placeholder.
fn named(path: &str, text: &str, name: &str) -> String {
    match path.rsplit_once('.') {
        Some((_, "wit")) => text.replace(PLACEHOLDER, &wit_name(name)),
        Some((_, "rs")) => text.replace(RUST_PLACEHOLDER, &name.replace('-', "_")),
        _ => text.replace(PLACEHOLDER, name),
    }
}

/// A name as WIT wants it: words of the language get a `%`.
fn wit_name(name: &str) -> String {
    let mut map = wit_parser::SourceMap::new();
    map.push_str("name", format!("package local:{name};"));
    match map.parse() {
        Ok(_) => name.to_string(),
        Err(_) => format!("%{name}"),
    }
}
