#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};

use super::*;
use crate::diagnostic::CODES;

/// A manifest with everything that one may say.
const FULL: &str = r#"
[actor]
name = "counter"
version = "0.1.0"
component = "build/counter.wasm"
world = "counter"
init = '{start: 5}'

[build]
language = "wat"
source = "src/counter.wat"

[handlers]
log = { max-lines = 10 }
state = true
clock = false
random = { seed = 42 }
messenger = { to = ["audit", "workers/*"] }
timer = { max = 10 }

[handlers.filesystem]
folders = [
    { host = "data", guest = "/data" },
    { host = "../out", guest = "/data/out", access = "write", max-size = "64MiB" },
]
max-open = 20

[links]
"shop:inventory/stock" = "inventory"
"shop:audit/log@0.1.0" = { actor = "shop/audit", timeout = "2s" }

[limits]
memory = "16MiB"
fuel = 5_000
timeout = "250ms"
message = "64KiB"
mailbox = 3

[run]
durability = "sync"

[supervisor]
strategy = "rest-for-one"
intensity = 3
period = "1m"
backoff = "100ms"

[[children]]
name = "inventory"
manifest = "../inventory"
restart = "transient"
state = "fresh"
shutdown = "kill"
init = '{sku: "A-1"}'

[[children]]
name = "orders"
manifest = "../orders"
"#;

/// Folders with everything that can be wrong with one.
const FOLDERS_WITH_MISTAKES: &str = r#"
[handlers.filesystem]
folders = [
    { host = "", guest = "/empty" },
    { host = "a", guest = "data" },
    { host = "a", guest = "/data/../etc" },
    { host = "a", guest = "/data", acces = "write" },
    { host = "a", guest = "/data", access = "rw" },
    { host = "a", guest = "/read", max-size = "1KiB" },
    { host = "a" },
    { host = "a", guest = "/big", access = "write", max-size = "2000GiB" },
]
max-open = 0
"#;

fn parse(text: &str) -> Checked {
    Manifest::parse(Source::new("theater.toml", text), Path::new("my-actor"))
}

fn render(problems: &[Diagnostic]) -> String {
    let theme = GraphicalTheme::unicode_nocolor();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(80);
    let mut out = String::new();
    for problem in problems {
        handler.render_report(&mut out, problem).unwrap();
        out.push('\n');
    }
    out
}

fn problems(text: &str) -> String {
    render(&parse(text).diagnostics)
}

/// The problems of lines below a valid `[actor]`.
fn below_actor(lines: &str) -> String {
    problems(&format!("[actor]\nname = \"a\"\n{lines}"))
}

