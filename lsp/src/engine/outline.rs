//! TOML as it is while somebody types: tables, keys and values with their places, from any text.
//!
//! A parser that stops at the first error, or that loses what follows an unfinished list, is of no
//! use under the cursor. This one never fails. At the start of a line, what looks like a table's
//! header or a key ends whatever was left open, unless it is a part of an inline table that is closed.

use std::ops::Range;
use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

/// One part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name, without quotes.
    pub name: String,
    /// Its bytes, with quotes.
    pub span: Range<usize>,
}

/// The header of a table, `[a.b]` or `[[a.b]]`, and what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The parts of its name; none for what stands above the first header.
    pub keys: Vec<Key>,
    /// The bytes from the first bracket to the last.
    pub header: Range<usize>,
    /// The bytes from the header's start to the next header.
    pub span: Range<usize>,
    /// What stands below.
    pub entries: Vec<Entry>,
}

/// A line `key = value`, or one in an inline table. Any part may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The parts of the key.
    pub keys: Vec<Key>,
    /// The byte behind `=`, if it is there.
    pub equals: Option<usize>,
    /// The bytes of the value; empty if it is missing.
    pub value: Range<usize>,
    /// The entries of an inline table; of a list its tables, each as an entry without a key.
    pub entries: Vec<Entry>,
}

/// Reads a text. The first section is what stands above the first header.
pub fn outline(text: &str) -> Vec<Section> {
    let mut tokens = Source::new(text).lex().into_vec();
    tokens.retain(|token| token.kind() != TokenKind::Eof);
    let mut reader = Reader { text, tokens, at: 0 };
    let mut sections =
        vec![Section { keys: Vec::new(), header: 0..0, span: 0..text.len(), entries: Vec::new() }];
    while reader.at < reader.tokens.len() {
        reader.skip_blank();
        let Some(kind) = reader.kind() else { break };
        if kind == TokenKind::LeftSquareBracket {
            let section = reader.header();
            if let Some(last) = sections.last_mut() {
                last.span.end = section.header.start;
            }
            sections.push(section);
        } else {
            let before = reader.at;
            let entry = reader.entry(0);
            if let Some(last) = sections.last_mut() {
                last.entries.push(entry);
            }
            reader.skip_line();
            // Whatever it was, the walk goes on.
            reader.at = reader.at.max(before + 1);
        }
    }
    sections
}

/// Whether a byte is in a comment, or right behind it.
pub fn is_in_comment(text: &str, offset: usize) -> bool {
    Source::new(text).lex().any(|token| {
        let span = token.span();
        token.kind() == TokenKind::Comment && span.start() < offset && offset <= span.end()
    })
}

/// The bytes between the quotes of a value that is a text, or of the texts in a list. Those with escapes, or of several
/// lines, are left out.
pub fn texts(text: &str, value: &Range<usize>) -> Vec<Range<usize>> {
    let written = text.get(value.clone()).unwrap_or_default();
    if !written.starts_with(['"', '\'', '[']) {
        return Vec::new();
    }
    let kinds = [TokenKind::BasicString, TokenKind::LiteralString];
    let tokens = Source::new(written).lex().filter(|token| kinds.contains(&token.kind()));
    tokens
        .filter_map(|token| {
            let (start, end) = (token.span().start(), token.span().end());
            let (open, inner) = written.get(start..end)?.split_at_checked(1)?;
            let inner = inner.strip_suffix(open)?;
            let plain = !inner.contains('\\') && !inner.contains(open);
            plain.then(|| value.start + start + 1..value.start + end - 1)
        })
        .collect()
}

/// How deep inline tables are followed. No manifest needs deeper ones.
const DEEPEST: u32 = 16;

struct Reader<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
}

