//! `theater.toml`: what an actor is, what it may do, and what it may use.
//!
//! [`Manifest::load`] reads a file, [`Manifest::parse`] a text that is already at hand. Both report
//! all problems at once. What a manifest may say stands in one table, [`schema::MANIFEST`]; the
//! checks (`check`, `scalar`), [`json_schema`] and [`reference()`] walk it.

pub mod schema;

mod bare;
mod check;
mod effective;
mod extract;
mod folders;
mod grant_edit;
mod json_schema;
mod link;
mod load;
mod name;
mod problems;
mod reference;
mod rule;
mod scalar;
mod supervision;
mod syntax;
mod tree;
pub(crate) mod units;

pub use bare::BareGrants;
pub(crate) use grant_edit::grant_edit;
pub use json_schema::json_schema;
pub use link::{Link, is_linkable};
pub use load::{FILE_NAME, LARGEST_MANIFEST};
pub use name::{BadName, LONGEST_NAME, check_name, valid_name};
pub use reference::{field_page, handler_page, reference};
pub use supervision::{Child, ChildStart, Restart, RestartState, Shutdown, Strategy, Supervision};
pub use syntax::syntax_errors;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Source};
use crate::trace::Durability;

/// What a `theater.toml` says, with defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The text that it was read from. All spans are bytes of it.
    pub source: Arc<Source>,
    /// The folder from which its paths start.
    pub dir: PathBuf,
    /// What the actor is.
    pub actor: Actor,
    /// How its component is made.
    pub build: Option<Build>,
    /// What it may do.
    pub handlers: Grants,
    /// Which other actors answer its imports, in the order of the imports' names.
    pub links: Vec<Link>,
    /// What one turn may use.
    pub limits: Limits,
    /// How a run is written that begins with it.
    pub run: RunSettings,
    /// How it supervises children, if it does.
    pub supervisor: Option<Supervision>,
}

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Bytes of the source; empty if the value is not written there.
    pub span: Range<usize>,
}

/// `[actor]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The actor's name. Always valid: in place of a wrong one stands the nearest valid one.
    pub name: Spanned<String>,
    /// The actor's own version.
    pub version: Option<Spanned<String>>,
    /// The component's file, from the manifest's folder.
    pub component: Option<Spanned<PathBuf>>,
    /// The world that the component implements.
    pub world: Option<Spanned<String>>,
    /// In which instances its turns run.
    pub instance: Instances,
    /// What becomes of imports that are not granted.
    pub unused_imports: UnusedImports,
    /// The arguments of `init`, as WAVE.
    pub init: Option<Spanned<String>>,
}

/// `unused-imports`: what becomes of imports of WASI 0.2 that are not granted, or that nobody answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnusedImports {
    /// The component is refused.
    #[default]
    Refuse,
    /// The component is loaded. A call of one of them is a trap that names it.
    Trap,
}

/// `instance`: in which instances of the component the turns run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Instances {
    /// Each turn in one of its own.
    #[default]
    Fresh,
    /// All in one that is kept, as long as no turn aborts and there is room for it.
    Warm,
}

/// `[build]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Build {
    /// Cargo builds the component.
    Rust {
        /// The folder of the package, from the manifest's folder; that folder itself if none.
        package: Option<Spanned<PathBuf>>,
        /// Where the language is named.
        language: Range<usize>,
    },
    /// The component is written in the text format.
    Wat {
        /// The file to encode, from the manifest's folder.
        source: Spanned<PathBuf>,
    },
    /// A command makes the component.
    Command {
        /// The program and its arguments; at least one.
        command: Vec<String>,
        /// The file that the command makes, from the manifest's folder.
        output: Spanned<PathBuf>,
    },
}

/// `[handlers]`: what is granted. `context` needs no grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Lines for people.
    pub log: Option<LogGrant>,
    /// State that outlives a turn.
    pub state: Option<StateGrant>,
    /// Messages to other actors.
    pub messenger: Option<MessengerGrant>,
    /// The time.
    pub clock: Option<ClockGrant>,
    /// Being called later.
    pub timer: Option<TimerGrant>,
    /// Children on request, and the ends of others.
    pub supervisor: Option<SupervisorGrant>,
    /// Random data.
    pub random: Option<RandomGrant>,
    /// Files and folders of the machine.
    pub filesystem: Option<FilesystemGrant>,
    /// Variables and arguments.
    pub environment: Option<EnvironmentGrant>,
    /// Where the keys stand, also those that say `false`.
    pub spans: BTreeMap<&'static str, Range<usize>>,
}

/// The grant of `log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGrant {
    /// The most lines in one turn; one more aborts the turn.
    pub max_lines: u32,
}

/// The grant of `state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateGrant {
    /// How large all keys and values together may be, in bytes.
    pub max_size: u64,
}

/// The grant of `messenger`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessengerGrant {
    /// The names under which it may write to others: `audit`, `shop/audit`, or the beginning of such
    /// a name and a `*`.
    pub to: Vec<String>,
}

