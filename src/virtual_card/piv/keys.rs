//! Asymmetric keys (SP 800-78-4, 3.1): making, importing, signing, agreeing.

use super::state::{Bytes, Secret};
use crate::iso7816::{StatusWord, tlv};
use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair};
use aws_lc_rs::{agreement, digest, rand};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const PUBLIC_EXPONENT: u32 = 65_537;

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

    /// Bytes of the modulus, or of a coordinate.
    pub const fn length(self) -> usize {
        match self {
            Self::Rsa2048 => 256,
            Self::Rsa3072 => 384,
            Self::Rsa4096 => 512,
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    const fn rsa_size(self) -> Option<aws_lc_rs::rsa::KeySize> {
        match self {
            Self::Rsa2048 => Some(aws_lc_rs::rsa::KeySize::Rsa2048),
            Self::Rsa3072 => Some(aws_lc_rs::rsa::KeySize::Rsa3072),
            Self::Rsa4096 => Some(aws_lc_rs::rsa::KeySize::Rsa4096),
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

/// When the PIN must have been verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum PinPolicy {
    Never,
    Once,
    Always,
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
        let private = match algorithm.rsa_size() {
            Some(size) => {
                let pair = aws_lc_rs::rsa::KeyPair::generate(size).map_err(|_| FAILURE)?;
                let der: Pkcs8V1Der = pair.as_der().map_err(|_| FAILURE)?;
                Zeroizing::new(der.as_ref().to_vec())
            }
            None => {
                let key = agreement::PrivateKey::generate(algorithm.curve()).map_err(|_| FAILURE)?;
                let scalar: EcPrivateKeyBin = key.as_be_bytes().map_err(|_| FAILURE)?;
                Zeroizing::new(scalar.as_ref().to_vec())
            }
        };
        Self::new(algorithm, private, Origin::Generated, pin_policy)
    }

    /// An RSA key by its CRT parts p, q, dp, dq, qinv, which must fit each other.
    pub fn import_rsa(algorithm: Algorithm, parts: [&[u8]; 5], pin_policy: PinPolicy) -> Result<Self, StatusWord> {
        let [p, q, dp, dq, qinv] = parts.map(BigUint::from_bytes_be);
        let half = algorithm.length() * 4;
        // The arithmetic below is for odd numbers of full length only.
        let sound =
            |prime: &BigUint| prime.bits() == half && prime.to_bytes_le().first().is_some_and(|low| low & 1 == 1);
        if algorithm.rsa_size().is_none() || !sound(&p) || !sound(&q) {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let key =
            RsaPrivateKey::from_p_q(p, q, BigUint::from(PUBLIC_EXPONENT)).map_err(|_| StatusWord::INCORRECT_DATA)?;
        let agrees = key.dp() == Some(&dp) && key.dq() == Some(&dq) && key.crt_coefficient() == Some(qinv);
        if !agrees || key.size() != algorithm.length() {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let der = key.to_pkcs8_der().map_err(|_| FAILURE)?;
        Self::new(algorithm, Zeroizing::new(der.as_bytes().to_vec()), Origin::Imported, pin_policy)
    }

    /// A key on a curve by its scalar.
    pub fn import_scalar(algorithm: Algorithm, scalar: &[u8], pin_policy: PinPolicy) -> Result<Self, StatusWord> {
        if algorithm.rsa_size().is_some() || scalar.len() != algorithm.length() {
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

    /// Whether private and public part belong together, and to the algorithm.
    pub fn is_sound(&self) -> bool {
        public_objects(self.algorithm, &self.private.0).as_deref() == Some(self.public.0.as_slice())
    }

    /// Bytes of the card's memory that it takes.
    pub fn size(&self) -> usize {
        self.private.0.len() + self.public.0.len()
    }

    /// Raw RSA on a block of the modulus' length, or ECDSA over a hash of at most a coordinate's length.
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
        // The card never sees what was hashed, or how: a number is a number.
        let digest = digest::Digest::import_less_safe(hash, hashing).ok()?;
        Some(Zeroizing::new(pair.sign_digest(&digest).ok()?.as_ref().to_vec()))
    }

    fn raw_rsa(&self, block: &[u8]) -> Result<Zeroizing<Vec<u8>>, StatusWord> {
        let key = RsaPrivateKey::from_pkcs8_der(&self.private.0).map_err(|_| FAILURE)?;
        let number = BigUint::from_bytes_be(block);
        if &number >= key.n() {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let power = rsa::hazmat::rsa_decrypt_and_check(&key, Some(&mut SystemRandom), &number).map_err(|_| FAILURE)?;
        let power = Zeroizing::new(power.to_bytes_be());
        let mut answer = Zeroizing::new(vec![0; self.algorithm.length()]);
        let start = answer.len() - power.len();
        answer[start..].copy_from_slice(&power);
        Ok(answer)
    }

    /// The x coordinate that this key and somebody's point agree on.
    pub fn agree(&self, point: &[u8]) -> Result<Zeroizing<Vec<u8>>, StatusWord> {
        let length = self.algorithm.length();
        if self.algorithm.rsa_size().is_some() || point.len() != 1 + 2 * length || point.first() != Some(&0x04) {
            return Err(StatusWord::INCORRECT_DATA);
        }
        let curve = self.algorithm.curve();
        let own = agreement::PrivateKey::from_private_key(curve, &self.private.0).map_err(|_| FAILURE)?;
        let peer = agreement::UnparsedPublicKey::new(curve, point);
        agreement::agree(&own, peer, StatusWord::INCORRECT_DATA, |shared| Ok(Zeroizing::new(shared.to_vec())))
    }
}

/// What the card answers when its cryptography fails: no precise diagnosis.
pub(super) const FAILURE: StatusWord = StatusWord(0x6F00);

fn public_objects(algorithm: Algorithm, private: &[u8]) -> Option<Vec<u8>> {
    if algorithm.rsa_size().is_some() {
        let key = RsaPrivateKey::from_pkcs8_der(private).ok().filter(|key| key.size() == algorithm.length())?;
        return Some([tlv::write(0x81, &key.n().to_bytes_be()), tlv::write(0x82, &key.e().to_bytes_be())].concat());
    }
    let key = agreement::PrivateKey::from_private_key(algorithm.curve(), private).ok()?;
    Some(tlv::write(0x86, key.compute_public_key().ok()?.as_ref()))
}

/// The generator of AWS-LC, for the blinding of raw RSA.
struct SystemRandom;

impl rsa::rand_core::RngCore for SystemRandom {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        // AWS-LC aborts rather than fail here; a result without blinding would be right all the same.
        let _ = rand::fill(into);
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        rand::fill(into).map_err(rsa::rand_core::Error::new)
    }
}

impl rsa::rand_core::CryptoRng for SystemRandom {}
