//! The changes of a project, for `--watch` of `theater build` and `theater check`.

mod sources;

use crate::codes;
use notify::event::EventKind;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use sources::Sources;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use theater_runtime::diagnostic::{self, Diagnostic, FILE_UNREADABLE, reason};
use theater_runtime::manifest::FILE_NAME;

/// How long nothing must change before a change is told: editors write a file in several steps.
const QUIET: Duration = Duration::from_millis(80);

/// How long a change waits for quiet: some files are written without end.
const LONGEST: Duration = Duration::from_secs(2);

/// What the system tells.
type Event = notify::Result<notify::Event>;

/// What is done again after each change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The components are built: what a build writes is no change.
    Build,
    /// The projects are checked: their components count as well.
    Check,
}

/// An application that is watched. What changes between two calls of
/// [`next_change`](Self::next_change) is told by the second.
#[derive(Debug)]
pub struct Watched {
    watcher: RecommendedWatcher,
    events: Receiver<Event>,
    /// The manifest's folder, canonical.
    folder: PathBuf,
    manifest: PathBuf,
    purpose: Purpose,
    sources: Sources,
}

impl Watched {
    /// Watches the application in a folder, or that of a manifest: the projects' folders, Cargo
    /// packages, and the sources that the manifests name. The manifests themselves may be wrong.
    ///
    /// # Errors
    /// When there is no such folder, or the system cannot watch it.
    pub fn begin(path: &Path, purpose: Purpose) -> diagnostic::Result<Self> {
        let manifest = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
        let manifest = std::path::absolute(&manifest).map_err(|error| unwatchable(path, &error))?;
        let folder = manifest.parent().unwrap_or(path);
        let folder = fs::canonicalize(folder).map_err(|error| unwatchable(folder, &error))?;
        let (sender, events) = channel();
        let watcher =
            notify::recommended_watcher(sender).map_err(|error| cannot_watch(&folder, &error))?;
        let sources = Sources::of(&manifest, purpose);
        let mut watched = Self { watcher, events, folder, manifest, purpose, sources };
        watched.look_around()?;
        Ok(watched)
    }

    /// Waits until a source has changed, and nothing more changes. Answers with the file, or one of
    /// them: from the manifest's folder, if it lies there.
    ///
    /// If a project is built by a command of its own, nothing that was written until now counts: the
    /// command may write anywhere.
    ///
    /// # Errors
    /// When the project's folder is gone, or the system cannot watch it any longer.
    pub fn next_change(&mut self) -> diagnostic::Result<PathBuf> {
        if self.sources.by_command {
            self.until_quiet(|_| ());
        }
        let mut changed = Vec::new();
        while changed.is_empty() {
            let event = self.events.recv().map_err(|_| {
                cannot_watch(&self.folder, &notify::Error::generic("the watcher has ended"))
            })?;
            changed.extend(self.changed(event));
        }
        self.until_quiet(|event| changed.extend(self.changed(event)));
        self.look_around()?;
        // Editors also make files for a moment only.
        let shown = changed.iter().find(|path| path.exists()).unwrap_or(&changed[0]);
        Ok(shown.strip_prefix(&self.folder).unwrap_or(shown).to_owned())
    }

    fn until_quiet(&self, mut heard: impl FnMut(Event)) {
        let end = Instant::now() + LONGEST;
        while Instant::now() < end
            && let Ok(event) = self.events.recv_timeout(QUIET)
        {
            heard(event);
        }
    }

    /// The sources that an event is about.
    fn changed(&self, event: Event) -> Vec<PathBuf> {
        match event {
            Ok(event) if !event.need_rescan() => match event.kind {
                EventKind::Access(_) => Vec::new(),
                _ => event.paths.into_iter().filter(|path| self.sources.contain(path)).collect(),
            },
            // What the system could not tell may have been anything.
            _ => vec![self.folder.clone()],
        }
    }

    /// Watches what is new: folders, and what the manifest names now.
    fn look_around(&mut self) -> diagnostic::Result<()> {
        fs::metadata(&self.folder).map_err(|error| unwatchable(&self.folder, &error))?;
        self.sources = Sources::of(&self.manifest, self.purpose);
        for folder in self.sources.folders() {
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                // It may be gone again.
                Err(error) if folder.exists() => return Err(cannot_watch(&folder, &error)),
                _ => {}
            }
        }
        Ok(())
    }
}

fn unwatchable(folder: &Path, error: &std::io::Error) -> Box<Diagnostic> {
    Diagnostic::io(FILE_UNREADABLE, "watch", folder, error).into()
}

fn cannot_watch(folder: &Path, error: &notify::Error) -> Box<Diagnostic> {
    let cause = match &error.kind {
        notify::ErrorKind::Io(error) => reason(error),
        notify::ErrorKind::MaxFilesWatch => "too many folders are watched".into(),
        _ => error.to_string(),
    };
    let message = format!("cannot watch {}: {cause}", folder.display());
    Diagnostic::error(codes::CANNOT_WATCH, message)
        .help(
            "On Linux, `fs.inotify.max_user_watches` limits how many folders can be watched, and \
             `fs.inotify.max_user_instances` by how many programs.",
        )
        .into()
}
