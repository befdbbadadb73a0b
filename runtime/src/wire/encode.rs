use super::{Writer, tag};
use wasmtime::component::{Type, Val};

/// Writes a value of the given type.
///
/// The value must be of that type: it came from a component's typed export, or was checked against
/// the type when it was read. What the type does not describe (resources, streams, futures) is
/// written as null; functions that use such types are never called.
pub fn encode(writer: &mut Writer, value: &Val, ty: &Type) {
    match value {
        Val::Bool(v) => writer.bool(*v),
        Val::S8(v) => writer.signed((*v).into()),
        Val::U8(v) => writer.unsigned((*v).into()),
        Val::S16(v) => writer.signed((*v).into()),
        Val::U16(v) => writer.unsigned((*v).into()),
        Val::S32(v) => writer.signed((*v).into()),
        Val::U32(v) => writer.unsigned((*v).into()),
        Val::S64(v) => writer.signed(*v),
        Val::U64(v) => writer.unsigned(*v),
        Val::Float32(v) => writer.f32(*v),
        Val::Float64(v) => writer.f64(*v),
        Val::Char(v) => {
            writer.tag(tag::CHAR);
            writer.text(v.encode_utf8(&mut [0; 4]));
        }
        Val::String(v) => writer.text(v),
        Val::List(items) => encode_list(writer, items, ty),
        Val::Record(fields) => encode_record(writer, fields, ty),
        Val::Tuple(items) => encode_tuple(writer, items, ty),
        Val::Variant(case, payload) => {
            let payload = payload.as_deref().zip(case_type(ty, case));
            writer.tag(tag::VARIANT);
            encode_case(writer, case, payload.as_ref().map(|(value, ty)| (*value, ty)));
        }
        Val::Result(result) => encode_result(writer, result, ty),
        Val::Enum(case) => {
            writer.tag(tag::ENUM);
            writer.text(case);
        }
        Val::Option(inner) => encode_option(writer, inner.as_deref(), ty),
        Val::Flags(names) => encode_flags(writer, names, ty),
        Val::Map(_)
        | Val::Resource(_)
        | Val::Future(_)
        | Val::Stream(_)
        | Val::ErrorContext(_)
        | Val::FixedLengthList(_) => writer.null(),
    }
}

/// Writes values with their types as an array: the arguments or the results of a function.
pub fn encode_all<'a>(
    writer: &mut Writer,
    values: &[Val],
    types: impl IntoIterator<Item = &'a Type>,
) {
    writer.array(values.len());
    for (value, ty) in values.iter().zip(types) {
        encode(writer, value, ty);
    }
}

fn encode_list(writer: &mut Writer, items: &[Val], ty: &Type) {
    let Type::List(list) = ty else { return writer.null() };
    let item = list.ty();
    if matches!(item, Type::U8) {
        let bytes: Vec<u8> =
            items.iter().map(|item| if let Val::U8(b) = item { *b } else { 0 }).collect();
        return writer.bytes(&bytes);
    }
    writer.array(items.len());
    for value in items {
        encode(writer, value, &item);
    }
}

fn encode_record(writer: &mut Writer, fields: &[(String, Val)], ty: &Type) {
    let Type::Record(record) = ty else { return writer.null() };
    writer.tag(tag::RECORD);
    writer.array(fields.len() * 2);
    for ((name, value), field) in fields.iter().zip(record.fields()) {
        writer.text(name);
        encode(writer, value, &field.ty);
    }
}

fn encode_tuple(writer: &mut Writer, items: &[Val], ty: &Type) {
    let Type::Tuple(tuple) = ty else { return writer.null() };
    writer.tag(tag::TUPLE);
    writer.array(items.len());
    for (value, ty) in items.iter().zip(tuple.types()) {
        encode(writer, value, &ty);
    }
}

fn encode_case(writer: &mut Writer, case: &str, payload: Option<(&Val, &Type)>) {
    writer.array(1 + usize::from(payload.is_some()));
    writer.text(case);
    if let Some((value, ty)) = payload {
        encode(writer, value, ty);
    }
}

fn encode_result(
    writer: &mut Writer,
    result: &Result<Option<Box<Val>>, Option<Box<Val>>>,
    ty: &Type,
) {
    let Type::Result(result_type) = ty else { return writer.null() };
    let (case, value, ty) = match result {
        Ok(value) => ("ok", value, result_type.ok()),
        Err(value) => ("err", value, result_type.err()),
    };
    writer.tag(tag::RESULT);
    encode_case(writer, case, value.as_deref().zip(ty.as_ref()));
}

fn encode_option(writer: &mut Writer, inner: Option<&Val>, ty: &Type) {
    let Type::Option(option) = ty else { return writer.null() };
    writer.tag(tag::OPTION);
    writer.array(usize::from(inner.is_some()));
    if let Some(value) = inner {
        encode(writer, value, &option.ty());
    }
}

/// A value may list its flags in any order; the trace has them in the declared one.
fn encode_flags(writer: &mut Writer, names: &[String], ty: &Type) {
    let Type::Flags(flags) = ty else { return writer.null() };
    writer.tag(tag::FLAGS);
    writer.array(names.len());
    for name in flags.names().filter(|name| names.iter().any(|set| set == name)) {
        writer.text(name);
    }
}

fn case_type(ty: &Type, case: &str) -> Option<Type> {
    let Type::Variant(variant) = ty else { return None };
    variant.cases().find(|candidate| candidate.name == case).and_then(|case| case.ty)
}
