//! `theater build`: a project's component, checked and in its place.

mod cargo;

use crate::codes;
use crate::componentize::componentize;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;
use theater_runtime::diagnostic::{self, Diagnostic, Source, reason};
use theater_runtime::files::Disk;
use theater_runtime::manifest::{Build, Manifest};
use theater_runtime::temporary;
use theater_runtime::world::{self, Wit};

/// A finished build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The component's file: `component` under `[actor]`, or else `build/NAME.wasm`.
    pub component: PathBuf,
    /// How large it is, in bytes.
    pub size: u64,
    /// Whether the file was written. It is left alone if it would not change, but for its time where that is older than a source's.
    pub changed: bool,
    /// What may not be as meant.
    pub warnings: Vec<Diagnostic>,
}

/// When the tools that a build runs shall use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// When they write to a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Builds the project in a folder, or that of a manifest. A build command writes to the standard
/// output and error of this process, cargo to its standard error.
///
/// The component is checked against its world and against the manifest's grants before it is put in
/// its place; the WIT of the project is appended to it, so that its comments are not lost.
///
/// # Errors
/// Every problem of manifest, WIT, source or component that is an error. The component that stood
/// there before is then unchanged.
pub fn build(path: &Path) -> Result<Built, Vec<Diagnostic>> {
    build_coloured(path, Colour::Auto)
}

/// As [`build`], with the colours of cargo's messages chosen.
///
/// # Errors
/// The same.
pub fn build_coloured(path: &Path, colour: Colour) -> Result<Built, Vec<Diagnostic>> {
    let (manifest, mut warnings) = Manifest::load(path).into_result()?;
    let wit = world::project_wit(&manifest)?;
    let bytes = make(&manifest, wit.as_ref(), colour).map_err(|problem| vec![*problem])?;
    let checked = world::check_actor(&manifest, wit.as_ref(), Some(&bytes));
    warnings.extend(checked);
    if warnings.iter().any(Diagnostic::is_error) {
        return Err(warnings);
    }
    put(&manifest, wit.as_ref(), bytes, warnings).map_err(|problem| vec![*problem])
}

/// The component's bytes, not yet checked.
fn make(manifest: &Manifest, wit: Option<&Wit>, colour: Colour) -> diagnostic::Result<Vec<u8>> {
    let bytes = match &manifest.build {
        None => return Err(nothing_to_build(manifest)),
        Some(Build::Rust { package, language }) => {
            let (folder, place) = match package {
                Some(package) => (manifest.resolve(&package.value), package.span.clone()),
                None => (manifest.dir.clone(), language.clone()),
            };
            cargo::compile(manifest, &folder, place, colour)?
        }
        Some(Build::Wat { source }) => {
            let path = manifest.resolve(&source.value);
            require(manifest, &path, source.span.clone(), "the source")?;
            world::encode_text(&read_text(&path)?)?
        }
        Some(Build::Command { command, output }) => {
            let path = manifest.resolve(&output.value);
            make_room(&path);
            run(manifest, command, output.span.clone())?;
            require(manifest, &path, output.span.clone(), "the output of the build command")?;
            world::read_component(&path)?
        }
    };
    let world = wit.and_then(|wit| Some((wit, world::actor_world(manifest, wit).ok()?)));
    componentize(bytes, world)
}

fn nothing_to_build(manifest: &Manifest) -> Box<Diagnostic> {
    Diagnostic::error(
        codes::NOTHING_TO_BUILD,
        "the manifest does not say how to build the component",
    )
    .at(&manifest.source, manifest.actor.name.span.clone(), "this actor has no `[build]`")
    .help("Add a `[build]` table with `language` and `source`, or with `command` and `output`.")
    .into()
}

/// Refuses a file that is not there, at the place where the manifest names it.
fn require(
    manifest: &Manifest,
    path: &Path,
    span: Range<usize>,
    what: &str,
) -> diagnostic::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let message = format!("{what} {} does not exist", path.display());
    Err(Diagnostic::error(codes::BUILD_OUTPUT, message)
        .at(&manifest.source, span, "named here")
        .help("Correct the path; it starts from the manifest's folder.")
        .into())
}

fn read_text(path: &Path) -> diagnostic::Result<std::sync::Arc<Source>> {
    let bytes = std::fs::read(path)
        .map_err(|error| Diagnostic::io(diagnostic::FILE_UNREADABLE, "read", path, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let message = format!("cannot read {}: it is not UTF-8 text", path.display());
        Diagnostic::error(diagnostic::FILE_UNREADABLE, message)
    })?;
    Ok(Source::new(path.display().to_string(), text))
}

/// Makes the folder of a build's output: many tools do not. Where it cannot be made, the command
/// fails, and says more.
fn make_room(output: &Path) {
    if let Some(folder) = output.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
}

/// Runs the build command in the project's folder.
fn run(manifest: &Manifest, command: &[String], span: Range<usize>) -> diagnostic::Result<()> {
    let failed = |message: String, help: &str| -> Box<Diagnostic> {
        Diagnostic::error(codes::BUILD_COMMAND, message)
            .at(&manifest.source, span.clone(), "this is what it should make")
            .help(help)
            .into()
    };
    let Some((program, arguments)) = command.split_first() else {
        return Err(failed("the build command is empty".into(), "Name a program."));
    };
    let status = Command::new(program_path(&manifest.dir, program))
        .args(arguments)
        .current_dir(&manifest.dir)
        .stdin(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(
            format!("the build command `{program}` {}", ending(status)),
            "What it wrote stands above.",
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(failed(
            format!("the build command `{program}` is not there"),
            "Install it, or name a program that exists.",
        )),
        Err(error) => Err(failed(
            format!("the build command `{program}` cannot be started: {}", reason(&error)),
            "Make it a program that may be run.",
        )),
    }
}

/// A program with a path starts from the project's folder; one without is searched for.
fn program_path(dir: &Path, program: &str) -> PathBuf {
    if !program.contains('/') {
        return program.into();
    }
    let path = dir.join(program);
    std::path::absolute(&path).unwrap_or(path)
}

fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("failed with status {code}"),
        None => "was killed".to_string(),
    }
}

/// Appends the WIT and writes the component, unless that is what stands there already.
fn put(
    manifest: &Manifest,
    wit: Option<&Wit>,
    bytes: Vec<u8>,
    warnings: Vec<Diagnostic>,
) -> diagnostic::Result<Built> {
    let bytes = match wit {
        Some(wit) => world::with_docs(&bytes, wit)?,
        None => bytes,
    };
    let component = world::component_path(manifest);
    let changed = std::fs::read(&component).ok().as_deref() != Some(&bytes);
    if changed {
        write(&component, &bytes).map_err(|error| {
            Diagnostic::io(codes::CANNOT_WRITE, "write", &component, &error).help(
                "Make room and give yourself the right to write there, or change `component`.",
            )
        })?;
    }
    // One that stays as it is was made of the sources of now all the same.
    if !changed && world::newer_source(&Disk, manifest).is_some() {
        // Where it cannot be, the next check says that it is old, and no more.
        let _ = File::open(&component).and_then(|file| file.set_modified(SystemTime::now()));
    }
    Ok(Built { component, size: bytes.len() as u64, changed, warnings })
}

/// Writes a file so that a reader sees the old one or the new one, and nothing between.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut file = temporary::file(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
