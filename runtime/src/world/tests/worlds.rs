use super::*;
use crate::diagnostic::{self, Severity};

fn error(text: &str, deps: &[&str]) -> Diagnostic {
    only(resolve(text, deps).err().unwrap_or_else(|| panic!("{text:?} is accepted")))
}

#[test]
fn syntax_errors_have_their_place() {
    let problem = error("package a:b;\ninterface i {\n  f: func() -> u33;\n  g: funk();\n}\n", &[]);
    assert_eq!((problem.code, marked(&problem)), (diagnostic::WIT_SYNTAX, "funk"));
    for text in [
        "",
        "interface i",
        "package",
        "package a:b; world",
        "/* ",
        "package a:b; interface i { f: func() }",
        "\u{0}",
        "package a:b; \u{feff}",
    ] {
        let problem = error(text, &[]);
        assert!(
            !problem.message.is_empty() && !problem.message.ends_with('.'),
            "{}",
            problem.message
        );
    }
}

#[test]
fn all_syntax_errors_of_all_files_are_told() {
    let text = "package a:b;\ninterface i {\n  record r { a: }\n  f: func()\n  g: funk();\n}\n";
    let problems = resolve(text, &["package c:d;\ninterface {}\n"]).err().unwrap();
    assert!(problems.iter().all(|problem| problem.code == diagnostic::WIT_SYNTAX));
    let marks: Vec<&str> = problems.iter().map(marked).collect();
    assert_eq!(marks, ["}", ")", "funk", "{"]);
    // A name that is not there is looked for when the text is right.
    let names = error("package a:b;\ninterface i { f: func() -> nothing; }", &[]);
    assert_eq!(names.code, diagnostic::WIT_UNKNOWN_NAME);
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    let ty = format!("{}u8{}", "list<".repeat(100_000), ">".repeat(100_000));
    assert!(resolve(&format!("package a:b; interface i {{ type t = {ty}; }}"), &[]).is_err());
}

#[test]
fn unknown_names_come_with_the_near_one() {
    let local =
        error("package a:b;\ninterface i { record point { x: u8 } f: func(p: piont); }", &[]);
    assert_eq!((local.code, marked(&local)), (diagnostic::WIT_UNKNOWN_NAME, "piont"));
    assert!(local.help.unwrap().contains("`point`"));

    let interface = error("package a:b;\nworld w { import theater:host/sate@0.1.0; }", &[]);
    assert_eq!((interface.code, marked(&interface)), (diagnostic::WIT_UNKNOWN_NAME, "sate"));
    assert!(interface.help.unwrap().contains("`state`"));

    let version = error("package a:b;\nworld w { import wasi:clocks/wall-clock@0.2.9; }", &[]);
    assert!(version.help.as_ref().unwrap().contains("wasi:clocks@0.2.0"), "{version:?}");

    let package = error("package a:b;\nworld w { import theater:hots/state@0.1.0; }", &[]);
    assert!(package.help.as_ref().unwrap().contains("theater:host@0.1.0"), "{package:?}");

    let foreign = error("package a:b;\nworld w { import other:thing/x; }", &[]);
    assert!(foreign.help.as_ref().unwrap().contains("wit/deps"), "{foreign:?}");
}

/// The imports of a world that this manifest does not grant.
fn refused(handlers: &str, text: &str, deps: &[&str]) -> Vec<String> {
    let wit = resolve(text, deps).unwrap();
    let manifest = manifest("world = \"w\"", handlers);
    let found = check_world(&manifest, &wit).into_iter();
    let found = found.filter(|it| it.code == diagnostic::IMPORT_NOT_GRANTED);
    found.map(|it| it.message.split('`').nth(3).unwrap().to_owned()).collect()
}

