//! What a manifest grants, links or expects, and an actor has no use for.

use super::grants::grant;
use crate::catalog::{self, Handler};
use crate::diagnostic::{self, Diagnostic, Edit, did_you_mean, line_of_key};
use crate::manifest::{Link, Manifest, is_linkable};

/// Where a missing grant shows: at a `false`, at the table of grants, or else at the actor's name.
pub(super) fn grants_place(manifest: &Manifest, handler: &Handler) -> std::ops::Range<usize> {
    if let Some(span) = manifest.handlers.spans.get(handler.name) {
        return span.clone();
    }
    let header = "[handlers]";
    let mut start = 0;
    for line in manifest.source.text.split_inclusive('\n') {
        if line.trim_start().starts_with(header) {
            let at = start + line.len() - line.trim_start().len();
            return at..at + header.len();
        }
        start += line.len();
    }
    manifest.actor.name.span.clone()
}

/// Warnings about grants and links without a use, and about callbacks that do not go with the grants,
/// given the names of what is imported and exported. `export_edit` changes the world so that it exports an interface.
pub(super) fn unused(
    manifest: &Manifest,
    imports: &[String],
    exports: &[String],
    export_edit: impl Fn(&str) -> Option<Edit>,
) -> Vec<Diagnostic> {
    let mut problems = unused_grants(manifest, imports, exports);
    problems.extend(unused_links(manifest, imports));
    problems.extend(callbacks(manifest, imports, exports, export_edit));
    problems
}

/// Links of which nothing is imported.
fn unused_links(manifest: &Manifest, imports: &[String]) -> Vec<Diagnostic> {
    let used = |link: &&Link| imports.iter().any(|name| link.answers(name));
    let unused = manifest.links.iter().filter(|link| !used(link));
    // What is of the host is reported as such.
    let unused = unused.filter(|link| is_linkable(&link.import.value));
    let warning = |link: &Link| {
        let name = &link.import.value;
        let message = format!("`{name}` is linked, but the actor does not import it");
        let plain = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
        let others: Vec<&String> = imports.iter().filter(|import| is_linkable(import)).collect();
        let paths: Vec<String> = others.iter().map(|import| plain(import)).collect();
        let help = match others.iter().find(|import| plain(import) == plain(name)) {
            Some(other) => format!("It imports `{other}`: link that version, or leave it out."),
            None => match did_you_mean(&plain(name), paths.iter().map(String::as_str)) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("Remove the link, or let the world import `{name}`."),
            },
        };
        let key = &link.import.span;
        let line = line_of_key(&manifest.source.text, key.start);
        let edit = |span| Edit { source: manifest.source.clone(), span, text: String::new() };
        Diagnostic::warning(diagnostic::LINK_UNUSED, message)
            .at(&manifest.source, key.clone(), "linked here")
            .help(help)
            .maybe_fix("Remove the link", line.map(edit))
    };
    unused.map(warning).collect()
}

/// Callbacks that nobody will call, because their handler is not granted; and handlers that are used, and
/// have nothing to call.
fn callbacks(
    manifest: &Manifest,
    imports: &[String],
    exports: &[String],
    export_edit: impl Fn(&str) -> Option<Edit>,
) -> Vec<Diagnostic> {
    let has = |names: &[String], interface: &catalog::Interface| {
        names.iter().any(|name| interface.matches(name))
    };
    let mut problems = Vec::new();
    for handler in catalog::HANDLERS.iter().filter(|handler| !handler.always) {
        let granted = manifest.grants(handler.name);
        for callback in handler.exports {
            // `X` of the host calls `X-callback` of the actor.
            let used = handler.imports.iter().any(|interface| {
                callback.name.strip_suffix("-callback") == Some(interface.name)
                    && has(imports, interface)
            });
            let (id, name) = (callback.id(), handler.name);
            let problem = match (granted, has(exports, callback)) {
                (false, true) => Diagnostic::warning(
                    diagnostic::CALLBACK_NEVER_CALLED,
                    format!("nobody calls `{id}`, because `{name}` is not granted"),
                )
                .help(format!(
                    "Add {} under `[handlers]`, or do not export it.",
                    handler.grant_line()
                )),
                (true, false) if used => Diagnostic::warning(
                    diagnostic::CALLBACK_MISSING,
                    format!("the actor uses `{name}`, but does not export `{id}`"),
                )
                .help(format!(
                    "Add `export {id};` to its world: that is what the handler `{name}` calls."
                ))
                .maybe_fix(format!("Export `{id}`"), export_edit(&id)),
                _ => continue,
            };
            let place = grants_place(manifest, handler);
            let problem = problem.at(&manifest.source, place, "the actor's grants");
            problems.push(match granted {
                true => problem,
                false => grant(problem, manifest, handler),
            });
        }
    }
    problems
}

/// Grants without a use.
fn unused_grants(manifest: &Manifest, imports: &[String], exports: &[String]) -> Vec<Diagnostic> {
    // What a supervisor does not use is the ceiling of its children.
    if manifest.supervisor.is_some() {
        return Vec::new();
    }
    let used = |handler: &Handler| {
        handler.imports.iter().any(|interface| imports.iter().any(|name| interface.matches(name)))
            || handler
                .exports
                .iter()
                .any(|interface| exports.iter().any(|name| interface.matches(name)))
    };
    let granted = |handler: &&Handler| !handler.always && manifest.grants(handler.name);
    let unused = catalog::HANDLERS.iter().filter(granted).filter(|handler| !used(handler));
    let warning = |handler: &Handler| {
        let interfaces: Vec<String> = handler.imports.iter().map(catalog::Interface::id).collect();
        let problem = Diagnostic::warning(
            diagnostic::GRANT_UNUSED,
            format!("`{}` is granted, but the actor has no use for it", handler.name),
        )
        .help(format!("Remove the grant, or let the world import {}.", interfaces.join(" or ")));
        let Some(span) = manifest.handlers.spans.get(handler.name) else { return problem };
        let problem = problem.at(&manifest.source, span.clone(), "granted here");
        match line_of_key(&manifest.source.text, span.start) {
            Some(line) => problem.fix("Remove the grant", &manifest.source, line, ""),
            None => problem,
        }
    };
    unused.map(warning).collect()
}
