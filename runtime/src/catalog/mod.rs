//! What handlers exist: their WIT, their settings, their documentation.
//!
//! One table, [`HANDLERS`], feeds the manifest's checks, `theater explain`, the language server, the
//! REPL's help and the manual. What is not in it does not exist.

mod handlers;
mod wit;

pub use handlers::{HANDLERS, MAX_FOLDERS};
pub use wit::WIT;

use crate::manifest::schema::Field;

/// A capability that the host provides, and that a manifest can grant.
#[derive(Debug)]
pub struct Handler {
    /// Its key in the manifest's `[handlers]`.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// Its page in the manual, in Markdown, without the settings.
    pub doc: &'static str,
    /// Whether every actor has it. It then has no key in `[handlers]`.
    pub always: bool,
    /// Interfaces that an actor with this grant may import.
    pub imports: &'static [Interface],
    /// Callbacks that need this grant: without it nobody calls them.
    pub exports: &'static [Interface],
    /// Callbacks that every actor may export, with or without this grant: others act, and the actor is
    /// told.
    pub receives: &'static [Interface],
    /// What the manifest may set about it.
    pub settings: &'static [Field],
}

impl Handler {
    /// The line that grants it, for a sentence; with an example where it gives nothing by itself.
    pub fn grant_line(&self) -> String {
        let name = self.name;
        match self.settings.iter().find(|setting| setting.default == Some("[]")) {
            Some(what) => {
                format!("`{name} = true`, or `{name} = {{ {} = {} }}`", what.name, what.example)
            }
            None => format!("`{name} = true`"),
        }
    }
}

/// One WIT interface of the contract.
#[derive(Debug, PartialEq, Eq)]
pub struct Interface {
    /// Namespace and package, such as `theater:host`.
    pub package: &'static str,
    /// The interface's own name, such as `state`.
    pub name: &'static str,
    /// The package's version in the contract. Compatible ones are answered as well.
    pub version: &'static str,
    /// The functions that the runtime answers (of an import) or calls (of a callback).
    ///
    /// Those of a resource have the names that components import them by: `[method]pollable.ready`.
    pub functions: &'static [&'static str],
    /// The resource types that it defines.
    pub resources: &'static [&'static str],
}

impl Interface {
    /// The full name, such as `theater:host/state@0.1.0`.
    pub fn id(&self) -> String {
        format!("{}/{}@{}", self.package, self.name, self.version)
    }

    /// Whether a component's import or export such as `wasi:clocks/wall-clock@0.2.3` is this
    /// interface in a compatible version. A name without a version is none of ours.
    pub fn matches(&self, name: &str) -> bool {
        let Some((path, version)) = name.split_once('@') else { return false };
        path.split_once('/') == Some((self.package, self.name)) && compatible(self.version, version)
    }
}

/// The handler of that name.
pub fn handler(name: &str) -> Option<&'static Handler> {
    HANDLERS.iter().find(|handler| handler.name == name)
}

/// The handler that answers an import such as `wasi:clocks/wall-clock@0.2.3`, and the interface that
/// is meant.
pub fn by_import(import_name: &str) -> Option<(&'static Handler, &'static Interface)> {
    find(import_name, |handler| handler.imports)
}

/// The handler that calls an exported callback such as `theater:actor/lifecycle@0.1.0`, and the
/// interface that is meant.
pub fn by_export(export_name: &str) -> Option<(&'static Handler, &'static Interface)> {
    find(export_name, |handler| handler.exports)
        .or_else(|| find(export_name, |handler| handler.receives))
}

fn find(
    name: &str,
    interfaces: fn(&Handler) -> &'static [Interface],
) -> Option<(&'static Handler, &'static Interface)> {
    HANDLERS.iter().find_map(|handler| {
        let interface = interfaces(handler).iter().find(|interface| interface.matches(name))?;
        Some((handler, interface))
    })
}

/// Whether two versions name the same interface, by the rule that the component model's linkers
/// follow: the same major version, for 0.x the same minor one, for 0.0.x the same patch.
/// Pre-releases are compatible with themselves only.
pub fn compatible(ours: &str, theirs: &str) -> bool {
    if ours == theirs {
        return true;
    }
    let track = |text: &str| match release(text)? {
        [0, 0, patch] => Some([0, 0, patch]),
        [0, minor, _] => Some([0, minor, 0]),
        [major, _, _] => Some([major, 0, 0]),
    };
    track(ours).is_some_and(|ours| track(theirs) == Some(ours))
}

/// Whether two interfaces such as `shop:inventory/stock@0.1.0` are the same one in compatible versions.
pub(crate) fn same_interface(ours: &str, theirs: &str) -> bool {
    if ours == theirs {
        return true;
    }
    match (ours.split_once('@'), theirs.split_once('@')) {
        (Some((a, ours)), Some((b, theirs))) => a == b && compatible(ours, theirs),
        _ => false,
    }
}

/// The three numbers of a version that is not a pre-release.
fn release(version: &str) -> Option<[u64; 3]> {
    let numbers = version.split('+').next()?;
    let mut parts = numbers.split('.').map(|part| {
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if plain { part.parse().ok() } else { None }
    });
    let release = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(release)
}

#[cfg(test)]
mod tests;
