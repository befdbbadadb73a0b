//! The world of an actor, against its manifest and against what Theater answers.

use super::grants::{
    Answer, answer, answered, grant, has_resources, link_obstacles, may_trap, names, nobody,
    not_over_a_link, way_out,
};
use super::signature::{self, Part};
use super::unused::{grants_place, unused};
use super::wit::{Import, key_name};
use super::{ComponentInfo, Extern, Wit, init};
use crate::catalog::{self, Handler};
use crate::diagnostic::{self, Diagnostic, did_you_mean};
use crate::manifest::{Manifest, UnusedImports};
use wit_parser::{Function, WorldId, WorldItem};

/// Checks the world that a manifest names against the manifest and against what Theater answers.
pub fn check_world(manifest: &Manifest, wit: &Wit) -> Vec<Diagnostic> {
    match actor_world(manifest, wit) {
        Err(problem) => vec![*problem],
        Ok(world) => {
            let check = WorldCheck { manifest, wit, world };
            let imports = check.imports().into_iter().map(|(_, problem)| problem);
            imports.chain(check.unused(None)).chain(check.shapes()).collect()
        }
    }
}

/// The actor's world: the one that the manifest names, or the only one if it names none.
///
/// # Errors
/// A name that the project's WIT does not define, or several worlds and no name.
pub fn actor_world(manifest: &Manifest, wit: &Wit) -> diagnostic::Result<WorldId> {
    let worlds: Vec<&str> = wit.worlds().collect();
    let list = || match worlds.as_slice() {
        [] => "Its package defines no world.".to_string(),
        names => format!("Its worlds are: {}.", names.join(", ")),
    };
    let Some(named) = &manifest.actor.world else {
        return match worlds.as_slice() {
            [only] => wit.world(only).ok_or_else(|| unreachable_world(only)),
            _ => Err(Diagnostic::error(
                diagnostic::WORLD_UNKNOWN,
                "the manifest does not say which world the actor has",
            )
            .at(&manifest.source, manifest.actor.name.span.clone(), "this actor")
            .help(format!("Add `world = \"...\"` under `[actor]`. {}", list()))
            .into()),
        };
    };
    if let Some(world) = wit.world(&named.value) {
        return Ok(world);
    }
    let problem = Diagnostic::error(
        diagnostic::WORLD_UNKNOWN,
        format!("there is no world `{}` in the project's WIT", named.value),
    )
    .at(&manifest.source, named.span.clone(), "not defined");
    Err(match did_you_mean(&named.value, worlds.iter().copied()) {
        Some(near) => problem.help(format!("Did you mean `{near}`?")).fix(
            format!("Write `{near}`"),
            &manifest.source,
            named.span.clone(),
            format!("\"{near}\""),
        ),
        None => problem.help(list()),
    }
    .into())
}

fn unreachable_world(name: &str) -> Box<Diagnostic> {
    Diagnostic::error(diagnostic::WORLD_UNKNOWN, format!("world `{name}` cannot be found")).into()
}

/// The checks of one world.
pub(super) struct WorldCheck<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) wit: &'a Wit,
    pub(super) world: WorldId,
}

