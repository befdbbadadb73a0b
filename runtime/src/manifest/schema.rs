//! What a manifest may say: one table, [`MANIFEST`], from which the checks, the JSON Schema, the
//! reference page and the editor's completion all follow.

use std::time::Duration;

/// 1024 bytes.
pub const KIB: u64 = 1024;
/// 1024 KiB.
pub const MIB: u64 = 1024 * KIB;
/// 1024 MiB.
pub const GIB: u64 = 1024 * MIB;

/// The longest turn that a manifest may allow.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// One key of a table: what it is called, what it takes, and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it is for, in Markdown: one or a few sentences.
    pub doc: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Whether the table is wrong without it.
    pub required: bool,
    /// What holds without it, as a TOML value.
    pub default: Option<&'static str>,
    /// A value to show, as a TOML value; empty for tables.
    pub example: &'static str,
}

/// What values a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A text in quotes that follows a rule.
    Text(Rule),
    /// A whole number.
    Integer {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// A text such as `"64MiB"`, in bytes.
    Size {
        /// The least, in bytes.
        min: u64,
        /// The greatest, in bytes.
        max: u64,
    },
    /// A text such as `"250ms"`, longer than nothing.
    Duration {
        /// The longest.
        max: Duration,
    },
    /// A text such as `"5s"`, longer than nothing, or one of these words.
    DurationOr {
        /// The longest.
        max: Duration,
        /// The words.
        words: &'static [&'static str],
    },
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// The path of a file, relative to the manifest's folder.
    Path,
    /// A list of texts that has at least one.
    TextList,
    /// A list of texts that follow a rule; it may be empty.
    Texts(Rule),
    /// A table with these keys.
    Table(&'static [Field]),
    /// A list of tables with these keys, at most `max` of them.
    Tables {
        /// The keys of each.
        fields: &'static [Field],
        /// How many there may be.
        max: usize,
    },
    /// A table whose keys are chosen by whoever writes it, and whose values are tables. A text in place
    /// of such a table stands for its first key.
    Keyed {
        /// What the keys must look like.
        key: Rule,
        /// A key to show, as TOML.
        example: &'static str,
        /// The keys of each table.
        fields: &'static [Field],
    },
    /// One of these kinds. Tables among them are told apart by their first keys.
    OneOf(&'static [Kind]),
    /// A table whose keys are handlers of the catalog: `true`, `false`, or their settings.
    Handlers,
}

/// What a text must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Any text.
    Any,
    /// The name of an actor, see [`check_name`](super::check_name).
    Name,
    /// Three numbers, such as `0.1.0`, with an optional pre-release and build as in semver.
    Version,
    /// A world's name, alone or with its package.
    World,
    /// A program and its arguments, separated by blanks. No shell reads it.
    Command,
    /// Variables of the environment: `NAME`, `PREFIX*` or `NAME=value`.
    Variable,
    /// The same without a value.
    VariableName,
    /// Where a component finds a folder: an absolute path with `/`, without `.`, `..` and empty
    /// parts.
    GuestPath,
    /// An interface of a package in WIT, with or without a version: `shop:inventory/stock@0.1.0`.
    Interface,
    /// The name of an actor, or several joined by `/`: `shop/inventory`.
    ActorPath,
    /// The same, or its beginning and a `*`.
    Recipient,
}

impl Field {
    /// An optional key without a default.
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, doc, kind, required: false, default: None, example: "" }
    }

    /// Sets what holds without the key, which also serves as the example.
    pub const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), example: default, ..self }
    }

    /// Sets the value to show.
    pub const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// Makes the table wrong without the key.
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

