//! What a world or a component needs from Theater, against what a manifest grants.

use super::signature::{self, Part};
use super::wit::{Import, key_name};
use super::{ComponentInfo, Extern, Wit, init};
use crate::catalog::{self, Handler};
use crate::diagnostic::{self, Diagnostic, Edit, did_you_mean, line_of_key};
use crate::manifest::{Link, Manifest, UnusedImports, grant_edit, is_linkable};
use wit_parser::{Function, Resolve, TypeDefKind, WorldId, WorldItem};

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
fn grant(problem: Diagnostic, manifest: &Manifest, handler: &Handler) -> Diagnostic {
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

fn has_resources(resolve: &Resolve, interface: &wit_parser::Interface) -> bool {
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
fn not_over_a_link(import: &str, item: &str, why: &str) -> Diagnostic {
    let message = format!("`{item}` of `{import}` cannot be used over a link: {why}");
    Diagnostic::error(diagnostic::LINK_UNSUPPORTED, message)
        .help("Give the interface functions whose parameters and results are plain values.")
}

/// Who answers an import.
enum Answer {
    /// It has types only: there is nothing to answer.
    Nothing,
    /// No handler.
    Nobody,
    /// A handler, except for these functions.
    Handler(&'static Handler, Vec<String>),
}

fn answer(name: &str, functions: &[String], has_resources: bool) -> Answer {
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
fn nobody(who: &str, name: &str) -> Diagnostic {
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
fn way_out(mut problem: Diagnostic, import: &str) -> Diagnostic {
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
fn answered(name: &str) -> String {
    let functions = catalog::by_import(name).map(|(_, interface)| interface.functions.join(", "));
    format!("Of this interface Theater answers: {}.", functions.unwrap_or_default())
}

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
                    let refused = !handler.always && !self.manifest.grants(handler.name);
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
        unused(self.manifest, &imports, &exports, |export| self.export_edit(export))
    }

    /// The change of the world that exports an interface.
    fn export_edit(&self, interface: &str) -> Option<Edit> {
        let (source, name) = self.wit.place(self.wit.resolve.worlds[self.world].span)?;
        let brace = name.end + source.text[name.end..].find('{')? + 1;
        Some(Edit { source, span: brace..brace, text: format!("\n    export {interface};") })
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

/// Where a missing grant shows: at a `false`, at the table of grants, or else at the actor's name.
fn grants_place(manifest: &Manifest, handler: &Handler) -> std::ops::Range<usize> {
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

/// The names of what a component imports and exports.
pub(super) fn names(externs: &[Extern]) -> Vec<String> {
    externs.iter().map(|item| item.name().to_string()).collect()
}
