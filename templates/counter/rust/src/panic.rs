//! Panics in the trace: Theater shows their message, with file and line.

/// Runs in every new instance, before any message.
#[cfg(target_arch = "wasm32")]
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    use crate::theater::host::context;

    // A panic gives its place and its message on two lines; a trace shows them best on one.
    std::panic::set_hook(Box::new(|panic| {
        context::abort(&panic.to_string().replacen('\n', " ", 1));
    }));
}
