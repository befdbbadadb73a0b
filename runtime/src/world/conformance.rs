//! Whether a component is what its world promises.

use super::component::chain;
use super::signature;
use super::wit::key_name;
use super::{ComponentInfo, Wit};
use crate::diagnostic::{self, Diagnostic, did_you_mean};
use wac_types::{ExternKind, ItemKind, Package, TargetValidationReport, Type, Types};
use wit_parser::{Resolve, WorldId, WorldItem};

/// Compares a component with a world of the project. It may import less and export more than the
/// world says, and what its language's runtime needs of WASI, which is left to the check of grants;
/// everything else is a problem, reported as expected against found.
///
/// `info` must have been read from `bytes`.
pub fn check_component(
    bytes: &[u8],
    info: &ComponentInfo,
    wit: &Wit,
    world: WorldId,
) -> Vec<Diagnostic> {
    let check = Check { info, wit, world };
    match check.compare(bytes) {
        Ok(None) => Vec::new(),
        Ok(Some(report)) => check.report(&report),
        Err(error) => vec![
            Diagnostic::error(
                diagnostic::COMPONENT_WORLD,
                format!(
                    "the component cannot be compared with world `{}`: {error}",
                    check.world_name()
                ),
            )
            .help("Build the component again."),
        ],
    }
}

struct Check<'a> {
    info: &'a ComponentInfo,
    wit: &'a Wit,
    world: WorldId,
}

impl Check<'_> {
    fn world_name(&self) -> &str {
        &self.wit.resolve.worlds[self.world].name
    }

    fn compare(&self, bytes: &[u8]) -> Result<Option<TargetValidationReport>, String> {
        let mut types = Types::default();
        let encoded = self.wit.encode().map_err(|problem| problem.message)?;
        let wit = Package::from_bytes("wit", None, encoded, &mut types).map_err(|e| chain(&e))?;
        let component =
            Package::from_bytes("component", None, bytes, &mut types).map_err(|e| chain(&e))?;
        // A world is encoded as a component type that exports the world itself as a component type.
        let Some(ItemKind::Type(Type::World(outer))) = wit.definitions().get(self.world_name())
        else {
            return Err("its world has no binary form".into());
        };
        Ok(wac_types::validate_target(&types, *outer, component.ty()).err())
    }

    fn report(&self, report: &TargetValidationReport) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for name in report.imports_not_in_target().filter(|name| !name.starts_with("wasi:")) {
            problems.push(self.extra_import(name));
        }
        for (name, _) in report.missing_exports() {
            problems.push(self.missing_export(name));
        }
        for (name, kind, error) in report.mismatched_types() {
            problems.push(self.mismatch(name, *kind, &chain(error)));
        }
        problems
    }

    fn extra_import(&self, name: &str) -> Diagnostic {
        let world = self.world_name();
        let problem = Diagnostic::error(
            diagnostic::COMPONENT_WORLD,
            format!("the component imports `{name}`, which world `{world}` does not import"),
        )
        .help(format!("Add `import {name};` to world `{world}`, or stop using it."));
        self.at_world(problem, "it is not among this world's imports")
    }

    fn missing_export(&self, name: &str) -> Diagnostic {
        let world = self.world_name();
        let mut problem = Diagnostic::error(
            diagnostic::COMPONENT_WORLD,
            format!("world `{world}` exports `{name}`, but the component does not"),
        );
        let found: Vec<&str> = self.info.exports.iter().map(super::Extern::name).collect();
        problem = problem.help(match did_you_mean(name, found.iter().copied()) {
            Some(near) => format!("The component exports `{near}`: rename one of the two."),
            None if found.is_empty() => "The component exports nothing.".to_string(),
            None => format!("The component exports: {}.", found.join(", ")),
        });
        self.at_item(problem, name, "expected by this world")
    }

    fn mismatch(&self, name: &str, kind: ExternKind, error: &str) -> Diagnostic {
        let (verb, expected, found) = match kind {
            ExternKind::Import => (
                "imports",
                item(&self.wit.resolve, self.world, name, false),
                item(&self.info.resolve, self.info.world, name, false),
            ),
            ExternKind::Export => (
                "exports",
                item(&self.wit.resolve, self.world, name, true),
                item(&self.info.resolve, self.info.world, name, true),
            ),
        };
        let mut problem = Diagnostic::error(
            diagnostic::COMPONENT_WORLD,
            format!(
                "the component {verb} `{name}` with other types than world `{}`: {error}",
                self.world_name()
            ),
        );
        let differing = differing(expected, found, kind == ExternKind::Import);
        problem = problem.help(match differing {
            Some((expected, found)) => format!(
                "Expected by the world: {expected}\nFound in the component: {}",
                found.as_deref().unwrap_or("nothing of that name")
            ),
            None => "Change the world or the component, and build again.".to_string(),
        });
        let function = quoted_after(error, "export `");
        self.at_function(problem, name, function)
    }

    fn at_world(&self, problem: Diagnostic, text: &str) -> Diagnostic {
        self.at(problem, self.wit.resolve.worlds[self.world].span, text)
    }

    /// Marks where the world names an item, or else the world.
    fn at_item(&self, problem: Diagnostic, name: &str, text: &str) -> Diagnostic {
        let world = &self.wit.resolve.worlds[self.world];
        let items = world.exports.iter().chain(&world.imports);
        let found =
            items.filter(|(key, _)| key_name(&self.wit.resolve, key) == name).map(|(_, item)| {
                match item {
                    WorldItem::Interface { id, span, .. } if !span.is_known() => {
                        self.wit.resolve.interfaces[*id].span
                    }
                    item => item.span(),
                }
            });
        match found.into_iter().find(wit_parser::Span::is_known) {
            Some(span) => self.at(problem, span, text),
            None => self.at_world(problem, text),
        }
    }

    /// Marks a function of an interface, or else the interface.
    fn at_function(&self, problem: Diagnostic, name: &str, function: Option<&str>) -> Diagnostic {
        let text = "the world's side";
        let span = function.and_then(|function| {
            let (_, id) = interfaces(&self.wit.resolve, self.world).find(|(key, _)| key == name)?;
            Some(self.wit.resolve.interfaces[id].functions.get(function)?.span)
        });
        match span.filter(|span| self.wit.place(*span).is_some()) {
            Some(span) => self.at(problem, span, text),
            None => self.at_item(problem, name, text),
        }
    }

    fn at(&self, problem: Diagnostic, span: wit_parser::Span, text: &str) -> Diagnostic {
        match self.wit.place(span) {
            Some((source, range)) => problem.at(&source, range, text),
            None => problem,
        }
    }
}

