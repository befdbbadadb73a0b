//! What only a whole project shows.

use super::*;
use crate::diagnostic::{self, Code, Severity};
use std::fs::{self, File};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// A component without anything, so that nothing is missing.
const EMPTY: &str = "(component)";

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The problems of this kind.
fn found(folder: &TempDir, code: &'static Code) -> Vec<Diagnostic> {
    let problems = check_project(folder.path()).into_iter();
    problems.filter(|problem| problem.code == code).collect()
}

fn actor(name: &str, more: &str) -> String {
    format!("[actor]\nname = \"{name}\"\ncomponent = \"{name}.wat\"\nworld = \"w\"\n{more}")
}

#[test]
fn a_world_that_no_manifest_uses_is_a_warning() {
    let worlds = "package a:b;\nworld w { include part; }\nworld part { include smaller; }\n\
                  world smaller {}\nworld spare { include spare-part; }\nworld spare-part {}\n";
    let folder = project(&[("theater.toml", &actor("a", "")), ("wit/w.wit", worlds)]);
    let problems = found(&folder, diagnostic::WORLD_UNUSED);
    assert_eq!(problems.iter().map(marked).collect::<Vec<_>>(), ["spare", "spare-part"]);
    assert!(problems.iter().all(|problem| problem.severity == Severity::Warning));
    // Whoever removed the other first would have an `include` of nothing.
    assert_eq!(problems.iter().map(|it| it.fixes.len()).collect::<Vec<_>>(), [1, 0]);
    let [(_, fixed)] = &*diagnostic::apply(&problems[0].fixes) else { panic!() };
    assert!(!fixed.contains("world spare {") && fixed.contains("world spare-part"), "{fixed}");
}

#[test]
fn a_gate_that_never_opens_is_a_warning() {
    let wit = "package a:b;\nworld w {\n    @unstable(feature = more)\n    export f: func();\n}\n";
    let folder = project(&[("theater.toml", &actor("a", "")), ("wit/w.wit", wit)]);
    let problem = only(found(&folder, diagnostic::WIT_GATED));
    assert_eq!(problem.severity, Severity::Warning);
    assert_eq!(marked(&problem), "@unstable(feature = more)");
    assert!(problem.message.contains("`more`"), "{problem}");
    let [(path, fixed)] = &*diagnostic::apply(&problem.fixes) else { panic!() };
    assert_eq!(fixed, "package a:b;\nworld w {\n    export f: func();\n}\n");
    fs::write(path, fixed).unwrap();
    assert_eq!(found(&folder, diagnostic::WIT_GATED), []);
}

#[test]
fn a_component_that_is_older_than_a_source_is_a_warning() {
    let build = "[build]\nlanguage = \"wat\"\nsource = \"src/a.wat\"\n";
    let folder = project(&[
        ("theater.toml", &actor("a", build)),
        ("wit/w.wit", "package a:b;\nworld w {}\n"),
        ("src/a.wat", EMPTY),
        ("a.wat", EMPTY),
    ]);
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let set = |name: &str, seconds: u64| {
        let file = File::options().append(true).open(folder.path().join(name)).unwrap();
        file.set_modified(start + Duration::from_secs(seconds)).unwrap();
    };
    let stale = || found(&folder, diagnostic::COMPONENT_STALE);
    for (wit, source, built, older_than) in [
        (1, 1, 1, None),
        (1, 2, 3, None),
        (1, 4, 3, Some("src/a.wat")),
        (5, 4, 3, Some("wit/w.wit")),
        (5, 4, 6, None),
    ] {
        set("wit/w.wit", wit);
        set("src/a.wat", source);
        set("a.wat", built);
        let message = stale().first().map(|problem| problem.message.clone());
        let expected = older_than.map(|name| format!("the component is older than {name}"));
        assert_eq!(message, expected, "{wit} {source} {built}");
    }
    set("a.wat", 0);
    let problem = only(stale());
    assert_eq!((marked(&problem), problem.severity), ("\"a.wat\"", Severity::Warning));
    // What nobody builds is nobody's fault.
    fs::write(folder.path().join("theater.toml"), actor("a", "")).unwrap();
    assert_eq!(stale(), []);
}

const INIT: &str = "package a:b;\nworld w { export init: func(start: u32, note: option<string>) -> result<_, string>; }\n";

