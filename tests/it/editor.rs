//! A small client of the Language Server Protocol, which talks with the real binary.

use crate::environment::TestEnvironment;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// An editor, with `theater lsp` started.
pub struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// What the server says on standard error, where it should say nothing.
    errors: Arc<Mutex<String>>,
    /// What came while something else was waited for.
    aside: VecDeque<Value>,
    folder: PathBuf,
    next_id: i64,
}

impl Editor {
    /// Starts the server in a folder, and says nothing.
    pub fn start(env: &TestEnvironment) -> Self {
        let mut command = env.command(&["lsp", "--stdio"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let (input, output) = (server.stdin.take(), server.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let errors: Arc<Mutex<String>> = Arc::default();
        let (said, stderr) = (errors.clone(), server.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                said.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let folder = env.folder.clone();
        Self { server, input, messages, errors, aside: VecDeque::new(), folder, next_id: 0 }
    }

    /// Starts the server in a folder, which becomes the workspace.
    pub fn open_folder(env: &TestEnvironment, capabilities: Value) -> (Self, Value) {
        let mut editor = Self::start(env);
        let folder = json!({ "uri": editor.uri(""), "name": "work" });
        let params = json!({
            "processId": null,
            "rootUri": null,
            "capabilities": capabilities,
            "workspaceFolders": [folder],
        });
        let answer = editor.request("initialize", params);
        editor.notify("initialized", json!({}));
        (editor, answer)
    }

    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.folder.join(name).display()).trim_end_matches('/').to_owned()
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        // The server may have ended.
        let _ = self.input.as_mut().unwrap().write_all(bytes);
    }

    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.send_bytes(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks, and waits for the whole answer.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    /// The first message of its kind, of those that have come or will.
    pub fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.aside.iter().position(&wanted) {
            return self.aside.remove(at).unwrap();
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE);
            let message =
                message.unwrap_or_else(|_| panic!("never came; before: {:#?}", self.aside));
            if wanted(&message) {
                return message;
            }
            self.aside.push_back(message);
        }
    }

    /// All messages of a kind that have come and were not waited for.
    pub fn take(&mut self, method: &str) -> Vec<Value> {
        self.aside.extend(self.messages.try_iter());
        let (taken, left) = self.aside.drain(..).partition(|message| message["method"] == method);
        self.aside = left;
        Vec::from(taken)
    }

    /// What the server has said on standard error.
    pub fn said(&self) -> String {
        self.errors.lock().unwrap().clone()
    }

    /// The memory that the server has taken at most, in KiB; none where the system does not say.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }

    pub fn open(&mut self, name: &str, text: &str) {
        let language = Path::new(name).extension().unwrap().to_str().unwrap().to_owned();
        let uri = self.uri(name);
        self.notify(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": language, "version": 1, "text": text } }),
        );
    }

    pub fn change(&mut self, name: &str, version: i32, changes: Value) {
        let document = json!({ "uri": self.uri(name), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.notify("textDocument/didChange", params);
    }

    pub fn close(&mut self, name: &str) {
        let document = json!({ "uri": self.uri(name) });
        self.notify("textDocument/didClose", json!({ "textDocument": document }));
    }

    pub fn hover(&mut self, name: &str, line: u32, character: u32) -> Value {
        let position = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": { "uri": self.uri(name) }, "position": position });
        self.request("textDocument/hover", params)["result"].clone()
    }

    /// The problems of a file as soon as they are these codes.
    pub fn problems(&mut self, name: &str, codes: &[&str]) -> Value {
        let uri = self.uri(name);
        let published = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == *uri
                && found_codes(&message["params"]["diagnostics"]) == codes
        });
        // What came before is out of date.
        self.aside.retain(|message| message["params"]["uri"] != *uri);
        published["params"].clone()
    }

    /// Says that it ends, and answers with the server's exit status.
    pub fn leave(mut self) -> Option<i32> {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.server.wait().unwrap().code()
    }

    /// Goes without a word.
    pub fn vanish(mut self) -> Option<i32> {
        self.input = None;
        self.server.wait().unwrap().code()
    }

    /// The server's exit status, once it has ended by itself.
    pub fn ended(mut self) -> Option<i32> {
        self.server.wait().unwrap().code()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

pub fn found_codes(diagnostics: &Value) -> Vec<&str> {
    diagnostics.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            header => length = header.strip_prefix("Content-Length: ")?.parse().ok()?,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
