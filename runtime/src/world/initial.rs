//! Arguments of `init` that stand in manifests, against the `init` that gets them.

use super::duplicates::lines;
use super::init;
use crate::call::{Type, check_values, declared_parameters, parse_arguments, signature};
use crate::diagnostic::{Code, Diagnostic, Edit, INIT_MISFIT, INIT_SYNTAX, Source, VALUE_SYNTAX};
use crate::manifest::{Child, Manifest, Spanned};
use std::ops::Range;
use std::sync::Arc;
use wit_parser::{Resolve, WorldId};

/// What gets the arguments.
pub(super) enum Receiver<'a> {
    /// Nothing is known of it.
    Unknown,
    /// Actors of these worlds, the first of which that has an `init` is asked: an editor may be ahead of
    /// the component, and a component may export more than its world says.
    Worlds(Vec<(&'a Resolve, WorldId)>),
}

impl<'a> Receiver<'a> {
    /// One of which perhaps a world and perhaps a component is known.
    pub(super) fn of(worlds: impl IntoIterator<Item = (&'a Resolve, WorldId)>) -> Self {
        let worlds: Vec<_> = worlds.into_iter().collect();
        if worlds.is_empty() { Self::Unknown } else { Self::Worlds(worlds) }
    }

    /// The parameters of its `init`; an inner none if it has no `init`. None if they cannot be known.
    fn parameters(&self) -> Option<Option<Vec<(String, Type)>>> {
        let Self::Worlds(worlds) = self else { return None };
        let found = worlds
            .iter()
            .find_map(|(resolve, world)| Some((*resolve, init::exported(resolve, *world)?)));
        match found {
            None => Some(None),
            Some((resolve, function)) => Some(Some(declared_parameters(resolve, function?)?)),
        }
    }
}

/// What is wrong with the arguments that a manifest has for its own actor.
pub(super) fn check_own(manifest: &Manifest, receiver: &Receiver) -> Option<Diagnostic> {
    let init = manifest.actor.init.as_ref()?;
    check(&manifest.source, init, &manifest.actor.name.value, receiver)
}

/// What is wrong with the arguments that a child starts with: those that its supervisor's manifest gives, or
/// that there are none. What its own manifest gives is told of its own project.
pub(super) fn check_child(
    source: &Arc<Source>,
    child: &Child,
    project: &Manifest,
    receiver: &Receiver,
) -> Option<Diagnostic> {
    if let Some(init) = &child.init {
        return check(source, init, &child.name.value, receiver);
    }
    // Who asks for one on request gives them then.
    if child.is_template() || project.actor.init.is_some() {
        return None;
    }
    let params = receiver.parameters()??;
    if params.iter().all(|(_, ty)| matches!(ty, Type::Option(_))) {
        return None;
    }
    let message = format!("`{}` needs arguments to start", child.name.value);
    let problem = Diagnostic::error(INIT_MISFIT, message);
    Some(
        problem
            .at(source, child.name.span.clone(), "its `init` gets none")
            .help(format!("Give this child `init = '...'`. {}", first_turn(&params))),
    )
}

fn check(
    source: &Arc<Source>,
    init: &Spanned<String>,
    name: &str,
    receiver: &Receiver,
) -> Option<Diagnostic> {
    let (text, span) = as_written(source, init);
    let found = check_values(&text, span.clone()).err();
    let found = found.or_else(|| match receiver.parameters()? {
        Some(params) => parse_arguments(&text, span.clone(), &params)
            .err()
            .map(|problem| Box::new(advised(*problem, &params))),
        None if init.value.trim().is_empty() => None,
        None => Some(Box::new(nobody_takes_them(source, init, name))),
    })?;
    let code = if found.code == VALUE_SYNTAX { INIT_SYNTAX } else { INIT_MISFIT };
    Some(placed(*found, code, source, init))
}

/// The text of a value in quotes, in its file if it stands there as it is; else as a text of its own.
fn as_written(source: &Arc<Source>, init: &Spanned<String>) -> (Arc<Source>, Range<usize>) {
    let marks = if source.text[init.span.clone()].starts_with("'''") { 3 } else { 1 };
    let inner = init.span.start + marks..init.span.end.saturating_sub(marks);
    match source.text.get(inner.clone()) {
        Some(text) if text == init.value => (source.clone(), inner),
        _ => (Source::new(source.name.clone(), init.value.clone()), 0..init.value.len()),
    }
}

/// A problem of the arguments as one of the manifest.
fn placed(
    mut problem: Diagnostic,
    code: &'static Code,
    source: &Arc<Source>,
    init: &Spanned<String>,
) -> Diagnostic {
    problem.code = code;
    let is_there = problem.source.as_ref().is_some_and(|it| Arc::ptr_eq(it, source));
    if !is_there {
        let words = problem.labels.first().map_or(String::new(), |label| label.text.clone());
        problem.labels.clear();
        problem = problem.at(source, init.span.clone(), words);
    }
    problem
}

fn advised(problem: Diagnostic, params: &[(String, Type)]) -> Diagnostic {
    let help = problem.help.clone().map_or(String::new(), |help| help + " ");
    problem.help(help + &first_turn(params))
}

fn first_turn(params: &[(String, Type)]) -> String {
    format!("Its first turn is `{} -> result<_, string>`.", signature("init", params, &[]))
}

fn nobody_takes_them(source: &Arc<Source>, init: &Spanned<String>, name: &str) -> Diagnostic {
    let text = &source.text;
    let line = text[..init.span.start].rfind('\n').map_or(0, |end| end + 1);
    let key = line + text[line..].len() - text[line..].trim_start().len();
    // A key beside others in one line is taken away by hand.
    let is_whole = text[key..].starts_with("init");
    let edit = is_whole.then(|| Edit {
        source: source.clone(),
        span: lines(text, key..init.span.end),
        text: String::new(),
    });
    Diagnostic::error(INIT_MISFIT, format!("`{name}` has no `init` to take arguments"))
        .at(source, init.span.clone(), "these arguments")
        .help("Leave them out.")
        .maybe_fix("Remove the arguments", edit)
}
