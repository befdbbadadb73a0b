//! Types and functions as WIT text, and what about a function keeps it from being called.

use std::collections::HashSet;
use std::fmt::Write;
use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDef, TypeDefKind, TypeId};

/// Longer texts are cut: anonymous types can be nested so that they grow without bound.
const MAX_TEXT: usize = 4096;

/// `increment: func(by: u32) -> u32`
pub(super) fn function(resolve: &Resolve, function: &Function) -> String {
    let mut text = format!("{}: ", function.item_name());
    text.push_str(if function.kind.is_async() { "async func(" } else { "func(" });
    for (index, param) in function.params.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        let _ = write!(text, "{}: ", param.name);
        write_type(resolve, &param.ty, &mut text);
    }
    text.push(')');
    if let Some(result) = &function.result {
        text.push_str(" -> ");
        write_type(resolve, result, &mut text);
    }
    cut(text)
}

/// The definition of a named type: `record point { x: s32, y: s32 }`.
pub(super) fn definition(resolve: &Resolve, id: TypeId) -> String {
    let def = &resolve.types[id];
    let name = def.name.as_deref().unwrap_or("_");
    let mut text = String::new();
    let names = |names: Vec<&str>| names.join(", ");
    match &def.kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| (field.name.as_str(), Some(&field.ty)));
            write_body(resolve, "record", name, ": ", "", fields, &mut text);
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| (case.name.as_str(), case.ty.as_ref()));
            write_body(resolve, "variant", name, "(", ")", cases, &mut text);
        }
        TypeDefKind::Enum(cases) => {
            let cases = names(cases.cases.iter().map(|case| case.name.as_str()).collect());
            let _ = write!(text, "enum {name} {{ {cases} }}");
        }
        TypeDefKind::Flags(flags) => {
            let flags = names(flags.flags.iter().map(|flag| flag.name.as_str()).collect());
            let _ = write!(text, "flags {name} {{ {flags} }}");
        }
        TypeDefKind::Resource => {
            let _ = write!(text, "resource {name}");
        }
        _ => {
            let _ = write!(text, "type {name} = ");
            write_kind(resolve, def, &mut text);
        }
    }
    cut(text)
}

fn write_body<'a>(
    resolve: &Resolve,
    keyword: &str,
    name: &str,
    open: &str,
    close: &str,
    items: impl Iterator<Item = (&'a str, Option<&'a Type>)>,
    text: &mut String,
) {
    let _ = write!(text, "{keyword} {name} {{ ");
    for (index, (item, ty)) in items.enumerate() {
        if text.len() > MAX_TEXT {
            return;
        }
        text.push_str(if index > 0 { ", " } else { "" });
        text.push_str(item);
        if let Some(ty) = ty {
            text.push_str(open);
            write_type(resolve, ty, text);
            text.push_str(close);
        }
    }
    text.push_str(" }");
}

/// A type as it is written where it is used.
pub(super) fn ty(resolve: &Resolve, ty: &Type) -> String {
    let mut text = String::new();
    write_type(resolve, ty, &mut text);
    cut(text)
}

fn write_type(resolve: &Resolve, ty: &Type, text: &mut String) {
    if text.len() > MAX_TEXT {
        return;
    }
    let word = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => {
            let def = &resolve.types[*id];
            match &def.name {
                Some(name) => text.push_str(name),
                None => write_kind(resolve, def, text),
            }
            return;
        }
    };
    text.push_str(word);
}

fn write_kind(resolve: &Resolve, def: &TypeDef, text: &mut String) {
    let list = |word: &str, types: &[&Type], text: &mut String| {
        text.push_str(word);
        for (index, ty) in types.iter().enumerate() {
            text.push_str(if index == 0 { "<" } else { ", " });
            write_type(resolve, ty, text);
        }
        if !types.is_empty() {
            text.push('>');
        }
    };
    match &def.kind {
        TypeDefKind::Tuple(tuple) => list("tuple", &tuple.types.iter().collect::<Vec<_>>(), text),
        TypeDefKind::Option(ty) => list("option", &[ty], text),
        TypeDefKind::List(ty) => list("list", &[ty], text),
        TypeDefKind::Map(key, value) => list("map", &[key, value], text),
        TypeDefKind::Future(ty) => list("future", &ty.iter().collect::<Vec<_>>(), text),
        TypeDefKind::Stream(ty) => list("stream", &ty.iter().collect::<Vec<_>>(), text),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => text.push_str("result"),
            (Some(ok), None) => list("result", &[ok], text),
            (Some(ok), Some(err)) => list("result", &[ok, err], text),
            (None, Some(err)) => {
                text.push_str("result<_, ");
                write_type(resolve, err, text);
                text.push('>');
            }
        },
        TypeDefKind::FixedLengthList(ty, length) => {
            text.push_str("list<");
            write_type(resolve, ty, text);
            let _ = write!(text, ", {length}>");
        }
        TypeDefKind::Handle(Handle::Own(id)) => {
            text.push_str(resolve.types[*id].name.as_deref().unwrap_or("resource"));
        }
        TypeDefKind::Handle(Handle::Borrow(id)) => {
            let name = resolve.types[*id].name.as_deref().unwrap_or("resource");
            let _ = write!(text, "borrow<{name}>");
        }
        TypeDefKind::Type(ty) => write_type(resolve, ty, text),
        // The others always have a name.
        other => text.push_str(other.as_str()),
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}

