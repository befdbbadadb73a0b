//! What one WIT file declares and mentions, as plain data.
//!
//! Nothing is resolved here: what a mention means is told by [`Names`](super::Names), which knows the other files.

use std::collections::HashMap;
use std::ops::Range;
use theater_runtime::syntax::wit::view::{child, docs, text as text_of};
use theater_runtime::syntax::wit::{Node, Reparsed, SyntaxKind, parse, span};

/// The names of one file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The packages whose parts stand in the file, such as `shop:inventory@0.1.0`: the file's own, which it need
    /// not name, and the nested ones.
    pub packages: Vec<Option<String>>,
    /// What it declares, in the order of the text.
    pub declarations: Vec<Declaration>,
    /// What it mentions, in the order of the text.
    pub mentions: Vec<Mention>,
    /// What `use` brings in.
    pub uses: Vec<Use>,
    by_path: HashMap<(usize, Vec<String>), usize>,
}

/// A name that is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// In which of the file's packages.
    pub package: usize,
    /// The names from the package to this one. Empty: the package itself.
    pub path: Vec<String>,
    /// What it is.
    pub kind: Kind,
    /// The bytes of the name.
    pub name: Range<usize>,
    /// The bytes of all of it.
    pub whole: Range<usize>,
    /// Its comment.
    pub docs: Option<String>,
}

/// What is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Kind {
    Package,
    Interface,
    World,
    Alias,
    Record,
    Variant,
    Enum,
    Flags,
    Resource,
    Function,
    Constructor,
    Field,
    Case,
    Parameter,
    /// An import or export of an interface behind a label.
    Label,
    /// What `use` brings in under another name.
    Used,
}

/// A name that is mentioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// In which of the file's packages.
    pub package: usize,
    /// The bytes of the name.
    pub span: Range<usize>,
    /// What it may mean.
    pub target: Target,
}

/// What a mention may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A package.
    Package(String),
    /// An interface or a world.
    Item(ItemName),
    /// A type, in the interface or world where it is mentioned.
    Type {
        /// The names from the package to that interface or world.
        scope: Vec<String>,
        /// Its name.
        name: String,
    },
    /// A member of another interface or world.
    Member {
        /// That interface or world.
        item: ItemName,
        /// Its name.
        name: String,
    },
}

/// The name of an interface or world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemName {
    /// Its package, if it is said.
    pub package: Option<String>,
    /// Its own name.
    pub name: String,
}

/// A name that `use` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// In which of the file's packages.
    pub package: usize,
    /// The byte at which it is written.
    pub at: usize,
    /// The interface or world into which it is brought. Empty: the file.
    pub scope: Vec<String>,
    /// Its name there.
    pub name: String,
    /// Whether that is another name than it has at home.
    pub renamed: bool,
    /// What it is.
    pub target: Target,
}

impl Index {
    /// The names of a text, whatever is in it.
    pub fn of(text: &str) -> Self {
        Self::of_tree(&parse(text).root())
    }

    /// The index of a text that has been parsed.
    pub fn of_tree(root: &Node) -> Self {
        let mut index = Self { packages: vec![None], ..Self::default() };
        index.top(root.children(), 0);
        index.sorted()
    }

    /// The index of a text whose tree was made again from that of this one's text.
    pub fn again(&self, root: &Node, reparsed: &Reparsed) -> Self {
        let Reparsed { before, now } = reparsed;
        let has_packages = self.packages.len() > 1
            || self
                .declarations
                .iter()
                .any(|it| it.path.is_empty() && it.whole.start >= before.start);
        let items = root.children().filter(|item| {
            let start = span(item.text_range()).start;
            now.start <= start && start < now.end
        });
        let items: Vec<Node> = items.collect();
        let is_package = |item: &Node| {
            matches!(item.kind(), SyntaxKind::PackageHeader | SyntaxKind::NestedPackage)
        };
        if has_packages || items.iter().any(is_package) {
            return Self::of_tree(root);
        }
        let mut part = Self { packages: self.packages.clone(), ..Self::default() };
        part.top(items.into_iter(), 0);
        let moved = Moved { before: before.clone(), now: now.end };
        part.declarations.extend(self.declarations.iter().filter_map(|it| moved.declaration(it)));
        part.mentions.extend(self.mentions.iter().filter_map(|it| moved.mention(it)));
        part.uses.extend(self.uses.iter().filter_map(|it| moved.used(it)));
        part.sorted()
    }

