//! What can be typed at a place of a WIT file.
//!
//! The word under the cursor is replaced by a name: where that name then stands in the tree tells what can be there. Only
//! the item around it is parsed for this.

mod words;

use self::words::{
    FIRST, FUNCTION, GATES, GENERIC_TYPES, INTERFACE, PLAIN_TYPES, RESOURCE, TOP, WORLD,
};
use super::{About, Completion, CompletionKind};
use crate::engine::vfs::Snapshot;
use crate::engine::wit::{Declaration, File, ItemName, Kind, Names, Symbol, Target, symbol};
use std::ops::Range;
use std::path::Path;
use theater_runtime::catalog;
use theater_runtime::syntax::wit::view::{before, child, declared, plain};
use theater_runtime::syntax::wit::{Node, SyntaxKind, Token, is_keyword, span};

/// The name that takes the place of the word under the cursor.
const MARK: &str = "the-cursor-is-here";

/// What can be typed at a byte of a WIT file's text.
pub fn completions(files: &Snapshot, path: &Path, text: &str, offset: usize) -> Vec<Completion> {
    let word = around(text, offset, is_in_word);
    let marked = format!("{}{MARK}{}", &text[..word.start], &text[word.end..]);
    let Some(parsed) = files.parsed(path).map(|parsed| parsed.again(&marked)) else {
        return Vec::new();
    };
    let root = parsed.root();
    let Ok(start) = u32::try_from(word.start) else { return Vec::new() };
    let token = root.token_at_offset(start.into()).right_biased();
    let is_mark =
        |it: &Token| span(it.text_range()).start == word.start && plain(it.text()) == MARK;
    let Some(token) = token.filter(is_mark) else { return Vec::new() };
    let mut names = Names::around(files, path);
    // What stands in the text itself is told by the text with the mark, which has fewer errors.
    let index = parsed.index().clone();
    let here = crate::engine::vfs::normal(path);
    let Some(file) = names.files.iter().position(|file| file.path == here) else {
        return Vec::new();
    };
    if names.files[file].index.packages.len() != index.packages.len() {
        return Vec::new();
    }
    names.files[file].index = index;
    let written = around(text, offset, is_in_path);
    Place { names: &names, file: &names.files[file], token, text, word, written }.completions()
}

/// A place in a file.
struct Place<'a> {
    names: &'a Names,
    file: &'a File,
    /// The mark in the tree.
    token: Token,
    text: &'a str,
    /// The bytes of the word.
    word: Range<usize>,
    /// The bytes of the word with what stands around it without a space, as in `a:b/c@1.0.0`.
    written: Range<usize>,
}

/// Which interfaces and worlds fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Used,
    Imported,
    Exported,
    Included,
    Any,
}

