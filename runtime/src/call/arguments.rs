//! The arguments of a call: positional ones first, then named ones.

use super::scan::{Ending, outline};
use super::syntax::place;
use super::value::{check_value, read_value};
use super::{Name, type_name};
use crate::diagnostic::{
    ARGUMENT_COUNT, ARGUMENT_NAME, Diagnostic, Result, Source, VALUE_SYNTAX, did_you_mean,
};
use std::ops::Range;
use std::sync::Arc;
use wasmtime::component::wasm_wave::lex::{Lexer, Token};
use wasmtime::component::{Type, Val};

/// Reads the arguments in `span` (without the parentheses): WAVE values, positional ones first, then
/// named ones (`by: 5`). A parameter of an `option` type that is not given is `none`. Returns one
/// value for each parameter, in their order.
///
/// # Errors
/// `TH0402` for text that is not WAVE, `TH0403` for a wrong number of arguments, `TH0404` for their
/// names, `TH0405` and `TH0406` for values that are not of the parameter's type.
pub fn parse_arguments(
    source: &Arc<Source>,
    span: Range<usize>,
    params: &[(String, Type)],
) -> Result<Vec<Val>> {
    let pieces = pieces(source, span.clone())?;
    let mut given: Vec<Option<(Range<usize>, Val)>> = params.iter().map(|_| None).collect();
    let mut named_before: Option<Range<usize>> = None;
    for (position, piece) in pieces.iter().enumerate() {
        let name = named_argument(&source.text[piece.clone()]);
        let (index, value) = match name {
            Some((name, value)) => {
                let name = Name {
                    text: name.text,
                    span: name.span.start + piece.start..name.span.end + piece.start,
                };
                named_before = Some(name.span.clone());
                (named(source, params, &given, &name)?, value + piece.start..piece.end)
            }
            None if named_before.is_some() => {
                return Err(positional_after_named(source, piece.clone(), named_before));
            }
            None if position >= params.len() => {
                return Err(too_many(source, &pieces, params));
            }
            None => (position, piece.clone()),
        };
        let (param, ty) = &params[index];
        given[index] = Some((piece.clone(), read_value(source, value, param, ty)?));
    }
    fill(source, span, params, given)
}

/// Whether the arguments in `span` are WAVE values, whatever their types.
///
/// # Errors
/// `TH0402` for the first place that is not WAVE.
pub fn check_values(source: &Arc<Source>, span: Range<usize>) -> Result<()> {
    for piece in pieces(source, span)? {
        let value = named_argument(&source.text[piece.clone()]).map_or(0, |(_, value)| value);
        check_value(source, piece.start + value..piece.end)?;
    }
    Ok(())
}

/// The name of a named argument, and the offset at which its value starts. `None` for a positional
/// argument. Offsets count from the start of the argument.
pub fn named_argument(argument: &str) -> Option<(Name, usize)> {
    let mut tokens = Lexer::new(argument).spanned();
    let (Ok(Token::LabelOrKeyword), span) = tokens.next()? else { return None };
    let (Ok(Token::Colon), colon) = tokens.next()? else { return None };
    let text = argument[span.clone()].trim_start_matches('%').to_owned();
    Some((Name { text, span }, colon.end))
}

fn pieces(source: &Arc<Source>, span: Range<usize>) -> Result<Vec<Range<usize>>> {
    let outline = outline(&source.text[..span.end], span.start, None);
    let error = |at: Range<usize>, message: &str, label: &str| {
        Err(Box::new(Diagnostic::error(VALUE_SYNTAX, message).at(source, at, label)))
    };
    match outline.ending {
        Ending::Open(inner) => {
            if let Some(at) = inner.last() {
                let message = format!("`{}` is not closed", &source.text[*at..=*at]);
                return error(*at..at + 1, &message, "opened here");
            }
        }
        Ending::Unclosed { string, .. } => {
            return error(string, "a string is not closed", "the string starts here");
        }
        Ending::Mismatch { close, .. } | Ending::Closed(close) => {
            let message = format!("`{}` closes nothing", &source.text[close..=close]);
            return error(close..close + 1, &message, "no bracket of its kind is open here");
        }
    }
    match outline.pieces.iter().find(|piece| piece.is_empty()) {
        Some(empty) => error(
            empty.start..empty.start + 1,
            "an argument is missing",
            "expected a value before this",
        ),
        None => Ok(outline.pieces),
    }
}

