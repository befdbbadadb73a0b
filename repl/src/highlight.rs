//! Colours for the line that is being typed. They never change its width.

use crate::names::Names;
use crate::paint::{Paint, Role};
use crate::words;
use std::borrow::Cow;

/// The line in colours.
pub fn highlight<'a>(paint: Paint, names: &Names, line: &'a str) -> Cow<'a, str> {
    if !paint.on {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() * 2);
    let mut at = 0;
    let mut context = Context::Start;
    while at < line.len() {
        let rest = &line[at..];
        let length = piece(rest);
        let (text, after) = rest.split_at(length);
        let role = context.role(names, text, after);
        match role {
            Some(role) => out.push_str(&paint.text(role, text)),
            None => out.push_str(text),
        }
        at += length;
    }
    Cow::Owned(out)
}

#[derive(PartialEq, Eq)]
enum Context {
    /// Nothing but space has been seen.
    Start,
    /// In the operands of a word.
    Operands,
    /// In the path of a call.
    Path,
    /// In the arguments of a call, or in a text that is neither.
    Arguments,
}

impl Context {
    fn role(&mut self, names: &Names, text: &str, after: &str) -> Option<Role> {
        let first = text.chars().next()?;
        if text.starts_with("//") {
            return Some(Role::Faint);
        }
        if first.is_whitespace() {
            return None;
        }
        let is_actor = names.actors.iter().any(|actor| actor.name == text);
        match self {
            Self::Start => {
                *self = Self::Path;
                if words::find(text).is_some() && !after.starts_with(['.', '(']) {
                    *self = Self::Operands;
                    return Some(Role::Word);
                }
                is_actor.then_some(Role::Actor)
            }
            Self::Path => {
                if first == '(' {
                    *self = Self::Arguments;
                }
                let function = first.is_alphabetic() && after.starts_with('(');
                function.then_some(Role::Function)
            }
            Self::Operands => {
                if text == "with" {
                    *self = Self::Arguments;
                }
                match text {
                    "as" | "with" | "anyway" | "before" => Some(Role::Word),
                    _ if is_actor => Some(Role::Actor),
                    _ if first == '"' => Some(Role::Text),
                    _ => None,
                }
            }
            Self::Arguments => match first {
                '"' | '\'' => Some(Role::Text),
                '0'..='9' | '-' => Some(Role::Literal),
                _ if after.trim_start().starts_with(':') => Some(Role::Field),
                _ => match text {
                    "true" | "false" | "none" | "some" | "ok" | "err" | "nan" | "inf" => {
                        Some(Role::Literal)
                    }
                    _ => None,
                },
            },
        }
    }
}

/// The length of the piece at the start of a text that is not empty: space, a comment, a literal in
/// quotes, a name or number, or one other character.
fn piece(text: &str) -> usize {
    let run = |belongs: fn(char) -> bool| text.find(|c| !belongs(c)).unwrap_or(text.len());
    let first = text.chars().next().map_or(0, char::len_utf8);
    match text.as_bytes() {
        [b'/', b'/', ..] => text.find('\n').unwrap_or(text.len()),
        [b'"', b'"', b'"', ..] => text[3..].find("\"\"\"").map_or(text.len(), |end| end + 6),
        [quote @ (b'"' | b'\''), ..] => quoted(text, *quote),
        _ if text.starts_with(char::is_whitespace) => run(char::is_whitespace),
        _ => run(|c| c.is_alphanumeric() || "-_%#".contains(c)).max(first),
    }
}

fn quoted(text: &str, quote: u8) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'\n' => return at,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ActorNames;

    fn names() -> Names {
        let counter = ActorNames { name: "counter".to_owned(), ..ActorNames::default() };
        Names { actors: vec![counter], keys: Vec::new() }
    }

    /// The line with each coloured piece as `<Role:text>`.
    fn roles(line: &str) -> String {
        let mut out = String::new();
        let (mut at, mut context) = (0, Context::Start);
        while at < line.len() {
            let (text, after) = line[at..].split_at(piece(&line[at..]));
            match context.role(&names(), text, after) {
                Some(role) => out.push_str(&format!("<{role:?}:{text}>")),
                None => out.push_str(text),
            }
            at += text.len();
        }
        out
    }

    #[test]
    fn pieces_have_their_roles() {
        let cases = [
            ("ps // all", "<Word:ps> <Faint:// all>"),
            ("stop counter", "<Word:stop> <Actor:counter>"),
            (
                "spawn \"a b\" as x with {n: 1}",
                "<Word:spawn> <Text:\"a b\"> <Word:as> x <Word:with> {<Field:n>: <Literal:1>}",
            ),
            (
                "counter.add(by: -5, 'c', \"t\\\"\", some(red))",
                "<Actor:counter>.<Function:add>(<Field:by>: <Literal:-5>, <Text:'c'>, \
                 <Text:\"t\\\"\">, <Literal:some>(red))",
            ),
            ("state.get(\"open", "state.<Function:get>(<Text:\"open>"),
            ("é 😀", "é 😀"),
        ];
        for (line, expected) in cases {
            assert_eq!(roles(line), expected);
        }
    }

    #[test]
    fn only_colours_are_added() {
        for line in ["ps // x", "counter.f(\"\"\"\né\n\"\"\", '\\'')", "\u{301}é(", "", "'\"\\"] {
            let painted = highlight(Paint { on: true }, &names(), line).into_owned();
            let mut plain = String::new();
            let mut rest = painted.as_str();
            while let Some((before, after)) = rest.split_once('\u{1b}') {
                plain.push_str(before);
                rest = after.split_once('m').map_or("", |(_, after)| after);
            }
            assert_eq!(plain + rest, line);
            assert_eq!(highlight(Paint { on: false }, &names(), line), line);
        }
    }
}
