//! What names mean where several WIT files belong together: a folder of them, its `deps`, and the packages that
//! Theater knows.

use super::index::{Declaration, Index, ItemName, Kind, Mention, Target, Use};
use super::{is_wit, library};
use crate::engine::vfs::{Snapshot, normal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use theater_runtime::catalog::compatible;
use theater_runtime::files::Files;
use theater_runtime::manifest::FILE_NAME;

/// How many names may stand for each other in a row.
const LONGEST_CHAIN: u32 = 32;

/// WIT files that belong together.
#[derive(Debug)]
pub struct Names {
    /// The files: the package's own first, then those of others, then the library's.
    pub files: Vec<File>,
}

/// One of the files.
#[derive(Debug)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// Its names.
    pub index: Arc<Index>,
    /// To whom it belongs.
    pub origin: Origin,
    /// Its packages, each with a name: what it leaves out another file in the folder says.
    pub packages: Vec<String>,
}

/// To whom a file belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// To the package itself.
    Own,
    /// To a package that lies in `deps`.
    Dependency,
    /// To Theater.
    Library,
}

/// What a name means, wherever it is mentioned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// The package.
    pub package: String,
    /// The file, of a name that is one only there.
    pub file: Option<PathBuf>,
    /// The names from the package to this one.
    pub path: Vec<String>,
}

impl Names {
    /// The files that belong together with one: with a WIT file those of its folder and what that folder uses, with
    /// a manifest those of its `wit` folder.
    pub fn around(files: &Snapshot, path: &Path) -> Self {
        let mut names = Self { files: Vec::new() };
        let Some(root) = root_of(files, path) else { return names };
        if root != files.library() {
            names.add(files, &[wit_in(files, &root)], Origin::Own);
            let deps = root.join("deps");
            let mut groups: Vec<Vec<PathBuf>> =
                wit_in(files, &deps).into_iter().map(|path| vec![path]).collect();
            let folders = files.list(&deps).unwrap_or_default();
            let folders = folders.into_iter().filter(|path| files.is_folder(path));
            groups.extend(folders.map(|folder| wit_in(files, &folder)));
            names.add(files, &groups, Origin::Dependency);
        }
        let known: Vec<String> =
            names.files.iter().flat_map(|file| file.packages.clone()).collect();
        for (path, file) in library() {
            let packages: Vec<String> =
                file.index.packages.iter().map(|name| name.clone().unwrap_or_default()).collect();
            // What a project brings along counts, as in the checks.
            if packages.iter().any(|package| known.contains(package)) {
                continue;
            }
            let (path, index) = (files.library().join(path), file.index.clone());
            names.files.push(File { path, index, origin: Origin::Library, packages });
        }
        names
    }

    /// Adds groups of files. Those of a group that do not say their package belong to that of the others.
    fn add(&mut self, files: &Snapshot, groups: &[Vec<PathBuf>], origin: Origin) {
        for group in groups {
            let indexed = group.iter().filter_map(|path| Some((path, files.index(path)?)));
            let indexed: Vec<(&PathBuf, Arc<Index>)> = indexed.collect();
            let said = indexed.iter().find_map(|(_, index)| index.packages.first()?.clone());
            for (path, index) in indexed {
                let name = |(at, name): (usize, &Option<String>)| match name {
                    Some(name) => name.clone(),
                    None if at == 0 => said.clone().unwrap_or_default(),
                    None => String::new(),
                };
                let packages = index.packages.iter().enumerate().map(name).collect();
                self.files.push(File { path: path.clone(), index, origin, packages });
            }
        }
    }

    /// The file at a path.
    pub fn file(&self, path: &Path) -> Option<&File> {
        let path = normal(path);
        self.files.iter().find(|file| file.path == path)
    }

    /// The package that the files themselves make up.
    pub fn own_package(&self) -> Option<&str> {
        let own = self.files.iter().find(|file| file.origin == Origin::Own)?;
        own.packages.first().map(String::as_str)
    }

    /// What stands at a byte of a file: the bytes of the name, and what it means.
    pub fn at(&self, path: &Path, offset: usize) -> Option<(std::ops::Range<usize>, Symbol)> {
        let file = self.file(path)?;
        if let Some(declaration) = file.index.declaration_at(offset) {
            return Some((declaration.name.clone(), symbol(file, declaration)));
        }
        let mention = file.index.mention_at(offset)?;
        Some((mention.span.clone(), self.meaning(file, mention)?))
    }

    /// What a mention in a file means; none if nobody declares it.
    pub fn meaning(&self, file: &File, mention: &Mention) -> Option<Symbol> {
        self.resolve(file, mention.package, &mention.target, 0)
    }

    /// What a part of a file's package means; none if nobody declares it.
    pub fn target(&self, file: &File, package: usize, target: &Target) -> Option<Symbol> {
        self.resolve(file, package, target, 0)
    }

    /// What a name means that stands outside of all files, such as `shop:inventory/stock`.
    pub fn item(&self, package: Option<&str>, name: &str) -> Option<Symbol> {
        let package = match package {
            Some(package) => self.package(package)?,
            None => self.own_package()?.to_owned(),
        };
        self.declared(package, vec![name.to_owned()])
    }

