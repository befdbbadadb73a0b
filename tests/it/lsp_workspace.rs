//! The language server and the workspace as a whole: its folders, the first check, and what can be done with a project.

use crate::editor::{Editor, found_codes};
use crate::environment::TestEnvironment;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// Two projects, neither of them built.
fn two_projects() -> TestEnvironment {
    let env = TestEnvironment::new();
    for name in ["one", "other"] {
        env.theater(&["new", name, "--language", "wat", "--vcs", "none"]).ok();
    }
    env
}

fn folder(editor: &Editor, name: &str) -> Value {
    json!({ "uri": editor.uri(name), "name": name })
}

/// An editor whose workspace has these folders.
fn with_folders(env: &TestEnvironment, names: &[&str], capabilities: Value) -> Editor {
    let mut editor = Editor::start(env);
    let folders: Vec<Value> = names.iter().map(|name| folder(&editor, name)).collect();
    let params = json!({
        "processId": null,
        "rootUri": null,
        "capabilities": capabilities,
        "workspaceFolders": folders,
    });
    editor.request("initialize", params);
    editor.notify("initialized", json!({}));
    editor
}

fn change_folders(editor: &mut Editor, added: &[&str], removed: &[&str]) {
    let named = |names: &[&str]| names.iter().map(|name| folder(editor, name)).collect::<Vec<_>>();
    let event = json!({ "added": named(added), "removed": named(removed) });
    editor.notify("workspace/didChangeWorkspaceFolders", json!({ "event": event }));
}