    /// Everything in the order of the text, and found by its names.
    fn sorted(mut self) -> Self {
        self.declarations.sort_by_key(|it| (it.whole.start, std::cmp::Reverse(it.whole.end)));
        for (at, declaration) in self.declarations.iter().enumerate() {
            let key = (declaration.package, declaration.path.clone());
            self.by_path.entry(key).or_insert(at);
        }
        self.mentions.sort_by_key(|mention| mention.span.start);
        self.uses.sort_by_key(|used| used.at);
        self
    }

    /// The first declaration with these names in one of the file's packages.
    pub fn declaration(&self, package: usize, path: &[String]) -> Option<&Declaration> {
        let at = self.by_path.get(&(package, path.to_vec()))?;
        self.declarations.get(*at)
    }

    /// The declaration whose name stands at a byte.
    pub fn declaration_at(&self, offset: usize) -> Option<&Declaration> {
        self.declarations.iter().find(|it| it.name.start <= offset && offset <= it.name.end)
    }

    /// The mention at a byte.
    pub fn mention_at(&self, offset: usize) -> Option<&Mention> {
        let at = |it: &&Mention| it.span.start <= offset && offset <= it.span.end;
        // Of two that touch, the one that begins here.
        self.mentions.iter().rfind(at)
    }

    fn top(&mut self, items: impl Iterator<Item = Node>, package: usize) {
        for item in items {
            match item.kind() {
                SyntaxKind::PackageHeader => self.package(&item, package),
                SyntaxKind::NestedPackage => {
                    self.packages.push(None);
                    let nested = self.packages.len() - 1;
                    self.package(&item, nested);
                    self.top(item.children(), nested);
                }
                SyntaxKind::InterfaceItem => self.item(&item, package, Kind::Interface),
                SyntaxKind::WorldItem => self.item(&item, package, Kind::World),
                SyntaxKind::TopUse => self.top_use(&item, package),
                _ => {}
            }
        }
    }

    fn package(&mut self, header: &Node, package: usize) {
        let Some(name) = child(header, SyntaxKind::PackageName) else { return };
        self.packages[package] = Some(text_of(&name));
        self.declarations.push(Declaration {
            package,
            path: Vec::new(),
            kind: Kind::Package,
            name: span(name.text_range()),
            whole: span(header.text_range()),
            docs: docs(header),
        });
    }

    fn item(&mut self, item: &Node, package: usize, kind: Kind) {
        // Without a name it has no scope of its own, and what is in it still counts.
        let path = self.declare(item, package, &[], kind).unwrap_or_else(|| vec![String::new()]);
        self.body(item, package, &path);
    }

    /// The name that an item declares, and its names from the package on.
    fn declare(
        &mut self,
        item: &Node,
        package: usize,
        above: &[String],
        kind: Kind,
    ) -> Option<Vec<String>> {
        let name = child(item, SyntaxKind::Declared)?;
        let segment = match item.kind() {
            // A world may import and export the same name.
            SyntaxKind::ImportItem => format!("import {}", text_of(&name)),
            SyntaxKind::ExportItem => format!("export {}", text_of(&name)),
            _ => text_of(&name),
        };
        let path = [above, &[segment]].concat();
        self.declarations.push(Declaration {
            package,
            path: path.clone(),
            kind,
            name: span(name.text_range()),
            whole: span(item.text_range()),
            docs: docs(item),
        });
        Some(path)
    }

