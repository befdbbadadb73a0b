//! A condition's text in tokens.

use super::Comparison;
use std::ops::Range;

/// A piece of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Sign(Comparison),
    Word(String),
    /// Without its quotes and escapes.
    Quoted(String),
}

/// Why a text has no tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub span: Range<usize>,
    pub message: &'static str,
    pub help: &'static str,
}

/// The tokens of a piece of a text, with their places in the text, up to a comment.
pub(super) fn lex(text: &str, span: Range<usize>) -> Result<Vec<(Token, Range<usize>)>, Unread> {
    let mut tokens = Vec::new();
    let mut at = span.start;
    loop {
        let rest = &text[at..span.end];
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if trimmed.starts_with("//") {
            at += trimmed.find('\n').unwrap_or(trimmed.len());
            continue;
        }
        let Some(first) = trimmed.chars().next() else { return Ok(tokens) };
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' => quoted(trimmed).map_err(|(within, message, help)| {
                let span = at + within.start..at + within.end;
                Unread { span, message, help }
            })?,
            _ => match sign(trimmed) {
                Some((sign, length)) => (Token::Sign(sign), length),
                None if first == '!' => {
                    let help = "Write `!=` or `!~`, or `not` in front of a condition.";
                    return Err(Unread {
                        span: at..at + 1,
                        message: "`!` alone means nothing",
                        help,
                    });
                }
                None => {
                    let length = trimmed.find(|c| !in_word(c)).unwrap_or(trimmed.len());
                    if length == 0 {
                        let span = at..at + first.len_utf8();
                        let help = "Put a text with such characters between double quotes.";
                        let message = "this character has no meaning in a condition";
                        return Err(Unread { span, message, help });
                    }
                    (Token::Word(trimmed[..length].to_owned()), length)
                }
            },
        };
        tokens.push((token, at..at + length));
        at += length;
    }
}

/// Whether a text can stand in a condition without quotes.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with("//") && text.chars().all(in_word)
}

fn in_word(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"()\"=!<>~".contains(c)
}

fn sign(text: &str) -> Option<(Comparison, usize)> {
    // As in most languages.
    if text.starts_with("==") {
        return Some((Comparison::Equal, 2));
    }
    let found = Comparison::SIGNS.iter().find(|(sign, _)| text.starts_with(sign))?;
    Some((found.1, found.0.len()))
}

/// A text in quotes and its length. What is wrong has its place in the text.
fn quoted(text: &str) -> Result<(Token, usize), (Range<usize>, &'static str, &'static str)> {
    const ESCAPES: &str = "Escapes are \\\" \\\\ \\n \\t and \\u{…} with a character's number.";
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Quoted(value), at + 1)),
            '\\' => match chars.next() {
                Some((_, c @ ('"' | '\\'))) => value.push(c),
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((next, 'u')) => {
                    let code =
                        text[next + 1..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
                    let c = code.and_then(|(digits, _)| {
                        char::from_u32(u32::from_str_radix(digits, 16).ok()?)
                    });
                    let (Some(c), Some((digits, _))) = (c, code) else {
                        return Err((at..next + 1, "this is no character's number", ESCAPES));
                    };
                    value.push(c);
                    // The braces and what stands in them: all of it is ASCII.
                    for _ in 0..digits.len() + 2 {
                        chars.next();
                    }
                }
                Some((next, c)) => {
                    return Err((at..next + c.len_utf8(), "there is no such escape", ESCAPES));
                }
                None => break,
            },
            c => value.push(c),
        }
    }
    Err((0..text.len(), "a text is not closed", "Add the closing `\"`."))
}
