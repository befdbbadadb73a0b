//! A folder of its own for each test, and the binary run in it with nothing of ours around it.

use crate::normal::normalised;
use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// Where a test works. Everything in it vanishes with it.
pub struct TestEnvironment {
    _folder: TempDir,
    root: PathBuf,
    /// Where commands are started.
    pub folder: PathBuf,
    /// Where programs are searched for before the system's own.
    pub tools: Option<PathBuf>,
    /// What else stands in the environment of commands.
    pub variables: Vec<(&'static str, OsString)>,
}

/// What a command did.
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    command: String,
    root: PathBuf,
}

impl TestEnvironment {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("home")).unwrap();
        let work = root.join("work");
        std::fs::create_dir(&work).unwrap();
        Self { _folder: folder, root, folder: work, tools: None, variables: Vec::new() }
    }

    /// With the project `my-actor`, built, in which commands are then started.
    pub fn with_counter() -> Self {
        let mut env = Self::new();
        env.theater(&["new", "my-actor", "--language", "wat", "--vcs", "none"]).ok();
        env.folder = env.folder.join("my-actor");
        env.theater(&["build"]).ok();
        env
    }

    /// The path of a file or folder below the one where commands are started.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Copies a component of `tests/fixtures` here.
    pub fn fixture(&self, name: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        std::fs::copy(from, self.path(name)).unwrap();
    }

    /// A command with nothing in its environment that could change what it says.
    pub fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_theater"));
        let own = [binary.parent().unwrap()];
        let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(Path::new);
        let folders = self.tools.as_deref().into_iter().chain(own).chain(system);
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.root.join("home"))
            .env("PATH", std::env::join_paths(folders).unwrap())
            .env("NO_COLOR", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }

    /// The binary with these arguments, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_theater"));
        command.args(arguments);
        command
    }

    pub fn theater(&self, arguments: &[&str]) -> Ran {
        self.finish(&shown(arguments), self.command(arguments))
    }

    /// Runs the binary with a text on its standard input.
    pub fn theater_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may end without reading everything.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        self.ran(&shown(arguments), child.wait_with_output().unwrap())
    }

    /// Runs a line of a shell.
    pub fn shell(&self, line: &str) -> Ran {
        let mut command = self.program("/bin/sh");
        command.args(["-c", line]);
        self.finish(line, command)
    }

    /// Runs lines in one shell, one after the other, so that `cd` lasts, and answers with what each
    /// of them printed on either stream. A line that fails ends nothing: its exit status is printed.
    pub fn session(&self, lines: &[String], colours: bool) -> Vec<String> {
        const NEXT: &str = "\u{1e}";
        let mut script = "exec 2>&1\n".to_owned();
        for line in lines {
            script += &format!("printf '{NEXT}'\n{line} || echo \"(exit status $?)\"\n");
        }
        let mut command = self.program("/bin/sh");
        command.env("LANG", "C.UTF-8").env("COLUMNS", "84");
        if colours {
            script = script.replace("theater ", "theater --color always ");
            command.env_remove("NO_COLOR");
        }
        let output = command.args(["-c", &script]).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        printed.split(NEXT).skip(1).map(str::to_owned).collect()
    }

    /// Starts the binary, to be talked with while it runs.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output, errors) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        Running {
            input,
            output: BufReader::new(output.unwrap()),
            errors: BufReader::new(errors.unwrap()),
            child,
        }
    }

    /// The folders of the runs below `.theater`, oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path(".theater/runs")) else { return Vec::new() };
        let mut runs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        runs.sort();
        runs
    }

    pub fn finish(&self, shown: &str, mut command: Command) -> Ran {
        let output = command.output().unwrap();
        self.ran(shown, output)
    }

    fn ran(&self, shown: &str, output: std::process::Output) -> Ran {
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            command: shown.to_owned(),
            root: self.root.clone(),
        }
    }
}

fn shown(arguments: &[&str]) -> String {
    let quoted = arguments.iter().map(|argument| match argument.contains([' ', '#', '(']) {
        true => format!("'{argument}'"),
        false => (*argument).to_owned(),
    });
    std::iter::once("theater".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}

/// The words of a report, as they were before it was broken into lines.
pub fn unwrapped(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !["|", "│"].contains(word));
    words.collect::<Vec<_>>().join(" ")
}

/// A command that runs. Dropped, it is killed.
pub struct Running {
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    errors: BufReader<ChildStderr>,
    child: Child,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to its standard input. It may have ended meanwhile.
    pub fn tell(&mut self, line: &str) {
        let _ = writeln!(self.input.as_mut().unwrap(), "{line}");
    }

    /// The next whole line of its standard output.
    pub fn line(&mut self) -> Option<String> {
        next_line(&mut self.output)
    }

    /// The next whole line of its standard error.
    pub fn error_line(&mut self) -> Option<String> {
        next_line(&mut self.errors)
    }

    /// Waits for its end, whoever else still holds its outputs.
    pub fn end_of_process(&mut self) {
        self.child.wait().unwrap();
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([name, &self.id().to_string()]).status();
        assert!(killed.unwrap().success());
    }

    /// Closes its standard input and waits for its end: status, and the rest of both outputs.
    pub fn end(&mut self) -> (Option<i32>, String, String) {
        self.input = None;
        let (mut output, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut output).unwrap();
        self.errors.read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code(), output, errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next_line(from: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.strip_suffix('\n').map(str::to_owned)
}

impl Ran {
    /// Must have ended with status 0.
    pub fn ok(self) -> Self {
        self.with_status(0)
    }

    pub fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self}");
        self
    }
}

impl fmt::Display for Ran {
    /// The command and all that it wrote, without what differs from run to run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", normalised(&self.command, &self.root))?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                let text = normalised(text, &self.root);
                writeln!(f, "-- {name}\n{}", text.trim_end_matches('\n'))?;
            }
        }
        match self.status {
            Some(status) => write!(f, "-- exit {status}"),
            None => write!(f, "-- killed"),
        }
    }
}
