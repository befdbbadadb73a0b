//! How an editor is told that something takes a while.

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tower_lsp::Client;
use tower_lsp::ls_types::ProgressToken;

/// Something that goes on until this is dropped.
#[derive(Debug)]
pub struct Progress {
    steps: UnboundedSender<(u32, String)>,
    percentage: u32,
}

impl Progress {
    /// Tells that the projects are being checked for the first time. Does not wait for the editor to agree.
    pub fn begin(runtime: &Handle, client: Client) -> Self {
        let (steps, mut taken) = unbounded_channel::<(u32, String)>();
        runtime.spawn(async move {
            let token = ProgressToken::String("theater/index".to_owned());
            // An editor that does not want to be told is not.
            if client.create_work_done_progress(token.clone()).await.is_err() {
                return;
            }
            let shown =
                client.progress(token, "Checking projects").with_percentage(0).begin().await;
            while let Some((percentage, message)) = taken.recv().await {
                shown.report_with_message(message, percentage).await;
            }
            shown.finish().await;
        });
        Self { steps, percentage: 0 }
    }

    /// Tells how many of all are done. What would show nothing new is not told.
    pub fn step(&mut self, done: usize, all: usize) {
        let percentage = u32::try_from(done * 100 / all.max(1)).unwrap_or(100);
        if percentage != self.percentage {
            self.percentage = percentage;
            // Nobody listens if the editor did not want to be told.
            let _ = self.steps.send((percentage, format!("{done} of {all}")));
        }
    }
}
