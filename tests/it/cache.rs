//! The cache of compiled components: what is in it is used, and whatever is wrong with it does no harm.

use crate::environment::{Ran, TestEnvironment};
use insta::assert_snapshot;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

fn call(env: &TestEnvironment) -> Ran {
    let ran = env.theater(&["repl", "-e", "my-actor.increment(5)"]).ok();
    assert_eq!(ran.stdout, "5\n", "{ran}");
    ran
}

fn components(env: &TestEnvironment) -> PathBuf {
    let folder = env.theater(&["cache", "dir"]).ok().stdout;
    PathBuf::from(folder.trim()).join("components")
}

/// The entries, by name, with what tells one file from another.
fn entries(env: &TestEnvironment) -> Vec<(PathBuf, u64)> {
    let listed = fs::read_dir(components(env)).unwrap().map(|entry| entry.unwrap().path());
    let entry = |path: &PathBuf| path.extension().is_some_and(|e| e == "code" || e == "info");
    let mut entries: Vec<_> = listed
        .filter(entry)
        .map(|path| {
            let number = fs::metadata(&path).unwrap().ino();
            (path, number)
        })
        .collect();
    entries.sort();
    entries
}

#[test]
fn a_component_is_compiled_once() {
    let env = TestEnvironment::with_counter();
    call(&env);
    let first = entries(&env);
    assert_eq!(first.len(), 2, "{first:?}");
    call(&env);
    env.theater(&["repl", "--resume", "-e", "my-actor.value()"]).ok();
    env.theater(&["replay"]).ok();
    assert_eq!(entries(&env), first, "nothing was written again");
    let size = env.theater(&["cache", "size"]).ok().stdout;
    assert!(size.starts_with("2 entries, ") && size.ends_with(" of at most 1.0 GiB\n"), "{size}");
    let cleaned = env.theater(&["cache", "clean"]).ok().stdout;
    assert!(cleaned.starts_with("removed 2 entries, "), "{cleaned}");
    assert_snapshot!("cache_empty", env.theater(&["cache", "size"]).ok());
    call(&env);
}

#[test]
fn the_cache_lies_where_the_environment_says() {
    let env = TestEnvironment::new();
    let folder = |name: &str, value: &str| {
        let mut command = env.command(&["cache", "dir"]);
        let output = command.env(name, value).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let usual = env.theater(&["cache", "dir"]).ok();
    assert_snapshot!("cache_dir", usual);
    assert_eq!(folder("XDG_CACHE_HOME", "/x"), (Some(0), "/x/theater\n".to_owned()));
    assert_eq!(
        folder("XDG_CACHE_HOME", "x"),
        (Some(0), usual.stdout),
        "a relative path is ignored"
    );
    assert_eq!(folder("THEATER_CACHE_DIR", "/x"), (Some(0), "/x\n".to_owned()));
    assert_eq!(folder("THEATER_CACHE_DIR", ""), (Some(1), String::new()));
    assert_snapshot!(
        "cache_off",
        env.shell("THEATER_CACHE_DIR= theater cache size").with_status(1)
    );
}

#[test]
fn a_cache_that_is_switched_off_keeps_nothing() {
    let env = TestEnvironment::with_counter();
    let ran = env.shell("THEATER_CACHE_DIR= theater repl -e 'my-actor.increment(5)'").ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("5\n", ""));
    assert!(!components(&env).exists());
}

#[test]
fn poisoned_entries_are_made_anew() {
    let env = TestEnvironment::with_counter();
    call(&env);
    let first = entries(&env);
    let contents: Vec<_> = first.iter().map(|(path, _)| fs::read(path).unwrap()).collect();
    let poisons: [fn(&mut Vec<u8>); 5] = [
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| {
            let place = bytes.len() / 2;
            bytes[place] ^= 0x10;
        },
        |bytes| *bytes = b"\x7fELF, but not ours".to_vec(),
        |bytes| bytes.extend_from_slice(&[0; 4096]),
    ];
    for poison in poisons {
        for ((path, _), content) in first.iter().zip(&contents) {
            let mut bytes = content.clone();
            poison(&mut bytes);
            fs::write(path, bytes).unwrap();
        }
        let poisoned: Vec<_> = first.iter().map(|(path, _)| fs::read(path).unwrap()).collect();
        let ran = call(&env);
        assert_eq!(ran.stderr, "", "{ran}");
        let healed = entries(&env);
        for (path, _) in &healed {
            assert!(!poisoned.contains(&fs::read(path).unwrap()), "{}", path.display());
        }
        call(&env);
        assert_eq!(entries(&env), healed, "what was made anew is used");
    }
    // The two entries under each other's names.
    let [(one, _), (two, _)] = &first[..] else { panic!("{first:?}") };
    fs::write(one, &contents[1]).unwrap();
    fs::write(two, &contents[0]).unwrap();
    assert_eq!(call(&env).stderr, "");
    env.theater(&["replay"]).ok();
}

#[test]
fn a_folder_that_others_can_write_is_not_used_and_told() {
    let env = TestEnvironment::with_counter();
    call(&env);
    let before = entries(&env);
    let folder = components(&env);
    fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
    assert_snapshot!("cache_untrusted", call(&env));
    assert_snapshot!("cache_untrusted_size", env.theater(&["cache", "size"]).with_status(1));
    assert_eq!(entries(&env), before);
}

#[test]
fn a_cache_that_cannot_be_written_does_no_harm() {
    let env = TestEnvironment::with_counter();
    // A file where the folder should be, and a folder in which nobody can make anything.
    for folder in ["theater.toml", "/proc/theater"] {
        let line = format!("THEATER_CACHE_DIR={folder} theater repl -e 'my-actor.increment(5)'");
        let ran = env.shell(&line).ok();
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("5\n", ""), "{folder}");
    }
    // Everything but the compiled code, which is larger than this limit, can be written.
    let ran = env.shell("ulimit -f 24; theater repl -e 'my-actor.increment(5)'").ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("5\n", ""), "{ran}");
    let names: Vec<_> = entries(&env).into_iter().map(|(path, _)| path).collect();
    assert!(names.iter().all(|path| path.extension().unwrap() == "info"), "{names:?}");
    let files = fs::read_dir(components(&env)).unwrap().count();
    assert_eq!(files, names.len() + 1, "nothing unfinished is left beside the secret");
}
