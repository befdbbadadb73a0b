//! Many random edits and requests, over standard input and output: the server never panics or hangs, takes no memory without
//! bound, and knows in the end what a fresh one knows that is given the same texts.
//!
//! `THEATER_TEST_LSP_EDITS` says how many edits, `THEATER_TEST_LSP_SEED` by which number they are chosen; a failure names
//! the number.

mod known;

use self::known::{Server, difference, open, position, question};
use crate::application::shop;
use crate::environment::TestEnvironment;
use crate::noise::Noise;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many edits without being told.
const EDITS: u64 = 1500;

/// After how many edits the server is compared with a fresh one.
const INTERVAL: u64 = 500;

/// How many requests may wait for their answers.
const MOST_WAITING: usize = 24;

/// The memory that the server may have taken at most, in KiB. It takes about a third of that.
const MOST_MEMORY: u64 = 384 << 10;

/// Longer texts are put back to what they were at first: what is wanted is many edits, not large texts.
const LONGEST: usize = 8 << 10;

/// The numbers of requests begin here: those that are answered at once have smaller ones.
const FIRST_ID: i64 = 1_000_000;

/// How long the server and a fresh one may take to know the same.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is typed, of both languages and of none.
const PIECES: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "=",
    ".",
    ",",
    ";",
    ":",
    "<",
    ">",
    "(",
    ")",
    "@",
    "%",
    "/",
    "//",
    "/*",
    "*/",
    "///",
    "#",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "\0",
    "ü",
    "𝄞",
    "e\u{301}",
    "\u{feff}",
    "0",
    "18446744073709551616",
    "-1",
    "[actor]\n",
    "[handlers]\n",
    "[links]\n",
    "[limits]\n",
    "[supervisor]\n",
    "[[children]]\n",
    "[build]\n",
    "name = ",
    "state = true\n",
    "log = true\n",
    "messenger = { to = [\"audit\", \"*\"] }\n",
    "state = { max-size = \"1MiB\" }\n",
    "timeout = \"5s\"\n",
    "memory = \"64MiB\"\n",
    "manifest = \"../inventory\"\n",
    "init = '{a: 1, b: [x, y(2)]}'\n",
    "world = \"actor\"\n",
    "component = \"build/none.wasm\"\n",
    "strategy = \"one-for-all\"\n",
    "restart = \"never\"\n",
    "package a:b@1.0.0;\n",
    "package shop:inventory;\n",
    "world w {\n",
    "interface i {\n",
    "import ",
    "export ",
    "use shop:inventory/stock.{item};\n",
    "include w;\n",
    "import theater:host/state@0.1.0;\n",
    "import i;\n",
    "f: func(a: list<u8>, b: option<t>) -> result<_, string>;\n",
    "record r { a: u8, b: r }\n",
    "enum e { x, y }\n",
    "variant v { a(u8), b }\n",
    "flags g { p, q }\n",
    "resource s { constructor(); m: func(); n: static func(); }\n",
    "type t = tuple<u8, list<t>>;\n",
    "@since(version = 0.1.0)\n",
    "@unstable(feature = x)\n",
    "list<list<list<list<",
    "wasi:clocks/wall-clock@0.2.0",
    "inventory",
    "stock",
    "count",
    "audit",
    "actor",
    "string",
    "u32",
];

/// What is asked about a place of a text.
const QUESTIONS: &[&str] = &[
    "hover",
    "completion",
    "definition",
    "declaration",
    "typeDefinition",
    "references",
    "documentHighlight",
    "prepareRename",
    "rename",
    "codeAction",
    "formatting",
    "rangeFormatting",
    "selectionRange",
    "semanticTokens/full",
    "semanticTokens/range",
    "inlayHint",
    "codeLens",
    "documentSymbol",
    "foldingRange",
    "documentLink",
];

/// A file of the workspace.
#[derive(Debug, Clone)]
struct File {
    /// What it is at first.
    original: String,
    /// What the editor shows; none if it is closed.
    text: Option<String>,
    version: i32,
}

/// An editor in which somebody hits the keys at random.
struct Storm<'e> {
    env: &'e TestEnvironment,
    noise: Noise,
    encoding: &'static str,
    server: Server,
    files: BTreeMap<String, File>,
    /// The requests that have no answer yet, and what they asked.
    waiting: BTreeMap<i64, String>,
    next_id: i64,
}

/// The answer to a request that was withdrawn, to one that is out of date, and to one that cannot be fulfilled.
const REFUSED: [i64; 3] = [-32800, -32801, -32803];

