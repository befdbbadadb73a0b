//! From a path to a running actor.

use super::application::{check_together, load_children};
use super::{Node, Opened, Prepared, PreparedChild};
use crate::actor::Actor;
use crate::boundary::export::{Function, INIT};
use crate::cache::Cache;
use crate::call::{parse_arguments, signature};
use crate::diagnostic::{
    ARGUMENT_COUNT, Diagnostic, GRANT_UNUSED, IMPORT_NOT_GRANTED, NOT_BUILT, RUN_DIFFERS, Source,
    TURN_ABORTED,
};
use crate::handlers::filesystem;
use crate::manifest::{BareGrants, Child, Manifest, Spanned};
use crate::trace::{Durability, Kind, Reader, RunDir};
use crate::world::{
    Ancestors, Binary, ComponentInfo, check_binary, component_path, needed_handlers, project_wit,
    read_component,
};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::component::{Type, Val};

/// A component that imports and exports nothing (Component Model, binary format: the magic number, the
/// version and the layer). Supervisors without a component of their own run it.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// What to start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A project: its folder, or its `theater.toml`.
    Project(PathBuf),
    /// A component without a project, `.wasm` or `.wat`.
    Component(PathBuf),
    /// No actor.
    Empty,
}

/// A component with its manifest, checked, but not yet compiled.
#[derive(Debug)]
pub struct Loaded {
    /// Its manifest.
    pub manifest: Manifest,
    /// The component.
    pub component: Binary,
    /// What is to be said about it, without keeping it from running.
    pub warnings: Vec<Diagnostic>,
    /// Its children, in the order in which they start; among them those that start on request.
    pub children: Vec<(Child, Loaded)>,
}

/// Arguments of `init` as they were written: where they stand.
pub type Written = (Arc<Source>, Range<usize>);

/// Which run to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// A new one.
    New,
    /// The newest one. It is an error if there is none.
    Last,
    /// The newest one, or a new one if there is none.
    LastOrNew,
}

/// How a node begins.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// What to start with.
    pub start: Start,
    /// The folder below which the runs are.
    pub data: PathBuf,
    /// Which run to write.
    pub which: Which,
    /// What answers wait for, in place of what a run that goes on kept to, or a new one's manifest says.
    pub durability: Option<Durability>,
    /// The handlers that a component without a project gets.
    pub grants: BareGrants,
    /// Where compiled components are kept.
    pub cache: Cache,
}

/// A node that is open, and the actor that is still to be spawned.
#[derive(Debug)]
pub struct Begun {
    /// The node.
    pub node: Node,
    /// Whether its run is new.
    pub new: bool,
    /// How many bytes of a torn record, left by a crash, were cut off and set aside.
    pub cut: u64,
    /// The actors that live again, by name.
    pub resumed: Vec<Arc<Actor>>,
    /// What somebody should be told.
    pub problems: Vec<Diagnostic>,
    loaded: Option<Loaded>,
}

impl Beginning {
    /// Opens the run and reads what it starts with. [`Begun::spawn`] follows.
    ///
    /// # Errors
    ///
    /// What keeps the node from starting. Problems of the project do not, if actors live again: they
    /// need no project.
    pub async fn open(&self) -> Result<Begun, Vec<Diagnostic>> {
        let last = match self.which {
            Which::New => None,
            Which::Last => Some(RunDir::latest(&self.data).map_err(single)?),
            Which::LastOrNew => RunDir::latest(&self.data).ok(),
        };
        let new = last.is_none();
        let loaded = match self.start.load(&self.grants, &self.cache) {
            Err(problems) if new => return Err(problems),
            other => other,
        };
        let run = match last {
            Some(run) => run,
            None => RunDir::create(&self.data).map_err(single)?,
        };
        let manifest = loaded.iter().flatten().map(|loaded| &loaded.manifest).next();
        let written = manifest.map(|manifest| manifest.run.durability);
        let durability = self.durability.or(written.filter(|_| new));
        let opened = Node::open(run.clone(), durability, self.cache.clone()).await;
        let Opened { node, cut, resumed, mut problems } = match opened {
            Ok(opened) => opened,
            Err(problem) => {
                discard(&run, new);
                return Err(vec![*problem]);
            }
        };
        problems.extend(self.cache.problem());
        let mut begun = Begun { node, new, cut, resumed, problems, loaded: None };
        match loaded {
            Err(problems) if begun.resumed.is_empty() => Err(begun.end(problems).await),
            Err(problems) => {
                begun.problems.extend(problems);
                Ok(begun)
            }
            Ok(loaded) => {
                begun.note(loaded);
                Ok(begun)
            }
        }
    }
}

