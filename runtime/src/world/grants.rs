//! What a component needs from Theater, against what a manifest grants.

use super::signature;
use super::wit::key_name;
use super::{ComponentInfo, Extern, init};
use crate::catalog::{self, Handler};
use crate::diagnostic::{self, Diagnostic, did_you_mean};
use crate::manifest::{Manifest, UnusedImports, grant_edit, is_linkable};
use wit_parser::{Function, Resolve, TypeDefKind, WorldItem};

/// What a component needs from Theater.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The handlers that it needs a grant for, in the order of the catalog.
    pub handlers: Vec<&'static str>,
    /// The imports that a link to another actor can answer.
    pub links: Vec<String>,
    /// Imports that nobody answers: `wasi:sockets/tcp@0.2.0`, or with a function of an interface that
    /// is answered otherwise, `wasi:clocks/monotonic-clock@0.2.0#time-of`.
    pub unanswered: Vec<String>,
}

impl Needs {
    /// The manifest's tables `[handlers]` and `[links]` that the component would need. Who answers the
    /// links is for their writer to say.
    pub fn table(&self) -> String {
        let mut text = String::new();
        if !self.handlers.is_empty() || self.links.is_empty() {
            text.push_str("[handlers]\n");
        }
        for handler in &self.handlers {
            text.push_str(&format!("{handler} = true\n"));
        }
        if !self.links.is_empty() {
            text.push_str(if text.is_empty() { "[links]\n" } else { "\n[links]\n" });
        }
        for import in &self.links {
            text.push_str(&format!("{}\n", link_line(import)));
        }
        text
    }
}

/// The line under `[links]` that gives an import to another actor.
fn link_line(import: &str) -> String {
    format!("\"{import}\" = \"ACTOR\"")
}

/// What a component needs: the handlers that answer its imports, those that other actors can answer, and
/// those that nobody answers.
pub fn needed_handlers(info: &ComponentInfo) -> Needs {
    let mut needs = Needs::default();
    let mut handlers = Vec::new();
    for import in component_imports(info) {
        match answer(&import.name, &import.functions, import.has_resources) {
            Answer::Nothing => {}
            Answer::Nobody if is_linkable(&import.name) => {
                let obstacles = import.obstacles.iter();
                let refused = obstacles.map(|(function, _)| format!("{}#{function}", import.name));
                needs.unanswered.extend(refused);
                needs.links.push(import.name);
            }
            Answer::Nobody => needs.unanswered.push(import.name),
            Answer::Handler(handler, missing) => {
                if !handler.always {
                    handlers.push(handler.name);
                }
                let missing = missing.iter().map(|function| format!("{}#{function}", import.name));
                needs.unanswered.extend(missing);
            }
        }
    }
    let wanted = catalog::HANDLERS.iter().map(|handler| handler.name);
    needs.handlers = wanted.filter(|name| handlers.contains(name)).collect();
    needs
}

/// Checks that everything that a component imports is granted and answered. An `init` of a wrong
/// shape is found as well. This is the check that stands before any component is loaded. `who` is
/// how the reports call it: `the component`, or by its world. Where the manifest lets unused imports
/// trap, those that may are no problem ([`may_trap`]).
pub fn check_grants(info: &ComponentInfo, who: &str, manifest: &Manifest) -> Vec<Diagnostic> {
    let problems = component_problems(info, who, manifest).into_iter();
    let mut problems: Vec<Diagnostic> = problems.map(|(_, problem)| problem).collect();
    problems.extend(init::problem(&info.resolve, info.world));
    problems
}

/// [`check_grants`] without `init`: each problem with the import that it is about.
pub(super) fn component_problems(
    info: &ComponentInfo,
    who: &str,
    manifest: &Manifest,
) -> Vec<(String, Diagnostic)> {
    let trap = manifest.actor.unused_imports == UnusedImports::Trap;
    let mut problems = Vec::new();
    for import in component_imports(info) {
        let name = &import.name;
        if trap && may_trap(name) {
            continue;
        }
        match answer(name, &import.functions, import.has_resources) {
            Answer::Nothing => {}
            Answer::Nobody => {
                match manifest.link_for(name) {
                    Some(_) => problems.extend(import.obstacles.iter().map(|(function, why)| {
                        (name.clone(), not_over_a_link(name, function, why))
                    })),
                    None => problems.push((name.clone(), nobody(who, name))),
                }
            }
            Answer::Handler(handler, missing) => {
                if !manifest.grants(handler.name) {
                    let problem = Diagnostic::error(
                        diagnostic::IMPORT_NOT_GRANTED,
                        format!("{who} imports `{name}`, which is not granted"),
                    );
                    let help =
                        format!("Add {} under `[handlers]` in theater.toml.", handler.grant_line());
                    let problem = grant(way_out(problem.help(help), name), manifest, handler);
                    problems.push((name.clone(), problem));
                }
                for function in missing {
                    let problem = Diagnostic::error(
                        diagnostic::FUNCTION_UNANSWERED,
                        format!(
                            "{who} calls `{function}` of `{name}`, which Theater does not answer"
                        ),
                    );
                    let problem = way_out(problem.help(answered(name)), name);
                    problems.push((name.clone(), problem));
                }
            }
        }
    }
    problems
}

/// The same problem with the fix that grants a handler. It is never certain: what an actor may do, a person decides.
pub(super) fn grant(problem: Diagnostic, manifest: &Manifest, handler: &Handler) -> Diagnostic {
    let is_written = !manifest.source.text.is_empty();
    let edit = is_written.then(|| grant_edit(&manifest.source, handler.name));
    problem.maybe_fix(format!("Grant `{}`", handler.name), edit)
}

