//! Files that get their name when they are whole.

use std::io;
use std::path::Path;
use tempfile::NamedTempFile;

/// A new file in a folder, under a name that begins with a dot and that nobody else uses. It vanishes unless it is
/// persisted under its own name. Who may read it is what the process says for all its files (`umask`).
///
/// # Errors
///
/// What the system says.
pub fn file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Without this only the owner could read it.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn whoever_may_read_other_files_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("other"), "").unwrap();
        let whole = super::file(dir.path()).unwrap().persist(dir.path().join("whole")).unwrap();
        let other = std::fs::metadata(dir.path().join("other")).unwrap();
        assert_eq!(whole.metadata().unwrap().permissions().mode(), other.permissions().mode());
    }
}
