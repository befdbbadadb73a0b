//! What the language server does beside problems and names: layout and the like.

use crate::editor::Editor;
use crate::environment::TestEnvironment;
use serde_json::{Value, json};

fn start(env: &TestEnvironment) -> Editor {
    Editor::open_folder(env, json!({})).0
}

/// A text with edits of the protocol made; all characters of it are ASCII.
fn edited(text: &str, edits: &Value) -> String {
    let offset = |position: &Value| {
        let line = position["line"].as_u64().unwrap().try_into().unwrap();
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        start + usize::try_from(position["character"].as_u64().unwrap()).unwrap()
    };
    let mut out = text.to_owned();
    for edit in edits.as_array().unwrap().iter().rev() {
        let (start, end) = (offset(&edit["range"]["start"]), offset(&edit["range"]["end"]));
        out.replace_range(start..end, edit["newText"].as_str().unwrap());
    }
    out
}

#[test]
fn a_text_is_formatted_whole_or_in_part() {
    let env = TestEnvironment::new();
    let mut editor = start(&env);
    let world = "package a:b;\nworld  w{\nimport  i;\n}\ninterface  i{\n}\n";
    editor.open("wit/world.wit", world);
    let document = json!({ "uri": editor.uri("wit/world.wit") });
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let whole = json!({ "textDocument": document, "options": options });
    let edits = editor.request("textDocument/formatting", whole)["result"].clone();
    let neat = "package a:b;\n\nworld w {\n    import i;\n}\n\ninterface i {}\n";
    assert_eq!(edited(world, &edits), neat);
    let (from, to) = (json!({ "line": 2, "character": 1 }), json!({ "line": 2, "character": 3 }));
    let range = json!({ "start": from, "end": to });
    let part = json!({ "textDocument": document, "range": range, "options": options });
    let edits = editor.request("textDocument/rangeFormatting", part)["result"].clone();
    assert_eq!(edited(world, &edits), world.replace("import  i", "    import i"));
    // Half of a manifest has no layout.
    editor.open("theater.toml", "[actor\n");
    let whole =
        json!({ "textDocument": { "uri": editor.uri("theater.toml") }, "options": options });
    assert_eq!(editor.request("textDocument/formatting", whole)["result"], Value::Null);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_selection_grows() {
    let env = TestEnvironment::new();
    let mut editor = start(&env);
    editor.open("theater.toml", "[actor]\nname = \"one\"\n");
    let positions = json!([{ "line": 1, "character": 9 }, { "line": 1, "character": 1 }]);
    let document = json!({ "uri": editor.uri("theater.toml") });
    let params = json!({ "textDocument": document, "positions": positions });
    let answer = editor.request("textDocument/selectionRange", params)["result"].clone();
    let mut columns = Vec::new();
    let mut part = &answer[0];
    while let Some(range) = part.get("range") {
        columns.push((range["start"]["character"].as_u64(), range["end"]["character"].as_u64()));
        part = &part["parent"];
    }
    let whole = [(8, 11), (7, 12), (0, 12), (0, 12), (0, 0)];
    assert_eq!(columns, whole.map(|(start, end)| (Some(start), Some(end))));
    assert_eq!(answer[1]["range"]["end"]["character"], 4);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn the_parts_of_a_text_are_told_line_by_line() {
    let env = TestEnvironment::new();
    let (mut editor, answer) = Editor::open_folder(&env, json!({}));
    let legend = &answer["result"]["capabilities"]["semanticTokensProvider"]["legend"];
    let kind = |number: &Value| {
        let number = usize::try_from(number.as_u64().unwrap()).unwrap();
        legend["tokenTypes"][number].as_str().unwrap().to_owned()
    };
    editor.open("wit/a.wit", "package a:b;\n/* ü\n𝄞 */ interface i {\n}\n");
    let document = json!({ "uri": editor.uri("wit/a.wit") });
    let all =
        editor.request("textDocument/semanticTokens/full", json!({ "textDocument": document }));
    let data = |answer: &Value| answer["result"]["data"].as_array().unwrap().clone();
    let told: Vec<_> = data(&all).chunks(5).map(|it| (it[..3].to_vec(), kind(&it[3]))).collect();
    let wanted = [
        ([0, 0, 7], "keyword"),
        ([0, 8, 3], "namespace"),
        ([1, 0, 4], "comment"),
        // In UTF-16 the clef has two units.
        ([1, 0, 5], "comment"),
        ([0, 6, 9], "keyword"),
        ([0, 10, 1], "interface"),
    ];
    let wanted = wanted.map(|(it, kind)| (it.map(Value::from).to_vec(), kind.to_owned()));
    assert_eq!(told, wanted);
    let range =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 7 } });
    let params = json!({ "textDocument": document, "range": range });
    let part = editor.request("textDocument/semanticTokens/range", params);
    assert_eq!(data(&part).len(), 5);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn names_are_found_anywhere_in_the_workspace() {
    let env = TestEnvironment::with_counter();
    let mut editor = start(&env);
    editor.open("theater.toml", &env.read("theater.toml"));
    editor.problems("theater.toml", &[]);
    let found = editor.request("workspace/symbol", json!({ "query": "actor" }))["result"].clone();
    let names = |found: &Value| {
        let one = |it: &Value| format!("{} {}", it["name"], it["kind"]);
        found.as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    assert!(names(&found).contains(&"\"my-actor\" 19".to_owned()), "{found}");
    assert!(names(&found).contains(&"\"actor\" 2".to_owned()), "{found}");
    let world = found.as_array().unwrap().iter().find(|it| it["name"] == "actor").unwrap();
    assert_eq!(world["location"]["uri"], editor.uri("wit/world.wit"));
    assert_eq!(world["containerName"], "local:my-actor");
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn what_holds_without_being_written_is_shown() {
    let env = TestEnvironment::new();
    let mut editor = start(&env);
    editor.open("theater.toml", "[actor]\nname = \"a\"\n[handlers]\nstate = true # ü\n[limits]\n");
    let start = json!({ "line": 2, "character": 0 });
    let range = json!({ "start": start, "end": { "line": 3, "character": 99 } });
    let document = json!({ "uri": editor.uri("theater.toml") });
    let params = json!({ "textDocument": document, "range": range });
    let hints = editor.request("textDocument/inlayHint", params)["result"].clone();
    assert_eq!(hints.as_array().unwrap().len(), 1, "{hints}");
    assert_eq!(hints[0]["position"], json!({ "line": 3, "character": 12 }));
    assert_eq!(hints[0]["label"], "max-size = \"64MiB\"");
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn what_can_be_done_is_offered_as_the_editors_commands() {
    let env = TestEnvironment::with_counter();
    let mut editor = start(&env);
    editor.open("theater.toml", &env.read("theater.toml"));
    let document = json!({ "uri": editor.uri("theater.toml") });
    let lenses = editor.request("textDocument/codeLens", json!({ "textDocument": document }));
    let commands: Vec<&Value> = lenses["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lens| &lens["command"]["command"])
        .collect();
    assert_eq!(commands, ["theater.build", "theater.run", "theater.repl", "theater.replay"]);
    let lens = &lenses["result"][0];
    assert_eq!(lens["command"]["title"], "Build");
    assert_eq!(lens["command"]["arguments"], json!([editor.uri("")]));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn paths_are_completed_from_the_disk() {
    let env = TestEnvironment::new();
    let text = "[actor]\nname = \"x\"\ncomponent = \"out/\"\n";
    env.write("out/x.wasm", "");
    env.write("out/notes.md", "");
    env.write("out/deep/y.wasm", "");
    #[cfg(unix)]
    std::os::unix::fs::symlink(env.path("out/deep"), env.path("out/link")).unwrap();
    let snippets = json!({ "completionItem": { "snippetSupport": true } });
    let capabilities = json!({ "textDocument": { "completion": snippets } });
    let mut editor = Editor::open_folder(&env, capabilities).0;
    editor.open("theater.toml", text);
    let params = json!({
        "textDocument": { "uri": editor.uri("theater.toml") },
        "position": { "line": 2, "character": 17 },
    });
    let found = editor.request("textDocument/completion", params)["result"].clone();
    let found: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["textEdit"]["newText"].as_str().unwrap())
        .collect();
    let link = cfg!(unix).then_some("\"out/link${1:}\"");
    let wanted =
        [Some("\"build/x.wasm\""), Some("\"out/deep${1:}\""), link, Some("\"out/x.wasm\"")];
    assert_eq!(found, wanted.into_iter().flatten().collect::<Vec<_>>());
    assert_eq!(editor.leave(), Some(0));
}
