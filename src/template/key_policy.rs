//! Describes which keys a template allows, who makes them, and with which hash requests are signed.

use crate::pkix::pfx::PfxProtection;
use crate::pkix::{Certificate, KeyAlgorithm, KeyKind, SignatureAlgorithm};

/// Names the families of keys; sizes are compared within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFamily {
    Rsa,
    Ecdsa,
}

/// Describes which keys and signatures a certification request may have.
#[derive(Clone, Debug)]
pub struct KeyPolicy {
    /// The kind of key that clients are asked to generate.
    pub generate: KeyAlgorithm,
    /// The allowed families, each with its smallest size in bits.
    pub allowed: Vec<(KeyFamily, u32)>,
    /// The hash clients are asked to sign the request with.
    pub hash: Hash,
    pub provider: String,
    pub source: KeySource,
    /// The authorities that a card's attestation of the key must come from; empty: no attestation is demanded.
    pub attestation_roots: Vec<Certificate>,
}

/// Names the hash of a certification request's signature. SHA-1 is accepted only where a template names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Returns the name that CNG has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// Returns the hash of a signature algorithm.
    pub fn of(algorithm: SignatureAlgorithm) -> Self {
        match algorithm {
            SignatureAlgorithm::RsaPkcs1Sha1 | SignatureAlgorithm::EcdsaSha1 => Self::Sha1,
            SignatureAlgorithm::RsaPkcs1Sha256 | SignatureAlgorithm::EcdsaSha256 => Self::Sha256,
            SignatureAlgorithm::RsaPkcs1Sha384 | SignatureAlgorithm::EcdsaSha384 => Self::Sha384,
            SignatureAlgorithm::RsaPkcs1Sha512 | SignatureAlgorithm::EcdsaSha512 => Self::Sha512,
        }
    }
}

impl KeyPolicy {
    /// Says whether a request may be signed with this hash: SHA-2 always, SHA-1 only where the template names it.
    pub fn allows_hash(&self, hash: Hash) -> bool {
        hash != Hash::Sha1 || self.hash == Hash::Sha1
    }

    /// Returns the smallest size in bits that a key of this family may have; `None` when the family is not allowed.
    pub fn minimum(&self, family: KeyFamily) -> Option<u32> {
        self.allowed.iter().filter(|(allowed, _)| *allowed == family).map(|(_, minimum)| *minimum).min()
    }
}

impl KeyFamily {
    /// Returns family and size in bits of a key.
    pub fn of(kind: KeyKind) -> (Self, u32) {
        match kind {
            KeyKind::Rsa { bits } => (Self::Rsa, u32::try_from(bits).unwrap_or(u32::MAX)),
            KeyKind::P256 => (Self::Ecdsa, 256),
            KeyKind::P384 => (Self::Ecdsa, 384),
        }
    }
}

/// Says who makes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The client, on the card or beside it.
    Client,
    /// The server; the client gets it as PKCS#12.
    Server {
        /// Whether it is kept in the archive, so that it can be recovered.
        archived: bool,
        pfx: PfxProtection,
    },
}
