//! Bytes as the document of a card's state spells them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

/// Holds secret bytes, which are wiped; hexadecimal in the document.
pub(super) struct Secret(pub Zeroizing<Vec<u8>>);

/// Holds bytes that are not secret; hexadecimal in the document.
pub(super) struct Bytes(pub Vec<u8>);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Zeroizing::new(hex::encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        hex::decode(text.as_bytes()).map(|bytes| Self(Zeroizing::new(bytes))).map_err(|_| not_hexadecimal())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        hex::decode(String::deserialize(from)?).map(Self).map_err(|_| not_hexadecimal())
    }
}

fn not_hexadecimal<E: de::Error>() -> E {
    E::custom("not hexadecimal")
}
