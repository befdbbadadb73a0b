//! What the server can do, and what the editor says that it can and wants.

use super::Wishes;
use super::convert;
use super::editing;
use std::path::PathBuf;
use tower_lsp::ls_types as lsp;

/// The characters after which something can be typed that is not a word.
const TRIGGERS: &[&str] = &["[", "=", "{", "\"", "'", ":", "/", "@", ".", "<"];

/// What the server does for an editor with these wishes.
pub fn capabilities(wishes: Wishes) -> lsp::ServerCapabilities {
    lsp::ServerCapabilities {
        position_encoding: Some(convert::encoding_kind(wishes.encoding)),
        text_document_sync: Some(lsp::TextDocumentSyncCapability::Options(
            lsp::TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
                save: Some(lsp::TextDocumentSyncSaveOptions::Supported(true)),
                ..Default::default()
            },
        )),
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: Some(TRIGGERS.iter().map(|one| (*one).to_owned()).collect()),
            resolve_provider: Some(true),
            ..Default::default()
        }),
        document_formatting_provider: Some(lsp::OneOf::Left(true)),
        document_range_formatting_provider: Some(lsp::OneOf::Left(true)),
        hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
        code_action_provider: Some(lsp::CodeActionProviderCapability::Options(
            lsp::CodeActionOptions {
                code_action_kinds: Some(vec![
                    lsp::CodeActionKind::QUICKFIX,
                    lsp::CodeActionKind::SOURCE_FIX_ALL,
                    editing::COMMAND,
                ]),
                ..Default::default()
            },
        )),
        definition_provider: Some(lsp::OneOf::Left(true)),
        declaration_provider: Some(lsp::DeclarationCapability::Simple(true)),
        type_definition_provider: Some(lsp::TypeDefinitionProviderCapability::Simple(true)),
        references_provider: Some(lsp::OneOf::Left(true)),
        document_highlight_provider: Some(lsp::OneOf::Left(true)),
        rename_provider: Some(lsp::OneOf::Right(lsp::RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
        })),
        document_symbol_provider: Some(lsp::OneOf::Left(true)),
        workspace_symbol_provider: Some(lsp::OneOf::Left(true)),
        inlay_hint_provider: Some(lsp::OneOf::Left(true)),
        code_lens_provider: Some(lsp::CodeLensOptions { resolve_provider: Some(false) }),
        selection_range_provider: Some(lsp::SelectionRangeProviderCapability::Simple(true)),
        semantic_tokens_provider: Some(
            lsp::SemanticTokensOptions {
                legend: editing::legend(),
                range: Some(true),
                full: Some(lsp::SemanticTokensFullOptions::Bool(true)),
                ..Default::default()
            }
            .into(),
        ),
        folding_range_provider: Some(lsp::FoldingRangeProviderCapability::Simple(true)),
        document_link_provider: Some(lsp::DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
        }),
        diagnostic_provider: wishes.pulls.then(|| {
            lsp::DiagnosticServerCapabilities::Options(lsp::DiagnosticOptions {
                identifier: Some("theater".to_owned()),
                inter_file_dependencies: true,
                workspace_diagnostics: true,
                work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
            })
        }),
        workspace: Some(lsp::WorkspaceServerCapabilities {
            workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(lsp::OneOf::Left(true)),
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// What the editor can and wants.
pub fn wishes(client: &lsp::ClientCapabilities) -> Wishes {
    let general = client.general.as_ref();
    let text = client.text_document.as_ref();
    let watched = client.workspace.as_ref().and_then(|it| it.did_change_watched_files.as_ref());
    let hover = text.and_then(|it| it.hover.as_ref()).and_then(|it| it.content_format.as_ref());
    let item =
        text.and_then(|it| it.completion.as_ref()).and_then(|it| it.completion_item.as_ref());
    let listed = item.and_then(|it| it.documentation_format.as_ref());
    let related = text.and_then(|it| it.publish_diagnostics.as_ref());
    let definition = text.and_then(|it| it.definition.as_ref());
    let window = client.window.as_ref();
    let pull = text.and_then(|it| it.diagnostic.as_ref());
    let refresh = client.workspace.as_ref().and_then(|it| it.diagnostics.as_ref());
    let refresh = refresh.and_then(|it| it.refresh_support).unwrap_or_default();
    // An editor that asks only about the text that it changes would miss the consequences in others.
    let pulls = refresh && pull.is_some();
    let of_pull = |wish: fn(&lsp::DiagnosticClientCapabilities) -> Option<bool>| {
        pulls && pull.and_then(wish).unwrap_or_default()
    };
    let edit = client.workspace.as_ref().and_then(|it| it.workspace_edit.as_ref());
    let operations = edit.filter(|it| it.document_changes == Some(true));
    let operations = operations.and_then(|it| it.resource_operations.as_ref());
    let code_pages = related.and_then(|it| it.code_description_support).unwrap_or_default();
    Wishes {
        pulls,
        creates: operations.is_some_and(|it| it.contains(&lsp::ResourceOperationKind::Create)),
        progress: window.and_then(|it| it.work_done_progress).unwrap_or_default(),
        related_reports: of_pull(|it| it.related_document_support),
        code_pages: code_pages || of_pull(|it| it.code_description_support),
        data: related.and_then(|it| it.data_support).unwrap_or_default()
            || of_pull(|it| it.data_support),
        encoding: convert::encoding(general.and_then(|it| it.position_encodings.as_deref())),
        related: related.and_then(|it| it.related_information).unwrap_or_default()
            || of_pull(|it| it.related_information),
        markdown: hover.is_none_or(|formats| formats.contains(&lsp::MarkupKind::Markdown)),
        markdown_in_lists: listed.is_some_and(|it| it.contains(&lsp::MarkupKind::Markdown)),
        location_links: definition.and_then(|it| it.link_support).unwrap_or_default(),
        snippets: item.and_then(|it| it.snippet_support).unwrap_or_default(),
        watch: watched.and_then(|it| it.dynamic_registration).unwrap_or_default(),
    }
}

/// The folders of the workspace, by the newest of three ways to say them.
pub fn roots(params: &lsp::InitializeParams) -> Vec<PathBuf> {
    if let Some(given) = &params.workspace_folders {
        return folders(given);
    }
    #[expect(deprecated, reason = "editors that know no workspace folders say it so")]
    params.root_uri.iter().filter_map(convert::path).collect()
}

/// The folders of this machine among those.
pub fn folders(given: &[lsp::WorkspaceFolder]) -> Vec<PathBuf> {
    given.iter().filter_map(|folder| convert::path(&folder.uri)).collect()
}

/// The wish to be told of files that change on disk.
pub fn watchers() -> lsp::Registration {
    let globs = ["**/theater.toml", "**/*.wit", "**/*.wasm"];
    let globs = globs.map(|glob| serde_json::json!({ "globPattern": glob }));
    lsp::Registration {
        id: "files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: Some(serde_json::json!({
            "watchers": globs,
        })),
    }
}
