use super::super::error::ErrorCode as E;
use super::super::folder::open_folder;
use super::super::types::NewTimestamp;
use super::*;
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

/// What every operation answers to a path, and what reading it gave.
fn all_operations(root: &Descriptor, path: &str) -> Vec<Answer<Vec<u8>>> {
    let nothing = |answer: Answer<()>| answer.map(|()| Vec::new());
    let now = NewTimestamp::Now;
    vec![
        read(root, path),
        nothing(write(root, path, b"changed")),
        nothing(root.stat_at(FOLLOW, path).map(|_| ())),
        nothing(root.hash_at(FOLLOW, path).map(|_| ())),
        nothing(root.set_times_at(FOLLOW, path, now, now)),
        open(root, path, OpenFlags::DIRECTORY, DescriptorFlags::READ)
            .and_then(|folder| names(&folder))
            .map(|names| names.concat().into_bytes()),
        open(root, path, OpenFlags::TRUNCATE, DescriptorFlags::WRITE).map(|_| Vec::new()),
    ]
}

#[test]
fn no_path_leads_out() {
    let ground = Ground::new();
    let before = ground.outside();
    let canary = ground.path("outside/canary");
    let link = |target: &Path, name: &str| symlink(target, ground.path("granted").join(name));
    link(&canary, "absolute").unwrap();
    link(Path::new("../outside/canary"), "relative").unwrap();
    link(Path::new("../outside"), "folder").unwrap();
    link(Path::new("relative"), "chain").unwrap();
    link(Path::new("/proc/self/root"), "magic").unwrap();
    link(Path::new("/dev/zero"), "zero").unwrap();
    let root = ground.root(Access::Write);
    let absolute = canary.to_str().unwrap();
    for path in [
        "..",
        "../outside/canary",
        "sub/../../outside/canary",
        "./../outside/canary",
        absolute,
        "/",
        "/proc/self/environ",
        "absolute",
        "relative",
        "chain",
        "folder",
        "folder/canary",
        "folder/new",
        "magic",
        "magic/etc/passwd",
        "zero",
    ] {
        for (number, answer) in all_operations(&root, path).into_iter().enumerate() {
            assert_eq!(answer, Err(E::NotPermitted), "{path}, operation {number}");
        }
        let none = PathFlags::empty();
        for answer in [
            root.rename_at("file", &root, &format!("{path}/x")),
            root.link_at(none, "file", &root, &format!("{path}/x")),
            root.create_directory_at(&format!("{path}/x")),
            root.symlink_at("file", &format!("{path}/x")),
            root.unlink_file_at(&format!("{path}/canary")),
            root.remove_directory_at(&format!("{path}/x")),
        ] {
            assert!(answer.is_err(), "{path}");
        }
    }
    for (path, target) in [("absolute", "not told"), ("zero", "not told")] {
        assert_eq!(root.readlink_at(path), Err(E::NotPermitted), "{target}");
    }
    assert_eq!(root.symlink_at(absolute, "x"), Err(E::NotPermitted));
    // A folder below is no way out of it either.
    let sub = open(&root, "sub", OpenFlags::DIRECTORY, DescriptorFlags::READ).unwrap();
    assert_eq!(read(&sub, "../file"), Err(E::NotPermitted));
    assert_eq!(ground.outside(), before);
}

