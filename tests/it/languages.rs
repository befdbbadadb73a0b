//! Components of other languages, made by their own tools. `.ci/languages` installs the tools and
//! says in THEATER_TEST_LANGUAGES where.

use crate::environment::{Ran, TestEnvironment};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The projects: what somebody who writes in that language would have.
const PROJECTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/languages");

/// What every counter is asked, whatever it is written in. The last sum does not fit.
const SESSION: &[&str] = &[
    "counter.increment(by: 5)",
    "counter.increment(2)",
    "counter.value()",
    "at counter#1",
    "state",
    "next",
    "state",
    "next",
    "back",
    "state",
    "counter.increment(4294967295)",
];

/// The folder of the tools, or none if these tests are to be left out.
fn tools() -> Option<PathBuf> {
    let folder = std::env::var_os("THEATER_TEST_LANGUAGES").map(PathBuf::from);
    let required = std::env::var("THEATER_TEST_REQUIRE").unwrap_or_default();
    if folder.is_none() {
        let required = required.split(',').any(|word| word.trim() == "languages");
        assert!(!required, "the tools are required, but THEATER_TEST_LANGUAGES does not name them");
        println!("left out: THEATER_TEST_LANGUAGES does not name the tools; see .ci/languages");
    }
    folder
}

/// A project `counter` with its world, and nothing that makes its component.
fn empty_project() -> TestEnvironment {
    let mut env = TestEnvironment::new();
    env.theater(&["new", "counter", "--language", "wat", "--vcs", "none"]).ok();
    env.folder = env.folder.join("counter");
    env
}

/// The project of a language, and its tools where a shell would find them.
fn project(language: &str, tools: &Path) -> TestEnvironment {
    let mut env = empty_project();
    std::fs::remove_dir_all(env.path("src")).unwrap();
    copy(&Path::new(PROJECTS).join(language), &env.folder);
    std::os::unix::fs::symlink(tools.join("node_modules"), env.path("node_modules")).unwrap();
    env.tools = Some(tools.join("bin"));
    env
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
}

/// The session in a run of its own, with what is named: nothing, where there is a project.
fn session(env: &TestEnvironment, actor: &[&str]) -> Ran {
    let lines: Vec<&str> = SESSION.iter().flat_map(|line| ["-e", line]).collect();
    env.theater(&[&["repl"], actor, &lines[..]].concat()).with_status(1)
}

/// What the counter written by hand prints in the session.
fn expected() -> &'static str {
    static EXPECTED: OnceLock<String> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let env = empty_project();
        env.theater(&["build"]).ok();
        session(&env, &[]).stdout
    })
}

/// Builds the counter of a language and puts it through what an actor's life may bring.
fn lives(env: &TestEnvironment) {
    env.theater(&["build"]).ok();
    assert_eq!(env.theater(&["check"]).ok().stderr, "no problems\n");
    let inspected = env.theater(&["inspect", "build/counter.wasm"]).ok();
    for line in ["local:counter/counter", "increment: func(by: u32) -> u32", "Adds `by` to the"] {
        assert!(inspected.stdout.contains(line), "{inspected}");
    }
    assert_eq!(counts(env, &[]).stdout, expected());
    keep_instances(env);
    assert_eq!(counts(env, &[]).stdout, expected());
    replays(env, &["replay", "--fresh", "counter"]);
}

fn keep_instances(env: &TestEnvironment) {
    let manifest = env.read("theater.toml");
    env.write("theater.toml", manifest.replace("[build]", "instance = \"warm\"\n\n[build]"));
}

/// The session, its failed turn, what is left after it, and all of it again.
fn counts(env: &TestEnvironment, actor: &[&str]) -> Ran {
    let ran = session(env, actor);
    assert!(ran.stderr.contains("counter#4 aborted (trap)"), "{ran}");
    let after = env.theater(&["repl", "--resume", "-e", "counter.value()"]).ok();
    assert_eq!(after.stdout, "7\n");
    env.theater(&["trace", "verify"]).ok();
    replays(env, &["replay"]);
    ran
}