impl Begun {
    /// Keeps what is to be spawned, unless it lives already.
    fn note(&mut self, loaded: Option<Loaded>) {
        let Some(mut loaded) = loaded else { return };
        self.problems.append(&mut loaded.take_warnings());
        match self.node.actor(loaded.name()) {
            Some(actor) => self.problems.extend(loaded.difference(&actor)),
            None => self.loaded = Some(loaded),
        }
    }

    /// Spawns the actor, unless it lives already. `init` are the arguments of its `init`, in place of
    /// those in its manifest; `origin` are the words that asked for it.
    ///
    /// # Errors
    ///
    /// When it does not start. The node has ended then, and a new run in which nothing happened is
    /// gone.
    pub async fn spawn(
        &mut self,
        init: Option<&str>,
        origin: &str,
    ) -> Result<Option<Arc<Actor>>, Vec<Diagnostic>> {
        let Some(loaded) = self.loaded.take() else { return Ok(None) };
        let name = loaded.name().to_owned();
        let written = init.map(|init| (Source::new("--init", init), 0..init.len()));
        match loaded.spawn(&self.node, &name, written, Some(origin.to_owned())).await {
            Ok(actor) => Ok(Some(actor)),
            Err(mut problems) => {
                // Nobody will be there to follow the usual advice, to look at it in the REPL.
                for problem in problems.iter_mut().filter(|problem| problem.code == TURN_ABORTED) {
                    problem.help =
                        Some(format!("Look at the turn with `theater trace show {name}#0`."));
                }
                Err(self.end(problems).await)
            }
        }
    }

    async fn end(&self, problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
        // The problems that kept it from starting are what matters.
        let _ = self.node.shutdown().await;
        discard(self.node.run(), self.new);
        problems
    }
}

/// Removes a new run in which no actor was spawned.
fn discard(run: &RunDir, new: bool) {
    let mut reader = Reader::new(run);
    let spawned = std::iter::from_fn(|| reader.next_record().ok().flatten())
        .any(|(_, record)| matches!(record.header.kind, Kind::Spawned { .. }));
    if new && !spawned {
        // It harms nobody if it stays.
        let _ = std::fs::remove_dir_all(run.path());
    }
}

impl Start {
    /// What a path means: a folder or a `.toml` file is a project, everything else a component.
    pub fn of_path(path: &Path) -> Self {
        let manifest = path.extension().is_some_and(|extension| extension == "toml");
        match manifest || path.is_dir() {
            true => Self::Project(path.to_owned()),
            false => Self::Component(path.to_owned()),
        }
    }

    /// Reads and checks it. `grants` are the handlers that a component without a project gets. None
    /// if there is nothing to start with.
    ///
    /// # Errors
    ///
    /// All problems that keep it from running.
    pub fn load(
        &self,
        grants: &BareGrants,
        cache: &Cache,
    ) -> Result<Option<Loaded>, Vec<Diagnostic>> {
        match self {
            Self::Project(path) => {
                let loaded = load_project(path, cache, &mut Ancestors::default())?;
                check_together(&loaded)?;
                Ok(Some(loaded))
            }
            Self::Component(path) => bare(path, grants, cache).map(Some),
            Self::Empty => Ok(None),
        }
    }
}

/// Loads a project, and those of its children.
pub(super) fn load_project(
    path: &Path,
    cache: &Cache,
    ancestors: &mut Ancestors,
) -> Result<Loaded, Vec<Diagnostic>> {
    let (mut manifest, mut warnings) = Manifest::load(path).into_result()?;
    let component = match manifest.is_supervisor_only() {
        true => Binary::read(EMPTY_COMPONENT.to_vec(), cache).map_err(single)?,
        false => {
            let (component, found) = project_component(&manifest, cache)?;
            warnings.extend(found);
            component
        }
    };
    filesystem::resolve_folders(&mut manifest)?;
    let children = load_children(&manifest, cache, ancestors)?;
    Ok(Loaded { manifest, component, warnings, children })
}

/// The component of a project, checked, with what is to be said about it.
fn project_component(
    manifest: &Manifest,
    cache: &Cache,
) -> Result<(Binary, Vec<Diagnostic>), Vec<Diagnostic>> {
    let wit = project_wit(manifest)?;
    let file = component_path(manifest);
    if !file.exists() {
        return Err(vec![not_built(manifest, &file)]);
    }
    let bytes = read_component(&file).map_err(single)?;
    let component = Binary::read(bytes, cache);
    let problems = check_binary(manifest, wit.as_ref(), &component);
    let warnings = errors_first(problems)?;
    Ok((component.map_err(single)?, warnings))
}

