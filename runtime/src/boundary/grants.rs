use super::{Binder, TurnData};
use crate::catalog;
use crate::diagnostic::{Diagnostic, IMPORT_NOT_GRANTED};
use crate::handlers;
use crate::manifest::{Grants, Manifest};
use crate::world::{self, ComponentInfo};
use wasmtime::component::Linker;

/// Checks everything that a component imports against what its manifest grants, before any of its
/// code runs. Answers with everything for which it is refused.
pub fn check_imports(info: &ComponentInfo, manifest: &Manifest) -> Vec<Diagnostic> {
    let who = match &manifest.actor.world {
        Some(world) => format!("the world `{}`", world.value),
        None => format!("the component of `{}`", manifest.actor.name.value),
    };
    let problems = world::check_grants(info, &who, |handler| manifest.grants(handler));
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

/// Links the granted handlers, and nothing else.
///
/// # Errors
///
/// When an interface is linked twice, which would be a fault of the catalog.
pub fn link(linker: &mut Linker<TurnData>, grants: &Grants) -> wasmtime::Result<()> {
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
    Ok(())
}