/// An import, reduced to what decides who answers it.
struct Wanted {
    name: String,
    functions: Vec<String>,
    has_resources: bool,
    /// What of it cannot pass over a link, each with the reason.
    obstacles: Vec<(String, String)>,
}

fn component_imports(info: &ComponentInfo) -> Vec<Wanted> {
    let imports = info.resolve.worlds[info.world].imports.iter();
    let wanted = imports.filter_map(|(key, item)| match item {
        WorldItem::Interface { id, .. } => {
            let interface = &info.resolve.interfaces[*id];
            Some(Wanted {
                name: key_name(&info.resolve, key),
                functions: interface.functions.keys().cloned().collect(),
                has_resources: has_resources(&info.resolve, interface),
                obstacles: link_obstacles(&info.resolve, interface),
            })
        }
        WorldItem::Function(function) => Some(Wanted {
            name: function.name.clone(),
            functions: vec![function.name.clone()],
            has_resources: false,
            obstacles: Vec::new(),
        }),
        WorldItem::Type { .. } => None,
    });
    wanted.collect()
}

pub(super) fn has_resources(resolve: &Resolve, interface: &wit_parser::Interface) -> bool {
    interface.types.values().any(|id| matches!(resolve.types[*id].kind, TypeDefKind::Resource))
}

/// The functions and resources of an interface that cannot be used over a link, each with the reason:
/// only values pass from actor to actor.
pub(super) fn link_obstacles(
    resolve: &Resolve,
    interface: &wit_parser::Interface,
) -> Vec<(String, String)> {
    let resources = interface.types.iter().filter_map(|(name, id)| {
        let is_resource = matches!(resolve.types[*id].kind, TypeDefKind::Resource);
        is_resource.then(|| (name.clone(), "it is a resource, which only its own actor has".into()))
    });
    // What belongs to a resource needs no report of its own.
    let functions = interface.functions.values().filter(|f| f.kind.resource().is_none());
    let obstacle = |function: &Function| {
        Some((function.name.clone(), signature::link_obstacle(resolve, function)?))
    };
    resources.chain(functions.filter_map(obstacle)).collect()
}

/// The report of a function or resource that cannot be used over a link.
pub(super) fn not_over_a_link(import: &str, item: &str, why: &str) -> Diagnostic {
    let message = format!("`{item}` of `{import}` cannot be used over a link: {why}");
    Diagnostic::error(diagnostic::LINK_UNSUPPORTED, message)
        .help("Give the interface functions whose parameters and results are plain values.")
}

/// Who answers an import.
pub(super) enum Answer {
    /// It has types only: there is nothing to answer.
    Nothing,
    /// No handler.
    Nobody,
    /// A handler, except for these functions.
    Handler(&'static Handler, Vec<String>),
}

pub(super) fn answer(name: &str, functions: &[String], has_resources: bool) -> Answer {
    if functions.is_empty() && !has_resources {
        return Answer::Nothing;
    }
    match catalog::by_import(name) {
        None => Answer::Nobody,
        Some((handler, interface)) => {
            let unknown = |function: &&String| !interface.functions.contains(&function.as_str());
            Answer::Handler(handler, functions.iter().filter(unknown).cloned().collect())
        }
    }
}

/// The report of an import that nobody answers. `who` imports it.
pub(super) fn nobody(who: &str, name: &str) -> Diagnostic {
    if is_wasi_0_3(name) {
        return Diagnostic::error(
            diagnostic::WASI_0_3,
            format!("{who} imports `{name}`, which is WASI 0.3 and not supported yet"),
        )
        .help("Use WASI 0.2.");
    }
    if is_linkable(name) {
        return Diagnostic::error(
            diagnostic::IMPORT_UNKNOWN,
            format!("{who} imports `{name}`, which nobody answers"),
        )
        .help(format!(
            "If another actor exports it, write `{}` under `[links]` in theater.toml, with the name \
             of that actor.",
            link_line(name)
        ));
    }
    let problem = Diagnostic::error(
        diagnostic::IMPORT_UNKNOWN,
        format!("{who} imports `{name}`, which no handler answers"),
    );
    let known: Vec<String> = catalog::HANDLERS
        .iter()
        .flat_map(|handler| handler.imports)
        .map(catalog::Interface::id)
        .collect();
    let problem = match did_you_mean(name, known.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("Did you mean `{near}`?")),
        None if may_trap(name) => problem,
        None => problem.help(format!("What handlers answer: {}.", known.join(", "))),
    };
    way_out(problem, name)
}

/// Whether an import may be answered with a trap where the manifest says so: those of WASI 0.2, which
/// toolchains link for components that do not use them.
pub fn may_trap(import: &str) -> bool {
    let version = import.rsplit_once('@').map_or("", |(_, version)| version);
    import.starts_with("wasi:") && version.starts_with("0.2.")
}

/// Says what to do about an import that the component never calls.
pub(super) fn way_out(mut problem: Diagnostic, import: &str) -> Diagnostic {
    if may_trap(import) {
        let way =
            "If the component never calls it, write `unused-imports = \"trap\"` under `[actor]`.";
        let help = problem.help.map(|help| format!("{help} "));
        problem.help = Some(help.unwrap_or_default() + way);
    }
    problem
}

fn is_wasi_0_3(name: &str) -> bool {
    name.starts_with("wasi:")
        && name.split_once('@').is_some_and(|(_, version)| version.starts_with("0.3"))
}

/// The functions of an interface that are answered, in words.
pub(super) fn answered(name: &str) -> String {
    let functions = catalog::by_import(name).map(|(_, interface)| interface.functions.join(", "));
    format!("Of this interface Theater answers: {}.", functions.unwrap_or_default())
}

/// The names of what a component imports and exports.
pub(super) fn names(externs: &[Extern]) -> Vec<String> {
    externs.iter().map(|item| item.name().to_string()).collect()
}