impl Place<'_> {
    fn completions(&self) -> Vec<Completion> {
        for node in self.token.parent_ancestors() {
            return match node.kind() {
                SyntaxKind::TypeRef => self.types(&node),
                SyntaxKind::UseName => self.used(&node),
                SyntaxKind::IncludeName => self.included(),
                SyntaxKind::Gate => self.gates(),
                SyntaxKind::FuncType => self.function(&node),
                SyntaxKind::FuncItem => self.member(&node),
                SyntaxKind::UseItem => self.items(Wanted::Used),
                SyntaxKind::TopUse => self.items(Wanted::Any),
                SyntaxKind::IncludeItem => self.include(&node),
                SyntaxKind::ImportItem => self.external(Wanted::Imported),
                SyntaxKind::ExportItem => self.external(Wanted::Exported),
                SyntaxKind::Body => self.keywords(in_body(&node)),
                SyntaxKind::NestedPackage if self.is_behind(SyntaxKind::LeftBrace) => {
                    self.keywords(TOP)
                }
                SyntaxKind::File => {
                    let has_header = child(&node, SyntaxKind::PackageHeader).is_some();
                    let first = before(&self.token).is_none() && !has_header;
                    self.keywords(if first { FIRST } else { TOP })
                }
                // What could not be understood, and parts of what is around.
                SyntaxKind::Error
                | SyntaxKind::Declared
                | SyntaxKind::Reference
                | SyntaxKind::Path
                | SyntaxKind::UseList
                | SyntaxKind::IncludeList => continue,
                _ => Vec::new(),
            };
        }
        Vec::new()
    }

    fn is_behind(&self, kind: SyntaxKind) -> bool {
        before(&self.token).is_some_and(|token| token.kind() == kind)
    }

    fn one(&self, label: impl Into<String>, kind: CompletionKind) -> Completion {
        Completion::plain(label, kind, &self.word)
    }

    fn keywords(&self, words: &[(&'static str, &'static str)]) -> Vec<Completion> {
        let one = |(word, doc): &(&'static str, &'static str)| {
            self.one(*word, CompletionKind::Keyword).about(About::Words(doc)).insert(
                format!("{word} "),
                "",
                "",
            )
        };
        words.iter().map(one).collect()
    }

    /// The package of the text around the mark.
    fn package(&self) -> usize {
        let at = self.word.start;
        let mention = self.file.index.mention_at(at).map(|mention| mention.package);
        mention.unwrap_or_default()
    }

    /// A word that begins a member, or what comes behind its name.
    fn member(&self, item: &Node) -> Vec<Completion> {
        if self.is_behind(SyntaxKind::Colon) {
            return self.function(item);
        }
        match item.ancestors().find(|node| node.kind() == SyntaxKind::Body) {
            Some(body) if declared(item).as_ref() == Some(&self.token) => {
                self.keywords(in_body(&body))
            }
            _ => Vec::new(),
        }
    }

    /// What comes behind the colon of a function.
    fn function(&self, node: &Node) -> Vec<Completion> {
        if !self.is_behind(SyntaxKind::Colon) {
            return Vec::new();
        }
        let in_resource = node.ancestors().any(|node| node.kind() == SyntaxKind::ResourceItem);
        let words = if in_resource { FUNCTION } else { &FUNCTION[..1] };
        let one = |(word, doc): &(&str, &'static str)| {
            let begin = format!("{word}(");
            self.one(*word, CompletionKind::Keyword)
                .about(About::Words(doc))
                .insert(begin, "", ");")
        };
        words.iter().map(one).collect()
    }

    fn types(&self, node: &Node) -> Vec<Completion> {
        let resources_only = node
            .first_token()
            .is_some_and(|first| matches!(first.kind(), SyntaxKind::Own | SyntaxKind::Borrow));
        let mention = self.file.index.mention_at(self.word.start);
        let Some((Target::Type { scope, .. }, package)) =
            mention.map(|mention| (&mention.target, mention.package))
        else {
            return Vec::new();
        };
        // A type cannot be made of itself.
        let around = self.token.parent_ancestors().find(|node| is_type(node.kind()));
        let around = around.and_then(|node| Some(plain(declared(&node)?.text()).to_owned()));
        let mut found: Vec<Completion> = self
            .in_scope(self.file, package, scope)
            .into_iter()
            .filter(|(name, symbol)| {
                Some(name) != around.as_ref() || self.kind(symbol) == Some(Kind::Resource)
            })
            .filter(|(_, symbol)| !resources_only || self.kind(symbol) == Some(Kind::Resource))
            .map(|(name, symbol)| self.named(&name, CompletionKind::Type, symbol))
            .collect();
        if !resources_only {
            found.extend(self.built_in_types());
        }
        found
    }

    fn built_in_types(&self) -> Vec<Completion> {
        let plain = PLAIN_TYPES.iter().map(|(name, doc)| {
            self.one(*name, CompletionKind::Type).detail("built in").about(About::Words(doc))
        });
        let generic = GENERIC_TYPES.iter().map(|(name, argument, doc)| {
            self.one(*name, CompletionKind::Type)
                .detail("built in")
                .about(About::Words(doc))
                .insert(format!("{name}<"), argument, ">")
        });
        plain.chain(generic).collect()
    }

    /// The types that an interface or a world of a file has by name.
    fn in_scope(&self, file: &File, package: usize, scope: &[String]) -> Vec<(String, Symbol)> {
        let declared = file.index.declarations.iter().filter(|it| {
            it.package == package && is_kind_of_type(it.kind) && is_member(&it.path, scope)
        });
        let declared = declared.filter_map(|it| Some((it.path.last()?.clone(), symbol(file, it))));
        let used = file.index.uses.iter().filter(|it| it.package == package && it.scope == scope);
        let used = used.filter(|it| !it.renamed).filter_map(|it| {
            Some((it.name.clone(), self.names.target(file, package, &it.target)?))
        });
        declared.chain(used).filter(|(name, _)| name != MARK).collect()
    }

    /// What a symbol is where it was defined.
    fn kind(&self, symbol: &Symbol) -> Option<Kind> {
        let home = self.names.home(symbol, 0)?;
        self.names.declarations(&home).next().map(|(_, it)| it.kind)
    }

    /// A name of WIT, which needs a `%` if it is a keyword.
    fn named(&self, name: &str, kind: CompletionKind, symbol: Symbol) -> Completion {
        let label = if is_keyword(name) { format!("%{name}") } else { name.to_owned() };
        let above = symbol.path.split_last().and_then(|(_, above)| above.last());
        let detail = match above {
            Some(above) => format!("{} in {above}", symbol.package),
            None => symbol.package.clone(),
        };
        self.one(label, kind).detail(detail).about(About::Name(symbol))
    }

    /// The interface or world whose members the mark names, and where it is declared.
    fn owner(&self) -> Option<Symbol> {
        let mention = self.file.index.mention_at(self.word.start)?;
        let Target::Member { item, .. } = &mention.target else { return None };
        let item = Target::Item(ItemName::clone(item));
        let meant = self.names.target(self.file, mention.package, &item)?;
        self.names.home(&meant, 0)
    }

    /// The names that a `use` can bring in.
    fn used(&self, name: &Node) -> Vec<Completion> {
        let listed = name.parent().into_iter().flat_map(|list| list.children());
        let listed: Vec<String> = listed
            .filter_map(|name| child(&name, SyntaxKind::Reference))
            .map(|name| plain(&name.text().to_string()).to_owned())
            .collect();
        let Some(owner) = self.owner() else { return Vec::new() };
        let mut found = Vec::new();
        for (file, declaration) in self.names.declarations(&owner) {
            found.extend(self.in_scope(file, declaration.package, &declaration.path));
        }
        found.retain(|(name, _)| !listed.contains(name));
        let one =
            |(name, symbol): (String, Symbol)| self.named(&name, CompletionKind::Type, symbol);
        found.into_iter().map(one).collect()
    }

    /// The names of a world that an `include` can change.
    fn included(&self) -> Vec<Completion> {
        let Some(owner) = self.owner() else { return Vec::new() };
        let mut found = Vec::new();
        for (file, declaration) in self.names.declarations(&owner) {
            let members = file.index.declarations.iter().filter(|it| {
                it.package == declaration.package && is_member(&it.path, &declaration.path)
            });
            for member in members {
                let Some(name) = member.path.last().and_then(|name| name.split(' ').next_back())
                else {
                    continue;
                };
                found.push(self.named(name, CompletionKind::Member, symbol(file, member)));
            }
        }
        found.dedup_by(|a, b| a.label == b.label);
        found
    }

    fn include(&self, item: &Node) -> Vec<Completion> {
        match self.is_behind_path(item) {
            true => {
                let with = self.one("with", CompletionKind::Keyword);
                vec![with.insert("with { ".to_owned(), "", " }")]
            }
            false => self.items(Wanted::Included),
        }
    }

    /// Whether the mark stands behind the name of an interface or world, with a space between them.
    fn is_behind_path(&self, item: &Node) -> bool {
        let path = child(item, SyntaxKind::Path);
        path.is_some_and(|path| span(path.text_range()).end <= self.written.start)
    }

    /// What an import or export can be.
    fn external(&self, wanted: Wanted) -> Vec<Completion> {
        let mut found = Vec::new();
        if self.is_behind(SyntaxKind::Colon) && self.written == self.word {
            found.push(self.one("func", CompletionKind::Keyword).insert("func(".into(), "", ");"));
            found.push(self.one("interface", CompletionKind::Keyword).insert(
                "interface { ".into(),
                "",
                " }",
            ));
        }
        found.extend(self.items(wanted));
        found
    }

    /// Interfaces and worlds: the package's own, and those of others with their packages and versions.
    fn items(&self, wanted: Wanted) -> Vec<Completion> {
        let own = &self.file.packages[self.package()];
        let around = self
            .token
            .parent_ancestors()
            .find(|node| matches!(node.kind(), SyntaxKind::InterfaceItem | SyntaxKind::WorldItem));
        let around = around.as_ref().and_then(declared).map(|name| plain(name.text()).to_owned());
        let there = self.there();
        let mut found = Vec::new();
        let used = self.file.index.uses.iter().filter(|it| it.scope.is_empty() && it.name != MARK);
        for used in used.filter(|_| wanted != Wanted::Any) {
            if let Some(symbol) = self.names.target(self.file, used.package, &used.target) {
                found.push(self.item(used.name.clone(), symbol, "brought in by `use`"));
            }
        }
        for file in &self.names.files {
            for declaration in &file.index.declarations {
                let package = &file.packages[declaration.package];
                let [name] = declaration.path.as_slice() else { continue };
                let is_own = package == own;
                if !fits(wanted, declaration, package) || name == MARK {
                    continue;
                }
                if is_own && (Some(name) == around.as_ref() || there.contains(name)) {
                    continue;
                }
                let full = full_name(package, name);
                if there.contains(&full) {
                    continue;
                }
                let (label, detail) = match is_own {
                    true if is_keyword(name) => (format!("%{name}"), "of this package"),
                    true => (name.clone(), "of this package"),
                    false => (full.clone(), grant(&full)),
                };
                found.push(self.item(label, symbol(file, declaration), detail));
            }
        }
        found
    }

    fn item(&self, label: String, symbol: Symbol, detail: &str) -> Completion {
        let kind = match self.kind(&symbol) {
            Some(Kind::World) => CompletionKind::World,
            _ => CompletionKind::Interface,
        };
        let mut item = Completion::plain(label, kind, &self.written).about(About::Name(symbol));
        item.detail = detail.to_owned();
        item
    }

    /// The interfaces that the world around the mark imports, or exports, already.
    fn there(&self) -> Vec<String> {
        let item = self
            .token
            .parent_ancestors()
            .find(|node| matches!(node.kind(), SyntaxKind::ImportItem | SyntaxKind::ExportItem));
        let Some(item) = item else { return Vec::new() };
        let others = item.parent().into_iter().flat_map(|body| body.children());
        let others = others.filter(|other| other.kind() == item.kind() && *other != item);
        let paths = others.filter_map(|other| child(&other, SyntaxKind::Path));
        paths.map(|path| path.text().to_string()).collect()
    }

    fn gates(&self) -> Vec<Completion> {
        if !self.is_behind(SyntaxKind::At) {
            return Vec::new();
        }
        let one = |(name, begin, value, end, doc): &(&str, &str, &str, &str, &'static str)| {
            self.one(*name, CompletionKind::Keyword).about(About::Words(doc)).insert(
                format!("{name}({begin}"),
                value,
                end,
            )
        };
        // There need not be a name behind the parenthesis that is there already.
        match self.text[self.word.end..].starts_with('(') {
            true => GATES.iter().map(|gate| self.one(gate.0, CompletionKind::Keyword)).collect(),
            false => GATES.iter().map(one).collect(),
        }
    }
}

