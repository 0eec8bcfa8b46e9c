//! The body of status 201: a bare JSON string that names what was created.

use super::text::{guid_text, read_guid};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Answers `POST requests` and `POST smartcards`, as in `"api/v1.0/requests/{guid}"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    Request(Uuid),
    Smartcard(Uuid),
}

/// Says why a location names nothing that was created.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreatedError {
    #[error("the server answered the location \"{location}\", which names neither a request nor a smart card")]
    Collection { location: String },
    #[error("the server answered the location \"{location}\", which ends in no GUID")]
    Guid { location: String },
}

impl Created {
    /// Returns the location as Microsoft's samples have it: relative, with the API's version.
    pub fn location(self) -> String {
        let (collection, uuid) = match self {
            Self::Request(uuid) => ("requests", uuid),
            Self::Smartcard(uuid) => ("smartcards", uuid),
        };
        format!("api/v1.0/{collection}/{}", guid_text(uuid))
    }

    /// Reads a relative, rooted or absolute location; only its last two segments count.
    pub fn from_location(location: &str) -> Result<Self, CreatedError> {
        let mut segments = location.trim().trim_end_matches('/').rsplit('/');
        let guid = segments.next().unwrap_or_default();
        let collection = segments.next().unwrap_or_default();
        let uuid = read_guid(guid).ok_or_else(|| CreatedError::Guid { location: location.into() })?;
        match collection.to_ascii_lowercase().as_str() {
            "requests" => Ok(Self::Request(uuid)),
            "smartcards" => Ok(Self::Smartcard(uuid)),
            _ => Err(CreatedError::Collection { location: location.into() }),
        }
    }

    /// Returns the GUID of what was created.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Request(uuid) | Self::Smartcard(uuid) => uuid,
        }
    }
}

impl Serialize for Created {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.location())
    }
}

impl<'de> Deserialize<'de> for Created {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_location(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