    /// The members of an interface or world, whose types see each other.
    fn body(&mut self, item: &Node, package: usize, scope: &[String]) {
        let Some(body) = child(item, SyntaxKind::Body) else { return };
        for member in body.children() {
            match member.kind() {
                SyntaxKind::AliasItem => self.typed(&member, package, scope, Kind::Alias),
                SyntaxKind::RecordItem => self.typed(&member, package, scope, Kind::Record),
                SyntaxKind::VariantItem => self.typed(&member, package, scope, Kind::Variant),
                SyntaxKind::EnumItem => self.typed(&member, package, scope, Kind::Enum),
                SyntaxKind::FlagsItem => self.typed(&member, package, scope, Kind::Flags),
                SyntaxKind::ResourceItem => self.resource(&member, package, scope),
                SyntaxKind::FuncItem => self.function(&member, package, scope, scope),
                SyntaxKind::UseItem => self.use_item(&member, package, scope),
                SyntaxKind::IncludeItem => self.include(&member, package, scope),
                SyntaxKind::ImportItem | SyntaxKind::ExportItem => {
                    self.external(&member, package, scope);
                }
                _ => {}
            }
        }
    }

    fn typed(&mut self, item: &Node, package: usize, scope: &[String], kind: Kind) {
        let path = self.declare(item, package, scope, kind);
        let members = child(item, SyntaxKind::Body).into_iter().flat_map(|body| body.children());
        for member in members {
            let kind = match member.kind() {
                SyntaxKind::Field => Kind::Field,
                SyntaxKind::VariantCase | SyntaxKind::EnumCase | SyntaxKind::Flag => Kind::Case,
                _ => continue,
            };
            self.declare(&member, package, path.as_deref().unwrap_or(scope), kind);
        }
        self.types(item, package, scope);
    }

    fn resource(&mut self, item: &Node, package: usize, scope: &[String]) {
        let path = self.declare(item, package, scope, Kind::Resource);
        let path = path.as_deref().unwrap_or(scope);
        let members = child(item, SyntaxKind::Body).into_iter().flat_map(|body| body.children());
        for member in members {
            self.function(&member, package, path, scope);
        }
    }

    /// A function below `above`, whose types are those of `scope`.
    fn function(&mut self, item: &Node, package: usize, above: &[String], scope: &[String]) {
        let path = match item.kind() {
            SyntaxKind::FuncItem | SyntaxKind::ImportItem | SyntaxKind::ExportItem => {
                self.declare(item, package, above, Kind::Function)
            }
            SyntaxKind::ConstructorItem => {
                let word =
                    item.children_with_tokens().find(|it| it.kind() == SyntaxKind::Constructor);
                let path = [above, &["constructor".to_owned()]].concat();
                self.declarations.extend(word.map(|word| Declaration {
                    package,
                    path: path.clone(),
                    kind: Kind::Constructor,
                    name: span(word.text_range()),
                    whole: span(item.text_range()),
                    docs: docs(item),
                }));
                Some(path)
            }
            _ => return,
        };
        let path = path.as_deref().unwrap_or(above);
        for parameter in item.descendants().filter(|it| it.kind() == SyntaxKind::Param) {
            self.declare(&parameter, package, path, Kind::Parameter);
        }
        self.types(item, package, scope);
    }

    /// The types that are mentioned anywhere in an item.
    fn types(&mut self, item: &Node, package: usize, scope: &[String]) {
        for ty in item.descendants().filter(|it| it.kind() == SyntaxKind::TypeRef) {
            let Some(name) = child(&ty, SyntaxKind::Reference) else { continue };
            let target = Target::Type { scope: scope.to_vec(), name: text_of(&name) };
            self.mention(&name, package, target);
        }
    }

    fn mention(&mut self, name: &Node, package: usize, target: Target) {
        self.mentions.push(Mention { package, span: span(name.text_range()), target });
    }