/// The bytes around a place that belong to one word.
fn around(text: &str, offset: usize, belongs: fn(char) -> bool) -> Range<usize> {
    let before = text[..offset].rfind(|c| !belongs(c));
    let start = before.map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let behind = text[offset..].find(|c| !belongs(c)).unwrap_or(text.len() - offset);
    let end = offset + behind;
    // The list of a `use` begins with a point that is no part of the name.
    let end = match text[offset..end].strip_suffix('.') {
        Some(rest) if text[end..].starts_with('{') => offset + rest.len(),
        _ => end,
    };
    start..end
}

fn is_in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '%'
}

fn is_in_path(c: char) -> bool {
    is_in_word(c) || ":/@.+".contains(c)
}

fn is_member(path: &[String], scope: &[String]) -> bool {
    path.len() == scope.len() + 1 && path.starts_with(scope)
}

fn is_kind_of_type(kind: Kind) -> bool {
    use Kind::*;
    matches!(kind, Alias | Record | Variant | Enum | Flags | Resource | Used)
}

fn is_type(kind: SyntaxKind) -> bool {
    use SyntaxKind::*;
    matches!(kind, AliasItem | RecordItem | VariantItem | ResourceItem)
}

/// `a:b@1.0.0` and `c`: `a:b/c@1.0.0`.
fn full_name(package: &str, name: &str) -> String {
    match package.split_once('@') {
        Some((package, version)) => format!("{package}/{name}@{version}"),
        None => format!("{package}/{name}"),
    }
}

