//! The files that the engine knows: what is on disk, as somebody else has read it, and over it the
//! texts that an editor has open. Nothing here reads a file.

use super::cancel::Cancel;
use super::resolved::Resolved;
use super::text::{Change, Encoding, Text};
use super::wit::{self, Index, Parsed};
use imbl::OrdMap;
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Component as Part, Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;
use theater_runtime::diagnostic::{Diagnostic, Result};
use theater_runtime::files::{Files, Kind};
use theater_runtime::manifest::{Checked, Child, FILE_NAME, Manifest};
use theater_runtime::world::{Component, Wit};

/// What was found on disk at a path.
#[derive(Debug, Clone)]
pub enum OnDisk {
    /// A file with this content.
    File(Vec<u8>),
    /// A file of this length whose content was not read: it is too long for what it is, or only its
    /// name matters.
    Unread(u64),
    /// A folder.
    Folder,
    /// Neither.
    Other,
    /// It could not be read.
    Failed(io::ErrorKind, String),
}

/// What is known of one path on disk.
#[derive(Debug)]
struct Entry {
    found: OnDisk,
    revision: u64,
    /// The component that the file is, once somebody has asked.
    component: OnceLock<Result<Arc<Component>>>,
    /// What is made of its text, each once somebody has asked.
    made: Made,
}

/// A text that is open in the editor.
#[derive(Debug, Clone)]
pub struct Document {
    /// The editor's number of this state of the text.
    pub version: i32,
    /// The text.
    pub text: Arc<Text>,
    revision: u64,
    /// What is made of it, each once somebody has asked.
    made: Arc<Made>,
    /// It as WIT, once somebody has asked.
    parsed: Arc<OnceLock<Arc<Parsed>>>,
    /// The last state of it that somebody asked about as WIT.
    before: Option<Arc<Parsed>>,
    /// Cancelled when the text has gone on, or is closed.
    outdated: Cancel,
}

/// What is made of one text, each once somebody has asked.
#[derive(Debug, Default)]
struct Made {
    /// The names in it as WIT, of a file on disk: its tree is not kept.
    index: OnceLock<Arc<Index>>,
    /// What it says as a manifest.
    manifest: OnceLock<Checked>,
}

/// All files at one moment. Cheap to clone, and never changed by anybody else. Whoever looks at a file in a snapshot that
/// was [cancelled](Self::until) unwinds.
#[derive(Debug, Clone)]
pub struct Snapshot {
    disk: OrdMap<PathBuf, Arc<Entry>>,
    open: OrdMap<PathBuf, Document>,
    /// When files on disk were changed, as far as that is known.
    changed: OrdMap<PathBuf, SystemTime>,
    library: Arc<Path>,
    /// The `wit` folders as they were resolved last. All snapshots of the same files have them together.
    resolved: Arc<Resolved>,
    /// The projects that others name as children. It belongs to these files as they are.
    children: Arc<OnceLock<BTreeSet<PathBuf>>>,
    /// What ends the computations that use this snapshot.
    until: Vec<Cancel>,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            disk: OrdMap::default(),
            open: OrdMap::default(),
            changed: OrdMap::default(),
            library: Path::new("/<theater>").into(),
            resolved: Arc::default(),
            children: Arc::default(),
            until: Vec::new(),
        }
    }
}

/// The files as they are now.
#[derive(Debug, Default)]
pub struct Vfs {
    now: Snapshot,
    revision: u64,
}

impl Vfs {
    /// All files as they are now.
    pub fn snapshot(&self) -> Snapshot {
        self.now.clone()
    }

    /// The WIT files that Theater knows are to be found in this folder.
    pub fn library_at(&mut self, folder: &Path) {
        self.now.library = normal(folder).into();
    }

    /// An editor opened a text. From now on it counts, and not what is on disk.
    pub fn open(&mut self, path: &Path, version: i32, text: String) {
        self.set(path, version, Text::new(text));
    }

    /// The editor changed an open text. Nothing happens to one that is not open.
    pub fn change(&mut self, path: &Path, version: i32, changes: &[Change], encoding: Encoding) {
        let Some(document) = self.now.open.get(&normal(path)) else { return };
        let mut text = (*document.text).clone();
        for change in changes {
            text = text.changed(change, encoding);
        }
        self.set(path, version, text);
    }

    /// The editor closed a text. From now on what is on disk counts.
    pub fn close(&mut self, path: &Path) {
        let closed = self.now.open.remove(&normal(path));
        closed.inspect(|document| document.outdated.cancel());
        self.now.children = Arc::default();
    }