#[test]
fn folders_come_and_go() {
    let env = two_projects();
    let mut editor = with_folders(&env, &["one"], json!({}));
    editor.problems("one/theater.toml", &["TH0308"]);
    change_folders(&mut editor, &["other"], &[]);
    editor.problems("other/theater.toml", &["TH0308"]);
    change_folders(&mut editor, &[], &["one"]);
    editor.problems("one/theater.toml", &[]);
    // What is open is checked wherever it is.
    editor.open("one/theater.toml", &env.read("one/theater.toml"));
    let problems = editor.problems("one/theater.toml", &["TH0308"]);
    assert_eq!(problems["version"], 1);
    editor.close("one/theater.toml");
    let one = editor.uri("one/theater.toml");
    let names = |message: &Value, component: &str| {
        let said = message["params"]["diagnostics"][0]["message"].as_str().unwrap_or_default();
        message["params"]["uri"] == *one
            && message["params"]["version"].is_null()
            && said.contains(&format!("the component {component} does not exist"))
    };
    // Each file is named from the folder of the workspace on in which it is, and again when that is another one.
    let whole = env.path("one/build/one.wasm").display().to_string();
    editor.wait(|message| names(message, &whole));
    change_folders(&mut editor, &["one"], &["other"]);
    editor.problems("other/theater.toml", &[]);
    editor.wait(|message| names(message, "build/one.wasm"));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn two_folders_are_one_workspace() {
    let env = two_projects();
    let mut editor = with_folders(&env, &["one", "other"], json!({}));
    let found = editor.request("workspace/symbol", json!({ "query": "" }));
    assert!(found["result"].is_array(), "{found:#}");
    editor.problems("one/theater.toml", &["TH0308"]);
    editor.problems("other/theater.toml", &["TH0308"]);
    let found = editor.request("workspace/symbol", json!({ "query": "o" }));
    let places: Vec<&str> = found["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["location"]["uri"].as_str().unwrap())
        .collect();
    for name in ["one/theater.toml", "other/theater.toml"] {
        assert!(places.contains(&editor.uri(name).as_str()), "{name}: {places:#?}");
    }
    // Nested folders are no problem, and one that is in two goes only with the second.
    change_folders(&mut editor, &[""], &["one"]);
    editor.open("other/theater.toml", "[actor\n");
    editor.problems("other/theater.toml", &["TH0102"]);
    let found = editor.request("workspace/symbol", json!({ "query": "one" }));
    assert_ne!(found["result"], json!([]));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn the_first_check_is_told_of() {
    let env = two_projects();
    let shows = json!({ "window": { "workDoneProgress": true } });
    let mut editor = with_folders(&env, &[""], shows);
    let asked = editor.wait(|message| message["method"] == "window/workDoneProgress/create");
    editor.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null }));
    let token = &asked["params"]["token"];
    let kind = |message: &Value, kind: &str| {
        message["method"] == "$/progress"
            && message["params"]["token"] == *token
            && message["params"]["value"]["kind"] == kind
    };
    let begin = editor.wait(|message| kind(message, "begin"));
    assert_eq!(begin["params"]["value"]["title"], "Checking projects");
    editor.wait(|message| kind(message, "end"));
    editor.problems("other/theater.toml", &["TH0308"]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn an_editor_that_refuses_to_show_progress_misses_nothing_else() {
    let env = two_projects();
    let shows = json!({ "window": { "workDoneProgress": true } });
    let mut editor = with_folders(&env, &[""], shows);
    let asked = editor.wait(|message| message["method"] == "window/workDoneProgress/create");
    let error = json!({ "code": -32601, "message": "no" });
    editor.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }));
    editor.problems("other/theater.toml", &["TH0308"]);
    assert!(editor.take("$/progress").is_empty());
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn every_lens_is_a_code_action_too() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml");
    let mut editor = with_folders(&env, &[""], json!({}));
    editor.open("theater.toml", &manifest);
    let document = json!({ "uri": editor.uri("theater.toml") });
    let lenses = editor.request("textDocument/codeLens", json!({ "textDocument": document }));
    let lenses: Vec<&Value> =
        lenses["result"].as_array().unwrap().iter().map(|lens| &lens["command"]).collect();
    let line = manifest.lines().position(|line| line == "[actor]").unwrap();
    let ask = |editor: &mut Editor, line: usize, only: Value| {
        let at = json!({ "line": line, "character": 0 });
        let context = json!({ "diagnostics": [], "only": only });
        let range = json!({ "start": at, "end": at });
        let params = json!({ "textDocument": document, "range": range, "context": context });
        editor.request("textDocument/codeAction", params)["result"].clone()
    };
    let actions = ask(&mut editor, line, json!(["source.theater"]));
    let commands: Vec<&Value> =
        actions.as_array().unwrap().iter().map(|action| &action["command"]).collect();
    assert_eq!(commands, lenses);
    // Asked for everything, they are there as well; not at other places, and not among quick fixes.
    assert_eq!(ask(&mut editor, line, Value::Null), actions);
    assert_eq!(ask(&mut editor, line + 2, Value::Null), json!([]));
    assert_eq!(ask(&mut editor, line, json!(["quickfix"])), json!([]));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_missing_world_is_created_by_editors_that_make_files() {
    let env = TestEnvironment::with_counter();
    std::fs::remove_dir_all(env.path("wit")).unwrap();
    let manifest =
        "[actor]\nname = \"x\"\ncomponent = \"none.wasm\"\nworld = \"w\"\n[handlers]\nlog = true\n";
    let offered = |capabilities: Value| {
        let mut editor = with_folders(&env, &[""], capabilities);
        editor.open("theater.toml", manifest);
        let problems = editor.problems("theater.toml", &["TH0308", "TH0203"]);
        let params = json!({
            "textDocument": { "uri": editor.uri("theater.toml") },
            "range": problems["diagnostics"][1]["range"],
            "context": { "diagnostics": problems["diagnostics"] },
        });
        let answer = editor.request("textDocument/codeAction", params)["result"].clone();
        let titled = |action: &&Value| action["title"] == "Create the world `w` from the manifest";
        let action = answer.as_array().unwrap().iter().find(titled).cloned();
        (editor, action)
    };
    let (editor, action) = offered(json!({}));
    assert_eq!(action, None);
    assert_eq!(editor.leave(), Some(0));
    let creates = json!({ "documentChanges": true, "resourceOperations": ["create"] });
    let (mut editor, action) = offered(json!({ "workspace": { "workspaceEdit": creates } }));
    let action = action.unwrap();
    assert_eq!(found_codes(&action["diagnostics"]), ["TH0203"]);
    let changes = &action["edit"]["documentChanges"];
    let uri = editor.uri("wit/world.wit");
    assert_eq!((&changes[0]["kind"], &changes[0]["uri"]), (&json!("create"), &json!(uri)));
    assert_eq!(changes[1]["textDocument"]["uri"], uri);
    let text = changes[1]["edits"][0]["newText"].as_str().unwrap();
    editor.open("wit/world.wit", text);
    editor.problems("theater.toml", &["TH0308"]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_cancelled_request_is_answered_as_such_or_in_full() {
    let env = TestEnvironment::with_counter();
    let mut editor = with_folders(&env, &[""], json!({}));
    editor.open("theater.toml", "[actor\n");
    for id in 1000..1100 {
        let document = json!({ "uri": editor.uri("theater.toml") });
        let params = json!({ "textDocument": document, "position": { "line": 0, "character": 1 } });
        editor.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "textDocument/hover", "params": params }));
        editor.notify("$/cancelRequest", json!({ "id": id }));
    }
    for id in 1000..1100 {
        let answer = editor.wait(|message| message["id"] == id && message.get("method").is_none());
        let code = &answer["error"]["code"];
        assert!(code.is_null() || *code == -32800, "{answer}");
    }
    let problems = editor.problems("theater.toml", &["TH0102"]);
    assert_eq!(found_codes(&problems["diagnostics"]), ["TH0102"]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_component_that_is_older_than_its_sources_is_told_of() {
    let env = TestEnvironment::with_counter();
    let mut editor = with_folders(&env, &[""], json!({}));
    editor.open("theater.toml", &env.read("theater.toml"));
    editor.problems("theater.toml", &[]);
    let component = std::fs::File::open(env.path("build/my-actor.wasm")).unwrap();
    let old = component.metadata().unwrap().modified().unwrap() - Duration::from_secs(3600);
    component.set_modified(old).unwrap();
    let stale = editor.problems("theater.toml", &["TH0312"]);
    let message = stale["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.contains("older than "), "{message}");
    let params = json!({
        "textDocument": { "uri": editor.uri("theater.toml") },
        "range": stale["diagnostics"][0]["range"],
        "context": { "diagnostics": stale["diagnostics"], "only": ["quickfix"] },
    });
    let actions = editor.request("textDocument/codeAction", params)["result"].clone();
    assert_eq!(actions[0]["command"]["command"], "theater.build");
    assert_eq!(found_codes(&actions[0]["diagnostics"]), ["TH0312"]);
    env.theater(&["build"]).ok();
    editor.problems("theater.toml", &[]);
    // A source that is written while the editor looks on.
    let source = std::fs::File::options().append(true).open(env.path("src/counter.wat")).unwrap();
    source.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
    let stale = editor.problems("theater.toml", &["TH0312"]);
    let message = stale["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.contains("older than src/counter.wat"), "{message}");
    std::fs::remove_file(env.path("src/counter.wat")).unwrap();
    editor.problems("theater.toml", &[]);
    assert_eq!(editor.leave(), Some(0));
}
