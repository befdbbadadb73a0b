//! One line of output in pieces, each with its role: cut to a width first, coloured then.

use crate::paint::{Paint, Role, is_dangerous};

/// A line that is being put together. What stands in it cannot break it or harm a terminal.
#[derive(Debug, Clone, Default)]
pub struct Line(Vec<(Option<Role>, String)>);

impl Line {
    /// Adds text in the terminal's own colour.
    pub fn plain(mut self, text: &str) -> Self {
        self.0.push((None, one_line(text)));
        self
    }

    /// Adds text in the style of a role.
    pub fn role(mut self, role: Role, text: &str) -> Self {
        self.0.push((Some(role), one_line(text)));
        self
    }

    /// Adds a call, `increment(5)`, its name in colour.
    pub fn call(self, text: &str) -> Self {
        let (name, rest) = text.split_at(text.find('(').unwrap_or(text.len()));
        self.role(Role::Function, name).plain(rest)
    }

    /// The line as text, without its end. What goes beyond the width is cut, and `…` says so.
    pub fn render(&self, paint: Paint, width: Option<usize>) -> String {
        let whole: usize = self.0.iter().map(|(_, text)| text.chars().count()).sum();
        let mut room = match width {
            Some(width) if whole > width => width.saturating_sub(1),
            _ => usize::MAX,
        };
        let cut = room != usize::MAX;
        let mut out = String::new();
        for (role, text) in &self.0 {
            let end = text.char_indices().nth(room).map_or(text.len(), |(end, _)| end);
            let piece = &text[..end];
            room = room.saturating_sub(piece.chars().count());
            match role {
                Some(role) => out.push_str(&paint.text(*role, piece)),
                None => out.push_str(piece),
            }
        }
        if cut {
            out.push('…');
        }
        out
    }
}

/// The text with ends of lines escaped as well.
fn one_line(text: &str) -> String {
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
        let coloured = line.render(Paint { on: true }, Some(3));
        assert!(
            coloured.starts_with("\u{1b}[") && coloured.ends_with("añ\u{1b}[0m…"),
            "{coloured}"
        );
    }
}
