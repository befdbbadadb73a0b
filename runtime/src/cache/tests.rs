#![allow(clippy::unwrap_used)]

use super::{Cache, Key, Kind, Usage};
use crate::engine::{EngineConfig, Purpose};
use crate::trace::Hash;
use crate::turn::Compiler;
use crate::world::{Binary, Extern};
use proptest::prelude::*;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

const LIMIT: u64 = 1 << 20;

fn folder() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a/b/components");
    (dir, folder)
}

fn key(name: &str) -> Key {
    Key::new(Kind::Code, &Hash::of(name.as_bytes()), b"settings")
}

fn file(folder: &Path, key: &Key) -> PathBuf {
    folder.join(key.file_name())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_kept_is_found_again_and_nothing_else() {
    let (_dir, folder) = folder();
    let cache = Cache::open(&folder, LIMIT);
    assert_eq!(cache.read(&key("one")), None);
    cache.write(&key("one"), b"first");
    cache.write(&key("empty"), b"");
    for cache in [cache, Cache::open(&folder, LIMIT)] {
        assert_eq!(cache.read(&key("one")).unwrap(), b"first");
        assert_eq!(cache.read(&key("empty")).unwrap(), b"");
        let other = Key::new(Kind::Info, &Hash::of(b"one"), b"settings");
        assert_eq!(cache.read(&other), None);
        let other = Key::new(Kind::Code, &Hash::of(b"one"), b"other settings");
        assert_eq!(cache.read(&other), None);
        assert_eq!(cache.usage(), Usage { entries: 2, bytes: 5 + 32 + 32 });
    }
    assert_eq!([mode(&folder), mode(&file(&folder, &key("one")))], [0o700, 0o600]);
    assert_eq!(mode(&folder.join("secret")), 0o600);
    assert_eq!(Cache::open(&folder, LIMIT).clean().entries, 2);
    assert_eq!(Cache::open(&folder, LIMIT).usage(), Usage::default());
    assert_eq!(Cache::none().usage(), Usage::default());
}

#[test]
fn an_entry_is_loaded_only_under_its_own_name_and_in_its_own_folder() {
    let (_dir, folder) = folder();
    let cache = Cache::open(&folder, LIMIT);
    cache.write(&key("one"), b"first");
    let copied = |to: &Key| fs::copy(file(&folder, &key("one")), file(&folder, to)).unwrap();
    copied(&key("two"));
    assert_eq!(cache.read(&key("two")), None);
    assert!(!file(&folder, &key("two")).exists(), "it is removed");
    fs::hard_link(file(&folder, &key("one")), file(&folder, &key("two"))).unwrap();
    assert_eq!(cache.read(&key("two")), None);

    let (_dir, elsewhere) = self::folder();
    let other = Cache::open(&elsewhere, LIMIT);
    fs::copy(file(&folder, &key("one")), file(&elsewhere, &key("one"))).unwrap();
    assert_eq!(other.read(&key("one")), None);
    // Not even together with the secret, as an archive of the whole folder would bring it.
    fs::copy(file(&folder, &key("one")), file(&elsewhere, &key("one"))).unwrap();
    fs::copy(folder.join("secret"), elsewhere.join("secret.copy")).unwrap();
    fs::rename(elsewhere.join("secret.copy"), elsewhere.join("secret")).unwrap();
    assert_eq!(Cache::open(&elsewhere, LIMIT).read(&key("one")), None);
    assert_eq!(cache.read(&key("one")).unwrap(), b"first");
}

#[test]
fn what_is_not_a_file_of_this_user_is_not_even_opened() {
    let (_dir, folder) = folder();
    let cache = Cache::open(&folder, LIMIT);
    let one = file(&folder, &key("one"));
    let aside = folder.join("aside");
    let hostile: [&dyn Fn(); 4] = [
        &|| fs::set_permissions(&one, Permissions::from_mode(0o620)).unwrap(),
        &|| {
            fs::rename(&one, &aside).unwrap();
            symlink(&aside, &one).unwrap();
        },
        &|| {
            fs::remove_file(&one).unwrap();
            // Nobody will ever write to it.
            let made = std::process::Command::new("mkfifo").arg(&one).status().unwrap();
            assert!(made.success());
        },
        &|| {
            fs::remove_file(&one).unwrap();
            std::os::unix::net::UnixListener::bind(&one).unwrap();
        },
    ];
    for change in hostile {
        cache.write(&key("one"), b"first");
        change();
        assert_eq!(cache.read(&key("one")), None);
        assert!(one.symlink_metadata().is_err(), "it is removed");
    }
    fs::create_dir(&one).unwrap();
    assert_eq!(cache.read(&key("one")), None);
    cache.write(&key("one"), b"first");
    assert_eq!(cache.read(&key("one")), None, "a folder is left where it is");
    assert_eq!(cache.usage().entries, 1);
}

#[test]
fn a_folder_of_others_is_not_used() {
    let (_dir, folder) = folder();
    Cache::open(&folder, LIMIT).write(&key("one"), b"first");
    for mode in [0o720, 0o702, 0o777] {
        fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        let cache = Cache::open(&folder, LIMIT);
        let problem = cache.problem().unwrap();
        assert!(problem.message.ends_with("can be written by other users"), "{problem:?}");
        assert_eq!(cache.read(&key("one")), None);
        cache.write(&key("two"), b"second");
        assert_eq!(cache.usage(), Usage::default());
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let cache = Cache::open(&folder, LIMIT);
    assert!(cache.problem().is_none());
    assert_eq!(cache.read(&key("one")).unwrap(), b"first");
    assert_eq!(cache.usage().entries, 1);
}

#[test]
fn a_secret_that_is_none_is_made_anew() {
    let spoil: [fn(&Path); 4] = [
        |secret| fs::write(secret, [7; 31]).unwrap(),
        |secret| fs::set_permissions(secret, Permissions::from_mode(0o640)).unwrap(),
        |secret| fs::remove_file(secret).unwrap(),
        |secret| {
            fs::remove_file(secret).unwrap();
            symlink("/dev/zero", secret).unwrap();
        },
    ];
    for spoil in spoil {
        let (_dir, folder) = folder();
        Cache::open(&folder, LIMIT).write(&key("one"), b"first");
        spoil(&folder.join("secret"));
        let cache = Cache::open(&folder, LIMIT);
        assert_eq!(cache.read(&key("one")), None);
        cache.write(&key("one"), b"first");
        assert_eq!(Cache::open(&folder, LIMIT).read(&key("one")).unwrap(), b"first");
        assert_eq!(mode(&folder.join("secret")), 0o600);
    }
}

#[test]
fn a_folder_that_cannot_be_made_means_no_cache() {
    let (dir, _) = folder();
    fs::write(dir.path().join("file"), "").unwrap();
    for folder in [dir.path().join("file"), dir.path().join("file/below"), "/proc/cache".into()] {
        let cache = Cache::open(&folder, LIMIT);
        assert!(cache.problem().is_none());
        cache.write(&key("one"), b"first");
        assert_eq!(cache.read(&key("one")), None);
        assert_eq!(cache.clean(), Usage::default());
    }
}

#[test]
fn what_was_not_used_for_the_longest_time_makes_room() {
    let (_dir, folder) = folder();
    let cache = Cache::open(&folder, 1000);
    let age = |name: &str, hours: u64| {
        let time = SystemTime::now() - Duration::from_secs(hours * 3600);
        File::open(file(&folder, &key(name))).unwrap().set_modified(time).unwrap();
    };
    for (name, hours) in [("a", 3), ("b", 2), ("c", 1)] {
        cache.write(&key(name), &[0; 268]);
        age(name, hours);
    }
    // Its use makes it the newest.
    assert!(cache.read(&key("a")).is_some());
    let left = folder.join("dead.code.0.new");
    fs::write(&left, "").unwrap();
    File::open(&left).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    fs::write(folder.join("a person's file"), [0; 5000]).unwrap();
    cache.write(&key("d"), &[0; 268]);
    let there = ["a", "b", "c", "d"].map(|name| file(&folder, &key(name)).exists());
    assert_eq!(there, [true, false, true, true]);
    assert!(!left.exists() && folder.join("a person's file").exists());
    assert_eq!(cache.usage(), Usage { entries: 3, bytes: 900 });
    cache.write(&key("e"), &[0; 969]);
    assert_eq!(cache.usage().entries, 3, "what is larger than the limit is not kept");
}

#[test]
fn writers_at_the_same_time_do_not_disturb_each_other() {
    let (_dir, folder) = folder();
    let content = |name: u8| vec![name; 50_000];
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                // All of them begin in a folder without a secret.
                let cache = Cache::open(&folder, LIMIT);
                for name in (0..5).cycle().take(50) {
                    let key = key(&name.to_string());
                    if let Some(found) = cache.read(&key) {
                        assert!(found == content(name));
                    }
                    cache.write(&key, &content(name));
                }
            });
        }
    });
    let cache = Cache::open(&folder, LIMIT);
    for name in 0..5 {
        assert!(cache.read(&key(&name.to_string())).unwrap() == content(name));
    }
    let names = fs::read_dir(&folder).unwrap().count();
    assert_eq!(names, 5 + 1, "nothing unfinished is left");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_damage_is_overlooked(
        content in proptest::collection::vec(any::<u8>(), 0..3000),
        place in any::<prop::sample::Index>(),
        damage in 0..4u8,
    ) {
        let (_dir, folder) = folder();
        let cache = Cache::open(&folder, LIMIT);
        cache.write(&key("one"), &content);
        let path = file(&folder, &key("one"));
        let mut bytes = fs::read(&path).unwrap();
        let place = place.index(bytes.len());
        match damage {
            0 => bytes[place] ^= 1,
            1 => bytes.truncate(place),
            2 => bytes.insert(place, bytes[place] ^ 1),
            _ => bytes.extend(bytes.clone()),
        }
        fs::write(&path, bytes).unwrap();
        prop_assert_eq!(cache.read(&key("one")), None);
        prop_assert!(!path.exists());
    }
}

