//! What editors say, changed in its bytes, to the whole server in this process: it panics nowhere, ends with the stream, and
//! takes no memory without bound.
//!
//! `THEATER_TEST_FUZZ_SECONDS` and `THEATER_TEST_FUZZ_SEED` as in `runtime/tests/fuzz.rs`. Texts that are edited over standard
//! input and output are in `tests/it/lsp_storm.rs`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
// What memory is taken can be counted by an allocator only.
#![allow(unsafe_code)]

#[path = "../../runtime/tests/fuzzing/mod.rs"]
mod fuzzing;

use fuzzing::{alone, try_inputs};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much memory a conversation may take, beside its own length many times: what Theater knows of WIT is read once.
const MOST: usize = 64 << 20;

/// How often something has panicked in any thread.
static PANICS: AtomicUsize = AtomicUsize::new(0);

const MANIFEST: &str = "file:///nowhere/p/theater.toml";
const WORLD: &str = "file:///nowhere/p/wit/world.wit";

fn message(value: Value) -> Vec<u8> {
    let mut value = value;
    value["jsonrpc"] = json!("2.0");
    let body = value.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn notification(method: &str, params: Value) -> Vec<u8> {
    message(json!({ "method": method, "params": params }))
}

fn open(uri: &str, text: &str) -> Vec<u8> {
    let document = json!({ "uri": uri, "languageId": "", "version": 1, "text": text });
    notification("textDocument/didOpen", json!({ "textDocument": document }))
}

fn beginning() -> Vec<u8> {
    let capabilities = json!({ "general": { "positionEncodings": ["utf-8"] } });
    let root = json!({ "capabilities": capabilities, "rootUri": "file:///nowhere/p" });
    let initialize = json!({ "id": 0, "method": "initialize", "params": root });
    [message(initialize), notification("initialized", json!({}))].concat()
}

/// Whole conversations, from which changed ones are made.
fn conversations() -> Vec<Vec<u8>> {
    let manifest =
        "[actor]\nname = \"a\"\nworld = \"w\"\n[handlers]\nstate = { max-size = \"1MiB\" }\n";
    let world = "package a:b;\nworld w {\n  import theater:host/state@0.1.0;\n  export f: func(a: list<u8>);\n}\n";
    let place = json!({ "line": 2, "character": 12 });
    let range = json!({ "start": { "line": 0, "character": 0 }, "end": place });
    let document = json!({ "uri": WORLD, "version": 2 });
    let change = json!([{ "range": range, "text": "package ü:𝄞;\n" }, { "text": world }]);
    let edit = json!({ "textDocument": document, "contentChanges": change });
    let mut asked = Vec::new();
    let methods =
        ["hover", "completion", "definition", "codeAction", "rename", "formatting", "foldingRange"];
    for (id, method) in (1..).zip(methods) {
        let params = json!({
            "textDocument": { "uri": if id % 2 == 0 { MANIFEST } else { WORLD } },
            "position": place,
            "range": range,
            "context": { "diagnostics": [], "includeDeclaration": true },
            "options": { "tabSize": 4, "insertSpaces": true },
            "newName": "other",
        });
        asked.extend(message(
            json!({ "id": id, "method": format!("textDocument/{method}"), "params": params }),
        ));
    }
    let cancel = notification("$/cancelRequest", json!({ "id": 3 }));
    let end =
        [message(json!({ "id": 99, "method": "shutdown" })), notification("exit", Value::Null)]
            .concat();
    let edit = notification("textDocument/didChange", edit);
    let (manifest, world) = (open(MANIFEST, manifest), open(WORLD, world));
    vec![
        [
            beginning(),
            manifest.clone(),
            world.clone(),
            edit.clone(),
            asked.clone(),
            cancel,
            end.clone(),
        ]
        .concat(),
        [manifest, asked.clone(), beginning(), end.clone(), asked].concat(),
        [beginning(), world, end, edit].concat(),
    ]
}

#[test]
fn a_changed_conversation() {
    let _alone = alone();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |what| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(what);
    }));
    let inputs = conversations();
    let words: [&[u8]; 14] = [
        b"Content-Length: 5\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 268435456\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"\r\n\r\n",
        b"\n",
        b"null",
        b"[[[[[[[[[[[[[[[[",
        b"{\"a\":",
        b"4294967295",
        b"\"\\ud800\"",
        b"\xff",
        b"file:///",
        b"\"method\":\"textDocument/didChange\"",
    ];
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // What is read once is not counted.
    runtime.block_on(theater_lsp::serve(&inputs[0][..], tokio::io::sink(), None));
    try_inputs("conversations", MOST, |noise| {
        let bytes = noise.changed(&inputs, &words);
        let panics = PANICS.load(Ordering::Relaxed);
        runtime.block_on(theater_lsp::serve(&bytes[..], tokio::io::sink(), None));
        assert_eq!(PANICS.load(Ordering::Relaxed), panics, "something panicked");
        bytes.len()
    });
}
