use super::super::error::ErrorCode as E;
use super::super::file::MAX_READ;
use super::super::quota::ENTRY;
use super::super::types::{DescriptorType, NewTimestamp};
use super::*;
use crate::handlers::clock::Datetime;

#[test]
fn files_are_read_and_written_at_a_place() {
    let ground = Ground::new();
    let root = ground.root(Access::Write);
    assert_eq!(read(&root, "file").unwrap(), b"hello");
    assert_eq!(read(&root, "./sub/../file").unwrap(), b"hello");
    let both = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let file = open(&root, "new", OpenFlags::CREATE | OpenFlags::EXCLUSIVE, both).unwrap();
    let open_file = file.file(E::IsDirectory).unwrap();
    assert_eq!(open_file.write(b"abc", 2).unwrap(), 3);
    open_file.append(b"def").unwrap();
    assert_eq!(open_file.read(4, 1).unwrap(), b"\0abc");
    assert_eq!(open_file.read(10, 8).unwrap(), b"");
    assert_eq!(open_file.read(10, u64::MAX), Err(E::Invalid));
    open_file.set_size(3).unwrap();
    assert_eq!(fs::read(ground.path("granted/new")).unwrap(), b"\0\0a");
    assert_eq!(file.stat().unwrap().size, 3);
    open_file.set_size(1 << 20).unwrap();
    assert_eq!(open_file.read(u64::MAX, 0).unwrap().len() as u64, MAX_READ);
    let again = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
    assert_eq!(open(&root, "new", again, both).map(|_| ()), Err(E::Exist));
    open(&root, "new", OpenFlags::TRUNCATE, both).unwrap();
    assert_eq!(fs::read(ground.path("granted/new")).unwrap(), b"");
    file.sync(true).unwrap();
    root.sync(false).unwrap();
}

