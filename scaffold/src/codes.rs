//! The kinds of problems of this crate: `TH08`.

theater_runtime::codes! {
    /// Every code of this crate, in order.

    PATH_EXISTS = "TH0801", "a path is taken";
    CANNOT_CREATE = "TH0802", "a project cannot be written";
    NO_TEMPLATE = "TH0803", "a template does not exist";
    NOTHING_TO_BUILD = "TH0804", "a manifest does not say how to build";
    BUILD_COMMAND = "TH0805", "a build command failed";
    BUILD_OUTPUT = "TH0806", "a build made no component";
    CANNOT_WRITE = "TH0807", "a component cannot be written";
    TOOL_MISSING = "TH0808", "a tool that a build needs is missing";
    CARGO_FAILED = "TH0809", "cargo could not build an actor";
    CARGO_MODULE = "TH0810", "a Cargo package makes no WebAssembly module";
    CANNOT_WATCH = "TH0811", "a project cannot be watched";
}
