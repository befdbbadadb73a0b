use super::{Binder, TurnData};
use crate::catalog;
use crate::diagnostic::{Diagnostic, IMPORT_NOT_GRANTED, IMPORT_UNKNOWN};
use crate::handlers;
use crate::manifest::{Grants, Manifest};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

/// Checks every import of a component against what the manifest grants, before any of its code
/// runs. Answers with everything that is wrong.
pub fn check_imports(component: &Component, manifest: &Manifest) -> Vec<Diagnostic> {
    let engine = component.engine();
    let mut problems = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        match item.ty {
            ComponentItem::ComponentInstance(instance) => {
                let functions = instance.exports(engine).filter_map(|(function, item)| {
                    matches!(item.ty, ComponentItem::ComponentFunc(_)).then_some(function)
                });
                problems.extend(check_interface(name, functions, manifest));
            }
            // Types alone need nobody to answer.
            ComponentItem::Type(_) => {}
            _ => problems.push(unknown(name, &world(manifest))),
        }
    }
    problems
}

fn check_interface<'a>(
    name: &str,
    functions: impl Iterator<Item = &'a str>,
    manifest: &Manifest,
) -> Vec<Diagnostic> {
    let functions: Vec<&str> = functions.collect();
    if functions.is_empty() {
        return Vec::new();
    }
    let Some((handler, interface)) = catalog::by_import(name) else {
        return vec![unknown(name, &world(manifest))];
    };
    if !handler.always && !manifest.handlers.has(handler.name) {
        return vec![not_granted(name, handler, manifest)];
    }
    functions
        .into_iter()
        .filter(|function| !interface.functions.contains(function))
        .map(|function| {
            Diagnostic::error(
                IMPORT_UNKNOWN,
                format!("nothing answers `{function}` of the import `{name}`"),
            )
            .help(format!(
                "the handler `{}` answers {} of this interface",
                handler.name,
                interface.functions.join(", ")
            ))
        })
        .collect()
}

/// How a report calls the component's world.
fn world(manifest: &Manifest) -> String {
    match &manifest.actor.world {
        Some(world) => format!("the world `{}`", world.value),
        None => format!("the component `{}`", manifest.actor.name.value),
    }
}

fn unknown(name: &str, world: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        IMPORT_UNKNOWN,
        format!("nothing answers the import `{name}` of {world}"),
    );
    if name.contains("@0.3") && name.starts_with("wasi:") {
        return diagnostic.help("WASI 0.3 is not supported yet: build the component for WASI 0.2");
    }
    diagnostic.help("`theater explain handlers` lists what Theater provides; the component must not import anything else")
}

fn not_granted(name: &str, handler: &catalog::Handler, manifest: &Manifest) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        IMPORT_NOT_GRANTED,
        format!("{} imports `{name}`, which the manifest does not grant", world(manifest)),
    );
    let line = format!("{} = true", handler.name);
    if manifest.source.text.is_empty() {
        return diagnostic.help(format!("add `--grant {}`", handler.name));
    }
    let diagnostic = match manifest.handlers.spans.get(handler.name) {
        Some(span) => diagnostic.at(&manifest.source, span.clone(), "refused here"),
        None => diagnostic.at(
            &manifest.source,
            manifest.actor.name.span.clone(),
            format!("this actor needs `{}`", handler.name),
        ),
    };
    diagnostic.help(format!("add `{line}` under `[handlers]`"))
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
            let name = format!("{}/{}@{}", interface.package, interface.name, interface.version);
            let mut binder = Binder::new(linker.instance(&name)?, &name);
            handlers::bind(&mut binder, handler.name, interface.name, grants)?;
        }
    }
    Ok(())
}
