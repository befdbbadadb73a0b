//! The one who brings to disk what nobody waits for.

use super::Durability;
use super::log::LogFailed;
use super::queue::{End, GATHER, Queue};
use super::segment_file::{HeadFile, SegmentFile, Synced};
use crate::diagnostic::reason;
use crate::surroundings;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc;

/// Brings to disk what was written while nobody waited for it, a little later.
pub(super) struct Syncer {
    written: mpsc::UnboundedSender<Written>,
    thread: Option<JoinHandle<()>>,
}

/// A file that was written, and where the log ended then.
struct Written {
    file: Synced,
    end: End,
}

impl Syncer {
    /// Begins, if the durability needs it.
    pub fn start(queue: &Arc<Queue>, head: &Arc<HeadFile>) -> io::Result<Option<Self>> {
        if queue.durability() != Durability::Async {
            return Ok(None);
        }
        let (written, receiver) = mpsc::unbounded_channel();
        let syncing = Syncing { receiver, queue: queue.clone(), head: head.clone() };
        if surroundings::is_simulated() {
            surroundings::spawn(syncing.run_as_task());
            return Ok(Some(Self { written, thread: None }));
        }
        let thread = thread::Builder::new().name("trace-syncer".to_owned());
        let thread = Some(thread.spawn(move || syncing.run())?);
        Ok(Some(Self { written, thread }))
    }

    /// Takes what was written, and the end of the log with it.
    pub fn take(&self, file: &SegmentFile, end: &End) {
        // If it has ended, the log has failed, which the writer learns from the queue.
        let _ = self.written.send(Written { file: file.file().clone(), end: *end });
    }

    /// Ends when all that it took is on disk.
    pub fn end(self) {
        drop(self.written);
        if let Some(thread) = self.thread {
            // The thread does not panic; if it did, there would be nothing left to wait for.
            let _ = thread.join();
        }
    }
}

/// The syncer's own side.
struct Syncing {
    receiver: mpsc::UnboundedReceiver<Written>,
    queue: Arc<Queue>,
    head: Arc<HeadFile>,
}

impl Syncing {
    fn run(mut self) {
        while let Some(written) = self.receiver.blocking_recv() {
            if !self.receiver.is_closed() {
                thread::sleep(GATHER);
            }
            if !self.sync(written) {
                return;
            }
        }
    }

    async fn run_as_task(mut self) {
        while let Some(written) = self.receiver.recv().await {
            tokio::time::sleep(GATHER).await;
            if !self.sync(written) {
                return;
            }
        }
    }

    /// Brings the last of what was written to disk. A segment that is full was synced when the next one
    /// was begun.
    fn sync(&mut self, mut written: Written) -> bool {
        while let Ok(later) = self.receiver.try_recv() {
            written = later;
        }
        let synced = written.file.sync().and_then(|()| self.head.promise(&written.end));
        if let Err(error) = &synced
            && !surroundings::is_dead()
        {
            self.queue.fail(&LogFailed(reason(error).into()));
        }
        synced.is_ok()
    }
}
