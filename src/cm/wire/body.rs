//! Bodies in JSON: their keys in order, each with its spelling; reading and writing them.

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::marker::PhantomData;

/// Writes and reads one value of a body.
pub trait Spelling {
    /// The type of the value.
    type Value;

    /// Writes the value.
    fn write<S: Serializer>(value: &Self::Value, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads the value.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error>;

    /// Returns the value that an absent key means; `None` refuses the body.
    fn absent() -> Option<Self::Value> {
        None
    }

    /// Returns the JSON Schema of what is written; the default allows anything.
    fn schema() -> Value {
        Value::Object(serde_json::Map::new())
    }

    /// Says whether the key is written at all.
    fn is_written(_value: &Self::Value) -> bool {
        true
    }
}

/// Serializes a value by its [`Spelling`].
pub struct Written<'a, P: Spelling>(pub &'a P::Value);

impl<P: Spelling> Serialize for Written<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        P::write(self.0, serializer)
    }
}

/// Deserializes one value by its [`Spelling`].
pub(in crate::cm) struct Seed<P: Spelling>(pub(in crate::cm) PhantomData<P>);

impl<'de, P: Spelling> DeserializeSeed<'de> for Seed<P> {
    type Value = P::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<P::Value, D::Error> {
        P::read(deserializer)
    }
}

/// Adds the key to an error about its value.
pub(in crate::cm) fn at_key<E: serde::de::Error>(key: &str, error: E) -> E {
    E::custom(format_args!("{key}: {error}"))
}

/// Says why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the body is not JSON: {0}")]
    Syntax(serde_json::Error),
    #[error("the body is JSON, but not the one this call takes: {0}")]
    Meaning(serde_json::Error),
}

/// Reads a body. Tolerates a byte order mark and trailing commas; the public walkthrough has one.
pub fn read_body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyError> {
    let bytes = without_mark(bytes);
    let error = match serde_json::from_slice(bytes) {
        Ok(body) => return Ok(body),
        Err(error) => error,
    };
    // A spelling's refusal hides whether the text itself was at fault, so the text is read once more for itself.
    let Err(syntax) = serde_json::from_slice::<IgnoredAny>(bytes) else {
        return Err(BodyError::Meaning(error));
    };
    match without_trailing_commas(bytes) {
        Some(mended) if serde_json::from_slice::<IgnoredAny>(&mended).is_ok() => {
            serde_json::from_slice(&mended).map_err(BodyError::Meaning)
        }
        _ => Err(BodyError::Syntax(syntax)),
    }
}

/// Limits the entries of a list that is read: each may need far more memory than it has bytes, and this project's own
/// server sends 500.
const MOST_ENTRIES: usize = 10_000;

/// Holds the entries of a list that is not longer than [`MOST_ENTRIES`].
struct Entries<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
            type Value = Entries<T>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                write!(formatter, "a list of at most {MOST_ENTRIES} entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    if entries.len() == MOST_ENTRIES {
                        return Err(A::Error::invalid_length(entries.len() + 1, &self));
                    }
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_seq(Each(PhantomData))
    }
}

/// Reads an array, or a single object in its place, because the public pages contradict each other about some answers.
pub fn read_one_or_many<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, BodyError> {
    if without_mark(bytes).trim_ascii_start().starts_with(b"{") {
        read_body(bytes).map(|one| vec![one])
    } else {
        read_body(bytes).map(|Entries(entries)| entries)
    }
}

/// Removes a byte order mark.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// Removes each comma before a closing bracket; `None` when there is none.
fn without_trailing_commas(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut comma_at = None;
    let mut dropped = false;
    let (mut in_text, mut escaped) = (false, false);
    for &byte in bytes {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b',' {
            comma_at = Some(kept.len());
        } else if !byte.is_ascii_whitespace() {
            if let (b'}' | b']', Some(at)) = (byte, comma_at) {
                kept.remove(at);
                dropped = true;
            }
            comma_at = None;
            in_text = byte == b'"';
        }
        kept.push(byte);
    }
    dropped.then_some(kept)
}

/// Returns the value found or the one that an absent key means; refuses a missing key otherwise.
pub(in crate::cm) fn or_absent<P: Spelling, E: serde::de::Error>(
    found: Option<P::Value>,
    key: &'static str,
) -> Result<P::Value, E> {
    found.or_else(P::absent).ok_or_else(|| E::missing_field(key))
}

/// Gives the name that a body has in descriptions and messages: its type's, unless it says another.
macro_rules! title {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident as $title:ident) => {
        stringify!($title)
    };
}

/// Declares a body: for each field its key, then other keys that are read for it, and its spelling.
///
/// Keys are written in this order and letter case, and read in any. Reading skips unknown keys and refuses a key that
/// is given twice.
macro_rules! body {
    ($name:ident $(as $title:ident)? { $($field:ident: $key:literal $(| $other:literal)* => $spelling:ty),* $(,)? }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                use $crate::cm::wire::{Spelling, Written};
                let mut map = serializer.serialize_map(None)?;
                $(
                    if <$spelling as Spelling>::is_written(&self.$field) {
                        map.serialize_entry($key, &Written::<$spelling>(&self.$field))?;
                    }
                )*
                map.end()
            }
        }

        impl $crate::cm::wire::Described for $name {
            fn schema() -> serde_json::Value {
                use $crate::cm::wire::Spelling;
                let keys = vec![$(
                    ($key, <$spelling as Spelling>::schema(), <$spelling as Spelling>::absent().is_none())
                ),*];
                $crate::cm::wire::schema::object($crate::cm::wire::body::title!($name $(as $title)?), keys)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Keys;
                impl<'de> serde::de::Visitor<'de> for Keys {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                        formatter.write_str(concat!("an object (", $crate::cm::wire::body::title!($name $(as $title)?), ")"))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        use serde::de::Error as _;
                        use $crate::cm::wire::{Spelling, body};
                        $(let mut $field: Option<<$spelling as Spelling>::Value> = None;)*
                        while let Some(key) = map.next_key::<String>()? {
                            $(
                                if [$key $(, $other)*].iter().any(|known| known.eq_ignore_ascii_case(&key)) {
                                    if $field.is_some() {
                                        return Err(A::Error::duplicate_field($key));
                                    }
                                    let seed = body::Seed::<$spelling>(std::marker::PhantomData);
                                    let value = map.next_value_seed(seed);
                                    $field = Some(value.map_err(|error| body::at_key(&key, error))?);
                                    continue;
                                }
                            )*
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                        Ok($name { $($field: body::or_absent::<$spelling, A::Error>($field, $key)?),* })
                    }
                }
                deserializer.deserialize_map(Keys)
            }
        }
    };
}
pub(in crate::cm) use {body, title};
