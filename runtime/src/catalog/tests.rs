#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use wit_parser::{Resolve, SourceMap, TypeDefKind};

use super::*;

/// The functions and the resources of an interface.
type Items = (BTreeSet<String>, BTreeSet<String>);

/// Parses the embedded WIT, a package a folder, and lists what each interface has.
fn items_in_wit() -> BTreeMap<String, Items> {
    let mut packages: BTreeMap<&str, SourceMap> = BTreeMap::new();
    for (path, text) in WIT {
        let folder = path.split_once('/').unwrap().0;
        packages.entry(folder).or_default().push_str(path, *text);
    }
    let parse = |sources: SourceMap| sources.parse().map_err(|(_, error)| error).unwrap();
    let mut groups: Vec<_> = packages.into_values().map(parse).collect();
    let mut resolve = Resolve::default();
    let first = groups.pop().unwrap();
    resolve.push_groups(first, groups).unwrap();
    let items = |interface: &wit_parser::Interface| -> Items {
        let is_resource =
            |id: &wit_parser::TypeId| matches!(resolve.types[*id].kind, TypeDefKind::Resource);
        let types = interface.types.iter().filter(|(_, id)| is_resource(id));
        (
            interface.functions.keys().cloned().collect(),
            types.map(|(name, _)| name.clone()).collect(),
        )
    };
    let named = resolve.interfaces.iter();
    let all = named.map(|(id, interface)| (resolve.id_of(id).unwrap(), items(interface)));
    // What has only types needs nobody who answers it.
    all.filter(|(_, (functions, resources))| !functions.is_empty() || !resources.is_empty())
        .collect()
}

#[test]
fn the_table_and_the_wit_agree() {
    let mut table = BTreeMap::new();
    let set = |names: &[&str]| -> BTreeSet<String> {
        let set: BTreeSet<String> = names.iter().map(|name| name.to_string()).collect();
        assert_eq!(set.len(), names.len(), "{names:?}");
        set
    };
    for handler in HANDLERS {
        for interface in handler.imports.iter().chain(handler.exports).chain(handler.receives) {
            let items = (set(interface.functions), set(interface.resources));
            assert!(table.insert(interface.id(), items).is_none(), "{}", interface.id());
        }
    }
    assert_eq!(table, items_in_wit());
}

#[test]
fn every_wit_file_is_embedded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let mut found = BTreeSet::new();
    for folder in std::fs::read_dir(&root).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let relative = path.strip_prefix(&root).unwrap();
            found.insert(relative.to_str().unwrap().replace('\\', "/"));
        }
    }
    assert_eq!(found, WIT.iter().map(|(path, _)| path.to_string()).collect());
}

#[test]
fn every_handler_is_documented() {
    for handler in HANDLERS {
        assert!(!handler.summary.is_empty() && !handler.summary.contains('\n'), "{}", handler.name);
        assert!(handler.doc.len() > 80, "{}", handler.name);
        for setting in handler.settings {
            assert!(!setting.doc.is_empty(), "{} {}", handler.name, setting.name);
        }
    }
}

#[test]
fn imports_find_their_handler_in_compatible_versions() {
    let found = |name| by_import(name).map(|(handler, interface)| (handler.name, interface.name));
    assert_eq!(found("wasi:clocks/wall-clock@0.2.3"), Some(("clock", "wall-clock")));
    assert_eq!(found("wasi:random/insecure-seed@0.2.12"), Some(("random", "insecure-seed")));
    assert_eq!(found("theater:host/state@0.1.9"), Some(("state", "state")));
    assert_eq!(found("theater:host/state@0.1.0+build.7"), Some(("state", "state")));
    for foreign in [
        "wasi:clocks/wall-clock@0.3.0",
        "wasi:clocks/wall-clock@0.2.0-rc-2023-12-05",
        "wasi:clocks/wall-clock@0.2",
        "wasi:clocks/wall-clock@0.2.x",
        "wasi:clocks/wall-clock@0.2.+1",
        "wasi:clocks/wall-clock@0.2.0.0",
        "wasi:clocks/wall-clock",
        "wasi:clocks/timezone@0.2.0",
        "theater:host/state@1.1.0",
        "theater:actor/lifecycle@0.1.0",
        "state",
        "",
        "@",
    ] {
        assert_eq!(found(foreign), None, "{foreign}");
    }
    assert_eq!(by_export("theater:actor/lifecycle@0.1.1").unwrap().0.name, "context");
    assert_eq!(by_export("theater:actor/inbox@0.1.0").unwrap().0.name, "messenger");
    assert_eq!(by_export("theater:actor/timer-callback@0.1.0").unwrap().0.name, "timer");
    assert_eq!(by_export("theater:actor/monitor-callback@0.1.0").unwrap().0.name, "supervisor");
    assert!(by_import("theater:actor/inbox@0.1.0").is_none());
}

#[test]
fn versions_are_compatible_as_linkers_see_it() {
    assert!(compatible("1.2.3", "1.9.0"));
    assert!(!compatible("1.2.3", "2.2.3"));
    assert!(!compatible("0.0.1", "0.0.2"));
    assert!(compatible("0.0.1", "0.0.1+a"));
    assert!(compatible("0.2.0-rc1", "0.2.0-rc1"));
}
