use crate::editor::{Editor, found_codes};
use crate::environment::TestEnvironment;
use insta::assert_snapshot;
use serde_json::{Value, json};

fn start(env: &TestEnvironment) -> Editor {
    let related = json!({ "publishDiagnostics": { "relatedInformation": true } });
    Editor::open_folder(env, json!({ "textDocument": related })).0
}

/// A published problem without what differs from machine to machine.
fn plain(problems: &Value, env: &TestEnvironment) -> String {
    format!("{problems:#}").replace(env.folder.to_str().unwrap(), "WORK")
}

#[test]
fn it_says_what_it_can() {
    let env = TestEnvironment::new();
    let (editor, answer) = Editor::open_folder(&env, json!({}));
    assert_snapshot!(format!("{:#}", answer["result"]["capabilities"]));
    assert_eq!(answer["result"]["serverInfo"]["name"], "theater");
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn columns_are_counted_as_the_editor_prefers() {
    let env = TestEnvironment::with_counter();
    let manifest =
        "actor = { 'ü𝄞' = 1, name = 'my-actor', world = 'actor' }\n[handlers]\nstate = true\n";
    for (offered, agreed, end) in [
        (json!(["utf-8", "utf-16"]), "utf-8", 18),
        (json!(["utf-7", "utf-32", "utf-8"]), "utf-32", 14),
        (json!(["utf-16"]), "utf-16", 15),
        (Value::Null, "utf-16", 15),
    ] {
        let capabilities = json!({ "general": { "positionEncodings": offered } });
        let (mut editor, answer) = Editor::open_folder(&env, capabilities);
        assert_eq!(answer["result"]["capabilities"]["positionEncoding"], agreed);
        editor.open("theater.toml", manifest);
        let problems = editor.problems("theater.toml", &["TH0104"]);
        let range = &problems["diagnostics"][0]["range"];
        assert_eq!(range["end"], json!({ "line": 0, "character": end }), "{agreed}");
        assert_eq!(editor.leave(), Some(0));
    }
}

#[test]
fn a_problem_has_code_range_and_what_to_do() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml").replace("state = true", "state = 5");
    let mut editor = start(&env);
    editor.open("theater.toml", &manifest);
    let problems = editor.problems("theater.toml", &["TH0205", "TH0107"]);
    assert_snapshot!(plain(&problems, &env));
    let problems = editor.problems("wit/world.wit", &["TH0205"]);
    assert_snapshot!(plain(&problems, &env));
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn problems_are_those_of_check() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml").replace("state = true", "clock = 5");
    env.write("theater.toml", &manifest);
    let check = env.theater(&["check", "--json"]).with_status(1);
    let mut codes: Vec<String> = Vec::new();
    for line in check.stdout.lines() {
        let problem: Value = serde_json::from_str(line).unwrap();
        codes.push(problem["code"].as_str().unwrap().to_owned());
    }
    let mut editor = start(&env);
    editor.open("theater.toml", &manifest);
    let problems = editor.wait(|message| {
        message["params"]["uri"].as_str().is_some_and(|uri| uri.ends_with("theater.toml"))
    });
    let mut shown = found_codes(&problems["params"]["diagnostics"]);
    shown.sort_unstable();
    codes.sort();
    assert_eq!(shown, codes);
}

