use super::reader::length_of_file;
use super::{Blobs, Hash, archive, now};
use crate::diagnostic::{Diagnostic, RUN_LOCKED, RUN_MISSING, RUN_UNWRITABLE, Result};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// How often the lock of a run is tried before another process is taken to write it.
const LOCK_ATTEMPTS: u32 = 10;

/// In how many of the last runs a blob is looked for before it is written.
const SHARING: usize = 3;

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
    /// What goes with the last copy of this, if it was unpacked.
    unpacked: Option<Arc<Held>>,
}

/// What is held of a run that was unpacked.
#[derive(Debug)]
struct Held {
    /// The folder around it, or one beside it if it is kept.
    folder: TempDir,
    /// The lock that says that it is used.
    _used: Option<File>,
}

impl PartialEq for RunDir {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for RunDir {}

/// The right to write a run. Given back when it is dropped, or when the process dies.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunDir {
    /// Makes the folder of a new run below `data` (normally the project's `.theater`). Its id begins
    /// with the time in UTC, so that ids sort by age.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made.
    pub fn create(data: &Path) -> Result<Self> {
        let make = || -> io::Result<Self> {
            let runs = data.join("runs");
            fs::create_dir_all(&runs)?;
            let ignore = data.join(".gitignore");
            if !ignore.exists() {
                fs::write(ignore, "*\n")?;
            }
            loop {
                let path = runs.join(new_id());
                match fs::create_dir(&path) {
                    Ok(()) => {
                        fs::create_dir(path.join("segments"))?;
                        fs::create_dir(path.join("blobs"))?;
                        restrict(&path)?;
                        return Ok(Self { path, unpacked: None });
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(error),
                }
            }
        };
        make().map_err(|error| {
            let diagnostic = Diagnostic::io(RUN_UNWRITABLE, "make a run in", data, &error);
            Box::new(diagnostic.help("Name another place with `--data DIR`."))
        })
    }

    /// The run in this folder, or in this file that [`export`](super::export) has written: it is unpacked into a
    /// temporary folder, which goes with the last copy of what this answers.
    ///
    /// # Errors
    ///
    /// When the folder is not a run's, or the file cannot be unpacked.
    pub fn open(path: &Path) -> Result<Self> {
        if path.is_file() {
            return archive::open(path);
        }
        if path.join("segments").is_dir() {
            return Ok(Self { path: path.to_owned(), unpacked: None });
        }
        Err(Box::new(
            Diagnostic::error(
                RUN_MISSING,
                format!("{} is not the folder of a run", path.display()),
            )
            .help(
                "Name a folder that holds `segments/`. List the runs of a project with `theater trace ls`.",
            ),
        ))
    }

    /// The same run, and with it the folder around it.
    pub(super) fn in_temporary(self, folder: TempDir) -> Self {
        Self { unpacked: Some(Arc::new(Held { folder, _used: None })), ..self }
    }

    /// The same run, with the lock that says that it is used, and a folder for what is not to stay.
    pub(super) fn while_used(self, used: File, folder: TempDir) -> Self {
        Self { unpacked: Some(Arc::new(Held { folder, _used: Some(used) })), ..self }
    }

    /// A folder that goes with the last copy of this, for what is not to stay. None if the run was not unpacked.
    pub fn temporary(&self) -> Option<&Path> {
        self.unpacked.as_ref().map(|unpacked| unpacked.folder.path())
    }

    /// All runs below `data`, oldest first. None if there is no such folder.
    pub fn list(data: &Path) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(data.join("runs")) else { return Vec::new() };
        let mut runs: Vec<Self> =
            entries.flatten().filter_map(|entry| Self::open(&entry.path()).ok()).collect();
        runs.sort_by_key(Self::id);
        runs
    }

