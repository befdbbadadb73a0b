use super::link::link as link_peers;
use super::{Binder, TurnData, unanswered};
use crate::catalog;
use crate::diagnostic::{Diagnostic, IMPORT_NOT_GRANTED};
use crate::handlers;
use crate::manifest::{Manifest, UnusedImports};
use crate::world::{self, ComponentInfo};
use wasmtime::component::{Component, Linker};

/// Checks everything that a component imports against what its manifest grants, before any of its
/// code runs. Answers with everything for which it is refused.
pub fn check_imports(info: &ComponentInfo, manifest: &Manifest) -> Vec<Diagnostic> {
    let who = match &manifest.actor.world {
        Some(world) => format!("the world `{}`", world.value),
        None => format!("the component of `{}`", manifest.actor.name.value),
    };
    let problems = world::check_grants(info, &who, manifest);
    problems.into_iter().map(|problem| in_manifest(problem, manifest)).collect()
}

/// Shows a missing grant where the manifest would have it. A bare component has no manifest: there
/// the grant is a flag.
fn in_manifest(problem: Diagnostic, manifest: &Manifest) -> Diagnostic {
    if problem.code != IMPORT_NOT_GRANTED {
        return problem;
    }
    if manifest.source.text.is_empty() {
        return problem.help("Grant handlers to a bare component with `--grant NAME,...`.");
    }
    let place = manifest.actor.name.span.clone();
    problem.at(&manifest.source, place, "this actor")
}

/// Links the granted handlers, and nothing else. Where the manifest says so, what else the component
/// imports of WASI 0.2 is answered with a trap.
///
/// # Errors
///
/// When an interface is linked twice, which would be a fault of the catalog.
pub fn link(
    linker: &mut Linker<TurnData>,
    component: &Component,
    manifest: &Manifest,
) -> wasmtime::Result<()> {
    let grants = &manifest.handlers;
    for handler in catalog::HANDLERS {
        if !handler.always && !grants.has(handler.name) {
            continue;
        }
        for interface in handler.imports {
            let name = interface.id();
            let mut binder = Binder::new(linker.instance(&name)?, &name);
            handlers::bind(&mut binder, handler.name, interface.name, grants)?;
        }
    }
    link_peers(linker, component, manifest)?;
    match manifest.actor.unused_imports {
        UnusedImports::Refuse => Ok(()),
        UnusedImports::Trap => unanswered::link(linker, component, grants),
    }
}
