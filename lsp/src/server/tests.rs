//! The whole server in process, fed with whatever there is.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

/// Sends messages, then asks to end. What the server answered.
fn talk(messages: &[Vec<u8>]) -> (Ended, Vec<u8>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let (mut editor, server) = tokio::io::duplex(1 << 20);
        let (input, output) = tokio::io::split(server);
        let serving = tokio::spawn(serve(input, output, None));
        let last = [
            message(&json!({ "id": 99, "method": "shutdown" })),
            message(&json!({ "method": "exit" })),
        ];
        let mut answers = Vec::new();
        let (mut reader, mut writer) = tokio::io::split(&mut editor);
        let writing = async {
            for bytes in messages.iter().chain(&last) {
                // It may have ended.
                let _ = writer.write_all(bytes).await;
            }
            // Noise may have swallowed the last words.
            let _ = writer.shutdown().await;
        };
        let reading =
            tokio::time::timeout(Duration::from_secs(60), reader.read_to_end(&mut answers));
        let (_, read) = tokio::join!(writing, reading);
        read.expect("the server ends").unwrap();
        (serving.await.unwrap(), answers)
    });
    runtime.shutdown_background();
    ended
}

/// Sends messages, and waits for the results of the requests 1 to `last`.
fn results(messages: &[Vec<u8>], last: i64) -> Vec<Value> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let found = runtime.block_on(async {
        let (mut editor, server) = tokio::io::duplex(1 << 20);
        let (input, output) = tokio::io::split(server);
        let serving = tokio::spawn(serve(input, output, None));
        editor.write_all(&messages.concat()).await.unwrap();
        let mut found = vec![Value::Null; usize::try_from(last).unwrap()];
        let mut left = found.len();
        let mut reader = tokio::io::BufReader::new(&mut editor);
        while left > 0 {
            let (mut header, mut blank) = (String::new(), String::new());
            reader.read_line(&mut header).await.unwrap();
            reader.read_line(&mut blank).await.unwrap();
            let length = header.trim().strip_prefix("Content-Length: ").unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).await.unwrap();
            let mut value: Value = serde_json::from_slice(&body).unwrap();
            // Requests to the editor have numbers as well.
            let answered = value["id"].as_i64().filter(|id| (1..=last).contains(id));
            if let Some(id) = answered.filter(|_| value.get("method").is_none()) {
                found[usize::try_from(id - 1).unwrap()] = value["result"].take();
                left -= 1;
            }
        }
        drop(editor);
        serving.await.unwrap();
        found
    });
    runtime.shutdown_background();
    found
}

fn message(value: &Value) -> Vec<u8> {
    let mut value = value.clone();
    value["jsonrpc"] = json!("2.0");
    let body = value.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn beginning() -> Vec<Vec<u8>> {
    let initialize = json!({ "id": 0, "method": "initialize", "params": { "capabilities": {} } });
    vec![message(&initialize), message(&json!({ "method": "initialized", "params": {} }))]
}

fn some_uri() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("file:///nowhere/p/theater.toml".to_owned()),
        4 => Just("file:///nowhere/p/wit/world.wit".to_owned()),
        1 => Just("file:///nowhere/q/a.wit".to_owned()),
        1 => Just("untitled:a".to_owned()),
        1 => Just("file:///".to_owned()),
        1 => Just("%".to_owned()),
    ]
}

fn some_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("[actor]\n"),
        Just("name = \"a\"\n"),
        Just("[handlers]\n"),
        Just("state = { max-"),
        Just("world = \"w\"\n"),
        Just("package a:b;\n"),
        Just("world w {\n"),
        Just("}\n"),
        Just("import theater:host/state@0.1.0;\n"),
        Just("interface i { f: func(); }\n"),
        Just("ü𝄞"),
        Just("\r\n"),
        Just("\0"),
        Just("["),
        Just("\"\"\""),
        Just("/*"),
    ];
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

fn some_place() -> impl Strategy<Value = Value> {
    let number = || prop_oneof![8 => 0..9_i64, 1 => Just(u32::MAX.into()), 1 => Just(-1)];
    (number(), number()).prop_map(|(line, column)| json!({ "line": line, "character": column }))
}