#[test]
fn a_pipe_is_not_waited_for_and_no_device_is_opened() {
    let ground = Ground::new();
    let make = |name: &str, kind, device| {
        mknodat(CWD, ground.path("granted").join(name), kind, Mode::from_raw_mode(0o666), device)
    };
    make("pipe", FileType::Fifo, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(ground.path("granted/socket")).unwrap();
    symlink("pipe", ground.path("granted/to-pipe")).unwrap();
    let mut special = vec!["pipe", "socket", "to-pipe"];
    // Only root may make one: the device of `/dev/zero`.
    if make("zero", FileType::CharacterDevice, rustix::fs::makedev(1, 5)).is_ok() {
        special.push("zero");
    }
    let root = ground.root(Access::Write);
    for path in special {
        assert_eq!(read(&root, path), Err(E::NotPermitted), "{path}");
        assert_eq!(write(&root, path, b"x"), Err(E::NotPermitted), "{path}");
        let now = NewTimestamp::Now;
        assert_eq!(root.set_times_at(FOLLOW, path, now, now), Err(E::NotPermitted), "{path}");
        root.stat_at(FOLLOW, path).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_kernel_shows_of_itself_is_closed() {
    assert!(open_folder(Path::new("/proc")).is_err());
    assert!(open_folder(Path::new("/proc/self/task")).is_err());
    let root = root(Path::new("/"), Access::Read, 0);
    for path in ["proc/self/environ", "proc/self/mem", "proc/version", "proc"] {
        assert_eq!(read(&root, path), Err(E::NotPermitted), "{path}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_put_into_the_way_to_a_granted_folder_is_not_followed() {
    let ground = Ground::new();
    let sub = ground.path("granted/sub");
    let unused = root(&sub, Access::Read, 0);
    let used = root(&sub, Access::Read, 0);
    assert_eq!(names(&used).unwrap(), ["deep"]);
    fs::rename(&sub, ground.path("granted/gone")).unwrap();
    symlink(ground.path("outside"), &sub).unwrap();
    assert_eq!(names(&unused), Err(E::NotDirectory));
    assert_eq!(names(&used).unwrap(), ["deep"], "what is open stays the same folder");
    fs::remove_file(&sub).unwrap();
    assert_eq!(names(&unused), Err(E::NoEntry));
}

/// Somebody swaps what lies under a name, as fast as they can, while a guest works with it.
#[test]
fn a_link_that_is_swapped_meanwhile_leads_nowhere() {
    let ground = Ground::new();
    let before = ground.outside();
    let granted = ground.path("granted");
    fs::create_dir(granted.join("real")).unwrap();
    fs::write(granted.join("real/canary"), "mine").unwrap();
    symlink("real", granted.join("inside")).unwrap();
    symlink("../outside", granted.join("escape")).unwrap();
    fs::create_dir(granted.join("swapped")).unwrap();
    let stop = AtomicBool::new(false);
    let root = ground.root(Access::Write);
    let mut good = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let swap = |name: &str| {
                let temporary = granted.join("temporary");
                let target = if name == "real" { "real" } else { "../outside" };
                let _ = symlink(target, &temporary);
                let _ = fs::remove_dir(granted.join("swapped"));
                let _ = fs::rename(&temporary, granted.join("swapped"));
            };
            while !stop.load(Ordering::Relaxed) {
                swap("real");
                swap("outside");
            }
        });
        // On a busy machine the other thread may not get its turn for long.
        let mut round = 0;
        while round < 2_000 || (good == 0 && round < 200_000) {
            round += 1;
            match read(&root, "swapped/canary") {
                Ok(bytes) => {
                    assert_ne!(bytes, CANARY);
                    good += 1;
                }
                Err(code) => assert!(
                    matches!(code, E::NotPermitted | E::NoEntry | E::NotDirectory | E::WouldBlock),
                    "{code:?}"
                ),
            }
            let _ = write(&root, "swapped/canary", b"mine");
            let _ = root.unlink_file_at("swapped/new");
            let _ = root.create_directory_at("swapped/new");
            let _ = root.rename_at("swapped/canary", &root, "swapped/canary");
            let _ = root.remove_directory_at("swapped/new");
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(good > 0, "it was never the folder inside");
    assert_eq!(ground.outside(), before);
}

/// One operation of a guest, on paths.
#[derive(Debug, Clone)]
enum Step {
    Read(String),
    Write(String),
    List(String),
    CreateFolder(String),
    RemoveFolder(String),
    Unlink(String),
    Symlink(String, String),
    Rename(String, String),
    Link(String, String),
    Stat(String),
    Times(String),
    Truncate(String),
}

fn path() -> impl Strategy<Value = String> {
    let part =
        prop::sample::select(vec!["a", "b", "sub", "file", "..", ".", "outside", "canary", ""]);
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
}

fn step() -> impl Strategy<Value = Step> {
    let one = |step: fn(String) -> Step| path().prop_map(step);
    let two = |step: fn(String, String) -> Step| {
        (path(), path()).prop_map(move |(from, to)| step(from, to))
    };
    prop_oneof![
        one(Step::Read),
        one(Step::Write),
        one(Step::List),
        one(Step::CreateFolder),
        one(Step::RemoveFolder),
        one(Step::Unlink),
        two(Step::Symlink),
        two(Step::Symlink),
        two(Step::Rename),
        two(Step::Link),
        one(Step::Stat),
        one(Step::Times),
        one(Step::Truncate),
    ]
}

/// Does it, and gives back what could be learned.
fn take(root: &Descriptor, step: &Step) -> Vec<u8> {
    let now = NewTimestamp::Now;
    let nothing = |_: Answer<()>| Vec::new();
    match step {
        Step::Read(path) => read(root, path).unwrap_or_default(),
        Step::Write(path) => nothing(write(root, path, b"guest")),
        Step::List(path) => {
            let folder = open(root, path, OpenFlags::DIRECTORY, DescriptorFlags::READ);
            folder.and_then(|folder| names(&folder)).unwrap_or_default().concat().into_bytes()
        }
        Step::CreateFolder(path) => nothing(root.create_directory_at(path)),
        Step::RemoveFolder(path) => nothing(root.remove_directory_at(path)),
        Step::Unlink(path) => nothing(root.unlink_file_at(path)),
        Step::Symlink(target, path) => nothing(root.symlink_at(target, path)),
        Step::Rename(from, to) => nothing(root.rename_at(from, root, to)),
        Step::Link(from, to) => nothing(root.link_at(PathFlags::empty(), from, root, to)),
        Step::Stat(path) => nothing(root.stat_at(FOLLOW, path).map(|_| ())),
        Step::Times(path) => nothing(root.set_times_at(FOLLOW, path, now, now)),
        Step::Truncate(path) => {
            nothing(open(root, path, OpenFlags::TRUNCATE, DescriptorFlags::WRITE).map(|_| ()))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_guest_does_stays_in_its_folder(steps in prop::collection::vec(step(), 1..40)) {
        let ground = Ground::new();
        let before = ground.outside();
        let root = ground.root(Access::Write);
        for step in &steps {
            let learned = take(&root, step);
            prop_assert_ne!(&learned[..], CANARY, "{:?}", step);
        }
        prop_assert_eq!(ground.outside(), before);
    }

    #[test]
    fn whatever_a_guest_does_changes_nothing_where_it_may_only_read(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        let ground = Ground::new();
        symlink("sub", ground.path("granted/a")).unwrap();
        let root = ground.root(Access::Read);
        let before = names(&root).unwrap();
        for step in &steps {
            take(&root, step);
        }
        prop_assert_eq!(names(&root).unwrap(), before);
        prop_assert_eq!(fs::read(ground.path("granted/file")).unwrap(), b"hello");
        prop_assert_eq!(fs::read(ground.path("granted/sub/deep")).unwrap(), b"deep");
    }
}