#[test]
fn types_of_an_import_need_no_grant_but_resources_and_what_is_written_do() {
    const FILES: &str = "filesystem = true";
    let files = "package a:b;\nworld w { import wasi:filesystem/types@0.2.0; }";
    assert_eq!(refused(FILES, files, &[]), [""; 0]);
    let clock = "wasi:clocks/wall-clock@0.2.0";
    let both = files.replace("w {", &format!("w {{ import {clock};"));
    assert_eq!(refused(FILES, &both, &[]), [clock]);
    let used = "package a:b;\nworld w { use wasi:clocks/wall-clock@0.2.0.{datetime}; }";
    assert_eq!(refused("", used, &[]), [""; 0]);
    // Through other worlds, of this package and of others, and through theirs.
    let own = format!("package a:b;\nworld v {{ import {clock}; }}\nworld w {{ include v; }}");
    assert_eq!(refused("", &own, &[]), [clock]);
    let base = format!(
        "package c:d@1.0.0;\nworld base {{ import {clock}; }}\nworld more {{ include base; }}"
    );
    let far = "package a:b;\nworld v { include c:d/more@1.0.0; }\nworld w { include v; }";
    assert_eq!(refused("", far, &[&base]), [clock]);
    // A resource comes from somebody.
    let streams = "package a:b;\nworld w { use wasi:io/poll@0.2.0.{pollable}; }";
    assert_eq!(
        refused("", streams, &[]),
        refused("", &streams.replace("use", "import").replace(".{pollable}", ""), &[])
    );
    let directory = "package a:b;\nworld w { use wasi:filesystem/types@0.2.0.{descriptor}; }";
    assert_eq!(refused("", directory, &[]), ["wasi:filesystem/types@0.2.0"]);
}

#[test]
fn packages_are_found_in_deps_and_errors_of_several_are_found_together() {
    let world = "package a:b;\nworld w { import shop:stock/api; }";
    assert!(resolve(world, &["package shop:stock;\ninterface api { f: func(); }"]).is_ok());
    let both = resolve("package a:b; world w {", &["package shop:stock; interface i {"]);
    assert_eq!(both.err().unwrap().len(), 2);
    let twice = ["package shop:stock;", "package shop:stock;"];
    assert_eq!(error(world, &twice).code, diagnostic::WIT_DUPLICATE);
    let problem = error(world, &twice);
    assert!(problem.message.contains("two places") && problem.related.len() == 1, "{problem:?}");
    let cycle = [
        "package c:c; interface i { use d:d/i.{t}; }",
        "package d:d; interface i { use c:c/i.{t}; }",
    ];
    let world = "package a:b;\nworld w { import c:c/i; }";
    assert_eq!(error(world, &cycle).code, diagnostic::WIT_CYCLE);
}

#[test]
fn every_name_that_is_declared_twice_is_told_with_the_first_place() {
    let text = "package a:b;
interface i {
    record r { x: u8, y: u8, X: u8 }
    enum e { p, q, p }
    type r = u8;
    resource s { m: func(); m: func(); }
    f: func(a: u8, a: u8);
    use j.{t, t};
}
interface j { type t = u8; }
world w { import j; export j; import j; export g: func(); export g: func(); }
interface i {}";
    let problems = resolve(text, &[]).err().unwrap();
    let marks: Vec<(&str, &str)> = problems.iter().map(|it| (marked(it), it.code.id)).collect();
    let names = ["X", "p", "r", "m", "a", "t", "j", "g", "i"];
    assert_eq!(marks, names.map(|name| (name, diagnostic::WIT_DUPLICATE.id)));
    for problem in &problems {
        let [again, first] = problem.labels.as_slice() else { panic!("{problem:?}") };
        assert!(first.span.start < again.span.start, "{problem:?}");
    }
    // wit-parser finds the same, one after the other: each alone is one for it as well.
    for lone in [
        "record r { x: u8, y: u8, X: u8 }",
        "enum e { p, q, p }",
        "flags e { p, q, p }",
        "variant e { p, q(u8), p }",
        "type r = u8; type r = u8;",
        "resource s { m: func(); m: func(); }",
        "f: func(a: u8, a: u8);",
        "f: func(); f: func();",
        "type f = u8; f: func();",
    ] {
        let problem = error(&format!("package a:b;\ninterface i {{ {lone} }}"), &[]);
        assert_eq!((problem.code, problem.labels.len()), (diagnostic::WIT_DUPLICATE, 2), "{lone}");
    }
    let other = WitFiles {
        main: vec![
            Source::new("one.wit", "package a:b;\ninterface i {}"),
            Source::new("two.wit", "interface i {}"),
        ],
        deps: Vec::new(),
    };
    let problem = only(Wit::from_files(&other).err().unwrap());
    assert_eq!(problem.source.as_ref().unwrap().name, "two.wit");
    assert_eq!(problem.related[0].source.as_ref().unwrap().name, "one.wit");
}

