//! Reports of problems for people: what miette draws, fit for the terminal that it goes to.

use crate::paint::{is_dangerous, printable};
use miette::{GraphicalReportHandler, GraphicalTheme, ThemeCharacters, ThemeStyles};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use theater_runtime::diagnostic::{Diagnostic, Source};

/// How many bytes of a line are shown. What draws a report cannot count columns beyond 16 bits.
const LONGEST_LINE: usize = 500;

/// How many characters of a message are shown.
const LONGEST_TEXT: usize = 2_000;

/// How reports are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether there are colours.
    pub colour: bool,
    /// Whether lines are drawn with characters beyond ASCII.
    pub unicode: bool,
    /// After how many columns text is wrapped.
    pub width: usize,
}

impl Default for Style {
    /// Plain text of 80 columns, as for a file.
    fn default() -> Self {
        Self { colour: false, unicode: false, width: 80 }
    }
}

impl Style {
    /// What fits standard error: its width, if it is a terminal, and its locale's characters, if it
    /// is one or is to look like one.
    pub fn of_stderr(colour: bool) -> Self {
        if !io::stderr().is_terminal() {
            return Self { colour, unicode: colour && locale_is_utf8(), ..Self::default() };
        }
        let size = terminal_size::terminal_size_of(io::stderr());
        let width = size.map_or(80, |(width, _)| usize::from(width.0).clamp(40, 120));
        Self { colour, unicode: locale_is_utf8(), width }
    }
}

fn locale_is_utf8() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The report of a problem, several lines with their ends. Nothing in it can do anything to a
/// terminal, whatever stands in names, messages and sources.
pub fn render(problem: &Diagnostic, style: Style) -> String {
    let theme = GraphicalTheme {
        characters: match style.unicode {
            true => ThemeCharacters::unicode(),
            false => ThemeCharacters::ascii(),
        },
        styles: if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .without_syntax_highlighting();
    let problem = harmless(problem);
    let mut text = String::new();
    if handler.render_report(&mut text, &problem).is_err() {
        // Labels that do not fit their source: the words are still worth reading.
        text = format!("{}: {}\n", problem.code.id, problem.message);
    }
    text
}

/// Writes reports to standard error, a free line between them. If that is closed there is nobody to tell.
pub fn report<'p>(problems: impl IntoIterator<Item = &'p Diagnostic>, style: Style) {
    let mut stderr = io::stderr().lock();
    for (index, problem) in problems.into_iter().enumerate() {
        let between = if index > 0 { "\n" } else { "" };
        let _ = stderr.write_all(format!("{between}{}", render(problem, style)).as_bytes());
    }
    let _ = stderr.flush();
}

/// The same problem without anything that could do something to a terminal. Places stay right.
fn harmless(problem: &Diagnostic) -> Diagnostic {
    let mut problem = problem.clone();
    problem.message = readable(&problem.message);
    problem.help = problem.help.map(|help| readable(&help));
    for label in &mut problem.labels {
        label.text = readable(&label.text);
    }
    cut_long_lines(&mut problem);
    if let Some(source) = &mut problem.source {
        let name = printable(&source.name).replace('\n', "\\n");
        *source = Arc::new(Source { name, text: same_length(&source.text) });
    }
    problem.related = problem.related.iter().map(harmless).collect();
    problem
}

/// The text as it may be shown, and not more of it than anybody reads: a guest's last words may be a
/// megabyte.
fn readable(text: &str) -> String {
    let shown = printable(text);
    match shown.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => {
            format!("{}... ({} characters)", &shown[..end], text.chars().count())
        }
        None => shown.into_owned(),
    }
}

/// A line of a source: where it begins, there and in what is shown of it.
struct CutLine {
    start: usize,
    shown: usize,
    /// How many of its bytes are shown; none if all of them are.
    kept: Option<usize>,
}

