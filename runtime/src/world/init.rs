//! The shape of `init`, an actor's turn 0.

use super::project::project_wit_in;
use super::{actor_world, component_path, leftover, signature};
use crate::call::{Type as CallType, declared_parameters};
use crate::diagnostic::{self, Diagnostic};
use crate::files::Files;
use crate::manifest::Manifest;
use wit_parser::{Function, Resolve, Type, TypeDefKind, WorldId, WorldItem, WorldKey};

/// What is wrong with the `init` that a world exports, if there is one and it is wrong.
pub(super) fn problem(resolve: &Resolve, world: WorldId) -> Option<Diagnostic> {
    let key = WorldKey::Name("init".into());
    let reason = match resolve.worlds[world].exports.get(&key)? {
        WorldItem::Function(function) if is_leftover(function) => return None,
        WorldItem::Function(function) => wrong(resolve, function)?,
        _ => "it is not a function".into(),
    };
    Some(
        Diagnostic::error(
            diagnostic::INIT_SHAPE,
            format!("`init` cannot be used as an actor's first turn: {reason}"),
        )
        .help("Write `export init: func(...) -> result<_, string>;` with whatever parameters it needs."),
    )
}

/// The function `init` that a world exports; an inner none if what it exports cannot be an actor's first
/// turn, which is a problem of its own. None if it exports none.
pub(super) fn exported(resolve: &Resolve, world: WorldId) -> Option<Option<&Function>> {
    let key = WorldKey::Name("init".into());
    match resolve.worlds[world].exports.get(&key)? {
        WorldItem::Function(function) if is_leftover(function) => None,
        WorldItem::Function(function) => {
            Some(Some(function).filter(|function| wrong(resolve, function).is_none()))
        }
        _ => Some(None),
    }
}

/// The parameters of an actor's `init`: by its world, or else by its component. None if it has no `init`, or nothing
/// is known of it.
pub fn init_parameters(
    files: &(impl Files + ?Sized),
    manifest: &Manifest,
) -> Option<Vec<(String, CallType)>> {
    let parameters = |resolve: &Resolve, world| {
        let function = exported(resolve, world)??;
        declared_parameters(resolve, function)
    };
    let wit = project_wit_in(files, manifest).ok().flatten();
    let by_world = wit.and_then(|wit| parameters(&wit.resolve, actor_world(manifest, &wit).ok()?));
    by_world.or_else(|| {
        let component = files.component(&component_path(manifest)).ok()?;
        let info = component.info.as_ref().ok()?;
        parameters(&info.resolve, info.world)
    })
}

fn is_leftover(function: &Function) -> bool {
    let params = function.params.iter().map(|param| param.name.as_str());
    leftover(None, &function.name, params).is_some()
}

fn wrong(resolve: &Resolve, function: &Function) -> Option<String> {
    if let Some(obstacle) = signature::obstacle(resolve, function) {
        return Some(obstacle);
    }
    let Some(Type::Id(id)) = function.result else {
        return Some("it does not answer `result<_, string>`".into());
    };
    match &resolve.types[underlying(resolve, id)].kind {
        TypeDefKind::Result(result) => match (result.ok, result.err) {
            (None, Some(Type::String)) => None,
            (Some(_), Some(Type::String)) => Some("its `ok` must carry nothing".into()),
            _ => Some("its `err` must carry a `string`, the reason to refuse".into()),
        },
        _ => Some("it does not answer `result<_, string>`".into()),
    }
}

/// The type behind `type a = b`.
fn underlying(resolve: &Resolve, id: wit_parser::TypeId) -> wit_parser::TypeId {
    match resolve.types[id].kind {
        TypeDefKind::Type(Type::Id(next)) => underlying(resolve, next),
        _ => id,
    }
}
