//! What a request is answered from, and how: on a thread of its own, from the files as they were when it came in, until
//! nobody wants the answer any more.

use super::convert::Converter;
use super::library::Library;
use super::{Shared, Wishes};
use crate::engine::{Cancel, Snapshot, Text, unless_cancelled};
use std::path::{Path, PathBuf};
use std::sync::Arc;
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

/// Answers on a thread of its own: nobody waits for it, and a fault in it ends nothing. What is cancelled ends at the next
/// file that it looks at.
pub async fn answer<T: Send + 'static>(
    question: Option<Question>,
    answer: impl FnOnce(Question) -> Option<T> + Send + 'static,
) -> Result<Option<T>> {
    let Some(question) = question else { return Ok(None) };
    let files = question.files.clone();
    Ok(compute(files, move |files| answer(Question { files, ..question })).await?.flatten())
}

/// Answers a request from these files. None if they were cancelled.
pub async fn compute<T: Send + 'static>(
    files: Snapshot,
    work: impl FnOnce(Snapshot) -> T + Send + 'static,
) -> Result<Option<T>> {
    let asked = Asked(Cancel::default());
    let files = files.until(asked.0.clone());
    let work = move || {
        files.go_on();
        work(files)
    };
    let done = tokio::task::spawn_blocking(|| unless_cancelled(work)).await;
    done.map_err(|_| Error::internal_error())
}

/// Somebody waits for the answer: who cancels the request drops it.
struct Asked(Cancel);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// As [`answer`], for answers that change texts, or that the editor asks for again by itself: if the text goes on
/// meanwhile, their places would be wrong.
///
/// Origin: the Language Server Protocol 3.17, "ContentModified".
pub async fn answer_of_now<T: Send + 'static>(
    shared: &Shared,
    question: Option<Question>,
    work: impl FnOnce(Question) -> Option<T> + Send + 'static,
) -> Result<Option<T>> {
    let version = |files: &Snapshot, path: &Path| files.document(path).map(|it| it.version);
    let Some(mut question) = question else { return Ok(None) };
    let (path, then) = (question.path.clone(), version(&question.files, &question.path));
    question.files = question.files.while_current(&path);
    let answered = answer(Some(question), work).await?;
    if version(&shared.lock().vfs.snapshot(), &path) != then {
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
