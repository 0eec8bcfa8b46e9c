//! Collected data items, and their spelling in requests and in responses.

use super::wire::Spelling;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

/// Holds one collected data item: what a person typed under this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataItem {
    pub name: String,
    pub value: Option<String>,
}

/// Spells data items as `POST requests` does: an array of objects of one pair, the text `"[]"` when there are none.
///
/// Reads the array, the same as JSON text, one object, or `{"Name":…,"Value":…}` objects; an absent key means none.
pub struct DataPairs;

impl Spelling for DataPairs {
    type Value = Vec<DataItem>;

    fn schema() -> Value {
        json!({ "anyOf": [
            { "type": "array", "items": { "type": "object", "additionalProperties": { "type": ["string", "null"] } } },
            { "type": "string" }
        ] })
    }

    fn write<S: Serializer>(value: &Vec<DataItem>, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_empty() {
            return serializer.serialize_str("[]");
        }
        serializer.collect_seq(value.iter().map(|item| {
            let value = item.value.clone().map_or(Value::Null, Value::String);
            Map::from_iter([(item.name.clone(), value)])
        }))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DataItem>, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if text.trim().is_empty() => Ok(Vec::new()),
            Value::String(text) => items(serde_json::from_str(&text).map_err(D::Error::custom)?),
            value => items(value),
        }
    }

    fn absent() -> Option<Vec<DataItem>> {
        Some(Vec::new())
    }
}

fn items<E: serde::de::Error>(value: Value) -> Result<Vec<DataItem>, E> {
    let objects = match value {
        Value::Null => Vec::new(),
        Value::Array(objects) => objects,
        object @ Value::Object(_) => vec![object],
        _ => return Err(E::custom("neither an array of data items nor the same as text")),
    };
    let mut items = Vec::new();
    for object in objects {
        let Value::Object(pairs) = object else {
            return Err(E::custom("a data item is an object of one pair"));
        };
        match named_item(&pairs) {
            Some(item) => items.push(item),
            None => {
                for (name, value) in pairs {
                    items.push(DataItem { value: item_value(&name, value)?, name });
                }
            }
        }
    }
    Ok(items)
}

/// Reads one item as responses spell it, for clients that send it back so; `None` when the object is no such item.
fn named_item(pairs: &Map<String, Value>) -> Option<DataItem> {
    let of = |key: &str| pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value);
    match (pairs.len(), of("Name")?, of("Value")?) {
        (2, Value::String(name), Value::String(value)) => {
            Some(DataItem { name: name.clone(), value: Some(value.clone()) })
        }
        (2, Value::String(name), Value::Null) => Some(DataItem { name: name.clone(), value: None }),
        _ => None,
    }
}

fn item_value<E: serde::de::Error>(name: &str, value: Value) -> Result<Option<String>, E> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        Value::Array(_) | Value::Object(_) => Err(E::custom(format_args!("data item \"{name}\" is not text"))),
    }
}

/// Spells data items as responses do: objects of `Name` and `Value`. The pairs of [`DataPairs`] are read too.
pub struct DataItems;

impl Spelling for DataItems {
    type Value = Vec<DataItem>;

    fn schema() -> Value {
        json!({ "type": "array", "items": {
            "type": "object",
            "properties": { "Name": { "type": "string" }, "Value": { "type": ["string", "null"] } },
            "required": ["Name", "Value"]
        } })
    }

    fn write<S: Serializer>(value: &Vec<DataItem>, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Item<'a> {
            name: &'a str,
            value: Option<&'a str>,
        }
        serializer.collect_seq(value.iter().map(|item| Item { name: &item.name, value: item.value.as_deref() }))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DataItem>, D::Error> {
        DataPairs::read(deserializer)
    }

    fn absent() -> Option<Vec<DataItem>> {
        Some(Vec::new())
    }
}

/// Spells data items as [`DataItems`] does; `None` leaves the key out.
pub struct DataItemsOrNothing;

impl Spelling for DataItemsOrNothing {
    type Value = Option<Vec<DataItem>>;

    fn schema() -> Value {
        DataItems::schema()
    }

    fn write<S: Serializer>(value: &Option<Vec<DataItem>>, serializer: S) -> Result<S::Ok, S::Error> {
        DataItems::write(value.as_ref().unwrap_or(&Vec::new()), serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<DataItem>>, D::Error> {
        DataItems::read(deserializer).map(Some)
    }

    fn absent() -> Option<Option<Vec<DataItem>>> {
        Some(None)
    }

    fn is_written(value: &Option<Vec<DataItem>>) -> bool {
        value.is_some()
    }
}
