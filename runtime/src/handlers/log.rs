use crate::boundary::{Binder, Source};
use crate::wire::wire_enum;
use std::fmt;
use wasmtime::component::{ComponentType, Lift, Lower};

/// The function whose calls are the log lines of a trace.
pub const WRITE: &str = "theater:host/log@0.1.0#write";

/// `theater:host/log.level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(missing_docs, reason = "the cases are documented in the contract")]
pub enum Level {
    #[component(name = "trace")]
    Trace,
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

wire_enum!(Level {
    Trace = "trace",
    Debug = "debug",
    Info = "info",
    Warn = "warn",
    Error = "error",
});

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// A line has no effect but to stand in the record: the call itself is the line. A line that is too
/// long is cut where it is shown.
pub fn bind(binder: &mut Binder<'_>) -> wasmtime::Result<()> {
    binder
        .function("write", Source::Actor, |context, (_, _): (Level, String)| context.count_lines(1))
}
