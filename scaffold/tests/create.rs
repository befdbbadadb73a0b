//! `theater new`, on real folders.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use theater_runtime::diagnostic::{self, Diagnostic};
use theater_runtime::world::check_project;
use theater_scaffold::build::build;
use theater_scaffold::codes;
use theater_scaffold::new::{Created, NewOptions, Repository, Vcs, create};

fn options(path: &Path) -> NewOptions {
    NewOptions {
        path: path.to_path_buf(),
        name: None,
        template: "counter".into(),
        language: "wat".into(),
        vcs: Vcs::None,
    }
}

fn refused(options: &NewOptions) -> Diagnostic {
    *create(options).unwrap_err()
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn new_project(folder: &Path, name: &str) -> Created {
    create(&options(&folder.join(name))).unwrap()
}

#[test]
fn a_new_project_builds_and_checks_clean() {
    let folder = tempfile::tempdir().unwrap();
    let created = new_project(folder.path(), "my-actor");
    assert_eq!(created.name, "my-actor");
    assert_eq!(created.repository, Repository::NotWanted);
    assert_eq!(entries(folder.path()), ["my-actor"]);
    for file in &created.files {
        assert!(created.path.join(file).is_file(), "{file}");
    }
    assert!(created.files.contains(&"wit/deps/theater-host/state.wit".to_string()));
    assert!(!created.files.iter().any(|file| file.contains("wasi")), "{:?}", created.files);
    assert!(created.next[0].starts_with("cd ") && created.next[0].ends_with("my-actor"));
    assert_eq!(created.next[1..], ["theater build", "theater check", "theater repl"]);

    let before: Vec<_> =
        check_project(&created.path).iter().map(|problem| problem.code.id).collect();
    assert_eq!(before, [diagnostic::NOT_BUILT.id]);
    let built = build(&created.path).unwrap();
    assert_eq!(built.warnings, []);
    assert_eq!(built.component, created.path.join("build/my-actor.wasm"));
    assert_eq!(built.size, fs::metadata(&built.component).unwrap().len());
    assert_eq!(check_project(&created.path), []);
}

#[test]
fn a_new_application_builds_and_checks_clean() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&folder.path().join("market"));
    options.template = "app".into();
    let created = create(&options).unwrap();
    assert_eq!((created.name.as_str(), created.kind), ("market", "application"));
    assert!(created.files.contains(&"orders/wit/deps/theater-host/messenger.wit".to_string()));
    let copy = fs::read(created.path.join("orders/wit/deps/shop-inventory/stock.wit")).unwrap();
    assert_eq!(copy, fs::read(created.path.join("inventory/wit/stock.wit")).unwrap());
    for project in ["audit", "inventory", "orders"] {
        assert_eq!(build(&created.path.join(project)).unwrap().warnings, []);
    }
    assert_eq!(check_project(&created.path), []);
    let manifest = fs::read_to_string(created.path.join("theater.toml")).unwrap();
    assert!(manifest.contains("name = \"market\""));
}

#[cfg(unix)]
#[test]
fn the_folder_has_the_permissions_of_any_new_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("plain")).unwrap();
    let created = new_project(folder.path(), "a");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&created.path), mode(&folder.path().join("plain")));
}

#[test]
fn names_that_are_words_of_wit_work() {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "result",
        "list",
        "type",
        "interface",
        "world",
        "package",
        "func",
        "use",
        "import",
        "string",
        "u32",
        "option",
        "error-context",
        "async",
        "include",
        "with",
        "counter",
        "actor",
        "state",
        "worker-2",
        "a1",
        "a-2b-3",
        "x",
        "value",
        "increment",
        "local",
        "theater",
        "map",
        "resource",
    ];
    for name in names {
        let created = new_project(folder.path(), name);
        let built = build(&created.path).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        assert_eq!(check_project(&created.path), [], "{name}");
        let mut config = wasmtime::Config::new();
        config.concurrency_support(false);
        let engine = wasmtime::Engine::new(&config).unwrap();
        let bytes = fs::read(&built.component).unwrap();
        let component = wasmtime::component::Component::new(&engine, bytes);
        component.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
}

