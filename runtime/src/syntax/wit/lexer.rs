//! Text to tokens. Everything becomes a token, also what WIT does not know.

use super::{SyntaxError, SyntaxKind};
use SyntaxKind::*;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

/// A token: its kind and its bytes.
pub(super) type Lexed = (SyntaxKind, Range<usize>);

/// All tokens of a text, one behind the other, and what is wrong in them.
pub(super) fn lex(text: &str) -> (Vec<Lexed>, Vec<SyntaxError>) {
    let mut lexer = Lexer { text, at: 0, errors: forbidden(text) };
    let mut tokens = Vec::with_capacity(text.len() / 4);
    while lexer.at < text.len() {
        let start = lexer.at;
        let kind = lexer.next();
        tokens.push((kind, start..lexer.at));
    }
    (tokens, lexer.errors)
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    errors: Vec<SyntaxError>,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn eat(&mut self, words: &str) -> bool {
        let eaten = self.text[self.at..].starts_with(words);
        self.at += if eaten { words.len() } else { 0 };
        eaten
    }

    fn eat_while(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = &self.text[self.at..];
        self.at += rest.find(|c| !wanted(c)).unwrap_or(rest.len());
    }

    fn wrong(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.errors.push(SyntaxError { span, message: message.into(), help: "" });
    }

    fn next(&mut self) -> SyntaxKind {
        let start = self.at;
        let Some(first) = self.peek() else { return End };
        self.at += first.len_utf8();
        match first {
            '\u{feff}' if start == 0 => Space,
            '\n' | '\t' | ' ' => self.space(),
            '\r' if self.eat("\n") => self.space(),
            '/' if self.eat("/") => {
                let rest = &self.text[self.at..];
                let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
                let ends = rest.len() > line.len();
                // One carriage return belongs to the end of the line, and no more than one.
                let comment = line.strip_suffix('\r').filter(|_| ends).unwrap_or(line);
                self.at += comment.len();
                Comment
            }
            '/' if self.eat("*") => self.block_comment(start),
            '/' => Slash,
            '=' => Equals,
            ',' => Comma,
            ':' => Colon,
            '.' => Period,
            ';' => Semicolon,
            '(' => LeftParen,
            ')' => RightParen,
            '{' => LeftBrace,
            '}' => RightBrace,
            '<' => LessThan,
            '>' => GreaterThan,
            '*' => Star,
            '@' => At,
            '-' if self.eat(">") => Arrow,
            '-' => Minus,
            '+' => Plus,
            '%' => {
                if self.peek().is_some_and(starts_word) {
                    self.eat_while(continues_word);
                }
                ExplicitName
            }
            '"' => self.string(start),
            first if starts_word(first) => {
                self.eat_while(continues_word);
                keywords().get(&self.text[start..self.at]).copied().unwrap_or(Name)
            }
            first if first.is_ascii_digit() => {
                self.eat_while(|c| c.is_ascii_digit());
                Integer
            }
            first => {
                if why_forbidden(first).is_none() {
                    let span = start..self.at;
                    self.wrong(span, format!("`{}` has no meaning in WIT", first.escape_debug()));
                }
                Unknown
            }
        }
    }

    fn space(&mut self) -> SyntaxKind {
        loop {
            self.eat_while(|c| matches!(c, ' ' | '\t' | '\n'));
            if !self.eat("\r\n") {
                return Space;
            }
        }
    }

    fn block_comment(&mut self, start: usize) -> SyntaxKind {
        let mut depth = 1;
        while depth > 0 {
            match () {
                () if self.eat("/*") => depth += 1,
                () if self.eat("*/") => depth -= 1,
                () => match self.peek() {
                    Some(c) => self.at += c.len_utf8(),
                    None => {
                        self.wrong(start..start + 2, "the comment has no end");
                        return Comment;
                    }
                },
            }
        }
        Comment
    }

    /// A string, up to its closing quote or the end of the line.
    fn string(&mut self, start: usize) -> SyntaxKind {
        let mut bytes = Vec::new();
        loop {
            let at = self.at;
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    break;
                }
                None => {
                    self.wrong(start..self.at, "the string has no end");
                    return Text;
                }
                Some(c) if (c as u32) < 0x20 || c as u32 == 0x7f => {
                    self.wrong(start..self.at, "the string has no end on its line");
                    return Text;
                }
                Some('\\') => {
                    self.at += 1;
                    if !self.escape(&mut bytes) {
                        self.wrong(at..self.at, "the string has no such escape");
                    }
                }
                Some(c) => {
                    self.at += c.len_utf8();
                    bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        }
        if std::str::from_utf8(&bytes).is_err() {
            self.wrong(start..self.at, "the string is not UTF-8");
        }
        Text
    }

    /// What stands behind a backslash; false if it means nothing.
    fn escape(&mut self, bytes: &mut Vec<u8>) -> bool {
        let Some(first) = self.peek().filter(|c| *c >= ' ') else { return false };
        self.at += first.len_utf8();
        match first {
            '"' | '\'' | '\\' => bytes.push(first as u8),
            't' => bytes.push(b'\t'),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            'u' => {
                let start = self.at + 1;
                if !self.eat("{") {
                    return false;
                }
                self.eat_while(|c| c.is_ascii_hexdigit() || c == '_');
                let digits = &self.text[start..self.at];
                let bounded = digits.starts_with(|c: char| c != '_') && !digits.ends_with('_');
                let number = u32::from_str_radix(&digits.replace('_', ""), 16).ok();
                let Some(c) = number.and_then(char::from_u32).filter(|_| bounded) else {
                    return false;
                };
                bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                return self.eat("}");
            }
            first => {
                let second = self.peek().and_then(|c| c.to_digit(16));
                let (Some(high), Some(low)) = (first.to_digit(16), second) else { return false };
                self.at += 1;
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            }
        }
        true
    }
}