    /// The newest run below `data`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn latest(data: &Path) -> Result<Self> {
        Self::list(data).pop().ok_or_else(|| {
            Box::new(
                Diagnostic::error(RUN_MISSING, format!("there is no run in {}", data.display()))
                    .help("Make one with `theater repl` or `theater run`."),
            )
        })
    }

    /// The run's id: the folder's name.
    pub fn id(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's blobs.
    pub fn blobs(&self) -> Blobs {
        Blobs::new(self.path.join("blobs"))
    }

    /// Stores a large blob. If one of the last runs beside this one has it, the file is shared, which
    /// saves its space and most of the time. When this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn store(&self, bytes: &[u8], hash: Hash) -> io::Result<Hash> {
        let blobs = self.blobs();
        if blobs.path(&hash).exists() {
            return Ok(hash);
        }
        let data = self.path.parent().and_then(Path::parent);
        let others = data.map(Self::list).unwrap_or_default().into_iter().rev();
        let shared = others
            .filter(|other| other != self)
            .take(SHARING)
            .any(|other| blobs.share(&other.blobs(), bytes, &hash).is_ok());
        if shared { Ok(hash) } else { blobs.put_hashed(bytes, hash) }
    }

    /// The file of a segment.
    pub fn segment(&self, number: u64) -> PathBuf {
        self.path.join("segments").join(format!("{number:08}.seg"))
    }

    /// The numbers of the segments that are there, ascending.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn segments(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(self.path.join("segments"))? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".seg"));
            // No run has more of them than 32 bits count.
            numbers.extend(number.and_then(|number| number.parse::<u32>().ok()).map(u64::from));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Takes the lock that the one writer of a run holds.
    ///
    /// # Errors
    ///
    /// When another process holds it; the report names that process.
    pub fn lock(&self) -> Result<RunLock> {
        let path = self.path.join("lock");
        let failed = |error| Diagnostic::io(RUN_UNWRITABLE, "lock the run at", &path, &error);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        let mut attempts = LOCK_ATTEMPTS;
        loop {
            attempts -= 1;
            match file.try_lock() {
                Ok(()) => break,
                // Whoever asks `is_locked` holds it for a moment.
                Err(TryLockError::WouldBlock) if attempts > 0 => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Err(Box::new(self.locked(&mut file))),
                Err(TryLockError::Error(error)) => return Err(Box::new(failed(error))),
            }
        }
        let note = || -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        match { note }() {
            Ok(()) => Ok(RunLock { _file: file }),
            Err(error) => Err(Box::new(failed(error))),
        }
    }

    fn locked(&self, file: &mut File) -> Diagnostic {
        let mut holder = String::new();
        // The number is a help to the reader; without it the report still says what matters.
        let _ = file.read_to_string(&mut holder);
        let holder = match holder.trim() {
            "" => "another process".to_owned(),
            pid => format!("process {pid}"),
        };
        let message = format!("the run {} is being written by {holder}", self.id());
        Diagnostic::error(RUN_LOCKED, message).help(
            "End that process, or start a new run (`theater repl` without `--resume`). `theater trace` and \
             `theater replay` work beside it.",
        )
    }

    /// Whether some process is writing the run now.
    pub fn is_locked(&self) -> bool {
        let path = self.path.join("lock");
        let Ok(_) = length_of_file(&path) else { return false };
        let Ok(file) = File::open(path) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// The number of the process that writes the run now, if there is one and it can be read.
    pub fn writer(&self) -> Option<u32> {
        if !self.is_locked() {
            return None;
        }
        fs::read_to_string(self.path.join("lock")).ok()?.trim().parse().ok()
    }

    /// The bytes of all its files.
    pub fn size(&self) -> u64 {
        below(&self.path)
    }

    /// What the file `head` says: how many records are on disk, and the hash of the last one's
    /// header. None if the file is missing or unreadable.
    pub fn head(&self) -> Option<(u64, Hash)> {
        let path = self.path.join("head");
        length_of_file(&path).ok()?;
        let text = fs::read_to_string(path).ok()?;
        let (count, hash) = text.trim_end().split_once(' ')?;
        Some((count.parse().ok()?, hash.parse().ok()?))
    }

    /// The text of the file `head`, always of one length, so that it is overwritten in one piece.
    pub(super) fn head_text(count: u64, hash: &Hash) -> String {
        format!("{count:020} {hash}\n")
    }
}

/// The bytes of all files below a folder.
pub(super) fn below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let one = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => below(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.flatten().map(one).sum()
}

/// A time in UTC, such as `20261123-051710-a3f2`: the last four digits are 65,536ths of the second,
/// so that the ids of runs that begin within one second sort by age too.
fn new_id() -> String {
    let now = now();
    let fraction = ((now % 1_000_000_000) << 16) / 1_000_000_000;
    let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(now);
    let now = humantime::format_rfc3339_seconds(now).to_string();
    let digits: String = now.chars().filter(char::is_ascii_digit).collect();
    let (date, time) = digits.split_at(digits.len().saturating_sub(6));
    format!("{date}-{time}-{fraction:04x}")
}

/// A trace holds what actors were told: only its owner may read it.
#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict(_path: &Path) -> io::Result<()> {
    Ok(())
}
