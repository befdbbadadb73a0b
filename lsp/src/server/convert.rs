//! Between the engine's data and the protocol's: the only place that knows both.

use super::library::Library;
use super::{Wishes, fixes};
use crate::engine::{
    Action, Change, Completion, CompletionKind, Encoding, FileEdit, Fix, Hover, Level, Link,
    Location, NewWorld, Position, Problem, Related, Snapshot, Symbol, Text,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use theater_runtime::diagnostic::{Code, WIT_FOLDER, WORLD_UNKNOWN};
use tower_lsp::ls_types as lsp;

/// The file that a URI names; none if it names no file of this machine.
pub fn path(uri: &lsp::Uri) -> Option<PathBuf> {
    if !uri.scheme().as_str().eq_ignore_ascii_case("file") {
        return None;
    }
    let path = uri.to_file_path()?.into_owned();
    (path.is_absolute() && !path.to_string_lossy().contains('\0')).then_some(path)
}

/// The URI of a file.
pub fn uri(path: &Path) -> Option<lsp::Uri> {
    lsp::Uri::from_file_path(path)
}

/// The unit of columns: the first that the client names and that is known, else UTF-16.
pub fn encoding(offered: Option<&[lsp::PositionEncodingKind]>) -> Encoding {
    let known = |kind: &lsp::PositionEncodingKind| match kind.as_str() {
        "utf-8" => Some(Encoding::Utf8),
        "utf-16" => Some(Encoding::Utf16),
        "utf-32" => Some(Encoding::Utf32),
        _ => None,
    };
    offered.unwrap_or_default().iter().find_map(known).unwrap_or_default()
}

/// The protocol's name for a unit of columns.
pub fn encoding_kind(encoding: Encoding) -> lsp::PositionEncodingKind {
    match encoding {
        Encoding::Utf8 => lsp::PositionEncodingKind::UTF8,
        Encoding::Utf16 => lsp::PositionEncodingKind::UTF16,
        Encoding::Utf32 => lsp::PositionEncodingKind::UTF32,
    }
}

/// A position of the protocol.
pub fn position(position: lsp::Position) -> Position {
    Position { line: position.line, column: position.character }
}

/// Changes of a text.
pub fn changes(changes: Vec<lsp::TextDocumentContentChangeEvent>) -> Vec<Change> {
    let one = |change: lsp::TextDocumentContentChangeEvent| Change {
        range: change.range.map(|range| (position(range.start), position(range.end))),
        text: change.text,
    };
    changes.into_iter().map(one).collect()
}

/// The lines and columns of some bytes of a text.
pub fn range(text: &Text, span: &Range<usize>, encoding: Encoding) -> lsp::Range {
    let at = |offset| {
        let Position { line, column } = text.position(offset, encoding);
        lsp::Position { line, character: column }
    };
    lsp::Range { start: at(span.start), end: at(span.end) }
}

/// The texts of one snapshot, with what the client wants to be told.
pub struct Converter<'a> {
    files: &'a Snapshot,
    wishes: Wishes,
    library: &'a Library,
    roots: &'a [PathBuf],
    hashes: RefCell<BTreeMap<PathBuf, u64>>,
}

impl<'a> Converter<'a> {
    /// For an editor with these wishes, whose workspace has these folders.
    pub fn new(
        files: &'a Snapshot,
        wishes: Wishes,
        library: &'a Library,
        roots: &'a [PathBuf],
    ) -> Self {
        Self { files, wishes, library, roots, hashes: RefCell::default() }
    }

    /// The number of a file's text, made once.
    pub fn hash(&self, path: &Path) -> Option<u64> {
        if let Some(known) = self.hashes.borrow().get(path) {
            return Some(*known);
        }
        let hash = fixes::hash(&*self.files.text(path)?);
        self.hashes.borrow_mut().insert(path.to_owned(), hash);
        Some(hash)
    }

    /// A message in which files of the workspace are named from its folder on.
    fn message(&self, message: &str) -> String {
        let prefixes = self.roots.iter().map(|root| format!("{}/", root.display()));
        prefixes.fold(message.to_owned(), |message, prefix| message.replace(&prefix, ""))
    }
}

