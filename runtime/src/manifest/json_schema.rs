//! The schema as JSON Schema, for editors that know TOML but not Theater.

use serde_json::{Map, Value, json};

use super::LONGEST_NAME;
use super::schema::{Field, Kind, MANIFEST, Rule};
use crate::catalog::HANDLERS;

/// The JSON Schema (draft 2020-12) of `theater.toml`.
///
/// It accepts some manifests that the checks refuse, because it cannot say how large a size in a
/// text may be; it refuses none that they accept without a warning.
pub fn json_schema() -> Value {
    let mut schema = table(MANIFEST);
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".into(), json!("theater.toml"));
    schema.insert("description".into(), json!("The manifest of an actor."));
    Value::Object(schema)
}

fn table(fields: &[Field]) -> Map<String, Value> {
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("additionalProperties".into(), json!(false));
    schema.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    schema
}

fn property(field: &Field) -> Value {
    let mut schema = of_kind(&field.kind);
    schema.insert("title".into(), json!(field.name));
    schema.insert("description".into(), json!(field.doc));
    if let Some(default) = field.default.and_then(json_of) {
        schema.insert("default".into(), default);
    }
    if let Some(example) = json_of(field.example) {
        schema.insert("examples".into(), json!([example]));
    }
    Value::Object(schema)
}

fn of_kind(kind: &Kind) -> Map<String, Value> {
    let object = |value: Value| match value {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    object(match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Text(rule) => return text(*rule),
        Kind::Path => json!({ "type": "string", "minLength": 1 }),
        Kind::Integer { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Kind::Size { .. } => {
            json!({ "type": "string", "pattern": "^0*[1-9][0-9]*(B|KiB|MiB|GiB)$" })
        }
        Kind::Duration { .. } => {
            json!({ "type": "string", "pattern": "^0*[1-9][0-9]*(ms|s|m|h)$" })
        }
        Kind::DurationOr { words, .. } => {
            let pattern = format!("^(0*[1-9][0-9]*(ms|s|m|h)|{})$", words.join("|"));
            json!({ "type": "string", "pattern": pattern })
        }
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::Texts(rule) => json!({ "type": "array", "items": text(*rule) }),
        Kind::TextList => {
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 })
        }
        Kind::Table(fields) => return table(fields),
        Kind::Tables { fields, max } => {
            json!({ "type": "array", "items": table(fields), "maxItems": max })
        }
        Kind::Keyed { key, fields, .. } => {
            let mut forms: Vec<Value> = fields
                .first()
                .map(|first| Value::Object(of_kind(&first.kind)))
                .into_iter()
                .collect();
            forms.push(Value::Object(table(fields)));
            json!({
                "type": "object",
                "propertyNames": text(*key),
                "additionalProperties": { "oneOf": forms },
            })
        }
        Kind::OneOf(kinds) => {
            json!({ "oneOf": kinds.iter().map(of_kind).collect::<Vec<_>>() })
        }
        Kind::Handlers => return handlers(),
    })
}

fn text(rule: Rule) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".into(), json!("string"));
    match rule {
        Rule::Any => {}
        Rule::Name => {
            schema.insert("pattern".into(), json!("^[a-z][a-z0-9]*(-[a-z0-9]+)*$"));
            schema.insert("maxLength".into(), json!(LONGEST_NAME));
        }
        Rule::Version => {
            let pattern = r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$";
            schema.insert("pattern".into(), json!(pattern));
        }
        Rule::GuestPath => {
            schema.insert("pattern".into(), json!("^/"));
        }
        Rule::Variable => {
            schema.insert("pattern".into(), json!(r"^([^=*]+\*?|\*|[^=*]+=.*)$"));
        }
        Rule::VariableName => {
            schema.insert("pattern".into(), json!(r"^([^=*]+\*?|\*)$"));
        }
        Rule::Interface => {
            schema.insert("pattern".into(), json!("^[^:/@]+:[^/@]+/[^@]+(@.+)?$"));
        }
        Rule::ActorPath => {
            schema.insert("pattern".into(), json!("^[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)*$"));
        }
        Rule::Recipient => {
            schema.insert("pattern".into(), json!(r"^[a-z0-9/-]*\*?$"));
            schema.insert("minLength".into(), json!(1));
        }
        Rule::World | Rule::Command => {
            schema.insert("minLength".into(), json!(1));
        }
    }
    schema
}

fn handlers() -> Map<String, Value> {
    let grants = HANDLERS.iter().filter(|handler| !handler.always).map(|handler| {
        let grant = json!({
            "title": handler.name,
            "description": format!("{}\n\n{}", handler.summary, handler.doc),
            "oneOf": [{ "type": "boolean" }, table(handler.settings)],
            "default": false,
        });
        (handler.name.to_owned(), grant)
    });
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("additionalProperties".into(), json!(false));
    schema.insert("properties".into(), Value::Object(grants.collect()));
    schema
}

/// A TOML value as JSON; nothing if there is none.
fn json_of(toml: &str) -> Option<Value> {
    serde_json::to_value(toml.parse::<toml::Value>().ok()?).ok()
}