#[test]
fn it_stays_the_same_through_any_edits() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("THEATER_TEST_LSP_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let edits = number("THEATER_TEST_LSP_EDITS").unwrap_or(EDITS);
    println!("THEATER_TEST_LSP_SEED={seed}");
    let env = shop(TestEnvironment::new(), "wat");
    env.write("lone/a.wit", "package lone:a;\n\ninterface i {\n    f: func();\n}\n");
    let mut storm = Storm::begin(&env, seed);
    for number in 1..=edits {
        storm.step();
        if number % INTERVAL == 0 || number == edits {
            storm.compare();
        }
    }
    let (peak, said) = (storm.server.editor.peak_memory(), storm.server.editor.said());
    println!(
        "{edits} edits, {} requests, at most {} MiB",
        storm.next_id - FIRST_ID,
        peak.unwrap_or(0) >> 10
    );
    assert!(peak.is_none_or(|peak| peak < MOST_MEMORY), "{peak:?} KiB of memory");
    assert_eq!(said, "", "said on standard error");
    assert_eq!(storm.server.editor.leave(), Some(0));
}

impl<'e> Storm<'e> {
    fn begin(env: &'e TestEnvironment, seed: u64) -> Self {
        let mut noise = Noise(seed);
        let encoding = ["utf-8", "utf-16", "utf-32"][noise.below(3)];
        let mut files = BTreeMap::new();
        for name in names(env) {
            let original = env.read(&name);
            files.insert(name, File { original, text: None, version: 0 });
        }
        let server = Server::begin(env, encoding);
        Self { env, noise, encoding, server, files, waiting: BTreeMap::new(), next_id: FIRST_ID }
    }

    /// One edit or so, and what an editor asks around it.
    fn step(&mut self) {
        let name = self.any_file();
        match self.noise.below(40) {
            0 => self.close(&name),
            1 => self.save(&name),
            2 => self.change_on_disk(&name),
            3 => self.put_back(&name),
            _ => self.edit(&name),
        }
        for _ in 0..self.noise.below(3) {
            self.ask(&name);
        }
        self.take_in(MOST_WAITING);
    }

    fn any_file(&mut self) -> String {
        let at = self.noise.below(self.files.len());
        self.files.keys().nth(at).unwrap().clone()
    }