/// Cuts the lines of the source that are far longer than any screen. A label that stands behind a cut
/// points to the cut, and says its column.
fn cut_long_lines(problem: &mut Diagnostic) {
    let Some(source) = &problem.source else { return };
    if source.text.lines().all(|line| line.len() <= LONGEST_LINE) {
        return;
    }
    let (text, lines) = cut_lines(&source.text);
    let line_of = |at: usize| &lines[lines.partition_point(|line| line.start <= at).max(1) - 1];
    let place = |at: usize| {
        let line = line_of(at);
        line.shown + line.kept.map_or(at - line.start, |kept| kept.min(at - line.start))
    };
    for label in &mut problem.labels {
        let at = label.span.start;
        let line = line_of(at);
        if line.kept.is_some_and(|kept| at - line.start > kept) {
            let before = source.text.get(line.start..at).unwrap_or_default();
            label.text += &format!(" (column {})", before.chars().count() + 1);
        }
        label.span = place(at)..place(label.span.end.max(at));
    }
    problem.source = Some(Arc::new(Source { name: source.name.clone(), text }));
}

fn cut_lines(text: &str) -> (String, Vec<CutLine>) {
    let (mut shown, mut lines, mut start) = (String::new(), Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        let kept =
            (content.len() > LONGEST_LINE).then(|| content.floor_char_boundary(LONGEST_LINE));
        lines.push(CutLine { start, shown: shown.len(), kept });
        match kept {
            Some(kept) => shown.extend([&content[..kept], "...", &line[content.len()..]]),
            None => shown.push_str(line),
        }
        start += line.len();
    }
    (shown, lines)
}

/// The text with each byte of a dangerous character replaced by a visible one.
fn same_length(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // The end of a line as other systems write it.
            '\r' => out.push(' '),
            c if is_dangerous(c) => out.extend(std::iter::repeat_n('?', c.len_utf8())),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use theater_runtime::diagnostic::{ACTOR_UNKNOWN, VALUE_TYPE};

    #[test]
    fn a_report_points_into_its_source_and_does_nothing_to_the_terminal() {
        let text = "a.f(\u{1b}[2J\u{9b}31m\u{202e}, oops)\r\nnext";
        let source = Source::new("-e\u{1b}c", text);
        let at = text.find("oops").unwrap_or_default();
        let problem = Diagnostic::error(VALUE_TYPE, "bad \u{1b}]0;x\u{7} value")
            .at(&source, at..at + 4, "here\u{8}")
            .help("do \u{1b}[5m this")
            .related(Diagnostic::error(ACTOR_UNKNOWN, "other\u{0}"));
        let text = render(&problem, Style::default());
        assert!(!text.contains(|c: char| is_dangerous(c)), "{text:?}");
        insta::assert_snapshot!(text);
        let pretty = render(&problem, Style { colour: true, unicode: true, width: 60 });
        assert!(pretty.contains('╭') && pretty.contains("\u{1b}[31m"), "{pretty}");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = format!("first\n{}\nlast", "x".repeat(100_000));
        let source = Source::new("-e", long.clone());
        for span in [6..9, 6..100_006, 490..700, 90_000..90_002, 2..100_010, 100_007..100_009] {
            let problem = Diagnostic::error(VALUE_TYPE, "bad").at(&source, span.clone(), "here");
            let text = render(&problem, Style::default());
            assert!(text.len() < 3_000 && text.contains("here"), "{text}");
            assert_eq!(text.contains("here (column 89995)"), span.start == 90_000, "{text}");
            assert!(span.start < 100_000 || text.contains("[-e:3:1]"), "{text}");
        }
        let problem = Diagnostic::error(VALUE_TYPE, "bad").at(&source, 900_000..900_001, "there");
        assert!(render(&problem, Style::default()).contains("bad"));
    }

    #[test]
    fn endless_words_are_cut() {
        let words = "\u{1b}".repeat(1_000_000);
        let problem = Diagnostic::error(VALUE_TYPE, words.clone()).help(words);
        let text = render(&problem, Style::default());
        assert!(text.len() < 6_000 && text.contains("(1000000 characters)"), "{text}");
    }

    #[test]
    fn labels_outside_their_source_are_no_panic() {
        let source = Source::new("x", "abc");
        let problem = Diagnostic::error(VALUE_TYPE, "wrong").at(&source, 10..20, "there");
        assert!(render(&problem, Style::default()).contains("wrong"));
    }
}
