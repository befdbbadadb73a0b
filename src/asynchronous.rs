//! The threads on which actors live. Commands that run no actor do without them.

use std::future::Future;
use theater_runtime::diagnostic::{Diagnostic, ENGINE_CANNOT_START, Result, reason};
use tokio::runtime::Builder;

/// Runs to its end what needs actors.
///
/// # Errors
///
/// When the system gives no threads.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T> {
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Diagnostic::error(ENGINE_CANNOT_START, format!("cannot start threads: {}", reason(&error)))
    })?;
    let ended = runtime.block_on(async {
        survive_file_limits();
        work.await
    });
    // Nothing that is left matters; a thread that waits for input would never end.
    runtime.shutdown_background();
    Ok(ended)
}

/// Makes a write beyond the limit of file sizes an error, which is reported, instead of the end of
/// the process.
#[cfg(unix)]
fn survive_file_limits() {
    use tokio::signal::unix::{SignalKind, signal};
    /// The same number on every Unix.
    const SIGXFSZ: i32 = 25;
    // The handler stays; nobody has to listen. Without it the process ends at the limit, and what
    // was answered is stored all the same.
    drop(signal(SignalKind::from_raw(SIGXFSZ)));
}

#[cfg(not(unix))]
fn survive_file_limits() {}
