//! The Language Server Protocol around the engine: thin, in order, and never waiting for a check.
//!
//! What changes a text does so before it first waits, so that texts are those that the editor has.
//! A request takes a snapshot and is answered from it on a thread of its own.

mod backend;
mod capabilities;
mod client;
mod convert;
mod disk;
mod editing;
mod fixes;
mod library;
mod progress;
mod question;
mod reports;
mod transport;
mod worker;

use crate::engine::{Cancel, Encoding, Vfs};
use backend::Backend;
use client::ClientProcess;
use library::Library;
use reports::Reports;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower_lsp::LspService;
use worker::{Wake, Worker};

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The editor had asked for it with `shutdown`.
    AsAsked,
    /// The editor said `exit` without `shutdown`, or it has gone.
    Abruptly,
}

/// Serves one editor: reads its messages from `input` and writes to `output`, until it says that it
/// is over, the stream ends, or its process does. Needs a tokio runtime with several threads.
///
/// `library` is the folder where the WIT files that Theater knows are put when the editor is to open one; without it
/// nothing leads to them.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    library: Option<PathBuf>,
) -> Ended {
    let (wakes, woken) = channel();
    let library = Library::new(library);
    let (checked, known) = watch::channel(Checked::default());
    let shared = Arc::new(Shared {
        state: Mutex::default(),
        wakes: wakes.clone(),
        library,
        client: ClientProcess::default(),
        checked: known,
    });
    if let Some(folder) = shared.library.folder() {
        shared.lock().vfs.library_at(folder);
    }
    let mut worker = None;
    let (mut service, socket) = LspService::new(|client| {
        worker = Some(Worker::new(shared.clone(), client.clone(), checked, woken, wakes));
        Backend::new(shared.clone(), client)
    });
    if let Some(worker) = worker {
        // Without the thread nothing is checked, and everything else works.
        let _ = std::thread::Builder::new().name("check".into()).spawn(|| worker.run());
    }
    tokio::select! {
        () = transport::run(input, output, &mut service, socket) => {}
        () = shared.client.ended() => {}
    }
    shared.wake(Wake::Stop);
    if service.inner().was_shut_down() { Ended::AsAsked } else { Ended::Abruptly }
}

/// What all parts of the server know.
struct Shared {
    state: Mutex<State>,
    wakes: Sender<Wake>,
    library: Library,
    client: ClientProcess,
    checked: watch::Receiver<Checked>,
}

/// How many edits have been looked at, and one more: 0 before anything has been.
#[derive(Debug, Clone, Copy, Default)]
struct Checked {
    /// In files that are open, and in all that is checked with them.
    open: u64,
    /// In all files.
    all: u64,
}

/// What changes.
#[derive(Default)]
struct State {
    vfs: Vfs,
    /// The folders of the workspace.
    roots: Vec<PathBuf>,
    client: Wishes,
    /// How often a text was opened, changed or closed.
    edits: u64,
    /// The files of which one was since the last check began.
    edited: BTreeSet<PathBuf>,
    /// Cancelled by the next edit: then what is being checked is not what there is.
    checking: Cancel,
    /// What an editor that asks for problems is told.
    reports: Reports,
}

/// What the editor can and wants.
#[derive(Debug, Clone, Copy, Default)]
struct Wishes {
    encoding: Encoding,
    /// It shows places that belong to a problem.
    related: bool,
    /// It shows Markdown.
    markdown: bool,
    /// It shows Markdown beside a list of what can be typed.
    markdown_in_lists: bool,
    /// It knows completions with a place that is to be typed over.
    snippets: bool,
    /// It takes the place from which a definition was asked for.
    location_links: bool,
    /// It watches files on request.
    watch: bool,
    /// It asks for problems, and asks again when it is told to: then none are sent unasked.
    pulls: bool,
    /// It takes reports of other files together with the one that it asks for.
    related_reports: bool,
    /// It shows where a problem's code is explained.
    code_pages: bool,
    /// It shows that something takes a while.
    progress: bool,
    /// It gives back what comes with a problem when it asks what can be done about it.
    data: bool,
    /// It makes new files as part of a change.
    creates: bool,
}

impl Shared {
    /// Never waits for long: nobody computes while holding it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the problems are those of all edits until now, in open files or in all.
    async fn checked(&self, edits: u64, open: bool) {
        let mut checked = self.checked.clone();
        let done = |checked: &Checked| edits < if open { checked.open } else { checked.all };
        // Without the thread that checks, what is known is all there is.
        let _ = checked.wait_for(done).await;
    }

    fn wake(&self, wake: Wake) {
        // After the end there is nobody to wake.
        let _ = self.wakes.send(wake);
    }
}

#[cfg(test)]
mod tests;
