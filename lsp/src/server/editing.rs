//! Between the engine's data and the protocol's, for what helps in editing: layout, selection, colours
//! and search.

use super::convert::{range, uri};
use crate::engine::wit::Kind;
use crate::engine::{
    Encoding, Found, Hint, Lens, Position, SemanticKind, SemanticToken, Snapshot, SymbolKind, Text,
};
use std::ops::Range;
use theater_runtime::diagnostic::{COMPONENT_STALE, NOT_BUILT};
use theater_runtime::syntax::Edit;
use tower_lsp::ls_types as lsp;

/// Changes of one text.
pub fn edits(text: &Text, edits: &[Edit], encoding: Encoding) -> Vec<lsp::TextEdit> {
    let edit = |edit: &Edit| lsp::TextEdit {
        range: range(text, &edit.span, encoding),
        new_text: edit.text.clone(),
    };
    edits.iter().map(edit).collect()
}

/// What a symbol is.
pub fn symbol_kind(kind: SymbolKind) -> lsp::SymbolKind {
    match kind {
        SymbolKind::Actor => lsp::SymbolKind::OBJECT,
        SymbolKind::Table => lsp::SymbolKind::NAMESPACE,
        SymbolKind::Key => lsp::SymbolKind::PROPERTY,
        SymbolKind::Wit(kind) => match kind {
            Kind::Package => lsp::SymbolKind::PACKAGE,
            Kind::Interface | Kind::Label => lsp::SymbolKind::INTERFACE,
            Kind::World => lsp::SymbolKind::MODULE,
            Kind::Record => lsp::SymbolKind::STRUCT,
            Kind::Variant | Kind::Enum | Kind::Flags => lsp::SymbolKind::ENUM,
            Kind::Alias | Kind::Resource | Kind::Used => lsp::SymbolKind::CLASS,
            Kind::Function => lsp::SymbolKind::FUNCTION,
            Kind::Constructor => lsp::SymbolKind::CONSTRUCTOR,
            Kind::Field => lsp::SymbolKind::FIELD,
            Kind::Case => lsp::SymbolKind::ENUM_MEMBER,
            Kind::Parameter => lsp::SymbolKind::VARIABLE,
        },
    }
}

/// Names that were found in the workspace.
pub fn found(
    files: &Snapshot,
    found: &[Found],
    encoding: Encoding,
) -> lsp::WorkspaceSymbolResponse {
    let one = |found: &Found| {
        let text = files.text(&found.path)?;
        let range = range(&text, &found.span, encoding);
        let location = lsp::Location { uri: uri(&found.path)?, range };
        let container = Some(found.container.clone()).filter(|container| !container.is_empty());
        Some(lsp::WorkspaceSymbol {
            name: found.name.clone(),
            kind: symbol_kind(found.kind),
            tags: None,
            container_name: container,
            location: lsp::OneOf::Left(location),
            data: None,
        })
    };
    lsp::WorkspaceSymbolResponse::Nested(found.iter().filter_map(one).collect())
}

/// Parts of a text around a place, from the innermost on. An empty place if there is none.
pub fn selection(
    text: &Text,
    parts: &[Range<usize>],
    offset: usize,
    encoding: Encoding,
) -> lsp::SelectionRange {
    let outermost_first = parts.iter().rev().map(|part| range(text, part, encoding));
    let chain = outermost_first.fold(None, |parent, range| {
        Some(lsp::SelectionRange { range, parent: parent.map(Box::new) })
    });
    let here = range(text, &(offset..offset), encoding);
    chain.unwrap_or(lsp::SelectionRange { range: here, parent: None })
}

/// The words for what parts of a text are, in the order of their numbers.
pub fn legend() -> lsp::SemanticTokensLegend {
    let word = |kind| match kind {
        SemanticKind::Comment => "comment",
        SemanticKind::Keyword => "keyword",
        SemanticKind::Package => "namespace",
        SemanticKind::Interface => "interface",
        SemanticKind::World | SemanticKind::Resource => "class",
        SemanticKind::Type => "type",
        SemanticKind::Record => "struct",
        SemanticKind::Enum => "enum",
        SemanticKind::Function => "function",
        SemanticKind::Field => "property",
        SemanticKind::Case => "enumMember",
        SemanticKind::Parameter => "parameter",
        SemanticKind::Text => "string",
        SemanticKind::Number => "number",
        SemanticKind::Attribute => "decorator",
    };
    lsp::SemanticTokensLegend {
        token_types: SemanticKind::ALL.map(word).map(lsp::SemanticTokenType::new).to_vec(),
        token_modifiers: vec![
            lsp::SemanticTokenModifier::DECLARATION,
            lsp::SemanticTokenModifier::DEFAULT_LIBRARY,
        ],
    }
}