    fn resolve(&self, file: &File, package: usize, target: &Target, depth: u32) -> Option<Symbol> {
        if depth > LONGEST_CHAIN {
            return None;
        }
        let own = || file.packages[package].clone();
        match target {
            Target::Package(name) => self.declared(self.package(name)?, Vec::new()),
            Target::Item(ItemName { package: Some(of), name }) => {
                self.declared(self.package(of)?, vec![name.clone()])
            }
            Target::Item(ItemName { package: None, name }) => {
                let used = used(file, package, &[], name);
                match used {
                    Some(used) if used.renamed => Some(Symbol {
                        package: own(),
                        file: Some(file.path.clone()),
                        path: vec![name.clone()],
                    }),
                    Some(used) => self.resolve(file, package, &used.target, depth + 1),
                    None => self.declared(own(), vec![name.clone()]),
                }
            }
            Target::Type { scope, name } => {
                let path = [scope.as_slice(), std::slice::from_ref(name)].concat();
                if file.index.declaration(package, &path).is_some() {
                    return Some(Symbol { package: own(), file: None, path });
                }
                let used = used(file, package, scope, name)?;
                self.resolve(file, package, &used.target, depth + 1)
            }
            Target::Member { item, name } => {
                let item = Target::Item(item.clone());
                let item = self.home(&self.resolve(file, package, &item, depth + 1)?, depth + 1)?;
                for member in [name.clone(), format!("import {name}"), format!("export {name}")] {
                    let path = [item.path.as_slice(), &[member]].concat();
                    if let Some(found) = self.declared(item.package.clone(), path) {
                        return Some(found);
                    }
                }
                // It may be there because it is brought in there.
                self.files.iter().find_map(|file| {
                    let package = file.packages.iter().position(|name| *name == item.package)?;
                    let used = used(file, package, &item.path, name)?;
                    self.resolve(file, package, &used.target, depth + 1)
                })
            }
        }
    }

    /// What a symbol stands for where it was brought in under another name; itself if it is none such.
    pub fn home(&self, symbol: &Symbol, depth: u32) -> Option<Symbol> {
        let (file, declaration) = self.declarations(symbol).next()?;
        if declaration.kind != Kind::Used || depth > LONGEST_CHAIN {
            return Some(symbol.clone());
        }
        let (name, scope) = declaration.path.split_last()?;
        // The new name in an `include` is none that `use` brings in.
        let Some(used) = used(file, declaration.package, scope, name) else {
            return Some(symbol.clone());
        };
        let meant = self.resolve(file, declaration.package, &used.target, depth + 1)?;
        self.home(&meant, depth + 1)
    }

    /// Where a symbol is declared. A package is declared in each of its files.
    pub fn declarations<'n>(
        &'n self,
        symbol: &'n Symbol,
    ) -> impl Iterator<Item = (&'n File, &'n Declaration)> {
        let here = |file: &&File| symbol.file.as_ref().is_none_or(|only| file.path == *only);
        self.files.iter().filter(here).flat_map(move |file| {
            let packages = file.packages.iter().enumerate();
            let ours = packages.filter(|(_, name)| **name == symbol.package);
            ours.filter_map(move |(package, _)| {
                let found = file.index.declaration(package, &symbol.path)?;
                // What `use` brings into a file has a name there only.
                let is_local = found.kind == Kind::Used && found.path.len() == 1;
                (is_local == symbol.file.is_some()).then_some((file, found))
            })
        })
    }

    fn declared(&self, package: String, path: Vec<String>) -> Option<Symbol> {
        let symbol = Symbol { package, file: None, path };
        let is_declared = self.declarations(&symbol).next().is_some();
        is_declared.then_some(symbol)
    }

    /// The package of this name, or, as in the checks, one of a compatible version.
    fn package(&self, name: &str) -> Option<String> {
        let all = || self.files.iter().flat_map(|file| &file.packages);
        if let Some(exact) = all().find(|package| *package == name) {
            return Some(exact.clone());
        }
        let (plain, version) = split(name);
        let fits = |package: &&String| {
            let (other, found) = split(package);
            plain == other
                && match (version, found) {
                    (Some(version), Some(found)) => compatible(version, found),
                    (None, _) => true,
                    (Some(_), None) => false,
                }
        };
        all().find(fits).cloned()
    }
}

/// A declaration of a file, as everybody knows it.
pub fn symbol(file: &File, declaration: &Declaration) -> Symbol {
    let is_local = declaration.kind == Kind::Used && declaration.path.len() == 1;
    Symbol {
        package: file.packages[declaration.package].clone(),
        file: is_local.then(|| file.path.clone()),
        path: declaration.path.clone(),
    }
}

fn split(package: &str) -> (&str, Option<&str>) {
    package.split_once('@').map_or((package, None), |(name, version)| (name, Some(version)))
}

fn used<'f>(file: &'f File, package: usize, scope: &[String], name: &str) -> Option<&'f Use> {
    let fits = |it: &&Use| it.package == package && it.scope == scope && it.name == name;
    file.index.uses.iter().find(fits)
}

fn wit_in(files: &Snapshot, folder: &Path) -> Vec<PathBuf> {
    let mut paths = files.list(folder).unwrap_or_default();
    paths.retain(|path| is_wit(path) && files.is_file(path));
    paths
}

/// The folder whose files belong together.
pub fn root_of(files: &Snapshot, path: &Path) -> Option<PathBuf> {
    let path = normal(path);
    if path.starts_with(files.library()) {
        return Some(files.library().to_owned());
    }
    let folder = path.parent()?;
    if path.file_name().is_some_and(|name| name == FILE_NAME) {
        return Some(folder.join("wit"));
    }
    let deps = |folder: &Path| folder.file_name().is_some_and(|name| name == "deps");
    let above = folder.parent();
    Some(match above {
        Some(above) if deps(folder) => above.to_owned(),
        Some(above) if deps(above) => above.parent().unwrap_or(above).to_owned(),
        _ => folder.to_owned(),
    })
}
