//! Reads, builds and uses public keys (RFC 5280, 4.1.2.7; RFC 3279; RFC 5480).

use super::digest::sha1;
use super::error::Error;
use super::key_algorithm::{KeyAlgorithm, KeyKind, RSA_BITS};
use super::oid;
use super::signature_algorithm::SignatureAlgorithm;
use aws_lc_rs::{digest, signature as awslc};
use der::{
    Decode, Encode, Sequence,
    asn1::{Any, AnyRef, BitString, Null, OctetStringRef, UintRef},
};
use std::{fmt, str::FromStr};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};

/// Limits a SubjectPublicKeyInfo, in bytes; that of an RSA 8192 key is far below.
const MAX_SPKI: usize = 4096;

impl FromStr for KeyAlgorithm {
    type Err = Error;

    /// Reads [`KeyAlgorithm::name`] in any letter case, with or without the hyphen.
    fn from_str(text: &str) -> Result<Self, Error> {
        let plain = |name: &str| name.replace('-', "").to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|algorithm| plain(algorithm.name()) == plain(text))
            .ok_or_else(|| Error::UnknownKeyName { name: text.into() })
    }
}

/// Holds a public key as a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), DER.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    spki: Vec<u8>,
    kind: KeyKind,
    /// Offset in `spki` at which the content of the BIT STRING begins.
    start: usize,
}

/// Encodes an RSAPublicKey (RFC 3279, 2.3.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in strict DER: RSA of 1024 to 8192 bits, or a point on P-256 or P-384.
    pub fn from_spki(spki: &[u8]) -> Result<Self, Error> {
        if spki.len() > MAX_SPKI {
            return Err(Error::TooLarge { what: "public key", size: spki.len(), limit: MAX_SPKI });
        }
        let malformed = Error::malformed("public key");
        let read = SubjectPublicKeyInfoRef::from_der(spki).map_err(&malformed)?;
        let bits = read
            .subject_public_key
            .as_bytes()
            .ok_or_else(|| malformed(der::ErrorKind::Length { tag: der::Tag::BitString }.into()))?;
        let kind = match read.algorithm.oid {
            oid::RSA_ENCRYPTION if read.algorithm.parameters == Some(AnyRef::NULL) => rsa_kind(bits)?,
            // RFC 3279, 2.3.1 demands NULL; some leave it out, and it says nothing.
            oid::RSA_ENCRYPTION if read.algorithm.parameters.is_none() => {
                return Self::assemble(oid::RSA_ENCRYPTION, Null.into(), bits);
            }
            oid::RSA_ENCRYPTION => return Err(malformed(der::Tag::Null.value_error().into())),
            oid::EC_PUBLIC_KEY => ec_kind(read.algorithm.parameters, bits)?,
            other => return Err(Error::UnknownKeyAlgorithm { oid: other.to_string() }),
        };
        Ok(Self { start: spki.len().saturating_sub(bits.len()), spki: spki.to_vec(), kind })
    }

    /// Builds an RSA key from modulus and exponent, both unsigned and big-endian, as PKCS#11 and cards give them.
    pub fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, Error> {
        let malformed = Error::malformed("RSA public key");
        let key = RsaPublicKey {
            modulus: UintRef::new(modulus).map_err(&malformed)?,
            exponent: UintRef::new(exponent).map_err(&malformed)?,
        };
        let bits = key.to_der().map_err(&malformed)?;
        Self::assemble(oid::RSA_ENCRYPTION, Null.into(), &bits)
    }

    /// Builds an EC key from an uncompressed point (`04 || X || Y`), either bare or in a DER OCTET STRING: PKCS#11
    /// modules disagree on which to return (PKCS#11 3.0, 2.3.3).
    pub fn from_ec_point(algorithm: KeyAlgorithm, point: &[u8]) -> Result<Self, Error> {
        let (curve, length) = match algorithm {
            KeyAlgorithm::P256 => (oid::SECP256R1, 65),
            KeyAlgorithm::P384 => (oid::SECP384R1, 97),
            rsa => return Err(Error::InvalidKey { kind: rsa.kind() }),
        };
        let bare = if point.len() == length {
            point
        } else {
            <&OctetStringRef>::from_der(point).map_err(Error::malformed("EC point"))?.as_bytes()
        };
        Self::assemble(oid::EC_PUBLIC_KEY, curve.into(), bare)
    }

    /// Writes a SubjectPublicKeyInfo and reads it back, so that a key built here passes the same checks as one read.
    fn assemble(algorithm: der::oid::ObjectIdentifier, parameters: Any, bits: &[u8]) -> Result<Self, Error> {
        let malformed = Error::malformed("public key");
        let spki = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned { oid: algorithm, parameters: Some(parameters) },
            subject_public_key: BitString::from_bytes(bits).map_err(&malformed)?,
        };
        Self::from_spki(&spki.to_der().map_err(&malformed)?)
    }

    /// Returns the SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Returns the content of the BIT STRING: an RSAPublicKey, or an uncompressed point.
    pub fn subject_public_key(&self) -> &[u8] {
        self.spki.get(self.start..).unwrap_or_default()
    }

    /// Returns the kind of this key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Returns the algorithm that makes keys like this one; `None` for RSA sizes that are never ordered.
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.kind() == self.kind)
    }

    /// Returns the key identifier of RFC 5280, 4.2.1.2 (1): SHA-1 of the content of the BIT STRING.
    pub fn key_identifier(&self) -> [u8; 20] {
        sha1(self.subject_public_key())
    }

    /// Returns SHA-256 of the whole SubjectPublicKeyInfo.
    pub fn sha256(&self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(digest::digest(&digest::SHA256, &self.spki).as_ref());
        out
    }

    /// Verifies a signature over `message`. SHA-1 is accepted when `algorithm` names it; whether SHA-1 is allowed is
    /// the caller's policy.
    pub fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.verify_part("message", algorithm, message, signature)
    }

    /// Verifies a signature over a part of a message; `what` is how an error names that part.
    pub(super) fn verify_part(
        &self,
        what: &'static str,
        algorithm: SignatureAlgorithm,
        part: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let verifier = algorithm.verifier(self.kind).ok_or(Error::AlgorithmMismatch { kind: self.kind, algorithm })?;
        awslc::UnparsedPublicKey::new(verifier, self.subject_public_key())
            .verify(part, signature)
            .map_err(|_| Error::BadSignature { what })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.kind, hex::encode(self.key_identifier()))
    }
}

