//! The only secrets in bodies: a card's admin key, its PUK, a server-proposed PIN, the passphrase of a PFX, one-time
//! passwords, bearer tokens and codes of offline unblock.

use super::body::Spelling;
use super::schema::Described;
use super::text::read_base64;
use crate::secret::{ActivationCode, AdminKey, LinkCode, OneTimePassword, Passphrase, Pin, Puk};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

/// Bounds a secret that is read, in bytes.
const MAX_SECRET: usize = 1024;

/// Answers `diversifiedkey`: the key's bytes in base64, on one line.
pub struct DiversifiedKey(pub AdminKey);

impl Serialize for DiversifiedKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(self.0.expose())))
    }
}

impl<'de> Deserialize<'de> for DiversifiedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = secret_text(deserializer)?;
        // The message must not quote what came.
        let bytes = text.as_deref().and_then(|text| read_base64(text)).ok_or_else(|| D::Error::custom("not base64"))?;
        Ok(Self(AdminKey::new(bytes)))
    }
}

/// Answers `serverproposedpin` with the PIN.
pub struct PinText(pub Pin);

impl Serialize for PinText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for PinText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = secret_text(deserializer)?.ok_or_else(|| D::Error::custom("no PIN"))?;
        Ok(Self(Pin::new(std::mem::take(&mut *text))))
    }
}

/// Declares the spelling of a secret text whose key is left out when there is none; empty text is read as none.
macro_rules! secret_or_nothing {
    ($(#[$doc:meta])* $name:ident, $secret:ty) => {
        $(#[$doc])*
        pub struct $name;

        impl Spelling for $name {
            type Value = Option<$secret>;

            fn schema() -> Value {
                String::schema()
            }

            fn write<S: Serializer>(value: &Option<$secret>, serializer: S) -> Result<S::Ok, S::Error> {
                value.as_ref().map(<$secret>::expose).serialize(serializer)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$secret>, D::Error> {
                let text = secret_text(deserializer)?.filter(|text| !text.is_empty());
                Ok(text.map(|mut text| <$secret>::new(std::mem::take(&mut *text))))
            }

            fn absent() -> Option<Option<$secret>> {
                Some(None)
            }

            fn is_written(value: &Option<$secret>) -> bool {
                value.is_some()
            }
        }
    };
}

secret_or_nothing! {
    /// Spells a passphrase whose key is left out when there is none.
    PassphraseOrNothing, Passphrase
}
secret_or_nothing! {
    /// Spells a PUK whose key is left out when there is none.
    PukOrNothing, Puk
}

secret_or_nothing! {
    /// Spells an activation code whose key is left out when there is none.
    ActivationCodeOrNothing, ActivationCode
}
secret_or_nothing! {
    /// Spells the code of a link whose key is left out when there is none.
    LinkCodeOrNothing, LinkCode
}
secret_or_nothing! {
    /// Spells a one-time password whose key is left out when there is none.
    OneTimePasswordOrNothing, OneTimePassword
}

/// Spells an admin key in base64; the key is left out when there is none.
pub struct AdminKeyOrNothing;

impl Spelling for AdminKeyOrNothing {
    type Value = Option<AdminKey>;

    fn schema() -> Value {
        String::schema()
    }

    fn write<S: Serializer>(value: &Option<AdminKey>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(key) => serializer.serialize_str(&Zeroizing::new(STANDARD.encode(key.expose()))),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AdminKey>, D::Error> {
        let Some(text) = secret_text(deserializer)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let bytes = read_base64(&text).ok_or_else(|| D::Error::custom("not base64"))?;
        Ok(Some(AdminKey::new(bytes)))
    }

    fn absent() -> Option<Option<AdminKey>> {
        Some(None)
    }

    fn is_written(value: &Option<AdminKey>) -> bool {
        value.is_some()
    }
}

/// Spells a required text that is wiped when dropped.
pub struct SecretText;

impl Spelling for SecretText {
    type Value = Zeroizing<String>;

    fn schema() -> Value {
        String::schema()
    }

    fn write<S: Serializer>(value: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(value)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
        secret_text(deserializer)?.ok_or_else(|| D::Error::custom("no text"))
    }
}

/// Reads text of at most [`MAX_SECRET`] bytes. Errors never quote the value, as serde's own would.
fn secret_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Zeroizing<String>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer).map_err(|_| D::Error::custom("must be text"))?;
    let text = text.map(Zeroizing::new);
    match text.as_ref().filter(|text| text.len() > MAX_SECRET) {
        Some(long) => Err(D::Error::custom(format_args!("has {} bytes; at most {MAX_SECRET} are taken", long.len()))),
        None => Ok(text),
    }
}
