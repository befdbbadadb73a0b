#![allow(clippy::unwrap_used)]

use super::*;
use crate::diagnostic::{Diagnostic, Source};
use std::fmt::Write;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Type, Val};
use wasmtime::{Config, Engine};

/// The parameters and results of the functions that a component, given as text, imports.
pub(crate) type Functions = Vec<(String, Vec<(String, Type)>, Vec<Type>)>;

/// The imported functions of a component: types can be had only from a component.
pub(crate) fn functions(wat: &str) -> Functions {
    let mut config = Config::new();
    config.concurrency_support(false);
    let engine = Engine::new(&config).unwrap();
    let component = Component::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
    let ty = component.component_type();
    let imports = ty.imports(&engine).filter_map(|(name, item)| match item.ty {
        ComponentItem::ComponentFunc(function) => {
            let params = function.params().map(|(name, ty)| (name.to_owned(), ty)).collect();
            Some((name.to_owned(), params, function.results().collect()))
        }
        _ => None,
    });
    imports.collect()
}

const TYPES: &str = r#"(component
    (type $order' (record (field "sku" string) (field "count" u32) (field "note" (option string))))
    (import "order" (type $order (eq $order')))
    (type $colour' (enum "red" "green" "none"))
    (import "colour" (type $colour (eq $colour')))
    (type $shape' (variant (case "dot") (case "circle" f64) (case "ok" u8) (case "box" (tuple s32 s32))))
    (import "shape" (type $shape (eq $shape')))
    (type $access' (flags "read" "write" "run"))
    (import "access" (type $access (eq $access')))
    (type $lone' (record (field "note" (option u8))))
    (import "lone" (type $lone (eq $lone')))
    (import "none" (func))
    (import "bool" (func (param "v" bool)))
    (import "s8" (func (param "v" s8)))
    (import "u8" (func (param "v" u8)))
    (import "s16" (func (param "v" s16)))
    (import "u16" (func (param "v" u16)))
    (import "s32" (func (param "v" s32)))
    (import "u32" (func (param "by" u32) (result u32)))
    (import "s64" (func (param "v" s64)))
    (import "u64" (func (param "v" u64)))
    (import "f32" (func (param "v" f32)))
    (import "f64" (func (param "v" f64)))
    (import "char" (func (param "v" char)))
    (import "string" (func (param "v" string)))
    (import "bytes" (func (param "v" (list u8))))
    (import "place" (func (param "order" $order) (result (result u64 (error string)))))
    (import "paint" (func (param "colour" $colour)))
    (import "draw" (func (param "shape" $shape)))
    (import "grant" (func (param "access" $access)))
    (import "lone-record" (func (param "v" $lone)))
    (import "nested" (func (param "v" (option (option u8)))))
    (import "maybe" (func (param "v" (option string))))
    (import "outcome" (func (param "v" (result (list u8) (error string)))))
    (import "outcome-bare" (func (param "v" (result))))
    (import "outcome-err" (func (param "v" (result (error u8)))))
    (import "pair" (func (param "v" (tuple u8 string)) (result (tuple u8 string))))
    (import "many" (func (param "a" u8) (param "b" string) (param "c" (option u8)) (param "d" (option $colour))))
)"#;

/// Reads a call of one of the functions in `TYPES`, and its arguments.
fn read(functions: &Functions, line: &str) -> Result<Vec<Val>, Box<Diagnostic>> {
    let source = Source::new("line", line);
    let call = parse_call(&source)?;
    let names: Vec<_> = functions.iter().map(|(name, ..)| (None, name.as_str())).collect();
    let index = find_function(&source, &call, &names)?;
    parse_arguments(&source, call.arguments, &functions[index].1)
}

fn render(problem: &Diagnostic) -> String {
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let mut out = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    handler.render_report(&mut out, problem).unwrap();
    out
}

#[test]
fn arguments_of_every_type_are_read() {
    let functions = functions(TYPES);
    let lines = [
        "a.none()",
        "a.none( // nothing\n)",
        "a.bool(true)",
        "a.s8(-128)",
        "a.s8(127)",
        "a.u8(255)",
        "a.s16(-32768)",
        "a.u16(65535)",
        "a.s32(-2147483648)",
        "a.u32(4294967295)",
        "a.u32(by: 5)",
        "a . u32 ( %by : 5 , ) // five",
        "a.s64(-9223372036854775808)",
        "a.s64(9223372036854775807)",
        "a.u64(18446744073709551615)",
        "a.f32(0.1)",
        "a.f32(-inf)",
        "a.f64(nan)",
        "a.f64(inf)",
        "a.f64(-0)",
        "a.f64(1e308)",
        "a.char('ß')",
        r"a.char('\'')",
        r"a.char('\u{1F600}')",
        r#"a.string("")"#,
        r#"a.string("a\n\t\\\"\u{e9} ), // // no comment")"#,
        "a.string(\"\"\"\n  two\n  lines\n  \"\"\")",
        "a.bytes([])",
        "a.bytes([0, 255])",
        r#"a.place({sku: "A-1", count: 2})"#,
        r#"a.place({count: 2, note: "x", sku: "A-1"})"#,
        r#"a.place(order: {count: 2, note: some("x"), sku: "A-1"})"#,
        "a.paint(green)",
        "a.paint(%none)",
        "a.draw(dot)",
        "a.draw(circle(1.5))",
        "a.draw(%ok(1))",
        "a.draw(box((1, -2)))",
        "a.grant({})",
        "a.grant({write, %read})",
        "a.lone-record({})",
        "a.lone-record({:})",
        "a.nested(none)",
        "a.nested(some(none))",
        "a.nested(some(some(1)))",
        "a.nested()",
        r#"a.maybe("x")"#,
        "a.maybe(v: none)",
        "a.outcome(ok([1]))",
        "a.outcome([1])",
        r#"a.outcome(err("why"))"#,
        "a.outcome-bare(ok)",
        "a.outcome-bare(err)",
        "a.outcome-err(err(1))",
        "a.outcome-err(ok)",
        r#"a.pair((1, "x"))"#,
        r#"a.many(1, "x")"#,
        r#"a.many(1, d: red, b: "x")"#,
        r#"a.many(1, "x", none, green)"#,
    ];
    let mut out = String::new();
    for line in lines {
        let values = read(&functions, line).unwrap_or_else(|e| panic!("{line}: {}", render(&e)));
        let wave: Vec<String> = values.iter().map(to_wave).collect();
        let json: Vec<String> = values.iter().map(|value| to_json(value).to_string()).collect();
        writeln!(out, "{line}\n    {}\n    {}", wave.join(", "), json.join(", ")).unwrap();
    }
    insta::assert_snapshot!("read", out);
}

#[test]
fn every_problem_points_into_the_line() {
    let functions = functions(TYPES);
    let lines = [
        // The shape of the call.
        "",
        "a",
        "a.none",
        "none()",
        ".none()",
        "a..none()",
        "a.b.c.none()",
        "a.none() now",
        "a.none(",
        "a.bytes([1, 2)",
        "a.bytes([1, 2]])",
        "a.bytes([1, 2",
        "é.none()",
        // Functions.
        "a.nome()",
        "a.what()",
        "a.some-interface.none()",
        // Numbers of arguments.
        "a.u32()",
        "a.none(1)",
        "a.many(1)",
        r#"a.many(d: red)"#,
        r#"a.many(1, "x", none, none, 5, 6)"#,
        "a.u32(, 5)",
        "a.many(1, , 2)",
        // Names.
        "a.u32(bx: 5)",
        "a.u32(quantity: 5)",
        r#"a.many(1, a: 2, b: "x")"#,
        r#"a.many(b: "x", b: "y")"#,
        r#"a.many(b: "x", 1)"#,
        "a.u32(by:)",
        // Types.
        r#"a.u32("5")"#,
        "a.u32(1.5)",
        "a.u32(true)",
        "a.bool(1)",
        "a.string(hello)",
        "a.string('h')",
        r#"a.char("h")"#,
        "a.bytes([1, 2, \"three\"])",
        "a.bytes(5)",
        r#"a.paint("red")"#,
        "a.paint(gren)",
        "a.paint(none)",
        "a.draw(circle)",
        "a.draw(dot(1))",
        "a.draw(ok(1))",
        "a.draw(square)",
        "a.draw(box((1, 2, 3)))",
        r#"a.place({sku: "A-1"})"#,
        "a.place({})",
        r#"a.place({sku: "A-1", cuont: 2})"#,
        r#"a.place({sku: "A-1", count: "2"})"#,
        "a.grant({reed})",
        "a.grant(read)",
        "a.nested(5)",
        "a.outcome(5)",
        "a.outcome-err(1)",
        "a.pair((1))",
        "a.pair(())",
        // Ranges.
        "a.u8(256)",
        "a.u8(-1)",
        "a.s8(128)",
        "a.bytes([1, 256])",
        "a.s64(-9223372036854775809)",
        "a.u64(18446744073709551616)",
        "a.f32(1e39)",
        "a.f64(-1e309)",
        // Syntax of values.
        "a.u32(0x10)",
        "a.u32(007)",
        "a.u32(+5)",
        "a.u32(1_000)",
        r#"a.string("open)"#,
        r#"a.string("a\qb")"#,
        r#"a.string("\u{110000}")"#,
        "a.string(\"\"\"one line\"\"\")",
        "a.string(\"\"\"\nopen)",
        "a.char('ab')",
        "a.char('')",
        r"a.char('\u{d800}')",
        "a.u32(5 6)",
        "a.u32($)",
        "a.u32(é)",
        "a.place({sku \"A-1\"})",
        r#"a.place({sku: "A-1", sku: "A-2"})"#,
        "a.grant({read, read})",
        // Several lines.
        "a.place({\n  sku: \"A-1\",\n  count: -2,\n})",
    ];
    let mut out = String::new();
    for line in lines {
        let problem = read(&functions, line).expect_err(line);
        writeln!(out, "> {line}\n{}", render(&problem)).unwrap();
    }
    insta::assert_snapshot!("problems", out);
}

#[test]
fn types_are_described() {
    let mut out = String::new();
    for (name, params, results) in functions(TYPES) {
        writeln!(out, "{}", signature(&name, &params, &results)).unwrap();
        for (_, ty) in params {
            writeln!(out, "    {}  {:?}", placeholder(&ty), choices(&ty)).unwrap();
        }
    }
    insta::assert_snapshot!("types", out);
}

#[test]
fn placeholders_can_be_read_back() {
    let functions = functions(TYPES);
    for (name, params, _) in &functions {
        let arguments: Vec<String> = params.iter().map(|(_, ty)| placeholder(ty)).collect();
        let line = format!("a.{name}({})", arguments.join(", "));
        read(&functions, &line).unwrap_or_else(|e| panic!("{line}: {}", render(&e)));
    }
}

#[test]
fn types_that_would_fill_books_are_cut() {
    let mut wat = "(component (type $t0' (record (field \"a\" u8)))".to_owned();
    wat += "(import \"t0\" (type $t0 (eq $t0')))";
    for i in 1..12 {
        let before = i - 1;
        let fields = format!("(field \"left\" $t{before}) (field \"right\" $t{before})");
        write!(wat, "(type $t{i}' (record {fields})) (import \"t{i}\" (type $t{i} (eq $t{i}')))")
            .unwrap();
    }
    wat += "(import \"f\" (func (param \"v\" $t11))))";
    let (_, params, _) = functions(&wat).remove(0);
    for text in [type_name(&params[0].1), placeholder(&params[0].1)] {
        assert!(text.contains('…') && text.len() < 2000, "{} bytes: {text}", text.len());
    }
}

#[test]
fn functions_are_found_with_and_without_their_interface() {
    let functions: &[(Option<&str>, &str)] = &[
        (None, "value"),
        (Some("local:my-actor/counter@0.1.0"), "value"),
        (Some("local:my-actor/counter@0.1.0"), "increment"),
        (Some("acme:shop/orders@1.0.0"), "list"),
        (Some("acme:shop/orders@2.0.0"), "list"),
        (Some("acme:shop/stock"), "list"),
    ];
    let find = |line: &str| {
        let source = Source::new("line", line);
        let call = parse_call(&source).unwrap();
        find_function(&source, &call, functions).map_err(|problem| (problem.code.id, problem.help))
    };
    assert_eq!(find("a.increment()"), Ok(2));
    assert_eq!(find("a.value()"), Ok(0), "the world's own function");
    assert_eq!(find("a.counter.value()"), Ok(1));
    assert_eq!(find("a.local:my-actor/counter.value()"), Ok(1));
    assert_eq!(find("a.local:my-actor/counter@0.1.0.value()"), Ok(1));
    assert_eq!(find("a.acme:shop/orders@2.0.0.list()"), Ok(4));
    let ambiguous = find("a.list()").unwrap_err();
    assert_eq!(ambiguous.0, "TH0409");
    let ways = "Name the interface: `a.acme:shop/orders@1.0.0.list(..)` or \
                `a.acme:shop/orders@2.0.0.list(..)` or `a.stock.list(..)`.";
    assert_eq!(ambiguous.1.as_deref(), Some(ways));
    assert_eq!(find("a.orders.list()").unwrap_err().0, "TH0409");
    let unknown = find("a.countr.value()").unwrap_err();
    assert_eq!(unknown, ("TH0408", Some("Did you mean `counter`?".to_owned())));
}

#[test]
fn floats_and_large_integers_keep_their_digits_in_json() {
    let cases = [
        (Val::Float32(0.1), "0.1"),
        (Val::Float32(f32::MAX), "3.4028235e+38"),
        (Val::Float64(5e-324), "5e-324"),
        (Val::Float64(f64::NAN), "\"nan\""),
        (Val::Float32(f32::NEG_INFINITY), "\"-inf\""),
        (Val::U64(u64::MAX), "18446744073709551615"),
        (Val::S64(i64::MIN), "-9223372036854775808"),
        (Val::Option(Some(Box::new(Val::Option(None)))), "{\"some\":null}"),
        (Val::Map(vec![(Val::U8(1), Val::Char('x'))]), "[[1,\"x\"]]"),
    ];
    for (value, expected) in cases {
        assert_eq!(to_json(&value).to_string(), expected);
    }
}

#[test]
fn what_wave_cannot_express_is_shown_all_the_same() {
    let map = Val::Map(vec![(Val::U8(1), Val::String("x".to_owned()))]);
    let value = Val::Record(vec![("map".to_owned(), Val::List(vec![map]))]);
    assert_eq!(to_wave(&value), "{map: [[(1, \"x\")]]}");
}
