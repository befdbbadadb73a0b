//! `[links]`: imports that another actor answers.

use super::tree::{Keyed, Table};
use super::{Manifest, Spanned};
use crate::catalog::compatible;
use crate::diagnostic::{Diagnostic, LINK_TO_HOST, LINK_TWICE, Source};
use std::sync::Arc;
use std::time::Duration;

/// One of `[links]`: who answers an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The import, such as `shop:inventory/stock`, or with a version, `shop:inventory/stock@0.1.0`.
    pub import: Spanned<String>,
    /// The name of the actor that answers it, or a path such as `shop/inventory`. Whom it means is told
    /// by [`meaning_of_name`](crate::world::meaning_of_name).
    pub actor: Spanned<String>,
    /// How long a call may wait for its answer, to the millisecond; without it as long as the caller's
    /// turn may take.
    pub timeout: Option<Duration>,
}

impl Link {
    /// Nothing if a part that it needs is wrong, which is then reported.
    fn read(entry: &Keyed) -> Option<Self> {
        Some(Self {
            import: entry.key.clone(),
            actor: entry.table.text("actor")?,
            timeout: entry.table.optional_duration("timeout"),
        })
    }

    /// Whether it answers a component's import such as `shop:inventory/stock@0.1.2`: of the same
    /// interface, in a compatible version. Without a version it answers any one.
    pub fn answers(&self, import_name: &str) -> bool {
        let (path, version) = versioned(&self.import.value);
        let (imported, of) = versioned(import_name);
        path == imported
            && match (version, of) {
                (None, _) => true,
                (Some(version), Some(of)) => compatible(version, of),
                (Some(_), None) => false,
            }
    }
}

impl Manifest {
    /// Whether turns of the actor may wait for other actors.
    pub(crate) fn may_ask(&self) -> bool {
        !self.links.is_empty() || self.handlers.messenger.is_some()
    }

    /// The link that answers a component's import such as `shop:inventory/stock@0.1.0`.
    pub fn link_for(&self, import_name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.answers(import_name))
    }
}

/// Whether another actor can answer an import of this name: an interface of a package, and none of
/// those that handlers answer.
pub fn is_linkable(import_name: &str) -> bool {
    import_name.contains('/') && !is_of_host(import_name)
}

/// Whether an interface is one of Theater's own, or of WASI.
fn is_of_host(import_name: &str) -> bool {
    import_name.starts_with("theater:") || import_name.starts_with("wasi:")
}

/// The links of a checked table, in the order of their names.
pub(super) fn links(root: &Table) -> Vec<Link> {
    let mut links: Vec<Link> = root.keyed("links").iter().filter_map(Link::read).collect();
    links.sort_by(|a, b| a.import.value.cmp(&b.import.value));
    links
}

/// What only all links together show, and what the form of a name does not.
pub(super) fn check(source: &Arc<Source>, root: &Table) -> Vec<Diagnostic> {
    let mut entries: Vec<&Spanned<String>> =
        root.keyed("links").iter().map(|entry| &entry.key).collect();
    entries.sort_by_key(|key| key.span.start);
    let mut problems = Vec::new();
    for (index, key) in entries.iter().enumerate() {
        if is_of_host(&key.value) {
            problems.push(to_host(source, key));
            continue;
        }
        let first = entries[..index].iter().find(|first| overlap(&first.value, &key.value));
        problems.extend(first.map(|first| twice(source, first, key)));
    }
    problems
}

