//! Where a project is, and where its runs are.

use clap::Args;
use std::path::{Path, PathBuf};
use theater_runtime::diagnostic::Result;
use theater_runtime::manifest::FILE_NAME;
use theater_runtime::trace::RunDir;

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
    /// The folder of the run [default: the newest run]
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

    /// The folder below which the runs are, of the project in which the command is given.
    pub fn here(&self) -> PathBuf {
        self.folder(find().as_deref())
    }
}

impl TraceArgs {
    /// The run that is meant.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn run(&self) -> Result<RunDir> {
        match &self.trace {
            Some(path) => RunDir::open(path),
            None => RunDir::latest(&self.data.here()),
        }
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