const ADDER: &str = r#"(component
    (core module $m (func (export "f") (param i32) (result i32) local.get 0))
    (core instance $i (instantiate $m))
    (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))"#;

/// Its functions are in another order than WIT has them.
const INTERLEAVED: &str = r#"(component
    (import "a:b/things" (instance
        (export "one" (type $one (sub resource)))
        (export "two" (type $two (sub resource)))
        (export "free" (func))
        (export "[method]one.f" (func (param "self" (borrow $one))))
        (export "[method]two.g" (func (param "self" (borrow $two))))
        (export "[method]one.h" (func (param "self" (borrow $one)))))))"#;

fn adder(cache: &Cache) -> Binary {
    Binary::read(wat::parse_str(ADDER).unwrap(), cache).unwrap()
}

/// The only entry of this kind.
fn only(folder: &Path, kind: Kind) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut entries = entries.filter(|path| path.to_string_lossy().ends_with(kind.extension()));
    let only = entries.next().unwrap();
    assert_eq!(entries.next(), None);
    only
}

#[test]
fn code_that_others_compiled_is_never_loaded() {
    let (_dir, folder) = folder();
    let cache = Cache::open(&folder, LIMIT);
    let compiler = Compiler::new(EngineConfig::default(), Purpose::Replay, cache.clone()).unwrap();
    compiler.compile(&adder(&cache)).unwrap();
    let path = only(&folder, Kind::Code);
    let ours = fs::read(&path).unwrap();
    // The very code that wasmtime made for this engine, without our seal: with none, with one of zeros,
    // and with that of another secret.
    let code = &ours[..ours.len() - 32];
    let (_other_dir, elsewhere) = self::folder();
    let other = Cache::open(&elsewhere, LIMIT);
    let theirs = Compiler::new(EngineConfig::default(), Purpose::Replay, other.clone()).unwrap();
    theirs.compile(&adder(&other)).unwrap();
    let foreign = fs::read(only(&elsewhere, Kind::Code)).unwrap();
    for poison in [code.to_vec(), [code, &[0; 32]].concat(), foreign] {
        fs::write(&path, &poison).unwrap();
        let inode = |path: &Path| {
            use std::os::unix::fs::MetadataExt;
            fs::metadata(path).unwrap().ino()
        };
        // Held open, so that its number is not given to another file.
        let poisoned = File::open(&path).unwrap();
        let kept = inode(&path);
        compiler.compile(&adder(&cache)).unwrap();
        assert_ne!(inode(&path), kept, "it was compiled and written again");
        assert!(fs::read(&path).unwrap() != poison);
        drop(poisoned);
    }
}

