//! The protocol's methods.

use super::convert::Converter;
use super::worker::Wake;
use super::{Shared, State, Wishes, convert};
use crate::engine::{self, Encoding, Snapshot, Text};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types as lsp;
use tower_lsp::{Client, LanguageServer};

/// What the methods work on.
pub struct Backend {
    shared: Arc<Shared>,
    client: Client,
    shut_down: AtomicBool,
}

/// What a request about a place is answered from.
struct Question {
    files: Snapshot,
    path: PathBuf,
    text: Arc<Text>,
    wishes: Wishes,
    offset: usize,
}

impl Backend {
    /// Methods for a client.
    pub fn new(shared: Arc<Shared>, client: Client) -> Self {
        Self { shared, client, shut_down: AtomicBool::new(false) }
    }

    /// Whether the editor has asked for the end.
    pub fn was_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Relaxed)
    }

    /// Changes the texts, at once and in order, and has them checked.
    fn edit(&self, uri: &lsp::Uri, edit: impl FnOnce(&mut State, PathBuf)) {
        // Texts without a file belong to no project.
        let Some(path) = convert::path(uri) else { return };
        edit(&mut self.shared.lock(), path);
        self.shared.wake(Wake::Edited);
    }

    /// A question about a whole text.
    fn about(&self, document: &lsp::TextDocumentIdentifier) -> Option<Question> {
        let position = lsp::Position::default();
        let text_document = document.clone();
        self.question(&lsp::TextDocumentPositionParams { text_document, position })
    }

    /// The files as they are when the request comes in; none if nothing is known of its text.
    fn question(&self, place: &lsp::TextDocumentPositionParams) -> Option<Question> {
        let path = convert::path(&place.text_document.uri)?;
        let state = self.shared.lock();
        let files = state.vfs.snapshot();
        let wishes = state.client;
        drop(state);
        let text = files.text(&path)?;
        let offset = text.offset(convert::position(place.position), wishes.encoding);
        Some(Question { files, path, text, wishes, offset })
    }
}

