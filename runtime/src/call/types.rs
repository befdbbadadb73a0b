//! Types in WIT's syntax, and example values of them.

use super::value::escaped;
use wasmtime::component::Type;

/// How deep a type is written out. Types may be nested so that the whole would fill books.
const DEPTH: usize = 8;

/// How many bytes of a type are written before the rest is left out.
const LENGTH: usize = 600;

/// The type in WIT's syntax, with records and the like written out: `list<u8>`,
/// `record { sku: string, count: u32 }`. What is too deep or too long to be read is shown as `…`.
pub fn type_name(ty: &Type) -> String {
    let mut out = String::new();
    write_type(&mut out, ty, DEPTH);
    out
}

/// A function as WIT declares it: `increment: func(by: u32) -> u32`.
pub fn signature(name: &str, params: &[(String, Type)], results: &[Type]) -> String {
    let params: Vec<String> =
        params.iter().map(|(name, ty)| format!("{name}: {}", type_name(ty))).collect();
    let head = format!("{name}: func({})", params.join(", "));
    match results {
        [] => head,
        [only] => format!("{head} -> {}", type_name(only)),
        several => {
            let names: Vec<String> = several.iter().map(type_name).collect();
            format!("{head} -> ({})", names.join(", "))
        }
    }
}

fn write_type(out: &mut String, ty: &Type, depth: usize) {
    if depth == 0 || out.len() > LENGTH {
        return out.push('…');
    }
    match ty {
        Type::Bool => out.push_str("bool"),
        Type::S8 => out.push_str("s8"),
        Type::U8 => out.push_str("u8"),
        Type::S16 => out.push_str("s16"),
        Type::U16 => out.push_str("u16"),
        Type::S32 => out.push_str("s32"),
        Type::U32 => out.push_str("u32"),
        Type::S64 => out.push_str("s64"),
        Type::U64 => out.push_str("u64"),
        Type::Float32 => out.push_str("f32"),
        Type::Float64 => out.push_str("f64"),
        Type::Char => out.push_str("char"),
        Type::String => out.push_str("string"),
        Type::ErrorContext => out.push_str("error-context"),
        Type::Own(_) => out.push_str("own<resource>"),
        Type::Borrow(_) => out.push_str("borrow<resource>"),
        Type::List(list) => generic(out, "list", &[Some(list.ty())], depth),
        Type::FixedLengthList(list) => {
            generic(out, "list", &[Some(list.ty())], depth);
            if out.ends_with('>') {
                out.pop();
                out.push_str(&format!(", {}>", list.len()));
            }
        }
        Type::Map(map) => generic(out, "map", &[Some(map.key()), Some(map.value())], depth),
        Type::Option(option) => generic(out, "option", &[Some(option.ty())], depth),
        Type::Future(future) => generic(out, "future", &[future.ty()], depth),
        Type::Stream(stream) => generic(out, "stream", &[stream.ty()], depth),
        Type::Tuple(tuple) => {
            let types: Vec<_> = tuple.types().map(Some).collect();
            generic(out, "tuple", &types, depth);
        }
        Type::Result(result) => generic(out, "result", &[result.ok(), result.err()], depth),
        Type::Record(record) => {
            braced(out, "record", record.fields(), |out, field| {
                out.push_str(&format!("{}: ", field.name));
                write_type(out, &field.ty, depth - 1);
            });
        }
        Type::Variant(variant) => {
            braced(out, "variant", variant.cases(), |out, case| {
                out.push_str(case.name);
                if let Some(ty) = case.ty {
                    out.push('(');
                    write_type(out, &ty, depth - 1);
                    out.push(')');
                }
            });
        }
        Type::Enum(cases) => braced(out, "enum", cases.names(), String::push_str),
        Type::Flags(flags) => braced(out, "flags", flags.names(), String::push_str),
    }
}

/// `name<a, b>`, where trailing absent parameters are left out and others are `_`.
fn generic(out: &mut String, name: &str, parameters: &[Option<Type>], depth: usize) {
    out.push_str(name);
    let given = parameters.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    for (i, ty) in parameters[..given].iter().enumerate() {
        out.push_str(if i == 0 { "<" } else { ", " });
        if out.len() > LENGTH {
            out.push('…');
            break;
        }
        match ty {
            Some(ty) => write_type(out, ty, depth - 1),
            None => out.push('_'),
        }
    }
    if given > 0 {
        out.push('>');
    }
}

