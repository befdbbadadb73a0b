//! What killed processes left behind while they made a project.

use std::fs;
use std::path::Path;

/// How the names of unfinished projects begin. The number of the process follows.
const PREFIX: &str = ".theater-new-";

/// How the name of this process's unfinished project begins.
pub(super) fn prefix() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

/// Removes the unfinished projects in a folder whose processes are gone. Those that cannot be
/// removed are in nobody's way.
pub(super) fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(process_of);
        // Not through a link: this looks at the entry itself.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && process.is_some_and(is_gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The process that an unfinished project belongs to.
fn process_of(name: &str) -> Option<i32> {
    let (process, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    process.parse().ok()
}

/// Whether no process has this number. Where that cannot be known, it is taken to be alive.
fn is_gone(process: i32) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        use rustix::process::{Pid, test_kill_process};
        let Some(pid) = Pid::from_raw(process).filter(|_| process > 0) else { return false };
        test_kill_process(pid) == Err(Errno::SRCH)
    }
    #[cfg(not(unix))]
    {
        let _ = process;
        false
    }
}