impl Reader<'_> {
    fn kind(&self) -> Option<TokenKind> {
        self.tokens.get(self.at).map(Token::kind)
    }

    /// Where the next token starts.
    fn start(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |token| token.span().start())
    }

    /// Where the last token ended that is not blank.
    fn end(&self) -> usize {
        let blank = |token: &&Token| !is_blank(token.kind());
        self.tokens[..self.at].iter().rev().find(blank).map_or(0, |token| token.span().end())
    }

    fn skip(&mut self, wanted: impl Fn(TokenKind) -> bool) {
        while self.kind().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    fn skip_blank(&mut self) {
        self.skip(is_blank);
    }

    fn skip_spaces(&mut self) {
        self.skip(|kind| kind == TokenKind::Whitespace);
    }

    fn skip_line(&mut self) {
        self.skip(|kind| kind != TokenKind::Newline);
    }

    /// `[a.b]`, as far as it is there.
    fn header(&mut self) -> Section {
        let start = self.start();
        self.skip(|kind| kind == TokenKind::LeftSquareBracket);
        let keys = self.keys();
        self.skip(|kind| kind == TokenKind::RightSquareBracket);
        let header = start..self.end();
        self.skip_line();
        Section { keys, header, span: start..self.text.len(), entries: Vec::new() }
    }

    /// `a.b`, as far as it is there.
    fn keys(&mut self) -> Vec<Key> {
        let mut keys = Vec::new();
        loop {
            self.skip_spaces();
            match self.kind() {
                Some(TokenKind::Atom | TokenKind::BasicString | TokenKind::LiteralString) => {
                    let span = self.tokens[self.at].span();
                    let span = span.start()..span.end();
                    let name = self.text[span.clone()].trim_matches(['"', '\'']).to_owned();
                    keys.push(Key { name, span });
                }
                Some(TokenKind::Dot) => {}
                _ => return keys,
            }
            self.at += 1;
        }
    }

    /// `key = value`, as far as it is there.
    fn entry(&mut self, depth: u32) -> Entry {
        let keys = self.keys();
        self.skip_spaces();
        let mut entry =
            Entry { keys, equals: None, value: self.end()..self.end(), entries: Vec::new() };
        if self.kind() == Some(TokenKind::Equals) {
            self.at += 1;
            entry.equals = Some(self.end());
            self.skip_spaces();
            entry.value = self.start()..self.start();
            self.value(&mut entry, depth);
        }
        entry
    }

    fn value(&mut self, entry: &mut Entry, depth: u32) {
        let start = self.start();
        match self.kind() {
            None | Some(TokenKind::Newline | TokenKind::Comment) => return,
            Some(TokenKind::LeftCurlyBracket) if depth < DEEPEST => {
                self.at += 1;
                self.inline(&mut entry.entries, depth);
            }
            Some(TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket) => {
                self.brackets(&mut entry.entries, depth);
            }
            Some(TokenKind::Comma | TokenKind::RightCurlyBracket) => return,
            // Dates and numbers with a fraction are several tokens.
            Some(_) => {
                self.skip(is_of_scalar);
                if self.is_before_time() {
                    self.at += 1;
                    self.skip(is_of_scalar);
                }
            }
        }
        entry.value = start..self.end().max(start);
    }

    /// Whether a space comes next that stands between a date and its time.
    fn is_before_time(&self) -> bool {
        let is_space = self.kind() == Some(TokenKind::Whitespace);
        let behind = self.tokens.get(self.at + 1).map(|token| token.span().start());
        let behind = behind.and_then(|start| self.text.get(start..start + 3));
        is_space
            && behind.is_some_and(|text| {
                text.ends_with(':') && text.starts_with(|c: char| c.is_ascii_digit())
            })
    }

    /// A table in a list.
    fn table(&mut self, depth: u32) -> Entry {
        let (start, mut entries) = (self.start(), Vec::new());
        self.at += 1;
        self.inline(&mut entries, depth + 1);
        Entry { keys: Vec::new(), equals: None, value: start..self.end(), entries }
    }

    /// The inside of an inline table, with its closing bracket if it is there.
    fn inline(&mut self, entries: &mut Vec<Entry>, depth: u32) {
        let first = self.at;
        let mut is_closed = None;
        loop {
            self.skip(|kind| is_blank(kind) && kind != TokenKind::Newline);
            match self.kind() {
                None => return,
                Some(TokenKind::RightCurlyBracket) => {
                    self.at += 1;
                    return;
                }
                Some(TokenKind::Newline) => {
                    self.at += 1;
                    if self.starts_anew(false)
                        && !*is_closed.get_or_insert_with(|| self.is_closed_table(first))
                    {
                        self.at -= 1;
                        return;
                    }
                }
                Some(TokenKind::Comma) => self.at += 1,
                Some(_) => {
                    let before = self.at;
                    entries.push(self.entry(depth + 1));
                    self.at = self.at.max(before + 1);
                }
            }
        }
    }

    /// A list, or what is nested too deeply to be followed, with its closing bracket if it is there.
    fn brackets(&mut self, tables: &mut Vec<Entry>, depth: u32) {
        let mut open = 0_u32;
        while let Some(kind) = self.kind() {
            if (kind, open) == (TokenKind::LeftCurlyBracket, 1) && depth < DEEPEST {
                tables.push(self.table(depth));
                continue;
            }
            self.at += 1;
            match kind {
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => open += 1,
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return;
                    }
                }
                TokenKind::Newline if self.starts_anew(true) => {
                    self.at -= 1;
                    return;
                }
                _ => {}
            }
        }
    }

    /// Whether an inline table has its closing bracket, with a comma between any two keys. `at`: the first token in it.
    fn is_closed_table(&self, at: usize) -> bool {
        // What is open: of a table whether a key came after the last comma, of a list nothing.
        let mut open = vec![Some(false)];
        for token in &self.tokens[at..] {
            match (token.kind(), open.last_mut()) {
                (TokenKind::Equals, Some(Some(has_key))) if !*has_key => *has_key = true,
                (TokenKind::Equals, _) => return false,
                (TokenKind::Comma, Some(Some(has_key))) => *has_key = false,
                (TokenKind::LeftCurlyBracket, _) => open.push(Some(false)),
                (TokenKind::LeftSquareBracket, _) => open.push(None),
                (TokenKind::RightCurlyBracket, Some(Some(_)))
                | (TokenKind::RightSquareBracket, Some(None)) => _ = open.pop(),
                (TokenKind::RightCurlyBracket | TokenKind::RightSquareBracket, _) => return false,
                _ => {}
            }
            if open.is_empty() || open.len() > DEEPEST as usize {
                return open.is_empty();
            }
        }
        false
    }

    /// Whether the line that starts here looks like a header or a key of its own, so that what was
    /// left open before it is unfinished. In a list a key may be indented, in an inline table not.
    fn starts_anew(&self, in_list: bool) -> bool {
        let rest = &self.text[self.start()..];
        let line = rest.lines().next().unwrap_or_default();
        let line = if in_list { line.trim_start() } else { line };
        let bare = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        };
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.trim_start_matches('[').split(']').next().unwrap_or_default().trim();
            let after = rest.split(']').next_back().unwrap_or_default().trim();
            let word = name.starts_with(|c: char| c.is_ascii_alphabetic());
            let value = matches!(name, "true" | "false" | "inf" | "nan");
            return bare(name) && word && !value && (after.is_empty() || after.starts_with('#'));
        }
        line.split_once('=').is_some_and(|(key, _)| bare(key.trim_end()))
    }
}

fn is_of_scalar(kind: TokenKind) -> bool {
    !is_blank(kind) && !matches!(kind, TokenKind::Comma | TokenKind::RightCurlyBracket)
}

fn is_blank(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Whitespace | TokenKind::Comment | TokenKind::Newline)
}

#[cfg(test)]
mod tests;
