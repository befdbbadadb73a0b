//! What a request is answered from, and how: on a thread of its own, from the files as they were when it came in.

use super::convert::Converter;
use super::library::Library;
use super::{Shared, Wishes};
use crate::engine::{Snapshot, Text};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};

/// What a request about a place is answered from.
pub struct Question {
    /// All files.
    pub files: Snapshot,
    /// The one that is asked about.
    pub path: PathBuf,
    /// Its text.
    pub text: Arc<Text>,
    /// What the editor can and wants.
    pub wishes: Wishes,
    /// Where files are put that Theater knows.
    pub library: Library,
    /// The folders of the workspace.
    pub roots: Vec<PathBuf>,
    /// The place in the text.
    pub offset: usize,
}

impl Question {
    /// Whether the editor can open a file that is named in an answer.
    pub fn can_open(&self, path: &Path) -> bool {
        self.library.can_open(self.files.library(), path)
    }

    /// From the engine's data to the protocol's.
    pub fn converter(&self) -> Converter<'_> {
        Converter::new(&self.files, self.wishes, &self.library, &self.roots)
    }
}

/// Answers on a thread of its own: nobody waits for it, and a fault in it ends nothing. What was cancelled before its turn
/// came is not begun.
pub async fn answer<T: Send + 'static>(
    question: Option<Question>,
    answer: impl FnOnce(Question) -> Option<T> + Send + 'static,
) -> Result<Option<T>> {
    let Some(question) = question else { return Ok(None) };
    compute(move || answer(question)).await.map(Option::flatten)
}

/// Answers a request that needs no text. None if it was cancelled.
pub async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Option<T>> {
    let cancelled = Arc::new(AtomicBool::new(false));
    let asked = Asked(cancelled.clone());
    let begin = move || (!cancelled.load(Ordering::Relaxed)).then(work);
    let done = tokio::task::spawn_blocking(begin).await;
    drop(asked);
    done.map_err(|_| Error::internal_error())
}

/// Somebody waits for the answer: who cancels the request drops it.
struct Asked(Arc<AtomicBool>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// As [`answer`], for answers that change texts, or that the editor asks for again by itself: if the text has gone on
/// meanwhile, their places would be wrong.
///
/// Origin: the Language Server Protocol 3.17, "ContentModified".
pub async fn answer_of_now<T: Send + 'static>(
    shared: &Shared,
    question: Option<Question>,
    work: impl FnOnce(Question) -> Option<T> + Send + 'static,
) -> Result<Option<T>> {
    let version = |files: &Snapshot, path: &Path| files.document(path).map(|it| it.version);
    let asked = question.as_ref().map(|q| (q.path.clone(), version(&q.files, &q.path)));
    let answered = answer(question, work).await?;
    if let Some((path, then)) = asked
        && version(&shared.lock().vfs.snapshot(), &path) != then
    {
        return Err(Error::content_modified());
    }
    Ok(answered)
}

/// What a person asked for, or why it cannot be. Without words nothing is there that it could be done to.
pub fn refusable<T>(answer: Option<std::result::Result<T, String>>) -> Result<Option<T>> {
    match answer {
        Some(Ok(answer)) => Ok(Some(answer)),
        Some(Err(why)) if !why.is_empty() => {
            let code = ErrorCode::ServerError(REQUEST_FAILED);
            Err(Error { code, message: why.into(), data: None })
        }
        Some(Err(_)) | None => Ok(None),
    }
}

/// The protocol's code for a request that is well-formed and cannot be fulfilled.
const REQUEST_FAILED: i64 = -32803;

#[cfg(test)]
mod tests;