/// The interfaces that a world imports and exports, by their full names.
fn interfaces(
    resolve: &Resolve,
    world: WorldId,
) -> impl Iterator<Item = (String, wit_parser::InterfaceId)> {
    let world = &resolve.worlds[world];
    world.exports.iter().chain(&world.imports).filter_map(|(key, item)| match item {
        WorldItem::Interface { id, .. } => Some((key_name(resolve, key), *id)),
        _ => None,
    })
}

/// The signatures of an item's functions and types, by name.
type Signatures = Vec<(String, String)>;

fn item(resolve: &Resolve, world: WorldId, name: &str, exported: bool) -> Signatures {
    let world = &resolve.worlds[world];
    let items = if exported { &world.exports } else { &world.imports };
    // Versions that are compatible are compared as equal.
    let plain = |name: &str| name.split('@').next().unwrap_or_default().to_string();
    let found = items.iter().find(|(key, _)| plain(&key_name(resolve, key)) == plain(name));
    match found.map(|(_, item)| item) {
        Some(WorldItem::Interface { id, .. }) => {
            let interface = &resolve.interfaces[*id];
            let types = interface
                .types
                .iter()
                .map(|(name, id)| (name.clone(), signature::definition(resolve, *id)));
            let functions = interface
                .functions
                .iter()
                .map(|(name, f)| (name.clone(), signature::function(resolve, f)));
            types.chain(functions).collect()
        }
        Some(WorldItem::Function(f)) => vec![(f.name.clone(), signature::function(resolve, f))],
        _ => Vec::new(),
    }
}

/// The first thing that two sides write differently. An import may leave functions out.
fn differing(
    expected: Signatures,
    found: Signatures,
    import: bool,
) -> Option<(String, Option<String>)> {
    expected.into_iter().find_map(|(name, expected)| {
        match found.iter().find(|(other, _)| *other == name) {
            Some((_, found)) if *found != expected => Some((expected, Some(found.clone()))),
            None if !import => Some((expected, None)),
            _ => None,
        }
    })
}

/// The name in backticks after a fixed text.
fn quoted_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let start = text.find(before)? + before.len();
    text[start..].split('`').next()
}