#[test]
fn each_engine_has_its_own_code() {
    let (_dir, folder) = folder();
    let cache = Cache::open(&folder, LIMIT);
    for config in [EngineConfig::default(), EngineConfig::with_large_stack()] {
        Compiler::new(config, Purpose::Replay, cache.clone())
            .unwrap()
            .compile(&adder(&cache))
            .unwrap();
    }
    assert_eq!(cache.usage().entries, 3);
}

#[test]
fn what_a_component_says_is_the_same_from_the_cache() {
    let (_dir, folder) = folder();
    let cache = Cache::open(&folder, LIMIT);
    let first = adder(&cache);
    let second = adder(&cache);
    assert_eq!(first.info.exports, second.info.exports);
    assert_eq!(first.info.functions().count(), 1);
    // It was not read from the component: what is kept of it is some text, and the seal.
    assert!(fs::metadata(only(&folder, Kind::Info)).unwrap().len() > 100);
    cache.clean();
    let read = || Binary::read(wat::parse_str(INTERLEAVED).unwrap(), &cache).unwrap();
    assert_eq!(read().info.imports, read().info.imports);
    let info = read().info;
    let [Extern::Interface(things)] = &info.imports[..] else { panic!("{info:?}") };
    let names: Vec<&str> = things.functions.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["[method]one.f", "[method]one.h", "[method]two.g", "free"]);
    assert!(fs::metadata(only(&folder, Kind::Info)).unwrap().len() > 100);
    let broken = b"\0asm\x0d\0\x01\0broken".to_vec();
    for _ in 0..2 {
        assert!(Binary::read(broken.clone(), &cache).is_err());
    }
    assert_eq!(cache.usage().entries, 1, "what is not valid is not kept");
}
