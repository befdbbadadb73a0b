//! Worlds of a project that its manifest does not name, and that no world includes that it names.

use super::Wit;
use super::duplicates::lines;
use crate::diagnostic::{Diagnostic, Edit, Source, WORLD_UNUSED};
use crate::syntax::wit::view::{child, declared, plain};
use crate::syntax::wit::{self, Node, SyntaxKind};
use std::ops::Range;
use std::sync::Arc;
use wit_parser::WorldId;

/// A world as it is written.
struct Written {
    source: Arc<Source>,
    name: String,
    span: Range<usize>,
    whole: Range<usize>,
    includes: Vec<String>,
}

/// A warning for each world of the project's own package for which the actor's world has no use.
pub(super) fn unused(wit: &Wit, used: WorldId) -> Vec<Diagnostic> {
    let worlds: Vec<Written> = wit.files().iter().flat_map(worlds).collect();
    let mut known = vec![wit.resolve.worlds[used].name.as_str()];
    let mut at = 0;
    while let Some(name) = known.get(at).copied() {
        at += 1;
        let includes = worlds.iter().filter(|world| world.name == name).flat_map(|it| &it.includes);
        for included in includes {
            if !known.contains(&included.as_str()) {
                known.push(included);
            }
        }
    }
    let unused = worlds.iter().filter(|world| !known.contains(&world.name.as_str()));
    let warning = |world: &Written| {
        let message = format!("no manifest uses the world `{}`", world.name);
        let problem = Diagnostic::warning(WORLD_UNUSED, message)
            .at(&world.source, world.span.clone(), "not the actor's world")
            .help(format!(
                "Remove it, let the actor's world include it, or write `world = \"{}\"` under \
                 `[actor]`.",
                world.name
            ));
        // Whoever includes it would miss it.
        let included = worlds.iter().any(|other| other.includes.contains(&world.name));
        let edit = (!included).then(|| Edit {
            source: world.source.clone(),
            span: lines(&world.source.text, world.whole.clone()),
            text: String::new(),
        });
        problem.maybe_fix("Remove the world", edit)
    };
    unused.map(warning).collect()
}

fn worlds(source: &Arc<Source>) -> Vec<Written> {
    let root = wit::parse(&source.text).root();
    // Those of nested packages are other packages'.
    let worlds = root.children().filter(|it| it.kind() == SyntaxKind::WorldItem);
    let written = worlds.filter_map(|world| {
        let name = declared(&world)?;
        Some(Written {
            source: source.clone(),
            name: plain(name.text()).to_owned(),
            span: wit::span(name.text_range()),
            whole: wit::span(world.text_range()),
            includes: includes(&world),
        })
    });
    written.collect()
}

/// The last names of what a world includes. That of another package may hide an unused one of the same
/// name, which is no harm.
fn includes(world: &Node) -> Vec<String> {
    let members = child(world, SyntaxKind::Body).into_iter().flat_map(|body| body.children());
    let includes = members.filter(|it| it.kind() == SyntaxKind::IncludeItem);
    let paths = includes.filter_map(|include| child(&include, SyntaxKind::Path));
    let name = |path: Node| {
        let last = path.children().filter(|it| it.kind() == SyntaxKind::Reference).last()?;
        Some(plain(last.text().to_string().trim()).to_owned())
    };
    paths.filter_map(name).collect()
}