#[test]
fn an_unsaved_world_shows_its_consequence_in_the_manifest() {
    let env = TestEnvironment::with_counter();
    let (manifest, world) = (env.read("theater.toml"), env.read("wit/world.wit"));
    let mut editor = start(&env);
    editor.open("theater.toml", &manifest);
    editor.problems("theater.toml", &[]);
    editor.open("wit/world.wit", &world);
    let line = world.lines().position(|line| line.contains("import ")).unwrap();
    let at = json!({ "line": line, "character": 0 });
    let change = json!([{
        "range": { "start": at, "end": at },
        "text": "import wasi:clocks/wall-clock@0.2.0;\n",
    }]);
    editor.change("wit/world.wit", 2, change);
    let problems = editor.problems("theater.toml", &["TH0205"]);
    let message = problems["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.contains("wasi:clocks/wall-clock@0.2.0"), "{message}");
    let related = &problems["diagnostics"][0]["relatedInformation"][0]["location"];
    assert_eq!(related["uri"], editor.uri("wit/world.wit"));
    assert_eq!(related["range"]["start"]["line"], line);
    let there = editor.problems("wit/world.wit", &["TH0205"]);
    assert_eq!(there["version"], 2);
    // Closed without saving, it is as it was.
    editor.close("wit/world.wit");
    editor.problems("theater.toml", &[]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_file_that_changes_or_goes_is_noticed() {
    let env = TestEnvironment::with_counter();
    let (manifest, world) = (env.read("theater.toml"), env.read("wit/world.wit"));
    let mut editor = start(&env);
    editor.open("theater.toml", &manifest);
    editor.problems("theater.toml", &[]);
    env.write("wit/world.wit", "no wit\n");
    editor.problems("wit/world.wit", &["TH0201"]);
    env.write("wit/world.wit", &world);
    editor.problems("wit/world.wit", &[]);
    std::fs::remove_dir_all(env.path("wit")).unwrap();
    editor.problems("theater.toml", &["TH0203"]);
    // The manifest itself, closed and gone: nothing is left to complain about.
    std::fs::remove_file(env.path("theater.toml")).unwrap();
    editor.close("theater.toml");
    editor.problems("theater.toml", &[]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_manifest_that_is_not_there_yet_is_checked() {
    let env = TestEnvironment::new();
    let mut editor = start(&env);
    editor.open("new/theater.toml", "[actor]\n");
    let problems = editor.problems("new/theater.toml", &["TH0308", "TH0106"]);
    assert_eq!(problems["version"], 1);
    // Somebody makes a project elsewhere in the workspace.
    env.theater(&["new", "other", "--vcs", "none"]).ok();
    editor.problems("other/theater.toml", &["TH0308"]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn wit_without_a_project_is_checked_for_itself() {
    let env = TestEnvironment::new();
    env.write("wit/other.wit", "package a:b;\ninterface known { use x:y/z.{t}; }\n");
    let mut editor = start(&env);
    editor.open("wit/lone.wit", "package a:b;\nworld w { import known; import unknown; }\n");
    let problems = editor.problems("wit/lone.wit", &["TH0202"]);
    assert_eq!(problems["diagnostics"][0]["range"]["start"], json!({ "line": 1, "character": 31 }));
    editor.close("wit/lone.wit");
    editor.problems("wit/lone.wit", &[]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn handlers_keys_and_settings_are_explained() {
    let env = TestEnvironment::with_counter();
    let mut editor = start(&env);
    let manifest =
        "[actor\nname = [\"x\",\n[handlers]\nstate = { max-size = \"1MiB\" }\n[limits]\nfuel = 5\n";
    editor.open("theater.toml", manifest);
    editor.open("wit/world.wit", "package a:b;\nworld w { import theater:host/log@0.1.0; }\n");
    let mut text = String::new();
    for (name, line, character) in [
        ("theater.toml", 1, 2),
        ("theater.toml", 3, 2),
        ("theater.toml", 3, 24),
        ("theater.toml", 5, 1),
        ("wit/world.wit", 1, 24),
    ] {
        let hover = editor.hover(name, line, character);
        let range = &hover["range"];
        let said = hover["contents"]["value"].as_str().unwrap();
        let beginning: Vec<&str> = said.split("\n\n").take(3).collect();
        text += &format!("-- {range}\n{}\n", beginning.join("\n\n"));
    }
    assert_snapshot!(text);
    for (line, character) in [(0, 3), (6, 0), (99, 99)] {
        let hover = editor.hover("theater.toml", line, character);
        assert!(hover.is_null() || line == 0, "{hover}");
    }
    assert_eq!(editor.hover("nowhere.toml", 0, 0), Value::Null);
}

#[test]
fn the_end_has_its_status() {
    let env = TestEnvironment::new();
    assert_eq!(start(&env).leave(), Some(0));
    assert_eq!(start(&env).vanish(), Some(1));
    let mut editor = start(&env);
    editor.notify("exit", Value::Null);
    assert_eq!(editor.ended(), Some(1));
    // The middle of a message.
    let mut editor = start(&env);
    editor.send_bytes(b"Content-Length: 100\r\n\r\n{\"jsonrpc\"");
    assert_eq!(editor.vanish(), Some(1));
    // More than any message has: what follows cannot be known.
    let mut editor = start(&env);
    editor.send_bytes(b"Content-Length: 99999999999\r\n\r\n{}");
    let answer = editor.wait(|message| message["id"].is_null() && message.get("error").is_some());
    assert_eq!(answer["error"]["code"], -32600);
    assert_eq!(editor.ended(), Some(1));
    // In the middle of its work, and without waiting for the answer.
    let mut editor = start(&env);
    editor.open("theater.toml", "[actor]\nname = \"a\"\n");
    editor.send(&json!({ "jsonrpc": "2.0", "id": 7, "method": "shutdown" }));
    editor.notify("exit", Value::Null);
    assert_eq!(editor.ended(), Some(0));
}

#[test]
fn after_shutdown_nothing_is_answered_but_that_it_is_over() {
    let env = TestEnvironment::with_counter();
    let mut editor = start(&env);
    editor.open("theater.toml", &env.read("theater.toml"));
    editor.request("shutdown", Value::Null);
    let place = json!({ "line": 0, "character": 0 });
    let params =
        json!({ "textDocument": { "uri": editor.uri("theater.toml") }, "position": place });
    assert_eq!(editor.request("textDocument/hover", params)["error"]["code"], -32600);
    assert_eq!(editor.request("shutdown", Value::Null)["error"]["code"], -32600);
    // Edits change nothing and harm nobody.
    editor.change("theater.toml", 2, json!([{ "text": "x" }]));
    editor.notify("exit", Value::Null);
    assert_eq!(editor.ended(), Some(0));
}

#[test]
#[cfg(unix)]
fn an_editor_whose_process_ends_is_not_waited_for() {
    let env = TestEnvironment::new();
    let mut process = env.program("/bin/sh").args(["-c", "exec sleep 600"]).spawn().unwrap();
    let mut editor = Editor::start(&env);
    editor.request("initialize", json!({ "processId": process.id(), "capabilities": {} }));
    editor.notify("initialized", json!({}));
    assert_eq!(editor.request("theater/none", json!({}))["error"]["code"], -32601);
    process.kill().unwrap();
    process.wait().unwrap();
    // Its stream is still open.
    assert_eq!(editor.ended(), Some(1));
}

#[test]
fn an_editor_on_another_machine_is_served() {
    let env = TestEnvironment::new();
    let mut editor = Editor::start(&env);
    editor.request("initialize", json!({ "processId": u32::MAX, "capabilities": {} }));
    editor.notify("initialized", json!({}));
    assert_eq!(editor.request("theater/none", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn bad_messages_are_answered_and_survived() {
    let env = TestEnvironment::with_counter();
    let mut editor = Editor::start(&env);
    // Before `initialize`.
    let params = json!({ "textDocument": { "uri": "file:///x" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(editor.request("textDocument/hover", params)["error"]["code"], -32002);
    editor.request("initialize", json!({ "capabilities": {} }));
    editor.notify("initialized", json!({}));
    for (bytes, code) in [
        (&b"Content-Length: 9\r\n\r\n{\"jsonrpc"[..], -32700),
        (b"Content-Length: 2\r\n\r\n[]", -32600),
        (b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x01", -32700),
        (b"Content-Length: x\r\n\r\n", -32700),
        (b"hello\r\n\r\n", -32700),
        (b"Content-Length: 17\r\n\r\n{\"jsonrpc\":\"2.0\"}", -32600),
        (b"Content-Length: -5\r\n\r\n", -32700),
        (b"Content-Length: 99999999999999999999999\r\n\r\n", -32700),
        (b"Content-Length: 31\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":[],\"x\":0}", -32600),
        (b"Content-Length: 39\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":[\"x\"]}", -32600),
        (b"Content-Length: 4\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nnull", -32600),
    ] {
        editor.send_bytes(bytes);
        let answer =
            editor.wait(|message| message["id"].is_null() && message.get("error").is_some());
        assert_eq!(answer["error"]["code"], code, "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(editor.request("theater/none", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.request("textDocument/hover", json!(5))["error"]["code"], -32602);
    for uri in
        ["untitled:Untitled-1", "file:relative", "http://a/theater.toml", "no uri", "file:///%00"]
    {
        let document = json!({ "uri": uri, "languageId": "toml", "version": 1, "text": "[actor]" });
        editor.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }
    // Changes of what is not open, and ranges from nowhere.
    editor.change("theater.toml", 2, json!([{ "text": "x" }]));
    editor.open("theater.toml", "[actor]\nname = \"x\"\n");
    let far = json!({ "line": 4_000_000_000_u32, "character": 4_000_000_000_u32 });
    let start = json!({ "line": 1, "character": 0 });
    editor.change(
        "theater.toml",
        3,
        json!([{ "range": { "start": far, "end": start }, "text": "nam = 1\n" }]),
    );
    editor.problems("theater.toml", &["TH0205", "TH0106", "TH0104"]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_huge_text_is_refused_and_survived() {
    let env = TestEnvironment::with_counter();
    let mut editor = start(&env);
    let huge = format!("[actor]\nname = \"x\"\n#{}\n", "a = [{ ".repeat(10 << 20 >> 3));
    editor.open("theater.toml", &huge);
    let problems = editor.problems("theater.toml", &["TH0001"]);
    let message = problems["diagnostics"][0]["message"].as_str().unwrap();
    assert!(message.contains("larger than 1MiB"), "{message}");
    editor.hover("theater.toml", 1, 2);
    editor.change(
        "theater.toml",
        2,
        json!([{ "text": "[actor]\nname = \"my-actor\"\nworld = \"actor\"\n" }]),
    );
    editor.problems("theater.toml", &["TH0205"]);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_person_who_starts_it_is_told_what_it_is() {
    let env = TestEnvironment::new();
    let ran = env.theater_with_input(&["lsp"], "").with_status(1);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    let ran = env.shell("script -qec 'theater lsp' /dev/null </dev/null 2>&1 || true");
    if ran.stdout.contains("not found") {
        println!("skipped: the command `script` is missing");
        return;
    }
    assert!(ran.stdout.contains("this is Theater's language server"), "{ran}");
}

#[test]
fn a_fix_is_offered_made_and_does_away_with_its_problem() {
    let env = TestEnvironment::with_counter();
    let manifest = env.read("theater.toml").replace("state = true", "stat = true");
    let mut editor = start(&env);
    editor.open("theater.toml", &manifest);
    editor.problems("theater.toml", &["TH0205", "TH0105"]);
    let line = manifest.lines().position(|line| line.starts_with("stat =")).unwrap();
    let at = json!({ "line": line, "character": 1 });
    let params = json!({
        "textDocument": { "uri": editor.uri("theater.toml") },
        "range": { "start": at, "end": at },
        "context": { "diagnostics": [] },
    });
    let answer = editor.request("textDocument/codeAction", params.clone());
    assert_snapshot!(plain(&answer["result"], &env));
    let edit = &answer["result"][0]["edit"]["changes"][editor.uri("theater.toml")][0];
    let change = json!([{ "range": edit["range"], "text": edit["newText"] }]);
    editor.change("theater.toml", 2, change);
    editor.problems("theater.toml", &[]);
    let again = editor.request("textDocument/codeAction", params);
    assert_eq!(again["result"], json!([]));
    assert_eq!(editor.leave(), Some(0));
}

/// A request about the place behind a part of a text.
fn ask(editor: &mut Editor, method: &str, name: &str, text: &str, part: &str) -> Value {
    let at = text.find(part).unwrap() + part.len();
    let line = text[..at].matches('\n').count();
    let character = at - text[..at].rfind('\n').map_or(0, |at| at + 1);
    let params = json!({
        "textDocument": { "uri": editor.uri(name) },
        "position": { "line": line, "character": character },
        "context": { "includeDeclaration": true, "triggerKind": 1 },
        "newName": "bookkeeper",
    });
    editor.request(&format!("textDocument/{method}"), params)
}

#[test]
fn names_lead_from_the_manifest_to_wit_and_to_what_theater_knows() {
    let env = TestEnvironment::with_counter();
    // What Theater knows need not be in the project.
    std::fs::remove_dir_all(env.path("wit/deps")).unwrap();
    let (manifest, world) = (env.read("theater.toml"), env.read("wit/world.wit"));
    let mut editor = start(&env);
    editor.open("theater.toml", &manifest);
    editor.open("wit/world.wit", &world);
    editor.problems("theater.toml", &[]);
    let to_world = ask(&mut editor, "definition", "theater.toml", &manifest, "world = \"a");
    assert_eq!(to_world["result"][0]["uri"], editor.uri("wit/world.wit"));
    let to_state = ask(&mut editor, "definition", "theater.toml", &manifest, "\nsta");
    let uri = to_state["result"][0]["uri"].as_str().unwrap();
    // An editor opens what is on disk.
    let path = uri.strip_prefix("file://").unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let line = to_state["result"][0]["range"]["start"]["line"].as_u64().unwrap();
    assert_eq!(text.lines().nth(line.try_into().unwrap()).unwrap(), "interface state {");
    assert!(std::fs::metadata(path).unwrap().permissions().readonly());
    // There it goes on.
    let document = json!({ "uri": uri, "languageId": "wit", "version": 1, "text": text });
    editor.notify("textDocument/didOpen", json!({ "textDocument": document }));
    let place = to_state["result"][0]["range"]["start"].clone();
    let params = json!({ "textDocument": { "uri": uri }, "position": place });
    let here = editor.request("textDocument/definition", params);
    assert_eq!(here["result"][0]["uri"], uri);
    let all = ask(&mut editor, "references", "wit/world.wit", &world, "theater:host/sta");
    let uris = all["result"].as_array().unwrap().iter().map(|it| it["uri"].as_str().unwrap());
    assert_eq!(
        uris.collect::<Vec<_>>(),
        [uri, &editor.uri("theater.toml"), &editor.uri("wit/world.wit")]
    );
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn what_can_be_typed_in_wit_is_documented_when_asked() {
    let env = TestEnvironment::with_counter();
    // What is in `deps` would hide what Theater knows.
    std::fs::remove_dir_all(env.path("wit/deps")).unwrap();
    let world = env.read("wit/world.wit");
    let item = json!({ "completionItem": { "documentationFormat": ["markdown", "plaintext"] } });
    let capabilities = json!({ "textDocument": { "completion": item } });
    let (mut editor, _) = Editor::open_folder(&env, capabilities);
    editor.open("wit/world.wit", &world);
    let found = ask(&mut editor, "completion", "wit/world.wit", &world, "import theater:host/");
    let items = found["result"].as_array().unwrap();
    let timer = items.iter().find(|it| it["label"] == "theater:host/timer@0.1.0").unwrap();
    assert_eq!(timer["documentation"], Value::Null);
    let resolved = editor.request("completionItem/resolve", timer.clone());
    let said = resolved["result"]["documentation"]["value"].as_str().unwrap();
    assert!(said.contains("interface timer"), "{said}");
    // What no list came from is given back as it is.
    let odd = json!({ "label": "x", "data": 5 });
    assert_eq!(editor.request("completionItem/resolve", odd.clone())["result"], odd);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_world_gets_another_name_in_the_manifest_too() {
    let env = TestEnvironment::with_counter();
    let (manifest, world) = (env.read("theater.toml"), env.read("wit/world.wit"));
    let mut editor = start(&env);
    editor.open("theater.toml", &manifest);
    editor.problems("theater.toml", &[]);
    editor.open("wit/world.wit", &world);
    let prepared = ask(&mut editor, "prepareRename", "wit/world.wit", &world, "\nworld ac");
    assert_eq!(prepared["result"]["start"]["character"], 6);
    let refused = ask(&mut editor, "prepareRename", "wit/world.wit", &world, "theater:host/sta");
    let why = refused["error"]["message"].as_str().unwrap();
    assert!(why.contains("belongs to the package `theater:host@0.1.0`"), "{refused}");
    let renamed = ask(&mut editor, "rename", "wit/world.wit", &world, "\nworld ac");
    assert_snapshot!(plain(&renamed["result"], &env));
    for (name, version) in [("theater.toml", 2), ("wit/world.wit", 2)] {
        let edit = &renamed["result"]["changes"][editor.uri(name)][0];
        let change = json!([{ "range": edit["range"], "text": edit["newText"] }]);
        editor.change(name, version, change);
    }
    editor.problems("theater.toml", &[]);
    assert_eq!(editor.leave(), Some(0));
}
