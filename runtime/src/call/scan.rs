//! Brackets, strings, commas and comments of WAVE, read tolerantly: a line that is still being typed
//! has its outline too.

use std::ops::Range;

/// What stands between brackets: the pieces between the commas of the outermost level, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// One range of bytes for each piece, without the space and the comments around it. A piece
    /// without anything in it is an empty range.
    pub pieces: Vec<Range<usize>>,
    /// How the outermost level ends.
    pub ending: Ending,
}

/// How a bracketed text ends. All numbers are offsets of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With the closing bracket of the outermost level, which stands here.
    Closed(usize),
    /// With the end of the text, while these inner brackets are open, the innermost last.
    Open(Vec<usize>),
    /// With a string that is not closed.
    Unclosed {
        /// From the opening quote to the end of the line, or of the text.
        string: Range<usize>,
        /// Whether it is a string of several lines, which starts with `"""`.
        multiline: bool,
    },
    /// With a closing bracket that does not fit.
    Mismatch {
        /// The innermost open bracket. `None` if it is the outermost level itself.
        open: Option<usize>,
        /// The closing bracket.
        close: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Open(u8),
    Close(u8),
    Comma,
    /// A literal in quotes, or anything else that is neither space nor comment.
    Text,
    Unclosed {
        multiline: bool,
    },
}

/// The outline of the text from byte `from` on, which stands just after an opening bracket that
/// `close` (`)`, `]` or `}`) ends. Without `close` the outermost level ends with the text.
pub fn outline(text: &str, from: usize, close: Option<char>) -> Outline {
    let mut pieces = Vec::new();
    let mut piece: Option<Range<usize>> = None;
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut scanner = Scanner { text, at: from };
    let mut finish = |piece: &mut Option<Range<usize>>, at: usize, last: bool| {
        match piece.take() {
            Some(range) => pieces.push(range),
            None if last => {}
            None => pieces.push(at..at),
        };
    };
    let ending = loop {
        let Some((mark, span)) = scanner.next() else {
            finish(&mut piece, text.len(), true);
            break Ending::Open(open.into_iter().map(|(_, at)| at).collect());
        };
        match mark {
            Mark::Comma if open.is_empty() => {
                finish(&mut piece, span.start, false);
                continue;
            }
            Mark::Close(bracket) => match open.pop() {
                None if Some(char::from(bracket)) == close => {
                    finish(&mut piece, span.start, true);
                    break Ending::Closed(span.start);
                }
                Some((opening, _)) if closing(opening) == bracket => {}
                unfit => {
                    break Ending::Mismatch { open: unfit.map(|(_, at)| at), close: span.start };
                }
            },
            Mark::Unclosed { multiline } => break Ending::Unclosed { string: span, multiline },
            Mark::Open(bracket) => open.push((bracket, span.start)),
            Mark::Comma | Mark::Text => {}
        }
        piece = Some(piece.map_or(span.start, |piece| piece.start)..span.end);
    };
    Outline { pieces, ending }
}

/// Whether a statement goes on in the next line: a bracket or a string of several lines is open.
/// A bracket that closes too much, or a one-line string that is not closed, cannot be mended by
/// another line and therefore ends the statement.
pub fn is_unfinished(text: &str) -> bool {
    match outline(text, 0, None).ending {
        Ending::Open(open) => !open.is_empty(),
        Ending::Unclosed { multiline, .. } => multiline,
        Ending::Closed(_) | Ending::Mismatch { .. } => false,
    }
}

/// The bracket that closes an opening one.
pub(super) fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Scanner<'_> {
    type Item = (Mark, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            self.at = self.text.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                break;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
        let start = self.at;
        let rest = &self.text[start..];
        let (mark, length) = match *rest.as_bytes().first()? {
            bracket @ (b'(' | b'[' | b'{') => (Mark::Open(bracket), 1),
            bracket @ (b')' | b']' | b'}') => (Mark::Close(bracket), 1),
            b',' => (Mark::Comma, 1),
            b'"' => string(rest),
            b'\'' => (Mark::Text, character(rest)),
            _ => (Mark::Text, plain(rest)),
        };
        self.at += length;
        Some((mark, start..self.at))
    }
}