#[test]
fn how_it_was_opened_decides() {
    let ground = Ground::new();
    let root = ground.root(Access::Write);
    let file = open(&root, "file", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
    assert_eq!(file.flags(), DescriptorFlags::READ);
    let open_file = file.file(E::IsDirectory).unwrap();
    assert_eq!(open_file.write(b"x", 0), Err(E::BadDescriptor));
    assert_eq!(open_file.append(b"x"), Err(E::BadDescriptor));
    assert_eq!(open_file.set_size(0), Err(E::BadDescriptor));
    assert_eq!(file.create_directory_at("x"), Err(E::NotDirectory));
    let created = open(&root, "new", OpenFlags::CREATE, DescriptorFlags::READ).unwrap();
    assert_eq!(created.file(E::IsDirectory).unwrap().write(b"x", 0), Err(E::BadDescriptor));
    let file = open(&root, "file", OpenFlags::empty(), DescriptorFlags::WRITE).unwrap();
    assert_eq!(file.file(E::IsDirectory).unwrap().read(1, 0), Err(E::BadDescriptor));
    let folder = open(&root, "sub", OpenFlags::DIRECTORY, DescriptorFlags::READ).unwrap();
    assert!(folder.flags().contains(DescriptorFlags::MUTATE_DIRECTORY));
    assert_eq!(folder.file(E::IsDirectory).map(|_| ()), Err(E::IsDirectory));
    let opened = |path, flags| open(&root, path, flags, DescriptorFlags::READ).map(|_| ());
    assert_eq!(opened("file", OpenFlags::DIRECTORY), Err(E::NotDirectory));
    assert_eq!(opened("sub", OpenFlags::DIRECTORY | OpenFlags::CREATE), Err(E::Invalid));
    assert_eq!(opened("sub", OpenFlags::TRUNCATE), Err(E::IsDirectory));
    assert_eq!(opened("none", OpenFlags::empty()), Err(E::NoEntry));
    assert_eq!(opened("", OpenFlags::empty()), Err(E::NoEntry));
    assert_eq!(opened("a\0b", OpenFlags::empty()), Err(E::Invalid));
    assert_eq!(opened("file/", OpenFlags::empty()), Err(E::NotDirectory));
    assert_eq!(opened(&"x".repeat(300), OpenFlags::empty()), Err(E::NameTooLong));
}

#[test]
fn only_reading_is_granted() {
    let ground = Ground::new();
    let root = ground.root(Access::Read);
    assert_eq!(read(&root, "sub/deep").unwrap(), b"deep");
    assert_eq!(names(&root).unwrap(), ["file", "sub"]);
    assert_eq!(root.flags(), DescriptorFlags::READ);
    let opened = |open_flags, flags| open(&root, "file", open_flags, flags).map(|_| ());
    assert_eq!(opened(OpenFlags::empty(), DescriptorFlags::WRITE), Err(E::ReadOnly));
    assert_eq!(opened(OpenFlags::CREATE, DescriptorFlags::READ), Err(E::ReadOnly));
    assert_eq!(opened(OpenFlags::TRUNCATE, DescriptorFlags::READ), Err(E::ReadOnly));
    let file = open(&root, "file", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
    let no = NewTimestamp::NoChange;
    for refused in [
        file.file(E::IsDirectory).unwrap().set_size(0),
        file.set_times(NewTimestamp::Now, no),
        root.set_times(NewTimestamp::Now, no),
        root.set_times_at(FOLLOW, "file", NewTimestamp::Now, no),
        root.create_directory_at("x"),
        root.remove_directory_at("sub"),
        root.unlink_file_at("file"),
        root.symlink_at("file", "x"),
        root.rename_at("file", &root, "x"),
        root.link_at(PathFlags::empty(), "file", &root, "x"),
    ] {
        assert_eq!(refused, Err(E::ReadOnly));
    }
    assert_eq!(names(&root).unwrap(), ["file", "sub"]);
}

#[test]
fn folders_are_listed_in_order() {
    let ground = Ground::new();
    let root = ground.root(Access::Write);
    for name in ["z", "a", "m"] {
        root.create_directory_at(name).unwrap();
    }
    root.symlink_at("file", "link").unwrap();
    let mut listing = root.list(token()).unwrap();
    let mut found = Vec::new();
    while let Some(entry) = listing.next().unwrap() {
        found.push((entry.name, entry.kind));
    }
    use DescriptorType::{Directory, RegularFile, SymbolicLink};
    let expected = [
        ("a", Directory),
        ("file", RegularFile),
        ("link", SymbolicLink),
        ("m", Directory),
        ("sub", Directory),
        ("z", Directory),
    ];
    assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let file = open(&root, "file", OpenFlags::empty(), DescriptorFlags::READ).unwrap();
    assert_eq!(file.list(token()).map(|_| ()), Err(E::NotDirectory));
}

#[test]
fn a_long_listing_counts_as_several() {
    let ground = Ground::new();
    let root = ground.root(Access::Write);
    for number in 0..2998 {
        fs::write(ground.path(&format!("granted/{number}")), "").unwrap();
    }
    let limit = Arc::new(Limit { max_open: 4 });
    let token = || Token::of(&limit).unwrap();
    let listing = root.list(token()).unwrap();
    assert!(Token::of(&limit).is_none(), "3000 entries and the listing");
    drop(listing);
    let _one = token();
    assert_eq!(root.list(token()).map(|_| ()), Err(E::InsufficientMemory));
    let _all = (token(), token(), token());
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_unicode_is_an_error_of_its_entry() {
    use std::os::unix::ffi::OsStrExt;
    let ground = Ground::new();
    fs::write(ground.path("granted").join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    let mut listing = ground.root(Access::Read).list(token()).unwrap();
    let found: Vec<_> = (0..4).map(|_| listing.next().map(|entry| entry.map(|e| e.name))).collect();
    let some = |name: &str| Ok(Some(name.to_owned()));
    assert_eq!(found, [some("file"), some("sub"), Err(E::IllegalByteSequence), Ok(None)]);
}

#[test]
fn names_are_made_moved_and_removed() {
    let ground = Ground::new();
    let root = ground.root(Access::Write);
    let sub = open(&root, "sub", OpenFlags::DIRECTORY, DescriptorFlags::READ).unwrap();
    root.rename_at("file", &sub, "moved").unwrap();
    assert_eq!(read(&root, "sub/moved").unwrap(), b"hello");
    sub.link_at(PathFlags::empty(), "moved", &root, "twin").unwrap();
    assert_eq!(root.stat_at(FOLLOW, "twin").unwrap().link_count, 2);
    let (one, two) = (root.hash_at(FOLLOW, "twin").unwrap(), sub.hash_at(FOLLOW, "moved").unwrap());
    assert_eq!(one, two);
    assert_ne!(one, sub.hash().unwrap());
    assert!(sub.is_same(&open(&root, "sub", OpenFlags::empty(), DescriptorFlags::READ).unwrap()));
    assert!(!sub.is_same(&root));
    assert_eq!(root.link_at(FOLLOW, "twin", &root, "x"), Err(E::Invalid));
    assert_eq!(root.link_at(PathFlags::empty(), "sub", &root, "x"), Err(E::NotPermitted));
    root.symlink_at("sub/moved", "link").unwrap();
    assert_eq!(root.readlink_at("link").unwrap(), "sub/moved");
    assert_eq!(read(&root, "link").unwrap(), b"hello");
    let nofollow = root.open_at(
        PathFlags::empty(),
        "link",
        OpenFlags::empty(),
        DescriptorFlags::READ,
        token(),
    );
    assert_eq!(nofollow.map(|_| ()), Err(E::Loop));
    assert_eq!(
        root.stat_at(PathFlags::empty(), "link").unwrap().kind,
        DescriptorType::SymbolicLink
    );
    assert_eq!(root.remove_directory_at("sub"), Err(E::NotEmpty));
    assert_eq!(root.unlink_file_at("sub"), Err(E::IsDirectory));
    assert_eq!(root.remove_directory_at("twin"), Err(E::NotDirectory));
    for name in ["twin", "link", "sub/moved", "sub/deep"] {
        root.unlink_file_at(name).unwrap();
    }
    root.remove_directory_at("sub").unwrap();
    assert_eq!(names(&root).unwrap(), [""; 0]);
}

#[test]
fn times_are_set() {
    let ground = Ground::new();
    let root = ground.root(Access::Write);
    root.symlink_at("file", "link").unwrap();
    let at = |seconds| Datetime { seconds, nanoseconds: 5 };
    let time = |seconds| NewTimestamp::Timestamp(at(seconds));
    let no = NewTimestamp::NoChange;
    root.set_times_at(FOLLOW, "link", time(1000), time(2000)).unwrap();
    let stat = root.stat_at(PathFlags::empty(), "file").unwrap();
    assert_eq!((stat.accessed, stat.modified), (Some(at(1000)), Some(at(2000))));
    root.set_times_at(PathFlags::empty(), "link", no, time(3000)).unwrap();
    assert_eq!(root.stat_at(PathFlags::empty(), "link").unwrap().modified, Some(at(3000)));
    assert_eq!(root.stat_at(FOLLOW, "link").unwrap().modified, Some(at(2000)));
    root.set_times(no, time(4000)).unwrap();
    assert_eq!(root.stat().unwrap().modified, Some(at(4000)));
    root.set_times_at(FOLLOW, "file", no, NewTimestamp::Now).unwrap();
    assert!(root.stat_at(FOLLOW, "file").unwrap().modified.unwrap().seconds > 1_000_000);
    let wrong = NewTimestamp::Timestamp(Datetime { seconds: 1, nanoseconds: 1_000_000_000 });
    assert_eq!(root.set_times(wrong, no), Err(E::Invalid));
    assert_eq!(root.set_times_at(FOLLOW, "file", no, wrong), Err(E::Invalid));
    assert_eq!(root.set_times(time(u64::MAX), no), Err(E::Overflow));
}

#[test]
fn nothing_is_moved_or_linked_between_granted_folders() {
    let ground = Ground::new();
    fs::create_dir(ground.path("other")).unwrap();
    let from = ground.root(Access::Write);
    let to = root(&ground.path("other"), Access::Write, u64::MAX);
    let none = PathFlags::empty();
    assert_eq!(from.link_at(none, "file", &to, "x"), Err(E::CrossDevice));
    assert_eq!(from.rename_at("file", &to, "x"), Err(E::CrossDevice));
    let read_only = ground.root(Access::Read);
    assert_eq!(read_only.link_at(none, "file", &to, "x"), Err(E::CrossDevice));
    assert_eq!(read_only.rename_at("file", &to, "x"), Err(E::ReadOnly));
    assert_eq!(to.link_at(none, "x", &read_only, "y"), Err(E::ReadOnly));
    assert_eq!(names(&to).unwrap(), [""; 0]);
}

#[test]
fn writing_ends_at_the_quota() {
    let ground = Ground::new();
    let path = ground.path("outside");
    let root = root(&path, Access::Write, 3 * ENTRY + 1000);
    // The canary counts.
    let left = ENTRY as usize + 1000 - CANARY.len();
    write(&root, "a", &vec![1; left]).unwrap();
    assert_eq!(write(&root, "b", b""), Err(E::Quota));
    assert_eq!(root.create_directory_at("b"), Err(E::Quota));
    assert_eq!(root.symlink_at("a", "b"), Err(E::Quota));
    assert_eq!(root.link_at(PathFlags::empty(), "a", &root, "b"), Err(E::Quota));
    let file = open(&root, "a", OpenFlags::empty(), DescriptorFlags::WRITE).unwrap();
    let file = file.file(E::IsDirectory).unwrap();
    assert_eq!(file.append(b"x"), Err(E::Quota));
    assert_eq!(file.write(b"xx", left as u64 - 1), Err(E::Quota));
    assert_eq!(file.write(b"x", u64::MAX), Err(E::FileTooLarge));
    assert_eq!(file.set_size(1 << 40), Err(E::Quota));
    file.write(b"x", left as u64 - 1).unwrap();
    file.set_size(10).unwrap();
    write(&root, "a", &vec![2; left]).unwrap();
    root.unlink_file_at("a").unwrap();
    write(&root, "b", &vec![3; left]).unwrap();
    assert_eq!(fs::metadata(path.join("b")).unwrap().len(), left as u64);
}

#[test]
fn no_more_is_open_than_the_grant_says() {
    use crate::boundary::Resources;
    let ground = Ground::new();
    let folder = FolderGrant {
        host: Spanned { value: ground.path("granted"), span: 0..0 },
        guest: Spanned { value: "/data".to_owned(), span: 0..0 },
        access: Access::Read,
        max_size: 1,
    };
    let grant = crate::manifest::FilesystemGrant { folders: vec![folder], max_open: 2 };
    let mut resources = Resources::new();
    let files = super::super::Files::new(Some(&grant), &mut resources);
    let (handle, guest) = files.directories().remove(0);
    assert_eq!(guest, "/data");
    assert_eq!(names(resources.get(&handle).unwrap()).unwrap(), ["file", "sub"]);
    let one = files.room().unwrap();
    let _two = files.room().unwrap();
    assert!(files.room().unwrap_err().to_string().contains("`max-open`"));
    drop(one);
    files.room().unwrap();
}
