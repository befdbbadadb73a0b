//! Colours: the one place that knows which, and whether at all.

use nu_ansi_term::{Color, Style};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::Write;
use theater_runtime::handlers::Level;
use theater_runtime::trace::LineOrigin;

/// Styles text, or leaves it as it is. The caller decides: a terminal, and no `NO_COLOR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paint {
    /// Whether there are colours.
    pub on: bool,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A word of the REPL.
    Word,
    /// The name of an actor.
    Actor,
    /// The name of a function.
    Function,
    /// The name of a field, a parameter or a key.
    Field,
    /// A string or a char.
    Text,
    /// A number, `true`, `none` and the like.
    Literal,
    /// The prompt.
    Prompt,
    /// What matters less: hints, comments, times, addresses.
    Faint,
    /// Something that worked.
    Good,
    /// A warning.
    Warning,
    /// An error, or an actor's exit.
    Error,
}

impl Paint {
    /// The text in the style of its role.
    pub fn text<'a>(self, role: Role, text: &'a str) -> Cow<'a, str> {
        if !self.on || text.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(style(role).paint(text).to_string())
    }

    /// A log line of an actor, ready to be shown: without control characters, and with the further
    /// lines of a text of several lines marked, so that they cannot be taken for lines of their own.
    /// Without the end of the last line.
    pub fn log_line(self, actor: &str, from: LineOrigin, message: &str) -> String {
        let actor = printable(actor);
        let head = self.text(Role::Actor, &actor);
        format!(
            "{head} {} {}",
            self.text(level_role(from.level()), &from.to_string()),
            self.continued(message)
        )
    }

    /// A text of a guest, ready to be shown: without control characters, and each line but the first
    /// after a mark.
    pub fn continued(self, text: &str) -> String {
        let text = printable(text.trim_end_matches(['\r', '\n']));
        let mark = format!("\n{} ", self.text(Role::Faint, "  |"));
        text.split('\n').collect::<Vec<_>>().join(&mark)
    }
}

fn level_role(level: Level) -> Role {
    match level {
        Level::Trace | Level::Debug => Role::Faint,
        Level::Info => Role::Good,
        Level::Warn => Role::Warning,
        Level::Error => Role::Error,
    }
}

pub(crate) fn style(role: Role) -> Style {
    match role {
        Role::Word => Color::Cyan.bold(),
        Role::Actor => Color::Blue.bold(),
        Role::Function => Color::Cyan.normal(),
        Role::Field => Color::Purple.normal(),
        Role::Text => Color::Green.normal(),
        Role::Literal => Color::Yellow.normal(),
        Role::Prompt => Color::Default.bold(),
        Role::Faint => Color::DarkGray.normal(),
        Role::Good => Color::Green.normal(),
        Role::Warning => Color::Yellow.bold(),
        Role::Error => Color::Red.bold(),
    }
}

/// The text with everything escaped that could do something to a terminal, or hide or reorder what is
/// shown: control characters but for the new line and the tab, and Unicode's marks of direction. All
/// text that comes from a guest goes through here before it is shown.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_dangerous(c) {
            true => out.extend(c.escape_default()),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// JSON whose strings hold nothing that a terminal could obey: such characters stand only inside
/// strings, where they may be escaped.
pub fn printable_json(value: &Value) -> String {
    let text = value.to_string();
    if !text.contains(is_dangerous) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_dangerous(c) {
            // All of them are in the first plane; writing into a string cannot fail.
            true => drop(write!(out, "\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

pub(crate) fn is_dangerous(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let cases = [
            ("plain, ünïcode 😀\n\ttab", "plain, ünïcode 😀\n\ttab"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", r"\u{1b}[2J\u{1b}]0;title\u{7}"),
            ("over\rwritten\u{8}\0\u{7f}", r"over\rwritten\u{8}\u{0}\u{7f}"),
            ("C1: \u{9b}31m \u{85}", r"C1: \u{9b}31m \u{85}"),
            ("\u{202e}txt.exe\u{2028}", r"\u{202e}txt.exe\u{2028}"),
        ];
        for (text, expected) in cases {
            assert_eq!(printable(text), expected);
        }
        assert!(matches!(printable("plain"), Cow::Borrowed(_)));
        let all: String = (0..=u32::from(char::MAX)).filter_map(char::from_u32).collect();
        assert!(!printable(&all).contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
    }

    #[test]
    fn colours_are_there_only_when_wanted() {
        let plain = Paint { on: false };
        let coloured = Paint { on: true };
        assert_eq!(plain.text(Role::Error, "x"), "x");
        assert_eq!(coloured.text(Role::Error, "x"), "\u{1b}[1;31mx\u{1b}[0m");
        assert_eq!(coloured.text(Role::Error, ""), "");
    }

    #[test]
    fn a_log_line_cannot_pretend_to_be_another() {
        let line = Paint { on: false }.log_line(
            "a",
            LineOrigin::Log(Level::Warn),
            "one\nb error two\u{1b}[0m\r\n",
        );
        assert_eq!(line, "a warn one\n  | b error two\\u{1b}[0m");
        let coloured =
            Paint { on: true }.log_line("a", LineOrigin::Log(Level::Info), "one\u{1b}[5m");
        assert!(coloured.ends_with("one\\u{1b}[5m"), "{coloured}");
    }
}
