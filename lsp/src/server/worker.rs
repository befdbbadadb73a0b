//! The thread that finds problems: it looks at the disk, checks what is different, and publishes.
//!
//! It works on snapshots, and on one at a time. What is edited meanwhile ends the check that goes on and wakes it again:
//! what is stale is neither finished nor published. Only where edits come faster than checks end, now and then one is finished
//! nevertheless, and published with the version that it belongs to.

use super::convert::{self, Converter};
use super::disk::{Disk, Found};
use super::progress::Progress;
use super::{Checked, Shared};
use crate::engine::{
    Cancel, Problem, Problems, Snapshot, Text, Unit, component, inputs, problems, units,
    unless_cancelled,
};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use theater_runtime::files;
use theater_runtime::manifest::{FILE_NAME, Manifest};
use theater_runtime::world::source_paths;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::ls_types::MessageType;

/// What the worker is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// A text was opened, changed or closed.
    Edited,
    /// Something may be different on disk.
    DiskChanged,
    /// The server ends.
    Stop,
}

/// How often the files of the projects are looked at, at most.
const LOOK: Duration = Duration::from_secs(1);

/// How often new projects are looked for, at most.
const SEARCH: Duration = Duration::from_secs(5);

/// How many checks in a row edits may end. The next one goes on to its end, so that somebody who types without a pause sees
/// problems as well.
const MOST_ENDED: u32 = 5;

/// Looking takes at most one part of this many of the time.
const SHARE: u32 = 50;

/// The thread's state.
pub struct Worker {
    shared: Arc<Shared>,
    client: Client,
    runtime: Handle,
    /// To tell how far it is.
    checked: watch::Sender<Checked>,
    wakes: Receiver<Wake>,
    /// To tell itself what it had no time for.
    again: Sender<Wake>,
    disk: Disk,
    /// For each unit the fingerprint of what its problems were found in, and the problems.
    known: BTreeMap<Unit, (u64, Problems)>,
    /// What the editor shows, by file: for which version of an open text, and which problems.
    shown: BTreeMap<PathBuf, (Option<i32>, Vec<Problem>)>,
    /// The texts that have changed since the last check that came to its end: an editor asks about them by itself.
    edited: BTreeSet<PathBuf>,
    /// Whether the problems of others are other ones.
    has_news: bool,
    /// How many checks in a row were ended by edits.
    ended: u32,
    /// The folders of the workspace that it knows.
    roots: Vec<PathBuf>,
    /// Files whose problems name other files from folders on that may be others now.
    renamed: BTreeSet<PathBuf>,
    /// How the editor is told of the first check.
    index: Option<Progress>,
    search: Instant,
}

/// A check of everything.
struct Round {
    /// The files as they are.
    files: Snapshot,
    /// How many edits they contain.
    edits: u64,
    /// Cancelled by the next edit.
    current: Cancel,
    /// Whether the disk was looked at as well.
    look: bool,
}

/// A unit as it is in one snapshot.
struct Case {
    unit: Unit,
    inputs: Vec<PathBuf>,
    fingerprint: u64,
}

impl Worker {
    /// A worker that has not begun. Must be called within a tokio runtime.
    pub fn new(
        shared: Arc<Shared>,
        client: Client,
        checked: watch::Sender<Checked>,
        wakes: Receiver<Wake>,
        again: Sender<Wake>,
    ) -> Self {
        Self {
            shared,
            client,
            checked,
            runtime: Handle::current(),
            wakes,
            again,
            disk: Disk::default(),
            known: BTreeMap::new(),
            shown: BTreeMap::new(),
            edited: BTreeSet::new(),
            has_news: false,
            ended: 0,
            roots: Vec::new(),
            renamed: BTreeSet::new(),
            index: None,
            search: Instant::now(),
        }
    }