fn keywords() -> &'static HashMap<&'static str, SyntaxKind> {
    static KEYWORDS: OnceLock<HashMap<&'static str, SyntaxKind>> = OnceLock::new();
    KEYWORDS.get_or_init(|| {
        let all = SyntaxKind::ALL.iter().filter(|kind| kind.is_keyword());
        all.map(|kind| (kind.words().trim_matches('`'), *kind)).collect()
    })
}

fn starts_word(c: char) -> bool {
    unicode_ident::is_xid_start(c) || c == '_' || c == '-'
}

fn continues_word(c: char) -> bool {
    unicode_ident::is_xid_continue(c) || c == '-'
}

/// Where characters stand that may stand nowhere in WIT, not even in comments.
fn forbidden(text: &str) -> Vec<SyntaxError> {
    let found = text.char_indices().filter_map(|(at, c)| {
        let why = why_forbidden(c)?;
        let message = format!("`{}` {why} and may not stand in WIT", c.escape_unicode());
        Some(SyntaxError { span: at..at + c.len_utf8(), message, help: "Remove it." })
    });
    found.collect()
}

/// Why a character may stand nowhere: a text looks different from what it says, or Unicode advises
/// against the character.
fn why_forbidden(c: char) -> Option<&'static str> {
    match c {
        '\n' | '\r' | '\t' | ' '..='~' => None,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some("changes the direction of text"),
        '\u{149}' | '\u{673}' | '\u{f77}' | '\u{f79}' | '\u{17a3}' | '\u{17a4}' | '\u{17b4}'
        | '\u{17b5}' => Some("is deprecated in Unicode"),
        c => c.is_control().then_some("is a control character"),
    }
}

/// Whether a word has a meaning of its own in WIT, so that it is a name only after `%`.
pub fn is_keyword(text: &str) -> bool {
    keywords().contains_key(text)
}

/// Whether a text is a name as WIT allows it: words of letters and digits, joined by `-`, each either
/// in lower or in upper case, the first of which begins with a letter.
pub fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.split('-').all(|word| {
            let plain = word.chars().all(|c| c.is_ascii_alphanumeric());
            let lower = word.chars().any(|c| c.is_ascii_lowercase());
            let upper = word.chars().any(|c| c.is_ascii_uppercase());
            !word.is_empty() && plain && !(lower && upper)
        })
}