/// `name { a, b }`.
fn braced<T>(
    out: &mut String,
    name: &str,
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push_str(name);
    out.push_str(" {");
    for (i, item) in items.enumerate() {
        out.push_str(if i == 0 { " " } else { ", " });
        if out.len() > LENGTH {
            out.push('…');
            break;
        }
        write(out, item);
    }
    out.push_str(" }");
}

/// A value of the type to start from, in WAVE: `0`, `""`, `{sku: "", count: 0}`. Where a type has no
/// values that can be written, or nests too deeply, it contains a `…`.
pub fn placeholder(ty: &Type) -> String {
    let mut out = String::new();
    write_placeholder(&mut out, ty, DEPTH);
    out
}

fn write_placeholder(out: &mut String, ty: &Type, depth: usize) {
    if depth == 0 || out.len() > LENGTH {
        return out.push('…');
    }
    match ty {
        Type::Bool => out.push_str("false"),
        Type::S8 | Type::U8 | Type::S16 | Type::U16 => out.push('0'),
        Type::S32 | Type::U32 | Type::S64 | Type::U64 => out.push('0'),
        Type::Float32 | Type::Float64 => out.push_str("0.0"),
        Type::Char => out.push_str("'a'"),
        Type::String => out.push_str("\"\""),
        Type::List(_) => out.push_str("[]"),
        Type::FixedLengthList(list) => {
            let types = std::iter::repeat_n(list.ty(), list.len() as usize);
            placeholders(out, '[', types.map(|ty| (String::new(), ty)), ']', depth);
        }
        Type::Option(_) => out.push_str("none"),
        Type::Flags(_) => out.push_str("{}"),
        Type::Tuple(tuple) => {
            placeholders(out, '(', tuple.types().map(|ty| (String::new(), ty)), ')', depth);
        }
        Type::Record(record) => {
            let fields = record.fields().map(|field| (format!("{}: ", field.name), field.ty));
            placeholders(out, '{', fields, '}', depth);
        }
        Type::Variant(variant) => {
            // The simplest case shows the shape best.
            let simplest = variant.cases().find(|case| case.ty.is_none());
            let Some(case) = simplest.or_else(|| variant.cases().next()) else {
                return out.push('…');
            };
            case_placeholder(out, &escaped(case.name), case.ty, depth);
        }
        Type::Enum(cases) => match cases.names().next() {
            Some(case) => out.push_str(&escaped(case)),
            None => out.push('…'),
        },
        Type::Result(result) => case_placeholder(out, "ok", result.ok(), depth),
        Type::Own(_)
        | Type::Borrow(_)
        | Type::Map(_)
        | Type::Future(_)
        | Type::Stream(_)
        | Type::ErrorContext => out.push('…'),
    }
}

fn placeholders(
    out: &mut String,
    open: char,
    items: impl Iterator<Item = (String, Type)>,
    close: char,
    depth: usize,
) {
    out.push(open);
    for (i, (name, ty)) in items.enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if out.len() > LENGTH {
            out.push('…');
            break;
        }
        out.push_str(&name);
        write_placeholder(out, &ty, depth - 1);
    }
    out.push(close);
}

fn case_placeholder(out: &mut String, case: &str, ty: Option<Type>, depth: usize) {
    out.push_str(case);
    if let Some(ty) = ty {
        out.push('(');
        write_placeholder(out, &ty, depth - 1);
        out.push(')');
    }
}

/// The values, or the starts of values (`some-case(`), that completion can offer for a type. Empty
/// where there are too many, as for numbers.
pub fn choices(ty: &Type) -> Vec<String> {
    let case = |name: String, payload: bool| if payload { name + "(" } else { name };
    match ty {
        Type::Bool => vec!["true".to_owned(), "false".to_owned()],
        Type::Enum(cases) => cases.names().map(escaped).collect(),
        Type::Variant(variant) => {
            variant.cases().map(|each| case(escaped(each.name), each.ty.is_some())).collect()
        }
        Type::Option(_) => vec!["none".to_owned(), "some(".to_owned()],
        Type::Result(result) => {
            let (ok, err) = (result.ok().is_some(), result.err().is_some());
            vec![case("ok".to_owned(), ok), case("err".to_owned(), err)]
        }
        _ => Vec::new(),
    }
}