impl Converter<'_> {
    /// A problem in a file with this text.
    pub fn problem(&self, text: &Text, problem: &Problem) -> lsp::Diagnostic {
        let related = problem.related.iter().filter_map(|related| self.related(related));
        let related: Vec<_> = if self.wishes.related { related.collect() } else { Vec::new() };
        let page = || self.library.page(problem.code).and_then(|page| uri(&page));
        let page = self.wishes.code_pages.then(page).flatten();
        lsp::Diagnostic {
            range: range(text, &problem.span, self.wishes.encoding),
            code_description: page.map(|href| lsp::CodeDescription { href }),
            data: self.wishes.data.then(|| fixes::data(self, &problem.fixes)).flatten(),
            severity: Some(match problem.level {
                Level::Error => lsp::DiagnosticSeverity::ERROR,
                Level::Warning => lsp::DiagnosticSeverity::WARNING,
                Level::Note => lsp::DiagnosticSeverity::INFORMATION,
            }),
            code: Some(lsp::NumberOrString::String(problem.code.id.to_owned())),
            source: Some("theater".to_owned()),
            message: self.message(&problem.message),
            related_information: (!related.is_empty()).then_some(related),
            ..Default::default()
        }
    }

    fn related(&self, related: &Related) -> Option<lsp::DiagnosticRelatedInformation> {
        let text: Arc<Text> = self.files.text(&related.path)?;
        let range = range(&text, &related.span, self.wishes.encoding);
        Some(lsp::DiagnosticRelatedInformation {
            location: lsp::Location { uri: uri(&related.path)?, range },
            message: related.message.clone(),
        })
    }
}

impl Converter<'_> {
    /// Changes, for the editor to make.
    pub fn edits(&self, edits: &[FileEdit]) -> lsp::WorkspaceEdit {
        let mut changes: HashMap<lsp::Uri, Vec<lsp::TextEdit>> = HashMap::new();
        for (path, span, new_text) in edits {
            let Some((text, uri)) = self.files.text(path).zip(uri(path)) else { continue };
            let range = range(&text, span, self.wishes.encoding);
            changes
                .entry(uri)
                .or_default()
                .push(lsp::TextEdit { range, new_text: new_text.clone() });
        }
        lsp::WorkspaceEdit { changes: Some(changes), ..Default::default() }
    }

    /// A place, for the editor to go to.
    pub fn location(&self, location: &Location) -> Option<lsp::Location> {
        let text = self.files.text(&location.path)?;
        let range = range(&text, &location.span, self.wishes.encoding);
        Some(lsp::Location { uri: uri(&location.path)?, range })
    }

    /// A fix of one problem, as something that can be chosen.
    pub fn action(&self, text: &Text, action: &Action) -> lsp::CodeAction {
        let diagnostics = Some(vec![self.problem(text, &action.problem)]);
        lsp::CodeAction { diagnostics, ..self.quick_fix(&action.fix) }
    }

    /// A fix, without what it is for.
    pub fn quick_fix(&self, fix: &Fix) -> lsp::CodeAction {
        lsp::CodeAction {
            title: fix.title.clone(),
            kind: Some(lsp::CodeActionKind::QUICKFIX),
            edit: Some(self.edits(&fix.edits)),
            is_preferred: Some(fix.is_certain),
            ..Default::default()
        }
    }

    /// A world for an actor that has none, which does away with those of these problems that miss it.
    pub fn new_world(
        &self,
        world: &NewWorld,
        problems: &[lsp::Diagnostic],
    ) -> Option<lsp::CodeAction> {
        let is_missing = |problem: &&lsp::Diagnostic| {
            [WIT_FOLDER, WORLD_UNKNOWN].iter().any(|code| has_code(problem, code))
        };
        let edit = match world.is_new {
            true => created(uri(&world.path)?, &world.text),
            false => {
                let end = self.files.text(&world.path)?.as_str().len();
                self.edits(&[(world.path.clone(), end..end, world.text.clone())])
            }
        };
        Some(lsp::CodeAction {
            title: world.title.clone(),
            kind: Some(lsp::CodeActionKind::QUICKFIX),
            diagnostics: Some(problems.iter().filter(is_missing).cloned().collect()),
            edit: Some(edit),
            ..Default::default()
        })
    }

    /// All fixes of a file together.
    pub fn fix_all(&self, fix: &Fix) -> lsp::CodeAction {
        lsp::CodeAction {
            title: fix.title.clone(),
            kind: Some(lsp::CodeActionKind::SOURCE_FIX_ALL),
            edit: Some(self.edits(&fix.edits)),
            ..Default::default()
        }
    }
}

