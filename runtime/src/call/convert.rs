//! Values as text: WAVE for people, JSON for programs.

use serde_json::{Map, Number, Value, json};
use wasmtime::component::Val;

/// The value in WAVE. What WAVE cannot express is shown by its name: `resource`, `stream`, `future`,
/// `error-context`; a map is shown as a list of pairs.
pub fn to_wave(value: &Val) -> String {
    let expressible = match is_expressible(value) {
        true => value.to_wave(),
        false => expressible(value).to_wave(),
    };
    // Writing into a string fails only for values that are not expressible, and those are gone.
    expressible.unwrap_or_else(|error| error.to_string())
}

/// The parts of a composed value.
fn parts(value: &Val) -> Vec<&Val> {
    match value {
        Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => {
            items.iter().collect()
        }
        Val::Record(fields) => fields.iter().map(|(_, field)| field).collect(),
        Val::Variant(_, Some(payload)) | Val::Option(Some(payload)) => vec![&**payload],
        Val::Result(Ok(Some(payload)) | Err(Some(payload))) => vec![&**payload],
        _ => Vec::new(),
    }
}

fn is_expressible(value: &Val) -> bool {
    match value {
        Val::Map(_) | Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => {
            false
        }
        _ => parts(value).into_iter().all(is_expressible),
    }
}

/// A copy in which each part that WAVE cannot express is replaced.
fn expressible(value: &Val) -> Val {
    let boxed = |payload: &Option<Box<Val>>| payload.as_deref().map(expressible).map(Box::new);
    match value {
        Val::Map(pairs) => Val::List(
            pairs.iter().map(|(k, v)| Val::Tuple(vec![expressible(k), expressible(v)])).collect(),
        ),
        Val::Resource(_) => Val::Enum("resource".to_owned()),
        Val::Future(_) => Val::Enum("future".to_owned()),
        Val::Stream(_) => Val::Enum("stream".to_owned()),
        Val::ErrorContext(_) => Val::Enum("error-context".to_owned()),
        Val::List(items) => Val::List(items.iter().map(expressible).collect()),
        Val::Tuple(items) => Val::Tuple(items.iter().map(expressible).collect()),
        Val::FixedLengthList(items) => {
            Val::FixedLengthList(items.iter().map(expressible).collect())
        }
        Val::Record(fields) => Val::Record(
            fields.iter().map(|(name, field)| (name.clone(), expressible(field))).collect(),
        ),
        Val::Variant(case, payload) => Val::Variant(case.clone(), boxed(payload)),
        Val::Option(payload) => Val::Option(boxed(payload)),
        Val::Result(Ok(payload)) => Val::Result(Ok(boxed(payload))),
        Val::Result(Err(payload)) => Val::Result(Err(boxed(payload))),
        other => other.clone(),
    }
}

/// The value as JSON.
///
/// | value | JSON |
/// |---|---|
/// | integers | numbers, exact to the last digit also for 64 bits |
/// | floats | numbers; `"nan"`, `"inf"`, `"-inf"` |
/// | char, string | strings |
/// | list, tuple, flags | arrays; flags of their names |
/// | record | object |
/// | enum, variant | `"case"`, or `{"case": payload}` |
/// | option | `null`, or the value; `{"some": value}` where the value is an option itself, so that `some(none)` differs from `none` |
/// | result | `{"ok": payload}` or `{"err": payload}`, where no payload is `null` |
/// | map | array of pairs |
/// | resource, future, stream, error-context | the name of that kind |
pub fn to_json(value: &Val) -> Value {
    let payload = |payload: &Option<Box<Val>>| payload.as_deref().map_or(Value::Null, to_json);
    match value {
        Val::Bool(value) => json!(value),
        Val::S8(value) => json!(value),
        Val::U8(value) => json!(value),
        Val::S16(value) => json!(value),
        Val::U16(value) => json!(value),
        Val::S32(value) => json!(value),
        Val::U32(value) => json!(value),
        Val::S64(value) => json!(value),
        Val::U64(value) => json!(value),
        // By way of the shortest text: 0.1 as `f32` is to be 0.1, not 0.10000000149011612.
        Val::Float32(value) => float(value.to_string().parse().unwrap_or(f64::from(*value))),
        Val::Float64(value) => float(*value),
        Val::Char(value) => json!(value),
        Val::String(value) => json!(value),
        Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => {
            Value::Array(items.iter().map(to_json).collect())
        }
        Val::Map(pairs) => pairs.iter().map(|(k, v)| json!([to_json(k), to_json(v)])).collect(),
        Val::Record(fields) => Value::Object(
            fields.iter().map(|(name, value)| (name.clone(), to_json(value))).collect(),
        ),
        Val::Variant(case, None) | Val::Enum(case) => json!(case),
        Val::Variant(case, Some(payload)) => tagged(case, to_json(payload)),
        Val::Option(None) => Value::Null,
        Val::Option(Some(inner)) => match &**inner {
            Val::Option(_) => tagged("some", to_json(inner)),
            _ => to_json(inner),
        },
        Val::Result(Ok(value)) => tagged("ok", payload(value)),
        Val::Result(Err(value)) => tagged("err", payload(value)),
        Val::Flags(names) => json!(names),
        Val::Resource(_) => json!("resource"),
        Val::Future(_) => json!("future"),
        Val::Stream(_) => json!("stream"),
        Val::ErrorContext(_) => json!("error-context"),
    }
}

fn tagged(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

fn float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => json!("nan"),
        None if value > 0.0 => json!("inf"),
        None => json!("-inf"),
    }
}
