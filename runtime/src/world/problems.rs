//! wit-parser's errors as diagnostics.

use super::duplicates::{duplicates, is_duplicate};
use super::gates::is_gated;
use super::wit::Sources;
use crate::diagnostic::{self, Diagnostic, Edit, Fix, Source, did_you_mean};
use crate::syntax;
use std::ops::Range;
use std::sync::Arc;
use wit_parser::{
    PackageName, ParseError, ParseErrorKind, ResolveError, ResolveErrorKind, SourceMap, Span,
};

/// How many errors of syntax, or names, are told of one file: who has more begins with the first ones anyway.
pub(super) const MOST_ERRORS: usize = 100;

/// All places at which a file is not WIT, as far as its syntax goes.
pub fn syntax_errors(file: &Arc<Source>) -> Vec<Diagnostic> {
    let parse = syntax::wit::parse(&file.text);
    let found = parse.errors().iter().take(MOST_ERRORS).map(|error| {
        let problem = Diagnostic::error(diagnostic::WIT_SYNTAX, error.message.clone()).at(
            file,
            error.span.clone(),
            "here",
        );
        if error.help.is_empty() { problem } else { problem.help(error.help) }
    });
    found.collect()
}

/// A package that cannot be parsed, or whose names do not fit together. wit-parser stops at the first problem; of
/// names that are declared twice all are told, and of those that nobody declares by [`with_unknown`](super::unknown).
pub(super) fn parse_errors(
    error: &ParseError,
    map: &SourceMap,
    files: &[Arc<Source>],
    sources: &Sources,
) -> Vec<Diagnostic> {
    let first = parse_error(error, map, sources);
    if first.code == diagnostic::WIT_DUPLICATE {
        let all = duplicates(files);
        if all.iter().any(|problem| same_place(problem, &first)) {
            return all;
        }
    }
    vec![first]
}

/// Whether two problems begin at the same place.
pub(super) fn same_place(one: &Diagnostic, other: &Diagnostic) -> bool {
    let start = |it: &Diagnostic| it.labels.first().map(|label| label.span.start);
    one.source == other.source && start(one) == start(other)
}

fn parse_error(error: &ParseError, map: &SourceMap, sources: &Sources) -> Diagnostic {
    let diagnostic = match error.kind() {
        ParseErrorKind::ItemNotFound { name, kind, .. } => Diagnostic::error(
            diagnostic::WIT_UNKNOWN_NAME,
            format!("there is no {kind} `{name}` in this package"),
        ),
        ParseErrorKind::TypeCycle { name, kind, .. } => Diagnostic::error(
            diagnostic::WIT_CYCLE,
            format!("the {kind} `{name}` needs itself"),
        )
        .help(match kind.as_str() {
            "type" => {
                "No type of WIT contains itself, not even in a list: put the parts into a list, \
                         and let them name each other by their numbers."
            }
            _ => "Move what both need into an interface of its own.",
        }),
        kind => in_words(&kind.to_string()),
    };
    place(diagnostic, map, error.kind().span(), sources, "here")
}

/// The same problem with the fix that writes another name where this one stands.
pub(super) fn write_instead(problem: Diagnostic, name: &str, near: Option<&str>) -> Diagnostic {
    let place = problem.source.clone().zip(problem.labels.first().map(|label| label.span.clone()));
    match (near, place) {
        (Some(near), Some((source, span))) if source.text.get(span.clone()) == Some(name) => {
            problem.fix(format!("Write `{near}`"), &source, span, near)
        }
        _ => problem,
    }
}

/// A package that is well-formed, but does not fit the packages that it uses.
///
/// `known` are the names of all packages that were there to be used.
pub(super) fn resolve_error(
    error: &ResolveError,
    map: &SourceMap,
    sources: &Sources,
    known: &[PackageName],
) -> Diagnostic {
    let kind = error.kind();
    let diagnostic = match kind {
        ResolveErrorKind::PackageNotFound { requested, .. } => {
            let problem = unknown_package(requested, known);
            let problem = place(problem, map, kind.span(), sources, "here");
            return write_version(problem, requested, known, sources);
        }
        ResolveErrorKind::PackageCycle { package, .. } => {
            let message = format!("package `{package}` needs itself, by way of others");
            Diagnostic::error(diagnostic::WIT_CYCLE, message)
                .help("Move what both need into a package of its own.")
        }
        ResolveErrorKind::InterfaceNotFound { requested, package, .. } => Diagnostic::error(
            diagnostic::WIT_UNKNOWN_NAME,
            format!("package `{package}` has no interface `{requested}`"),
        ),
        ResolveErrorKind::WorldNotFound { requested, package, .. } => Diagnostic::error(
            diagnostic::WIT_UNKNOWN_NAME,
            format!("package `{package}` has no world `{requested}`"),
        ),
        ResolveErrorKind::DuplicatePackage { name, span2, .. } => {
            let problem = Diagnostic::error(
                diagnostic::WIT_DUPLICATE,
                format!("package `{name}` is defined in two places"),
            )
            .help("Remove one of the two from wit/deps.");
            let other = Diagnostic::error(diagnostic::WIT_DUPLICATE, "the other definition");
            problem.related(place(other, map, *span2, sources, "also defined here"))
        }
        ResolveErrorKind::InvalidTransitiveDependency { name, .. } => Diagnostic::error(
            diagnostic::WIT_VERSION,
            format!("`{name}` is needed both as an import and as an export, with different types"),
        )
        .help(
            "Export what it uses as well, or move the shared types into an interface of their own.",
        ),
        ResolveErrorKind::ItemShadowing { .. } => {
            Diagnostic { code: diagnostic::WIT_DUPLICATE, ..in_words(&kind.to_string()) }
        }
        ResolveErrorKind::StabilityMismatch { .. } => {
            Diagnostic { code: diagnostic::WIT_GATED, ..in_words(&kind.to_string()) }
        }
        other => in_words(&other.to_string()),
    };
    place(diagnostic, map, kind.span(), sources, "here")
}

