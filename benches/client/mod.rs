//! A client of the Language Server Protocol that looks at its watch.

use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The protocol's number for edits that say what is different.
const INCREMENTAL: i32 = 2;

/// A server that is being talked with.
pub struct Client {
    server: Child,
    input: ChildStdin,
    messages: Receiver<(Instant, Value)>,
    /// Problems that came and were not waited for.
    published: VecDeque<(Instant, Value)>,
    folder: PathBuf,
    next_id: i64,
    /// The open texts, of a server that wants to be told all of a text at each edit.
    whole_texts: Option<HashMap<String, String>>,
}

/// An answer, and how long it took.
pub struct Taken {
    pub result: Value,
    pub took: Duration,
}

impl Client {
    /// Starts a server in a folder, which is its workspace, and waits until it is ready.
    pub fn start(mut command: Command, folder: &Path) -> Self {
        command
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(body) = read(&mut output) {
                // What comes later is the client's own time.
                let now = Instant::now();
                if sender.send((now, serde_json::from_slice(&body).unwrap())).is_err() {
                    return;
                }
            }
        });
        let published = VecDeque::new();
        let folder = folder.to_owned();
        let mut client =
            Self { server, input, messages, published, folder, next_id: 0, whole_texts: None };
        let uri = client.uri("");
        let params = json!({
            "processId": std::process::id(),
            "rootUri": uri,
            "capabilities": { "textDocument": { "publishDiagnostics": { "versionSupport": true } } },
            "workspaceFolders": [client.workspace()],
        });
        let capabilities = client.request("initialize", params).result["capabilities"].clone();
        let sync = &capabilities["textDocumentSync"];
        let kind = sync.get("change").unwrap_or(sync);
        client.whole_texts = (*kind != INCREMENTAL).then(HashMap::new);
        client.notify("initialized", json!({}));
        client
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.folder.join(name).display()).trim_end_matches('/').to_owned()
    }

    fn workspace(&self) -> Value {
        json!({ "uri": self.uri(""), "name": "bench" })
    }

    /// What a question about a place needs.
    pub fn place(&self, name: &str, position: &Value) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) }, "position": position })
    }

    pub fn open(&mut self, name: &str, text: &str) {
        if let Some(texts) = &mut self.whole_texts {
            texts.insert(name.to_owned(), text.to_owned());
        }
        let language = if name.ends_with(".wit") { "wit" } else { "toml" };
        let document =
            json!({ "uri": self.uri(name), "languageId": language, "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Types a text in place of a part of a line, of columns that are bytes. Answers with when it was told.
    pub fn edit(
        &mut self,
        name: &str,
        version: i32,
        start: (usize, usize),
        end: (usize, usize),
        text: &str,
    ) -> Instant {
        let change = match self.whole_texts.as_mut().and_then(|texts| texts.get_mut(name)) {
            Some(whole) => {
                let part = offset(whole, start)..offset(whole, end);
                whole.replace_range(part, text);
                json!({ "text": whole })
            }
            None => {
                let place =
                    |(line, column): (usize, usize)| json!({ "line": line, "character": column });
                json!({ "range": { "start": place(start), "end": place(end) }, "text": text })
            }
        };
        let params = json!({
            "textDocument": { "uri": self.uri(name), "version": version },
            "contentChanges": [change],
        });
        let message = message("textDocument/didChange", &params);
        let start = Instant::now();
        self.write(&message);
        start
    }

    pub fn request(&mut self, method: &str, params: Value) -> Taken {
        let start = Instant::now();
        let id = self.ask(method, params);
        let (end, answer) = self.answer(id);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        Taken { result: answer["result"].clone(), took: end - start }
    }

    /// Asks and cancels at once: how long it takes from that to the answer.
    pub fn cancelled(&mut self, method: &str, params: Value) -> Duration {
        let id = self.ask(method, params);
        let start = Instant::now();
        self.notify("$/cancelRequest", json!({ "id": id }));
        self.answer(id).0 - start
    }

    fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    fn answer(&mut self, id: i64) -> (Instant, Value) {
        loop {
            let (at, message) = self.next();
            if message["id"] == id && message.get("method").is_none() {
                return (at, message);
            }
            self.published.push_back((at, message));
        }
    }

    /// When the problems of this state of a text came, and how many of them are errors. A server that does not say the version is
    /// believed.
    pub fn published(&mut self, name: &str, version: i32) -> (Instant, usize) {
        let uri = self.uri(name);
        loop {
            let (at, message) = self.next_published();
            let of = &message["params"];
            if of["uri"] == *uri && (of["version"] == version || of["version"].is_null()) {
                let list = of["diagnostics"].as_array().into_iter().flatten();
                return (at, list.filter(|problem| problem["severity"] == 1).count());
            }
        }
    }

    /// Waits for problems of one more file whose URI has this part and this end: how many, and when it was.
    pub fn wait_published(&mut self, part: &str, end: &str) -> (usize, Instant) {
        let (at, message) = self.next_published();
        let uri = message["params"]["uri"].as_str().unwrap_or_default();
        (usize::from(uri.contains(part) && uri.ends_with(end)), at)
    }

    /// For how many files with such an end there are problems that nobody has waited for.
    pub fn newly_published(&mut self, end: &str) -> usize {
        while let Ok((at, message)) = self.messages.try_recv() {
            self.reply(&message);
            self.published.push_back((at, message));
        }
        let some = |message: &Value| {
            let of = &message["params"];
            of["uri"].as_str().is_some_and(|uri| uri.ends_with(end))
                && of["diagnostics"] != json!([])
        };
        self.published.drain(..).filter(|(_, message)| some(message)).count()
    }

    /// What has come so far is not waited for.
    pub fn forget_published(&mut self) {
        self.published.clear();
    }

    /// Ends the server.
    pub fn leave(mut self) {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.server.wait().unwrap();
    }

    fn next_published(&mut self) -> (Instant, Value) {
        loop {
            let (at, message) = self.published.pop_front().unwrap_or_else(|| self.next());
            if message["method"] == "textDocument/publishDiagnostics" {
                return (at, message);
            }
        }
    }

    fn next(&mut self) -> (Instant, Value) {
        let (at, message) = self.messages.recv_timeout(PATIENCE).expect("an answer");
        self.reply(&message);
        (at, message)
    }

    /// A server that asks something is told of the workspace, or that there is nothing.
    fn reply(&mut self, message: &Value) {
        let Some(id) = message.get("id").filter(|_| message.get("method").is_some()) else {
            return;
        };
        let items = message["params"]["items"].as_array();
        let answer = match message["method"].as_str() {
            Some("workspace/workspaceFolders") => json!([self.workspace()]),
            _ => items.map_or(Value::Null, |items| json!(vec![Value::Null; items.len()])),
        };
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": answer }));
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.write(&message(method, &params));
    }

    fn send(&mut self, message: &Value) {
        self.write(&framed(message));
    }

    fn write(&mut self, message: &[u8]) {
        self.input.write_all(message).unwrap();
    }
}

/// A notification as bytes.
fn message(method: &str, params: &Value) -> Vec<u8> {
    framed(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
}

fn framed(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The byte at a line and a column.
fn offset(text: &str, (line, column): (usize, usize)) -> usize {
    text.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + column
}

/// The part of sorted times below which so many in a hundred lie.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100).clamp(1, sorted.len()) - 1]
}

fn read(output: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok()?;
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    Some(body)
}
