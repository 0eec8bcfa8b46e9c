//! Which keys a template allows, who makes them, and with which hash requests are signed.

use crate::pkix::pfx::PfxCipher;
use crate::pkix::{Certificate, KeyAlgorithm, KeyKind, SignatureAlgorithm};

/// Families of keys, as sizes are compared within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFamily {
    Rsa,
    Ecdsa,
}

/// Which keys and signatures a certification request may have.
#[derive(Clone, Debug)]
pub struct KeyPolicy {
    /// What clients are asked to generate.
    pub generate: KeyAlgorithm,
    /// Families with their smallest size in bits.
    pub allowed: Vec<(KeyFamily, u32)>,
    /// The hash clients are asked to sign the request with.
    pub hash: Hash,
    pub provider: String,
    pub source: KeySource,
    /// Where a card's attestation of the key must come from; empty: none is demanded.
    pub attestation_roots: Vec<Certificate>,
}

/// The hash of a certification request's signature. SHA-1 is accepted only where a template names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// CNG's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        }
    }

    /// The hash of a signature algorithm.
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
    /// May a request be signed with this hash? SHA-2 always; SHA-1 only where the template names it.
    pub fn allows_hash(&self, hash: Hash) -> bool {
        hash != Hash::Sha1 || self.hash == Hash::Sha1
    }

    /// The smallest size in bits a key of this family may have; `None` when none is certified.
    pub fn minimum(&self, family: KeyFamily) -> Option<u32> {
        self.allowed.iter().filter(|(allowed, _)| *allowed == family).map(|(_, minimum)| *minimum).min()
    }
}

impl KeyFamily {
    /// Family and size in bits of a key.
    pub fn of(kind: KeyKind) -> (Self, u32) {
        match kind {
            KeyKind::Rsa { bits } => (Self::Rsa, u32::try_from(bits).unwrap_or(u32::MAX)),
            KeyKind::P256 => (Self::Ecdsa, 256),
            KeyKind::P384 => (Self::Ecdsa, 384),
        }
    }
}

/// Who makes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The client, on the card or beside it.
    Client,
    /// The server; the client gets it as PKCS#12.
    Server {
        /// Sealed to the recovery agents, to be brought back when it is needed.
        archived: bool,
        pfx: PfxCipher,
    },
}
