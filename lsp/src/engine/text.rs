//! A text as an editor sees it: lines, columns in the unit that it counts in, and changes to it.
//!
//! Origin of the rules: the Language Server Protocol 3.17, "Text Documents" and "Position".

use std::ops::Range;

/// The unit in which an editor counts columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Bytes of UTF-8.
    Utf8,
    /// Units of UTF-16: what holds if nothing else was agreed upon.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// How many units a character takes.
    fn width(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A place between two characters. Both count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in units of an [`Encoding`].
    pub column: u32,
}

/// A change of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is replaced; everything if there is none.
    pub range: Option<(Position, Position)>,
    /// What stands there afterwards.
    pub text: String,
}

/// A text with its lines. Lines end with `\n`, `\r\n` or `\r`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    text: String,
    /// The byte at which each line starts. The first is 0.
    starts: Vec<usize>,
}

impl Text {
    /// A text, split into lines.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let starts = line_starts(&text);
        Self { text, starts }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The bytes of a line, without its end. Of a line that is not there: nothing, at the end.
    pub fn line(&self, line: usize) -> Range<usize> {
        let Some(&start) = self.starts.get(line) else {
            return self.text.len()..self.text.len();
        };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let content = self.text[start..end].trim_end_matches('\n').trim_end_matches('\r');
        // Only the line's own end is cut off: `\r` ends a line, so at most one is there.
        start..start + content.len()
    }

    /// The line in which a byte stands.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// The byte at a position. A column behind the line's end means its end, a line behind the last
    /// one the text's end, and the inside of a character its start.
    pub fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let line = self.line(position.line as usize);
        let mut left = position.column as usize;
        let mut offset = line.start;
        for character in self.text[line].chars() {
            let width = encoding.width(character);
            if left < width {
                break;
            }
            left -= width;
            offset += character.len_utf8();
        }
        offset
    }

    /// The position of a byte. The inside of a character counts as its start, what is behind the
    /// text as its end.
    pub fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let line = self.line_of(offset);
        let before = &self.text[self.starts[line]..offset];
        let column: usize = before.chars().map(|character| encoding.width(character)).sum();
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: number(line), column: number(column) }
    }

    /// The text after a change. A range whose end stands before its start is taken the other way
    /// round.
    pub fn changed(&self, change: &Change, encoding: Encoding) -> Self {
        let Some((start, end)) = change.range else { return Self::new(change.text.clone()) };
        let (start, end) = (self.offset(start, encoding), self.offset(end, encoding));
        let (start, end) = (start.min(end), start.max(end));
        let mut text = String::with_capacity(self.text.len() - (end - start) + change.text.len());
        text.push_str(&self.text[..start]);
        text.push_str(&change.text);
        text.push_str(&self.text[end..]);
        Self::new(text)
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect()
}

#[cfg(test)]
mod tests;