#[test]
fn what_needs_itself_has_a_code_of_its_own() {
    for (text, mark) in [
        ("interface i { record r { x: list<r> } }", "r"),
        ("interface i { type a = b; type b = option<a>; }", "b"),
        ("interface i { use j.{t}; type s = u8; } interface j { use i.{s}; type t = s; }", "j"),
    ] {
        let problem = error(&format!("package a:b;\n{text}"), &[]);
        assert_eq!((problem.code, problem.is_error()), (diagnostic::WIT_CYCLE, true), "{text}");
        assert_eq!(marked(&problem), mark, "{text}");
        assert!(problem.help.is_some());
    }
}

#[test]
fn versions_that_are_not_there_are_told_with_those_that_are() {
    let text = "package a:b;\nworld w { import wasi:clocks/wall-clock@0.2.9; \
                import wasi:clocks/monotonic-clock@0.2.9; }";
    let problem = error(text, &[]);
    assert_eq!(problem.code, diagnostic::WIT_VERSION);
    let [(_, fixed)] = &*diagnostic::apply(&problem.fixes) else { panic!("{problem:?}") };
    assert!(resolve(fixed, &[]).is_ok(), "{fixed}");
    let files = WitFiles {
        main: vec![
            Source::new("one.wit", "package a:b@1.0.0;"),
            Source::new("two.wit", "package a:b@2.0.0;"),
        ],
        deps: Vec::new(),
    };
    assert_eq!(only(Wit::from_files(&files).err().unwrap()).code, diagnostic::WIT_VERSION);
}

#[test]
fn what_is_behind_a_gate_is_missed_with_a_code_of_its_own() {
    let gated = "package g:g@0.1.0;\ninterface i { @unstable(feature = x) type t = u8; }\n\
                 @unstable(feature = x) interface j { f: func(); }";
    // What another package keeps behind one is as if it were not there.
    for text in ["interface k { use g:g/i@0.1.0.{t}; }", "world w { import g:g/j@0.1.0; }"] {
        let missing = error(&format!("package a:b;\n{text}"), &[gated]);
        assert_eq!(missing.code, diagnostic::WIT_UNKNOWN_NAME, "{text}");
    }
    for text in [
        "@unstable(feature = x) interface j { type t = u8; } interface k { use j.{t}; }",
        "@unstable(feature = x) interface j { f: func(); } world w { import j; }",
        "interface k { @since(version = 2.0.0) f: func(); }",
    ] {
        let problem = error(&format!("package a:b@1.0.0;\n{text}"), &[gated]);
        assert_eq!((problem.code, problem.is_error()), (diagnostic::WIT_GATED, true), "{text}");
        assert!(problem.help.is_some() && problem.source.is_some(), "{problem:?}");
    }
    let versionless = "package a:b;\ninterface k { @since(version = 2.0.0) f: func(); }";
    assert_eq!(error(versionless, &[]).code, diagnostic::WIT_GATED);
}

#[test]
fn a_project_may_bring_its_own_copy_of_a_known_package() {
    let own = "package wasi:random@0.2.0;\ninterface random { get-random-u64: func() -> u64; }";
    let wit =
        resolve("package a:b;\nworld w { import wasi:random/random@0.2.0; }", &[own]).unwrap();
    let import = &wit.imports(wit.world("w").unwrap())[0];
    assert_eq!(wit.resolve.interfaces[import.interface].functions.len(), 1);
}

#[test]
fn worlds_are_found_with_and_without_their_package() {
    let wit = wit("package a:b@1.2.3;\nworld w {}");
    for name in ["w", "a:b/w", "a:b/w@1.2.3"] {
        assert!(wit.world(name).is_some(), "{name}");
    }
    for name in ["v", "a:c/w", "a:b/w@1.0.0", ""] {
        assert!(wit.world(name).is_none(), "{name}");
    }
}