impl WorldCheck<'_> {
    fn name(&self) -> &str {
        &self.wit.resolve.worlds[self.world].name
    }

    /// Imports that are not granted or not answered, each with the import's name.
    pub(super) fn imports(&self) -> Vec<(String, Diagnostic)> {
        let mut problems = Vec::new();
        for import in self.wit.imports(self.world) {
            let interface = &self.wit.resolve.interfaces[import.interface];
            let functions: Vec<String> = interface.functions.keys().cloned().collect();
            let has_resources = has_resources(&self.wit.resolve, interface);
            let found = match answer(&import.name, &functions, has_resources) {
                Answer::Nothing => continue,
                Answer::Nobody => match self.manifest.link_for(&import.name) {
                    Some(_) => self.not_over_a_link(&import),
                    None => vec![self.nobody(&import)],
                },
                Answer::Handler(handler, missing) => {
                    // What only types need has no functions in a component that does not call them.
                    let refused = !handler.always
                        && !self.manifest.grants(handler.name)
                        && (import.is_written || has_resources);
                    let refused = refused.then(|| self.not_granted(&import, handler));
                    let missing = (!missing.is_empty()).then(|| self.unanswered(&import, &missing));
                    refused.into_iter().chain(missing).collect()
                }
            };
            problems.extend(found.into_iter().map(|problem| (import.name.clone(), problem)));
        }
        for item in self.wit.resolve.worlds[self.world].imports.values() {
            if let WorldItem::Function(function) = item {
                let problem = nobody(&format!("world `{}`", self.name()), &function.name);
                problems.push((
                    function.name.clone(),
                    self.at(problem, function.span, "imported here"),
                ));
            }
        }
        let trap = self.manifest.actor.unused_imports == UnusedImports::Trap;
        problems.retain(|(name, _)| !(trap && may_trap(name)));
        problems
    }

    fn not_granted(&self, import: &Import, handler: &Handler) -> Diagnostic {
        let (world, name) = (self.name(), &import.name);
        let place = grants_place(self.manifest, handler);
        let problem = Diagnostic::error(
            diagnostic::IMPORT_NOT_GRANTED,
            format!("world `{world}` imports `{name}`, which the manifest does not grant"),
        )
        .at(&self.manifest.source, place, format!("`{}` is not granted", handler.name))
        .help(format!("Add {} under `[handlers]`.", handler.grant_line()));
        let problem = way_out(problem, name);
        let problem = grant(problem, self.manifest, handler);
        let related =
            Diagnostic::error(diagnostic::IMPORT_NOT_GRANTED, format!("world `{world}` needs it"));
        let span = import.span.unwrap_or(self.wit.resolve.worlds[self.world].span);
        problem.related(self.at(related, span, "imported here"))
    }

    /// An import that the world writes and nobody answers is an error. One that only the types of
    /// another interface need is a warning: a component that does not use them does not import it.
    fn nobody(&self, import: &Import) -> Diagnostic {
        let mut problem = nobody(&format!("world `{}`", self.name()), &import.name);
        match import.span {
            Some(span) => self.at(problem, span, "imported here"),
            None => {
                problem.severity = diagnostic::Severity::Warning;
                let span = self.wit.resolve.worlds[self.world].span;
                self.at(problem, span, "through the types of another import")
            }
        }
    }

    /// What of a linked interface cannot pass from actor to actor.
    fn not_over_a_link(&self, import: &Import) -> Vec<Diagnostic> {
        let resolve = &self.wit.resolve;
        let interface = &resolve.interfaces[import.interface];
        let problem = |(item, why): (String, String)| {
            let function = interface.functions.get(&item).map(|function| function.span);
            let resource = || interface.types.get(&item).map(|id| resolve.types[*id].span);
            let span = function.or_else(resource).unwrap_or(interface.span);
            self.at(not_over_a_link(&import.name, &item, &why), span, "here")
        };
        link_obstacles(resolve, interface).into_iter().map(problem).collect()
    }

    /// A warning: a component that does not call the functions does not import them.
    fn unanswered(&self, import: &Import, functions: &[String]) -> Diagnostic {
        let list = functions.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let problem = Diagnostic::warning(
            diagnostic::FUNCTION_UNANSWERED,
            format!("of `{}` Theater does not answer {list}", import.name),
        )
        .help(format!("Do not call them. {}", answered(&import.name)));
        self.at(
            problem,
            import.span.unwrap_or(self.wit.resolve.worlds[self.world].span),
            "imported here",
        )
    }

    /// Grants, links and callbacks for which neither the world nor the component has a use.
    pub(super) fn unused(&self, component: Option<&ComponentInfo>) -> Vec<Diagnostic> {
        let world = &self.wit.resolve.worlds[self.world];
        let used = |items: &wit_parser::IndexMap<_, WorldItem>, more: Option<&[Extern]>| {
            let own = items.keys().map(|key| key_name(&self.wit.resolve, key));
            own.chain(names(more.unwrap_or_default())).collect::<Vec<String>>()
        };
        let imports = used(&world.imports, component.map(|info| &*info.imports));
        let exports = used(&world.exports, component.map(|info| &*info.exports));
        let export = |name: &str| self.wit.export_edit(self.world, name);
        unused(self.manifest, &imports, &exports, export)
    }

    /// Functions that no actor can have, and an `init` of a wrong shape.
    pub(super) fn shapes(&self) -> Vec<Diagnostic> {
        let resolve = &self.wit.resolve;
        let world = &resolve.worlds[self.world];
        let mut problems = Vec::new();
        for (key, item) in world.imports.iter().chain(&world.exports) {
            let place = key_name(resolve, key);
            match item {
                // What is linked is looked at where imports are.
                WorldItem::Interface { id, .. }
                    if catalog::by_import(&place).is_none()
                        && self.manifest.link_for(&place).is_none() =>
                {
                    let functions = resolve.interfaces[*id].functions.values();
                    problems.extend(
                        functions.filter_map(|function| self.unsupported(&place, function)),
                    );
                }
                WorldItem::Function(function) => {
                    problems.extend(self.unsupported(self.name(), function))
                }
                _ => {}
            }
        }
        if let Some(problem) = init::problem(resolve, self.world) {
            let key = wit_parser::WorldKey::Name("init".into());
            let span = world.exports.get(&key).map_or(world.span, WorldItem::span);
            problems.push(self.at(problem, span, "here"));
        }
        problems
    }

    fn unsupported(&self, place: &str, function: &Function) -> Option<Diagnostic> {
        let word = match signature::foreign_part(&self.wit.resolve, function) {
            _ if function.kind.is_async() => "async",
            Some(Part::Unsupported(word)) => word,
            _ => return None,
        };
        let problem = Diagnostic::error(
            diagnostic::WASI_0_3,
            format!("`{}` of `{place}` needs `{word}`, which is not supported yet", function.name),
        )
        .help("Use the types of WASI 0.2.");
        Some(self.at(problem, function.span, "here"))
    }

    fn at(&self, problem: Diagnostic, span: wit_parser::Span, text: &str) -> Diagnostic {
        match self.wit.place(span) {
            Some((source, range)) => problem.at(&source, range, text),
            None => problem,
        }
    }
}
