//! Changes of a text, as a formatter makes them.

use std::ops::Range;

/// A part of a text, and what is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the text as it is.
    pub span: Range<usize>,
    /// What is to stand there.
    pub text: String,
}

/// A text with all edits made. They are in the order of the text and do not overlap.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(&text[at..edit.span.start]);
        out.push_str(&edit.text);
        at = edit.span.end;
    }
    out.push_str(&text[at..]);
    out
}

/// What is to be written at the end of a line: `\r\n` if every line of the text ends so.
pub(super) fn line_end(text: &str) -> &'static str {
    let mut ends = text.match_indices('\n').map(|(at, _)| text[..at].ends_with('\r')).peekable();
    if ends.peek().is_some() && ends.all(|carriage| carriage) { "\r\n" } else { "\n" }
}
