//! Statements that do not come from a terminal: `-e` lines, a file, or standard input.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use theater_runtime::call::is_unfinished;
use theater_runtime::diagnostic::{Diagnostic, FILE_UNREADABLE, Result, Source};

/// One statement, which may go over several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's text alone, under the name of the script.
    pub source: Arc<Source>,
    /// The number of its first line, from 1 on.
    pub line: usize,
    /// Where the statement starts in the whole text: a byte.
    pub offset: usize,
}

/// A source of statements, read one at a time: what stands behind an error is never read.
pub struct Script {
    from: From,
    line: usize,
}

enum From {
    Lines(VecDeque<(String, String)>),
    Reader { name: String, reader: Box<dyn BufRead + Send>, read: String },
}

impl Script {
    /// Each line is a statement of its own, as after `-e`.
    pub fn from_lines(lines: impl IntoIterator<Item = String>) -> Self {
        let lines: Vec<String> = lines.into_iter().collect();
        let alone = lines.len() == 1;
        let named = lines.into_iter().enumerate().map(|(i, line)| match alone {
            true => ("-e".to_owned(), line),
            false => (format!("-e {}", i + 1), line),
        });
        Self { from: From::Lines(named.collect()), line: 0 }
    }

    /// The statements of a file.
    ///
    /// # Errors
    /// `TH0001` if it cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)
            .map_err(|error| Box::new(Diagnostic::io(FILE_UNREADABLE, "read", path, &error)))?;
        Ok(Self::from_reader(path.display().to_string(), BufReader::new(file)))
    }

    /// The statements of standard input, as they arrive.
    pub fn standard_input() -> Self {
        Self::from_reader("standard input", BufReader::new(io::stdin()))
    }

    /// The statements of any reader. The name is for diagnostics.
    pub fn from_reader(name: impl Into<String>, reader: impl BufRead + Send + 'static) -> Self {
        let from =
            From::Reader { name: name.into(), reader: Box::new(reader), read: String::new() };
        Self { from, line: 0 }
    }

    /// The next statement; a line that leaves a bracket open goes on with the next one. Empty lines
    /// and comments are statements too. Waits for input. `None` at the end.
    ///
    /// # Errors
    /// `TH0001` if reading fails, or for text that is not UTF-8.
    pub fn next_statement(&mut self) -> Result<Option<Statement>> {
        match &mut self.from {
            From::Lines(lines) => Ok(lines.pop_front().map(|(name, text)| Statement {
                source: Source::new(name, text),
                line: 1,
                offset: 0,
            })),
            From::Reader { name, reader, read } => {
                let (offset, line) = (read.len(), self.line + 1);
                while read_line(name, reader, read)? {
                    self.line += 1;
                    if !is_unfinished(&read[offset..]) {
                        break;
                    }
                }
                if read.len() == offset {
                    return Ok(None);
                }
                let text = read[offset..].trim_end_matches(['\r', '\n']);
                Ok(Some(Statement { source: Source::new(&**name, text), line, offset }))
            }
        }
    }

    /// The same problem with its labels in the whole text that has been read, so that line numbers
    /// are those of the file.
    pub fn place(&self, statement: &Statement, mut problem: Box<Diagnostic>) -> Box<Diagnostic> {
        let From::Reader { name, read, .. } = &self.from else { return problem };
        if problem.source.as_ref().is_none_or(|source| !Arc::ptr_eq(source, &statement.source)) {
            return problem;
        }
        problem.source = Some(Source::new(&**name, &**read));
        for label in &mut problem.labels {
            label.span.start += statement.offset;
            label.span.end += statement.offset;
        }
        problem
    }
}

/// Adds one line to what has been read. `false` at the end.
fn read_line(name: &str, reader: &mut dyn BufRead, read: &mut String) -> Result<bool> {
    match reader.read_line(read) {
        Ok(length) => Ok(length > 0),
        Err(error) => {
            let reason = match error.kind() {
                io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
                _ => error.to_string(),
            };
            let message = format!("cannot read {name}: {reason}");
            Err(Box::new(Diagnostic::error(FILE_UNREADABLE, message)))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::line::parse;

    fn statements(script: &mut Script) -> Vec<(String, String, usize)> {
        let mut all = Vec::new();
        while let Some(statement) = script.next_statement().unwrap() {
            let Source { name, text } = &*statement.source;
            all.push((name.clone(), text.clone(), statement.line));
        }
        all
    }

    fn owned(all: &[(&str, &str, usize)]) -> Vec<(String, String, usize)> {
        all.iter().map(|(name, text, line)| ((*name).into(), (*text).into(), *line)).collect()
    }

    #[test]
    fn a_statement_goes_on_while_brackets_are_open() {
        let text = "ps\r\n\n// (\na.f([1,\n  2])\nquit\na.g(";
        let expected = owned(&[
            ("x", "ps", 1),
            ("x", "", 2),
            ("x", "// (", 3),
            ("x", "a.f([1,\n  2])", 4),
            ("x", "quit", 6),
            ("x", "a.g(", 7),
        ]);
        assert_eq!(statements(&mut Script::from_reader("x", text.as_bytes())), expected);
        assert_eq!(statements(&mut Script::from_reader("x", &b""[..])), []);
    }

    #[test]
    fn each_line_of_the_command_line_stands_alone() {
        let two = Script::from_lines(["a.f(".to_owned(), ")".to_owned()]);
        assert_eq!(statements(&mut { two }), owned(&[("-e 1", "a.f(", 1), ("-e 2", ")", 1)]));
        let one = Script::from_lines(["ps".to_owned()]);
        assert_eq!(statements(&mut { one }), owned(&[("-e", "ps", 1)]));
    }

    #[test]
    fn problems_have_the_line_numbers_of_the_file() {
        let mut script = Script::from_reader("x", "ps\nnext\na.f(\n  1]\n".as_bytes());
        let problem = loop {
            let statement = script.next_statement().unwrap().unwrap();
            if let Err(problem) = parse(&statement.source) {
                break script.place(&statement, problem);
            }
        };
        let source = problem.source.as_ref().unwrap();
        assert_eq!(&source.text[problem.labels[0].span.clone()], "]");
        assert_eq!(source.text[..problem.labels[0].span.start].lines().count(), 4);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let mut script = Script::from_reader("x", &b"ps\n\xff\n"[..]);
        assert!(script.next_statement().unwrap().is_some());
        let problem = script.next_statement().unwrap_err();
        assert_eq!(problem.message, "cannot read x: it is not UTF-8 text");
        assert!(Script::open(Path::new("/nowhere")).is_err());
    }
}
