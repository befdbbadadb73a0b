//! From a path to a running actor.

use super::Session;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use theater_runtime::actor::Actor;
use theater_runtime::boundary::export::{Function, INIT};
use theater_runtime::call::{Type, Val, parse_arguments, signature};
use theater_runtime::diagnostic::{
    ARGUMENT_COUNT, Diagnostic, IMPORT_NOT_GRANTED, NOT_BUILT, Source,
};
use theater_runtime::manifest::Manifest;
use theater_runtime::world::{
    ComponentInfo, check_actor, component_path, needed_handlers, project_wit, read_component,
};

/// What a session starts with.
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
    /// Its bytes.
    pub component: Vec<u8>,
    /// What is to be said about it, without keeping it from running.
    pub warnings: Vec<Diagnostic>,
}

/// Arguments of `init` as they were written: where they stand.
pub type Written = (Arc<Source>, Range<usize>);

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
    /// All problems that keep it from running.
    pub fn load(&self, grants: &[String]) -> Result<Option<Loaded>, Vec<Diagnostic>> {
        match self {
            Self::Project(path) => project(path).map(Some),
            Self::Component(path) => bare(path, grants).map(Some),
            Self::Empty => Ok(None),
        }
    }
}

fn project(path: &Path) -> Result<Loaded, Vec<Diagnostic>> {
    let (manifest, mut warnings) = Manifest::load(path).into_result()?;
    let wit = project_wit(&manifest)?;
    let file = component_path(&manifest);
    if !file.exists() {
        return Err(vec![not_built(&manifest, &file)]);
    }
    let component = read_component(&file).map_err(|problem| vec![*problem])?;
    warnings.extend(errors_first(check_actor(&manifest, wit.as_ref(), Some(&component)))?);
    Ok(Loaded { manifest, component, warnings })
}

fn bare(path: &Path, grants: &[String]) -> Result<Loaded, Vec<Diagnostic>> {
    let component = read_component(path).map_err(|problem| vec![*problem])?;
    let manifest = Manifest::bare(path, grants)?;
    let mut problems = check_actor(&manifest, None, Some(&component));
    for problem in &mut problems {
        fit_bare(problem, &manifest, &component);
    }
    let warnings = errors_first(problems)?;
    Ok(Loaded { manifest, component, warnings })
}

/// Fits the report of a problem to a component whose manifest nobody has written: no place in that
/// manifest, and no advice to change it.
fn fit_bare(problem: &mut Diagnostic, manifest: &Manifest, component: &[u8]) {
    if problem.source.as_ref().is_some_and(|source| Arc::ptr_eq(source, &manifest.source)) {
        problem.source = None;
        problem.labels.clear();
    }
    if problem.code == IMPORT_NOT_GRANTED
        && let Ok(info) = ComponentInfo::read(component)
    {
        let needs = needed_handlers(&info).handlers.join(",");
        problem.help = Some(format!("`theater repl --grant {needs}` grants all that it needs"));
    }
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
        Some(_) => "run `theater build`",
        None => "put the component there, or add a `[build]` table",
    })
}

impl Loaded {
    /// The actor's name.
    pub fn name(&self) -> &str {
        &self.manifest.actor.name.value
    }

    /// The arguments of `init` that its manifest gives.
    pub fn written_init(&self) -> Option<Written> {
        let init = self.manifest.actor.init.as_ref()?;
        let name = format!("`init` of {}", self.manifest.source.name);
        let source = Source::new(name, init.value.clone());
        let end = source.text.len();
        Some((source, 0..end))
    }
}

impl Session {
    /// Compiles a component and spawns it under a name. Its `init` gets `arguments`, or else those of
    /// its manifest. `origin` are the words that asked for it.
    ///
    /// # Errors
    /// When it cannot be compiled, the arguments do not fit, or it does not start.
    pub async fn spawn(
        &mut self,
        loaded: Loaded,
        name: &str,
        arguments: Option<Written>,
        origin: String,
    ) -> Result<Arc<Actor>, Vec<Diagnostic>> {
        let written = arguments.or_else(|| loaded.written_init());
        let prepared = self.node.prepare(loaded.manifest, loaded.component)?;
        let values = init_values(name, prepared.program().function(INIT), written)
            .map_err(|problem| vec![*problem])?;
        let work = self.node.spawn(prepared, name, values, Some(origin));
        let actor = self.interrupt.during(name, work).await.map_err(|problem| vec![*problem])?;
        self.last = Some(name.to_owned());
        Ok(actor)
    }
}

fn init_values(
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
                    .help("leave them out"),
            ))
        }
        Some((source, span)) => parse_arguments(&source, span, params).map_err(|problem| {
            let help = problem.help.clone().map_or(String::new(), |help| help + "; ");
            Box::new(problem.help(format!("{help}it is `{}`", declared())))
        }),
        None if required => {
            let message = format!("`{name}` needs arguments to start");
            Err(Box::new(Diagnostic::error(ARGUMENT_COUNT, message).help(format!(
                "its first turn is `{}`: give them with `spawn PATH with ARGUMENTS` or `--init \
                 ARGUMENTS`, or as `init` under `[actor]` in theater.toml",
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