/// The index of the parameter that a named argument means.
fn named(
    source: &Arc<Source>,
    params: &[(String, Type)],
    given: &[Option<(Range<usize>, Val)>],
    name: &Name,
) -> Result<usize> {
    let Some(index) = params.iter().position(|(param, _)| *param == name.text) else {
        let near = did_you_mean(&name.text, params.iter().map(|(param, _)| param.as_str()));
        let help = match near {
            Some(near) => format!("Did you mean `{near}`?"),
            None => declared(params),
        };
        return Err(Box::new(
            Diagnostic::error(ARGUMENT_NAME, format!("there is no parameter `{}`", name.text))
                .at(source, name.span.clone(), "not a parameter of this function")
                .help(help),
        ));
    };
    match &given[index] {
        None => Ok(index),
        Some((first, _)) => Err(Box::new(
            Diagnostic::error(ARGUMENT_NAME, format!("`{}` is given twice", name.text))
                .at(source, name.span.clone(), "given again here")
                .at(source, first.clone(), "given here")
                .help("Remove one of the two."),
        )),
    }
}

fn positional_after_named(
    source: &Arc<Source>,
    argument: Range<usize>,
    named: Option<Range<usize>>,
) -> Box<Diagnostic> {
    let error = Diagnostic::error(ARGUMENT_NAME, "an argument without a name follows a named one")
        .at(source, argument, "this needs its name")
        .help("Write the arguments without names first, or name this one.");
    Box::new(match named {
        Some(named) => error.at(source, named, "named"),
        None => error,
    })
}

fn too_many(
    source: &Arc<Source>,
    pieces: &[Range<usize>],
    params: &[(String, Type)],
) -> Box<Diagnostic> {
    let extra = pieces[params.len()].start..pieces[pieces.len() - 1].end;
    let message = match params.len() {
        0 => "the function takes no arguments".to_owned(),
        1 => format!("the function takes 1 argument, but {} are given", pieces.len()),
        wanted => format!("the function takes {wanted} arguments, but {} are given", pieces.len()),
    };
    let label = if pieces.len() - params.len() == 1 { "one too many" } else { "too many" };
    let error = Diagnostic::error(ARGUMENT_COUNT, message).at(source, extra, label);
    Box::new(if params.is_empty() { error } else { error.help(declared(params)) })
}

/// Gives `none` to the parameters that were left out, and says which ones must not be.
fn fill(
    source: &Arc<Source>,
    span: Range<usize>,
    params: &[(String, Type)],
    given: Vec<Option<(Range<usize>, Val)>>,
) -> Result<Vec<Val>> {
    let mut values = Vec::with_capacity(params.len());
    let mut missing = Vec::new();
    for ((name, ty), value) in params.iter().zip(given) {
        match (value, ty) {
            (Some((_, value)), _) => values.push(value),
            (None, Type::Option(_)) => values.push(Val::Option(None)),
            (None, _) => missing.push(format!("`{name}: {}`", type_name(ty))),
        }
    }
    if missing.is_empty() {
        return Ok(values);
    }
    let message = match missing.len() {
        1 => format!("the argument {} is missing", missing[0]),
        count => format!("{count} arguments are missing: {}", missing.join(", ")),
    };
    // The closing parenthesis, if there is one: an empty label is hard to see.
    let end = place(&source.text, span.end);
    Err(Box::new(
        Diagnostic::error(ARGUMENT_COUNT, message)
            .at(source, end, "missing here")
            .help(declared(params)),
    ))
}

/// The function's parameters, for a help text.
fn declared(params: &[(String, Type)]) -> String {
    let all: Vec<String> =
        params.iter().map(|(name, ty)| format!("`{name}: {}`", type_name(ty))).collect();
    match all.len() {
        0 => "The function has no parameters.".to_owned(),
        1 => format!("Its parameter is {}.", all[0]),
        _ => format!("Its parameters are {}.", all.join(", ")),
    }
}
