//! The shape of a call: `actor.function(arguments)`.

use super::scan::{Ending, closing, outline};
use crate::diagnostic::{CALL_SYNTAX, Diagnostic, Result, Source, VALUE_SYNTAX};
use std::ops::Range;
use std::sync::Arc;

/// A name in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it stands: bytes of the source's text.
    pub span: Range<usize>,
}

/// A call whose shape has been read, but whose function is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The actor: a name, or a path in a tree of actors (`shop/orders`).
    pub actor: Name,
    /// The interface, if it is given: `counter`, `local:my-actor/counter`, or the latter with a
    /// version (`@0.1.0`).
    pub interface: Option<Name>,
    /// The function.
    pub function: Name,
    /// What stands between the parentheses.
    pub arguments: Range<usize>,
}

const SHAPE: &str = "Write a call as `actor.function(arguments)`.";
const MESSAGE_SHAPE: &str = "Write a message as `function(arguments)`.";

/// Reads `actor.function(args)` or `actor.interface.function(args)`, which is all of the source but
/// for space and comments.
///
/// The arguments themselves are read by [`parse_arguments`](super::parse_arguments).
///
/// # Errors
/// `TH0401` where the shape is another one, `TH0402` for a string that is not closed.
pub fn parse_call(source: &Arc<Source>) -> Result<Call> {
    let error = |span, message: &str, label: &str| wrong(source, span, message, label, SHAPE);
    let Shape { path, whole, arguments } = shape(source, 0, SHAPE)?;
    let mut names = path.into_iter();
    match (names.next(), names.next(), names.next(), names.next()) {
        (Some(actor), Some(function), None, _) => {
            Ok(Call { actor, interface: None, function, arguments })
        }
        (Some(actor), interface @ Some(_), Some(function), None) => {
            Ok(Call { actor, interface, function, arguments })
        }
        (_, None, ..) => Err(error(whole, "a call names an actor and a function", "only one name")),
        _ => Err(error(whole, "a call has at most three names", "actor, interface and function")),
    }
}

/// Reads `function(args)` or `interface.function(args)`, a message for this actor, which is all of the source from
/// `from` on but for space and comments. The actor may be named as well, as in a call.
///
/// # Errors
/// As [`parse_call`].
pub fn parse_message(source: &Arc<Source>, from: usize, actor: &str) -> Result<Call> {
    let Shape { mut path, whole, arguments } = shape(source, from, MESSAGE_SHAPE)?;
    if path.len() > 1 && path[0].text == actor {
        path.remove(0);
    }
    let mut names = path.into_iter().rev();
    match (names.next(), names.next(), names.next()) {
        (Some(function), interface, None) => {
            let actor = Name { text: actor.to_owned(), span: function.span.clone() };
            Ok(Call { actor, interface, function, arguments })
        }
        _ => {
            let label = "interface and function";
            Err(wrong(source, whole, "a message has at most two names", label, MESSAGE_SHAPE))
        }
    }
}

/// The names and the arguments of a call.
struct Shape {
    /// At least one.
    path: Vec<Name>,
    /// From the first name to the last.
    whole: Range<usize>,
    arguments: Range<usize>,
}

fn wrong(
    source: &Arc<Source>,
    span: Range<usize>,
    message: &str,
    label: &str,
    help: &str,
) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(CALL_SYNTAX, message).at(source, span, label).help(help))
}

/// Reads names with dots between them, and parentheses behind.
fn shape(source: &Arc<Source>, from: usize, help: &str) -> Result<Shape> {
    let text = source.text.as_str();
    let error = |span, message: &str, label: &str| wrong(source, span, message, label, help);
    let mut at = skip_space(text, from);
    let mut path: Vec<Name> = Vec::new();
    loop {
        let end = at + name_length(&text[at..]);
        if end == at {
            let message = match path.is_empty() {
                true => "a call starts with a name",
                false => "a name is missing",
            };
            return Err(error(place(text, at), message, "expected a name here"));
        }
        path.push(Name { text: text[at..end].to_owned(), span: at..end });
        at = skip_space(text, end);
        match text.as_bytes().get(at) {
            Some(b'.') => at = skip_space(text, at + 1),
            Some(b'(') => break,
            _ => {
                let message = "a call needs parentheses";
                let label = match at < text.len() {
                    true => "expected `(` here",
                    false => "expected `(` after this",
                };
                return Err(error(place(text, at), message, label));
            }
        }
    }
    let whole = path[0].span.start..at;
    let arguments = at + 1..closing_parenthesis(source, at)?;
    let rest = skip_space(text, arguments.end + 1);
    if rest < text.len() {
        let message = "there is more text after the call";
        return Err(error(rest..text.trim_end().len().max(rest), message, "not part of the call"));
    }
    Ok(Shape { path, whole, arguments })
}

/// The offset of the parenthesis that closes the one at `open`.
fn closing_parenthesis(source: &Arc<Source>, open: usize) -> Result<usize> {
    let text = source.text.as_str();
    let unclosed = |at: usize| {
        let close = char::from(closing(text.as_bytes()[at]));
        let message = format!("`{}` is not closed", &text[at..=at]);
        let help = format!("Add the closing `{close}`.");
        Diagnostic::error(CALL_SYNTAX, message).at(source, at..at + 1, "opened here").help(help)
    };
    Err(Box::new(match outline(text, open + 1, Some(')')).ending {
        Ending::Closed(close) => return Ok(close),
        Ending::Open(inner) => unclosed(inner.last().copied().unwrap_or(open)),
        Ending::Unclosed { string, multiline } => {
            let quote = if multiline { "\"\"\"" } else { "\"" };
            Diagnostic::error(VALUE_SYNTAX, "a string is not closed")
                .at(source, string, "the string starts here")
                .help(format!("Add the closing `{quote}`."))
        }
        Ending::Mismatch { open: inner, close } => {
            let at = inner.unwrap_or(open);
            let (open, wrong) = (&text[at..=at], &text[close..=close]);
            let right = char::from(closing(text.as_bytes()[at]));
            Diagnostic::error(CALL_SYNTAX, format!("`{wrong}` does not close `{open}`"))
                .at(source, close..close + 1, format!("expected `{right}`"))
                .at(source, at..at + 1, "opened here")
        }
    }))
}

/// The length of the name at the start of the text: of an actor, an interface or a function.
fn name_length(text: &str) -> usize {
    let part = |c: char| c.is_ascii_alphanumeric() || "-_:/%".contains(c);
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    // The dots of an interface's version are not those of the path.
    let Some(version) = text[end..].strip_prefix('@') else { return end };
    let mut length = end + 1;
    for (i, number) in version.splitn(3, '.').enumerate() {
        let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        length += digits + usize::from(i > 0);
        if digits < number.len() {
            break;
        }
    }
    length
}

/// The offset of what follows space and comments.
fn skip_space(text: &str, mut at: usize) -> usize {
    loop {
        let rest = text[at..].trim_start();
        at = text.len() - rest.len();
        if !rest.starts_with("//") {
            return at;
        }
        at += rest.find('\n').unwrap_or(rest.len());
    }
}

/// The character at an offset, or the last one if that is the end of the text, where a label could
/// not be seen.
pub(super) fn place(text: &str, at: usize) -> Range<usize> {
    match text[at..].chars().next() {
        Some(character) => at..at + character.len_utf8(),
        None => text.len() - text.chars().next_back().map_or(0, char::len_utf8)..text.len(),
    }
}
