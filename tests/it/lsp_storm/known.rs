//! What a server knows of the texts in an editor, and in what it differs from another one.

use super::File;
use crate::editor::Editor;
use crate::environment::TestEnvironment;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is compared with a fresh server beside the problems, and in how many places of each text; in one: about the whole.
const COMPARED: &[(&str, usize)] = &[
    ("documentSymbol", 1),
    ("semanticTokens/full", 1),
    ("formatting", 1),
    ("foldingRange", 1),
    ("documentLink", 1),
    ("inlayHint", 1),
    ("codeLens", 1),
    ("codeAction", 1),
    ("hover", 3),
    ("completion", 3),
    ("definition", 3),
    ("references", 2),
    ("prepareRename", 2),
];

/// A server, and what it has said of which file without being asked.
pub struct Server {
    pub editor: Editor,
    published: BTreeMap<String, Value>,
}

/// What a server knows: what about which file, and the words.
pub type Known = BTreeMap<String, Value>;

impl Server {
    /// A server that has begun to talk with an editor of its own.
    pub fn begin(env: &TestEnvironment, encoding: &str) -> Self {
        let related = json!({ "publishDiagnostics": { "relatedInformation": true } });
        let general = json!({ "positionEncodings": [encoding] });
        let (editor, _) =
            Editor::open_folder(env, json!({ "textDocument": related, "general": general }));
        Self { editor, published: BTreeMap::new() }
    }

    pub fn take_published(&mut self) {
        for message in self.editor.take("textDocument/publishDiagnostics") {
            let uri = message["params"]["uri"].as_str().unwrap().to_owned();
            self.published.insert(uri, message["params"].clone());
        }
    }

    /// The problems of all files that have some; none before all texts have been checked as they are now.
    pub fn problems(&mut self, files: &BTreeMap<String, File>) -> Option<Known> {
        self.take_published();
        for (name, file) in files.iter().filter(|(_, file)| file.text.is_some()) {
            let of_text = self.published.get(&self.editor.uri(name))?;
            if of_text["version"] != file.version {
                return None;
            }
        }
        let mut known = self.published.clone();
        known.retain(|_, published| {
            published["diagnostics"].as_array().is_some_and(|list| !list.is_empty())
        });
        Some(known)
    }

    /// What it answers about all open texts, as wholes and in some places.
    pub fn answers(&mut self, files: &BTreeMap<String, File>, encoding: &str) -> Known {
        let symbols = self.editor.request("workspace/symbol", json!({ "query": "" }));
        let mut known = Known::from([("workspace".to_owned(), symbols["result"].clone())]);
        for (name, file) in files {
            let (Some(text), uri) = (&file.text, self.editor.uri(name)) else { continue };
            for (method, places) in COMPARED {
                for place in 0..*places {
                    let at = text.floor_char_boundary(text.len() * (place + 1) / (places + 1));
                    let end = if *places == 1 { text.len() } else { at };
                    let start = if *places == 1 { 0 } else { at };
                    let params = question(&uri, text, start, end, encoding);
                    let mut answer = self.editor.request(&format!("textDocument/{method}"), params);
                    answer["id"].take();
                    known.insert(format!("{name}:{at} {method}"), answer);
                }
            }
        }
        known
    }
}

/// The first thing that only one of two servers knows.
pub fn difference(old: Option<Known>, new: Option<Known>) -> String {
    let (Some(old), Some(new)) = (&old, &new) else {
        let missing = |known: &Option<Known>| if known.is_some() { "said" } else { "not said" };
        return format!(
            "what it thinks of the texts is {}, by a fresh one {}",
            missing(&old),
            missing(&new)
        );
    };
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let first = keys.into_iter().find(|key| old.get(*key) != new.get(*key));
    let one = |known: &Known| {
        first
            .and_then(|key| known.get(key))
            .map_or_else(|| "nothing".into(), |it| format!("{it:#}"))
    };
    format!("{first:?}\n-- {}\n-- fresh: {}", one(old), one(new))
}

pub fn open(editor: &mut Editor, name: &str, file: &File) {
    let document = json!({
        "uri": editor.uri(name),
        "languageId": "",
        "version": file.version,
        "text": file.text,
    });
    editor.notify("textDocument/didOpen", json!({ "textDocument": document }));
}

/// What any question about a part of a text needs to be asked.
pub fn question(uri: &str, text: &str, start: usize, end: usize, encoding: &str) -> Value {
    let (start, end) = (position(text, start, encoding), position(text, end, encoding));
    json!({
        "textDocument": { "uri": uri },
        "position": start,
        "positions": [start, end],
        "range": { "start": start, "end": end },
        "context": { "diagnostics": [], "includeDeclaration": true, "triggerKind": 1 },
        "options": { "tabSize": 4, "insertSpaces": true },
        "newName": "other",
    })
}

/// How the protocol says a byte of a text. Lines end with `\n`, `\r\n` or `\r`.
pub fn position(text: &str, offset: usize, encoding: &str) -> Value {
    let before = text[..offset].replace("\r\n", "\n").replace('\r', "\n");
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap();
    let column = match encoding {
        "utf-8" => column.len(),
        "utf-16" => column.encode_utf16().count(),
        _ => column.chars().count(),
    };
    json!({ "line": line, "character": column })
}
