//! Types and values at random, for property tests.
#![allow(clippy::unwrap_used)]

use crate::call::tests::functions;
use proptest::prelude::*;
use std::fmt::Write;
use wasmtime::component::{Type, Val};

/// A type, before a component makes it one of wasmtime's.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Simple(&'static str),
    List(Box<Shape>),
    Option(Box<Shape>),
    Result(Option<Box<Shape>>, Option<Box<Shape>>),
    Tuple(Vec<Shape>),
    Record(Vec<Shape>),
    Variant(Vec<Option<Shape>>),
    Enum(usize),
    Flags(usize),
}

/// Names of fields, cases and flags: among them all that have a meaning of their own in WAVE.
const NAMES: [&str; 12] =
    ["a", "some", "none", "ok", "err", "true", "false", "nan", "inf", "two-words", "X2", "list"];

pub(crate) fn shape() -> impl Strategy<Value = Shape> {
    let simple = prop::sample::select(vec![
        "bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char",
        "string",
    ]);
    let leaf = prop_oneof![
        6 => simple.prop_map(Shape::Simple),
        1 => (1..=NAMES.len()).prop_map(Shape::Enum),
        1 => (1..=NAMES.len()).prop_map(Shape::Flags),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(Shape::List),
            boxed().prop_map(Shape::Option),
            (prop::option::of(boxed()), prop::option::of(boxed()))
                .prop_map(|(ok, err)| Shape::Result(ok, err)),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Shape::Tuple),
            prop::collection::vec(inner.clone(), 1..5).prop_map(Shape::Record),
            prop::collection::vec(prop::option::of(inner.clone()), 1..=NAMES.len())
                .prop_map(Shape::Variant),
        ]
    })
}

/// Writes the declarations that a shape needs, and returns what to refer to it by.
fn declare(wat: &mut String, count: &mut usize, shape: &Shape) -> String {
    let mut part = |wat: &mut String, shape: &Shape| declare(wat, count, shape);
    let body = match shape {
        Shape::Simple(name) => return (*name).to_owned(),
        Shape::List(of) => return format!("(list {})", part(wat, of)),
        Shape::Option(of) => return format!("(option {})", part(wat, of)),
        Shape::Result(ok, err) => {
            let ok = ok.as_ref().map(|ok| part(wat, ok)).unwrap_or_default();
            let err = err.as_ref().map(|err| format!("(error {})", part(wat, err)));
            return format!("(result {ok} {})", err.unwrap_or_default());
        }
        Shape::Tuple(of) => {
            let types: Vec<String> = of.iter().map(|shape| part(wat, shape)).collect();
            return format!("(tuple {})", types.join(" "));
        }
        Shape::Record(of) => {
            let fields = of.iter().zip(NAMES);
            let fields =
                fields.map(|(shape, name)| format!("(field \"{name}\" {})", part(wat, shape)));
            format!("(record {})", fields.collect::<String>())
        }
        Shape::Variant(of) => {
            let cases = of.iter().zip(NAMES).map(|(shape, name)| {
                let payload = shape.as_ref().map(|shape| part(wat, shape));
                format!("(case \"{name}\" {})", payload.unwrap_or_default())
            });
            format!("(variant {})", cases.collect::<String>())
        }
        Shape::Enum(cases) => format!("(enum \"{}\")", NAMES[..*cases].join("\" \"")),
        Shape::Flags(flags) => format!("(flags \"{}\")", NAMES[..*flags].join("\" \"")),
    };
    *count += 1;
    writeln!(wat, "(type $d{count} {body}) (import \"t{count}\" (type $t{count} (eq $d{count})))")
        .unwrap();
    format!("$t{count}")
}

/// The declarations that a shape needs in a component's text, and what to refer to it by.
pub(crate) fn declaration(shape: &Shape) -> (String, String) {
    let mut wat = String::new();
    let ty = declare(&mut wat, &mut 0, shape);
    (wat, ty)
}

pub(crate) fn types(shape: &Shape) -> Vec<(String, Type)> {
    let (wat, ty) = declaration(shape);
    let wat = format!("(component {wat} (import \"f\" (func (param \"v\" {ty}))))");
    functions(&wat).remove(0).1
}

pub(crate) fn value(shape: &Shape) -> BoxedStrategy<Val> {
    let boxed = |shape: &Option<Box<Shape>>| match shape {
        Some(shape) => value(shape).prop_map(|value| Some(Box::new(value))).boxed(),
        None => Just(None).boxed(),
    };
    match shape {
        Shape::Simple(name) => simple(name),
        Shape::List(of) => prop::collection::vec(value(of), 0..4).prop_map(Val::List).boxed(),
        Shape::Option(of) => {
            prop::option::of(value(of).prop_map(Box::new)).prop_map(Val::Option).boxed()
        }
        Shape::Result(ok, err) => prop_oneof![
            boxed(ok).prop_map(|ok| Val::Result(Ok(ok))),
            boxed(err).prop_map(|err| Val::Result(Err(err))),
        ]
        .boxed(),
        Shape::Tuple(of) => {
            let values: Vec<_> = of.iter().map(value).collect();
            values.prop_map(Val::Tuple).boxed()
        }
        Shape::Record(of) => {
            let values: Vec<_> = of.iter().map(value).collect();
            let named = |values: Vec<Val>| {
                Val::Record(NAMES.iter().map(|name| (*name).to_owned()).zip(values).collect())
            };
            values.prop_map(named).boxed()
        }
        Shape::Variant(of) => {
            let cases = of.clone().into_iter().map(|shape| shape.map(Box::new)).zip(NAMES);
            let cases = cases.map(|(shape, name)| {
                boxed(&shape).prop_map(move |payload| Val::Variant(name.to_owned(), payload))
            });
            prop::strategy::Union::new(cases.collect::<Vec<_>>()).boxed()
        }
        Shape::Enum(cases) => {
            (0..*cases).prop_map(|case| Val::Enum(NAMES[case].to_owned())).boxed()
        }
        Shape::Flags(flags) => prop::sample::subsequence(NAMES[..*flags].to_vec(), 0..=*flags)
            .prop_map(|flags| Val::Flags(flags.into_iter().map(str::to_owned).collect()))
            .boxed(),
    }
}

fn simple(name: &str) -> BoxedStrategy<Val> {
    match name {
        "bool" => any::<bool>().prop_map(Val::Bool).boxed(),
        "s8" => any::<i8>().prop_map(Val::S8).boxed(),
        "u8" => any::<u8>().prop_map(Val::U8).boxed(),
        "s16" => any::<i16>().prop_map(Val::S16).boxed(),
        "u16" => any::<u16>().prop_map(Val::U16).boxed(),
        "s32" => any::<i32>().prop_map(Val::S32).boxed(),
        "u32" => any::<u32>().prop_map(Val::U32).boxed(),
        "s64" => any::<i64>().prop_map(Val::S64).boxed(),
        "u64" => any::<u64>().prop_map(Val::U64).boxed(),
        "f32" => any::<u32>().prop_map(|bits| Val::Float32(f32::from_bits(bits))).boxed(),
        "f64" => any::<u64>().prop_map(|bits| Val::Float64(f64::from_bits(bits))).boxed(),
        "char" => any::<char>().prop_map(Val::Char).boxed(),
        _ => any::<String>().prop_map(Val::String).boxed(),
    }
}