/// Whether a problem that an editor gives back is of this kind.
pub fn has_code(problem: &lsp::Diagnostic, code: &Code) -> bool {
    matches!(&problem.code, Some(lsp::NumberOrString::String(found)) if found == code.id)
}

/// A new file with this text.
fn created(uri: lsp::Uri, text: &str) -> lsp::WorkspaceEdit {
    let options = lsp::CreateFileOptions { overwrite: Some(false), ignore_if_exists: Some(true) };
    let file = lsp::CreateFile { uri: uri.clone(), options: Some(options), annotation_id: None };
    let text = lsp::TextDocumentEdit {
        text_document: lsp::OptionalVersionedTextDocumentIdentifier { uri, version: None },
        edits: vec![lsp::OneOf::Left(lsp::TextEdit::new(lsp::Range::default(), text.to_owned()))],
    };
    let operations = vec![
        lsp::DocumentChangeOperation::Op(lsp::ResourceOp::Create(file)),
        lsp::DocumentChangeOperation::Edit(text),
    ];
    lsp::WorkspaceEdit {
        document_changes: Some(lsp::DocumentChanges::Operations(operations)),
        ..Default::default()
    }
}

/// The bytes of a range of the protocol.
pub fn span(text: &Text, range: lsp::Range, encoding: Encoding) -> Range<usize> {
    text.offset(position(range.start), encoding)..text.offset(position(range.end), encoding)
}

/// What is said about a place.
pub fn hover(text: &Text, hover: &Hover, encoding: Encoding, markdown: bool) -> lsp::Hover {
    let kind = if markdown { lsp::MarkupKind::Markdown } else { lsp::MarkupKind::PlainText };
    lsp::Hover {
        contents: lsp::HoverContents::Markup(lsp::MarkupContent {
            kind,
            value: hover.text.clone(),
        }),
        range: Some(range(text, &hover.span, encoding)),
    }
}

/// The things that can be typed at a place, in the order in which they are to be listed. With `snippets`, what is to be
/// typed over is marked. What is said of them is asked for with the same place.
pub fn completions(
    text: &Text,
    found: &[Completion],
    place: &lsp::TextDocumentPositionParams,
    encoding: Encoding,
    snippets: bool,
) -> Vec<lsp::CompletionItem> {
    let item = |(at, one)| lsp::CompletionItem {
        sort_text: Some(format!("{at:04}")),
        data: serde_json::to_value(place).ok(),
        ..completion(text, one, encoding, snippets)
    };
    found.iter().enumerate().map(item).collect()
}

/// The place at which a completion was listed.
pub fn place_of(item: &lsp::CompletionItem) -> Option<lsp::TextDocumentPositionParams> {
    serde_json::from_value(item.data.clone()?).ok()
}

/// What is said about something that can be typed.
pub fn documentation(value: String, markdown: bool) -> Option<lsp::Documentation> {
    let kind = lsp::MarkupKind::Markdown;
    match (value.is_empty(), markdown) {
        (true, _) => None,
        (false, true) => {
            Some(lsp::Documentation::MarkupContent(lsp::MarkupContent { kind, value }))
        }
        // It can be read as text, too.
        (false, false) => Some(lsp::Documentation::String(value)),
    }
}

