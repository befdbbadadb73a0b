//! Standard output and standard error: the one place that writes to them.
//!
//! Results go to standard output, everything for people beside them to standard error. Colours are
//! used on a terminal only, and a line that is too long for one is cut; in a pipe it is whole.

use clap::ValueEnum;
use serde_json::Value;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use theater_repl::causes::Shown;
use theater_repl::output::Look;
use theater_repl::paint::{Paint, printable, printable_json};
use theater_repl::report::{Style, report};
use theater_repl::styled::Line;
use theater_runtime::diagnostic::Diagnostic;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where a command writes.
#[derive(Debug)]
pub struct Output {
    out: BufWriter<Stdout>,
    /// Whether somebody watches: then every line is shown at once.
    live: bool,
    /// How wide the terminal of standard output is; none in a pipe.
    width: Option<usize>,
    choice: ColourChoice,
    paint: Paint,
    report_paint: Paint,
}

impl Output {
    /// The streams of this process.
    pub fn new(choice: ColourChoice) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        Self {
            live: stdout.is_terminal(),
            width: terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0.into()),
            choice,
            paint: Paint { on: choice.on(stdout.is_terminal()) },
            report_paint: Paint { on: choice.on(stderr.is_terminal()) },
            out: BufWriter::new(stdout),
        }
    }

    /// When to use colours, for tools that write to the same streams.
    pub fn choice(&self) -> ColourChoice {
        self.choice
    }

    /// The colours of standard output.
    pub fn paint(&self) -> Paint {
        self.paint
    }

    /// The colours of standard error.
    pub fn report_paint(&self) -> Paint {
        self.report_paint
    }

    /// How wide the terminal of standard output is; none in a pipe.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// Writes text to standard output as it is.
    ///
    /// # Errors
    ///
    /// When the stream is closed or cannot be written.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        if self.live { self.out.flush() } else { Ok(()) }
    }

    /// Writes a line to standard output.
    ///
    /// # Errors
    ///
    /// When the stream is closed or cannot be written.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.text(&format!("{line}\n"))
    }

    /// Writes a line of coloured pieces, cut where the terminal ends.
    ///
    /// # Errors
    ///
    /// When the stream is closed or cannot be written.
    pub fn row(&mut self, line: &Line) -> io::Result<()> {
        let line = line.render(self.paint, self.width);
        self.line(line.trim_end())
    }

    /// Writes one JSON value on a line of its own.
    ///
    /// # Errors
    ///
    /// When the stream is closed or cannot be written.
    pub fn json(&mut self, value: &Value) -> io::Result<()> {
        self.line(&printable_json(value))
    }

    /// Writes lines for a person, or the objects in place of them.
    ///
    /// # Errors
    ///
    /// When the stream is closed or cannot be written.
    pub fn shown(&mut self, shown: &Shown, json: bool) -> io::Result<()> {
        match json {
            true => shown.json.iter().try_for_each(|object| self.json(object)),
            false => shown.lines.iter().try_for_each(|line| self.row(line)),
        }
    }

    /// How results of the REPL look here.
    pub fn look(&self, json: bool) -> Look {
        Look { json, paint: self.paint, width: self.width, chatty: self.live }
    }

    /// Hands over what was written.
    ///
    /// # Errors
    ///
    /// When the stream is closed or cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Says something to people, on standard error.
    pub fn say(&mut self, text: &str) {
        // If standard error is closed, there is nobody who could be told.
        let _ = writeln!(io::stderr(), "{}", printable(text));
    }

    /// Shows problems to people, on standard error.
    pub fn reports(&mut self, problems: &[Diagnostic]) {
        report(problems, Style::of_stderr(self.report_paint.on));
    }
}

impl ColourChoice {
    fn on(self, is_terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && !set("NO_COLOR") && !dumb,
        }
    }
}
