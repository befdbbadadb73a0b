//! Editors that ask for problems, over standard input and output.

use crate::editor::{Editor, found_codes};
use crate::environment::TestEnvironment;
use serde_json::{Value, json};

/// An editor that asks, and asks again when it is told to.
fn asking(env: &TestEnvironment) -> Editor {
    let capabilities = json!({
        "textDocument": {
            "diagnostic": { "relatedDocumentSupport": true },
            "publishDiagnostics": { "dataSupport": true, "codeDescriptionSupport": true },
        },
        "workspace": { "diagnostics": { "refreshSupport": true } },
    });
    let (editor, answer) = Editor::open_folder(env, capabilities);
    let provider = &answer["result"]["capabilities"]["diagnosticProvider"];
    assert_eq!(
        *provider,
        json!({ "identifier": "theater", "interFileDependencies": true, "workspaceDiagnostics": true })
    );
    editor
}

fn pull(editor: &mut Editor, name: &str, previous: Option<&Value>) -> Value {
    let document = json!({ "uri": editor.uri(name) });
    let params = json!({ "textDocument": document, "previousResultId": previous });
    let answer = editor.request("textDocument/diagnostic", params);
    assert!(answer.get("error").is_none(), "{answer:#}");
    answer["result"].clone()
}

fn pull_all(editor: &mut Editor, previous: &Value) -> Vec<Value> {
    let answer = editor.request("workspace/diagnostic", json!({ "previousResultIds": previous }));
    answer["result"]["items"].as_array().unwrap().clone()
}

/// The report of one file, of all that were given.
fn of<'r>(reports: &'r [Value], uri: &str) -> &'r Value {
    reports.iter().find(|report| report["uri"] == *uri).unwrap_or(&Value::Null)
}

