//! The one who writes what was appended.

use super::live::Publisher;
use super::log::LogFailed;
use super::queue::{Batch, Queue};
use super::segment_file::{HeadFile, SegmentFile};
use super::syncer::Syncer;
use super::{RunDir, RunLock};
use crate::diagnostic::reason;
use crate::surroundings::{self, Point};
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// Writes batch after batch, and tells who waits for them.
pub(super) struct Writer {
    pub run: RunDir,
    pub queue: Arc<Queue>,
    pub file: SegmentFile,
    pub head: Arc<HeadFile>,
    pub publisher: Publisher,
    /// Who brings to disk what nobody waits for, if there is somebody.
    pub syncer: Option<Syncer>,
    pub _lock: RunLock,
}

impl Writer {
    /// Begins to write: a thread, or a task of a simulation.
    pub fn start(self) -> io::Result<Option<JoinHandle<()>>> {
        if surroundings::is_simulated() {
            surroundings::spawn(self.run_as_task());
            return Ok(None);
        }
        let thread = thread::Builder::new().name("trace-writer".to_owned());
        thread.spawn(move || self.run()).map(Some)
    }

    fn run(mut self) {
        let mut written = Batch::default();
        while let Some(batch) = self.queue.next_batch(written) {
            match self.store(batch) {
                Some(stored) => written = stored,
                None => return,
            }
        }
        self.end();
    }

    async fn run_as_task(mut self) {
        let queue = self.queue.clone();
        let mut written = Batch::default();
        while let Some(batch) = queue.next_batch_of_task(written).await {
            match self.store(batch) {
                Some(stored) => written = stored,
                None => return,
            }
        }
        self.end();
    }

    /// Writes a batch, and tells everybody. Answers with its memory; none if it cannot be written.
    fn store(&mut self, mut batch: Batch) -> Option<Batch> {
        let written = self.write(&batch).and_then(|()| surroundings::reached(Point::BeforeReply));
        if let Err(error) = written {
            // The dead tell nobody.
            if !surroundings::is_dead() {
                let failed = LogFailed(reason(&error).into());
                self.queue.fail(&failed);
                batch.conclude(&Err(failed));
            }
            return None;
        }
        for record in batch.live.drain(..) {
            self.publisher.publish(record);
        }
        batch.conclude(&Ok(()));
        Some(batch)
    }

    fn write(&mut self, batch: &Batch) -> io::Result<()> {
        let bytes = batch.bytes.as_bytes();
        if !bytes.is_empty() {
            surroundings::writing()?;
            self.file.append(bytes)?;
        }
        match &self.syncer {
            Some(syncer) if !batch.to_disk => syncer.take(&self.file, &batch.end),
            // Those before it are on disk.
            None if bytes.is_empty() => {}
            _ => {
                self.file.sync(bytes.len())?;
                self.head.promise(&batch.end)?;
            }
        }
        if self.file.len >= surroundings::segment_size() {
            self.file.sync(0)?;
            self.file = SegmentFile::create(&self.run, self.file.number + 1, batch.end.next)?;
        }
        Ok(())
    }

    /// In order ended: what the operating system still holds goes to disk.
    fn end(self) {
        if let Some(syncer) = self.syncer {
            syncer.end();
        }
        let _ = self.file.file().sync();
        let _ = self.head.sync();
    }
}
