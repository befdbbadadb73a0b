//! The line editor: rustyline on a thread of its own, because reading a line blocks.
//!
//! The thread reads a line only when it is asked for one, and knows of the system only what stands in
//! the [`NamesCell`]. What is to be shown meanwhile goes through the [`Printer`].

use crate::complete::{Candidate, complete, hint};
use crate::highlight::highlight;
use crate::names::NamesCell;
use crate::paint::{Paint, Role};
use crate::printer::Printer;
use crate::script::Script;
use rustyline::completion::{Completer, Pair};
use rustyline::config::{Builder, ColorMode, CompletionType, Config};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Editor, ExternalPrinter, Helper};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use theater_runtime::call::is_unfinished;
use tokio::sync::mpsc as async_mpsc;

/// How many lines the history keeps.
const HISTORY: usize = 1000;

/// What a terminal needs to know.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The file with the lines of earlier sessions. It is made when the first line is entered.
    pub history: Option<PathBuf>,
    /// Whether there are colours. Hints are shown only with colours: without, they look as if typed.
    pub paint: Paint,
    /// The names to complete.
    pub names: NamesCell,
}

/// What came from the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// One statement, which may have several lines.
    Line(String),
    /// Ctrl-d, or the end of the terminal.
    End,
    /// The terminal fails, with the system's reason.
    Failed(String),
}

/// An open terminal.
pub struct Terminal {
    prompts: mpsc::Sender<String>,
    inputs: async_mpsc::UnboundedReceiver<Vec<Input>>,
    /// Statements that were entered together, as by pasting.
    entered: VecDeque<Input>,
    asked: bool,
    printer: Printer,
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

impl Terminal {
    /// Opens the terminal that standard input and output are.
    ///
    /// # Errors
    /// If one of them is none (a [`Script`] reads those), or the system gives no thread.
    pub fn open(settings: Settings) -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(io::Error::other("standard input and output are not a terminal"));
        }
        #[cfg(unix)]
        let before = rustix::termios::tcgetattr(io::stdin()).ok();
        let (prompts, asked_for) = mpsc::channel();
        let (answers, inputs) = async_mpsc::unbounded_channel();
        let (opened, open) = mpsc::sync_channel(1);
        std::thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            match Reader::open(settings) {
                Ok((reader, printer)) => {
                    if opened.send(Ok(printer)).is_ok() {
                        reader.run(&asked_for, &answers);
                    }
                }
                // Whoever opens waits for this.
                Err(error) => drop(opened.send(Err(error))),
            }
        })?;
        let printer = open.recv().map_err(io::Error::other)??;
        let entered = VecDeque::new();
        Ok(Self {
            prompts,
            inputs,
            entered,
            asked: false,
            printer,
            #[cfg(unix)]
            before,
        })
    }

    /// Puts the terminal back into the mode in which it was opened, for leaving while a line is being
    /// read. Nothing can be read any more after this.
    pub fn restore(&self) {
        if !self.asked {
            return;
        }
        let mut stdout = io::stdout().lock();
        // Pasted text is not to be marked any more. A terminal that is gone needs nothing.
        let _ = stdout.write_all(b"\x1b[?2004l\r\n").and_then(|()| stdout.flush());
        #[cfg(unix)]
        if let Some(before) = &self.before {
            use rustix::termios::{OptionalActions, tcsetattr};
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }

    /// Asks for the next statement. Ctrl-c clears the line and asks again.
    ///
    /// May be dropped while it waits: the next call goes on with the same line.
    pub async fn read(&mut self, prompt: &str) -> Input {
        loop {
            if let Some(input) = self.entered.pop_front() {
                return input;
            }
            if !self.asked && self.prompts.send(prompt.to_owned()).is_err() {
                return Input::End;
            }
            self.asked = true;
            let Some(inputs) = self.inputs.recv().await else { return Input::End };
            self.asked = false;
            self.entered.extend(inputs);
        }
    }

    /// What shows lines above the prompt.
    pub fn printer(&self) -> Printer {
        self.printer.clone()
    }
}

/// The thread's side.
struct Reader {
    editor: Editor<LineHelper, DefaultHistory>,
    history: Option<PathBuf>,
    printer: Printer,
}

impl Reader {
    fn open(settings: Settings) -> io::Result<(Self, Printer)> {
        let colours = if settings.paint.on { ColorMode::Enabled } else { ColorMode::Disabled };
        let config = config(colours).map_err(io::Error::other)?;
        let mut editor = Editor::with_config(config).map_err(io::Error::other)?;
        let printer = match editor.create_external_printer() {
            Ok(mut above) => Printer::start(move |text| {
                // A terminal that is gone shows nothing; the reader notices it too, and ends.
                let _ = above.print(text);
            }),
            // A terminal without cursor control (TERM=dumb): lines appear where they appear.
            Err(_) => Printer::start(|text| drop(io::stdout().write_all(text.as_bytes()))),
        }?;
        editor.set_helper(Some(LineHelper { names: settings.names, paint: settings.paint }));
        let mut reader = Self { editor, history: settings.history, printer: printer.clone() };
        reader.load_history();
        Ok((reader, printer))
    }

