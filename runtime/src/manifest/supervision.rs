//! `[supervisor]` and `[[children]]`.

use super::tree::Table;
use super::{Spanned, grant_edit, units};
use crate::diagnostic::{CHILD_NAMED_TWICE, CHILD_UNASKED, Diagnostic, MISSING_KEY, Source};
use crate::trace::{ExitReason, names};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How an actor supervises its children. The words and the defaults are those of Erlang/OTP's
/// `supervisor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervision {
    /// Which children are restarted when one fails.
    pub strategy: Strategy,
    /// How many restarts there may be within the period. One more, and the supervisor gives up.
    pub intensity: u32,
    /// The period, to the millisecond.
    pub period: Duration,
    /// How long it waits before each restart; none for not at all.
    pub backoff: Option<Duration>,
    /// The children, in the order in which they are started.
    pub children: Vec<Child>,
}

/// Which children are restarted when one fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The one that failed.
    OneForOne,
    /// All.
    OneForAll,
    /// The one that failed, and those that were started after it.
    RestForOne,
}

/// One of `[[children]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its name, unique among its siblings.
    pub name: Spanned<String>,
    /// The project that it is: a folder or a `theater.toml`, from the manifest's folder.
    pub manifest: Spanned<PathBuf>,
    /// After which exits it is restarted.
    pub restart: Restart,
    /// What a restart begins with.
    pub state: RestartState,
    /// How it is stopped.
    pub shutdown: Shutdown,
    /// When it is started.
    pub start: ChildStart,
    /// The arguments of its `init`, as WAVE.
    pub init: Option<Spanned<String>>,
}

/// When a child is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildStart {
    /// With its supervisor.
    WithSupervisor,
    /// When the supervisor's component asks for it, as often as it does: it is a template.
    OnRequest,
}

/// After which exits a child is restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// After every exit.
    Permanent,
    /// After an exit that was not in order: a trap, a broken limit, a kill.
    Transient,
    /// Never.
    Temporary,
}

impl Restart {
    /// Whether a child is restarted after this exit.
    pub fn follows(self, exit: ExitReason) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => !exit.is_orderly(),
            Self::Temporary => false,
        }
    }
}

/// With which state a restarted child begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartState {
    /// The last committed one.
    Keep,
    /// None: `init` runs again.
    Fresh,
}

/// How a child is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// In order, with its `terminate`; after this time it is killed.
    Within(Duration),
    /// At once, without `terminate`.
    Kill,
    /// In order, however long that takes. For children that are supervisors themselves.
    Infinity,
}

names!(Strategy {
    OneForOne = "one-for-one",
    OneForAll = "one-for-all",
    RestForOne = "rest-for-one",
});
names!(Restart { Permanent = "permanent", Transient = "transient", Temporary = "temporary" });
names!(ChildStart { WithSupervisor = "with-supervisor", OnRequest = "on-request" });
names!(RestartState { Keep = "keep", Fresh = "fresh" });

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Within(time) => f.write_str(&units::duration(*time)),
            Self::Kill => f.write_str("kill"),
            Self::Infinity => f.write_str("infinity"),
        }
    }
}

impl Supervision {
    /// What the checked tables say. All words are the schema's, which has defaults for them.
    pub(super) fn read(table: &Table, children: &[Table]) -> Self {
        Self {
            strategy: Strategy::from_name(table.word("strategy")).unwrap_or(Strategy::OneForOne),
            intensity: table.number_u32("intensity"),
            period: table.duration("period"),
            backoff: table.optional_duration("backoff"),
            children: children.iter().filter_map(Child::read).collect(),
        }
    }

    /// The children that start with the supervisor, in this order.
    pub fn static_children(&self) -> impl Iterator<Item = &Child> {
        self.children.iter().filter(|child| child.start == ChildStart::WithSupervisor)
    }

    /// What may be asked for.
    pub fn templates(&self) -> impl Iterator<Item = &Child> {
        self.children.iter().filter(|child| child.is_template())
    }
}

impl Child {
    /// Whether it is started on request only.
    pub fn is_template(&self) -> bool {
        self.start == ChildStart::OnRequest
    }

    /// Whether the child stays ended after this exit, if it has exited: after the same exits its
    /// supervisor would not restart it.
    pub fn has_ended(&self, exit: Option<ExitReason>) -> bool {
        exit.is_some_and(|exit| !self.restart.follows(exit))
    }

    /// Nothing if a part that it needs is wrong, which is then reported.
    fn read(table: &Table) -> Option<Self> {
        let manifest = table.text("manifest")?;
        Some(Self {
            name: table.text("name")?,
            manifest: Spanned { value: manifest.value.into(), span: manifest.span },
            restart: Restart::from_name(table.word("restart")).unwrap_or(Restart::Permanent),
            state: RestartState::from_name(table.word("state")).unwrap_or(RestartState::Keep),
            shutdown: match table.optional_duration("shutdown") {
                Some(time) => Shutdown::Within(time),
                None if table.word("shutdown") == "kill" => Shutdown::Kill,
                None => Shutdown::Infinity,
            },
            start: ChildStart::from_name(table.word("start")).unwrap_or(ChildStart::WithSupervisor),
            init: table.text("init"),
        })
    }
}

/// What only the whole list of children shows.
pub(super) fn check(source: &Arc<Source>, root: &Table) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if root.table("supervisor").is_none()
        && let Some(entry) = root.entries.get("children")
    {
        let message = "a manifest with `[[children]]` needs `[supervisor]`";
        problems.push(
            Diagnostic::error(MISSING_KEY, message)
                .at(source, entry.key.clone(), "nobody would supervise them")
                .help("Add a table `[supervisor]`; it may be empty."),
        );
    }
    problems.extend(unasked(source, root));
    let mut seen: HashMap<String, Range<usize>> = HashMap::new();
    for name in root.tables("children").iter().filter_map(|child| child.text("name")) {
        if let Some(first) = seen.get(&name.value) {
            let message = format!("two children have the name `{}`", name.value);
            problems.push(
                Diagnostic::error(CHILD_NAMED_TWICE, message)
                    .at(source, name.span, "the second one")
                    .at(source, first.clone(), "the first one")
                    .help("Give each child a name of its own; several may have the same manifest."),
            );
            continue;
        }
        seen.insert(name.value, name.span);
    }
    problems
}

/// Children on request of a supervisor that cannot ask for them.
fn unasked(source: &Arc<Source>, root: &Table) -> Vec<Diagnostic> {
    let granted = root.table("handlers").is_some_and(|grants| grants.table("supervisor").is_some());
    let waits = |child: &&Table| child.word("start") == ChildStart::OnRequest.name() && !granted;
    let warning = |child: &Table| {
        let name = child.text("name")?;
        let message = format!("nobody can ask for `{}`: `supervisor` is not granted", name.value);
        let warning = Diagnostic::warning(CHILD_UNASKED, message)
            .at(source, name.span, "it starts on request only")
            .help("Add `supervisor = true` under `[handlers]`, or take away `start`.");
        Some(warning.maybe_fix("Grant `supervisor`", Some(grant_edit(source, "supervisor"))))
    };
    root.tables("children").iter().filter(waits).filter_map(warning).collect()
}