/// Answers on a thread of its own: nobody waits for it, and a fault in it ends nothing.
async fn answer<T: Send + 'static>(
    question: Option<Question>,
    answer: impl FnOnce(Question) -> Option<T> + Send + 'static,
) -> Result<Option<T>> {
    let Some(question) = question else { return Ok(None) };
    let answered = tokio::task::spawn_blocking(|| answer(question)).await;
    answered.map_err(|_| Error::internal_error())
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        let wishes = wishes(&params.capabilities);
        let mut state = self.shared.lock();
        state.client = wishes;
        state.roots = roots(&params);
        drop(state);
        Ok(lsp::InitializeResult {
            capabilities: capabilities(wishes.encoding),
            server_info: Some(lsp::ServerInfo {
                name: "theater".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..Default::default()
        })
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        self.shared.wake(Wake::DiskChanged);
        if self.shared.lock().client.watch {
            // An editor that refuses is one that does not watch: the disk is looked at anyway.
            let _ = self.client.register_capability(vec![watchers()]).await;
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.shut_down.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        let document = params.text_document;
        self.edit(&document.uri, |state, path| {
            state.vfs.open(&path, document.version, document.text);
        });
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        let changes = convert::changes(params.content_changes);
        self.edit(&params.text_document.uri, |state, path| {
            let encoding = state.client.encoding;
            state.vfs.change(&path, params.text_document.version, &changes, encoding);
        });
    }

    async fn did_save(&self, _: lsp::DidSaveTextDocumentParams) {
        self.shared.wake(Wake::DiskChanged);
    }

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        self.edit(&params.text_document.uri, |state, path| state.vfs.close(&path));
        self.shared.wake(Wake::DiskChanged);
    }

    async fn did_change_watched_files(&self, _: lsp::DidChangeWatchedFilesParams) {
        self.shared.wake(Wake::DiskChanged);
    }

    async fn did_change_workspace_folders(&self, params: lsp::DidChangeWorkspaceFoldersParams) {
        let gone = folders(&params.event.removed);
        let mut state = self.shared.lock();
        state.roots.retain(|root| !gone.contains(root));
        state.roots.extend(folders(&params.event.added));
        drop(state);
        self.shared.wake(Wake::DiskChanged);
    }

    async fn hover(&self, params: lsp::HoverParams) -> Result<Option<lsp::Hover>> {
        let question = self.question(&params.text_document_position_params);
        answer(question, |q| {
            let hover = engine::hover(&q.files, &q.path, q.offset)?;
            Some(convert::hover(&q.text, &hover, q.wishes.encoding, q.wishes.markdown))
        })
        .await
    }

    async fn completion(
        &self,
        params: lsp::CompletionParams,
    ) -> Result<Option<lsp::CompletionResponse>> {
        let question = self.question(&params.text_document_position);
        answer(question, |q| {
            let found = engine::completions(&q.files, &q.path, q.offset);
            let Wishes { encoding, snippets, .. } = q.wishes;
            let item = |one| convert::completion(&q.text, one, encoding, snippets);
            Some(lsp::CompletionResponse::Array(found.iter().map(item).collect()))
        })
        .await
    }

    async fn code_action(
        &self,
        params: lsp::CodeActionParams,
    ) -> Result<Option<lsp::CodeActionResponse>> {
        let wanted = params.context.only;
        let wants = move |kind: &lsp::CodeActionKind| {
            let within = |only: &lsp::CodeActionKind| {
                let (kind, only) = (kind.as_str(), only.as_str());
                kind.strip_prefix(only).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            wanted.as_ref().is_none_or(|wanted| wanted.iter().any(within))
        };
        answer(self.about(&params.text_document), move |q| {
            let Wishes { encoding, related, .. } = q.wishes;
            let converter = Converter { files: &q.files, encoding, related };
            let mut actions = Vec::new();
            if wants(&lsp::CodeActionKind::QUICKFIX) {
                let span = convert::span(&q.text, params.range, encoding);
                let found = engine::actions(&q.files, &q.path, &span);
                actions.extend(found.iter().map(|action| converter.action(&q.text, action)));
            }
            if wants(&lsp::CodeActionKind::SOURCE_FIX_ALL) {
                let all = engine::fix_all(&q.files, &q.path);
                actions.extend(all.iter().map(|fix| converter.fix_all(fix)));
            }
            Some(actions.into_iter().map(lsp::CodeActionOrCommand::CodeAction).collect())
        })
        .await
    }

    async fn document_symbol(
        &self,
        params: lsp::DocumentSymbolParams,
    ) -> Result<Option<lsp::DocumentSymbolResponse>> {
        answer(self.about(&params.text_document), |q| {
            let found = engine::symbols(&q.files, &q.path);
            let symbol = |one| convert::symbol(&q.text, one, q.wishes.encoding);
            Some(lsp::DocumentSymbolResponse::Nested(found.iter().map(symbol).collect()))
        })
        .await
    }

    async fn folding_range(
        &self,
        params: lsp::FoldingRangeParams,
    ) -> Result<Option<Vec<lsp::FoldingRange>>> {
        answer(self.about(&params.text_document), |q| {
            let found = engine::folds(&q.files, &q.path);
            Some(found.iter().map(|span| convert::fold(&q.text, span)).collect())
        })
        .await
    }

    async fn document_link(
        &self,
        params: lsp::DocumentLinkParams,
    ) -> Result<Option<Vec<lsp::DocumentLink>>> {
        answer(self.about(&params.text_document), |q| {
            let found = engine::links(&q.files, &q.path);
            let link = |one| convert::link(&q.text, one, q.wishes.encoding);
            Some(found.iter().filter_map(link).collect())
        })
        .await
    }

    async fn goto_definition(
        &self,
        params: lsp::GotoDefinitionParams,
    ) -> Result<Option<lsp::GotoDefinitionResponse>> {
        let question = self.question(&params.text_document_position_params);
        answer(question, |q| {
            let link = engine::definition(&q.files, &q.path, q.offset)?;
            let target = q.files.text(&link.target);
            let place = convert::definition(&q.text, target.as_deref(), &link, q.wishes.encoding)?;
            Some(match q.wishes.location_links {
                true => lsp::GotoDefinitionResponse::Link(vec![place]),
                false => lsp::GotoDefinitionResponse::Scalar(lsp::Location {
                    uri: place.target_uri,
                    range: place.target_range,
                }),
            })
        })
        .await
    }
}

fn capabilities(encoding: Encoding) -> lsp::ServerCapabilities {
    lsp::ServerCapabilities {
        position_encoding: Some(convert::encoding_kind(encoding)),
        text_document_sync: Some(lsp::TextDocumentSyncCapability::Options(
            lsp::TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
                save: Some(lsp::TextDocumentSyncSaveOptions::Supported(true)),
                ..Default::default()
            },
        )),
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: Some(["[", "=", "{", "\""].map(str::to_owned).to_vec()),
            ..Default::default()
        }),
        hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
        code_action_provider: Some(lsp::CodeActionProviderCapability::Options(
            lsp::CodeActionOptions {
                code_action_kinds: Some(vec![
                    lsp::CodeActionKind::QUICKFIX,
                    lsp::CodeActionKind::SOURCE_FIX_ALL,
                ]),
                ..Default::default()
            },
        )),
        definition_provider: Some(lsp::OneOf::Left(true)),
        document_symbol_provider: Some(lsp::OneOf::Left(true)),
        folding_range_provider: Some(lsp::FoldingRangeProviderCapability::Simple(true)),
        document_link_provider: Some(lsp::DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: lsp::WorkDoneProgressOptions::default(),
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

fn wishes(client: &lsp::ClientCapabilities) -> Wishes {
    let general = client.general.as_ref();
    let text = client.text_document.as_ref();
    let watched = client.workspace.as_ref().and_then(|it| it.did_change_watched_files.as_ref());
    let hover = text.and_then(|it| it.hover.as_ref()).and_then(|it| it.content_format.as_ref());
    let item =
        text.and_then(|it| it.completion.as_ref()).and_then(|it| it.completion_item.as_ref());
    let related = text.and_then(|it| it.publish_diagnostics.as_ref());
    let definition = text.and_then(|it| it.definition.as_ref());
    Wishes {
        encoding: convert::encoding(general.and_then(|it| it.position_encodings.as_deref())),
        related: related.and_then(|it| it.related_information).unwrap_or_default(),
        markdown: hover.is_none_or(|formats| formats.contains(&lsp::MarkupKind::Markdown)),
        location_links: definition.and_then(|it| it.link_support).unwrap_or_default(),
        snippets: item.and_then(|it| it.snippet_support).unwrap_or_default(),
        watch: watched.and_then(|it| it.dynamic_registration).unwrap_or_default(),
    }
}

/// The folders of the workspace, by the newest of three ways to say them.
fn roots(params: &lsp::InitializeParams) -> Vec<PathBuf> {
    if let Some(given) = &params.workspace_folders {
        return folders(given);
    }
    #[expect(deprecated, reason = "editors that know no workspace folders say it so")]
    params.root_uri.iter().filter_map(convert::path).collect()
}

fn folders(given: &[lsp::WorkspaceFolder]) -> Vec<PathBuf> {
    given.iter().filter_map(|folder| convert::path(&folder.uri)).collect()
}

fn watchers() -> lsp::Registration {
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
