use super::{Handler, Interface};
use crate::manifest::schema::{Field, GIB, Kind};

/// Every handler, in the order of the manual.
pub static HANDLERS: &[Handler] = &[CONTEXT, LOG, STATE, CLOCK, RANDOM];

const HOST: &str = "theater:host";

const CONTEXT: Handler = Handler {
    name: "context",
    summary: "who the actor is, who calls it, and how it ends itself",
    doc: include_str!("docs/context.md"),
    always: true,
    imports: &[Interface {
        package: HOST,
        name: "context",
        version: "0.1.0",
        functions: &["name", "id", "turn", "sender", "stop"],
        resources: &[],
    }],
    exports: &[
        Interface {
            package: "theater:actor",
            name: "lifecycle",
            version: "0.1.0",
            functions: &["terminate"],
            resources: &[],
        },
        Interface {
            package: "theater:actor",
            name: "upgrade",
            version: "0.1.0",
            functions: &["upgrade"],
            resources: &[],
        },
    ],
    settings: &[],
};

const LOG: Handler = Handler {
    name: "log",
    summary: "lines for people, live and in the trace",
    doc: include_str!("docs/log.md"),
    always: false,
    imports: &[Interface {
        package: HOST,
        name: "log",
        version: "0.1.0",
        functions: &["write"],
        resources: &[],
    }],
    exports: &[],
    settings: &[Field::new(
        "max-lines",
        Kind::Integer { min: 1, max: u32::MAX as u64 },
        "The most lines in one turn. One more aborts the turn.",
    )
    .default("1000")],
};

const STATE: Handler = Handler {
    name: "state",
    summary: "an ordered map of keys to values that outlives a turn",
    doc: include_str!("docs/state.md"),
    always: false,
    imports: &[Interface {
        package: HOST,
        name: "state",
        version: "0.1.0",
        functions: &["get", "set", "delete", "exists", "list-keys"],
        resources: &[],
    }],
    exports: &[],
    settings: &[Field::new(
        "max-size",
        Kind::Size { min: 1, max: 64 * GIB },
        "How large all keys and values together may be. A `set` beyond it aborts the turn.",
    )
    .default(r#""64MiB""#)],
};

const CLOCK: Handler = Handler {
    name: "clock",
    summary: "the time of day, and a clock for measuring durations",
    doc: include_str!("docs/clock.md"),
    always: false,
    imports: &[
        Interface {
            package: "wasi:clocks",
            name: "wall-clock",
            version: "0.2.0",
            functions: &["now", "resolution"],
            resources: &[],
        },
        Interface {
            package: "wasi:clocks",
            name: "monotonic-clock",
            version: "0.2.0",
            functions: &["now", "resolution"],
            resources: &[],
        },
    ],
    exports: &[],
    settings: &[],
};

const RANDOM: Handler = Handler {
    name: "random",
    summary: "random data, if wished from a fixed seed",
    doc: include_str!("docs/random.md"),
    always: false,
    imports: &[
        Interface {
            package: "wasi:random",
            name: "random",
            version: "0.2.0",
            functions: &["get-random-bytes", "get-random-u64"],
            resources: &[],
        },
        Interface {
            package: "wasi:random",
            name: "insecure",
            version: "0.2.0",
            functions: &["get-insecure-random-bytes", "get-insecure-random-u64"],
            resources: &[],
        },
        Interface {
            package: "wasi:random",
            name: "insecure-seed",
            version: "0.2.0",
            functions: &["insecure-seed"],
            resources: &[],
        },
    ],
    exports: &[],
    settings: &[Field::new(
        "seed",
        // TOML promises 64-bit signed integers only.
        Kind::Integer { min: 0, max: i64::MAX as u64 },
        "Makes the answers a fixed sequence, the same in every run. For tests: such data is not \
         secret.",
    )
    .example("42")],
};