fn to_host(source: &Arc<Source>, key: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` cannot be answered by another actor", key.value);
    Diagnostic::error(LINK_TO_HOST, message).at(source, key.span.clone(), "an interface of the host").help(
        "Remove the line. What begins with `theater:` or `wasi:` is answered by handlers: grant the \
         right one under `[handlers]`.",
    )
}

fn twice(source: &Arc<Source>, first: &Spanned<String>, second: &Spanned<String>) -> Diagnostic {
    let message = match first.value == second.value {
        true => format!("`{}` is linked twice", first.value),
        false => format!("`{}` and `{}` mean the same import", first.value, second.value),
    };
    Diagnostic::error(LINK_TWICE, message)
        .at(source, second.span.clone(), "the second one")
        .at(source, first.span.clone(), "the first one")
        .help(
            "Keep one of the two. For several versions of an interface, write keys whose versions are \
             not compatible, such as `@0.1.0` and `@0.2.0`.",
        )
}

/// Whether there may be an import that both keys mean.
fn overlap(one: &str, other: &str) -> bool {
    let ((path, version), (other_path, other_version)) = (versioned(one), versioned(other));
    path == other_path
        && match (version, other_version) {
            (Some(version), Some(other)) => compatible(version, other),
            _ => true,
        }
}

/// An interface's name without its version, and the version.
fn versioned(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((path, version)) => (path, Some(version)),
        None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::path::Path;

    fn manifest(links: &str) -> super::super::Checked {
        let text = format!("[actor]\nname = \"orders\"\n[links]\n{links}");
        Manifest::parse(Source::new("theater.toml", text), Path::new("orders"))
    }

    #[test]
    fn an_import_finds_its_link_in_compatible_versions() {
        let links = "\"shop:inventory/stock\" = \"inventory\"\n\
            \"shop:audit/log@0.1.0\" = { actor = \"shop/audit\", timeout = \"2s\" }\n\
            \"shop:audit/log@0.2.0\" = \"audit-2\"\n";
        let (manifest, warnings) = manifest(links).into_result().unwrap();
        assert_eq!(warnings, []);
        let found = |name: &str| manifest.link_for(name).map(|link| link.actor.value.clone());
        let found = |name: &str| found(name).unwrap_or_default();
        for any in ["", "@0.1.0", "@7.0.0-rc.1"] {
            assert_eq!(found(&format!("shop:inventory/stock{any}")), "inventory", "{any}");
        }
        assert_eq!(found("shop:audit/log@0.1.9"), "shop/audit");
        assert_eq!(found("shop:audit/log@0.2.1"), "audit-2");
        for foreign in ["shop:audit/log@1.0.0", "shop:audit/log", "shop:inventory/stocks", "stock"]
        {
            assert_eq!(found(foreign), "", "{foreign}");
        }
        let log = manifest.link_for("shop:audit/log@0.1.0").unwrap();
        assert_eq!(log.timeout, Some(Duration::from_secs(2)));
        let text = &manifest.source.text;
        assert_eq!(&text[log.import.span.clone()], "\"shop:audit/log@0.1.0\"");
        assert_eq!(&text[log.actor.span.clone()], "\"shop/audit\"");
    }

    #[test]
    fn the_text_that_holds_the_links_reads_back() {
        let links = "\"b:b/b\" = \"b\"\n\"a:a/a@0.1.0\" = { actor = \"a/b\", timeout = \"90s\" }\n";
        let written = manifest(links).manifest.unwrap().effective_toml();
        assert!(
            written.contains(
                "\n[links]\n\"a:a/a@0.1.0\" = { actor = \"a/b\", timeout = \"90s\" }\n\"b:b/b\" = { actor = \"b\" }\n"
            ),
            "{written}"
        );
        let again = Manifest::parse(Source::new("effective", written.clone()), Path::new("orders"));
        assert_eq!(again.into_result().unwrap().0.effective_toml(), written);
    }

    #[test]
    fn only_interfaces_of_packages_that_no_handler_answers_are_linked() {
        for good in ["shop:inventory/stock@0.1.0", "a:b/c"] {
            assert!(is_linkable(good), "{good}");
        }
        for bad in ["theater:host/state@0.1.0", "wasi:http/types@0.2.0", "stock", "shop:inventory"]
        {
            assert!(!is_linkable(bad), "{bad}");
        }
    }
}
