//! One line of output in pieces, each with its role: cut to a width first, coloured then.

use crate::paint::{Paint, Role, is_dangerous};
use unicode_width::UnicodeWidthChar;

/// A line that is being put together. What stands in it cannot break it or harm a terminal.
#[derive(Debug, Clone, Default)]
pub struct Line(Vec<(Option<Role>, String)>);

impl Line {
    /// Adds text in the terminal's own colour.
    pub fn plain(self, text: &str) -> Self {
        self.piece(None, text)
    }

    /// Adds text in the style of a role.
    pub fn role(self, role: Role, text: &str) -> Self {
        self.piece(Some(role), text)
    }

    /// Adds text in the style of a role, if it has one.
    pub fn piece(mut self, role: Option<Role>, text: &str) -> Self {
        self.0.push((role, one_line(text)));
        self
    }

    /// Adds a call, `increment(5)`, its name in colour.
    pub fn call(self, text: &str) -> Self {
        let (name, rest) = text.split_at(text.find('(').unwrap_or(text.len()));
        self.role(Role::Function, name).plain(rest)
    }

    /// The pieces, each with its role.
    pub(crate) fn pieces(&self) -> &[(Option<Role>, String)] {
        &self.0
    }

    /// The line as text, without its end. What goes beyond the width, in columns of a terminal, is
    /// cut, and `…` says so.
    pub fn render(&self, paint: Paint, width: Option<usize>) -> String {
        let whole: usize = self.0.iter().map(|(_, text)| columns(text)).sum();
        let mut room = match width {
            Some(width) if whole > width => width.saturating_sub(1),
            _ => usize::MAX,
        };
        let cut = room != usize::MAX;
        let mut out = String::new();
        for (role, text) in &self.0 {
            let piece = fitting(text, room);
            match role {
                Some(role) => out.push_str(&paint.text(*role, piece)),
                None => out.push_str(piece),
            }
            if piece.len() < text.len() {
                break;
            }
            room = room.saturating_sub(columns(piece));
        }
        if cut {
            out.push('…');
        }
        out
    }
}

/// How many columns of a terminal a text takes.
pub fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The start of the text that fits into so many columns.
fn fitting(text: &str, mut room: usize) -> &str {
    let beyond = text.char_indices().find(|(_, c)| match room.checked_sub(width(*c)) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    });
    &text[..beyond.map_or(text.len(), |(end, _)| end)]
}

/// The text with ends of lines and tabs escaped, and everything that could harm a terminal.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c == '\n' || c == '\t' || is_dangerous(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_before_it_is_coloured() {
        let line = Line::default().role(Role::Actor, "añb").plain("  c\nd\u{1b}[2J").call("f(1)");
        let plain = Paint { on: false };
        assert_eq!(line.render(plain, None), r"añb  c\nd\u{1b}[2Jf(1)");
        assert_eq!(line.render(plain, Some(6)), "añb  …");
        assert_eq!(line.render(plain, Some(2)), "a…");
        assert_eq!(line.render(plain, Some(0)), "…");
        assert_eq!(line.render(plain, Some(100)), line.render(plain, None));
        let wide = Line::default().role(Role::Text, "日本").plain("語");
        assert_eq!(wide.render(plain, Some(6)), "日本語");
        assert_eq!(wide.render(plain, Some(5)), "日本…");
        assert_eq!(wide.render(plain, Some(4)), "日…");
        let coloured = line.render(Paint { on: true }, Some(3));
        assert!(
            coloured.starts_with("\u{1b}[") && coloured.ends_with("añ\u{1b}[0m…"),
            "{coloured}"
        );
    }
}