/// A problem that is told in wit-parser's words, with the code that they mean.
fn in_words(text: &str) -> Diagnostic {
    let (message, rest) = one_sentence(text);
    let code = match () {
        () if is_duplicate(&message) => diagnostic::WIT_DUPLICATE,
        () if is_gated(&message) => diagnostic::WIT_GATED,
        () if message.contains("does not match previous package name") => diagnostic::WIT_VERSION,
        () if message.contains("not defined in interface") => diagnostic::WIT_UNKNOWN_NAME,
        () => diagnostic::WIT_SYNTAX,
    };
    let problem = Diagnostic::error(code, message);
    match (rest, code == diagnostic::WIT_GATED) {
        (Some(rest), _) => problem.help(rest),
        (None, true) => problem.help("No feature is ever on: what `@unstable` marks is not there."),
        (None, false) => problem,
    }
}

/// The same problem with the fix that writes the version of a package that is known, wherever the file names
/// the one that is not.
pub(super) fn write_version(
    problem: Diagnostic,
    requested: &PackageName,
    known: &[PackageName],
    sources: &Sources,
) -> Diagnostic {
    let Some(other) = other_version(requested, known) else { return problem };
    let Some(version) = &other.version else { return problem };
    let edits = sources.mentions(requested).map(|(source, span)| Edit {
        source,
        span,
        text: version.to_string(),
    });
    let edits: Vec<Edit> = edits.collect();
    let mut problem = problem;
    if !edits.is_empty() {
        let title = format!("Write `{version}`");
        problem.fixes.push(Fix { title, edits, is_certain: false });
    }
    problem
}

fn other_version<'k>(requested: &PackageName, known: &'k [PackageName]) -> Option<&'k PackageName> {
    known
        .iter()
        .find(|other| other.namespace == requested.namespace && other.name == requested.name)
}

pub(super) fn unknown_package(requested: &PackageName, known: &[PackageName]) -> Diagnostic {
    let message = format!("there is no package `{requested}`");
    if let Some(other) = other_version(requested, known) {
        return Diagnostic::error(diagnostic::WIT_VERSION, message)
            .help(format!("Write `{other}`, which is known, or put `{requested}` into wit/deps."));
    }
    let problem = Diagnostic::error(diagnostic::WIT_UNKNOWN_NAME, message);
    let names: Vec<String> = known.iter().map(PackageName::to_string).collect();
    let near = did_you_mean(&requested.to_string(), names.iter().map(String::as_str));
    match near {
        Some(near) => problem.help(format!("Did you mean `{near}`?")),
        None => problem.help(format!("Put its .wit files into wit/deps/{}/.", requested.name)),
    }
}

fn place(
    diagnostic: Diagnostic,
    map: &SourceMap,
    span: Span,
    sources: &Sources,
    text: &str,
) -> Diagnostic {
    match sources.place(map, span) {
        Some((source, range)) => {
            let range = whole_word(&source.text, range);
            diagnostic.at(&source, range, text)
        }
        None => diagnostic,
    }
}

/// wit-parser marks only the first character of a word that it did not expect.
fn whole_word(text: &str, range: Range<usize>) -> Range<usize> {
    if range.len() > 1 {
        return range;
    }
    let start = text.floor_char_boundary(range.start);
    let word = text[start..].find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
    let word = word.unwrap_or(text.len() - start);
    let first = text[start..].chars().next().map_or(0, char::len_utf8);
    start..start + word.max(first)
}

/// wit-parser's text as a sentence without a full stop, and what stood on further lines.
fn one_sentence(text: &str) -> (String, Option<String>) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let message = first.trim().trim_end_matches('.').to_string();
    let rest: Vec<&str> = rest.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    (message, (!rest.is_empty()).then(|| rest.join(" ")))
}
