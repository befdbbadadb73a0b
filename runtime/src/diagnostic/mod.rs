//! The one type of problem that every face shows: the command line, the REPL and the language server.
//!
//! A [`Diagnostic`] is plain data. It is rendered by miette where a person reads it (it implements
//! [`miette::Diagnostic`]) and mapped to the protocol's type where an editor does. Each kind of
//! problem has a stable [`Code`] with a page, which `theater explain CODE` shows.

mod codes;
mod did_you_mean;
mod fix;

pub use codes::*;
pub use did_you_mean::did_you_mean;
pub(crate) use fix::line_of_key;
pub use fix::{Edit, Fix, apply, overlap};

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A kind of problem: its stable name, and its page in the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `TH` and four digits. The first two digits are the area, see [`CODES`].
    pub id: &'static str,
    /// One line: what the problem is.
    pub title: &'static str,
    /// Markdown: why it is a problem, a wrong and a right example.
    pub page: &'static str,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something works, but probably not as meant.
    Warning,
    /// Something does not work.
    Error,
}

/// A text in which a problem has its place: a file, or a line typed into the REPL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name to show, normally the path as the user wrote it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A source that can be shared by several diagnostics.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }
}

/// A marked place in the source, with a few words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Bytes of the source's text.
    pub span: Range<usize>,
    /// What is to be seen there: a few words, lower-case. May be empty.
    pub text: String,
}

/// One problem: what, where, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of problem it is.
    pub code: &'static Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, with the names concerned: one sentence, lower-case, without a full stop.
    pub message: String,
    /// The text in which the labels stand.
    pub source: Option<Arc<Source>>,
    /// Places in the source, the first one the most important.
    pub labels: Vec<Label>,
    /// What to do about it: full sentences, the first an instruction where there is one to give,
    /// each with a capital and a full stop or question mark.
    pub help: Option<String>,
    /// Places in other sources that belong to the same problem.
    pub related: Vec<Diagnostic>,
    /// What does away with it.
    pub fixes: Vec<Fix>,
}

/// The result of everything that can fail with problems to show.
pub type Result<T, E = Box<Diagnostic>> = std::result::Result<T, E>;

impl Diagnostic {
    /// An error without a place. Add places with [`Diagnostic::at`].
    pub fn error(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            source: None,
            labels: Vec::new(),
            help: None,
            related: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// A warning without a place.
    pub fn warning(code: &'static Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// The error of a file that could not be read or written, with the system's reason.
    pub fn io(code: &'static Code, action: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::error(code, format!("cannot {action} {}: {}", path.display(), reason(error)))
    }

    /// Adds a marked place. All labels of one diagnostic stand in one source.
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>, text: impl Into<String>) -> Self {
        self.source = Some(source.clone());
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do: in full sentences, as [`Diagnostic::help`](#structfield.help) asks for.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a place in another source.
    pub fn related(mut self, other: Diagnostic) -> Self {
        self.related.push(other);
        self
    }

    /// Whether it is an error, and not only a warning.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The system's words for an error, without the number that Rust appends.
pub fn reason(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code.id))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_deref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        if self.labels.is_empty() {
            return None;
        }
        Some(Box::new(self.labels.iter().map(|label| {
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            miette::LabeledSpan::new_with_span(text, label.span.clone())
        })))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|other| other as &dyn miette::Diagnostic)))
    }
}

impl miette::SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(miette::MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}