/// Why a function cannot be called from outside the component, if it cannot.
pub(super) fn obstacle(resolve: &Resolve, function: &Function) -> Option<String> {
    if function.kind.is_async() {
        return Some("it is async (WASI 0.3), which is not supported yet".into());
    }
    match function.kind {
        FunctionKind::Freestanding => {}
        _ => {
            let resource =
                function.kind.resource().and_then(|id| resolve.types[id].name.as_deref());
            return Some(format!(
                "it belongs to the resource `{}`: an instance lives for one turn, so nobody could \
                 keep one",
                resource.unwrap_or("of the component")
            ));
        }
    }
    foreign_part(resolve, function).map(|part| match part {
        Part::Resource(name) => format!(
            "its types contain the resource `{name}`: an instance lives for one turn, so nobody \
             could keep one"
        ),
        Part::Unsupported(word) => {
            format!("its types contain `{word}`, which is not supported yet")
        }
    })
}

/// Why a function cannot be called over a link from another actor, if it cannot.
pub(super) fn link_obstacle(resolve: &Resolve, function: &Function) -> Option<String> {
    if function.kind.is_async() {
        return Some("it is async (WASI 0.3), which is not supported yet".into());
    }
    foreign_part(resolve, function).map(|part| match part {
        Part::Resource(name) => {
            format!("its types contain the resource `{name}`, which only its own actor has")
        }
        Part::Unsupported(word) => {
            format!("its types contain `{word}`, which is not supported yet")
        }
    })
}

/// A part of a type that has no value outside its instance.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A resource, by its name.
    Resource(String),
    /// A type of WASI 0.3 or later, by its WIT word.
    Unsupported(&'static str),
}

/// The first part of a function's types that has no value outside its instance.
pub(super) fn foreign_part(resolve: &Resolve, function: &Function) -> Option<Part> {
    let mut seen = HashSet::new();
    let mut todo: Vec<Type> = function.parameter_and_result_types().collect();
    while let Some(ty) = todo.pop() {
        let id = match ty {
            Type::ErrorContext => return Some(Part::Unsupported("error-context")),
            Type::Id(id) if seen.insert(id) => id,
            _ => continue,
        };
        let def = &resolve.types[id];
        match &def.kind {
            TypeDefKind::Resource => {
                return Some(Part::Resource(def.name.clone().unwrap_or_default()));
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => {
                return Some(Part::Resource(resolve.types[*id].name.clone().unwrap_or_default()));
            }
            TypeDefKind::Future(_) => return Some(Part::Unsupported("future")),
            TypeDefKind::Stream(_) => return Some(Part::Unsupported("stream")),
            TypeDefKind::Map(..) => return Some(Part::Unsupported("map")),
            TypeDefKind::FixedLengthList(..) => {
                return Some(Part::Unsupported("list of fixed length"));
            }
            TypeDefKind::Record(record) => todo.extend(record.fields.iter().map(|field| field.ty)),
            TypeDefKind::Variant(variant) => todo.extend(variant.cases.iter().filter_map(|c| c.ty)),
            TypeDefKind::Tuple(tuple) => todo.extend(&tuple.types),
            TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::Type(ty) => {
                todo.push(*ty)
            }
            TypeDefKind::Result(result) => todo.extend(result.ok.iter().chain(&result.err)),
            TypeDefKind::Enum(_) | TypeDefKind::Flags(_) | TypeDefKind::Unknown => {}
        }
    }
    None
}