    /// What was found on disk at a path; none if nothing is there any more.
    pub fn found(&mut self, path: &Path, found: Option<OnDisk>) {
        let path = normal(path);
        match found {
            None => {
                self.now.disk.remove(&path);
            }
            Some(found) => {
                self.revision += 1;
                let (component, made) = (OnceLock::new(), Made::default());
                let entry = Entry { found, revision: self.revision, component, made };
                self.now.disk.insert(path, Arc::new(entry));
            }
        }
        self.now.children = Arc::default();
    }

    /// When the file on disk at a path was changed. Counts from when it is next [found](Self::found).
    pub fn changed(&mut self, path: &Path, at: Option<SystemTime>) {
        match at {
            Some(at) => self.now.changed.insert(normal(path), at),
            None => self.now.changed.remove(&normal(path)),
        };
    }

    fn set(&mut self, path: &Path, version: i32, text: Text) {
        self.revision += 1;
        let path = normal(path);
        let old = self.now.open.get(&path);
        let before = old.and_then(|old| old.parsed.get().or(old.before.as_ref()).cloned());
        old.inspect(|document| document.outdated.cancel());
        let document = Document {
            version,
            text: Arc::new(text),
            revision: self.revision,
            made: Arc::default(),
            parsed: Arc::default(),
            before,
            outdated: Cancel::default(),
        };
        self.now.open.insert(path, document);
        self.now.children = Arc::default();
    }
}

impl Document {
    fn parsed(&self) -> &Arc<Parsed> {
        self.parsed.get_or_init(|| {
            let text = self.text.as_str();
            Arc::new(self.before.as_ref().map_or_else(|| Parsed::of(text), |it| it.again(text)))
        })
    }
}

impl Snapshot {
    /// The same files, for a computation within [`unless_cancelled`](super::unless_cancelled).
    pub fn until(mut self, cancel: Cancel) -> Self {
        self.until.push(cancel);
        self
    }

    /// [`until`](Self::until) the text at a path goes on or is closed.
    pub fn while_current(self, path: &Path) -> Self {
        match self.document(path).map(|document| document.outdated.clone()) {
            Some(outdated) => self.until(outdated),
            None => self,
        }
    }

    /// Ends the computation if it has been cancelled. Whatever looks at many files, or for long at one, comes by here.
    pub fn go_on(&self) {
        self.until.iter().for_each(Cancel::check);
    }

    /// The text that is open in the editor at a path.
    pub fn document(&self, path: &Path) -> Option<&Document> {
        self.open.get(&normal(path))
    }