#[test]
fn bad_names_are_refused_with_a_better_one() {
    let folder = tempfile::tempdir().unwrap();
    for (name, better) in [
        ("My_Actor", "my-actor"),
        ("2nd", "nd"),
        ("a--b", "a-b"),
        ("zähler", "z-hler"),
        ("a b", "a-b"),
        ("-x", "x"),
    ] {
        let problem = refused(&options(&folder.path().join(name)));
        assert_eq!(problem.code, diagnostic::BAD_NAME, "{name}");
        assert!(
            problem.help.as_deref().unwrap().contains(&format!("--name {better}")),
            "{problem:?}"
        );
        let mut named = options(&folder.path().join("fine"));
        named.name = Some(name.into());
        assert_eq!(refused(&named).code, diagnostic::BAD_NAME);
    }
    assert_eq!(refused(&options(&folder.path().join(".."))).code, diagnostic::BAD_NAME);
    assert_eq!(refused(&options(Path::new("/"))).code, diagnostic::BAD_NAME);
    assert_eq!(refused(&options(Path::new(""))).code, diagnostic::BAD_NAME);
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn the_name_may_differ_from_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&folder.path().join("My Folder"));
    options.name = Some("shop".into());
    let created = create(&options).unwrap();
    assert_eq!(created.name, "shop");
    assert!(created.next[0].ends_with("My Folder'"), "{}", created.next[0]);
    let built = build(&created.path).unwrap();
    assert!(built.component.ends_with("build/shop.wasm"));
}

#[test]
fn whatever_stands_at_the_path_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "mine").unwrap();
    fs::create_dir(path("empty")).unwrap();
    fs::create_dir_all(path("full/inner")).unwrap();
    let mut expected = vec!["empty", "file", "full"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
        std::os::unix::fs::symlink("empty", path("link")).unwrap();
        expected.insert(0, "dangling");
        expected.push("link");
    }
    for (name, word) in [
        ("file", "a file"),
        ("empty", "an empty folder"),
        ("full", "a folder"),
        ("dangling", "a symbolic link"),
        ("link", "a symbolic link"),
        // With the slash, what it leads to is meant.
        ("link/", "an empty folder"),
    ] {
        if !expected.contains(&name.trim_end_matches('/')) {
            continue;
        }
        let problem = refused(&options(&path(name)));
        assert_eq!(problem.code, codes::PATH_EXISTS, "{name}");
        assert!(problem.message.contains(word), "{}", problem.message);
    }
    assert_eq!(entries(folder.path()), expected);
    assert_eq!(fs::read_to_string(path("file")).unwrap(), "mine");
    assert!(entries(&path("empty")).is_empty());
}

#[test]
fn a_parent_that_cannot_hold_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let missing = refused(&options(&folder.path().join("no/such/actor")));
    assert_eq!(missing.code, codes::CANNOT_CREATE);
    assert!(missing.help.unwrap().contains("mkdir -p"));
    let file = refused(&options(&folder.path().join("file/actor")));
    assert_eq!(file.code, codes::CANNOT_CREATE);
    assert_eq!(entries(folder.path()), ["file"]);
    // A folder in which not even root may write.
    #[cfg(target_os = "linux")]
    assert_eq!(refused(&options(Path::new("/proc/actor"))).code, codes::CANNOT_CREATE);
}

#[test]
fn unknown_templates_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&folder.path().join("a"));
    options.template = "conter".into();
    let problem = refused(&options);
    assert_eq!(problem.code, codes::NO_TEMPLATE);
    assert!(problem.help.unwrap().contains("`counter`"));
    options.template = "counter".into();
    options.language = "cobol".into();
    let problem = refused(&options);
    assert!(problem.message.contains("cobol") && problem.help.unwrap().contains("wat"));
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn a_project_becomes_a_repository_unless_it_lies_within_one() {
    if std::process::Command::new("git").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&folder.path().join("outer"));
    options.vcs = Vcs::Git;
    assert_eq!(create(&options).unwrap().repository, Repository::Created);
    assert!(folder.path().join("outer/.git").is_dir());
    options.path = folder.path().join("outer/inner");
    assert_eq!(create(&options).unwrap().repository, Repository::Joined);
    assert!(!folder.path().join("outer/inner/.git").exists());
}

#[test]
fn of_many_at_once_one_wins_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(&folder.path().join("actor"));
    let made = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| create(&options))).collect();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        for problem in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(problem.code, codes::PATH_EXISTS);
        }
        results.iter().filter(|result| result.is_ok()).count()
    });
    assert_eq!(made, 1);
    assert_eq!(entries(folder.path()), ["actor"]);
    assert!(build(&folder.path().join("actor")).is_ok());
}
