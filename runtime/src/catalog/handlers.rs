use super::{Handler, Interface};
use crate::manifest::schema::{Field, GIB, Kind, Rule};

/// Every handler, in the order of the manual.
pub static HANDLERS: &[Handler] = &[
    CONTEXT,
    WASI,
    LOG,
    STATE,
    MESSENGER,
    CLOCK,
    TIMER,
    SUPERVISOR,
    RANDOM,
    ENVIRONMENT,
    FILESYSTEM,
];

const HOST: &str = "theater:host";

/// The callbacks.
const ACTOR: &str = "theater:actor";

const CONTEXT: Handler = Handler {
    name: "context",
    summary: "who the actor is, who calls it, and how it ends itself",
    doc: include_str!("docs/context.md"),
    always: true,
    imports: &[Interface {
        package: HOST,
        name: "context",
        version: "0.1.0",
        functions: &["name", "id", "turn", "sender", "stop", "abort"],
        resources: &[],
    }],
    exports: &[
        Interface {
            package: ACTOR,
            name: "lifecycle",
            version: "0.1.0",
            functions: &["terminate"],
            resources: &[],
        },
        Interface {
            package: ACTOR,
            name: "upgrade",
            version: "0.1.0",
            functions: &["upgrade"],
            resources: &[],
        },
    ],
    receives: &[],
    settings: &[],
};

const CLI: &str = "wasi:cli";

/// An interface of `wasi:cli`.
const fn cli(
    name: &'static str,
    functions: &'static [&'static str],
    resources: &'static [&'static str],
) -> Interface {
    Interface { package: CLI, name, version: "0.2.0", functions, resources }
}

const WASI: Handler = Handler {
    name: "wasi",
    summary: "what every WASI toolchain links: streams, waiting, exit, and no terminal",
    doc: include_str!("docs/wasi.md"),
    always: true,
    imports: &[
        Interface {
            package: "wasi:io",
            name: "error",
            version: "0.2.0",
            functions: &["[method]error.to-debug-string"],
            resources: &["error"],
        },
        Interface {
            package: "wasi:io",
            name: "poll",
            version: "0.2.0",
            functions: &["[method]pollable.ready", "[method]pollable.block", "poll"],
            resources: &["pollable"],
        },
        Interface {
            package: "wasi:io",
            name: "streams",
            version: "0.2.0",
            functions: &[
                "[method]input-stream.read",
                "[method]input-stream.blocking-read",
                "[method]input-stream.skip",
                "[method]input-stream.blocking-skip",
                "[method]input-stream.subscribe",
                "[method]output-stream.check-write",
                "[method]output-stream.write",
                "[method]output-stream.blocking-write-and-flush",
                "[method]output-stream.flush",
                "[method]output-stream.blocking-flush",
                "[method]output-stream.subscribe",
                "[method]output-stream.write-zeroes",
                "[method]output-stream.blocking-write-zeroes-and-flush",
                "[method]output-stream.splice",
                "[method]output-stream.blocking-splice",
            ],
            resources: &["input-stream", "output-stream"],
        },
        cli("exit", &["exit", "exit-with-code"], &[]),
        cli("stdin", &["get-stdin"], &[]),
        cli("terminal-input", &[], &["terminal-input"]),
        cli("terminal-output", &[], &["terminal-output"]),
        cli("terminal-stdin", &["get-terminal-stdin"], &[]),
        cli("terminal-stdout", &["get-terminal-stdout"], &[]),
        cli("terminal-stderr", &["get-terminal-stderr"], &[]),
    ],
    exports: &[],
    receives: &[],
    settings: &[],
};

