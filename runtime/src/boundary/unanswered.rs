use super::{Binder, TurnData};
use crate::catalog;
use crate::manifest::Grants;
use crate::world::may_trap;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

/// Answers with a trap what a component imports of WASI 0.2 and what is not granted or answered: for
/// components that link more than they use. Everything that is granted must be linked before.
///
/// # Errors
///
/// When the component imports something in a form that cannot be linked.
pub(super) fn link(
    linker: &mut Linker<TurnData>,
    component: &Component,
    grants: &Grants,
) -> wasmtime::Result<()> {
    let engine = component.engine();
    // A resource type that was met before belongs to an earlier import, which only uses it.
    let mut met = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        let answered = catalog::by_import(name)
            .filter(|(handler, _)| handler.always || grants.has(handler.name))
            .map(|(_, interface)| interface);
        let linked_as = answered.map_or_else(|| name.to_owned(), catalog::Interface::id);
        for (part, item) in instance.exports(engine) {
            let has = |names: &[&str]| names.contains(&part);
            let known = match item.ty {
                ComponentItem::ComponentFunc(_) => answered.is_some_and(|i| has(i.functions)),
                ComponentItem::Resource(ty) => {
                    let again = met.contains(&ty);
                    met.push(ty);
                    again || answered.is_some_and(|i| has(i.resources))
                }
                _ => true,
            };
            if known || !may_trap(name) {
                continue;
            }
            let mut binder = Binder::new(linker.instance(&linked_as)?, name);
            match item.ty {
                ComponentItem::Resource(_) => binder.unanswered_resource(part)?,
                _ => binder.unanswered(part, message(name, part, answered.is_some()))?,
            }
        }
    }
    Ok(())
}

/// What the trap says.
fn message(import: &str, function: &str, interface_granted: bool) -> String {
    let why = match catalog::by_import(import) {
        Some((handler, _)) if !interface_granted => {
            format!("is not granted: its handler is `{}`", handler.name)
        }
        _ => "Theater does not answer".to_owned(),
    };
    format!("it called `{function}` of `{import}`, which {why}")
}
