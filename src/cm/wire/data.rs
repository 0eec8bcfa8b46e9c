//! Priorities, and lists of texts whose form is not documented.

use super::body::Spelling;
use super::schema::Described;
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

/// Spells a request's priority as text, as Microsoft's sample does; a number is read too, and `None` leaves the key
/// out.
pub struct PriorityText;

impl Spelling for PriorityText {
    type Value = Option<u8>;

    fn schema() -> Value {
        json!({ "type": "string" })
    }

    fn write<S: Serializer>(value: &Option<u8>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|priority| priority.to_string()).serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::Null => return Ok(None),
            Value::String(text) if text.trim().is_empty() => return Ok(None),
            Value::String(text) => text,
            other => other.to_string(),
        };
        let priority = text.trim().parse().map(Some);
        priority.map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"a priority from 0 (highest) to 255"))
    }

    fn absent() -> Option<Option<u8>> {
        Some(None)
    }

    fn is_written(value: &Option<u8>) -> bool {
        value.is_some()
    }
}

/// Spells a list of texts in a policy. No body of Microsoft's is known, so reading also takes one text, objects with a
/// `Name`, and other objects as their JSON.
pub struct TextList;

impl Spelling for TextList {
    type Value = Vec<String>;

    fn schema() -> Value {
        Vec::<String>::schema()
    }

    fn write<S: Serializer>(value: &Vec<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(value)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(values) => values.into_iter().map(list_text).collect(),
            value => vec![list_text(value)],
        })
    }

    fn absent() -> Option<Vec<String>> {
        Some(Vec::new())
    }
}

/// Spells a list of texts that is beyond MIM: an empty one is not written, and anything else that stands there is none.
pub struct TextListOrNothing;

impl Spelling for TextListOrNothing {
    type Value = Vec<String>;

    fn schema() -> Value {
        TextList::schema()
    }

    fn write<S: Serializer>(value: &Vec<String>, serializer: S) -> Result<S::Ok, S::Error> {
        TextList::write(value, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        TextList::read(deserializer)
    }

    fn absent() -> Option<Vec<String>> {
        Some(Vec::new())
    }

    fn is_written(value: &Vec<String>) -> bool {
        !value.is_empty()
    }
}

fn list_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Object(pairs) => match pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case("name")) {
            Some((_, Value::String(name))) => name.clone(),
            _ => Value::Object(pairs).to_string(),
        },
        other => other.to_string(),
    }
}