    /// The paths of all open texts.
    pub fn open_paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.open.keys()
    }

    /// The text at a path, open or on disk; none if it is no text.
    pub fn text(&self, path: &Path) -> Option<Arc<Text>> {
        self.go_on();
        let path = normal(path);
        if let Some(document) = self.open.get(&path) {
            return Some(document.text.clone());
        }
        match &self.disk.get(&path).map(|entry| &entry.found) {
            Some(OnDisk::File(bytes)) => {
                Some(Arc::new(Text::new(std::str::from_utf8(bytes).ok()?)))
            }
            Some(_) => None,
            None => Some(wit::in_library(&self.library, &path)?.text.clone()),
        }
    }

    /// The names in the WIT file at a path, open or on disk; none if it is no text.
    pub fn index(&self, path: &Path) -> Option<Arc<Index>> {
        self.go_on();
        let path = normal(path);
        if let Some(document) = self.open.get(&path) {
            return Some(document.parsed().index().clone());
        }
        match self.disk.get(&path) {
            Some(entry) => {
                let OnDisk::File(bytes) = &entry.found else { return None };
                let text = std::str::from_utf8(bytes).ok()?;
                Some(entry.made.index.get_or_init(|| Arc::new(Index::of(text))).clone())
            }
            None => Some(wit::in_library(&self.library, &path)?.index.clone()),
        }
    }

    /// The WIT file at a path, which is open or on disk; none if it is no text. Of one that is open it is kept.
    pub fn parsed(&self, path: &Path) -> Option<Arc<Parsed>> {
        self.go_on();
        match self.document(path) {
            Some(document) => Some(document.parsed().clone()),
            None => Some(Arc::new(Parsed::of(self.text(path)?.as_str()))),
        }
    }

    /// The folder in which the WIT files that Theater knows are to be found.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Every path below a folder of which something is known, in their order.
    pub fn below(&self, folder: &Path) -> Vec<PathBuf> {
        self.go_on();
        let folder = normal(folder);
        let disk = self.disk.range(folder.clone()..).map(|(path, _)| path);
        let open = self.open.range(folder.clone()..).map(|(path, _)| path);
        let inside = |path: &&PathBuf| path.starts_with(&folder);
        let mut paths: Vec<PathBuf> =
            disk.take_while(inside).chain(open.take_while(inside)).cloned().collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Every path that ends with this name, in their order.
    pub fn named(&self, name: &str) -> Vec<PathBuf> {
        let all = self.disk.keys().chain(self.open.keys());
        let named = all.filter(|path| path.file_name().is_some_and(|found| found == name));
        let mut paths: Vec<PathBuf> = named.filter(|path| self.is_file(path)).cloned().collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Whether a file or a text is at a path.
    pub fn is_file(&self, path: &Path) -> bool {
        self.kind(path).is_ok_and(|kind| matches!(kind, Kind::File { .. }))
    }

    /// The projects that are children of others, by their folders.
    pub fn children(&self) -> &BTreeSet<PathBuf> {
        self.children.get_or_init(|| {
            let manifests = self.named(FILE_NAME);
            let named = manifests.iter().flat_map(|path| self.children_of(path));
            named.filter(|(parent, child)| parent != child).map(|(_, child)| child).collect()
        })
    }

    /// The folders of a manifest's children, each beside that of the manifest.
    fn children_of(&self, path: &Path) -> Vec<(PathBuf, PathBuf)> {
        let Some(manifest) = self.manifest(path).manifest else { return Vec::new() };
        let children = manifest.supervisor.iter().flat_map(|supervision| &supervision.children);
        children.map(|child| (normal(&manifest.dir), project_of(&manifest, child))).collect()
    }

    /// What is made of the text at a path, which is open or on disk.
    fn made(&self, path: &Path) -> Option<&Made> {
        let open = self.open.get(path).map(|document| &*document.made);
        open.or_else(|| self.disk.get(path).map(|entry| &entry.made))
    }

    /// A number that is another one as soon as something at one of these paths is different.
    pub fn fingerprint(&self, paths: &[PathBuf]) -> u64 {
        let mut hasher = DefaultHasher::new();
        for path in paths {
            let path = normal(path);
            self.open.get(&path).map(|document| document.revision).hash(&mut hasher);
            self.disk.get(&path).map(|entry| entry.revision).hash(&mut hasher);
            path.hash(&mut hasher);
        }
        hasher.finish()
    }
}

impl Files for Snapshot {
    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.go_on();
        let path = normal(path);
        if let Some(document) = self.open.get(&path) {
            return Ok(Kind::File { length: document.text.as_str().len() as u64 });
        }
        match self.disk.get(&path).map(|entry| &entry.found) {
            Some(OnDisk::File(bytes)) => Ok(Kind::File { length: bytes.len() as u64 }),
            Some(OnDisk::Unread(length)) => Ok(Kind::File { length: *length }),
            Some(OnDisk::Folder) => Ok(Kind::Folder),
            Some(OnDisk::Other) => Ok(Kind::Other),
            Some(OnDisk::Failed(kind, why)) => Err(io::Error::new(*kind, why.clone())),
            None if !self.below(&path).is_empty() => Ok(Kind::Folder),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn modified(&self, path: &Path) -> Option<SystemTime> {
        self.changed.get(&normal(path)).copied()
    }

    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        self.go_on();
        let path = normal(path);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let first = |bytes: &[u8]| bytes[..bytes.len().min(most)].to_vec();
        if let Some(document) = self.open.get(&path) {
            return Ok(first(document.text.as_str().as_bytes()));
        }
        match self.disk.get(&path).map(|entry| &entry.found) {
            Some(OnDisk::File(bytes)) => Ok(first(bytes)),
            Some(OnDisk::Failed(kind, why)) => Err(io::Error::new(*kind, why.clone())),
            Some(_) => Err(io::ErrorKind::InvalidInput.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let normal = normal(folder);
        if self.kind(&normal)? != Kind::Folder {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let below = self.below(&normal);
        let child = |path: &PathBuf| {
            let name = path.strip_prefix(&normal).ok()?.components().next()?;
            Some(folder.join(name))
        };
        let mut children: Vec<PathBuf> = below.iter().filter_map(child).collect();
        children.dedup();
        Ok(children)
    }

    fn manifest(&self, path: &Path) -> Checked {
        self.go_on();
        let mut path = normal(path);
        if self.is_folder(&path) {
            path.push(FILE_NAME);
        }
        let read = || Manifest::read_from(self, &path);
        self.made(&path).map_or_else(read, |made| made.manifest.get_or_init(read).clone())
    }

    fn wit(&self, folder: &Path) -> std::result::Result<Wit, Vec<Diagnostic>> {
        let folder = normal(folder);
        let fingerprint = self.fingerprint(&self.below(&folder));
        if let Some(known) = self.resolved.get(&folder, fingerprint) {
            return known;
        }
        let wit = Wit::read_from(self, &folder);
        self.resolved.keep(folder, fingerprint, wit.clone());
        wit
    }

    fn component(&self, path: &Path) -> Result<Arc<Component>> {
        self.go_on();
        let path = normal(path);
        let read = || Component::load(self, &path).map(Arc::new);
        match self.disk.get(&path) {
            Some(entry) if !self.open.contains_key(&path) => {
                entry.component.get_or_init(read).clone()
            }
            _ => read(),
        }
    }
}

/// The folder of a child's project.
pub fn project_of(manifest: &Manifest, child: &Child) -> PathBuf {
    let path = normal(&manifest.resolve(&child.manifest.value));
    match path.file_name() {
        Some(name) if name == FILE_NAME => path.parent().map_or(path.clone(), normal),
        _ => path,
    }
}

/// A path without `.` and, as far as names tell, without `..`.
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Part::CurDir => {}
            Part::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn text_of(snapshot: &Snapshot, path: &str) -> Option<String> {
        snapshot.text(Path::new(path)).map(|text| text.as_str().to_owned())
    }

    #[test]
    fn an_open_text_hides_the_file_until_it_is_closed() {
        let mut vfs = Vfs::default();
        vfs.found(Path::new("/p/a"), Some(OnDisk::File(b"disk".to_vec())));
        let before = vfs.snapshot();
        vfs.open(Path::new("/p/./x/../a"), 1, "open".into());
        assert_eq!(text_of(&vfs.snapshot(), "/p/a").as_deref(), Some("open"));
        assert_eq!(text_of(&before, "/p/a").as_deref(), Some("disk"));
        vfs.close(Path::new("/p/a"));
        assert_eq!(text_of(&vfs.snapshot(), "/p/a").as_deref(), Some("disk"));
        vfs.found(Path::new("/p/a"), None);
        assert_eq!(text_of(&vfs.snapshot(), "/p/a"), None);
    }

    #[test]
    fn folders_list_what_is_on_disk_and_what_is_only_open() {
        let mut vfs = Vfs::default();
        vfs.found(Path::new("/p/wit"), Some(OnDisk::Folder));
        vfs.found(Path::new("/p/wit/b.wit"), Some(OnDisk::File(Vec::new())));
        vfs.open(Path::new("/p/wit/a.wit"), 1, String::new());
        vfs.open(Path::new("/p/wit/deps/x/y.wit"), 1, String::new());
        vfs.open(Path::new("/p/witless"), 1, String::new());
        let files = vfs.snapshot();
        let listed = files.list(Path::new("/p/wit")).unwrap();
        let names: Vec<_> = listed.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(names, ["/p/wit/a.wit", "/p/wit/b.wit", "/p/wit/deps"]);
        assert_eq!(files.kind(Path::new("/p/wit/deps")).unwrap(), Kind::Folder);
        assert_eq!(
            files.list(Path::new("/p/witless")).unwrap_err().kind(),
            io::ErrorKind::NotADirectory
        );
        assert_eq!(files.kind(Path::new("/q")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_fingerprint_follows_every_change() {
        let mut vfs = Vfs::default();
        let paths = [PathBuf::from("/a"), PathBuf::from("/b")];
        let mut seen = vec![vfs.snapshot().fingerprint(&paths)];
        vfs.open(&paths[0], 1, "x".into());
        seen.push(vfs.snapshot().fingerprint(&paths));
        let change = Change { range: None, text: "y".into() };
        vfs.change(&paths[0], 2, &[change], Encoding::Utf16);
        seen.push(vfs.snapshot().fingerprint(&paths));
        vfs.found(&paths[1], Some(OnDisk::Folder));
        seen.push(vfs.snapshot().fingerprint(&paths));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
