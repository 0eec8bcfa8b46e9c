//! Bytes as base64 and hexadecimal.

use super::body::Spelling;
use super::spelling::text;
use super::text::{crlf_base64, read_base64};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

fn base64_of<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
    read_base64(text).ok_or_else(|| E::custom("not base64"))
}

/// Reads base64, also in the armour of a PEM block (RFC 7468), as people paste it.
fn block_of<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
    let Some(rest) = text.trim().strip_prefix("-----BEGIN ") else { return base64_of(text) };
    let body = rest.split_once("-----").and_then(|(_, rest)| rest.split_once("-----END "));
    match body {
        Some((body, end)) if end.ends_with("-----") && !end.contains("BEGIN") => base64_of(body),
        Some(_) => Err(E::custom("more than one PEM block in one entry")),
        None => Err(E::custom("a PEM block without its end")),
    }
}

/// Spells bytes as base64 in lines with CRLF.
pub struct Crlf;

impl Spelling for Crlf {
    type Value = Vec<u8>;

    fn schema() -> Value {
        json!({ "type": "string", "contentEncoding": "base64" })
    }

    fn write<S: Serializer>(value: &Vec<u8>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crlf_base64(value))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        base64_of(&String::deserialize(deserializer)?)
    }
}

/// Spells bytes as base64 in lines with CRLF, or null; empty text is read as null.
pub struct CrlfOrNull;

impl Spelling for CrlfOrNull {
    type Value = Option<Vec<u8>>;

    fn schema() -> Value {
        json!({ "type": ["string", "null"], "contentEncoding": "base64" })
    }

    fn write<S: Serializer>(value: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(bytes) => Crlf::write(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        text(deserializer)?.filter(|text| !text.is_empty()).map(|text| base64_of(&text)).transpose()
    }

    fn absent() -> Option<Option<Vec<u8>>> {
        Some(None)
    }
}

/// Spells bytes as [`Crlf`] does; `None` leaves the key out, and null or empty text is read as `None`.
pub struct CrlfOrNothing;

impl Spelling for CrlfOrNothing {
    type Value = Option<Vec<u8>>;

    fn schema() -> Value {
        Crlf::schema()
    }

    fn write<S: Serializer>(value: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        CrlfOrNull::write(value, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        CrlfOrNull::read(deserializer)
    }

    fn absent() -> Option<Option<Vec<u8>>> {
        Some(None)
    }

    fn is_written(value: &Option<Vec<u8>>) -> bool {
        value.is_some()
    }
}

/// Spells an array of [`Crlf`] texts; a single text is read as an array of one, and a PEM block as what it holds.
pub struct CrlfList;

impl Spelling for CrlfList {
    type Value = Vec<Vec<u8>>;

    fn schema() -> Value {
        json!({ "type": "array", "items": Crlf::schema() })
    }

    fn write<S: Serializer>(value: &Vec<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(value.iter().map(|bytes| crlf_base64(bytes)))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Many(Vec<String>),
            One(String),
        }
        let texts = match Either::deserialize(deserializer).map_err(|_| D::Error::custom("not an array of base64"))? {
            Either::Many(texts) => texts,
            Either::One(text) => vec![text],
        };
        texts.iter().map(|text| block_of(text)).collect()
    }
}

/// Spells an array of [`Crlf`] texts whose key is left out when it is empty; null is read as empty.
pub struct CrlfListOrNothing;

impl Spelling for CrlfListOrNothing {
    type Value = Vec<Vec<u8>>;

    fn schema() -> Value {
        CrlfList::schema()
    }

    fn write<S: Serializer>(value: &Vec<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        CrlfList::write(value, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = Option::<Vec<String>>::deserialize(deserializer);
        let texts = texts.map_err(|_| D::Error::custom("not an array of base64"))?.unwrap_or_default();
        texts.iter().map(|text| block_of(text)).collect()
    }

    fn absent() -> Option<Vec<Vec<u8>>> {
        Some(Vec::new())
    }

    fn is_written(value: &Vec<Vec<u8>>) -> bool {
        !value.is_empty()
    }
}

fn read_hex<E: serde::de::Error>(text: &str) -> Result<String, E> {
    let digits: String = text.chars().filter(|character| !matches!(character, ' ' | ':' | '-')).collect();
    match hex::decode(&digits) {
        Ok(_) => Ok(digits.to_ascii_lowercase()),
        Err(_) => Err(E::invalid_value(Unexpected::Str(text), &"hexadecimal")),
    }
}

/// Spells lower-case hexadecimal, which may be empty; blanks, colons and hyphens are skipped in reading.
pub struct HexOrEmpty;

impl Spelling for HexOrEmpty {
    type Value = String;

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^([0-9a-f]{2})*$" })
    }

    fn write<S: Serializer>(value: &String, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        read_hex(&text(deserializer)?.unwrap_or_default())
    }

    fn absent() -> Option<String> {
        Some(String::new())
    }
}

/// Spells lower-case hexadecimal; `None` leaves the key out, and empty is read as `None`.
pub struct HexOrNothing;

impl Spelling for HexOrNothing {
    type Value = Option<String>;

    fn schema() -> Value {
        HexOrEmpty::schema()
    }

    fn write<S: Serializer>(value: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        HexOrEmpty::read(deserializer).map(|digits| Some(digits).filter(|digits| !digits.is_empty()))
    }

    fn absent() -> Option<Option<String>> {
        Some(None)
    }

    fn is_written(value: &Option<String>) -> bool {
        value.is_some()
    }
}
