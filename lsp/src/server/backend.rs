//! The protocol's methods.

use super::capabilities::{capabilities, folders, roots, watchers, wishes};
use super::disk::listing;
use super::question::{Question, answer, answer_of_now, compute, refusable};
use super::worker::Wake;
use super::{Shared, State, Wishes, convert, editing, fixes};
use crate::engine::{self, Encoding, Link, Snapshot};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower_lsp::jsonrpc::Result;
use tower_lsp::ls_types as lsp;
use tower_lsp::{Client, LanguageServer};

/// What the methods work on.
pub struct Backend {
    shared: Arc<Shared>,
    client: Client,
    shut_down: AtomicBool,
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
        let mut state = self.shared.lock();
        state.edits += 1;
        state.edited.insert(path.clone());
        state.checking.cancel();
        edit(&mut state, path);
        drop(state);
        self.shared.wake(Wake::Edited);
    }

    /// All files as they are when the request comes in, and the unit of columns.
    fn all_files(&self) -> (Snapshot, Encoding) {
        let state = self.shared.lock();
        (state.vfs.snapshot(), state.client.encoding)
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
        let (wishes, roots) = (state.client, state.roots.clone());
        drop(state);
        let text = files.text(&path)?;
        let offset = text.offset(convert::position(place.position), wishes.encoding);
        let library = self.shared.library.clone();
        Some(Question { files, path, text, wishes, library, roots, offset })
    }

    /// The places to which something leads, as the editor wants to be told.
    async fn goto(
        &self,
        place: &lsp::TextDocumentPositionParams,
        find: fn(&Snapshot, &Path, usize) -> Vec<Link>,
    ) -> Result<Option<lsp::GotoDefinitionResponse>> {
        answer(self.question(place), move |q| {
            let links = find(&q.files, &q.path, q.offset).into_iter();
            let places = links.filter(|link| q.can_open(&link.target)).filter_map(|link| {
                let target = q.files.text(&link.target);
                convert::definition(&q.text, target.as_deref(), &link, q.wishes.encoding)
            });
            let places: Vec<lsp::LocationLink> = places.collect();
            (!places.is_empty()).then(|| match q.wishes.location_links {
                true => lsp::GotoDefinitionResponse::Link(places),
                false => lsp::GotoDefinitionResponse::Array(
                    places.into_iter().map(convert::plain_location).collect(),
                ),
            })
        })
        .await
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        self.shared.client.is(params.process_id);
        let wishes = wishes(&params.capabilities);
        let mut state = self.shared.lock();
        state.client = wishes;
        state.roots = roots(&params);
        drop(state);
        Ok(lsp::InitializeResult {
            capabilities: capabilities(wishes),
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
        let place = params.text_document_position;
        answer(question, move |q| {
            let found = engine::completions(&q.files, &listing, &q.path, q.offset);
            let Wishes { encoding, snippets, .. } = q.wishes;
            let items = convert::completions(&q.text, &found, &place, encoding, snippets);
            Some(lsp::CompletionResponse::Array(items))
        })
        .await
    }

    async fn completion_resolve(&self, item: lsp::CompletionItem) -> Result<lsp::CompletionItem> {
        let question = convert::place_of(&item).and_then(|place| self.question(&place));
        let label = item.label.clone();
        let said = answer(question, move |q| {
            let found = engine::completions(&q.files, &listing, &q.path, q.offset);
            let one = found.into_iter().find(|one| one.label == label)?;
            let said = engine::documentation(&q.files, &q.path, &one.about);
            convert::documentation(said, q.wishes.markdown_in_lists)
        });
        let documentation = said.await?;
        Ok(lsp::CompletionItem { documentation, ..item })
    }

    async fn code_action(
        &self,
        params: lsp::CodeActionParams,
    ) -> Result<Option<lsp::CodeActionResponse>> {
        let wanted = params.context.only.clone();
        let wants = move |kind: &lsp::CodeActionKind| {
            let within = |only: &lsp::CodeActionKind| {
                let (kind, only) = (kind.as_str(), only.as_str());
                kind.strip_prefix(only).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            wanted.as_ref().is_none_or(|wanted| wanted.iter().any(within))
        };
        answer_of_now(&self.shared, self.about(&params.text_document), move |q| {
            let converter = q.converter();
            let mut actions = Vec::new();
            if wants(&lsp::CodeActionKind::QUICKFIX) {
                let carried = fixes::carried(&q.files, &params.context.diagnostics);
                actions.extend(carried.unwrap_or_else(|| {
                    let span = convert::span(&q.text, params.range, q.wishes.encoding);
                    let found = engine::actions(&q.files, &q.path, &span);
                    found.iter().map(|action| converter.action(&q.text, action)).collect()
                }));
            }
            if wants(&lsp::CodeActionKind::QUICKFIX) {
                let span = convert::span(&q.text, params.range, q.wishes.encoding);
                let world = engine::new_world(&q.files, &q.path, &span);
                let world = world.filter(|world| !world.is_new || q.wishes.creates);
                let new = |world| converter.new_world(&world, &params.context.diagnostics);
                actions.extend(world.and_then(new));
                let lenses = engine::lenses(&q.files, &q.path);
                actions.extend(editing::build(&lenses, &params.context.diagnostics));
            }
            if wants(&lsp::CodeActionKind::SOURCE_FIX_ALL) {
                let all = engine::fix_all(&q.files, &q.path);
                actions.extend(all.iter().map(|fix| converter.fix_all(fix)));
            }
            if wants(&editing::COMMAND) {
                let span = convert::span(&q.text, params.range, q.wishes.encoding);
                let here = |lens: &engine::Lens| {
                    lens.span.start <= span.end && span.start <= lens.span.end
                };
                let lenses: Vec<_> =
                    engine::lenses(&q.files, &q.path).into_iter().filter(here).collect();
                actions.extend(editing::commands(&lenses));
            }
            Some(actions.into_iter().map(lsp::CodeActionOrCommand::CodeAction).collect())
        })
        .await
    }

    async fn diagnostic(
        &self,
        params: lsp::DocumentDiagnosticParams,
    ) -> Result<lsp::DocumentDiagnosticReportResult> {
        let path = convert::path(&params.text_document.uri).unwrap_or_default();
        let (edits, is_open) = {
            let state = self.shared.lock();
            (state.edits, state.vfs.snapshot().document(&path).is_some())
        };
        self.shared.checked(edits, is_open).await;
        let state = self.shared.lock();
        let related = state.client.related_reports;
        Ok(state.reports.of(&path, params.previous_result_id.as_deref(), related).into())
    }

    async fn workspace_diagnostic(
        &self,
        params: lsp::WorkspaceDiagnosticParams,
    ) -> Result<lsp::WorkspaceDiagnosticReportResult> {
        let edits = self.shared.lock().edits;
        self.shared.checked(edits, false).await;
        let previous = params.previous_result_ids.into_iter();
        let previous = previous.filter_map(|it| Some((convert::path(&it.uri)?, it.value)));
        let items = self.shared.lock().reports.all(&previous.collect());
        Ok(lsp::WorkspaceDiagnosticReport { items }.into())
    }

    async fn formatting(
        &self,
        params: lsp::DocumentFormattingParams,
    ) -> Result<Option<Vec<lsp::TextEdit>>> {
        answer_of_now(&self.shared, self.about(&params.text_document), |q| {
            let edits = engine::format(&q.files, &q.path, None)?;
            Some(editing::edits(&q.text, &edits, q.wishes.encoding))
        })
        .await
    }

    async fn range_formatting(
        &self,
        params: lsp::DocumentRangeFormattingParams,
    ) -> Result<Option<Vec<lsp::TextEdit>>> {
        answer_of_now(&self.shared, self.about(&params.text_document), move |q| {
            let part = convert::span(&q.text, params.range, q.wishes.encoding);
            let edits = engine::format(&q.files, &q.path, Some(&part))?;
            Some(editing::edits(&q.text, &edits, q.wishes.encoding))
        })
        .await
    }

    async fn selection_range(
        &self,
        params: lsp::SelectionRangeParams,
    ) -> Result<Option<Vec<lsp::SelectionRange>>> {
        answer(self.about(&params.text_document), move |q| {
            let encoding = q.wishes.encoding;
            let chain = |position: &lsp::Position| {
                let offset = q.text.offset(convert::position(*position), encoding);
                let parts = engine::selections(&q.files, &q.path, offset);
                editing::selection(&q.text, &parts, offset, encoding)
            };
            Some(params.positions.iter().map(chain).collect())
        })
        .await
    }

    async fn semantic_tokens_full(
        &self,
        params: lsp::SemanticTokensParams,
    ) -> Result<Option<lsp::SemanticTokensResult>> {
        answer(self.about(&params.text_document), |q| {
            let tokens = engine::semantic_tokens(&q.files, &q.path);
            Some(editing::semantic_tokens(&q.text, &tokens, None, q.wishes.encoding).into())
        })
        .await
    }

    async fn semantic_tokens_range(
        &self,
        params: lsp::SemanticTokensRangeParams,
    ) -> Result<Option<lsp::SemanticTokensRangeResult>> {
        answer(self.about(&params.text_document), move |q| {
            let part = convert::span(&q.text, params.range, q.wishes.encoding);
            let tokens = engine::semantic_tokens(&q.files, &q.path);
            Some(editing::semantic_tokens(&q.text, &tokens, Some(&part), q.wishes.encoding).into())
        })
        .await
    }

    async fn inlay_hint(
        &self,
        params: lsp::InlayHintParams,
    ) -> Result<Option<Vec<lsp::InlayHint>>> {
        answer(self.about(&params.text_document), move |q| {
            let part = convert::span(&q.text, params.range, q.wishes.encoding);
            let hints = engine::hints(&q.files, &q.path, &part);
            Some(editing::hints(&q.text, &hints, q.wishes.encoding))
        })
        .await
    }

    async fn code_lens(&self, params: lsp::CodeLensParams) -> Result<Option<Vec<lsp::CodeLens>>> {
        answer(self.about(&params.text_document), |q| {
            let lenses = engine::lenses(&q.files, &q.path);
            Some(editing::lenses(&q.text, &lenses, q.wishes.encoding))
        })
        .await
    }

    async fn symbol(
        &self,
        params: lsp::WorkspaceSymbolParams,
    ) -> Result<Option<lsp::WorkspaceSymbolResponse>> {
        let (files, encoding) = self.all_files();
        compute(files, move |files| {
            editing::found(&files, &engine::search(&files, &params.query), encoding)
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
        self.goto(&params.text_document_position_params, engine::definition).await
    }

    async fn goto_declaration(
        &self,
        params: lsp::request::GotoDeclarationParams,
    ) -> Result<Option<lsp::request::GotoDeclarationResponse>> {
        self.goto(&params.text_document_position_params, engine::declaration).await
    }

    async fn goto_type_definition(
        &self,
        params: lsp::request::GotoTypeDefinitionParams,
    ) -> Result<Option<lsp::request::GotoTypeDefinitionResponse>> {
        self.goto(&params.text_document_position_params, engine::type_definition).await
    }

    async fn references(&self, params: lsp::ReferenceParams) -> Result<Option<Vec<lsp::Location>>> {
        let with_declarations = params.context.include_declaration;
        answer(self.question(&params.text_document_position), move |q| {
            let found = engine::references(&q.files, &q.path, q.offset, with_declarations);
            let found = found.iter().filter(|location| q.can_open(&location.path));
            Some(found.filter_map(|location| q.converter().location(location)).collect())
        })
        .await
    }

    async fn document_highlight(
        &self,
        params: lsp::DocumentHighlightParams,
    ) -> Result<Option<Vec<lsp::DocumentHighlight>>> {
        answer(self.question(&params.text_document_position_params), |q| {
            let found = engine::highlights(&q.files, &q.path, q.offset);
            let highlight = |it| convert::highlight(&q.text, it, q.wishes.encoding);
            Some(found.iter().map(highlight).collect())
        })
        .await
    }

    async fn prepare_rename(
        &self,
        params: lsp::TextDocumentPositionParams,
    ) -> Result<Option<lsp::PrepareRenameResponse>> {
        let prepared = answer(self.question(&params), |q| {
            let prepared = engine::prepare_rename(&q.files, &q.path, q.offset);
            let range = |span| convert::range(&q.text, &span, q.wishes.encoding);
            Some(prepared.map(|span| lsp::PrepareRenameResponse::Range(range(span))))
        })
        .await?;
        refusable(prepared)
    }

    async fn rename(&self, params: lsp::RenameParams) -> Result<Option<lsp::WorkspaceEdit>> {
        let renamed =
            answer_of_now(&self.shared, self.question(&params.text_document_position), move |q| {
                let renamed = engine::rename(&q.files, &q.path, q.offset, &params.new_name);
                Some(renamed.map(|edits| q.converter().edits(&edits)))
            })
            .await?;
        refusable(renamed)
    }
}
