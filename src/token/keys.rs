//! Describes keys on a token: wanted, placed, ordered, stored.

use super::oddity::Oddity;
use crate::pkix::{KeyAlgorithm, PublicKey};

/// Names a key pair and its certificate on a token (CKA_ID on PKCS#11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyId(pub Vec<u8>);

/// Describes a key pair that is to be generated or imported.
#[derive(Clone, Debug)]
pub struct KeyOrder {
    pub id: KeyId,
    /// Label that people see beside the key.
    pub label: String,
    pub algorithm: KeyAlgorithm,
    /// Whether the key may also decrypt or agree, besides signing.
    pub decrypts: bool,
    /// Whether a key that is under the id is replaced; otherwise the order is refused ([`super::Error::KeyIdTaken`]).
    /// Only where ids are fixed places, as on PIV.
    pub replace: bool,
}

/// Tells what a token offers for keys of one algorithm; `None` where that shows only when it is asked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyOffer {
    /// Whether it makes such key pairs.
    pub makes: Option<bool>,
    /// Whether it attests the keys that it makes.
    pub attests: Option<bool>,
    /// Longest certificate that it stores without compression, in bytes.
    pub largest_certificate: Option<usize>,
}

/// Says how much room a key that is to be made will take, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub id: KeyId,
    /// Length of its certificate.
    pub certificate: usize,
    /// Length of the key pair.
    pub key: usize,
}

/// Describes a key that is wanted, before the token has chosen a [`KeyId`] for it.
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// Unique name of the key: the request's UUID, with the key's index where a request orders several.
    pub name: Vec<u8>,
    /// Index of the key among those of its request.
    pub index: u8,
    /// Whether the key decrypts and does not sign. A key for both is placed like one that signs.
    pub decrypts_only: bool,
    /// Keys that the new one supersedes, in a renewal; else empty.
    pub supersedes: Vec<KeyId>,
}

/// Describes a key pair that comes from elsewhere, before the token has chosen a [`KeyId`] for it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Unique name of the key, the same at each repetition.
    pub name: &'a [u8],
    /// The key's certificate, DER.
    pub certificate: &'a [u8],
    /// Whether it is a key of earlier times, which only decrypts what was encrypted before.
    pub is_history: bool,
    /// Ids that other keys of the same request have.
    pub given: &'a [KeyId],
}

/// Says where a key will be. It is chosen before the key is made, so that a journal can name the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub id: KeyId,
    /// Public key that is under the id now, where the token tells. If another one is found there later, that is the new
    /// key.
    pub replaces: Option<PublicKey>,
    /// Whether a certificate is under the id now.
    pub occupied: bool,
    /// Whether the token tells that a private key is under the id now.
    pub keyed: bool,
}

/// Describes what a token holds under one [`KeyId`].
#[derive(Clone)]
pub struct StoredKey {
    pub id: KeyId,
    pub label: String,
    /// Public key; `None` when only a certificate is there.
    pub public_key: Option<PublicKey>,
    pub has_private_key: bool,
    /// Certificate, DER; `None` when there is none, or none that can be read.
    pub certificate: Option<Vec<u8>>,
    /// What is odd about it; `None` in the usual case.
    pub odd: Option<Oddity>,
}

impl StoredKey {
    /// Says whether a key may be there whose certificate cannot be read.
    pub fn is_unreadable(&self) -> bool {
        self.has_private_key && self.certificate.is_none() && self.odd.is_some()
    }
}

impl StoredKey {
    /// Says whether something is stored as a certificate, readable or not.
    pub fn is_certified(&self) -> bool {
        self.certificate.is_some() || self.odd.is_some()
    }

    /// Says whether it is a key without a certificate.
    pub fn is_bare_key(&self) -> bool {
        self.has_private_key && !self.is_certified()
    }
}
