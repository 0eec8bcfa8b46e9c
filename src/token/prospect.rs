//! Describes keys that will come from elsewhere, and where each would go.

use super::error::Error;
use super::keys::{KeyId, StoredKey};
use crate::pkix::{Certificate, KeyAlgorithm};

/// Describes a key pair that will come from elsewhere, as far as it is known beforehand.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Unique name of the key.
    pub name: Vec<u8>,
    /// SHA-1 of its certificate, in upper-case hexadecimal; `None` where that is not issued yet.
    pub thumbprint: Option<String>,
    /// `None` for a kind of key that is not known here.
    pub algorithm: Option<KeyAlgorithm>,
    /// Whether the key may decrypt or agree.
    pub decrypts: bool,
    pub whence: Whence,
}

impl Expected {
    /// Says whether the key's certificate is among what a token stores, whatever holds of its key.
    pub fn is_among(&self, stored: &[StoredKey]) -> bool {
        let Some(thumbprint) = &self.thumbprint else { return false };
        let certificates =
            stored.iter().filter_map(|stored| Certificate::from_der(stored.certificate.as_deref()?).ok());
        certificates.into_iter().any(|certificate| certificate.thumbprint_sha1() == *thumbprint)
    }
}

/// Says where a key comes from, and of which time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// From elsewhere, to be used from now on.
    Today,
    /// From elsewhere; it only decrypts what was encrypted before.
    History,
    /// From another place of this token, which a new key takes.
    Moved,
}

/// Says where a key from elsewhere would go, and what is there now.
#[derive(Debug)]
pub enum Prospect {
    /// Its certificate is where it would go.
    IsThere,
    Free(KeyId),
    /// Something else is there.
    Taken {
        id: KeyId,
        /// DER; `None` where there is a key without one, or one that cannot be read.
        certificate: Option<Vec<u8>>,
    },
    /// The token cannot take it.
    Refused(Error),
}