impl MessengerGrant {
    /// Whether the actor may write to this name or path, as it says it.
    pub fn allows(&self, name: &str) -> bool {
        self.to.iter().any(|allowed| covers(allowed, name))
    }
}

/// Whether `NAME` or `PREFIX*` means all that another such pattern means.
pub(crate) fn covers(above: &str, name: &str) -> bool {
    above == name || above.strip_suffix('*').is_some_and(|prefix| name.starts_with(prefix))
}

/// The grant of `timer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerGrant {
    /// How many timers there may be at one time; one more aborts the turn.
    pub max: u32,
}

/// The grant of `supervisor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupervisorGrant {
    /// How many actors on request there may be below it at one time, at any depth.
    pub max: u32,
    /// The names of the actors that it may monitor and link itself to, written as those of
    /// [`MessengerGrant::to`].
    pub watch: Vec<String>,
}

impl SupervisorGrant {
    /// Whether the actor may watch this name or path, as it says it.
    pub fn allows_to_watch(&self, name: &str) -> bool {
        self.watch.iter().any(|allowed| covers(allowed, name))
    }
}

/// The grant of `clock`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClockGrant {}

/// The grant of `environment`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentGrant {
    /// The variables that are shown: `NAME`, `PREFIX*` or `NAME=value`.
    pub variables: Vec<String>,
    /// Variables that are shown, and recorded as digests only: `NAME` or `PREFIX*`.
    pub secret: Vec<String>,
    /// The arguments of the command line.
    pub arguments: Vec<String>,
}

/// The grant of `filesystem`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesystemGrant {
    /// The folders that the actor sees, and nothing else.
    pub folders: Vec<FolderGrant>,
    /// How many files, folders, listings and streams may be open at one time in a turn.
    pub max_open: u32,
}

/// A folder that an actor sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderGrant {
    /// The folder on this machine, from the manifest's folder. Absolute once the actor is loaded.
    pub host: Spanned<PathBuf>,
    /// Where the actor finds it: an absolute path.
    pub guest: Spanned<String>,
    /// What may be done there.
    pub access: Access,
    /// How large all that is in the folder may be, in bytes, for the actor to write more.
    pub max_size: u64,
}

/// What may be done in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Looking and reading.
    Read,
    /// Everything.
    Write,
}

/// The grant of `random`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RandomGrant {
    /// From what all answers follow, if they shall be the same in every run.
    pub seed: Option<u64>,
}

/// `[limits]`: what one turn may use. The default is the schema's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The memory of one instance, in bytes.
    pub memory: u64,
    /// Units of fuel.
    pub fuel: u64,
    /// Time on the wall clock, to the millisecond.
    pub timeout: Duration,
    /// The arguments, the result, or one import call, in encoded bytes.
    pub message: u64,
    /// How many messages may wait.
    pub mailbox: u32,
}

/// `[run]`: how a run is written that begins with the actor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunSettings {
    /// What answers wait for.
    pub durability: Durability,
}

/// The outcome of reading a manifest.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What could be read. Nothing if the file cannot be read, or is so little TOML that keys may be lost. With errors among the
    /// diagnostics it is good for further checks, but not to be run: defaults stand in place of
    /// what is wrong.
    pub manifest: Option<Manifest>,
    /// All problems, in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// The manifest with its warnings, or all problems if there is an error among them.
    pub fn into_result(self) -> Result<(Manifest, Vec<Diagnostic>), Vec<Diagnostic>> {
        match self.manifest {
            Some(manifest) if !self.diagnostics.iter().any(Diagnostic::is_error) => {
                Ok((manifest, self.diagnostics))
            }
            _ => Err(self.diagnostics),
        }
    }
}

impl Manifest {
    /// Reads a manifest's text. `dir` is the folder from which its paths start.
    pub fn parse(source: Arc<Source>, dir: &Path) -> Checked {
        let parsed = syntax::parse(&source);
        let (root, problems) = check::check(&source, &parsed);
        let lost = parsed.lost_from.is_some();
        let mut diagnostics = parsed.problems;
        diagnostics.extend(problems);
        diagnostics
            .sort_by_key(|problem| problem.labels.first().map_or(0, |label| label.span.start));
        let manifest = (!lost).then(|| extract::manifest(&root, source.clone(), dir));
        Checked { manifest, diagnostics }
    }

    /// Whether it describes a supervisor without a component of its own.
    pub fn is_supervisor_only(&self) -> bool {
        let Actor { component, world, .. } = &self.actor;
        let has_component = component.is_some() || world.is_some() || self.build.is_some();
        self.supervisor.is_some() && !has_component
    }

    /// Whether a handler may be used: by its grant, or because every actor has it.
    pub fn grants(&self, handler_name: &str) -> bool {
        self.handlers.has(handler_name)
    }

    /// A path of the manifest, from where the program stands.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        // As a person would write it, for the reports.
        if self.dir == Path::new(".") { path.to_owned() } else { self.dir.join(path) }
    }
}

#[cfg(test)]
mod tests;