/// What a manifest must say so that an interface is answered, or called.
fn grant(full: &str) -> &'static str {
    catalog::by_import(full)
        .or_else(|| catalog::by_export(full))
        .map_or("", |(handler, _)| handler.name)
}

fn fits(wanted: Wanted, declaration: &Declaration, package: &str) -> bool {
    let is_host = package.starts_with("theater:") || package.starts_with("wasi:");
    let full = || full_name(package, declaration.path.first().map_or("", String::as_str));
    match (wanted, declaration.kind) {
        (Wanted::Included, Kind::World) | (Wanted::Any, Kind::World | Kind::Interface) => true,
        (Wanted::Used, Kind::Interface) => true,
        // Who imports what the host only calls, or exports what it only answers, gets nothing from it.
        (Wanted::Imported, Kind::Interface) => {
            !is_host
                || catalog::by_import(&full()).is_some()
                || catalog::by_export(&full()).is_none()
        }
        (Wanted::Exported, Kind::Interface) => !is_host || catalog::by_export(&full()).is_some(),
        _ => false,
    }
}

/// The words that begin a member of a body.
fn in_body(body: &Node) -> &'static [(&'static str, &'static str)] {
    match body.parent().map(|parent| parent.kind()) {
        Some(SyntaxKind::WorldItem) => WORLD,
        Some(SyntaxKind::InterfaceItem | SyntaxKind::ImportItem | SyntaxKind::ExportItem) => {
            INTERFACE
        }
        Some(SyntaxKind::ResourceItem) => RESOURCE,
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
