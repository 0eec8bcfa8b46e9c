//! The spellings of plain values: JSON's own, booleans, text, GUIDs, dates.

use super::body::Spelling;
use super::schema::Described;
use super::text::{local_moment_text, moment_text, read_guid, read_moment};
use serde::de::{DeserializeOwned, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use std::marker::PhantomData;
use time::OffsetDateTime;
use uuid::Uuid;

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer)
}

fn guid_of<E: serde::de::Error>(text: &str) -> Result<Uuid, E> {
    read_guid(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &"a GUID"))
}

fn moment_of<E: serde::de::Error>(text: &str) -> Result<OffsetDateTime, E> {
    read_moment(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &"a date"))
}

/// Spells a value as JSON does; refuses an absent key.
pub struct Plain<T>(PhantomData<T>);

impl<T: Serialize + DeserializeOwned + Described> Spelling for Plain<T> {
    type Value = T;

    fn schema() -> Value {
        T::schema()
    }

    fn write<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

/// Spells a value as JSON does; null or an absent key means the type's default.
pub struct PlainOr<T>(PhantomData<T>);

impl<T: Serialize + DeserializeOwned + Described + Default> Spelling for PlainOr<T> {
    type Value = T;

    fn schema() -> Value {
        T::schema()
    }

    fn write<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
    }

    fn absent() -> Option<T> {
        Some(T::default())
    }
}

/// Spells a value as JSON does; `None` leaves the key out.
pub struct PlainOrNothing<T>(PhantomData<T>);

impl<T: Serialize + DeserializeOwned + Described> Spelling for PlainOrNothing<T> {
    type Value = Option<T>;

    fn schema() -> Value {
        T::schema()
    }

    fn write<S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        Option::<T>::deserialize(deserializer)
    }

    fn absent() -> Option<Option<T>> {
        Some(None)
    }

    fn is_written(value: &Option<T>) -> bool {
        value.is_some()
    }
}

/// Spells a value as JSON does, or null when there is none.
pub struct PlainOrNull<T>(PhantomData<T>);

impl<T: Serialize + DeserializeOwned> Spelling for PlainOrNull<T> {
    type Value = Option<T>;

    fn write<S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        Option::<T>::deserialize(deserializer)
    }

    fn absent() -> Option<Option<T>> {
        Some(None)
    }
}

/// Spells a boolean whose form is not documented: anything but true, or an absent key, means false.
pub struct TrueOrAnything;

impl Spelling for TrueOrAnything {
    type Value = bool;

    fn write<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*value)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        Ok(serde_json::Value::deserialize(deserializer)?.as_bool().unwrap_or(false))
    }

    fn absent() -> Option<bool> {
        Some(false)
    }
}

/// Spells a boolean whose key is left out when it is false.
pub struct TrueOrNothing;

impl Spelling for TrueOrNothing {
    type Value = bool;

    fn schema() -> Value {
        bool::schema()
    }

    fn write<S: Serializer>(value: &bool, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*value)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        PlainOr::<bool>::read(deserializer)
    }

    fn absent() -> Option<bool> {
        Some(false)
    }

    fn is_written(value: &bool) -> bool {
        *value
    }
}

/// Spells text; null or an absent key means empty.
pub type Text = PlainOr<String>;

/// Spells text, or null when there is none.
pub struct TextOrNull;

impl Spelling for TextOrNull {
    type Value = Option<String>;

    fn schema() -> Value {
        Option::<String>::schema()
    }

    fn write<S: Serializer>(value: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        text(deserializer)
    }

    fn absent() -> Option<Option<String>> {
        Some(None)
    }
}

/// Spells text whose key is left out when it is empty.
pub struct TextOrNothing;

impl Spelling for TextOrNothing {
    type Value = String;

    fn schema() -> Value {
        String::schema()
    }

    fn write<S: Serializer>(value: &String, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        text(deserializer).map(Option::unwrap_or_default)
    }

    fn absent() -> Option<String> {
        Some(String::new())
    }

    fn is_written(value: &String) -> bool {
        !value.is_empty()
    }
}