const LOG: Handler = Handler {
    name: "log",
    summary: "lines for people, live and in the trace",
    doc: include_str!("docs/log.md"),
    always: false,
    imports: &[
        Interface {
            package: HOST,
            name: "log",
            version: "0.1.0",
            functions: &["write"],
            resources: &[],
        },
        cli("stdout", &["get-stdout"], &[]),
        cli("stderr", &["get-stderr"], &[]),
    ],
    exports: &[],
    receives: &[],
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
    receives: &[],
    settings: &[Field::new(
        "max-size",
        Kind::Size { min: 1, max: 64 * GIB },
        "How large all keys and values together may be. A `set` beyond it aborts the turn.",
    )
    .default(r#""64MiB""#)],
};

const MESSENGER: Handler = Handler {
    name: "messenger",
    summary: "messages to other actors, those that the grant names",
    doc: include_str!("docs/messenger.md"),
    always: false,
    imports: &[Interface {
        package: HOST,
        name: "messenger",
        version: "0.1.0",
        functions: &["send", "request", "lookup"],
        resources: &[],
    }],
    exports: &[],
    receives: &[Interface {
        package: ACTOR,
        name: "inbox",
        version: "0.1.0",
        functions: &["message", "request"],
        resources: &[],
    }],
    settings: &[Field::new(
        "to",
        Kind::Texts(Rule::Recipient),
        "The names under which the actor may write to others: a name or path such as `audit` or \
         `shop/audit`, or the beginning of one and a `*`. Without any it may write to nobody.",
    )
    .default("[]")
    .example(r#"["audit", "workers/*"]"#)],
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
            functions: &["now", "resolution", "subscribe-instant", "subscribe-duration"],
            resources: &[],
        },
    ],
    exports: &[],
    receives: &[],
    settings: &[],
};

const TIMER: Handler = Handler {
    name: "timer",
    summary: "being called later, once or again and again",
    doc: include_str!("docs/timer.md"),
    always: false,
    imports: &[Interface {
        package: HOST,
        name: "timer",
        version: "0.1.0",
        functions: &["after", "every", "cancel"],
        resources: &[],
    }],
    exports: &[Interface {
        package: ACTOR,
        name: "timer-callback",
        version: "0.1.0",
        functions: &["tick"],
        resources: &[],
    }],
    receives: &[],
    settings: &[Field::new(
        "max",
        Kind::Integer { min: 1, max: u32::MAX as u64 },
        "How many timers there may be at one time. One more aborts the turn.",
    )
    .default("1000")],
};

const SUPERVISOR: Handler = Handler {
    name: "supervisor",
    summary: "children on request, and being told of the ends of other actors",
    doc: include_str!("docs/supervisor.md"),
    always: false,
    imports: &[
        Interface {
            package: HOST,
            name: "supervisor",
            version: "0.1.0",
            functions: &["spawn", "stop", "restart", "list", "find"],
            resources: &[],
        },
        Interface {
            package: HOST,
            name: "monitor",
            version: "0.1.0",
            functions: &["monitor", "demonitor", "link", "unlink"],
            resources: &[],
        },
    ],
    exports: &[
        Interface {
            package: ACTOR,
            name: "supervisor-callback",
            version: "0.1.0",
            functions: &["started", "exited", "restarted", "gave-up"],
            resources: &[],
        },
        Interface {
            package: ACTOR,
            name: "monitor-callback",
            version: "0.1.0",
            functions: &["down"],
            resources: &[],
        },
    ],
    receives: &[],
    settings: &[
        Field::new(
            "max",
            Kind::Integer { min: 1, max: u32::MAX as u64 },
            "How many actors on request there may be below this one at one time, at any depth. One more \
             is refused.",
        )
        .default("1000"),
        Field::new(
            "watch",
            Kind::Texts(Rule::Recipient),
            "The names of the actors that it may monitor and link itself to: a name or path such as `audit` \
             or `shop/audit`, or the beginning of one and a `*`. Without any it may watch nobody.",
        )
        .default("[]")
        .example(r#"["workers/*"]"#),
    ],
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
    receives: &[],
    settings: &[Field::new(
        "seed",
        // TOML promises 64-bit signed integers only.
        Kind::Integer { min: 0, max: i64::MAX as u64 },
        "Makes the answers a fixed sequence, the same in every run. For tests: such data is not \
         secret.",
    )
    .example("42")],
};

const ENVIRONMENT: Handler = Handler {
    name: "environment",
    summary: "variables and arguments, those that the manifest names",
    doc: include_str!("docs/environment.md"),
    always: false,
    imports: &[cli("environment", &["get-environment", "get-arguments", "initial-cwd"], &[])],
    exports: &[],
    receives: &[],
    settings: &[
        Field::new(
            "variables",
            Kind::Texts(Rule::Variable),
            "The variables that are shown: `NAME`, `PREFIX*`, or `NAME=value` for a fixed value.",
        )
        .default("[]")
        .example(r#"["LANG", "APP_*"]"#),
        Field::new(
            "secret",
            Kind::Texts(Rule::VariableName),
            "Variables that are shown too, and recorded as digests only: `NAME` or `PREFIX*`.",
        )
        .default("[]")
        .example(r#"["API_KEY"]"#),
        Field::new("arguments", Kind::Texts(Rule::Any), "The command-line arguments.")
            .default("[]")
            .example(r#"["--verbose"]"#),
    ],
};

const FILESYSTEM: Handler = Handler {
    name: "filesystem",
    summary: "files and folders of the machine, those that the grant names",
    doc: include_str!("docs/filesystem.md"),
    always: false,
    imports: &[
        Interface {
            package: "wasi:filesystem",
            name: "types",
            version: "0.2.0",
            functions: &[
                "[method]descriptor.read-via-stream",
                "[method]descriptor.write-via-stream",
                "[method]descriptor.append-via-stream",
                "[method]descriptor.advise",
                "[method]descriptor.sync-data",
                "[method]descriptor.get-flags",
                "[method]descriptor.get-type",
                "[method]descriptor.set-size",
                "[method]descriptor.set-times",
                "[method]descriptor.read",
                "[method]descriptor.write",
                "[method]descriptor.read-directory",
                "[method]descriptor.sync",
                "[method]descriptor.create-directory-at",
                "[method]descriptor.stat",
                "[method]descriptor.stat-at",
                "[method]descriptor.set-times-at",
                "[method]descriptor.link-at",
                "[method]descriptor.open-at",
                "[method]descriptor.readlink-at",
                "[method]descriptor.remove-directory-at",
                "[method]descriptor.rename-at",
                "[method]descriptor.symlink-at",
                "[method]descriptor.unlink-file-at",
                "[method]descriptor.is-same-object",
                "[method]descriptor.metadata-hash",
                "[method]descriptor.metadata-hash-at",
                "[method]directory-entry-stream.read-directory-entry",
                "filesystem-error-code",
            ],
            resources: &["descriptor", "directory-entry-stream"],
        },
        Interface {
            package: "wasi:filesystem",
            name: "preopens",
            version: "0.2.0",
            functions: &["get-directories"],
            resources: &[],
        },
    ],
    exports: &[],
    receives: &[],
    settings: &[
        Field::new(
            "folders",
            Kind::Tables { fields: FOLDER, max: MAX_FOLDERS },
            "The folders that the actor sees, and nothing else. Without any it sees none.",
        )
        .default("[]")
        .example(r#"[{ host = "data", guest = "/data" }]"#),
        Field::new(
            "max-open",
            Kind::Integer { min: 1, max: 1024 },
            "How many files, folders, listings and streams may be open at one time. One more \
             aborts the turn.",
        )
        .default("256"),
    ],
};

/// The most folders of one grant.
pub const MAX_FOLDERS: usize = 32;

const FOLDER: &[Field] = &[
    Field::new(
        "host",
        Kind::Path,
        "The folder on this machine, a path from the manifest's folder. It must exist when the \
         actor starts.",
    )
    .required()
    .example(r#""data""#),
    Field::new(
        "guest",
        Kind::Text(Rule::GuestPath),
        "Where the actor finds it: an absolute path, such as `/data`.",
    )
    .required()
    .example(r#""/data""#),
    Field::new(
        "access",
        Kind::Choice(&["read", "write"]),
        "`\"read\"` for looking and reading, `\"write\"` for everything.",
    )
    .default(r#""read""#),
    Field::new(
        "max-size",
        Kind::Size { min: 1, max: 1024 * GIB },
        "How large all that is in the folder may be, each file and folder counted with its size \
         and 4KiB. What would grow it further fails with `quota`. Only with `access = \"write\"`.",
    )
    .default(r#""1GiB""#),
];