    /// Works until it is told to stop. Begins with the first word that it gets.
    pub fn run(mut self) {
        let Ok(mut wake) = self.wakes.recv() else { return };
        if self.shared.lock().client.progress {
            self.index = Some(Progress::begin(&self.runtime, self.client.clone()));
        }
        loop {
            while let Ok(next) = self.wakes.try_recv() {
                wake = wake.max(next);
            }
            if wake == Wake::Stop {
                return;
            }
            if wake == Wake::DiskChanged {
                self.follow_folders();
            }
            let started = Instant::now();
            if wake == Wake::DiskChanged && self.search <= started {
                self.search();
                self.search = started + SEARCH.max(started.elapsed() * SHARE);
            }
            self.check_all(wake == Wake::DiskChanged);
            let pause = LOOK.max(started.elapsed() * SHARE);
            wake = match self.wakes.recv_timeout(pause) {
                Ok(wake) => wake,
                Err(RecvTimeoutError::Timeout) => Wake::DiskChanged,
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    /// Forgets what is below folders that the workspace has no more, and looks at once for projects in new ones.
    fn follow_folders(&mut self) {
        let roots = self.shared.lock().roots.clone();
        if roots == self.roots {
            return;
        }
        let gone: Vec<PathBuf> =
            self.roots.iter().filter(|root| !roots.contains(root)).cloned().collect();
        let below =
            |roots: &[PathBuf], path: &Path| roots.iter().any(|root| path.starts_with(root));
        let found = self.disk.forget_unless(|path| below(&roots, path) || !below(&gone, path));
        self.take(found);
        self.roots = roots;
        self.renamed.extend(self.shown.keys().cloned());
        self.search = Instant::now();
    }

    /// Looks for projects below the folders of the workspace.
    fn search(&mut self) {
        for root in self.roots.clone() {
            let found = self.disk.look_below(&root);
            self.take(found);
        }
    }

    /// Checks whatever is different from when it was checked last. `look`: at the disk as well.
    fn check_all(&mut self, look: bool) {
        let round = self.begin(look);
        self.check_round(&round);
    }

    fn check_round(&mut self, round: &Round) {
        self.ended = if self.go_through(round) { 0 } else { self.ended + 1 };
    }

    fn begin(&mut self, look: bool) -> Round {
        let (edits, current) = {
            let mut state = self.shared.lock();
            self.edited.append(&mut state.edited);
            state.checking = Cancel::default();
            (state.edits, state.checking.clone())
        };
        Round { files: self.look(look), edits, current, look }
    }

    /// Whether edits do not end the present check.
    fn must_finish(&self) -> bool {
        self.ended >= MOST_ENDED
    }

    /// Answers with whether the check came to its end.
    fn go_through(&mut self, round: &Round) -> bool {
        let Round { files, edits, look, .. } = round;
        let mut cases: Vec<Case> =
            units(files).into_iter().map(|unit| Case::new(files, unit)).collect();
        if *look {
            self.forget(files, &cases);
        }
        // What is open comes first.
        let is_open = |case: &Case| case.inputs.iter().any(|path| files.document(path).is_some());
        cases.sort_by_key(|case| !is_open(case));
        let open = cases.iter().take_while(|case| is_open(case)).count();
        let mut checked = files.clone();
        if !self.must_finish() {
            checked = checked.until(round.current.clone());
        }
        for case in &cases[..open] {
            if !self.check(&checked, case) {
                return false;
            }
        }
        self.publish(files, &cases);
        self.checked.send_modify(|checked| checked.open = edits + 1);
        for (at, case) in cases.iter().enumerate().skip(open) {
            if let Some(index) = &mut self.index {
                index.step(at, cases.len());
            }
            if !self.check(&checked, case) {
                return false;
            }
            // The others are not forgotten: their fingerprints differ still.
            if let Ok(wake) = self.wakes.try_recv() {
                let _ = self.again.send(wake);
                if wake == Wake::Stop || !self.must_finish() {
                    self.tell_news();
                    return false;
                }
            }
        }
        self.known.retain(|unit, _| cases.iter().any(|case| case.unit == *unit));
        self.publish(files, &cases);
        self.clear(files);
        self.checked.send_replace(Checked { open: edits + 1, all: edits + 1 });
        if *look {
            self.index = None;
        }
        self.tell_news();
        true
    }

    /// Has the editor ask again about files that it did not change itself.
    fn tell_news(&mut self) {
        self.edited.clear();
        if std::mem::take(&mut self.has_news) {
            let client = self.client.clone();
            // Whether it does is its own business.
            self.runtime.spawn(async move { client.workspace_diagnostic_refresh().await });
        }
    }

    /// Takes in what is on disk: around every open text, and of the units that are different or, if
    /// so wished, of all. Answers with the files of which all of that is known: a text that is opened
    /// meanwhile is looked at as well, or what stands beside it would seem to be missing.
    fn look(&mut self, all: bool) -> Snapshot {
        let mut known = BTreeSet::new();
        loop {
            let files = self.files();
            for path in files.open_paths().filter(|path| known.insert((*path).clone())) {
                let found = self.disk.look_around(path);
                self.take(found);
            }
            self.look_at_units(all);
            let files = self.files();
            if files.open_paths().all(|path| known.contains(path)) {
                return files;
            }
        }
    }

    fn look_at_units(&mut self, all: bool) {
        let files = self.files();
        for unit in units(&files) {
            let case = Case::new(&files, unit);
            if all || !self.is_current(&case) {
                let found = self.look_at(&files, &case.unit);
                self.take(found);
                // What an editor does not edit changes seldom: it can wait for the next look at all.
                if all {
                    let found = self.look_at_sources(&files, &case.unit);
                    self.take(found);
                }
            }
        }
    }

    fn look_at(&mut self, files: &Snapshot, unit: &Unit) -> Found {
        let component = match unit {
            Unit::Project(folder) => component(files, folder),
            Unit::Package(_) => None,
        };
        self.disk.look_at(unit, component.as_deref())
    }

    fn look_at_sources(&mut self, files: &Snapshot, unit: &Unit) -> Found {
        let Unit::Project(folder) = unit else { return Found::new() };
        let Some(manifest) = Manifest::load_from(files, folder).manifest else {
            return Found::new();
        };
        let now = source_paths(&files::Disk, &manifest);
        self.disk.look_at_sources(&now, &source_paths(files, &manifest))
    }

    /// Forgets files that belong to no unit any more.
    fn forget(&mut self, files: &Snapshot, cases: &[Case]) {
        let mut wanted: BTreeSet<&Path> =
            cases.iter().flat_map(|case| &case.inputs).map(PathBuf::as_path).collect();
        let manifests = files.named(FILE_NAME);
        wanted.extend(manifests.iter().map(PathBuf::as_path));
        let found = self.disk.forget_unless(|path| wanted.contains(path));
        self.take(found);
    }

    fn take(&self, found: Found) {
        let mut state = self.shared.lock();
        for (path, found) in found {
            state.vfs.changed(&path, self.disk.modified(&path));
            state.vfs.found(&path, found);
        }
    }

    fn files(&self) -> Snapshot {
        self.shared.lock().vfs.snapshot()
    }

    fn is_current(&self, case: &Case) -> bool {
        self.known.get(&case.unit).is_some_and(|(known, _)| *known == case.fingerprint)
    }

    /// Finds the problems of a unit, if they are not known. Answers with whether it was not cancelled.
    fn check(&mut self, files: &Snapshot, case: &Case) -> bool {
        if self.is_current(case) {
            return true;
        }
        let find = || unless_cancelled(|| problems(files, &case.unit));
        let found = catch_unwind(AssertUnwindSafe(find)).unwrap_or_else(|_| {
            let message = format!("a check failed; this is a fault in theater: {:?}", case.unit);
            self.runtime.block_on(self.client.log_message(MessageType::ERROR, message));
            Some(Problems::new())
        });
        let is_done = found.is_some();
        self.known.extend(found.map(|found| (case.unit.clone(), (case.fingerprint, found))));
        is_done
    }

    /// Shows the problems of all files whose units have been checked as they are in `files`.
    fn publish(&mut self, files: &Snapshot, cases: &[Case]) {
        let mut now = Problems::new();
        for (path, list) in self.known.values().flat_map(|(_, problems)| problems) {
            now.entry(path.clone()).or_default().extend(list.iter().cloned());
        }
        for case in cases.iter().filter(|case| !self.is_current(case)) {
            let before = self.known.get(&case.unit).map(|(_, problems)| problems.keys());
            for path in case.inputs.iter().chain(before.into_iter().flatten()) {
                now.remove(path);
            }
        }
        for (path, list) in now {
            self.publish_file(files, path, list);
        }
    }

    /// Clears files that no unit says anything about any more.
    fn clear(&mut self, files: &Snapshot) {
        let known = |path: &PathBuf| self.known.values().any(|(_, found)| found.contains_key(path));
        let gone: Vec<PathBuf> = self.shown.keys().filter(|path| !known(path)).cloned().collect();
        for path in gone {
            self.publish_file(files, path, Vec::new());
        }
    }

    fn publish_file(&mut self, files: &Snapshot, path: PathBuf, list: Vec<Problem>) {
        let version = files.document(&path).map(|document| document.version);
        let unchanged = match self.shown.get(&path) {
            Some((shown_version, shown)) => *shown_version == version && *shown == list,
            None => list.is_empty() && version.is_none(),
        };
        let is_renamed = self.renamed.remove(&path);
        let is_due = !unchanged || is_renamed;
        let Some(uri) = convert::uri(&path).filter(|_| is_due) else { return };
        let (wishes, roots, newest) = {
            let state = self.shared.lock();
            let newest = state.vfs.snapshot().document(&path).map(|document| document.version);
            (state.client, state.roots.clone(), newest)
        };
        // Who asks is told of the text that was there then.
        let may_be_stale =
            wishes.pulls || self.must_finish() && newest.is_some() && version.is_some();
        if newest != version && !may_be_stale {
            return;
        }
        let converter = Converter::new(files, wishes, &self.shared.library, &roots);
        let text = files.text(&path).unwrap_or_else(|| Arc::new(Text::new("")));
        let diagnostics = list.iter().map(|problem| converter.problem(&text, problem)).collect();
        if wishes.pulls {
            let is_news = self.shared.lock().reports.found(&path, version, diagnostics);
            self.has_news |= is_news && !self.edited.contains(&path);
        } else {
            self.runtime.block_on(self.client.publish_diagnostics(uri, diagnostics, version));
        }
        match list.is_empty() && version.is_none() {
            true => self.shown.remove(&path),
            false => self.shown.insert(path, (version, list)),
        };
    }
}

impl Case {
    fn new(files: &Snapshot, unit: Unit) -> Self {
        let inputs = inputs(files, &unit);
        Self { fingerprint: files.fingerprint(&inputs), inputs, unit }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::server::backend::Backend;
    use crate::server::client::ClientProcess;
    use crate::server::library::Library;
    use std::sync::Mutex;
    use std::sync::mpsc::channel;
    use tower_lsp::ls_types::{DidOpenTextDocumentParams, TextDocumentItem};
    use tower_lsp::{LanguageServer, LspService};

    /// A worker that publishes into the void, and what an editor talks with.
    fn worker() -> (Worker, LspService<Backend>, tower_lsp::ClientSocket) {
        let (wakes, woken) = channel();
        let (told, known) = watch::channel(Checked::default());
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wakes: wakes.clone(),
            library: Library::new(None),
            client: ClientProcess::default(),
            checked: known,
        });
        let mut worker = None;
        let (service, socket) = LspService::new(|client| {
            worker = Some(Worker::new(shared.clone(), client.clone(), told, woken, wakes));
            Backend::new(shared.clone(), client)
        });
        (worker.unwrap(), service, socket)
    }

    async fn open(service: &LspService<Backend>, version: i32, text: &str) {
        let uri = "file:///p/a.wit".parse().unwrap();
        let text_document = TextDocumentItem::new(uri, "wit".to_owned(), version, text.to_owned());
        service.inner().did_open(DidOpenTextDocumentParams { text_document }).await;
    }

    #[tokio::test]
    async fn an_edit_ends_the_check_that_must_finish() {
        let (mut worker, service, _socket) = worker();
        open(&service, 1, "package a:b;").await;
        let checking = Cancel::default();
        worker.shared.lock().checking = checking.clone();
        let files = worker.files();
        let case = Case::new(&files, Unit::Package("/p".into()));
        open(&service, 2, "package c:d;").await;
        assert!(!worker.check(&files.clone().until(checking), &case));
        assert!(worker.known.is_empty());
        assert!(worker.check(&files, &case));
        assert!(worker.is_current(&case));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn edits_without_a_pause_postpone_problems_only_so_often() {
        let (mut worker, service, _socket) = worker();
        let mut published = Vec::new();
        for version in 1..20 {
            open(&service, version, &format!("package a:b; interface i{version} {{ x }}")).await;
            // The next edit always comes while this version is checked.
            let round = worker.begin(false);
            open(&service, version + 1, "package a:b; interface i { y }").await;
            worker = tokio::task::spawn_blocking(move || {
                worker.check_round(&round);
                worker
            })
            .await
            .unwrap();
            let shown = worker.shown.get(Path::new("/p/a.wit"));
            published.extend(shown.map(|(shown, problems)| (version, *shown, problems.len())));
            worker.shown.clear();
        }
        assert_eq!(published, [(6, Some(6), 1), (12, Some(12), 1), (18, Some(18), 1)]);
    }
}
