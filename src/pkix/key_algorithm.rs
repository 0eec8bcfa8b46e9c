//! Lists the kinds of key pair that can be ordered, and tells the kinds of public key apart.

use std::{fmt, ops::RangeInclusive};

/// Limits the RSA modulus of a key that is read, in bits: smaller ones are broken, larger ones only cost time.
pub(super) const RSA_BITS: RangeInclusive<usize> = 1024..=8192;

/// Names the kind of a key pair that is to be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
}

impl KeyAlgorithm {
    /// Lists every kind of key pair, the weakest of each family first.
    pub const ALL: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::P256, Self::P384];

    /// Returns the name used in templates and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::P256 => "p-256",
            Self::P384 => "p-384",
        }
    }

    /// Returns the kind of the public keys this algorithm makes.
    pub fn kind(self) -> KeyKind {
        match self {
            Self::Rsa2048 => KeyKind::Rsa { bits: 2048 },
            Self::Rsa3072 => KeyKind::Rsa { bits: 3072 },
            Self::Rsa4096 => KeyKind::Rsa { bits: 4096 },
            Self::P256 => KeyKind::P256,
            Self::P384 => KeyKind::P384,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Tells the kind of a public key. Strangers' RSA keys may have other sizes than those of [`KeyAlgorithm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA, with the size of the modulus in bits.
    Rsa { bits: usize },
    /// ECDSA or ECDH on secp256r1.
    P256,
    /// ECDSA or ECDH on secp384r1.
    P384,
}

impl KeyKind {
    /// Says whether this is an RSA key.
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa { .. })
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
        }
    }
}
