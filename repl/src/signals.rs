//! The signals that ask a process to end, or the turn that it waits for.

use std::future::pending;

/// Takes the signals as long as it lives; they do not end the process then.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    terminate: Option<tokio::signal::unix::Signal>,
    hangup: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Takes the signals from now on.
    pub fn take() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // A signal that cannot be taken ends the process, as it always does.
        Self {
            terminate: signal(SignalKind::terminate()).ok(),
            hangup: signal(SignalKind::hangup()).ok(),
            interrupt: signal(SignalKind::interrupt()).ok(),
        }
    }
}

#[cfg(unix)]
async fn one(signal: &mut Option<tokio::signal::unix::Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    pending().await
}

/// Elsewhere only ctrl-c is known.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Takes the signals from now on.
    pub fn take() -> Self {
        Self
    }
}

impl Signals {
    /// Waits for any of them; whether it was ctrl-c.
    pub async fn any(&mut self) -> bool {
        #[cfg(unix)]
        {
            let Self { terminate, hangup, interrupt } = self;
            tokio::select! {
                () = one(interrupt) => true,
                () = one(terminate) => false,
                () = one(hangup) => false,
            }
        }
        #[cfg(not(unix))]
        {
            if tokio::signal::ctrl_c().await.is_err() {
                pending::<()>().await;
            }
            true
        }
    }
}
