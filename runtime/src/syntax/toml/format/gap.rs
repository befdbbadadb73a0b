//! What stands between two tokens.

use super::Significant;
use TokenKind::*;
use toml_parser::lexer::TokenKind;

/// The spaces of one level.
const INDENT: &str = "    ";

/// A walk over the tokens: what is known at each gap.
pub(super) struct Walk<'t> {
    text: &'t str,
    tokens: &'t [Significant],
    /// Of each token that opens a list or inline table, whether that has several lines.
    broken: Vec<bool>,
    /// The lists and inline tables around the gap: the tokens that open them.
    open: Vec<usize>,
    /// Whether the gap is in a table's header.
    in_header: bool,
    /// Whether the gap is behind the `=` of its entry.
    in_value: bool,
    /// Whether a line of the manifest has ended, and no blank line has come since.
    blank_is_due: bool,
}

impl<'t> Walk<'t> {
    pub fn new(text: &'t str, tokens: &'t [Significant]) -> Self {
        Self {
            text,
            tokens,
            broken: broken(text, tokens),
            open: Vec::new(),
            in_header: false,
            in_value: false,
            blank_is_due: false,
        }
    }

    fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.0)
    }

    /// What is to stand before the token at `at`, where `there` stands. The gaps are asked for one
    /// behind the other.
    pub fn gap(&mut self, at: usize, there: &str) -> String {
        if let Some(before) = at.checked_sub(1) {
            self.pass(before);
        }
        let Some(before) = at.checked_sub(1).and_then(|before| self.kind(before)) else {
            return String::new();
        };
        let Some(after) = self.kind(at) else { return "\n".to_owned() };
        let lines = there.matches('\n').count();
        match self.open.last() {
            Some(open) => self.inside(*open, at, lines, there),
            None if lines > 0 => self.line_end(at, before, lines),
            None => self.on_line(before, after, there),
        }
    }

    /// Goes over a token.
    fn pass(&mut self, at: usize) {
        match self.tokens[at].0 {
            LeftSquareBracket if self.open.is_empty() && !self.in_value => self.in_header = true,
            LeftSquareBracket | LeftCurlyBracket => {
                self.open.push(at);
                self.in_value = false;
            }
            RightSquareBracket | RightCurlyBracket if !self.in_header => {
                self.open.pop();
                self.in_value = true;
            }
            Equals => self.in_value = true,
            Comma => self.in_value = false,
            _ => {}
        }
        self.blank_is_due |= self.tokens[at].0 != Comment;
    }

    /// The end of a line of the manifest.
    fn line_end(&mut self, at: usize, before: TokenKind, lines: usize) -> String {
        (self.in_header, self.in_value) = (false, false);
        self.blank_is_due |= before != Comment;
        let blank = lines > 1 || self.blank_is_due && self.table_comes(at);
        self.blank_is_due = false;
        if blank { "\n\n" } else { "\n" }.to_owned()
    }

    /// Whether a table's header comes, perhaps with comments that belong to it: there is no blank line
    /// between.
    fn table_comes(&self, at: usize) -> bool {
        let comments = self.tokens[at..].iter().take_while(|token| token.0 == Comment).count();
        let apart = self.tokens[at..]
            .windows(2)
            .take(comments)
            .any(|two| self.text[two[0].1.end..two[1].1.start].matches('\n').count() > 1);
        self.kind(at + comments) == Some(LeftSquareBracket) && !apart
    }

    /// Between two tokens of one line, in no list.
    fn on_line(&self, before: TokenKind, after: TokenKind, there: &str) -> String {
        match (before, after) {
            (_, Comment) => " ",
            _ if self.in_header => "",
            (Equals, _) | (_, Equals) => " ",
            (Dot, _) | (_, Dot) if !self.in_value => "",
            // A date and its time, or the parts of a number.
            _ => there,
        }
        .to_owned()
    }

    /// In a list or inline table.
    fn inside(&self, open: usize, at: usize, lines: usize, there: &str) -> String {
        let (before, after) = (self.tokens[at - 1].0, self.tokens[at].0);
        let opens = at == open + 1;
        let closes = matches!(after, RightSquareBracket | RightCurlyBracket);
        let is_list = self.tokens[open].0 == LeftSquareBracket;
        let edge = self.broken[open] && (opens && after != Comment || closes);
        if edge || lines > 0 {
            let levels = self.open.iter().filter(|open| self.broken[**open]).count();
            let levels = levels - usize::from(closes && self.broken[open]);
            let blank = lines > 1 && !opens && !closes;
            return format!("{}{}", if blank { "\n\n" } else { "\n" }, INDENT.repeat(levels));
        }
        match (before, after) {
            (_, Comment) => " ",
            (_, Comma) => "",
            _ if opens && closes => "",
            _ if opens || closes => {
                if is_list {
                    ""
                } else {
                    " "
                }
            }
            (Comma, _) => " ",
            (Equals, _) | (_, Equals) => " ",
            (Dot, _) | (_, Dot) if !is_list && !self.in_value => "",
            _ => there,
        }
        .to_owned()
    }
}

/// Of each token, whether it opens a list or inline table in which a line ends.
fn broken(text: &str, tokens: &[Significant]) -> Vec<bool> {
    let mut broken = vec![false; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    let (mut in_value, mut end) = (false, 0);
    for (at, (kind, span)) in tokens.iter().enumerate() {
        let line = text[end..span.start].contains('\n');
        match open.last() {
            Some(open) => broken[*open] |= line,
            None => in_value &= !line,
        }
        match kind {
            LeftSquareBracket | LeftCurlyBracket if in_value => open.push(at),
            RightSquareBracket | RightCurlyBracket => _ = open.pop(),
            Equals => in_value = true,
            _ => {}
        }
        end = span.end;
    }
    broken
}
