//! The face for a person at a terminal.

use crate::start::Started;
use crate::{Ended, Options};
use theater_runtime::diagnostic::Diagnostic;

pub async fn run(started: Started, options: &Options) -> Result<Ended, Vec<Diagnostic>> {
    crate::batch::run(started.session, options).await
}
