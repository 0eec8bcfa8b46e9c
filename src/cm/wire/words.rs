//! The spelling of MIM's words: by number in responses, by name in requests.

use super::body::Spelling;
use serde::de::{Unexpected, Visitor};
use serde::{Deserializer, Serializer};
use serde_json::{Value, json};
use std::fmt;
use std::marker::PhantomData;

/// Bounds the numbers of MIM's words, for listing their names.
const MOST_NUMBER: u32 = 32;

/// Gives a word of MIM's its number in responses and its name in requests.
pub trait Vocabulary: Copy {
    /// Names the kind of word in error messages.
    const WHAT: &'static str;
    /// Returns the number in responses.
    fn to_number(self) -> u32;
    /// Reads a number; `None` when it has no meaning.
    fn of_number(number: u32) -> Option<Self>;
    /// Returns the name in requests.
    fn to_name(self) -> &'static str;
    /// Reads a name in any letter case; `None` when it is not known.
    fn of_name(name: &str) -> Option<Self>;
}

struct WordVisitor<V>(PhantomData<V>);

impl<V: Vocabulary> Visitor<'_> for WordVisitor<V> {
    type Value = V;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(V::WHAT)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<V, E> {
        let word = u32::try_from(number).ok().and_then(V::of_number);
        word.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<V, E> {
        V::of_name(name.trim()).ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
    }
}

/// Spells a word by its number, as responses do; a name is read too.
pub struct Numbered<V>(PhantomData<V>);

impl<V: Vocabulary> Spelling for Numbered<V> {
    type Value = V;

    fn schema() -> Value {
        json!({ "type": "integer", "minimum": 0 })
    }

    fn write<S: Serializer>(value: &V, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(value.to_number())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<V, D::Error> {
        deserializer.deserialize_any(WordVisitor(PhantomData))
    }
}

/// Spells a word by its name, as requests do; a number is read too.
pub struct Named<V>(PhantomData<V>);

impl<V: Vocabulary> Spelling for Named<V> {
    type Value = V;

    fn schema() -> Value {
        let names = (0..=MOST_NUMBER).filter_map(V::of_number).map(V::to_name);
        let mut names: Vec<&str> = names.filter(|name| V::of_name(name).is_some()).collect();
        names.dedup();
        json!({ "type": "string", "enum": names })
    }

    fn write<S: Serializer>(value: &V, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value.to_name())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<V, D::Error> {
        deserializer.deserialize_any(WordVisitor(PhantomData))
    }
}

/// Spells a word by its name; `None` leaves the key out.
pub struct NamedOrNothing<V>(PhantomData<V>);

impl<V: Vocabulary> Spelling for NamedOrNothing<V> {
    type Value = Option<V>;

    fn schema() -> Value {
        Named::<V>::schema()
    }

    fn write<S: Serializer>(value: &Option<V>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => Named::write(value, serializer),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<V>, D::Error> {
        Named::read(deserializer).map(Some)
    }

    fn absent() -> Option<Option<V>> {
        Some(None)
    }

    fn is_written(value: &Option<V>) -> bool {
        value.is_some()
    }
}

/// Declares the words of an enum, in the order of their numbers from 0 on; it has `Other` for whatever a newer server names.
macro_rules! words {
    ($kind:ident, $expected:literal, [$($word:ident),*]) => {
        impl $kind {
            /// Lists all that have a name, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$word),*];
        }

        impl $crate::cm::wire::Vocabulary for $kind {
            const WHAT: &'static str = $expected;

            fn of_name(name: &str) -> Option<Self> {
                let known = Self::ALL.iter().copied().find(|word| word.to_name().eq_ignore_ascii_case(name));
                Some(known.unwrap_or(Self::Other))
            }

            fn of_number(number: u32) -> Option<Self> {
                usize::try_from(number).ok().and_then(|number| Self::ALL.get(number).copied())
            }

            fn to_name(self) -> &'static str {
                match self {
                    $(Self::$word => stringify!($word),)*
                    Self::Other => "Other",
                }
            }

            fn to_number(self) -> u32 {
                self as u32
            }
        }
    };
}
pub(in crate::cm) use words;