    /// The name of an interface or world, which is a mention of it and of its package.
    fn path(&mut self, item: &Node, package: usize) -> Option<ItemName> {
        let path = child(item, SyntaxKind::Path)?;
        let names: Vec<Node> =
            path.children().filter(|it| it.kind() == SyntaxKind::Reference).collect();
        let found = match names.as_slice() {
            [name] => ItemName { package: None, name: text_of(name) },
            [namespace, of, name] => {
                let version = child(&path, SyntaxKind::Version);
                let version = version.map(|it| format!("@{}", text_of(&it))).unwrap_or_default();
                let full = format!("{}:{}{version}", text_of(namespace), text_of(of));
                let start = span(namespace.text_range()).start;
                self.mentions.push(Mention {
                    package,
                    span: start..span(of.text_range()).end,
                    target: Target::Package(full.clone()),
                });
                ItemName { package: Some(full), name: text_of(name) }
            }
            _ => return None,
        };
        self.mention(names.last()?, package, Target::Item(found.clone()));
        Some(found)
    }

    fn top_use(&mut self, item: &Node, package: usize) {
        let Some(found) = self.path(item, package) else { return };
        let declared = self.declare(item, package, &[], Kind::Used);
        let renamed = declared.is_some();
        let name = declared.and_then(|mut path| path.pop()).unwrap_or_else(|| found.name.clone());
        let (scope, target) = (Vec::new(), Target::Item(found));
        let at = span(item.text_range()).start;
        self.uses.push(Use { package, at, scope, name, renamed, target });
    }

    fn use_item(&mut self, item: &Node, package: usize, scope: &[String]) {
        let Some(from) = self.path(item, package) else { return };
        let list = child(item, SyntaxKind::UseList);
        for used in list.into_iter().flat_map(|list| list.children()) {
            let Some(name) = child(&used, SyntaxKind::Reference) else { continue };
            let target = Target::Member { item: from.clone(), name: text_of(&name) };
            self.mention(&name, package, target.clone());
            let declared = self.declare(&used, package, scope, Kind::Used);
            let renamed = declared.is_some();
            let name = declared.and_then(|mut path| path.pop()).unwrap_or_else(|| text_of(&name));
            let at = span(used.text_range()).start;
            self.uses.push(Use { package, at, scope: scope.to_vec(), name, renamed, target });
        }
    }

    fn include(&mut self, item: &Node, package: usize, scope: &[String]) {
        let Some(world) = self.path(item, package) else { return };
        let list = child(item, SyntaxKind::IncludeList);
        for included in list.into_iter().flat_map(|list| list.children()) {
            let Some(name) = child(&included, SyntaxKind::Reference) else { continue };
            let target = Target::Member { item: world.clone(), name: text_of(&name) };
            self.mention(&name, package, target);
            self.declare(&included, package, scope, Kind::Used);
        }
    }

    /// An import or export of a world.
    fn external(&mut self, item: &Node, package: usize, scope: &[String]) {
        if child(item, SyntaxKind::FuncType).is_some() {
            return self.function(item, package, scope, scope);
        }
        self.path(item, package);
        let kind = match child(item, SyntaxKind::Body) {
            Some(_) => Kind::Interface,
            None => Kind::Label,
        };
        if let Some(path) = self.declare(item, package, scope, kind) {
            self.body(item, package, &path);
        }
    }
}

/// How bytes move when a part of a text is replaced, so that what ended there ends elsewhere.
struct Moved {
    before: Range<usize>,
    now: usize,
}

impl Moved {
    /// Where bytes are now; none if they were in that part.
    fn range(&self, bytes: &Range<usize>) -> Option<Range<usize>> {
        let place = |at: usize| self.now + (at - self.before.end);
        match () {
            () if bytes.end <= self.before.start => Some(bytes.clone()),
            () if bytes.start >= self.before.end => Some(place(bytes.start)..place(bytes.end)),
            () => None,
        }
    }

    fn declaration(&self, it: &Declaration) -> Option<Declaration> {
        let whole = self.range(&it.whole)?;
        Some(Declaration { name: self.range(&it.name)?, whole, ..it.clone() })
    }

    fn mention(&self, it: &Mention) -> Option<Mention> {
        Some(Mention { span: self.range(&it.span)?, ..it.clone() })
    }

    fn used(&self, it: &Use) -> Option<Use> {
        Some(Use { at: self.range(&(it.at..it.at + 1))?.start, ..it.clone() })
    }
}

#[cfg(test)]
mod tests;
