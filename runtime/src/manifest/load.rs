//! Manifests in files.

use std::io;
use std::path::{Path, PathBuf};

use super::schema::MIB;
use super::{Checked, Manifest, units};
use crate::diagnostic::{Diagnostic, FILE_UNREADABLE, MANIFEST_MISSING, Result, Source};
use crate::files::{Disk, Files, Kind};

/// What a manifest's file is called.
pub const FILE_NAME: &str = "theater.toml";

/// The largest file that is read as a manifest, in bytes.
pub const LARGEST_MANIFEST: u64 = MIB;

impl Manifest {
    /// Reads a manifest's file, or that of a folder.
    pub fn load(path: &Path) -> Checked {
        Self::load_from(&Disk, path)
    }

    /// [`Manifest::load`] from other files than those of the disk.
    pub fn load_from(files: &(impl Files + ?Sized), path: &Path) -> Checked {
        files.manifest(path)
    }

    /// [`Manifest::load_from`] that reads the text even if somebody keeps what it says.
    pub fn read_from(files: &(impl Files + ?Sized), path: &Path) -> Checked {
        match read(files, path) {
            Ok((file, text)) => {
                let dir = match file.parent() {
                    Some(dir) if !dir.as_os_str().is_empty() => dir,
                    _ => Path::new("."),
                };
                Self::parse(Source::new(file.display().to_string(), text), dir)
            }
            Err(problem) => Checked { manifest: None, diagnostics: vec![*problem] },
        }
    }
}

/// The manifest's file that a path means, and its text.
fn read(files: &(impl Files + ?Sized), path: &Path) -> Result<(PathBuf, String)> {
    let unreadable = |path: &Path, error: &io::Error| {
        let help = match error.kind() {
            io::ErrorKind::NotFound => {
                "Name an existing project, or make one with `theater new PATH`."
            }
            io::ErrorKind::PermissionDenied => {
                "Change the rights of the file, or run as its owner."
            }
            _ => "Name the folder of a project, or its `theater.toml`.",
        };
        Box::new(Diagnostic::io(FILE_UNREADABLE, "read", path, error).help(help))
    };
    let kind = files.kind(path).map_err(|error| unreadable(path, &error))?;
    let is_folder = kind == Kind::Folder;
    let file = match is_folder {
        true if path == Path::new(".") || path.as_os_str().is_empty() => PathBuf::from(FILE_NAME),
        true => path.join(FILE_NAME),
        false => path.to_owned(),
    };
    let kind = match files.kind(&file) {
        Err(error) if is_folder && error.kind() == io::ErrorKind::NotFound => {
            return Err(no_manifest(path));
        }
        other => other.map_err(|error| unreadable(&file, &error))?,
    };
    // A pipe or a device might never end.
    if !matches!(kind, Kind::File { .. }) {
        let message = format!("cannot read {}: it is not a regular file", file.display());
        return Err(Box::new(Diagnostic::error(FILE_UNREADABLE, message)));
    }
    let bytes =
        files.read(&file, LARGEST_MANIFEST + 1).map_err(|error| unreadable(&file, &error))?;
    if bytes.len() as u64 > LARGEST_MANIFEST {
        let largest = units::size(LARGEST_MANIFEST);
        let message = format!("cannot read {}: it is larger than {largest}", file.display());
        let help = "A manifest is a short text. Is this the right file?";
        return Err(Box::new(Diagnostic::error(FILE_UNREADABLE, message).help(help)));
    }
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&file, &error))?;
    Ok((file, text))
}

fn no_manifest(folder: &Path) -> Box<Diagnostic> {
    let message = format!("the folder {} holds no {FILE_NAME}", folder.display());
    let help = "Make a project with `theater new PATH`, or change into one.";
    Box::new(Diagnostic::error(MANIFEST_MISSING, message).help(help))
}

fn not_utf8(file: &Path, error: &std::string::FromUtf8Error) -> Box<Diagnostic> {
    let bytes = error.as_bytes();
    let at = error.utf8_error().valid_up_to();
    let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let message = format!(
        "cannot read {}: it is not UTF-8, line {line} has the byte 0x{:02X} (number {} of the file)",
        file.display(),
        bytes.get(at).copied().unwrap_or_default(),
        at + 1
    );
    let help = "Save it as UTF-8.";
    Box::new(Diagnostic::error(FILE_UNREADABLE, message).help(help))
}
