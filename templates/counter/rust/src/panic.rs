//! Panics in the trace: Theater shows their message, with file and line.

use crate::theater::host::context;

/// Runs in every new instance, before any message.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    std::panic::set_hook(Box::new(|panic| {
        // Place and message are on lines of their own; a trace shows them best on one.
        context::abort(&panic.to_string().replacen('\n', " ", 1));
    }));
}