#[test]
fn the_world_of_the_manifest_must_exist() {
    let several = wit("package a:b;\nworld actor {}\nworld other {}");
    let mistyped = only(check_world(&manifest("world = \"actr\"", ""), &several));
    assert_eq!((mistyped.code, marked(&mistyped)), (diagnostic::WORLD_UNKNOWN, "\"actr\""));
    assert!(mistyped.help.unwrap().contains("`actor`"));
    let unnamed = only(check_world(&manifest("", ""), &several));
    assert!(unnamed.help.as_ref().unwrap().contains("actor, other"), "{unnamed:?}");
    assert_eq!(check_world(&manifest("", ""), &wit("package a:b;\nworld actor {}")), []);
}

const STATE: &str = "package a:b;\nworld w {\n  import theater:host/state@0.1.0;\n}";

#[test]
fn an_import_without_a_grant_names_import_world_and_line() {
    let problem = only(check_world(&manifest("", ""), &wit(STATE)));
    assert_eq!((problem.code, marked(&problem)), (diagnostic::IMPORT_NOT_GRANTED, "[handlers]"));
    assert!(
        problem.message.contains("`w`") && problem.message.contains("theater:host/state@0.1.0")
    );
    assert!(problem.help.unwrap().contains("`state = true`"));
    let related = &problem.related[0];
    assert_eq!(related.source.as_ref().unwrap().name, "world.wit");
    assert_eq!(marked(related), "state");

    let refused = only(check_world(&manifest("", "state = false"), &wit(STATE)));
    assert_eq!(marked(&refused), "state");
    assert_eq!(check_world(&manifest("", "state = true"), &wit(STATE)), []);
}

#[test]
fn context_needs_no_grant() {
    let wit = wit(
        "package a:b;\nworld w { import theater:host/context@0.1.0; export theater:actor/lifecycle@0.1.0; }",
    );
    assert_eq!(check_world(&manifest("", ""), &wit), []);
}

#[test]
fn a_grant_without_a_use_is_a_warning() {
    let warning = only(check_world(&manifest("", "state = true\nrandom = true"), &wit(STATE)));
    assert_eq!((warning.code, warning.severity), (diagnostic::GRANT_UNUSED, Severity::Warning));
    assert_eq!(marked(&warning), "random");
}

#[test]
fn imports_that_nobody_answers_are_named() {
    let stock =
        "package shop:stock;\ninterface api { f: func(); }\ninterface types { type t = u8; }";
    let world = "package a:b;\nworld w { import shop:stock/api; import shop:stock/types; import g: func(); }";
    let problems = check_world(&manifest("", ""), &resolve(world, &[stock]).unwrap());
    let marks: Vec<&str> = problems.iter().map(marked).collect();
    assert_eq!(marks, ["api", "g"], "{problems:#?}");
    assert!(
        problems
            .iter()
            .all(|problem| problem.code == diagnostic::IMPORT_UNKNOWN && problem.is_error())
    );
}

const MONOTONIC: &str = "package wasi:clocks@0.2.6;
interface monotonic-clock {
    use wasi:sockets/network@0.2.6.{network};
    now: func() -> u64;
    resolution: func() -> u64;
    time-of: func(where: borrow<network>) -> u64;
}";
const NETWORK: &str = "package wasi:sockets@0.2.6;\ninterface network { resource network { name: func() -> string; } }";

#[test]
fn what_a_whole_wasi_interface_drags_along_is_a_warning() {
    let world = "package a:b;\nworld w { import wasi:clocks/monotonic-clock@0.2.6; }";
    let wit = resolve(world, &[MONOTONIC, NETWORK]).unwrap();
    let problems = check_world(&manifest("", "clock = true"), &wit);
    assert!(problems.iter().all(|problem| problem.severity == Severity::Warning), "{problems:#?}");
    let codes: Vec<_> = problems.iter().map(|problem| problem.code.id).collect();
    assert_eq!(codes, [diagnostic::IMPORT_UNKNOWN.id, diagnostic::FUNCTION_UNANSWERED.id]);
    assert!(problems[1].message.contains("`time-of`"));
    assert_eq!(marked(&problems[1]), "monotonic-clock");
}