impl Kind {
    /// The kind in words, such as "a whole number".
    pub fn words(&self) -> String {
        match self {
            Kind::Bool => "`true` or `false`".to_owned(),
            Kind::Text(_) | Kind::Path => "a text in quotes".to_owned(),
            Kind::Choice(words) => match words {
                [only] => format!("`\"{only}\"`"),
                _ => format!("one of {}", list(words)),
            },
            Kind::Integer { .. } => "a whole number".to_owned(),
            Kind::Size { .. } => "a size such as `\"64MiB\"`".to_owned(),
            Kind::Duration { .. } => "a duration such as `\"5s\"`".to_owned(),
            Kind::DurationOr { words, .. } => {
                format!("a duration such as `\"5s\"`, or {}", list(words))
            }
            Kind::TextList | Kind::Texts(_) => "a list of texts".to_owned(),
            Kind::Table(_) | Kind::Handlers | Kind::Keyed { .. } => "a table".to_owned(),
            Kind::Tables { .. } => "a list of tables".to_owned(),
            Kind::OneOf(kinds) => {
                let mut words: Vec<String> = kinds.iter().map(Kind::words).collect();
                words.dedup();
                words.join(", or ")
            }
        }
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
}

/// The whole manifest.
pub static MANIFEST: &[Field] = &[
    Field::new("actor", Kind::Table(ACTOR), "What the actor is.").required(),
    Field::new(
        "build",
        Kind::OneOf(&[Kind::Table(BUILD_LANGUAGE), Kind::Table(BUILD_COMMAND)]),
        "How `theater build` makes the component: from a language that Theater knows, or by a \
         command of your own.",
    ),
    Field::new(
        "handlers",
        Kind::Handlers,
        "What the actor may do. Nothing is granted that is not written here.",
    )
    .default("{}"),
    Field::new(
        "links",
        Kind::Keyed { key: Rule::Interface, example: r#""shop:inventory/stock""#, fields: LINK },
        "Which of the actor's imports are answered by other actors. A key is an interface as the world \
         imports it, with or without a version; the value is the name of the actor that exports it.",
    ),
    Field::new(
        "limits",
        Kind::Table(LIMITS),
        "What one turn may use. A turn that breaks a limit is aborted and changes nothing.",
    )
    .default("{}"),
    Field::new(
        "run",
        Kind::Table(RUN),
        "How a run is written that begins with this actor, alone or with its children. In the manifest of \
         a child it has no effect.",
    )
    .default("{}"),
    Field::new(
        "supervisor",
        Kind::Table(SUPERVISOR),
        "How the actor supervises its children, as in Erlang/OTP. Without a `component`, a `world` \
         and a `[build]` it does nothing else.",
    ),
    Field::new(
        "children",
        Kind::Tables { fields: CHILD, max: 10_000 },
        "The actors that start with this one, in this order, and end before it, in reverse order.",
    ),
];

/// `[actor]`.
const ACTOR: &[Field] = &[
    Field::new(
        "name",
        Kind::Text(Rule::Name),
        "The actor's name: words of a–z and 0–9, joined by `-`, the first beginning with a letter.",
    )
    .required()
    .example(r#""counter""#),
    Field::new("version", Kind::Text(Rule::Version), "The actor's own version.")
        .example(r#""0.1.0""#),
    Field::new(
        "component",
        Kind::Path,
        "The WebAssembly component to run, a path from the manifest's folder.",
    )
    .example(r#""build/counter.wasm""#),
    Field::new(
        "world",
        Kind::Text(Rule::World),
        "The world that the component implements, one of those in the folder `wit`.",
    )
    .example(r#""counter""#),
    Field::new(
        "instance",
        Kind::Choice(&["fresh", "warm"]),
        "Where turns run: each in a fresh instance of the component, or all in one that is kept \
         `warm`. Fresh is nearly free and leaves no hidden state; warm is for components that are \
         dear to start, such as an embedded JavaScript or Python engine. The memory of a warm \
         instance is a cache: it may vanish between any two turns, and what must last belongs in \
         the `state` handler.",
    )
    .default(r#""fresh""#),
    Field::new(
        "unused-imports",
        Kind::Choice(&["refuse", "trap"]),
        "What becomes of imports of WASI 0.2 that are not granted, or that Theater does not answer. A \
         component with such imports is refused, unless it is said here that they `trap`: then it \
         is loaded, and a turn that calls one of them aborts with the name of the function. For \
         components whose toolchain links more than they use. `theater inspect` shows which \
         imports that are.",
    )
    .default(r#""refuse""#),
    Field::new(
        "init",
        Kind::Text(Rule::Any),
        "The arguments of the actor's `init`, as WAVE. Needed if `init` has parameters.",
    )
    .example(r#"'{start: 5}'"#),
];

/// `[build]` with a language that Theater knows.
pub(super) const BUILD_LANGUAGE: &[Field] = &[
    Field::new(
        "language",
        Kind::Choice(&["rust", "wat"]),
        "What the actor is written in. For anything else write a `command` instead.",
    )
    .required()
    .example(r#""rust""#),
    Field::new(
        "source",
        Kind::Path,
        "For `rust` the folder of the Cargo package, by default the manifest's own. For `wat` the \
         file to encode, a component in the text format; it must be named.",
    )
    .example(r#""src/counter.wat""#),
];

/// `[build]` by a command.
const BUILD_COMMAND: &[Field] = &[
    Field::new(
        "command",
        Kind::OneOf(&[Kind::TextList, Kind::Text(Rule::Command)]),
        "The program that makes the component, with its arguments: a list, or a text that is \
         split at blanks. It runs in the manifest's folder, without a shell.",
    )
    .required()
    .example(r#"["make", "component"]"#),
    Field::new("output", Kind::Path, "The file that the command makes.")
        .required()
        .example(r#""target/counter.wasm""#),
];

/// A table of `[links]`. A text stands for its first key.
const LINK: &[Field] = &[
    Field::new(
        "actor",
        Kind::Text(Rule::ActorPath),
        "The actor that answers: its name, looked up among one's own children first, then among one's \
         siblings, then among the supervisor's siblings, and so on; or a path such as `shop/inventory`, \
         whose first name is looked up so.",
    )
    .required()
    .example(r#""inventory""#),
    Field::new(
        "timeout",
        Kind::Duration { max: DAY },
        "How long a call may wait for its answer. Without it as long as the caller's turn may take.",
    )
    .example(r#""2s""#),
];

/// `[limits]`.
pub(super) const LIMITS: &[Field] = &[
    Field::new(
        "memory",
        // Less than one page of WebAssembly memory would let no memory exist at all.
        Kind::Size { min: 64 * KIB, max: 4 * GIB },
        "The memory of one instance.",
    )
    .default(r#""64MiB""#),
    Field::new(
        "fuel",
        Kind::Integer { min: 1, max: i64::MAX as u64 },
        "How much one turn may compute. One unit is about one WebAssembly instruction.",
    )
    .default("1_000_000_000"),
    Field::new(
        "timeout",
        Kind::Duration { max: DAY },
        "How long one turn may take on the wall clock, waiting included.",
    )
    .default(r#""5s""#),
    Field::new(
        "message",
        Kind::Size { min: 1, max: 16 * MIB },
        "How large the arguments, the result, or one import call of a turn may be, encoded.",
    )
    .default(r#""1MiB""#),
    Field::new(
        "mailbox",
        Kind::Integer { min: 1, max: u32::MAX as u64 },
        "How many messages may wait. Further ones are refused.",
    )
    .default("10_000"),
];

/// `[run]`.
const RUN: &[Field] = &[Field::new(
    "durability",
    Kind::Choice(&["async", "group", "sync"]),
    "What an answer to the outside waits for. `group`: its record is on disk; all records that wait go \
     there together. `sync`: the same, and each record is brought to disk by itself. `async`: \
     the operating system has the record, and brings it to disk within some milliseconds; an answer \
     is given without waiting for the disk, and the last ones may be lost when the machine dies (not \
     when only Theater does). A run keeps what it began with, unless `--durability` says \
     something else.",
)
.default(r#""group""#)];

/// `[supervisor]`. The defaults are those of Erlang/OTP's `supervisor`.
pub(super) const SUPERVISOR: &[Field] = &[
    Field::new(
        "strategy",
        Kind::Choice(&["one-for-one", "one-for-all", "rest-for-one"]),
        "Which children are restarted when one fails: that one, all, or that one and those after it.",
    )
    .default(r#""one-for-one""#),
    Field::new(
        "intensity",
        Kind::Integer { min: 0, max: u32::MAX as u64 },
        "How many restarts there may be within the period. At one more the supervisor stops all its \
         children and ends itself.",
    )
    .default("1"),
    Field::new(
        "period",
        Kind::Duration { max: DAY },
        "The period within which restarts are counted.",
    )
    .default(r#""5s""#),
    Field::new(
        "backoff",
        Kind::Duration { max: DAY },
        "How long the supervisor waits before each restart. Without it, not at all.",
    )
    .example(r#""100ms""#),
];

/// One of `[[children]]`.
pub(super) const CHILD: &[Field] = &[
    Field::new(
        "name",
        Kind::Text(Rule::Name),
        "The child's name among its siblings. Others know it as `PARENT/NAME`.",
    )
    .required()
    .example(r#""inventory""#),
    Field::new(
        "manifest",
        Kind::Path,
        "The child's project: a folder with a `theater.toml`, from the manifest's folder.",
    )
    .required()
    .example(r#""../inventory""#),
    Field::new(
        "restart",
        Kind::Choice(&["permanent", "transient", "temporary"]),
        "After which exits the child is restarted: after every one, after one that was not in order, \
         or never.",
    )
    .default(r#""permanent""#),
    Field::new(
        "state",
        Kind::Choice(&["keep", "fresh"]),
        "With which state a restart begins: the last committed one, or none, after a new `init`.",
    )
    .default(r#""keep""#),
    Field::new(
        "shutdown",
        Kind::DurationOr { max: DAY, words: &["kill", "infinity"] },
        "How long the child may take to end in order, before it is killed. `kill` does that at once; \
         `infinity` never.",
    )
    .default(r#""5s""#),
    Field::new(
        "start",
        Kind::Choice(&["with-supervisor", "on-request"]),
        "When the child is started: with its supervisor, or when the supervisor's component asks for it with \
         `theater:host/supervisor`, under a name that it chooses and as often as it does.",
    )
    .default(r#""with-supervisor""#),
    Field::new(
        "init",
        Kind::Text(Rule::Any),
        "The arguments of the child's `init`, as WAVE, in place of those in its own manifest.",
    )
    .example(r#"'{start: 5}'"#),
];
