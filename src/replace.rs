//! Files written over.

use std::path::Path;

/// Writes a file anew: it is a whole file or the one of before, and nothing in between, whatever
/// happens meanwhile.
///
/// # Errors
///
/// What the system says; the file is as it was then.
pub fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // What a link leads to is written, and not the link.
    let path = path.canonicalize()?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    std::fs::write(&new, text)?;
    std::fs::set_permissions(&new, std::fs::metadata(&path)?.permissions())?;
    std::fs::rename(&new, &path)
}
