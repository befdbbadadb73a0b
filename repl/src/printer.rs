//! Lines shown above the prompt while something is being typed.
//!
//! The sender never waits: lines go through a bounded queue to a thread of their own, which shows
//! what has come together at most [`REPAINTS`] times a second. What does not fit is counted, and the
//! count is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How often a second the screen is repainted at most.
pub const REPAINTS: u32 = 30;

/// How many texts wait, and how many are shown in one repaint, at most.
const QUEUE: usize = 1000;

/// How long [`Printer::flush`] waits at most: a terminal that is stopped must not stop the system.
const PATIENCE: Duration = Duration::from_millis(300);

enum Message {
    Text(String),
    Flush(oneshot::Sender<()>),
}

/// Where to send lines. Copies send to the same place.
#[derive(Debug, Clone)]
pub struct Printer {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

impl Printer {
    /// Starts the thread, which shows texts by `show`: one or more whole lines, each with its end.
    /// The thread ends when the last copy of the printer is gone.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(show: impl FnMut(String) + Send + 'static) -> std::io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let worker = Worker { messages, dropped: dropped.clone(), show: Box::new(show) };
        std::thread::Builder::new().name("printer".to_owned()).spawn(move || worker.run())?;
        Ok(Self { queue, dropped })
    }

    /// Shows a text of one or more lines, without the end of the last one. Never waits; while too much
    /// is being printed, the text is dropped and counted.
    pub fn print(&self, text: impl Into<String>) {
        if self.queue.try_send(Message::Text(text.into())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything printed before is shown, so that what is written to standard output
    /// next comes after it. Gives up after a moment if the terminal takes nothing.
    pub async fn flush(&self) {
        let _ = tokio::time::timeout(PATIENCE, async {
            let (done, shown) = oneshot::channel();
            let mut message = Message::Flush(done);
            loop {
                match self.queue.try_send(message) {
                    Ok(()) => break,
                    Err(TrySendError::Disconnected(_)) => return,
                    Err(TrySendError::Full(back)) => message = back,
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let _ = shown.await;
        })
        .await;
    }
}

struct Worker {
    messages: Receiver<Message>,
    dropped: Arc<AtomicU64>,
    show: Box<dyn FnMut(String) + Send>,
}

impl Worker {
    fn run(mut self) {
        let interval = Duration::from_secs(1) / REPAINTS;
        let mut painted: Option<Instant> = None;
        while let Ok(first) = self.messages.recv() {
            let mut batch = Batch::default();
            let mut open = batch.add(first, &self.dropped);
            let end = painted.map_or_else(Instant::now, |painted| painted + interval);
            while open && batch.flushed.is_none() {
                let wait = end.saturating_duration_since(Instant::now());
                match self.messages.recv_timeout(wait) {
                    Ok(message) => open = batch.add(message, &self.dropped),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => open = false,
                }
            }
            self.paint(batch);
            painted = Some(Instant::now());
        }
        // What was dropped behind the last text is to be known too.
        self.paint(Batch::default());
    }

    fn paint(&mut self, mut batch: Batch) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            batch.text.push_str(&format!("… {dropped} more, too fast to be shown\n"));
        }
        if !batch.text.is_empty() {
            (self.show)(batch.text);
        }
        if let Some(flushed) = batch.flushed {
            // Whoever waited may have given up.
            let _ = flushed.send(());
        }
    }
}

/// What is shown in one repaint.
#[derive(Default)]
struct Batch {
    text: String,
    count: usize,
    flushed: Option<oneshot::Sender<()>>,
}

impl Batch {
    /// Adds a message; `true` if there may be more.
    fn add(&mut self, message: Message, dropped: &AtomicU64) -> bool {
        match message {
            Message::Text(_) if self.count >= QUEUE => {
                dropped.fetch_add(1, Ordering::Relaxed);
            }
            Message::Text(text) => {
                self.text.push_str(&text);
                self.text.push('\n');
                self.count += 1;
            }
            Message::Flush(flushed) => {
                self.flushed = Some(flushed);
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::sync::Mutex;

    /// Runs a session with a printer, and returns what was shown, one entry for each repaint.
    async fn shown(session: impl AsyncFnOnce(&Printer)) -> Vec<String> {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (into, (alive, ended)) = (shown.clone(), sync_channel::<()>(0));
        let printer = Printer::start(move |text| {
            let _ = &alive;
            into.lock().unwrap().push(text);
        });
        let printer = printer.unwrap();
        session(&printer).await;
        drop(printer);
        // The thread ends, and drops its closure, when all has been shown.
        assert!(ended.recv().is_err());
        std::mem::take(&mut *shown.lock().unwrap())
    }

    #[tokio::test]
    async fn a_line_is_shown_at_once_and_further_ones_together() {
        let shown = shown(async |printer| {
            printer.print("one");
            printer.flush().await;
            for line in ["two", "three", "four\nfive"] {
                printer.print(line);
            }
        });
        let shown = shown.await;
        assert_eq!(shown[0], "one\n");
        assert_eq!(shown[1..].concat(), "two\nthree\nfour\nfive\n");
        assert!(shown.len() <= 3, "{shown:?}");
    }

    #[tokio::test]
    async fn a_flood_is_counted_and_shown_in_few_repaints() {
        let started = Instant::now();
        let sent = 200_000;
        let shown = shown(async |printer| {
            for i in 0..sent {
                printer.print(i.to_string());
            }
        });
        let shown = shown.await;
        let taken = started.elapsed();
        let lines: Vec<&str> = shown.iter().flat_map(|text| text.lines()).collect();
        let dropped = lines.iter().filter_map(|line| line.strip_prefix("… "));
        let dropped: u64 =
            dropped.map(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap()).sum();
        let printed = lines.iter().filter(|line| line.parse::<u64>().is_ok()).count() as u64;
        assert_eq!(printed + dropped, sent, "nothing is lost without being counted");
        assert!(dropped > 0);
        let allowed = taken.as_secs_f64() * f64::from(REPAINTS) + 4.0;
        assert!((shown.len() as f64) <= allowed, "{} repaints in {taken:?}", shown.len());
    }

    #[tokio::test]
    async fn a_terminal_that_hangs_holds_nobody_up() {
        let (hang, release) = sync_channel::<()>(0);
        let printer = Printer::start(move |_| release.recv().unwrap_or_default()).unwrap();
        let started = Instant::now();
        for i in 0..10_000 {
            printer.print(i.to_string());
        }
        printer.flush().await;
        assert!(started.elapsed() < Duration::from_secs(5));
        drop(hang);
    }
}
