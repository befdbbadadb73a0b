//! Rust actors: cargo compiles them for `wasm32-unknown-unknown`.

use super::{Colour, require};
use crate::codes;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use theater_runtime::diagnostic::{self, Diagnostic, reason};
use theater_runtime::manifest::Manifest;
use theater_runtime::world;

/// The target whose modules become components without an adapter: it knows no operating system.
const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles the package in a folder and answers with its core module. Cargo's messages and the
/// compiler's go to the standard error of this process.
///
/// `place` is where the manifest names the folder or the language.
pub(super) fn compile(
    manifest: &Manifest,
    folder: &Path,
    place: Range<usize>,
    colour: Colour,
) -> diagnostic::Result<Vec<u8>> {
    let project = Package { manifest, folder, place };
    require(manifest, &folder.join("Cargo.toml"), project.place.clone(), "the Cargo package")?;
    // What is missing is said before a minute of compiling, but not looked for in every build.
    if !world::component_path(manifest).exists() {
        project.require_target()?;
    }
    let mut cargo = project.start(colour)?;
    let messages = cargo.stdout.take().map(BufReader::new);
    let modules = messages.map_or(Ok(Vec::new()), |messages| project.modules(messages));
    let status = cargo.wait().map_err(|error| project.unstartable(&error))?;
    if !status.success() {
        project.require_target()?;
        return Err(project.failed(status));
    }
    let modules = modules.map_err(|error| project.unstartable(&error))?;
    let [module] = modules.as_slice() else { return Err(project.no_module()) };
    world::read_component(module)
}

/// The package to build, and where the manifest names it.
struct Package<'p> {
    manifest: &'p Manifest,
    folder: &'p Path,
    place: Range<usize>,
}

impl Package<'_> {
    fn start(&self, colour: Colour) -> diagnostic::Result<Child> {
        let mut cargo = Command::new("cargo");
        // Only the library is the actor. JSON says where the module is, whatever the settings of
        // cargo; the compiler's messages stay as people know them.
        cargo
            .args(["build", "--lib", "--release", "--target", TARGET])
            .arg("--message-format=json-render-diagnostics")
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        match colour {
            Colour::Auto => {}
            Colour::Always => drop(cargo.args(["--color", "always"])),
            Colour::Never => drop(cargo.args(["--color", "never"])),
        }
        cargo.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                let message =
                    "cargo is not installed, and this actor is written in Rust".to_owned();
                self.problem(codes::TOOL_MISSING, message, "needs cargo")
                    .help(
                        "Install Rust with its tools, as https://rustup.rs says, or put the folder \
                         of `cargo` into PATH.",
                    )
                    .into()
            }
            _ => self.unstartable(&error),
        })
    }

    /// The WebAssembly modules that cargo says it made from this package.
    fn modules(&self, messages: impl BufRead) -> io::Result<Vec<PathBuf>> {
        let package = fs::canonicalize(self.folder.join("Cargo.toml"))?;
        let mut modules = Vec::new();
        for line in messages.split(b'\n') {
            // Cargo may begin to say more than it does today; what is no JSON is none of it.
            let Ok(message) = serde_json::from_slice::<serde_json::Value>(&line?) else { continue };
            let manifest = message["manifest_path"].as_str();
            let ours =
                manifest.is_some_and(|path| fs::canonicalize(path).ok().as_ref() == Some(&package));
            if message["reason"] != "compiler-artifact" || !ours {
                continue;
            }
            let files = message["filenames"].as_array().into_iter().flatten();
            let files = files.filter_map(|file| file.as_str()).map(PathBuf::from);
            modules.extend(files.filter(|file| file.extension().is_some_and(|end| end == "wasm")));
        }
        Ok(modules)
    }

    /// Refuses a toolchain that cannot compile for the target.
    fn require_target(&self) -> diagnostic::Result<()> {
        if self.has_target() || self.brings_its_own_toolchain() {
            return Ok(());
        }
        let message = format!("the Rust toolchain has no target `{TARGET}`");
        Err(self
            .problem(codes::TOOL_MISSING, message, "compiled for WebAssembly")
            .help(format!(
                "Install it with `rustup target add {TARGET}`. Without rustup, install your \
                 system's package of Rust's standard library for WebAssembly."
            ))
            .into())
    }

    /// Whether the compiler has the target's standard library. If it does not answer, cargo will
    /// say why.
    fn has_target(&self) -> bool {
        let compiler = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
        let output = Command::new(compiler)
            .args(["--print", "target-libdir", "--target", TARGET])
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) if output.status.success() => {
                Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists()
            }
            _ => true,
        }
    }

    /// Whether cargo is set up to use another compiler, or to build the standard library itself.
    fn brings_its_own_toolchain(&self) -> bool {
        let set = |name: &str| env::var_os(name).is_some();
        if set("CARGO_UNSTABLE_BUILD_STD") || set("CARGO_BUILD_RUSTC") {
            return true;
        }
        let folder = fs::canonicalize(self.folder).unwrap_or_else(|_| self.folder.to_owned());
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let settings = folder.ancestors().map(|folder| folder.join(".cargo")).chain(home);
        settings.flat_map(|folder| [folder.join("config.toml"), folder.join("config")]).any(
            |file| {
                let text = fs::read_to_string(file).unwrap_or_default();
                text.contains("build-std") || text.contains("rustc")
            },
        )
    }

    fn problem(&self, code: &'static diagnostic::Code, message: String, label: &str) -> Diagnostic {
        Diagnostic::error(code, message).at(&self.manifest.source, self.place.clone(), label)
    }

    fn unstartable(&self, error: &io::Error) -> Box<Diagnostic> {
        let message = format!("cargo cannot be run: {}", reason(error));
        self.problem(codes::CARGO_FAILED, message, "built by cargo").into()
    }

    fn failed(&self, status: ExitStatus) -> Box<Diagnostic> {
        let message = match status.code() {
            Some(_) => "cargo could not build the actor; its messages stand above",
            None => "cargo was killed",
        };
        Diagnostic::error(codes::CARGO_FAILED, message).into()
    }

    fn no_module(&self) -> Box<Diagnostic> {
        let package = self.folder.join("Cargo.toml");
        let message = format!("the package {} makes no WebAssembly module", package.display());
        self.problem(codes::CARGO_MODULE, message, "this is built")
            .help(
                "Write `crate-type = [\"cdylib\"]` under `[lib]` in its Cargo.toml. If it is a \
                 workspace, name the folder of the actor's package as `source`.",
            )
            .into()
    }
}