fn some_message() -> impl Strategy<Value = Vec<u8>> {
    let open = (some_uri(), some_text()).prop_map(|(uri, text)| {
        let document = json!({ "uri": uri, "languageId": "", "version": 1, "text": text });
        json!({ "method": "textDocument/didOpen", "params": { "textDocument": document } })
    });
    let range = prop::option::of((some_place(), some_place()));
    let change = (some_uri(), some_text(), range).prop_map(|(uri, text, range)| {
        let range = range.map(|(start, end)| json!({ "start": start, "end": end }));
        let changes = json!([{ "range": range, "text": text }]);
        let document = json!({ "uri": uri, "version": 2 });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        json!({ "method": "textDocument/didChange", "params": params })
    });
    let close = some_uri().prop_map(|uri| {
        json!({ "method": "textDocument/didClose", "params": { "textDocument": { "uri": uri } } })
    });
    let method = prop::sample::select(vec![
        "hover",
        "completion",
        "definition",
        "documentSymbol",
        "foldingRange",
        "documentLink",
        "declaration",
        "typeDefinition",
        "references",
        "documentHighlight",
        "prepareRename",
        "rename",
    ]);
    let request =
        (some_uri(), some_place(), 1..9_i64, method).prop_map(|(uri, position, id, method)| {
            let params = json!({
                "textDocument": { "uri": uri },
                "position": position,
                "context": { "includeDeclaration": true },
                "newName": "new",
            });
            json!({ "id": id, "method": format!("textDocument/{method}"), "params": params })
        });
    let odd = prop_oneof![
        Just(json!({ "method": "$/cancelRequest", "params": { "id": 3 } })),
        Just(json!({ "id": 3, "method": "initialize", "params": { "capabilities": {} } })),
        Just(json!({ "id": "x", "result": null })),
        Just(json!({ "method": 5 })),
        Just(json!({ "id": 4, "method": "workspace/executeCommand", "params": [] })),
        Just(json!({ "method": "workspace/didChangeWatchedFiles", "params": { "changes": [] } })),
    ];
    let noise = prop::collection::vec(any::<u8>(), 0..30).prop_map(|noise| {
        let mut bytes = format!("Content-Length: {}\r\n\r\n", noise.len()).into_bytes();
        bytes.extend(noise);
        bytes
    });
    let known = prop_oneof![3 => open, 6 => change, 1 => close, 3 => request, 1 => odd];
    prop_oneof![12 => known.prop_map(|value| message(&value)), 1 => noise]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_it_is_told_it_answers_and_ends_as_asked(
        messages in prop::collection::vec(some_message(), 0..80)
    ) {
        let all: Vec<Vec<u8>> = beginning().into_iter().chain(messages).collect();
        let (ended, answers) = talk(&all);
        prop_assert_eq!(ended, Ended::AsAsked);
        prop_assert!(String::from_utf8(answers).unwrap().contains("\"id\":99"));
    }

    #[test]
    fn noise_ends_it_at_most(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        talk(&[noise]);
    }
}

#[test]
fn a_manifest_is_listed_folded_and_followed() {
    let uri = "file:///nowhere/p/theater.toml";
    let wit = "package a:b;\nworld one {}\n";
    let open = |uri: &str, text: &str| {
        let document = json!({ "uri": uri, "languageId": "", "version": 1, "text": text });
        let params = json!({ "textDocument": document });
        message(&json!({ "method": "textDocument/didOpen", "params": params }))
    };
    let ask = |id: i64, method: &str| {
        let position = json!({ "line": 1, "character": 10 });
        let params = json!({ "textDocument": { "uri": uri }, "position": position });
        message(&json!({ "id": id, "method": format!("textDocument/{method}"), "params": params }))
    };
    let mut messages = beginning();
    messages.push(open("file:///nowhere/p/wit/w.wit", wit));
    messages.push(open(uri, "[actor]\nworld = \"one\"\n"));
    messages.push(ask(1, "documentSymbol"));
    messages.push(ask(2, "foldingRange"));
    messages.push(ask(3, "documentLink"));
    messages.push(ask(4, "definition"));
    let found = results(&messages, 4);
    assert_eq!(found[0][0]["name"], "actor");
    assert_eq!(found[0][0]["children"][0]["detail"], "\"one\"");
    assert_eq!(found[1][0]["endLine"], 1);
    assert_eq!(found[2], json!([]));
    assert_eq!(found[3][0]["uri"], "file:///nowhere/p/wit/w.wit");
    assert_eq!(found[3][0]["range"]["start"], json!({ "line": 1, "character": 6 }));
}

#[test]
fn a_stream_that_ends_ends_the_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ended =
        runtime.block_on(serve(&b"Content-Length: 5\r\n\r\n{"[..], tokio::io::sink(), None));
    assert_eq!(ended, Ended::Abruptly);
    let begun = beginning().concat();
    let ended = runtime.block_on(serve(&begun[..], tokio::io::sink(), None));
    assert_eq!(ended, Ended::Abruptly);
}