fn completion(
    text: &Text,
    completion: &Completion,
    encoding: Encoding,
    snippets: bool,
) -> lsp::CompletionItem {
    let Completion { insert, value, rest, .. } = completion;
    // A path goes on before its closing quote.
    let is_open = completion.kind == CompletionKind::Path && !rest.is_empty();
    let has_place = snippets && (!value.is_empty() || is_open);
    let new_text = match has_place {
        true => format!("{}${{1:{}}}{}", escaped(insert), escaped(value), escaped(rest)),
        false => format!("{insert}{value}{rest}"),
    };
    lsp::CompletionItem {
        label: completion.label.clone(),
        kind: Some(match completion.kind {
            CompletionKind::Table => lsp::CompletionItemKind::MODULE,
            CompletionKind::Key => lsp::CompletionItemKind::FIELD,
            CompletionKind::Handler | CompletionKind::Interface => {
                lsp::CompletionItemKind::INTERFACE
            }
            CompletionKind::Value => lsp::CompletionItemKind::VALUE,
            CompletionKind::World => lsp::CompletionItemKind::CLASS,
            CompletionKind::Keyword => lsp::CompletionItemKind::KEYWORD,
            CompletionKind::Type => lsp::CompletionItemKind::STRUCT,
            CompletionKind::Member => lsp::CompletionItemKind::FUNCTION,
            CompletionKind::Actor => lsp::CompletionItemKind::REFERENCE,
            CompletionKind::Path => lsp::CompletionItemKind::FILE,
        }),
        detail: (!completion.detail.is_empty()).then(|| completion.detail.clone()),
        insert_text_format: has_place.then_some(lsp::InsertTextFormat::SNIPPET),
        // What is replaced must begin with what is compared: a table's `[` counts as typed.
        filter_text: insert.starts_with('[').then(|| insert.clone()),
        text_edit: Some(lsp::CompletionTextEdit::Edit(lsp::TextEdit {
            range: range(text, &completion.span, encoding),
            new_text,
        })),
        ..Default::default()
    }
}

/// A table or a key.
pub fn symbol(text: &Text, symbol: &Symbol, encoding: Encoding) -> lsp::DocumentSymbol {
    let children = symbol.children.iter().map(|child| self::symbol(text, child, encoding));
    #[expect(deprecated, reason = "the type has a field for old clients, which cannot be left out")]
    lsp::DocumentSymbol {
        name: symbol.name.clone(),
        detail: (!symbol.detail.is_empty()).then(|| symbol.detail.clone()),
        kind: super::editing::symbol_kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: range(text, &symbol.span, encoding),
        selection_range: range(text, &symbol.name_span, encoding),
        children: Some(children.collect()),
    }
}

/// Lines of which all but the first can be hidden.
pub fn fold(text: &Text, span: &Range<usize>) -> lsp::FoldingRange {
    let line = |offset| u32::try_from(text.line_of(offset)).unwrap_or(u32::MAX);
    lsp::FoldingRange {
        start_line: line(span.start),
        end_line: line(span.end),
        kind: Some(lsp::FoldingRangeKind::Region),
        ..Default::default()
    }
}

/// A path that can be followed.
pub fn link(text: &Text, link: &Link, encoding: Encoding) -> Option<lsp::DocumentLink> {
    Some(lsp::DocumentLink {
        range: range(text, &link.span, encoding),
        target: Some(uri(&link.target)?),
        tooltip: None,
        data: None,
    })
}

/// Where a path or a name leads. The texts are those of its own file and of the one where it leads,
/// if that is a text.
pub fn definition(
    text: &Text,
    target: Option<&Text>,
    link: &Link,
    encoding: Encoding,
) -> Option<lsp::LocationLink> {
    let there = target.map(|target| range(target, &link.target_span, encoding));
    let there = there.unwrap_or_default();
    Some(lsp::LocationLink {
        origin_selection_range: Some(range(text, &link.span, encoding)),
        target_uri: uri(&link.target)?,
        target_range: there,
        target_selection_range: there,
    })
}

/// A place where something leads, for editors that do not take the place from which it was asked for.
pub fn plain_location(link: lsp::LocationLink) -> lsp::Location {
    lsp::Location { uri: link.target_uri, range: link.target_selection_range }
}

/// A place of the thing under the cursor, in the same text.
pub fn highlight(text: &Text, location: &Location, encoding: Encoding) -> lsp::DocumentHighlight {
    let kind = match location.is_declaration {
        true => lsp::DocumentHighlightKind::WRITE,
        false => lsp::DocumentHighlightKind::READ,
    };
    lsp::DocumentHighlight { range: range(text, &location.span, encoding), kind: Some(kind) }
}

/// A text in a snippet, where some characters mean something.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if "\\$}".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
