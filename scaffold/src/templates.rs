//! The templates that `theater new` copies. How they are written stands in `templates/README.md`.

use theater_runtime::catalog;
use theater_runtime::diagnostic::Source;
use theater_runtime::world::{Wit, WitFiles};
use wit_parser::PackageId;

/// A project that can be copied, or an application of several.
#[derive(Debug)]
pub struct Template {
    /// What it is called, for `--template`.
    pub name: &'static str,
    /// What it is written in, for `--language`.
    pub language: &'static str,
    /// What is made of it: an `actor` or an `application`.
    pub kind: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Path and text of each file, by the folders that they come from.
    files: &'static [&'static [(&'static str, &'static str)]],
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

/// The files of a folder; behind `=>` the one of which a file is a copy.
macro_rules! files {
    ($folder:literal: $($path:literal $(=> $copy:literal)?),* $(,)?) => {
        &[$((
            files!(@last $path $(, $copy)?),
            include_str!(concat!("../../templates/", $folder, "/", $path)),
        )),*]
    };
    (@last $path:literal) => { $path };
    (@last $path:literal, $copy:literal) => { $copy };
}

/// Every template.
pub static TEMPLATES: &[Template] = &[
    Template {
        name: "counter",
        language: "rust",
        kind: "actor",
        summary: COUNTER,
        files: &[files!("counter/rust":
            "theater.toml", "Cargo.toml", "README.md", ".gitignore", "src/lib.rs", "src/panic.rs",
            "wit/world.wit")],
    },
    Template {
        name: "counter",
        language: "wat",
        kind: "actor",
        summary: COUNTER,
        files: &[files!("counter/wat":
            "theater.toml", "README.md", ".gitignore", "src/counter.wat", "wit/world.wit")],
    },
    Template {
        name: "app",
        language: "rust",
        kind: "application",
        summary: APP,
        files: &[
            APP_SHARED,
            PANIC,
            files!("app/rust":
            "Cargo.toml", "README.md", ".gitignore",
            "inventory/theater.toml", "inventory/Cargo.toml", "inventory/src/lib.rs",
            "orders/theater.toml", "orders/Cargo.toml", "orders/src/lib.rs",
            "audit/theater.toml", "audit/Cargo.toml", "audit/src/lib.rs"),
        ],
    },
    Template {
        name: "app",
        language: "wat",
        kind: "application",
        summary: APP,
        files: &[
            APP_SHARED,
            files!("app/wat":
            "README.md", ".gitignore",
            "inventory/theater.toml", "inventory/src/inventory.wat",
            "orders/theater.toml", "orders/src/orders.wat",
            "audit/theater.toml", "audit/src/audit.wat"),
        ],
    },
];

const COUNTER: &str = "a number that counts up, kept in the actor's state";

const APP: &str = "a supervisor and three actors that talk to each other: a shop";

/// What the applications in all languages have in common: the tree, the contracts and the test.
const APP_SHARED: &[(&str, &str)] = files!("app/shared":
    "theater.toml", "tests/shop.repl", "tests/shop.expected",
    "inventory/wit/stock.wit", "inventory/wit/world.wit",
    "orders/wit/checkout.wit", "orders/wit/world.wit",
    "inventory/wit/stock.wit" => "orders/wit/deps/shop-inventory/stock.wit",
    "audit/wit/book.wit", "audit/wit/world.wit");

/// Panics in the trace, as in the counter.
const PANIC: &[(&str, &str)] = files!("counter/rust":
    "src/panic.rs" => "inventory/src/panic.rs",
    "src/panic.rs" => "orders/src/panic.rs",
    "src/panic.rs" => "audit/src/panic.rs");

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
        let stands_in_code = || {
            self.own_files()
                .any(|(path, text)| path.ends_with(".rs") && text.contains(RUST_PLACEHOLDER))
        };
        RUST_KEYWORDS.contains(&name) && stands_in_code()
    }

    /// The files of a project for an actor of this name, with the WIT packages that it uses.
    pub fn files(&self, name: &str) -> Vec<File> {
        let mut files: Vec<File> = self
            .own_files()
            .map(|(path, text)| File { path: path.to_string(), text: named(path, text, name) })
            .collect();
        let projects = self.own_files().filter_map(|(path, _)| path.strip_suffix("wit/world.wit"));
        files.extend(projects.flat_map(|folder| self.used_packages(folder)));
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    fn own_files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.files.iter().copied().flatten().copied()
    }

    /// The packages of Theater that the world of the project in a folder uses, for its `wit/deps`.
    fn used_packages(&self, folder: &str) -> Vec<File> {
        let own = format!("{folder}wit/");
        let (deps, main) = self
            .own_files()
            .filter(|(path, _)| path.starts_with(&own))
            .map(|(path, text)| Source::new(path, text))
            .partition::<Vec<_>, _>(|source| source.name[own.len()..].starts_with("deps/"));
        let deps = deps.into_iter().map(|source| vec![source]).collect();
        let Ok(wit) = Wit::from_files(&WitFiles { main, deps }) else {
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
            .map(|(path, text)| File { path: format!("{own}deps/{path}"), text: text.to_string() })
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