/// The length of text without meaning for the outline.
fn plain(rest: &str) -> usize {
    let special = |c: char| " \t\r\n()[]{},\"'".contains(c);
    let end = rest.find(special).unwrap_or(rest.len());
    rest[..end].find("//").unwrap_or(end).max(1)
}

fn string(rest: &str) -> (Mark, usize) {
    if let Some(inside) = rest.strip_prefix("\"\"\"") {
        return match inside.find("\"\"\"") {
            Some(end) => (Mark::Text, end + 6),
            None => (Mark::Unclosed { multiline: true }, rest.len()),
        };
    }
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'\n' => return (Mark::Unclosed { multiline: false }, at),
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (Mark::Text, at + 1),
            _ => {}
        }
    }
    (Mark::Unclosed { multiline: false }, rest.len())
}

/// The length of a char literal, or 1 for a quote that starts none.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    let Some((at, first)) = chars.next() else { return 1 };
    let from = if first == '\\' { at + 2 } else { at + first.len_utf8() };
    // The longest escape is \u{10ffff}: a quote further off belongs to something else.
    match rest.as_bytes().iter().skip(from).take(9).position(|byte| *byte == b'\'') {
        Some(end) if first == '\\' || end == 0 => from + end + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces as text, and the ending.
    fn pieces(text: &str) -> (Vec<&str>, Ending) {
        let outline = outline(text, 0, Some(')'));
        (outline.pieces.into_iter().map(|piece| &text[piece]).collect(), outline.ending)
    }

    #[test]
    fn splits_at_the_commas_of_the_outermost_level() {
        let cases: &[(&str, &[&str], Ending)] = &[
            (")", &[], Ending::Closed(0)),
            ("1, 2)", &["1", "2"], Ending::Closed(4)),
            ("1,)", &["1"], Ending::Closed(2)),
            (",1)", &["", "1"], Ending::Closed(2)),
            ("a: [1, 2], {b: (3, 4)}) // x", &["a: [1, 2]", "{b: (3, 4)}"], Ending::Closed(22)),
            (r#"",)", '"', '\'', ')')"#, &[r#"",)""#, "'\"'", r"'\''", "')'"], Ending::Closed(20)),
            ("1 // , )\n, 2)", &["1", "2"], Ending::Closed(12)),
            ("\"\"\"\na\")\n\"\"\")", &["\"\"\"\na\")\n\"\"\""], Ending::Closed(11)),
            ("1, [2", &["1", "[2"], Ending::Open(vec![3])),
            ("1, ", &["1"], Ending::Open(vec![])),
        ];
        for (text, expected, ending) in cases {
            assert_eq!(pieces(text), (expected.to_vec(), ending.clone()), "{text}");
        }
    }

    #[test]
    fn says_what_does_not_fit() {
        let mismatch = |open, close| Ending::Mismatch { open, close };
        assert_eq!(pieces("[1)").1, mismatch(Some(0), 2));
        assert_eq!(pieces("1]").1, mismatch(None, 1));
        let unclosed = |string, multiline| Ending::Unclosed { string, multiline };
        assert_eq!(pieces("1, \"a)\n").1, unclosed(3..6, false));
        assert_eq!(pieces("\"\"\"a)").1, unclosed(0..5, true));
    }

    #[test]
    fn knows_when_a_statement_goes_on() {
        for text in ["a.f(", "a.f([1,\n", "a.f(\"\"\"\nx", "a.f( // )", "spawn x with {a: 1,"] {
            assert!(is_unfinished(text), "{text}");
        }
        for text in ["", "ps", "a.f()", "a.f(\"", "a.f(])", "a.f('(')", "ps // (", "'"] {
            assert!(!is_unfinished(text), "{text}");
        }
    }
}