fn bare(path: &Path, grants: &BareGrants, cache: &Cache) -> Result<Loaded, Vec<Diagnostic>> {
    let bytes = read_component(path).map_err(single)?;
    let mut manifest = Manifest::bare(path, grants)?;
    let component = Binary::read(bytes, cache);
    let mut problems = check_binary(&manifest, None, &component);
    // The grants are those of a whole session: not every component needs all of them.
    problems.retain(|problem| problem.code != GRANT_UNUSED);
    for problem in &mut problems {
        let info = component.as_ref().ok().map(|component| &*component.info);
        fit_bare(problem, &manifest, info);
    }
    let warnings = errors_first(problems)?;
    let component = component.map_err(single)?;
    filesystem::resolve_folders(&mut manifest).map_err(|mut problems| {
        problems.iter_mut().for_each(|problem| fit_bare(problem, &manifest, None));
        problems
    })?;
    Ok(Loaded { manifest, component, warnings, children: Vec::new() })
}

/// Fits the report of a problem to a component whose manifest nobody has written: no place in that
/// manifest, and no advice to change it.
fn fit_bare(problem: &mut Diagnostic, manifest: &Manifest, info: Option<&ComponentInfo>) {
    if problem.source.as_ref().is_some_and(|source| Arc::ptr_eq(source, &manifest.source)) {
        problem.source = None;
        problem.labels.clear();
    }
    if problem.code == IMPORT_NOT_GRANTED
        && let Some(info) = info
    {
        let needs = needed_handlers(info).handlers.join(",");
        problem.help = Some(format!("Grant all that it needs with `--grant {needs}`."));
    }
    if let Some(help) = &mut problem.help {
        *help = help
            .replace(
                "write `unused-imports = \"trap\"` under `[actor]`",
                "say `--trap-unused-imports`",
            )
            .replace(
                "under `[links]` in theater.toml",
                "under `[links]` in a project's theater.toml",
            );
    }
}

#[expect(clippy::boxed_local, reason = "it is what the results of this crate hold")]
pub(super) fn single(problem: Box<Diagnostic>) -> Vec<Diagnostic> {
    vec![*problem]
}

/// The problems as warnings, or as errors if there is one among them.
fn errors_first(problems: Vec<Diagnostic>) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    match problems.iter().any(Diagnostic::is_error) {
        true => Err(problems),
        false => Ok(problems),
    }
}

fn not_built(manifest: &Manifest, file: &Path) -> Diagnostic {
    let message = format!("the component {} does not exist yet", file.display());
    let problem = Diagnostic::error(NOT_BUILT, message);
    let place = match &manifest.actor.component {
        Some(component) => component.span.clone(),
        None => manifest.actor.name.span.clone(),
    };
    problem.at(&manifest.source, place, "of this actor").help(match manifest.build {
        Some(_) => "Run `theater build`.",
        None => "Put the component there, or add a `[build]` table.",
    })
}

impl Loaded {
    /// The actor's name.
    pub fn name(&self) -> &str {
        &self.manifest.actor.name.value
    }

    /// The one of its children, or of theirs, to which a path of names leads, as the manifests have them.
    pub fn into_descendant(self, path: &str) -> Option<Self> {
        let (first, rest) = path.split_once('/').map_or((path, None), |(a, b)| (a, Some(b)));
        let child = self.children.into_iter().find(|(spec, _)| spec.name.value == first)?.1;
        match rest {
            Some(rest) => child.into_descendant(rest),
            None => Some(child),
        }
    }

