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

#[test]
fn what_a_large_trace_holds_is_kept() {
    let env = TestEnvironment::with_counter();
    // The component has something in it that cannot be compressed.
    let source = env.path("src/counter.wat");
    let text = fs::read_to_string(&source).unwrap();
    let mut number = 1_u64;
    let mut noise = String::new();
    while noise.len() < 4 << 20 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.push_str(&format!("\\{:02x}", number >> 56));
    }
    let end = text.trim_end().strip_suffix(')').unwrap();
    fs::write(&source, format!("{end}\n(@custom \"noise\" \"{noise}\"))\n")).unwrap();
    env.theater(&["build"]).ok();
    call(&env);
    env.theater(&["trace", "export", "x.trace"]).ok();
    let traces = components(&env).with_file_name("traces");
    let look = || {
        let ran = env.theater(&["repl", "x.trace", "-e", "at my-actor#1"]).ok();
        assert!(ran.stdout.contains("my-actor#1"), "{ran}");
        fs::read_dir(&traces).unwrap().map(|it| it.unwrap().path()).collect::<Vec<_>>()
    };
    let first = look();
    assert_eq!(first.len(), 1, "{first:?}");
    let segment = |path: &PathBuf| {
        let inside = fs::read_dir(path).unwrap().map(|it| it.unwrap().path());
        let run = inside.filter(|it| it.is_dir()).collect::<Vec<_>>();
        assert_eq!(run.len(), 1, "nothing of the session is left: {run:?}");
        run[0].join("segments/00000001.seg")
    };
    let number = |path: &PathBuf| fs::metadata(segment(path)).unwrap().ino();
    let before = number(&first[0]);
    assert_eq!((look(), number(&first[0])), (first.clone(), before), "it was not unpacked again");
    env.theater(&["replay", "x.trace"]).ok();
    // Damage to what is kept is none to the file.
    let mut bytes = fs::read(segment(&first[0])).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(segment(&first[0]), bytes).unwrap();
    env.theater(&["trace", "verify", "--trace", "x.trace"]).ok();
    let size = env.theater(&["cache", "size"]).ok().stdout;
    assert!(size.contains("\n1 entry of unpacked traces, "), "{size}");
    let cleaned = env.theater(&["cache", "clean"]).ok().stdout;
    assert!(cleaned.contains("\nremoved 1 entry of unpacked traces, "), "{cleaned}");
    assert_eq!(look().len(), 1);
    let ran = env.shell("THEATER_CACHE_DIR= theater trace show --trace x.trace").ok();
    assert!(ran.stdout.contains("my-actor#1"), "{ran}");
}