#[test]
fn the_arguments_of_an_actors_own_init_are_checked_in_their_place() {
    let folder = project(&[("wit/w.wit", INIT)]);
    for (written, code, mark) in [
        ("'5'", None, ""),
        ("'start: 5, note: some(\"x\")'", None, ""),
        ("'{5'", Some(diagnostic::INIT_SYNTAX), "{"),
        ("\"\"\"\n[5, \"\"\"", Some(diagnostic::INIT_SYNTAX), "\"\"\"\n[5, \"\"\""),
        ("'5, [1,, 2]'", Some(diagnostic::INIT_SYNTAX), ","),
        ("'true'", Some(diagnostic::INIT_MISFIT), "true"),
        ("'-1'", Some(diagnostic::INIT_MISFIT), "-1"),
        ("\"\\u0035, \\u0035\"", Some(diagnostic::INIT_MISFIT), "\"\\u0035, \\u0035\""),
        ("'begin: 5'", Some(diagnostic::INIT_MISFIT), "begin"),
        ("'5, none, 6'", Some(diagnostic::INIT_MISFIT), "6"),
    ] {
        let manifest = actor("a", &format!("init = {written}\n"));
        fs::write(folder.path().join("theater.toml"), manifest).unwrap();
        let mut problems = found(&folder, diagnostic::INIT_SYNTAX);
        problems.extend(found(&folder, diagnostic::INIT_MISFIT));
        match code {
            None => assert_eq!(problems, [], "{written}"),
            Some(code) => {
                let problem = only(problems);
                assert_eq!(
                    (problem.code, marked(&problem)),
                    (code, mark),
                    "{written}: {problem:?}"
                );
                assert!(problem.is_error());
                let help = problem.help.as_deref().unwrap_or_default();
                assert!(code == diagnostic::INIT_SYNTAX || help.contains("start: u32"), "{help}");
            }
        }
    }
}

#[test]
fn arguments_that_nobody_takes_can_be_taken_away() {
    let folder = project(&[
        ("theater.toml", &actor("a", "init = '5'\n")),
        ("wit/w.wit", "package a:b;\nworld w {}\n"),
    ]);
    let problem = only(found(&folder, diagnostic::INIT_MISFIT));
    let [(path, fixed)] = &*diagnostic::apply(&problem.fixes) else { panic!("{problem:?}") };
    assert_eq!(*fixed, actor("a", ""));
    fs::write(path, fixed).unwrap();
    assert_eq!(found(&folder, diagnostic::INIT_MISFIT), []);
    // Of an actor of which neither world nor component is known, only the syntax is.
    let unknown = "[actor]\nname = \"a\"\ncomponent = \"a.wat\"\ninit = '5'\n";
    fs::write(path, unknown).unwrap();
    fs::remove_dir_all(folder.path().join("wit")).unwrap();
    assert_eq!(found(&folder, diagnostic::INIT_MISFIT), []);
    fs::write(path, unknown.replace('5', "(5")).unwrap();
    assert_eq!(only(found(&folder, diagnostic::INIT_SYNTAX)).code, diagnostic::INIT_SYNTAX);
}

#[test]
fn the_arguments_of_children_are_checked_in_the_supervisors_manifest() {
    let parent = "[actor]\nname = \"p\"\n[supervisor]\n";
    let child = |name: &str, more: &str| {
        format!("[[children]]\nname = \"{name}\"\nmanifest = \"c\"\n{more}\n")
    };
    let children = [
        child("right", "init = '5'"),
        child("wrong", "init = '\"five\"'"),
        child("none", ""),
        child("asked-for", "start = \"on-request\""),
        child("badly-asked-for", "start = \"on-request\"\ninit = '{}'"),
    ];
    let manifest = format!("{parent}{}", children.concat());
    let folder = project(&[
        ("theater.toml", &manifest),
        ("c/theater.toml", &actor("c", "")),
        ("c/wit/w.wit", INIT),
    ]);
    let marks = |folder: &TempDir| {
        let problems = found(folder, diagnostic::INIT_MISFIT);
        problems.iter().map(|problem| marked(problem).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(marks(&folder), ["\"five\"", "\"none\"", "{}"]);
    // What the child's own manifest says holds where the supervisor's says nothing.
    fs::write(folder.path().join("c/theater.toml"), actor("c", "init = '6'\n")).unwrap();
    assert_eq!(marks(&folder), ["\"five\"", "{}"]);
}