/// Reads an RSAPublicKey and refuses sizes out of range, even moduli and unsafe exponents.
fn rsa_kind(bits: &[u8]) -> Result<KeyKind, Error> {
    let key = RsaPublicKey::from_der(bits).map_err(Error::malformed("RSA public key"))?;
    let (modulus, exponent) = (key.modulus.as_bytes(), key.exponent.as_bytes());
    let top = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let size = (modulus.len() * 8).saturating_sub(top);
    let kind = KeyKind::Rsa { bits: size };
    if !RSA_BITS.contains(&size) {
        return Err(Error::RsaSize { bits: size });
    }
    if modulus.last().is_none_or(|byte| byte % 2 == 0) {
        return Err(Error::InvalidKey { kind });
    }
    match exponent {
        [] | [1] | [.., 0] => Err(Error::RsaExponent),
        [.., last] if exponent.len() <= 4 && last % 2 == 1 => Ok(kind),
        _ => Err(Error::RsaExponent),
    }
}

/// Reads the named curve and refuses a point that is not on it or is not uncompressed.
fn ec_kind(parameters: Option<AnyRef<'_>>, point: &[u8]) -> Result<KeyKind, Error> {
    let parameters = parameters.ok_or_else(|| Error::UnknownKeyAlgorithm { oid: oid::EC_PUBLIC_KEY.to_string() })?;
    let curve = parameters
        .decode_as::<der::oid::ObjectIdentifier>()
        .map_err(Error::malformed("EC public key with a named curve"))?;
    let (kind, verifier) = match curve {
        oid::SECP256R1 => (KeyKind::P256, &awslc::ECDSA_P256_SHA256_ASN1),
        oid::SECP384R1 => (KeyKind::P384, &awslc::ECDSA_P384_SHA384_ASN1),
        other => return Err(Error::UnknownKeyAlgorithm { oid: other.to_string() }),
    };
    if let Some(2 | 3) = point.first() {
        return Err(Error::CompressedPoint { kind });
    }
    if point.first() != Some(&4) || awslc::ParsedPublicKey::new(verifier, point).is_err() {
        return Err(Error::InvalidKey { kind });
    }
    Ok(kind)
}
