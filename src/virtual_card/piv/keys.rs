//! Asymmetric keys (SP 800-78-4, 3.1): making, importing, signing, agreeing.

use super::super::rsa_key::RsaKey;
use super::bytes::{Bytes, Secret};
use crate::iso7816::{StatusWord, tlv};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair};
use aws_lc_rs::{agreement, digest};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Algorithm {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
}

impl Algorithm {
    pub const fn id(self) -> u8 {
        match self {
            Self::Rsa3072 => 0x05,
            Self::Rsa2048 => 0x07,
            Self::P256 => 0x11,
            Self::P384 => 0x14,
            Self::Rsa4096 => 0x16,
        }
    }

    pub fn from_id(id: u8) -> Option<Self> {
        [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::P256, Self::P384].into_iter().find(|known| known.id() == id)
    }

    /// Returns the bytes of the modulus, or of a coordinate.
    pub const fn length(self) -> usize {
        match self {
            Self::Rsa2048 => 256,
            Self::Rsa3072 => 384,
            Self::Rsa4096 => 512,
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    /// Returns the bits of the modulus; `None` for a curve.
    const fn rsa_bits(self) -> Option<usize> {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => Some(self.length() * 8),
            Self::P256 | Self::P384 => None,
        }
    }

    fn curve(self) -> &'static agreement::Algorithm {
        if self == Self::P384 { &agreement::ECDH_P384 } else { &agreement::ECDH_P256 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Origin {
    Generated,
    Imported,
}

/// Says when the PIN must have been verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum PinPolicy {
    Never,
    Once,
    Always,
}

impl PinPolicy {
    /// Returns the byte by which YubiKeys name the policy.
    pub const fn id(self) -> u8 {
        match self {
            Self::Never => 1,
            Self::Once => 2,
            Self::Always => 3,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub algorithm: Algorithm,
    /// PKCS#8 for RSA, the scalar for a curve.
    private: Secret,
    /// The objects of a public key: 81 and 82, or 86.
    pub public: Bytes,
    pub origin: Origin,
    pub pin_policy: PinPolicy,
    pub touch_policy: u8,
}

impl Key {
    pub fn generate(algorithm: Algorithm, pin_policy: PinPolicy) -> Result<Self, StatusWord> {
        let private = match algorithm.rsa_bits() {
            Some(bits) => RsaKey::generate(bits).and_then(|key| key.to_pkcs8()).ok_or(FAILURE)?,
            None => {
                let key = agreement::PrivateKey::generate(algorithm.curve()).map_err(|_| FAILURE)?;
                let scalar: EcPrivateKeyBin = key.as_be_bytes().map_err(|_| FAILURE)?;
                Zeroizing::new(scalar.as_ref().to_vec())
            }
        };
        Self::new(algorithm, private, Origin::Generated, pin_policy)
    }

    /// Makes an RSA key of its CRT parts p, q, dp, dq, qinv, which must fit each other.
    pub fn import_rsa(algorithm: Algorithm, parts: [&[u8]; 5], pin_policy: PinPolicy) -> Result<Self, StatusWord> {
        let key = algorithm.rsa_bits().and_then(|bits| RsaKey::from_crt(bits, parts));
        let private = key.ok_or(StatusWord::INCORRECT_DATA)?.to_pkcs8().ok_or(FAILURE)?;
        Self::new(algorithm, private, Origin::Imported, pin_policy)
    }

    /// Makes a key on a curve of its scalar.
    pub fn import_scalar(algorithm: Algorithm, scalar: &[u8], pin_policy: PinPolicy) -> Result<Self, StatusWord> {
        if algorithm.rsa_bits().is_some() || scalar.len() != algorithm.length() {
            return Err(StatusWord::INCORRECT_DATA);
        }
        Self::new(algorithm, Zeroizing::new(scalar.to_vec()), Origin::Imported, pin_policy)
    }

    fn new(
        algorithm: Algorithm,
        private: Zeroizing<Vec<u8>>,
        origin: Origin,
        pin_policy: PinPolicy,
    ) -> Result<Self, StatusWord> {
        let public = Bytes(public_objects(algorithm, &private).ok_or(StatusWord::INCORRECT_DATA)?);
        Ok(Self { algorithm, private: Secret(private), public, origin, pin_policy, touch_policy: 1 })
    }

    /// Says whether private and public part belong together, and to the algorithm.
    pub fn is_sound(&self) -> bool {
        public_objects(self.algorithm, &self.private.0).as_deref() == Some(self.public.0.as_slice())
    }

    /// Returns the bytes of the card's memory that it takes.
    pub fn size(&self) -> usize {
        self.private.0.len() + self.public.0.len()
    }

    /// Signs: raw RSA on a block as long as the modulus, or ECDSA over a hash no longer than a coordinate.
    pub fn sign(&self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, StatusWord> {
        let length = self.algorithm.length();
        match self.algorithm {
            Algorithm::P256 | Algorithm::P384 => {
                let missing = length.checked_sub(data.len()).filter(|_| !data.is_empty());
                let mut hash = vec![0; missing.ok_or(StatusWord::INCORRECT_DATA)?];
                hash.extend_from_slice(data);
                self.ecdsa(&hash).ok_or(FAILURE)
            }
            Algorithm::Rsa2048 | Algorithm::Rsa3072 | Algorithm::Rsa4096 if data.len() != length => {
                Err(StatusWord::INCORRECT_DATA)
            }
            Algorithm::Rsa2048 | Algorithm::Rsa3072 | Algorithm::Rsa4096 => self.raw_rsa(data),
        }
    }

    fn ecdsa(&self, hash: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (signing, hashing) = match self.algorithm {
            Algorithm::P384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, &digest::SHA384),
            _ => (&ECDSA_P256_SHA256_ASN1_SIGNING, &digest::SHA256),
        };
        let point = tlv::read_one(&self.public.0).ok()?.value;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, &self.private.0, point).ok()?;
        // The card never learns which digest was used; it signs the number that it is given.
        let digest = digest::Digest::import_less_safe(hash, hashing).ok()?;
        Some(Zeroizing::new(pair.sign_digest(&digest).ok()?.as_ref().to_vec()))
    }

    fn raw_rsa(&self, block: &[u8]) -> Result<Zeroizing<Vec<u8>>, StatusWord> {
        let key = RsaKey::from_pkcs8(&self.private.0).ok_or(FAILURE)?;
        key.private(block).ok_or(StatusWord::INCORRECT_DATA)
    }

    /// Returns the x coordinate that this key and another's point agree on (ECDH).
    pub fn agree(&self, point: &[u8]) -> Result<Zeroizing<Vec<u8>>, StatusWord> {
        let length = self.algorithm.length();
        if self.algorithm.rsa_bits().is_some() || point.len() != 1 + 2 * length || point.first() != Some(&0x04) {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let curve = self.algorithm.curve();
        let own = agreement::PrivateKey::from_private_key(curve, &self.private.0).map_err(|_| FAILURE)?;
        let peer = agreement::UnparsedPublicKey::new(curve, point);
        agreement::agree(&own, peer, StatusWord::INCORRECT_DATA, |shared| Ok(Zeroizing::new(shared.to_vec())))
    }
}

/// Says that the card's cryptography failed: no precise diagnosis.
pub(super) const FAILURE: StatusWord = StatusWord(0x6F00);

fn public_objects(algorithm: Algorithm, private: &[u8]) -> Option<Vec<u8>> {
    if let Some(bits) = algorithm.rsa_bits() {
        let key = RsaKey::from_pkcs8(private).filter(|key| key.bits() == bits)?;
        return Some([tlv::write(0x81, &key.modulus()), tlv::write(0x82, &key.public_exponent())].concat());
    }
    let key = agreement::PrivateKey::from_private_key(algorithm.curve(), private).ok()?;
    Some(tlv::write(0x86, key.compute_public_key().ok()?.as_ref()))
}
