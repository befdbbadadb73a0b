use super::*;
use crate::diagnostic::{self, Severity};
use proptest::prelude::*;

fn encode(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn refused(bytes: &[u8]) -> Diagnostic {
    *ComponentInfo::read(bytes).err().unwrap()
}

/// A component with imports that nobody else has, functions that cannot be called, and types.
const RICH: &str = r#"(component
    (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock
        (export "now" (func (result u64)))
        (export "subscribe" (func (param "when" u64)))))
    (import "theater:host/context@0.1.0" (instance (export "turn" (func (result u64)))))
    (import "theater:host/log@0.1.0" (instance
        (type $level' (enum "trace" "debug" "info" "warn" "error"))
        (export "level" (type $level (eq $level')))
        (export "write" (func (param "level" $level) (param "message" string)))))
    (import "shop:stock/api" (instance (export "f" (func))))
    (core module $m (func (export "f")) (func (export "g") (result i32) i32.const 0) (func (export "h") (param i32)))
    (core instance $i (instantiate $m))
    (func (export "plain") (canon lift (core func $i "f")))
    (type $thing (resource (rep i32)))
    (func $make (result (own $thing)) (canon lift (core func $i "g")))
    (component $shim
        (import "thing" (type $t (sub resource)))
        (import "make" (func $make (result (own $t))))
        (export $e "thing" (type $t))
        (export "make" (func $make) (func (result (own $e)))))
    (instance $things (instantiate $shim (with "thing" (type $thing)) (with "make" (func $make))))
    (export "a:b/things" (instance $things)))"#;

const EMPTY: &str = "(component)";

#[test]
fn what_is_no_component_is_told_apart() {
    let component = encode(RICH);
    for (bytes, code, word) in [
        (&b""[..], diagnostic::NOT_WASM, "empty"),
        (b"\0as", diagnostic::NOT_WASM, "first four bytes"),
        (b"hello, world", diagnostic::NOT_WASM, "not WebAssembly"),
        (&[0x9f; 1000], diagnostic::NOT_WASM, "not WebAssembly"),
        (b"\0asm", diagnostic::INVALID_WASM, "first eight bytes"),
        (b"\0asm\xff\0\x01\0", diagnostic::INVALID_WASM, "version"),
        (&encode("(module)"), diagnostic::CORE_MODULE, "core WebAssembly module"),
        (&component[..component.len() - 3], diagnostic::INVALID_WASM, "cut off"),
        (&component[..9], diagnostic::INVALID_WASM, "cut off"),
    ] {
        let problem = refused(bytes);
        assert_eq!(problem.code, code, "{}", problem.message);
        assert!(problem.message.contains(word), "{}", problem.message);
        assert!(problem.help.is_some());
    }
    let module = encode(r#"(component (import "m" (core module)))"#);
    assert_eq!(refused(&module).code, diagnostic::NO_WIT_FORM);
    let package = wit("package a:b;\nworld w {}").encode().unwrap();
    assert_eq!(refused(&package).code, diagnostic::WIT_PACKAGE);
}

#[test]
fn wasi_0_3_is_told_apart_from_damage() {
    for text in [
        r#"(component (import "a:b/c" (instance (export "f" (func async)))))"#,
        r#"(component (import "f" (func (param "x" (stream u8)))))"#,
        r#"(component (import "f" (func (result (future)))))"#,
        r#"(component (type $t (stream u8)) (core func (canon stream.new $t)))"#,
        r#"(component (import "f" (func (result error-context))))"#,
    ] {
        let problem = refused(&encode(text));
        assert_eq!(problem.code, diagnostic::COMPONENT_TOO_NEW, "{text}: {}", problem.message);
        assert!(problem.help.unwrap().contains("WASI 0.2"));
    }
}

#[test]
fn imports_and_exports_are_shown_as_wit() {
    let info = ComponentInfo::read(&encode(RICH)).unwrap();
    let names: Vec<_> = info.imports.iter().map(Extern::name).collect();
    assert_eq!(
        names,
        [
            "wasi:clocks/monotonic-clock@0.2.6",
            "theater:host/context@0.1.0",
            "theater:host/log@0.1.0",
            "shop:stock/api"
        ]
    );
    let Extern::Interface(log) = &info.imports[2] else { panic!() };
    assert_eq!(log.types[0].definition, "enum level { trace, debug, info, warn, error }");
    assert_eq!(log.functions[0].signature, "write: func(level: level, message: string)");
    assert!(log.docs.is_some() && log.functions[0].docs.is_some() && log.types[0].docs.is_some());
    let Extern::Interface(clock) = &info.imports[0] else { panic!() };
    assert_eq!(clock.functions[0].docs.as_deref(), Some("The current moment."));
    assert_eq!(clock.functions[1].docs, None);
}

#[test]
fn signatures_cover_every_type() {
    let text = "package a:b;
interface i {
    record r { a: u8, b: option<string> }
    variant v { one, two(tuple<s8, char>) }
    enum e { x, y }
    flags f { p, q }
    type l = list<list<f64>>;
    resource thing;
    f1: func(r: r, v: v, e: e, f: f, l: l) -> result<bool, s64>;
    f2: func(a: f32, b: u64) -> result;
    f3: func() -> result<_, e>;
    f4: func(t: borrow<thing>) -> thing;
    f5: func() -> result<u16>;
}
world w { export i; }";
    let wit = wit(text);
    let id = wit.resolve.packages[wit.package].interfaces["i"];
    let interface = &wit.resolve.interfaces[id];
    let types: Vec<_> =
        interface.types.values().map(|id| signature::definition(&wit.resolve, *id)).collect();
    assert_eq!(
        types,
        [
            "record r { a: u8, b: option<string> }",
            "variant v { one, two(tuple<s8, char>) }",
            "enum e { x, y }",
            "flags f { p, q }",
            "type l = list<list<f64>>",
            "resource thing",
        ]
    );
    let functions: Vec<_> = interface
        .functions
        .values()
        .map(|function| signature::function(&wit.resolve, function))
        .collect();
    assert_eq!(
        functions,
        [
            "f1: func(r: r, v: v, e: e, f: f, l: l) -> result<bool, s64>",
            "f2: func(a: f32, b: u64) -> result",
            "f3: func() -> result<_, e>",
            "f4: func(t: borrow<thing>) -> thing",
            "f5: func() -> result<u16>",
        ]
    );
}

#[test]
fn functions_that_cannot_be_called_say_why() {
    let info = ComponentInfo::read(&encode(RICH)).unwrap();
    let obstacles: Vec<_> =
        info.functions().map(|f| (f.name.as_str(), f.obstacle.is_some())).collect();
    assert_eq!(obstacles, [("make", true), ("plain", false)]);
    let make = info.functions().next().unwrap();
    assert!(make.obstacle.as_ref().unwrap().contains("`thing`"), "{make:?}");
    assert_eq!(info.nothing_to_call(), None);

    let empty = ComponentInfo::read(&encode(EMPTY)).unwrap().nothing_to_call().unwrap();
    assert_eq!((empty.code, empty.severity), (diagnostic::NOTHING_TO_CALL, Severity::Warning));
    let plain = r#"(func (export "plain") (canon lift (core func $i "f")))"#;
    let resources = ComponentInfo::read(&encode(&RICH.replace(plain, ""))).unwrap();
    let warning = resources.nothing_to_call().unwrap();
    assert!(warning.message.contains("only function") && warning.help.unwrap().contains("`make`"));
}

#[test]
fn the_handlers_that_a_component_needs() {
    let info = ComponentInfo::read(&encode(RICH)).unwrap();
    let needs = needed_handlers(&info);
    assert_eq!(needs.handlers, ["log", "clock"]);
    assert_eq!(needs.unanswered, ["wasi:clocks/monotonic-clock@0.2.6#subscribe"]);
    assert_eq!(needs.links, ["shop:stock/api"]);
    assert_eq!(
        needs.table(),
        "[handlers]\nlog = true\nclock = true\n\n[links]\n\"shop:stock/api\" = \"ACTOR\"\n"
    );
    assert_eq!(needed_handlers(&ComponentInfo::read(&encode(EMPTY)).unwrap()), Needs::default());
}

#[test]
fn what_is_not_granted_or_not_answered_is_refused_before_loading() {
    let info = ComponentInfo::read(&encode(RICH)).unwrap();
    let codes = |problems: Vec<Diagnostic>| -> Vec<&str> {
        assert!(problems.iter().all(Diagnostic::is_error));
        problems.iter().map(|problem| problem.code.id).collect()
    };
    let check = |handlers: &str| check_grants(&info, "the component", &manifest("", handlers));
    assert_eq!(codes(check("log = true\nclock = true")), ["TH0207", "TH0206"]);
    assert_eq!(codes(check("log = true")), ["TH0205", "TH0207", "TH0206"]);
    let refused = check("clock = true").remove(1);
    assert!(refused.message.contains("theater:host/log@0.1.0"), "{refused:?}");
    assert!(refused.help.unwrap().contains("`log = true`"));
    let linked = check("log = true\nclock = true\n[links]\n\"shop:stock/api\" = \"stock\"");
    assert_eq!(codes(linked), ["TH0207"]);
}

#[test]
fn only_values_pass_over_a_link() {
    const IMPORTS: &str = r#"(component
        (import "shop:stock/api@0.1.0" (instance
            (export "item" (type $item (sub resource)))
            (export "[method]item.count" (func (param "self" (borrow $item)) (result u32)))
            (export "find" (func (param "sku" string) (result (own $item))))
            (export "plain" (func (result (list string))))))
        (import "shop:stock/types@0.1.0" (instance (type $u u32) (export "t" (type (eq $u))))))"#;
    let info = ComponentInfo::read(&encode(IMPORTS)).unwrap();
    let linked = manifest("", "[links]\n\"shop:stock/api\" = \"stock\"");
    let problems = check_grants(&info, "the component", &linked);
    let named: Vec<&str> = problems
        .iter()
        .map(|problem| {
            assert_eq!(problem.code, diagnostic::LINK_UNSUPPORTED);
            problem.message.split('`').nth(1).unwrap()
        })
        .collect();
    assert_eq!(named, ["item", "find"]);
    let needs = needed_handlers(&info);
    assert_eq!(needs.links, ["shop:stock/api@0.1.0"]);
    assert_eq!(needs.unanswered, ["shop:stock/api@0.1.0#item", "shop:stock/api@0.1.0#find"]);
    assert_eq!(needs.table(), "[links]\n\"shop:stock/api@0.1.0\" = \"ACTOR\"\n");
}

/// A component with one function of one type in an interface.
fn exporting(param: &str) -> Vec<u8> {
    encode(&format!(
        r#"(component
        (core module $m (func (export "f") (param {param})))
        (core instance $i (instantiate $m))
        (func $f (param "x" {}) (canon lift (core func $i "f")))
        (instance $api (export "f" (func $f)))
        (export "a:b/api" (instance $api)))"#,
        if param == "i64" { "u64" } else { "u32" }
    ))
}

#[test]
fn a_component_must_be_what_its_world_promises() {
    let check = |bytes: &[u8], text: &str| {
        let wit = wit(text);
        check_component(bytes, &ComponentInfo::read(bytes).unwrap(), &wit, wit.world("w").unwrap())
    };
    let world = "package a:b;\ninterface api { f: func(x: u32); }\nworld w { export api; }";
    assert_eq!(check(&exporting("i32"), world), []);

    let mismatch = only(check(&exporting("i64"), world));
    assert_eq!((mismatch.code, marked(&mismatch)), (diagnostic::COMPONENT_WORLD, "f"));
    let help = mismatch.help.unwrap();
    assert!(help.contains("f: func(x: u32)") && help.contains("f: func(x: u64)"), "{help}");

    let missing = only(check(&encode(EMPTY), world));
    assert!(missing.message.contains("a:b/api"), "{}", missing.message);
    assert_eq!(missing.help.as_deref(), Some("The component exports nothing."));

    // More exports are allowed, more imports are not, except what a language's runtime brings along.
    assert_eq!(check(&exporting("i32"), "package a:b;\nworld w {}"), []);
    let importing = r#"(component (import "theater:host/log@0.1.0" (instance)))"#;
    let extra = only(check(&encode(importing), "package a:b;\nworld w {}"));
    assert!(extra.help.unwrap().contains("import theater:host/log@0.1.0;"));
    let runtime = encode(r#"(component (import "wasi:cli/environment@0.2.9" (instance)))"#);
    assert_eq!(check(&runtime, "package a:b;\nworld w {}"), []);

    // Versions that are compatible link.
    let newer = r#"(component (import "wasi:random/random@0.2.9" (instance (export "get-random-u64" (func (result u64))))))"#;
    assert_eq!(
        check(&encode(newer), "package a:b;\nworld w { import wasi:random/random@0.2.0; }"),
        []
    );
    let wrong = newer.replace("(result u64)", "(result u32)");
    let import =
        only(check(&encode(&wrong), "package a:b;\nworld w { import wasi:random/random@0.2.0; }"));
    assert!(import.help.as_ref().unwrap().contains("get-random-u64: func() -> u32"), "{import:?}");
}

#[test]
fn functions_of_the_world_itself_are_compared() {
    let text = r#"(component
        (core module $m (func (export "f") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func (export "count") (result u32) (canon lift (core func $i "f"))))"#;
    let wit = wit("package a:b;\nworld w { export count: func() -> s32; }");
    let bytes = encode(text);
    let info = ComponentInfo::read(&bytes).unwrap();
    let problem = only(check_component(&bytes, &info, &wit, wit.world("w").unwrap()));
    assert_eq!(marked(&problem), "count");
    assert!(problem.help.unwrap().contains("count: func() -> u32"));
}

#[test]
fn comments_are_appended_once() {
    let wit = wit(
        "package a:b;\n/// Says hello.\ninterface api {\n/// Does it.\nf: func(x: u32); }\nworld w { export api; }",
    );
    let once = with_docs(&exporting("i32"), &wit).unwrap();
    assert_eq!(with_docs(&once, &wit).unwrap(), once);
    let info = ComponentInfo::read(&once).unwrap();
    let Extern::Interface(api) = &info.exports[0] else { panic!() };
    assert_eq!(api.docs.as_deref(), Some("Says hello."));
    assert_eq!(api.functions[0].docs.as_deref(), Some("Does it."));
    // A section that is nonsense costs the comments and nothing else.
    let mut broken = exporting("i32");
    broken.extend([0, 15, 11]);
    broken.extend(b"theater-wit");
    broken.extend([1, 2, 3]);
    assert!(ComponentInfo::read(&broken).is_ok());
    assert!(ComponentInfo::read(&with_docs(&broken, &wit).unwrap()).is_ok());
}

#[test]
fn text_errors_have_their_place() {
    for (text, mark) in [
        ("(component\n  (core modul))", "core"),
        ("(component (core module (func unreachabel)))", "unreachabel"),
        ("(component (export \"é\" (func $nope)))", "$nope"),
        ("(component\n\t(export \"日本\" (func $nope)))", "$nope"),
    ] {
        let problem = encode_text(&Source::new("a.wat", text)).err().unwrap();
        assert_eq!((problem.code, marked(&problem)), (diagnostic::TEXT_SYNTAX, mark));
    }
    let far = format!("(component {} (core modul))", " ".repeat(600));
    assert_eq!(marked(&encode_text(&Source::new("a.wat", far)).err().unwrap()), "core");
    for text in ["", "(", "(component", "\"", "(component \u{202e})", ";; é"] {
        let _ = encode_text(&Source::new("a.wat", text));
    }
}

#[test]
fn components_are_read_from_text_and_binary_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.wat"), EMPTY).unwrap();
    std::fs::write(path("a.wasm"), encode(EMPTY)).unwrap();
    std::fs::write(path("text.wasm"), format!("\n{EMPTY}")).unwrap();
    for name in ["a.wat", "a.wasm", "text.wasm"] {
        assert_eq!(read_component(&path(name)).unwrap(), encode(EMPTY), "{name}");
    }
    std::fs::write(path("bad.wat"), [0xff]).unwrap();
    for name in ["bad.wat", "none.wasm", "."] {
        assert_eq!(
            read_component(&path(name)).err().unwrap().code,
            diagnostic::FILE_UNREADABLE,
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the bytes, there is an answer.
    #[test]
    fn damaged_components_never_panic(at in 8usize..2000, value: u8, cut in 0usize..2000) {
        let wit = wit("package a:b;\n/// Doc.\ninterface api { f: func(x: u32); }\nworld w { export api; }");
        for text in [RICH.to_string(), String::from_utf8(EMPTY.into()).unwrap()] {
            let mut bytes = with_docs(&encode(&text), &wit).unwrap();
            let length = bytes.len();
            bytes[at % length] = value;
            if cut % 3 == 0 {
                bytes.truncate(cut % length);
            }
            if let Ok(info) = ComponentInfo::read(&bytes) {
                let _ = check_component(&bytes, &info, &wit, wit.world("w").unwrap());
                let _ = needed_handlers(&info);
                let _ = with_docs(&bytes, &wit);
            }
        }
    }

    #[test]
    fn damaged_wit_never_panics(at in 0usize..400, text in "[a-z:;{}()<>@%/* \n\"-]{0,6}") {
        let mut source = "package a:b;\ninterface i { record r { x: u8 } f: func(r: r) -> result<_, string>; }\nworld w { import theater:host/state@0.1.0; export i; export init: func() -> result<_, string>; }".to_string();
        let at = at % source.len();
        source.replace_range(at..at, &text);
        match resolve(&source, &[]) {
            Ok(wit) => { check_world(&manifest("", ""), &wit); }
            Err(problems) => for problem in problems {
                if problem.source.is_some() { marked(&problem); }
            },
        }
    }
}
