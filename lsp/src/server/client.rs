//! Whether the editor is still there. One that dies may leave its end of the stream open to a process of its own: then only
//! its number tells.

use std::time::Duration;
use tokio::sync::watch;

/// How often somebody looks.
const INTERVAL: Duration = Duration::from_secs(1);

/// The editor's process, once it is known.
#[derive(Debug, Default)]
pub struct ClientProcess {
    number: watch::Sender<Option<u32>>,
}

impl ClientProcess {
    /// The editor said its number. One that is no process of this machine, as an editor's outside a container, says nothing.
    pub fn is(&self, number: Option<u32>) {
        self.number.send_replace(number.filter(|number| is_alive(*number)));
    }

    /// Waits until the process has ended; forever if none is known.
    pub async fn ended(&self) {
        let mut number = self.number.subscribe();
        // The sender is this one: it does not go meanwhile.
        let Ok(Some(number)) = number.wait_for(Option::is_some).await.map(|found| *found) else {
            return std::future::pending().await;
        };
        while is_alive(number) {
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// Whether a process is there, be it somebody else's.
#[cfg(unix)]
fn is_alive(number: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let process = i32::try_from(number).ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) != Err(rustix::io::Errno::SRCH))
}

/// Elsewhere the end of the stream has to do.
#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    true
}
