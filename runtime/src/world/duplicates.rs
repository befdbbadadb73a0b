//! Names that are declared twice in one place of a WIT package. wit-parser says whether there are any,
//! and names the first one; here all are found, each with the place of the first declaration.

use crate::diagnostic::{Diagnostic, Edit, Source, WIT_DUPLICATE};
use crate::syntax::wit::view::{child, declared, plain};
use crate::syntax::wit::{self, Node, SyntaxKind};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Whether wit-parser's words are about a name that is declared twice.
pub(super) fn is_duplicate(words: &str) -> bool {
    let anywhere = [
        "is defined more than once",
        "conflicts with prior",
        "conflicts with previous",
        "conflicts with import of same name",
        "cannot be imported more than once",
        "cannot be exported more than once",
    ];
    words.starts_with("duplicate ") || anywhere.iter().any(|part| words.contains(part))
}

/// Every name of a package that is declared again where it is declared already.
pub(super) fn duplicates(files: &[Arc<Source>]) -> Vec<Diagnostic> {
    let mut found = Found::default();
    let mut package = Scope::default();
    for file in files {
        let root = wit::parse(&file.text).root();
        found.package(file, &root, &mut package);
    }
    found.problems
}

/// The names of one place: by what they are told apart from, and as the component model compares them,
/// without regard to case.
type Scope = HashMap<(Side, String), Declared>;

/// What a world imports may have the name of something that it exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Import,
    Export,
}

/// Where a name is declared, and by what.
struct Declared {
    source: Arc<Source>,
    name: Range<usize>,
    text: String,
}

#[derive(Default)]
struct Found {
    problems: Vec<Diagnostic>,
}

impl Found {
    fn package(&mut self, file: &Arc<Source>, node: &Node, scope: &mut Scope) {
        for item in node.children() {
            match item.kind() {
                SyntaxKind::InterfaceItem | SyntaxKind::WorldItem => {
                    self.declare(file, scope, Side::Import, &item);
                    self.members(file, &item);
                }
                SyntaxKind::NestedPackage => self.package(file, &item, &mut Scope::default()),
                _ => {}
            }
        }
    }

    /// What is declared in the body of an interface, world, type or resource, or as parameters.
    fn members(&mut self, file: &Arc<Source>, item: &Node) {
        let mut scope = Scope::default();
        let body = child(item, SyntaxKind::Body).into_iter().flat_map(|body| body.children());
        for member in body {
            match member.kind() {
                SyntaxKind::UseItem => {
                    let list = child(&member, SyntaxKind::UseList);
                    for used in list.into_iter().flat_map(|list| list.children()) {
                        self.declare(file, &mut scope, Side::Import, &used);
                    }
                }
                SyntaxKind::ExportItem => {
                    self.declare(file, &mut scope, Side::Export, &member);
                }
                _ => self.declare(file, &mut scope, Side::Import, &member),
            }
            self.members(file, &member);
        }
        self.parameters(file, item);
    }

    fn parameters(&mut self, file: &Arc<Source>, item: &Node) {
        let lists = item.children().filter(|it| it.kind() == SyntaxKind::FuncType);
        for list in lists.flat_map(|it| it.children()).chain(item.children()) {
            if list.kind() != SyntaxKind::ParamList {
                continue;
            }
            let mut scope = Scope::default();
            for parameter in list.children() {
                self.declare(file, &mut scope, Side::Import, &parameter);
            }
        }
    }

    /// Takes in the name that an item declares, or tells that it is there already.
    fn declare(&mut self, file: &Arc<Source>, scope: &mut Scope, side: Side, item: &Node) {
        let Some((name, span)) = name(item) else { return };
        let text = item.text().to_string();
        let key = (side, name.to_ascii_lowercase());
        match scope.get(&key) {
            Some(first) => self.problems.push(again(file, &name, span, item, first)),
            None => {
                scope.insert(key, Declared { source: file.clone(), name: span, text });
            }
        }
    }
}

/// The name that an item brings into its place: the one that it declares, or that of what it names.
fn name(item: &Node) -> Option<(String, Range<usize>)> {
    if let Some(token) = declared(item) {
        return Some((plain(token.text()).to_owned(), wit::span(token.text_range())));
    }
    let named = match item.kind() {
        SyntaxKind::UseName => child(item, SyntaxKind::Reference)?,
        SyntaxKind::ImportItem | SyntaxKind::ExportItem => child(item, SyntaxKind::Path)?,
        _ => return None,
    };
    let text = named.text().to_string();
    Some((plain(text.trim()).to_owned(), wit::span(named.text_range())))
}

fn again(
    file: &Arc<Source>,
    name: &str,
    span: Range<usize>,
    item: &Node,
    first: &Declared,
) -> Diagnostic {
    let problem = Diagnostic::error(WIT_DUPLICATE, format!("`{name}` is declared twice"));
    let problem = problem.at(file, span, "declared again here");
    let problem = match Arc::ptr_eq(file, &first.source) {
        true => problem.at(file, first.name.clone(), "first declared here"),
        false => {
            let other = Diagnostic::error(WIT_DUPLICATE, "the first declaration");
            problem.related(other.at(&first.source, first.name.clone(), "first declared here"))
        }
    };
    let problem = problem.help("Give one of the two another name, or remove it.");
    // Nothing is lost with one that says the same again.
    let is_item = matches!(item.last_token().map(|it| it.kind()), Some(end) if ends_item(end));
    let same = is_item && item.text() == first.text.as_str();
    let edit = same.then(|| Edit {
        source: file.clone(),
        span: lines(&file.text, wit::span(item.text_range())),
        text: String::new(),
    });
    problem.maybe_fix("Remove the second one", edit)
}

fn ends_item(token: SyntaxKind) -> bool {
    matches!(token, SyntaxKind::Semicolon | SyntaxKind::RightBrace)
}

/// A part of a text with the rest of its lines, where nothing else stands in them.
pub(super) fn lines(text: &str, part: Range<usize>) -> Range<usize> {
    let start = text[..part.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[part.end..].find('\n').map_or(text.len(), |end| part.end + end + 1);
    let is_alone =
        text[start..part.start].trim().is_empty() && text[part.end..end].trim().is_empty();
    if is_alone { start..end } else { part }
}