/// The counter that is made with all of WASI: it answers as the others do, may call more than they,
/// and tells in which line of the source its exception was thrown. Its component runs without a
/// project as well.
fn lives_with_wasi(language: &str, place: &str, grants: &str) {
    let Some(tools) = tools() else { return };
    let mut env = project(language, &tools);
    env.write("theater.toml", env.read("wasi.toml"));
    env.theater(&["build"]).ok();
    assert_eq!(env.theater(&["check"]).ok().stderr, "no problems\n");
    let tells_why = |ran: Ran| {
        assert_eq!(answers(&ran.stdout), answers(expected()), "{ran}");
        for told in ["4294967302 does not fit into 32 bits", place] {
            assert!(ran.stderr.contains(told), "{ran}");
        }
    };
    tells_why(counts(&env, &[]));
    keep_instances(&env);
    tells_why(counts(&env, &[]));

    let component = env.path("build/counter.wasm");
    env.folder = env.folder.with_file_name("elsewhere");
    std::fs::create_dir(&env.folder).unwrap();
    std::fs::copy(component, env.path("counter.wasm")).unwrap();
    let bare = counts(&env, &["counter.wasm", "--grant", grants, "--trap-unused-imports"]);
    assert_eq!(answers(&bare.stdout), answers(expected()), "{bare}");
}

/// What a session printed, without the calls of the turns that it looked at.
fn answers(printed: &str) -> Vec<&str> {
    printed.lines().filter(|line| !line.starts_with("  .")).collect()
}

/// All five turns of the newest run do again what they did.
fn replays(env: &TestEnvironment, arguments: &[&str]) {
    let replayed = env.theater(arguments).ok();
    let summary = replayed.stdout.lines().next().unwrap_or_default();
    let whole = summary.starts_with("replayed 5 turns") && summary.ends_with(": as recorded");
    assert!(whole, "{replayed}");
}

#[test]
fn c() {
    let Some(tools) = tools() else { return };
    lives(&project("c", &tools));
}

#[test]
fn javascript_on_quickjs() {
    let Some(tools) = tools() else { return };
    lives(&project("quickjs", &tools));
}

#[test]
fn javascript_on_starlingmonkey() {
    let Some(tools) = tools() else { return };
    lives(&project("starlingmonkey", &tools));
}

#[test]
fn python() {
    let Some(tools) = tools() else { return };
    lives(&project("python", &tools));
}

#[test]
fn javascript_on_quickjs_with_wasi() {
    let grants = "log,clock,random,state,environment";
    lives_with_wasi("quickjs", "counter.js:20:48", grants);
}

#[test]
fn javascript_on_starlingmonkey_with_wasi() {
    let grants = "log,clock,random,state,environment,filesystem";
    lives_with_wasi("starlingmonkey", "increment@counter.js:19:30", grants);
}

#[test]
fn python_with_wasi() {
    let grants = "log,clock,random,state,environment";
    lives_with_wasi("python", "app.py\", line 24, in increment", grants);
}

#[test]
fn source_with_a_mistake_is_told_by_its_own_tool() {
    let Some(tools) = tools() else { return };
    let env = project("quickjs", &tools);
    env.write("src/counter.js", "export const counter = {\n  value( { return 1 },\n};\n");
    let failed = env.theater(&["build"]).with_status(1);
    assert!(failed.stderr.contains("node_modules/.bin/jco` failed with status 1"), "{failed}");
}

/// The page for people says what the projects do, in the versions that are tested.
#[test]
fn the_page_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let page = read("docs/languages.md");
    for language in ["c", "quickjs", "starlingmonkey", "python"] {
        let manifest = read(&format!("tests/languages/{language}/theater.toml"));
        let build = manifest.split("\n\n").find(|table| table.starts_with("[build]")).unwrap();
        assert!(page.contains(&format!("```toml\n{build}\n```")), "{language}: {build}");
    }
    for language in ["quickjs", "starlingmonkey", "python"] {
        let path = format!("tests/languages/{language}/wasi.toml");
        let manifest = read(&path);
        let (_, handlers) = manifest.split_once("[handlers]\n").unwrap();
        let grants = handlers.lines().map(|line| format!("`{}`", line.split(' ').next().unwrap()));
        let row = format!("](../{path}) | {} |", grants.collect::<Vec<_>>().join(", "));
        assert!(page.contains(&row), "{row}");
    }
    let npm: serde_json::Value =
        serde_json::from_str(&read("tests/languages/package.json")).unwrap();
    for (table, between) in [("devDependencies", "@"), ("overrides", "\": ")] {
        for (name, version) in npm[table].as_object().unwrap() {
            let version = version.as_str().unwrap();
            let shown =
                [format!("{name}{between}{version}"), format!("{name}{between}\"{version}\"")];
            assert!(shown.iter().any(|shown| page.contains(shown)), "{name} {version}");
        }
    }
    for line in read("tests/languages/requirements.txt").lines() {
        assert!(page.contains(line), "{line}");
    }
    let script = read(".ci/languages");
    let bindgen = script.lines().find_map(|line| line.strip_prefix("wit_bindgen=")).unwrap();
    assert!(page.contains(&format!("--version {bindgen} wit-bindgen-cli")), "{bindgen}");
}