/// What the parts of a text are, of all of it or of some bytes. What has several lines is given line by
/// line, because not every editor can show it otherwise.
pub fn semantic_tokens(
    text: &Text,
    tokens: &[SemanticToken],
    part: Option<&Range<usize>>,
    encoding: Encoding,
) -> lsp::SemanticTokens {
    let (mut data, mut last) = (Vec::new(), Position { line: 0, column: 0 });
    let wanted = |token: &&SemanticToken| {
        part.is_none_or(|part| token.span.start < part.end && part.start < token.span.end)
    };
    for token in tokens.iter().filter(wanted) {
        for line in text.line_of(token.span.start)..=text.line_of(token.span.end) {
            let whole = text.line(line);
            let span = token.span.start.max(whole.start)..token.span.end.min(whole.end);
            if span.is_empty() {
                continue;
            }
            let start = text.position(span.start, encoding);
            let same_line = start.line == last.line;
            data.push(lsp::SemanticToken {
                delta_line: start.line - last.line,
                delta_start: if same_line { start.column - last.column } else { start.column },
                length: text.position(span.end, encoding).column - start.column,
                token_type: token.kind as u32,
                token_modifiers_bitset: u32::from(token.declares)
                    | u32::from(token.is_brought) << 1,
            });
            last = start;
        }
    }
    lsp::SemanticTokens { result_id: None, data }
}

/// What is shown in a text and does not stand there.
pub fn hints(text: &Text, hints: &[Hint], encoding: Encoding) -> Vec<lsp::InlayHint> {
    let one = |hint: &Hint| lsp::InlayHint {
        position: range(text, &(hint.at..hint.at), encoding).start,
        label: lsp::InlayHintLabel::String(hint.label.clone()),
        kind: None,
        text_edits: None,
        tooltip: Some(lsp::InlayHintTooltip::String(hint.explanation.to_owned())),
        padding_left: Some(!hint.continues),
        padding_right: None,
        data: None,
    };
    hints.iter().map(one).collect()
}

/// What can be done. The editor itself does it: its commands `theater.build` and the like take the
/// folder of a project.
pub fn lenses(text: &Text, lenses: &[Lens], encoding: Encoding) -> Vec<lsp::CodeLens> {
    let one = |lens: &Lens| {
        let range = range(text, &lens.span, encoding);
        Some(lsp::CodeLens { range, command: Some(command(lens)?), data: None })
    };
    lenses.iter().filter_map(one).collect()
}

/// What kind of code action a command of a lens is.
pub const COMMAND: lsp::CodeActionKind = lsp::CodeActionKind::new("source.theater");

/// The same as code actions, for editors that have no lenses.
pub fn commands(lenses: &[Lens]) -> Vec<lsp::CodeAction> {
    let one = |lens: &Lens| {
        Some(lsp::CodeAction {
            title: lens.title.to_owned(),
            kind: Some(COMMAND),
            command: Some(command(lens)?),
            ..Default::default()
        })
    };
    lenses.iter().filter_map(one).collect()
}

/// The build, as what does away with those of these problems that it does away with.
pub fn build(lenses: &[Lens], problems: &[lsp::Diagnostic]) -> Option<lsp::CodeAction> {
    let lens = lenses.iter().find(|lens| lens.command == "build")?;
    let is_unbuilt = |problem: &&lsp::Diagnostic| {
        [NOT_BUILT, COMPONENT_STALE].iter().any(|code| super::convert::has_code(problem, code))
    };
    let unbuilt: Vec<_> = problems.iter().filter(is_unbuilt).cloned().collect();
    if unbuilt.is_empty() {
        return None;
    }
    Some(lsp::CodeAction {
        title: lens.title.to_owned(),
        kind: Some(lsp::CodeActionKind::QUICKFIX),
        diagnostics: Some(unbuilt),
        command: Some(command(lens)?),
        is_preferred: Some(true),
        ..Default::default()
    })
}

fn command(lens: &Lens) -> Option<lsp::Command> {
    Some(lsp::Command {
        title: lens.title.to_owned(),
        command: format!("theater.{}", lens.command),
        arguments: Some(vec![uri(&lens.folder)?.as_str().into()]),
    })
}