#[test]
fn init_must_answer_a_result_with_a_text() {
    let init = |shape: &str| {
        let text = format!(
            "package a:b;\ninterface r {{ resource res; type why = result<_, string>; }}\nworld w {{ use r.{{res, why}}; export init: func{shape}; }}"
        );
        let problems = check_world(&manifest("", ""), &wit(&text));
        problems.into_iter().find(|problem| problem.code == diagnostic::INIT_SHAPE)
    };
    for right in
        ["() -> result<_, string>", "(a: u8, b: list<string>) -> result<_, string>", "() -> why"]
    {
        assert_eq!(init(right), None, "{right}");
    }
    for wrong in [
        "()",
        "() -> result",
        "() -> u8",
        "() -> result<u8, string>",
        "() -> result<_, u8>",
        "(r: res) -> result<_, string>",
    ] {
        let problem = init(wrong).unwrap_or_else(|| panic!("{wrong}"));
        assert_eq!(marked(&problem), "init", "{wrong}");
    }
}

#[test]
fn wasi_0_3_is_named() {
    let text = "package a:b;\ninterface i { f: async func(); g: func() -> stream<u8>; h: func(x: future); ok: func(); }\nworld w { export i; }";
    let problems = check_world(&manifest("", ""), &wit(text));
    let marks: Vec<&str> = problems.iter().map(marked).collect();
    assert_eq!(marks, ["f", "g", "h"], "{problems:#?}");
    assert!(problems.iter().all(|problem| problem.code == diagnostic::WASI_0_3));

    let clock = "package wasi:clocks@0.3.0;\ninterface system-clock { now: func() -> u64; }";
    let world = "package a:b;\nworld w { import wasi:clocks/system-clock@0.3.0; }";
    let problem = only(check_world(&manifest("", ""), &resolve(world, &[clock]).unwrap()));
    assert_eq!(problem.code, diagnostic::WASI_0_3);
}

#[test]
fn folders_without_wit_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Wit::load(&folder.path().join("wit")).err().unwrap();
    assert_eq!(only(missing).code, diagnostic::FILE_UNREADABLE);
    assert_eq!(only(Wit::load(folder.path()).err().unwrap()).code, diagnostic::WIT_FOLDER);
    std::fs::write(folder.path().join("a.wit"), [0xff, 0xfe]).unwrap();
    assert_eq!(only(Wit::load(folder.path()).err().unwrap()).code, diagnostic::FILE_UNREADABLE);
    std::fs::write(folder.path().join("a.wit"), "package a:b;").unwrap();
    std::fs::create_dir_all(folder.path().join("deps/empty")).unwrap();
    std::fs::write(folder.path().join("deps/notes.txt"), "").unwrap();
    assert!(Wit::load(folder.path()).is_ok());
    std::fs::write(folder.path().join("deps/x.wasm"), "").unwrap();
    assert_eq!(only(Wit::load(folder.path()).err().unwrap()).code, diagnostic::WIT_FOLDER);
}

#[test]
fn a_project_without_a_wit_folder_needs_no_world() {
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("theater.toml");
    std::fs::write(&toml, "[actor]\nname = \"a\"\ncomponent = \"a.wat\"\nworld = \"w\"\n").unwrap();
    std::fs::write(folder.path().join("a.wat"), "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) (func (export \"f\") (canon lift (core func $i \"f\"))))").unwrap();
    assert_eq!(only(check_project(folder.path())).code, diagnostic::WIT_FOLDER);
    std::fs::write(&toml, "[actor]\nname = \"a\"\ncomponent = \"a.wat\"\n").unwrap();
    assert_eq!(check_project(folder.path()), []);
    assert_eq!(check_project(&toml), []);
    std::fs::write(folder.path().join("a.wat"), "").unwrap();
    assert!(only(check_project(folder.path())).is_error());
}

const LINKED: &str = "package a:b;\ninterface s { g: func() -> stream<u8>; ok: func(); }\nworld w {\n  import shop:stock/api@0.1.0;\n  import s;\n}";
const STOCK: &str =
    "package shop:stock@0.1.0;\ninterface api { resource item; f: func(); find: func() -> item; }";

