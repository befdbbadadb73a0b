//! Where a project is, and where its runs are.

use crate::cache::open_run;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::{Path, PathBuf};
use theater_runtime::diagnostic::Result;
use theater_runtime::manifest::{BareGrants, FILE_NAME};
use theater_runtime::node::Start;
use theater_runtime::replay::History;
use theater_runtime::trace::{Durability, RunDir};

/// The folder of runs below a project.
const DATA: &str = ".theater";

/// `--data`.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// Where the runs are [default: .theater in the project's folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// `--trace` and `--data`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// The folder of the run, or a file made by `theater trace export` [default: the newest run]
    #[arg(long, value_name = "PATH", conflicts_with = "data")]
    pub trace: Option<PathBuf>,

    #[command(flatten)]
    pub data: DataArgs,
}

impl DataArgs {
    /// The folder below which the runs are; `base` is the project's folder.
    pub fn folder(&self, base: Option<&Path>) -> PathBuf {
        match (&self.data, base) {
            (Some(data), _) => data.clone(),
            (None, Some(base)) => base.join(DATA),
            (None, None) => PathBuf::from(DATA),
        }
    }

    /// The folder below which the runs are: of the current folder if it has some, else of the
    /// project around it.
    pub fn here(&self) -> PathBuf {
        let here = Path::new(DATA).join("runs").is_dir();
        self.folder(find().filter(|_| !here).as_deref())
    }

    /// The run in a folder or file, or the one with this id.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn run(&self, named: &Path) -> Result<RunDir> {
        let below = self.here().join("runs").join(named);
        match !named.exists() && below.is_dir() {
            true => RunDir::open(&below),
            false => open_run(named),
        }
    }
}

impl TraceArgs {
    /// The run that is meant.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn run(&self) -> Result<RunDir> {
        self.run_by(open_run)
    }

    /// The same, for a question about the file itself: whatever is kept of it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn run_of_file(&self) -> Result<RunDir> {
        self.run_by(RunDir::open)
    }

    fn run_by(&self, open: fn(&Path) -> Result<RunDir>) -> Result<RunDir> {
        match &self.trace {
            Some(path) => open(path),
            None => RunDir::latest(&self.data.here()),
        }
    }

    /// What happened in it.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be read.
    pub fn history(&self) -> Result<History> {
        History::load(&self.run()?)
    }
}

/// The project in the current folder or in one above it.
pub fn find() -> Option<PathBuf> {
    if Path::new(FILE_NAME).is_file() {
        return Some(PathBuf::new());
    }
    let here = std::env::current_dir().ok()?;
    here.ancestors().find(|folder| folder.join(FILE_NAME).is_file()).map(Path::to_owned)
}

/// Which actor to start with, and where its runs are.
#[derive(Debug, Args)]
pub struct ActorArgs {
    /// A project's folder, or a component, .wasm or .wat [default: the project around the current
    /// folder]
    pub path: Option<PathBuf>,

    #[command(flatten)]
    pub data: DataArgs,

    /// Handlers for components without a project, such as log,clock, and folders, such as
    /// filesystem=data:/data or filesystem=out:/out:write: nothing is granted otherwise
    #[arg(long, value_name = "HANDLERS")]
    pub grant: Vec<String>,

    /// For components without a project: load one whose imports of WASI 0.2 are not all granted. A
    /// turn that calls one that is not granted aborts
    #[arg(long)]
    pub trap_unused_imports: bool,

    /// The arguments of the actor's `init`, such as '(5, name: "x")'
    #[arg(long, value_name = "ARGUMENTS", allow_hyphen_values = true)]
    pub init: Option<String>,

    /// What answers wait for: `group` and `sync` for the disk, `async` for nothing [default: what the run
    /// has kept to; in a new run, what the manifest says, or group]
    #[arg(long, value_name = "WHAT", value_parser = durabilities())]
    durability: Option<Durability>,
}

/// The durabilities by their names.
fn durabilities() -> impl TypedValueParser<Value = Durability> {
    let names = Durability::ALL.map(|durability| durability.name());
    PossibleValuesParser::new(names)
        .map(|name| Durability::from_name(&name).expect("the parser lets only their names through"))
}

impl ActorArgs {
    /// What answers wait for, if it was said.
    pub fn durability(&self) -> Option<Durability> {
        self.durability
    }

    /// What a component without a project may do.
    pub fn grants(&self) -> BareGrants {
        BareGrants { handlers: self.grant.clone(), trap_unused_imports: self.trap_unused_imports }
    }

    /// What to start with, and the folder below which its runs are.
    pub fn start(&self) -> (Start, PathBuf) {
        let start = match (&self.path, find()) {
            (Some(path), _) => Start::of_path(path),
            (None, Some(project)) if project.as_os_str().is_empty() => {
                Start::Project(PathBuf::from("."))
            }
            (None, Some(project)) => Start::Project(project),
            (None, None) => Start::Empty,
        };
        let base = match &start {
            Start::Project(path) if path.is_dir() => Some(path.as_path()),
            Start::Project(file) => file.parent(),
            _ => None,
        };
        let base = base.filter(|base| *base != Path::new("."));
        let data = self.data.folder(base);
        (start, data)
    }
}
