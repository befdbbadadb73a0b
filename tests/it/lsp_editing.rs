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