    fn run(
        mut self,
        prompts: &mpsc::Receiver<String>,
        answers: &async_mpsc::UnboundedSender<Vec<Input>>,
    ) {
        while let Ok(prompt) = prompts.recv() {
            let inputs = self.read(&prompt);
            let last = inputs.iter().any(|input| !matches!(input, Input::Line(_)));
            if answers.send(inputs).is_err() || last {
                break;
            }
        }
    }

    fn read(&mut self, prompt: &str) -> Vec<Input> {
        loop {
            match self.editor.readline(prompt) {
                Ok(text) => {
                    self.remember(&text);
                    return statements(&text);
                }
                Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => {}
                Err(ReadlineError::Eof) => return vec![Input::End],
                Err(error) => return vec![Input::Failed(error.to_string())],
            }
        }
    }

    fn load_history(&mut self) {
        let Some(path) = &self.history else { return };
        match self.editor.load_history(path) {
            Ok(()) => {}
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.forgo_history("read", &error.to_string()),
        }
    }

    fn remember(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        // In memory this cannot fail.
        let _ = self.editor.add_history_entry(text);
        let Some(path) = &self.history else { return };
        let saved = make_folder(path)
            .map_err(ReadlineError::Io)
            .and_then(|()| self.editor.append_history(path));
        if let Err(error) = saved {
            self.forgo_history("written", &error.to_string());
        }
    }

    /// A history that fails once is left alone: nobody wants to read of it after each line.
    fn forgo_history(&mut self, action: &str, reason: &str) {
        if let Some(path) = self.history.take() {
            let path = path.display();
            self.printer.print(format!("the history {path} cannot be {action}: {reason}"));
        }
    }
}

fn config(colours: ColorMode) -> rustyline::Result<Config> {
    let builder = Builder::new().max_history_size(HISTORY)?.history_ignore_dups(true)?;
    let builder = builder.history_ignore_space(true).auto_add_history(false);
    // One tab shows what there is to choose from.
    let builder =
        builder.completion_type(CompletionType::List).completion_show_all_if_ambiguous(true);
    Ok(builder.color_mode(colours).build())
}

/// The folder of the history, open to its owner only, if it is not there yet.
fn make_folder(history: &Path) -> io::Result<()> {
    let Some(folder) = history.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// The statements of a text: several, if several lines were pasted.
fn statements(text: &str) -> Vec<Input> {
    let mut script = Script::from_reader("", io::Cursor::new(text.to_owned()));
    let mut inputs = Vec::new();
    // A text in memory is UTF-8 and can be read.
    while let Ok(Some(statement)) = script.next_statement() {
        inputs.push(Input::Line(statement.source.text.clone()));
    }
    if inputs.is_empty() {
        inputs.push(Input::Line(String::new()));
    }
    inputs
}

struct LineHelper {
    names: NamesCell,
    paint: Paint,
}

impl Helper for LineHelper {}

impl Completer for LineHelper {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let completion = complete(&self.names.get(), line, at, &list_folder);
        let pair = |Candidate { text, display }| Pair { display, replacement: text };
        Ok((completion.start, completion.candidates.into_iter().map(pair).collect()))
    }
}

/// The entries of a folder for completion.
fn list_folder(folder: &str) -> Vec<String> {
    const MOST: usize = 10_000;
    let folder = if folder.is_empty() { "." } else { folder };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.take(MOST).flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some(if entry.path().is_dir() { name + "/" } else { name })
    });
    names.collect()
}

struct LineHint(crate::complete::Hint);

impl Hint for LineHint {
    fn display(&self) -> &str {
        &self.0.display
    }

    fn completion(&self) -> Option<&str> {
        self.0.insert.as_deref()
    }
}

impl Hinter for LineHelper {
    type Hint = LineHint;

    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<LineHint> {
        hint(&self.names.get(), line, at).filter(|_| self.paint.on).map(LineHint)
    }
}

impl Highlighter for LineHelper {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        highlight(self.paint, &self.names.get(), line)
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        self.paint.text(Role::Prompt, prompt)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.paint.text(Role::Faint, hint)
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.paint.on
    }
}

impl Validator for LineHelper {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        Ok(match is_unfinished(context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_lines_are_statements_of_their_own() {
        let lines = |text: &str| -> Vec<String> {
            let inputs = statements(text).into_iter();
            inputs
                .map(|input| match input {
                    Input::Line(line) => line,
                    other => format!("{other:?}"),
                })
                .collect()
        };
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("ps"), ["ps"]);
        assert_eq!(lines("ps\na.f(\n1)\n"), ["ps", "a.f(\n1)"]);
    }
}