    fn piece(&mut self) -> &'static str {
        PIECES[self.noise.below(PIECES.len())]
    }

    fn text(&mut self, name: &str) -> String {
        if self.files[name].text.is_none() {
            let there = std::fs::read_to_string(self.env.path(name));
            let text = there.unwrap_or_else(|_| self.files[name].original.clone());
            self.open(name, text);
        }
        self.files[name].text.clone().unwrap()
    }

    fn open(&mut self, name: &str, text: String) {
        let file = self.files.get_mut(name).unwrap();
        file.version += 1;
        file.text = Some(text);
        open(&mut self.server.editor, name, file);
    }

    /// One to three changes in one message, each of the text that the one before it made.
    fn edit(&mut self, name: &str) {
        let mut text = self.text(name);
        let mut changes = Vec::new();
        for _ in 0..=self.noise.below(3) {
            let (start, end) = self.part(&text);
            let new = match self.noise.below(8) {
                0 => String::new(),
                1 => text[start..end].repeat(2),
                2 => self.piece().to_owned() + self.piece(),
                _ => self.piece().to_owned(),
            };
            // A change without a range is the whole text.
            let range = match self.noise.below(20) {
                0 => None,
                _ => Some(self.range(&text, start, end)),
            };
            text.replace_range(start..end, &new);
            changes.push(match range {
                Some(range) => json!({ "range": range, "text": new }),
                None => json!({ "text": text }),
            });
        }
        if text.len() > LONGEST {
            return self.put_back(name);
        }
        self.change(name, text, &json!(changes));
    }

    /// A part of a text: nothing, a word, a line, or a few bytes.
    fn part(&mut self, text: &str) -> (usize, usize) {
        let at = text.floor_char_boundary(self.noise.below(text.len() + 1));
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let (start, end) = match self.noise.below(5) {
            0 | 1 => (at, at),
            2 => {
                let start = text[..at].trim_end_matches(is_word).len();
                (start, text.len() - text[at..].trim_start_matches(is_word).len())
            }
            3 => {
                let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
                (start, text[at..].find('\n').map_or(text.len(), |end| at + end + 1))
            }
            _ => (at, text.ceil_char_boundary((at + self.noise.below(12)).min(text.len()))),
        };
        // No position means the middle of a line's end.
        let inside = |at: usize| text[..at].ends_with('\r') && text[at..].starts_with('\n');
        (start - usize::from(inside(start)), end + usize::from(inside(end)))
    }

    /// How the protocol says a part. The end of the text can be any line behind it.
    fn range(&mut self, text: &str, start: usize, end: usize) -> Value {
        let end = match end == text.len() && self.noise.below(4) == 0 {
            true => json!({ "line": 1_000_000, "character": self.noise.below(9) }),
            false => position(text, end, self.encoding),
        };
        json!({ "start": position(text, start, self.encoding), "end": end })
    }

    fn change(&mut self, name: &str, text: String, changes: &Value) {
        let file = self.files.get_mut(name).unwrap();
        file.version += 1;
        file.text = Some(text);
        self.server.editor.change(name, file.version, changes.clone());
    }

    /// The text is what it was at first: only what is sound is checked to the end.
    fn put_back(&mut self, name: &str) {
        self.text(name);
        let original = self.files[name].original.clone();
        self.change(name, original.clone(), &json!([{ "text": original }]));
    }

    fn close(&mut self, name: &str) {
        if self.files.get_mut(name).unwrap().text.take().is_some() {
            self.server.editor.close(name);
        }
    }

    fn save(&mut self, name: &str) {
        let text = self.text(name);
        self.env.write(name, text);
        let document = json!({ "uri": self.server.editor.uri(name) });
        self.server.editor.notify("textDocument/didSave", json!({ "textDocument": document }));
    }

    /// Somebody else writes a file or deletes it. The editor does not always say so.
    fn change_on_disk(&mut self, name: &str) {
        let mut text = self.files[name].original.clone();
        let kind = match self.noise.below(4) {
            0 => {
                // It may be gone already.
                let _ = std::fs::remove_file(self.env.path(name));
                3
            }
            1 => {
                let (start, end) = self.part(&text);
                text.replace_range(start..end, self.piece());
                self.env.write(name, text);
                2
            }
            _ => {
                self.env.write(name, text);
                2
            }
        };
        if self.noise.below(2) == 0 {
            let changes = json!([{ "uri": self.server.editor.uri(name), "type": kind }]);
            self.server
                .editor
                .notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
        }
    }

    /// Asks something, and sometimes does not want to know any more.
    fn ask(&mut self, name: &str) {
        let method = QUESTIONS[self.noise.below(QUESTIONS.len())];
        let text = self.files[name].text.clone().unwrap_or_default();
        let (start, end) = self.part(&text);
        let params = question(&self.server.editor.uri(name), &text, start, end, self.encoding);
        self.next_id += 1;
        let (id, method) = (self.next_id, format!("textDocument/{method}"));
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.server.editor.send(&request);
        self.waiting.insert(id, request.to_string());
        if self.noise.below(10) == 0 {
            self.server.editor.notify("$/cancelRequest", json!({ "id": id }));
        }
    }

    /// Takes in answers until only so many are missing.
    fn take_in(&mut self, most: usize) {
        while self.waiting.len() > most {
            let waiting = &self.waiting;
            let is_answer = |message: &Value| {
                message.get("method").is_none()
                    && message["id"].as_i64().is_some_and(|id| waiting.contains_key(&id))
            };
            let answer = self.server.editor.wait(is_answer);
            let asked = self.waiting.remove(&answer["id"].as_i64().unwrap()).unwrap();
            if let Some(code) = answer["error"]["code"].as_i64() {
                assert!(REFUSED.contains(&code), "{answer} to {asked}");
            }
            check_symbols(&answer["result"]);
        }
        self.server.take_published();
    }

    /// The server knows sooner or later what a fresh one knows that is given the same texts.
    fn compare(&mut self) {
        self.take_in(0);
        self.server.editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [] }));
        let mut fresh = Server::begin(self.env, self.encoding);
        for (name, file) in self.files.iter().filter(|(_, file)| file.text.is_some()) {
            open(&mut fresh.editor, name, file);
        }
        let began = Instant::now();
        loop {
            // Answers are asked for as soon as there is hope.
            let (mut old, mut new) =
                (self.server.problems(&self.files), fresh.problems(&self.files));
            let are_whole = old.is_some() && new.is_some();
            if are_whole && old == new {
                old = Some(self.server.answers(&self.files, self.encoding));
                new = Some(fresh.answers(&self.files, self.encoding));
                if old == new {
                    break;
                }
            }
            assert!(
                began.elapsed() < PATIENCE,
                "they know different things: {}",
                difference(old, new)
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(fresh.editor.said(), "", "said on standard error by a fresh server");
        assert_eq!(fresh.editor.leave(), Some(0));
    }
}

/// Names of symbols stand within them: some editors refuse the whole list otherwise.
fn check_symbols(answer: &Value) {
    let place = |position: &Value| (position["line"].as_u64(), position["character"].as_u64());
    for symbol in
        answer.as_array().into_iter().flatten().filter(|one| one.get("selectionRange").is_some())
    {
        let (whole, name) = (&symbol["range"], &symbol["selectionRange"]);
        let is_within = place(&whole["start"]) <= place(&name["start"])
            && place(&name["end"]) <= place(&whole["end"]);
        assert!(is_within, "{symbol:#}");
        check_symbols(&symbol["children"]);
    }
}

/// The texts of the workspace, in their order.
fn names(env: &TestEnvironment) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![env.folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "wit" || it == "toml") {
                names.push(path.strip_prefix(&env.folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}
