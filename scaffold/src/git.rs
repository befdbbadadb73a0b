//! Version control for a new project.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

/// What became of version control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repository {
    /// None was wanted.
    NotWanted,
    /// The project is a new git repository.
    Created,
    /// The project lies within a repository, which it joins.
    Joined,
    /// Git is not installed.
    NoGit,
    /// Git would not, for this reason. The project exists all the same.
    Failed(String),
}

/// Makes `project` a repository unless `parent`, where it will stand, lies within one.
pub(crate) fn init(project: &Path, parent: &Path) -> Repository {
    if is_inside_repository(parent) {
        return Repository::Joined;
    }
    let mut git = Command::new("git");
    git.args(["init", "-q"]).current_dir(project).stdin(Stdio::null());
    // Set within hooks: they would make git work on another repository.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(variable);
    }
    match git.output() {
        Ok(output) if output.status.success() => Repository::Created,
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            Repository::Failed(text.lines().next().unwrap_or("it gave no reason").to_string())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Repository::NoGit,
        Err(error) => Repository::Failed(error.to_string()),
    }
}

fn is_inside_repository(folder: &Path) -> bool {
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    folder.ancestors().any(|folder| folder.join(".git").exists())
}