macro_rules! snapshots {
    ($($name:ident: $rendered:expr;)*) => {
        $(#[test] fn $name() { insta::assert_snapshot!($rendered); })*
    };
}

snapshots! {
    nothing_at_all: problems("");
    actor_without_name: problems("[actor]\nversion = \"0.1.0\"\n");
    unknown_keys: below_actor("nmae = 1\nmemory = \"1MiB\"\n[limit]\n[linsk]\nx = 1\n[state]\n");
    keys_at_the_top: problems("name = \"a\"\nlog = true\n");
    name_with_a_wrong_letter: problems("[actor]\nname = \"my_Actor\"\n");
    name_with_an_escape: problems("[actor]\nname = \"a\\u0041\"\n");
    name_empty: problems("[actor]\nname = ''\n");
    texts_of_wrong_form: below_actor(
        "version = \"v1\"\nworld = \"My World\"\ncomponent = \"\"\n[build]\ncommand = \"a && b\"\noutput = \"x\"\n"
    );
    wrong_types: problems(
        "build = true\nhandlers = 1\n[actor]\nname = 1\nversion = 1.0\n[limits]\nfuel = \"5000\"\ntimeout = 5\nmemory = 1048576\nmailbox = 1.5\n"
    );
    table_of_wrong_type: problems("actor = \"counter\"\n");
    list_of_tables: problems("[[actor]]\nname = \"a\"\n");
    quantities: below_actor("[limits]\nmemory = \"64MB\"\nmessage = \"1.5MiB\"\ntimeout = \"5 sec\"\n");
    quantity_without_unit: below_actor("[limits]\nmemory = \"64\"\n");
    ranges: below_actor(
        "[limits]\nmemory = \"8GiB\"\nfuel = 0\ntimeout = \"0s\"\nmailbox = -1\nmessage = \"16MiB\"\n"
    );
    huge_numbers: below_actor(
        "[limits]\nfuel = 999999999999999999999999999999999999999999999\nmailbox = 0xFFFFFFFFFF\n"
    );
    choices: below_actor("[build]\nlanguage = \"wast\"\nsource = \"x\"\n");
    wat_without_source: below_actor("[build]\nlanguage = \"wat\"\n");
    links_wrong: below_actor(
        "[links]\nstock = \"a\"\n\"shop:a/b\" = 5\n\"shop:a/c\" = \"Shop\"\n\"shop:a/d\" = { timeout = \"2\" }\n\"shop:a/e\" = { actor = \"a/\", tiemout = \"2s\" }\n\"shop:a/f@1\" = \"\"\n"
    );
    links_that_cannot_be: below_actor(
        "[links]\n\"wasi:http/types\" = \"a\"\n\"theater:host/log@0.1.0\" = \"a\"\n\"shop:a/b\" = \"a\"\n\"shop:a/b@0.1.0\" = \"b\"\n\"shop:a/c@0.1.0\" = \"a\"\n\"shop:a/c@0.1.2\" = \"a\"\n\"shop:a/c@0.2.0\" = \"a\"\n"
    );
    links_no_table: below_actor("links = \"inventory\"\n[handlers]\nmessenger = { to = [\"Audit\", \"a/*/b\", \"\"] }\ntimer = { max = 0 }\n");
    build_empty: below_actor("[build]\n");
    build_with_both: below_actor("[build]\ncommand = [\"make\"]\nlanguage = \"wat\"\n");
    build_mixed: below_actor("[build]\nlanguage = \"wat\"\noutput = \"x\"\n");
    build_without_a_first_key: below_actor("[build]\noutput = \"x\"\n");
    command_of_wrong_type: below_actor("[build]\ncommand = [\"a\", 1]\noutput = \"x\"\n");
    command_empty: below_actor("[build]\ncommand = []\noutput = \"x\"\n");
    handlers: below_actor("[handlers]\nlgo = true\nsockets = true\nstate = \"yes\"\n");
    context_granted: below_actor("[handlers]\ncontext = true\n");
    context_taken_away: below_actor("[handlers]\ncontext = false\n");
    settings: below_actor("[handlers]\nlog = { max-lin = \"1KiB\", max-lines = 0 }\nclock = { seed = 1 }\n");
    folders: below_actor(FOLDERS_WITH_MISTAKES);
    folders_of_wrong_types: below_actor(
        "[handlers]\nfilesystem = { folders = [\"data\", { host = 1, guest = \"/d\" }] }\n"
    );
    folders_no_list: below_actor("[handlers.filesystem]\nfolders = { host = \"a\" }\n");
    too_many_folders: below_actor(&format!(
        "[handlers.filesystem]\nfolders = [{}]\n",
        "\n    { host = 'a', guest = '/a' },".repeat(33)
    ));
    duplicates: problems(
        "[actor]\nname = \"a\"\nname = \"b\"\n[limits]\nfuel = 1\n[actor]\nversion = \"1\"\n"
    );
    syntax_errors: problems("[actor]\nname = counter\nversion =\nworld = \"x\n[limits\nfuel = 1\n");
    unquoted_text_is_no_loss: below_actor("world = counter\ncolour = 1\n[limits]\nfuel = 0\n");
    build_with_unknown_keys: below_actor("[build]\nlangage = \"wat\"\ncmd = \"make\"\n");
    name_repeated_in_other_tables: problems("a.name = 1\n[actor]\nname = \"a\"\nname = \"b\"\n");
    unclosed_long_text: below_actor("init = \"\"\"x\n[limits]\nfuel = 0\n");
    children_wrong: below_actor(
        "[supervisor]\nstrategy = \"one_for_one\"\n[[children]]\nname = \"A\"\nmanifest = \"\"\n[[children]]\nmanifset = \"x\"\nshutdown = \"never\"\nrestart = \"always\"\n"
    );
    children_of_one_name: below_actor(
        "[supervisor]\n[[children]]\nname = \"a\"\nmanifest = \"x\"\n[[children]]\nname = \"a\"\nmanifest = \"y\"\n"
    );
    children_of_nobody: below_actor("[[children]]\nname = \"a\"\nmanifest = \"x\"\n");
    children_not_a_list: below_actor("[supervisor]\n[children]\nname = \"a\"\n");
    children_that_nobody_asks_for: below_actor(
        "[handlers]\nstate = true\n[supervisor]\n[[children]]\nname = \"a\"\nmanifest = \"x\"\nstart = \"on-request\"\n"
    );
    unfinished_list: below_actor("[build]\ncommand = [\"a\",\noutput = \"x\"\n");
    no_toml_at_all: problems("\u{0}asm\u{1}\u{0}\n%PDF é");
    several_at_once: problems(
        "[actor]\nname = \"A\"\ncolour = 1\n[handlers]\nlogs = true\n[limits]\ntimeout = \"5\"\n"
    );
    json_schema: serde_json::to_string_pretty(&super::json_schema()).unwrap();
    reference: super::reference();
    effective: parse(FULL).manifest.unwrap().effective_toml();
    effective_of_the_least: parse("actor = { name = 'a' }").manifest.unwrap().effective_toml();
}

/// What a manifest says, apart from where it says it.
fn meaning(manifest: &Manifest) -> impl PartialEq + std::fmt::Debug {
    // The text of the whole manifest tells of the children, too.
    let Manifest { actor, build, handlers, links, limits, run, dir, source: _, supervisor: _ } =
        manifest.clone();
    let text = |text: Option<Spanned<String>>| text.map(|text| text.value);
    let filesystem = handlers.filesystem.map(|grant| (folder_meanings(&grant), grant.max_open));
    let messages = (handlers.messenger, handlers.timer);
    let grants =
        (handlers.log, handlers.state, messages, handlers.clock, handlers.random, filesystem);
    let links: Vec<_> =
        links.into_iter().map(|link| (link.import.value, link.actor.value, link.timeout)).collect();
    let build = build.map(|build| match build {
        Build::Rust { package, .. } => {
            (vec!["rust".into()], package.map_or_else(PathBuf::new, |package| package.value))
        }
        Build::Wat { source } => (Vec::new(), source.value),
        Build::Command { command, output } => (command, output.value),
    });
    let component = actor.component.map(|path| path.value);
    let texts = (text(actor.version), text(actor.world), text(actor.init));
    ((actor.name.value, component, texts), build, grants, links, (limits, run), dir)
}

/// What a grant says of its folders, apart from where it says it.
fn folder_meanings(grant: &FilesystemGrant) -> Vec<(String, String, Access, u64)> {
    let meaning = |folder: &FolderGrant| {
        let host = folder.host.value.to_str().unwrap().to_owned();
        (host, folder.guest.value.clone(), folder.access, folder.max_size)
    };
    grant.folders.iter().map(meaning).collect()
}

fn assert_effective_reads_back(manifest: &Manifest) {
    let text = manifest.effective_toml();
    let again = Manifest::parse(Source::new("effective", text.clone()), &manifest.dir);
    let (again, warnings) = again.into_result().unwrap_or_else(|problems| {
        panic!("{text}\n{}", render(&problems));
    });
    assert_eq!(warnings, []);
    assert_eq!(meaning(&again), meaning(manifest));
    assert_eq!(again.effective_toml(), text);
}

#[test]
fn everything_is_read() {
    let (manifest, warnings) = parse(FULL).into_result().unwrap();
    assert_eq!(warnings, []);
    assert_eq!(manifest.actor.name.value, "counter");
    assert_eq!(&FULL[manifest.actor.name.span.clone()], "\"counter\"");
    assert_eq!(manifest.actor.version.as_ref().unwrap().value, "0.1.0");
    assert_eq!(manifest.actor.component.as_ref().unwrap().value, Path::new("build/counter.wasm"));
    assert_eq!(manifest.actor.world.as_ref().unwrap().value, "counter");
    assert_eq!(manifest.actor.init.as_ref().unwrap().value, "{start: 5}");
    let Some(Build::Wat { source }) = &manifest.build else { panic!("{:?}", manifest.build) };
    assert_eq!(manifest.resolve(&source.value), Path::new("my-actor/src/counter.wat"));
    let grants = &manifest.handlers;
    assert_eq!(grants.log, Some(LogGrant { max_lines: 10 }));
    assert_eq!(grants.state, Some(StateGrant { max_size: 64 << 20 }));
    assert_eq!(grants.clock, None);
    assert_eq!(grants.random, Some(RandomGrant { seed: Some(42) }));
    assert_eq!(&FULL[grants.spans["clock"].clone()], "clock");
    let filesystem = grants.filesystem.as_ref().unwrap();
    let expected = [
        ("data".to_owned(), "/data".to_owned(), Access::Read, 1 << 30),
        ("../out".to_owned(), "/data/out".to_owned(), Access::Write, 64 << 20),
    ];
    assert_eq!((folder_meanings(filesystem), filesystem.max_open), (expected.to_vec(), 20));
    assert_eq!(&FULL[filesystem.folders[0].host.span.clone()], "\"data\"");
    let limits = Limits {
        memory: 16 << 20,
        fuel: 5000,
        timeout: Duration::from_millis(250),
        message: 64 << 10,
        mailbox: 3,
    };
    assert_eq!(manifest.limits, limits);
    let supervision = manifest.supervisor.unwrap();
    assert_eq!(supervision.strategy, Strategy::RestForOne);
    assert_eq!((supervision.intensity, supervision.period), (3, Duration::from_secs(60)));
    assert_eq!(supervision.backoff, Some(Duration::from_millis(100)));
    let [inventory, orders] = supervision.children.as_slice() else { panic!("two children") };
    assert_eq!((inventory.restart, inventory.state), (Restart::Transient, RestartState::Fresh));
    assert_eq!(inventory.shutdown, Shutdown::Kill);
    assert_eq!(inventory.init.as_ref().unwrap().value, r#"{sku: "A-1"}"#);
    assert_eq!((orders.restart, orders.state), (Restart::Permanent, RestartState::Keep));
    assert_eq!(orders.shutdown, Shutdown::Within(Duration::from_secs(5)));
}

#[test]
fn defaults_are_those_of_the_design() {
    let (manifest, _) = parse("[actor]\nname = \"a\"").into_result().unwrap();
    assert_eq!(manifest.handlers, Grants::default());
    let limits = Limits {
        memory: 64 << 20,
        fuel: 1_000_000_000,
        timeout: Duration::from_secs(5),
        message: 1 << 20,
        mailbox: 10_000,
    };
    assert_eq!(manifest.limits, limits);
    assert_eq!(Limits::default(), limits);
    assert_eq!(LogGrant::default(), LogGrant { max_lines: 1000 });
    assert_eq!(StateGrant::default(), StateGrant { max_size: 64 << 20 });
    assert_eq!(TimerGrant::default(), TimerGrant { max: 1000 });
    assert_eq!(RandomGrant::default(), RandomGrant { seed: None });
}

#[test]
fn every_handler_of_the_catalog_can_be_granted() {
    for handler in crate::catalog::HANDLERS {
        let name = handler.name;
        assert_eq!(Grants::default().has(name), handler.always, "{name}");
        if !handler.always {
            for grant in ["true", "{}"] {
                let text = format!("[actor]\nname = \"a\"\n[handlers]\n{name} = {grant}\n");
                let (manifest, _) = parse(&text).into_result().unwrap();
                assert!(manifest.grants(name), "{name}");
                assert_effective_reads_back(&manifest);
            }
        }
    }
    assert!(!Grants::default().has("nothing"));
}

#[test]
fn every_default_and_example_of_the_schema_is_valid() {
    fn check(field: &'static schema::Field) {
        if let Some(default) = field.default {
            assert!(check::default_of(field).is_some(), "{} = {default}", field.name);
        }
        if !field.example.is_empty() {
            let read = check::read_alone(field, field.example);
            assert!(read.is_some(), "{} = {}", field.name, field.example);
        }
        kind(&field.kind);
    }
    fn kind(kind_of: &'static schema::Kind) {
        match kind_of {
            schema::Kind::Table(fields) => fields.iter().for_each(check),
            schema::Kind::Keyed { fields, .. } => fields.iter().for_each(check),
            schema::Kind::Tables { fields, .. } => fields.iter().for_each(check),
            schema::Kind::OneOf(kinds) => kinds.iter().for_each(kind),
            schema::Kind::Handlers => {
                crate::catalog::HANDLERS
                    .iter()
                    .flat_map(|handler| handler.settings)
                    .for_each(check);
            }
            _ => {}
        }
    }
    schema::MANIFEST.iter().for_each(check);
}

#[test]
fn the_effective_text_reads_back() {
    assert_effective_reads_back(&parse(FULL).manifest.unwrap());
    assert_effective_reads_back(&parse("actor.name = 'a'").manifest.unwrap());
    let command = "[actor]\nname = 'a'\ninit = '''\n\\ \"x\"\u{1F600}\t'''\n\
        [build]\ncommand = ['sh', '-c', \"a\\u0007\\n\\\"\"]\noutput = 'b \\c'\n";
    assert_effective_reads_back(&parse(command).manifest.unwrap());
}

#[test]
fn rust_needs_no_source() {
    for (source, expected) in [("", None), ("source = 'actor'\n", Some(Path::new("actor")))] {
        let manifest = parse(&format!("actor.name = 'a'\n[build]\nlanguage = 'rust'\n{source}"));
        let (manifest, warnings) = manifest.into_result().unwrap();
        assert_eq!(warnings, []);
        let Some(Build::Rust { package, .. }) = &manifest.build else {
            panic!("{:?}", manifest.build)
        };
        assert_eq!(package.as_ref().map(|package| package.value.as_path()), expected);
        assert_effective_reads_back(&manifest);
    }
}

#[test]
fn a_command_may_be_a_text_or_a_list() {
    let command = |value: &str| {
        let text = format!("[actor]\nname='a'\n[build]\ncommand = {value}\noutput = 'o'\n");
        match parse(&text).into_result().unwrap().0.build {
            Some(Build::Command { command, .. }) => command,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(command("'make  component'"), ["make", "component"]);
    assert_eq!(command("['make', 'a b']"), ["make", "a b"]);
}

#[test]
fn with_errors_there_is_a_manifest_for_further_checks_only() {
    let checked = parse("[actor]\nname = \"My Actor\"\n[limits]\nfuel = 0\nmailbox = 7\n");
    let manifest = checked.manifest.clone().unwrap();
    assert_eq!(manifest.actor.name.value, "my-actor");
    assert_eq!(manifest.limits.fuel, Limits::default().fuel);
    assert_eq!(manifest.limits.mailbox, 7);
    assert_eq!(checked.into_result().unwrap_err().len(), 2);
    assert_eq!(parse("").manifest.unwrap().actor.name.value, "my-actor");
    assert_eq!(parse("[actor").manifest, None);
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    let text = FULL.replace('\n', "\r\n");
    let (manifest, _) = parse(&text).into_result().unwrap();
    assert_eq!(&text[manifest.actor.name.span], "\"counter\"");
    let marked = format!("\u{FEFF}{}", FULL.trim_start());
    assert!(parse(&marked).into_result().is_ok());
}

mod bare {
    use super::*;

    fn bare(path: &str, grants: &[&str]) -> Result<Manifest, Vec<Diagnostic>> {
        let grants: Vec<String> = grants.iter().map(|grant| grant.to_string()).collect();
        let grants = BareGrants { handlers: grants, ..BareGrants::default() };
        Manifest::bare(Path::new(path), &grants)
    }

    #[test]
    fn is_named_after_its_file_and_grants_what_is_asked() {
        let manifest = bare("some/My_Counter.v2.wasm", &["clock,log", "context, log"]).unwrap();
        assert_eq!(manifest.actor.name.value, "my-counter-v2");
        assert_eq!(
            manifest.resolve(&manifest.actor.component.clone().unwrap().value),
            Path::new("some/My_Counter.v2.wasm")
        );
        assert_eq!(manifest.handlers.log, Some(LogGrant::default()));
        assert!(manifest.grants("clock") && manifest.grants("context"));
        assert!(!manifest.grants("state") && !manifest.grants("random"));
        let name = manifest.actor.name.span.clone();
        assert_eq!(&manifest.source.text[name], "\"my-counter-v2\"");
        assert_effective_reads_back(&manifest);
    }

    #[test]
    fn folders_are_granted_one_by_one() {
        let grants = ["filesystem=/a:b:/data,log", "filesystem=out:/out:write"];
        let manifest = bare("x.wasm", &grants).unwrap();
        let here = std::path::absolute("out").unwrap().to_str().unwrap().to_owned();
        let expected = [
            ("/a:b".to_owned(), "/data".to_owned(), Access::Read, 1 << 30),
            (here, "/out".to_owned(), Access::Write, 1 << 30),
        ];
        assert_eq!(folder_meanings(manifest.handlers.filesystem.as_ref().unwrap()), expected);
        assert!(manifest.handlers.log.is_some());
        let without = bare("x.wasm", &["filesystem"]).unwrap().handlers.filesystem.unwrap();
        assert_eq!(without.folders, []);
        let wrong = ["filesystem=data,filesystem=", "filesystem=:/data", "filesystem=/a:data"];
        let problems: Vec<_> =
            wrong.iter().map(|wrong| render(&bare("x.wasm", &[wrong]).unwrap_err())).collect();
        insta::assert_snapshot!(problems.concat());
    }

    #[test]
    fn grants_nothing_by_itself() {
        let manifest = bare("42.wasm", &[]).unwrap();
        assert_eq!(manifest.actor.name.value, "actor");
        assert_eq!(manifest.dir, Path::new("."));
        assert_eq!(manifest.handlers, Grants::default());
    }

    #[test]
    fn every_wrong_name_is_told() {
        insta::assert_snapshot!(render(&bare("x.wasm", &["clock, lgo,", "stat"]).unwrap_err()));
    }
}

mod files {
    use super::*;

    /// The problems of loading a path, with the folder's own name left out.
    fn problems_of(folder: &Path, path: &Path) -> String {
        let checked = Manifest::load(path);
        assert!(checked.manifest.is_none());
        render(&checked.diagnostics).replace(folder.to_str().unwrap(), "DIR")
    }

    #[test]
    fn a_file_and_its_folder_are_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE_NAME);
        std::fs::write(&file, FULL).unwrap();
        for path in [folder.path(), file.as_path()] {
            let (manifest, _) = Manifest::load(path).into_result().unwrap();
            assert_eq!(manifest.dir, folder.path());
            assert_eq!(manifest.source.name, file.display().to_string());
        }
    }

    #[test]
    fn unreadable_ones_say_why() {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("latin1.toml"), b"[actor]\nname = \"z\xE4hler\"\n").unwrap();
        std::fs::write(at("large.toml"), vec![b'#'; LARGEST_MANIFEST as usize + 1]).unwrap();
        std::fs::write(at("full.toml"), vec![b'#'; LARGEST_MANIFEST as usize]).unwrap();
        std::fs::create_dir_all(at("odd/theater.toml")).unwrap();
        let mut out = String::new();
        for path in
            [folder.path().to_owned(), at("none"), at("latin1.toml"), at("large.toml"), at("odd")]
        {
            out.push_str(&problems_of(folder.path(), &path));
        }
        out.push_str(&problems_of(folder.path(), Path::new("/dev/zero")));
        insta::assert_snapshot!(out);
        assert!(Manifest::load(&at("full.toml")).manifest.is_some());
    }
}

mod random {
    use proptest::prelude::*;
    use proptest::strategy::Strategy;

    use super::*;

    /// Everything that must hold of any text.
    fn check(text: &str) {
        let checked = parse(text);
        let all = checked.diagnostics.iter().flat_map(|problem| &problem.labels);
        for label in all {
            assert!(text.get(label.span.clone()).is_some(), "{:?}", label.span);
        }
        render(&checked.diagnostics);
        if let Ok((manifest, _)) = checked.into_result() {
            assert_effective_reads_back(&manifest);
        }
    }

    /// Pieces from which edits are made: TOML's own characters, keys, and values of every type.
    fn piece() -> impl Strategy<Value = String> {
        let words = [
            "[",
            "]",
            "[[",
            "{",
            "}",
            "=",
            ",",
            ".",
            "\"",
            "'",
            "\"\"\"",
            "\n",
            "\r",
            " ",
            "#",
            "-",
            "_",
            "0",
            "1",
            "9223372036854775807",
            "1e9",
            "true",
            "\"64MB\"",
            "name",
            "actor",
            "[actor]",
            "[handlers]",
            "log",
            "state = {}",
            "seed",
            "[build]",
            "command = []",
            "limits.fuel = 0",
            "1979-05-27",
            "\\u0000",
            "é",
            "\u{1F600}",
            "\u{0}",
            "\u{FEFF}",
        ];
        prop_oneof![prop::sample::select(words.to_vec()).prop_map(str::to_owned), ".{0,3}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn edits_do_no_harm(
            edits in prop::collection::vec((0.0..1.0f64, 0usize..20, piece()), 1..6)
        ) {
            let mut text = FULL.to_owned();
            for (place, cut, piece) in edits {
                let start = text.floor_char_boundary((place * text.len() as f64) as usize);
                let end = text.ceil_char_boundary((start + cut).min(text.len()));
                text.replace_range(start..end, &piece);
            }
            check(&text);
        }

        #[test]
        fn pieces_in_any_order_do_no_harm(pieces in prop::collection::vec(piece(), 0..30)) {
            check(&pieces.concat());
        }

        #[test]
        fn bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            check(&String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn every_beginning_of_a_manifest_does_no_harm() {
        for end in 0..FULL.len() {
            check(&FULL[..end]);
        }
    }

    #[test]
    fn deep_nesting_does_no_harm() {
        for open in ["[", "{a=", "[a.", "a.", "[[a]]\n"] {
            check(&open.repeat(20_000));
            check(&format!("x = {}", open.repeat(20_000)));
        }
    }
}

#[test]
fn every_code_has_its_number_and_its_page() {
    for pair in CODES.windows(2) {
        assert!(pair[0].id < pair[1].id, "{} before {}", pair[0].id, pair[1].id);
    }
    for code in CODES {
        assert!(!code.title.is_empty(), "{}", code.id);
        for part in ["Wrong:", "Right:"] {
            assert!(code.page.contains(part), "{} lacks {part}", code.id);
        }
    }
}
