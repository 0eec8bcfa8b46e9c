//! JSON Schemas (2020-12) of bodies, for the description of all calls.
//!
//! A schema describes what is written. Reading is more tolerant: other letter cases of keys, unknown keys, null for
//! absent.

use serde_json::{Map, Value, json};

/// Describes the form of a type on the wire.
pub trait Described {
    /// Returns the JSON Schema.
    fn schema() -> Value;
}

macro_rules! described {
    ($($kind:ty => $schema:tt;)*) => {
        $(impl Described for $kind {
            fn schema() -> Value {
                json!($schema)
            }
        })*
    };
}

described! {
    String => { "type": "string" };
    bool => { "type": "boolean" };
    u8 => { "type": "integer", "minimum": 0, "maximum": 255 };
    u16 => { "type": "integer", "minimum": 0, "maximum": 65535 };
    u32 => { "type": "integer", "minimum": 0, "maximum": 4294967295u32 };
    u64 => { "type": "integer", "minimum": 0 };
    i32 => { "type": "integer" };
    i64 => { "type": "integer" };
    Value => {};
}

impl<T: Described> Described for Vec<T> {
    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }
}

impl<T: Described> Described for Option<T> {
    fn schema() -> Value {
        or_null(T::schema())
    }
}

/// Returns a schema that allows null too.
pub(super) fn or_null(schema: Value) -> Value {
    match schema {
        Value::Object(mut parts) => {
            if let Some(Value::String(kind)) = parts.get("type").cloned() {
                parts.insert("type".into(), json!([kind, "null"]));
                return Value::Object(parts);
            }
            json!({ "anyOf": [Value::Object(parts), { "type": "null" }] })
        }
        other => other,
    }
}

/// Returns the schema of an object: each key with its schema, and whether it is required.
pub(in crate::cm) fn object(title: &str, keys: Vec<(&str, Value, bool)>) -> Value {
    let required: Vec<&str> = keys.iter().filter(|(_, _, required)| *required).map(|(key, _, _)| *key).collect();
    let properties: Map<_, _> = keys.iter().map(|(key, schema, _)| ((*key).to_owned(), schema.clone())).collect();
    json!({ "title": title, "type": "object", "properties": properties, "required": required })
}