#[test]
fn an_editor_that_asks_is_told_of_the_text_that_it_has() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml");
    let mut editor = asking(&env);
    editor.open("wit/world.wit", &env.read("wit/world.wit"));
    editor.open("theater.toml", &manifest.replace("state = true", "stat = true"));
    let first = pull(&mut editor, "theater.toml", None);
    assert_eq!(first["kind"], "full");
    assert_eq!(found_codes(&first["items"]), ["TH0205", "TH0105"]);
    // The world shows it too.
    let world = &first["relatedDocuments"][&editor.uri("wit/world.wit")];
    assert_eq!(found_codes(&world["items"]), ["TH0205"]);

    // Nothing has changed: nothing is sent again.
    let again = pull(&mut editor, "theater.toml", Some(&first["resultId"]));
    assert_eq!(again, json!({ "kind": "unchanged", "resultId": first["resultId"] }));

    editor.change("theater.toml", 2, json!([{ "text": manifest }]));
    let fixed = pull(&mut editor, "theater.toml", Some(&first["resultId"]));
    assert_eq!((&fixed["kind"], &fixed["items"]), (&json!("full"), &json!([])));
    assert_eq!(fixed["relatedDocuments"][&editor.uri("wit/world.wit")]["items"], json!([]));
    // A text that is no file has none.
    let params = json!({ "textDocument": { "uri": "untitled:theater.toml" } });
    let answer = editor.request("textDocument/diagnostic", params);
    assert_eq!(answer["result"]["items"], json!([]));
    // Nothing is sent unasked.
    let unasked = editor.take("textDocument/publishDiagnostics");
    assert!(unasked.is_empty(), "{unasked:#?}");
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn what_an_edit_changes_elsewhere_is_to_be_asked_for_again() {
    let env = TestEnvironment::with_counter();
    let (manifest, world) = (env.read("theater.toml"), env.read("wit/world.wit"));
    let mut editor = asking(&env);
    editor.open("theater.toml", &manifest);
    editor.open("wit/world.wit", &world);
    let before = pull(&mut editor, "theater.toml", None);
    assert_eq!(before["items"], json!([]));
    let import =
        world.replace("world actor {", "world actor {\n    import wasi:clocks/wall-clock@0.2.0;");
    assert_ne!(import, world);
    editor.change("wit/world.wit", 2, json!([{ "text": import }]));
    let refresh = editor.wait(|message| message["method"] == "workspace/diagnostic/refresh");
    editor.send(&json!({ "jsonrpc": "2.0", "id": refresh["id"], "result": null }));
    let after = pull(&mut editor, "theater.toml", Some(&before["resultId"]));
    assert_eq!(found_codes(&after["items"]), ["TH0205"]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn all_files_of_the_workspace_can_be_asked_for() {
    let env = TestEnvironment::new();
    for name in ["one", "other"] {
        env.theater(&["new", name, "--language", "wat", "--vcs", "none"]).ok();
    }
    let mut editor = asking(&env);
    let (one, other) = (editor.uri("one/theater.toml"), editor.uri("other/theater.toml"));
    let all = pull_all(&mut editor, &json!([]));
    for uri in [&one, &other] {
        let report = of(&all, uri);
        assert_eq!(
            (&report["kind"], &report["version"]),
            (&json!("full"), &Value::Null),
            "{all:#?}"
        );
        assert_eq!(found_codes(&report["items"]), ["TH0308"]);
        // Files of the workspace are named from its folder on.
        let message = report["items"][0]["message"].as_str().unwrap();
        assert!(!message.contains(env.folder.to_str().unwrap()), "{message}");
        assert!(message.contains("/build/"), "{message}");
    }
    let known: Vec<Value> = all
        .iter()
        .map(|report| json!({ "uri": report["uri"], "value": report["resultId"] }))
        .collect();
    let again = pull_all(&mut editor, &known.clone().into());
    assert!(again.iter().all(|report| report["kind"] == "unchanged"), "{again:#?}");

    editor.open("one/theater.toml", "[actor\n");
    let changed = pull_all(&mut editor, &known.into());
    assert_eq!(
        (&of(&changed, &one)["kind"], &of(&changed, &one)["version"]),
        (&json!("full"), &json!(1))
    );
    assert_eq!(found_codes(&of(&changed, &one)["items"]), ["TH0102"]);
    assert_eq!(of(&changed, &other)["kind"], "unchanged");
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_problem_carries_its_fixes_and_leads_to_its_page() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml").replace("state = true", "state = true\nrandom = true");
    let mut editor = asking(&env);
    editor.open("theater.toml", &manifest);
    let report = pull(&mut editor, "theater.toml", None);
    assert_eq!(found_codes(&report["items"]), ["TH0208"]);
    let problem = &report["items"][0];
    let page =
        problem["codeDescription"]["href"].as_str().unwrap().strip_prefix("file://").unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(page.trim_end(), env.theater(&["explain", "TH0208"]).ok().stdout.trim_end());

    let ask = |editor: &mut Editor, problem: &Value, range: &Value| {
        let context = json!({ "diagnostics": [problem], "only": ["quickfix"] });
        let document = json!({ "uri": editor.uri("theater.toml") });
        let params = json!({ "textDocument": document, "range": range, "context": context });
        editor.request("textDocument/codeAction", params)["result"].clone()
    };
    // The problem alone is enough, wherever the cursor is.
    let nowhere =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } });
    let carried = ask(&mut editor, problem, &nowhere);
    assert_eq!(carried[0]["title"], "Remove the grant");
    assert_eq!(carried[0]["diagnostics"], json!([problem]));
    let found =
        ask(&mut editor, &json!({ "range": problem["range"], "message": "" }), &problem["range"]);
    assert_eq!(carried[0]["edit"], found[0]["edit"]);
    assert_eq!(carried[0]["isPreferred"], found[0]["isPreferred"]);
    // In another text its places would be wrong: what is at the place is looked at again.
    editor.change("theater.toml", 2, json!([{ "text": format!("# first\n{manifest}") }]));
    assert_eq!(ask(&mut editor, problem, &nowhere), json!([]));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn an_editor_that_cannot_be_told_to_ask_again_is_sent_them() {
    let env = TestEnvironment::with_counter();
    let capabilities = json!({ "textDocument": { "diagnostic": {} } });
    let (mut editor, answer) = Editor::open_folder(&env, capabilities);
    assert_eq!(answer["result"]["capabilities"].get("diagnosticProvider"), None);
    editor.open("theater.toml", "[actor\n");
    editor.problems("theater.toml", &["TH0102"]);
    assert_eq!(editor.leave(), Some(0));
}