#[test]
fn what_is_linked_is_granted_as_far_as_values_go() {
    let wit = resolve(LINKED, &[STOCK]).unwrap();
    let linked = manifest("", "[links]\n\"shop:stock/api\" = \"stock\"\n\"a:b/s\" = \"s\"");
    let problems = check_world(&linked, &wit);
    let marks: Vec<&str> = problems.iter().map(marked).collect();
    assert_eq!(marks, ["item", "find", "g"], "{problems:#?}");
    assert!(problems.iter().all(|problem| problem.code == diagnostic::LINK_UNSUPPORTED));
}

#[test]
fn an_import_that_could_be_linked_says_how() {
    let wit = resolve(LINKED, &[STOCK]).unwrap();
    let problems = check_world(&manifest("", "[links]\n\"a:b/s\" = \"s\""), &wit);
    let problem = &problems[0];
    assert_eq!((problem.code, marked(problem)), (diagnostic::IMPORT_UNKNOWN, "api"));
    let help = problem.help.as_ref().unwrap();
    assert!(help.contains("`\"shop:stock/api@0.1.0\" = \"ACTOR\"` under `[links]`"), "{help}");
}

#[test]
fn a_link_without_a_use_is_a_warning() {
    let links =
        "state = true\n[links]\n\"shop:stock/apis\" = \"a\"\n\"shop:stock/api@0.2.0\" = \"a\"";
    let warning = |wit: &Wit| {
        let problems = check_world(&manifest("", links), wit);
        let unused: Vec<Diagnostic> =
            problems.into_iter().filter(|p| p.code == diagnostic::LINK_UNUSED).collect();
        assert!(unused.iter().all(|problem| problem.severity == Severity::Warning));
        unused
    };
    let unused = warning(&wit(STATE));
    assert_eq!(unused.len(), 2, "{unused:#?}");
    assert!(unused.iter().all(|problem| problem.help.as_ref().unwrap().starts_with("Remove")));
    let near = warning(&resolve(LINKED, &[STOCK]).unwrap());
    assert_eq!(marked(&near[1]), "\"shop:stock/apis\"");
    assert_eq!(near[1].help.as_deref(), Some("Did you mean `shop:stock/api`?"));
    let other = near[0].help.as_ref().unwrap();
    assert!(other.contains("imports `shop:stock/api@0.1.0`"), "{other}");
}

#[test]
fn receiving_messages_needs_no_grant_and_gives_none_a_use() {
    let receives = wit("package a:b;\nworld w { export theater:actor/inbox@0.1.0; }");
    assert_eq!(check_world(&manifest("", ""), &receives), []);
    let warning = only(check_world(&manifest("", "messenger = true"), &receives));
    assert_eq!((warning.code, marked(&warning)), (diagnostic::GRANT_UNUSED, "messenger"));
    let sends = wit("package a:b;\nworld w { import theater:host/messenger@0.1.0; }");
    assert_eq!(check_world(&manifest("", "messenger = { to = [\"a\"] }"), &sends), []);
    let refused = only(check_world(&manifest("", ""), &sends));
    assert_eq!(refused.code, diagnostic::IMPORT_NOT_GRANTED);
    let help = refused.help.unwrap();
    assert!(help.contains("`messenger = { to = [\"audit\", \"workers/*\"] }`"), "{help}");
}

#[test]
fn a_callback_and_its_grant_go_together() {
    const IMPORT: &str = "import theater:host/timer@0.1.0;";
    const EXPORT: &str = "export theater:actor/timer-callback@0.1.0;";
    let check = |items: &[&str], handlers: &str| {
        let text = format!("package a:b;\nworld w {{ {} }}", items.concat());
        check_world(&manifest("", handlers), &wit(&text))
    };
    assert_eq!(check(&[IMPORT, EXPORT], "timer = true"), []);
    let never = only(check(&[EXPORT], ""));
    assert_eq!(never.code, diagnostic::CALLBACK_NEVER_CALLED);
    assert_eq!((never.severity, marked(&never)), (Severity::Warning, "[handlers]"));
    let missing = only(check(&[IMPORT], "timer = true"));
    assert_eq!((missing.code, marked(&missing)), (diagnostic::CALLBACK_MISSING, "timer"));
    assert!(missing.help.unwrap().contains("`export theater:actor/timer-callback@0.1.0;`"));
    assert_eq!(only(check(&[], "timer = true")).code, diagnostic::GRANT_UNUSED);
}