/// Spells a required GUID.
pub struct Guid;

impl Spelling for Guid {
    type Value = Uuid;

    fn schema() -> Value {
        json!({ "type": "string", "format": "uuid" })
    }

    fn write<S: Serializer>(value: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
        guid_of(&String::deserialize(deserializer)?)
    }
}

/// Spells a GUID in braces, as a card's serial number.
pub struct BracedGuid;

impl Spelling for BracedGuid {
    type Value = Uuid;

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^\\{[0-9a-f-]{36}\\}$" })
    }

    fn write<S: Serializer>(value: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value.braced())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
        Guid::read(deserializer)
    }
}

/// Spells a GUID in a response: `None` is the empty GUID.
pub struct GuidOrEmpty;

impl Spelling for GuidOrEmpty {
    type Value = Option<Uuid>;

    fn schema() -> Value {
        Guid::schema()
    }

    fn write<S: Serializer>(value: &Option<Uuid>, serializer: S) -> Result<S::Ok, S::Error> {
        Guid::write(&value.unwrap_or_default(), serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
        match text(deserializer)?.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) => guid_of(text).map(|guid| Some(guid).filter(|guid| !guid.is_nil())),
        }
    }

    fn absent() -> Option<Option<Uuid>> {
        Some(None)
    }
}

/// Spells a GUID in a request: `None` leaves the key out.
pub struct GuidOrNothing;

impl Spelling for GuidOrNothing {
    type Value = Option<Uuid>;

    fn schema() -> Value {
        Guid::schema()
    }

    fn write<S: Serializer>(value: &Option<Uuid>, serializer: S) -> Result<S::Ok, S::Error> {
        GuidOrEmpty::write(value, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
        GuidOrEmpty::read(deserializer)
    }

    fn absent() -> Option<Option<Uuid>> {
        Some(None)
    }

    fn is_written(value: &Option<Uuid>) -> bool {
        value.is_some()
    }
}

/// Spells a date and time in UTC.
pub struct Moment;

impl Spelling for Moment {
    type Value = OffsetDateTime;

    fn schema() -> Value {
        json!({ "type": "string", "format": "date-time" })
    }

    fn write<S: Serializer>(value: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&moment_text(*value))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
        moment_of(&String::deserialize(deserializer)?)
    }
}

/// Spells a date and time in UTC; `None` is the first moment of the year 1, without zone.
pub struct MomentOrUnset;

impl Spelling for MomentOrUnset {
    type Value = Option<OffsetDateTime>;

    fn schema() -> Value {
        json!({ "type": "string" })
    }

    fn write<S: Serializer>(value: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(moment) => Moment::write(moment, serializer),
            None => serializer.serialize_str("0001-01-01T00:00:00"),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
        match text(deserializer)?.as_deref() {
            None | Some("") => Ok(None),
            Some(text) => moment_of(text).map(|moment| Some(moment).filter(|moment| moment.year() > 1)),
        }
    }

    fn absent() -> Option<Option<OffsetDateTime>> {
        Some(None)
    }
}

/// Spells a certificate's date without zone and fraction. MIM's zone is not documented; UTC is read and written.
pub struct LocalMoment;

impl Spelling for LocalMoment {
    type Value = OffsetDateTime;

    fn schema() -> Value {
        json!({ "type": "string" })
    }

    fn write<S: Serializer>(value: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&local_moment_text(*value))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
        Moment::read(deserializer)
    }
}

/// Spells a certificate's date whose key is left out when there is none.
pub struct LocalMomentOrNothing;

impl Spelling for LocalMomentOrNothing {
    type Value = Option<OffsetDateTime>;

    fn schema() -> Value {
        json!({ "type": "string" })
    }

    fn write<S: Serializer>(value: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(moment) => LocalMoment::write(moment, serializer),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OffsetDateTime>, D::Error> {
        MomentOrUnset::read(deserializer)
    }

    fn absent() -> Option<Option<OffsetDateTime>> {
        Some(None)
    }

    fn is_written(value: &Option<OffsetDateTime>) -> bool {
        value.is_some()
    }
}