    /// What is to be said about it and about those below it, once each: several children can be of one project.
    pub fn take_warnings(&mut self) -> Vec<Diagnostic> {
        let mut warnings = std::mem::take(&mut self.warnings);
        for (_, child) in &mut self.children {
            for warning in child.take_warnings() {
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        warnings
    }

    /// The arguments of `init` that its manifest gives.
    pub fn written_init(&self) -> Option<Written> {
        let init = self.manifest.actor.init.as_ref()?;
        Some(written(&self.manifest.source.name, init))
    }

    /// Compiles it and spawns it under a name. Its `init` gets `arguments`, or else those of its
    /// manifest. `origin` are the words that asked for it.
    ///
    /// # Errors
    ///
    /// When it cannot be compiled, the arguments do not fit, or it does not start.
    pub async fn spawn(
        self,
        node: &Node,
        name: &str,
        arguments: Option<Written>,
        origin: Option<String>,
    ) -> Result<Arc<Actor>, Vec<Diagnostic>> {
        let written = arguments.or_else(|| self.written_init());
        let mut prepared = node.prepare(self.manifest, self.component)?;
        prepared.children = prepare_children(node, name, &self.children)?;
        let init = prepared.program().function(INIT);
        let values = init_values(name, init, written).map_err(single)?;
        node.spawn(prepared, name, values, origin).await.map_err(single)
    }

    /// Checks it against its manifest, compiles and links it, and with it what it may ask for, for an actor of
    /// this path. None of their code runs.
    ///
    /// # Errors
    ///
    /// Everything for which it is refused.
    pub fn prepare(&self, node: &Node, path: &str) -> Result<Prepared, Vec<Diagnostic>> {
        let mut prepared = node.prepare(self.manifest.clone(), self.component.clone())?;
        let templates = self.children.iter().filter(|(spec, _)| spec.is_template());
        prepared.children = prepare_children(node, path, templates)?;
        Ok(prepared)
    }

    /// A warning if a living actor differs from the one that would be spawned now.
    pub fn difference(&self, actor: &Actor) -> Option<Diagnostic> {
        let component = actor.program.hash != self.component.hash;
        let manifest = actor.manifest.effective_toml() != self.manifest.effective_toml();
        let what = match (component, manifest) {
            (false, false) => return None,
            (true, false) => "component has",
            (false, true) => "manifest has",
            (true, true) => "component and manifest have",
        };
        let message = format!("the {what} changed since `{}` was spawned", actor.name);
        Some(Diagnostic::warning(RUN_DIFFERS, message).help(
            format!(
                "Use the new one with `reload {}` in the REPL, or begin a new run: `theater repl` without \
                 `--resume`, or `theater run --new`. Until then this run goes on with what it recorded.",
                actor.name
            ),
        ))
    }
}

/// Prepares the children of an actor with this name, and theirs.
fn prepare_children<'l>(
    node: &Node,
    name: &str,
    children: impl IntoIterator<Item = &'l (Child, Loaded)>,
) -> Result<Vec<PreparedChild>, Vec<Diagnostic>> {
    let mut all = Vec::new();
    for (spec, loaded) in children {
        let path = format!("{name}/{}", spec.name.value);
        let written = spec.init.as_ref().map(|init| written(&path, init));
        let written = written.or_else(|| loaded.written_init());
        let on_request = spec.is_template();
        let mut prepared = node.prepare(loaded.manifest.clone(), loaded.component.clone())?;
        prepared.children = prepare_children(node, &path, &loaded.children)?;
        let function = prepared.program().function(INIT);
        // Whoever asks for one can give other arguments.
        let init = match init_values(&path, function, written) {
            Err(_) if on_request => Vec::new(),
            values => values.map_err(single)?,
        };
        all.push(PreparedChild { spec: spec.clone(), prepared, init });
    }
    Ok(all)
}

/// Arguments of `init` that stand in a manifest, as a text of their own.
pub(super) fn written(of: &str, init: &Spanned<String>) -> Written {
    let source = Source::new(format!("`init` of {of}"), init.value.clone());
    let end = source.text.len();
    (source, 0..end)
}

pub(super) fn init_values(
    name: &str,
    init: Option<&Function>,
    written: Option<Written>,
) -> Result<Vec<Val>, Box<Diagnostic>> {
    let params: &[(String, Type)] = init.map_or(&[], |init| &init.params);
    let declared = || init.map_or(String::new(), |f| signature(INIT, &f.params, &f.results));
    let required = params.iter().any(|(_, ty)| !matches!(ty, Type::Option(_)));
    match written {
        Some((source, span)) if init.is_none() && !source.text[span.clone()].trim().is_empty() => {
            let message = format!("`{name}` has no `init` to take arguments");
            Err(Box::new(
                Diagnostic::error(ARGUMENT_COUNT, message)
                    .at(&source, trimmed(&source.text, span), "these arguments")
                    .help("Leave them out."),
            ))
        }
        Some((source, span)) => parse_arguments(&source, span, params).map_err(|problem| {
            let help = problem.help.clone().map_or(String::new(), |help| help + " ");
            Box::new(problem.help(format!("{help}Its first turn is `{}`.", declared())))
        }),
        None if required => {
            let message = format!("`{name}` needs arguments to start");
            Err(Box::new(Diagnostic::error(ARGUMENT_COUNT, message).help(format!(
                "Give them with `spawn PATH with ARGUMENTS` or `--init ARGUMENTS`, or as `init` under \
                 `[actor]` in theater.toml. Its first turn is `{}`.",
                declared()
            ))))
        }
        None => Ok(params.iter().map(|_| Val::Option(None)).collect()),
    }
}

/// The span without space around it.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let inner = &text[span.clone()];
    let start = span.start + inner.len() - inner.trim_start().len();
    start..start + inner.trim().len()
}
