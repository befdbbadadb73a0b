//! `theater build`, on real folders.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use theater_runtime::diagnostic::{self, Diagnostic};
use theater_runtime::world::{ComponentInfo, Extern, check_project};
use theater_scaffold::build::build;
use theater_scaffold::codes;
use theater_scaffold::new::{NewOptions, Vcs, create};

fn project() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let options = NewOptions {
        path: folder.path().join("my-actor"),
        name: None,
        template: "counter".into(),
        language: "wat".into(),
        vcs: Vcs::None,
    };
    let path = create(&options).unwrap().path;
    (folder, path)
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} is not in {}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

fn failure(project: &Path) -> Diagnostic {
    let problems = build(project).unwrap_err();
    problems.into_iter().find(Diagnostic::is_error).unwrap()
}

/// The text that the first label marks.
fn marked(problem: &Diagnostic) -> &str {
    &problem.source.as_ref().unwrap().text[problem.labels[0].span.clone()]
}

#[test]
fn building_again_leaves_the_file_alone() {
    let (_folder, project) = project();
    let first = build(&project).unwrap();
    let written = fs::metadata(&first.component).unwrap().modified().unwrap();
    assert!(first.changed);
    let second = build(&project).unwrap();
    assert!(!second.changed);
    assert_eq!(fs::metadata(&second.component).unwrap().modified().unwrap(), written);
    // Where it is older than a source, it is made of that source from now on.
    let old = written - Duration::from_secs(60);
    fs::File::open(&first.component).unwrap().set_modified(old).unwrap();
    let stale = || {
        let problems = check_project(&project);
        problems.iter().any(|problem| problem.code == diagnostic::COMPONENT_STALE)
    };
    assert!(stale());
    assert!(!build(&project).unwrap().changed);
    assert!(!stale());
    edit(&project.join("src/counter.wat"), "(i32.const 16))", "(i32.const 16)) (nop)");
    assert!(build(&project).unwrap().changed);
    let left: Vec<_> = fs::read_dir(project.join("build")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn the_component_carries_the_comments_of_its_wit() {
    let (_folder, project) = project();
    let built = build(&project).unwrap();
    let info = ComponentInfo::read(&fs::read(built.component).unwrap()).unwrap();
    let Extern::Interface(counter) = &info.exports[0] else { panic!("{:?}", info.exports) };
    assert_eq!(counter.name, "local:my-actor/counter");
    assert!(counter.docs.as_ref().unwrap().starts_with("A number that counts up"));
    assert_eq!(counter.functions[0].signature, "increment: func(by: u32) -> u32");
    assert!(counter.functions[0].docs.as_ref().unwrap().contains("answers the new count"));
    // An import's comments are Theater's own.
    let Extern::Interface(state) = &info.imports[0] else { panic!("{:?}", info.imports) };
    assert!(state.docs.as_ref().unwrap().contains("outlives a turn"));
    assert!(state.functions.iter().all(|function| function.docs.is_some()));
}

#[test]
fn errors_of_the_text_point_into_it() {
    let (_folder, project) = project();
    let wat = project.join("src/counter.wat");
    edit(&wat, "i64.gt_u", "i64.gtu");
    let problem = failure(&project);
    assert_eq!(problem.code, diagnostic::TEXT_SYNTAX);
    assert_eq!(marked(&problem), "i64.gtu");
    edit(&wat, "i64.gtu", "i64.add");
    assert_eq!(failure(&project).code, diagnostic::INVALID_WASM);
    fs::write(&wat, [0x28, 0xff, 0xfe]).unwrap();
    assert_eq!(failure(&project).code, diagnostic::FILE_UNREADABLE);
    fs::write(&wat, "").unwrap();
    assert!(build(&project).is_err());
    fs::remove_file(&wat).unwrap();
    assert_eq!(marked(&failure(&project)), "\"src/counter.wat\"");
    assert!(!project.join("build").exists());
}

#[test]
fn a_component_that_differs_from_its_world_is_refused_and_the_old_one_kept() {
    let (_folder, project) = project();
    let old = fs::read(build(&project).unwrap().component).unwrap();
    edit(
        &project.join("wit/world.wit"),
        "increment: func(by: u32) -> u32",
        "increment: func(by: u64) -> u32",
    );
    let problem = failure(&project);
    assert_eq!(problem.code, diagnostic::COMPONENT_WORLD);
    assert_eq!(marked(&problem), "increment");
    let help = problem.help.unwrap();
    assert!(help.contains("increment: func(by: u64) -> u32"), "{help}");
    assert!(help.contains("increment: func(by: u32) -> u32"), "{help}");
    edit(
        &project.join("wit/world.wit"),
        "value: func() -> u32;",
        "value: func() -> u32; reset: func();",
    );
    edit(&project.join("wit/world.wit"), "by: u64", "by: u32");
    let problem = failure(&project);
    assert!(problem.message.contains("reset"), "{}", problem.message);
    assert_eq!(fs::read(project.join("build/my-actor.wasm")).unwrap(), old);
}

#[test]
fn what_is_not_granted_is_refused_with_the_line_to_add() {
    let (_folder, project) = project();
    edit(&project.join("theater.toml"), "state = true", "");
    let problem = failure(&project);
    assert_eq!(problem.code, diagnostic::IMPORT_NOT_GRANTED);
    assert!(
        problem.message.contains("theater:host/state@0.1.0") && problem.message.contains("`actor`")
    );
    assert!(problem.help.as_ref().unwrap().contains("state = true"));
    assert_eq!(marked(&problem), "[handlers]");
    let related = &problem.related[0];
    assert!(marked(related).contains("state"), "{related:?}");
    assert!(related.source.as_ref().unwrap().name.ends_with("world.wit"));
    // The world and the component have the same problem; it is reported once.
    assert_eq!(build(&project).unwrap_err().len(), 1);
}

#[test]
fn a_manifest_without_build_says_so() {
    let (_folder, project) = project();
    edit(
        &project.join("theater.toml"),
        "[build]\nlanguage = \"wat\"\nsource = \"src/counter.wat\"",
        "",
    );
    assert_eq!(failure(&project).code, codes::NOTHING_TO_BUILD);
}

#[test]
fn without_a_component_path_it_goes_to_build() {
    let (_folder, project) = project();
    edit(&project.join("theater.toml"), "component = ", "# ");
    assert_eq!(build(&project).unwrap().component, project.join("build/my-actor.wasm"));
    assert_eq!(check_project(&project), []);
}

#[test]
fn a_component_that_cannot_be_written_is_reported() {
    let (_folder, project) = project();
    fs::write(project.join("build"), "in the way").unwrap();
    assert_eq!(failure(&project).code, codes::CANNOT_WRITE);
}

/// Makes the project one that is built by a command.
fn by_command(project: &Path, command: &str, output: &str) {
    edit(
        &project.join("theater.toml"),
        "language = \"wat\"\nsource = \"src/counter.wat\"",
        &format!("command = {command}\noutput = \"{output}\""),
    );
}

#[cfg(unix)]
#[test]
fn a_command_runs_in_the_project_and_its_output_is_taken() {
    let (_folder, project) = project();
    let component = wat::parse_file(project.join("src/counter.wat")).unwrap();
    fs::write(project.join("made.wasm"), component).unwrap();
    by_command(&project, r#"["cp", "made.wasm", "out.wasm"]"#, "out.wasm");
    let built = build(&project).unwrap();
    assert!(built.changed && project.join("out.wasm").exists());
    assert!(!build(&project).unwrap().changed);
    assert_eq!(check_project(&project), []);
}

#[cfg(unix)]
#[test]
fn a_command_may_write_to_where_the_component_shall_stand() {
    let (_folder, project) = project();
    let component = wat::parse_file(project.join("src/counter.wat")).unwrap();
    fs::create_dir(project.join("build")).unwrap();
    fs::write(project.join("build/my-actor.wasm"), component).unwrap();
    by_command(&project, r#""true""#, "build/my-actor.wasm");
    let first = build(&project).unwrap();
    let second = build(&project).unwrap();
    assert!(first.changed && !second.changed);
    assert_eq!(first.size, second.size);
}

#[cfg(unix)]
#[test]
fn failing_commands_are_told_apart() {
    for (command, output, code, word) in [
        (r#""false""#, "out.wasm", codes::BUILD_COMMAND, "status 1"),
        (r#"["sh", "-c", "kill -9 $$"]"#, "out.wasm", codes::BUILD_COMMAND, "killed"),
        (r#""no-such-program-at-all""#, "out.wasm", codes::BUILD_COMMAND, "is not there"),
        (r#""./theater.toml""#, "out.wasm", codes::BUILD_COMMAND, "cannot be started"),
        (r#""true""#, "out.wasm", codes::BUILD_OUTPUT, "out.wasm does not exist"),
        (r#""true""#, "README.md", diagnostic::NOT_WASM, "not WebAssembly"),
        (r#"["cat"]"#, "src", diagnostic::FILE_UNREADABLE, "a folder"),
    ] {
        let (_folder, project) = project();
        by_command(&project, command, output);
        let problem = failure(&project);
        assert_eq!(problem.code, code, "{command}: {problem:?}");
        assert!(problem.message.contains(word), "{command}: {}", problem.message);
    }
}

/// A core module for the template's world, by the names of the canonical ABI. It does not count.
const MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "local:my-actor/counter#increment") (param i32) (result i32) (local.get 0))
    (func (export "local:my-actor/counter#value") (result i32) (i32.const 0)))"#;

#[cfg(unix)]
#[test]
fn a_core_module_becomes_a_component() {
    let (_folder, project) = project();
    fs::write(project.join("core.wasm"), wat::parse_str(MODULE).unwrap()).unwrap();
    by_command(&project, r#""true""#, "core.wasm");
    let built = build(&project).unwrap();
    let info = ComponentInfo::read(&fs::read(&built.component).unwrap()).unwrap();
    assert_eq!(info.functions().count(), 2);
    assert_eq!(info.imports.len(), 0);

    // With its world embedded, as wit-bindgen does it, the project's own is not needed.
    let wit = theater_runtime::world::Wit::load(&project.join("wit")).unwrap();
    let mut module = wat::parse_str(MODULE).unwrap();
    wit_component::embed_component_metadata(
        &mut module,
        &wit.resolve,
        wit.world("actor").unwrap(),
        wit_component::StringEncoding::UTF8,
        false,
    )
    .unwrap();
    fs::write(project.join("core.wasm"), module).unwrap();
    fs::remove_dir_all(project.join("wit")).unwrap();
    edit(&project.join("theater.toml"), "world = \"actor\"", "");
    edit(&project.join("theater.toml"), "state = true", "");
    assert_eq!(build(&project).unwrap().warnings, []);

    fs::write(project.join("core.wasm"), wat::parse_str(MODULE).unwrap()).unwrap();
    let problem = failure(&project);
    assert_eq!(problem.code, codes::BUILD_OUTPUT);
    assert!(problem.message.contains("carries no world"), "{}", problem.message);
}

#[cfg(unix)]
#[test]
fn a_core_module_that_does_not_fit_is_refused() {
    let (_folder, project) = project();
    by_command(&project, r#""true""#, "core.wasm");
    for module in [
        r#"(module (func (export "main")))"#,
        r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#,
        r#"(module (import "env" "x" (func)) (func (export "local:my-actor/counter#value") (result i64) i64.const 0))"#,
    ] {
        fs::write(project.join("core.wasm"), wat::parse_str(module).unwrap()).unwrap();
        let problem = failure(&project);
        assert_eq!(problem.code, codes::BUILD_OUTPUT, "{module}: {problem:?}");
    }
}

#[test]
fn a_template_builds_as_it_stands() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/counter/wat");
    let folder = tempfile::tempdir().unwrap();
    for file in ["theater.toml", "src/counter.wat", "wit/world.wit"] {
        let copy = folder.path().join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(template.join(file), copy).unwrap();
    }
    assert!(build(folder.path()).unwrap().changed);
    assert_eq!(check_project(folder.path()), []);
}
