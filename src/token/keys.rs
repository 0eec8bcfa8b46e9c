//! Keys on a token: wanted, placed, ordered, stored.

use crate::pkix::{KeyAlgorithm, PublicKey};

/// Names a key pair and its certificate on a token (CKA_ID on PKCS#11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyId(pub Vec<u8>);

/// A key pair to be made.
#[derive(Clone, Debug)]
pub struct KeyOrder {
    pub id: KeyId,
    /// What people see beside the key.
    pub label: String,
    pub algorithm: KeyAlgorithm,
    /// The key may decrypt or agree, besides signing.
    pub decrypts: bool,
    /// What is under the id gives way to the new key; else it is refused ([`super::Error::KeyIdTaken`]). Only where ids are
    /// places, as on PIV.
    pub replace: bool,
}

/// A key that is wanted, before it has a [`KeyId`].
#[derive(Clone, Debug)]
pub struct KeyWish {
    /// Unique to this key: the request's UUID, and its index where a request orders several.
    pub name: Vec<u8>,
    /// The key's index among those of its request.
    pub index: u8,
    /// It decrypts and does not sign; a key for both is placed like one that signs.
    pub decrypts_only: bool,
    /// What the new key is to supersede (a renewal); empty for a first one.
    pub supersedes: Vec<KeyId>,
}

/// Where a key will be, chosen before it is made so that a journal can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    pub id: KeyId,
    /// The key that is under the id now, where the token tells; a key found there later is new if it is another one.
    pub replaces: Option<PublicKey>,
    /// A certificate is under the id now.
    pub occupied: bool,
}

/// What a token holds under one [`KeyId`].
#[derive(Clone)]
pub struct StoredKey {
    pub id: KeyId,
    pub label: String,
    /// `None` when only a certificate is there.
    pub public_key: Option<PublicKey>,
    pub has_private_key: bool,
    /// The certificate, DER.
    pub certificate: Option<Vec<u8>>,
}
