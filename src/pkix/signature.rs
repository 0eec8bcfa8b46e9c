//! How a message is signed (RFC 3279, 2.2; RFC 4055, 5; RFC 5758, 3.2).

use std::fmt;

use aws_lc_rs::{digest, signature as awslc};
use der::{
    Decode, Encode, Sequence,
    asn1::{Null, OctetStringRef},
    oid::ObjectIdentifier,
};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{Error, KeyAlgorithm, KeyKind, oid};

/// How a message is signed. SHA-1 is there for old policies that name it and is never chosen by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    RsaPkcs1Sha1,
    RsaPkcs1Sha256,
    RsaPkcs1Sha384,
    RsaPkcs1Sha512,
    EcdsaSha1,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
}

use SignatureAlgorithm::*;

impl SignatureAlgorithm {
    const ALL: [Self; 8] = [
        RsaPkcs1Sha1,
        RsaPkcs1Sha256,
        RsaPkcs1Sha384,
        RsaPkcs1Sha512,
        EcdsaSha1,
        EcdsaSha256,
        EcdsaSha384,
        EcdsaSha512,
    ];

    /// The algorithm where no policy names one: SHA-256, or SHA-384 on P-384.
    pub fn default_for(key: KeyAlgorithm) -> Self {
        match key {
            KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => RsaPkcs1Sha256,
            KeyAlgorithm::P256 => EcdsaSha256,
            KeyAlgorithm::P384 => EcdsaSha384,
        }
    }

    /// The algorithm for a policy that names a hash: SHA1, SHA256, SHA384 or SHA512, in any letter case, with or
    /// without a hyphen.
    pub fn for_hash(key: KeyAlgorithm, hash: &str) -> Result<Self, Error> {
        let rsa = key.kind().is_rsa();
        match (hash.replace('-', "").to_ascii_uppercase().as_str(), rsa) {
            ("SHA1", true) => Ok(RsaPkcs1Sha1),
            ("SHA256", true) => Ok(RsaPkcs1Sha256),
            ("SHA384", true) => Ok(RsaPkcs1Sha384),
            ("SHA512", true) => Ok(RsaPkcs1Sha512),
            ("SHA1", false) => Ok(EcdsaSha1),
            ("SHA256", false) => Ok(EcdsaSha256),
            ("SHA384", false) => Ok(EcdsaSha384),
            ("SHA512", false) => Ok(EcdsaSha512),
            _ => Err(Error::UnknownHash { name: hash.into() }),
        }
    }

    /// Whether keys of this kind sign so. P-384 with SHA-1 is the one pair of a family that nobody verifies.
    pub fn goes_with(self, kind: KeyKind) -> bool {
        self.verifier(kind).is_some()
    }

    /// Whether this is RSA PKCS#1 v1.5.
    pub fn is_rsa(self) -> bool {
        matches!(self, RsaPkcs1Sha1 | RsaPkcs1Sha256 | RsaPkcs1Sha384 | RsaPkcs1Sha512)
    }

    /// The name of the hash as policies write it: SHA1, SHA256, SHA384 or SHA512.
    pub fn hash_name(self) -> &'static str {
        match self {
            RsaPkcs1Sha1 | EcdsaSha1 => "SHA1",
            RsaPkcs1Sha256 | EcdsaSha256 => "SHA256",
            RsaPkcs1Sha384 | EcdsaSha384 => "SHA384",
            RsaPkcs1Sha512 | EcdsaSha512 => "SHA512",
        }
    }

    /// Hashes a message as this algorithm would, for keys that sign a digest.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            RsaPkcs1Sha1 | EcdsaSha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            RsaPkcs1Sha256 | EcdsaSha256 => &digest::SHA256,
            RsaPkcs1Sha384 | EcdsaSha384 => &digest::SHA384,
            RsaPkcs1Sha512 | EcdsaSha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    /// The DigestInfo over a message (RFC 8017, 9.2), for keys that pad it or are given it padded.
    pub fn digest_info(self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let malformed = Error::malformed("DigestInfo");
        let digest = self.digest(message);
        let info = DigestInfo {
            algorithm: AlgorithmIdentifierOwned { oid: self.digest_oid(), parameters: Some(Null.into()) },
            digest: OctetStringRef::new(&digest).map_err(&malformed)?,
        };
        info.to_der().map_err(&malformed)
    }

    /// The AlgorithmIdentifier (RFC 5280, 4.1.1.2): NULL parameters with RSA, none with ECDSA.
    pub fn identifier(self) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned { oid: self.oid(), parameters: self.is_rsa().then(|| Null.into()) }
    }

    /// The AlgorithmIdentifier, DER.
    pub fn to_der(self) -> Result<Vec<u8>, Error> {
        self.identifier().to_der().map_err(Error::malformed("signature algorithm"))
    }

    /// Reads an AlgorithmIdentifier, DER.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let identifier = AlgorithmIdentifierOwned::from_der(der).map_err(Error::malformed("signature algorithm"))?;
        Self::from_identifier(&identifier)
    }

    /// Reads an AlgorithmIdentifier. RSA without the NULL is read too, as RFC 4055, 5 asks.
    pub fn from_identifier(identifier: &AlgorithmIdentifierOwned) -> Result<Self, Error> {
        let unknown = || Error::UnknownSignatureAlgorithm { oid: identifier.oid.to_string() };
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.oid() == identifier.oid).ok_or_else(unknown)?;
        match &identifier.parameters {
            None => Ok(found),
            Some(parameters) if parameters.is_null() && found.is_rsa() => Ok(found),
            Some(_) => Err(unknown()),
        }
    }

    /// The algorithm of a message that names the hash and leaves the rest to the key.
    pub(super) fn for_digest(kind: KeyKind, digest: ObjectIdentifier) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|it| it.goes_with(kind) && it.digest_oid() == digest);
        found.ok_or_else(|| Error::UnknownSignatureAlgorithm { oid: digest.to_string() })
    }

    pub(super) fn digest_oid(self) -> ObjectIdentifier {
        match self {
            RsaPkcs1Sha1 | EcdsaSha1 => oid::SHA1,
            RsaPkcs1Sha256 | EcdsaSha256 => oid::SHA256,
            RsaPkcs1Sha384 | EcdsaSha384 => oid::SHA384,
            RsaPkcs1Sha512 | EcdsaSha512 => oid::SHA512,
        }
    }

    fn oid(self) -> ObjectIdentifier {
        match self {
            RsaPkcs1Sha1 => oid::SHA1_WITH_RSA,
            RsaPkcs1Sha256 => oid::SHA256_WITH_RSA,
            RsaPkcs1Sha384 => oid::SHA384_WITH_RSA,
            RsaPkcs1Sha512 => oid::SHA512_WITH_RSA,
            EcdsaSha1 => oid::ECDSA_WITH_SHA1,
            EcdsaSha256 => oid::ECDSA_WITH_SHA256,
            EcdsaSha384 => oid::ECDSA_WITH_SHA384,
            EcdsaSha512 => oid::ECDSA_WITH_SHA512,
        }
    }

    /// What verifies such signatures of such keys; `None` where nothing does.
    pub(super) fn verifier(self, kind: KeyKind) -> Option<&'static dyn awslc::VerificationAlgorithm> {
        let small = matches!(kind, KeyKind::Rsa { bits } if bits < 2048);
        Some(match (self, kind) {
            // A request with a small key must verify before policy can say that the key is too small.
            (RsaPkcs1Sha1, KeyKind::Rsa { .. }) => &awslc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (RsaPkcs1Sha256, KeyKind::Rsa { .. }) if small => &awslc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            (RsaPkcs1Sha512, KeyKind::Rsa { .. }) if small => &awslc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            (RsaPkcs1Sha256, KeyKind::Rsa { .. }) => &awslc::RSA_PKCS1_2048_8192_SHA256,
            (RsaPkcs1Sha384, KeyKind::Rsa { .. }) => &awslc::RSA_PKCS1_2048_8192_SHA384,
            (RsaPkcs1Sha512, KeyKind::Rsa { .. }) => &awslc::RSA_PKCS1_2048_8192_SHA512,
            (EcdsaSha1, KeyKind::P256) => &awslc::ECDSA_P256_SHA1_ASN1,
            (EcdsaSha256, KeyKind::P256) => &awslc::ECDSA_P256_SHA256_ASN1,
            (EcdsaSha384, KeyKind::P256) => &awslc::ECDSA_P256_SHA384_ASN1,
            (EcdsaSha512, KeyKind::P256) => &awslc::ECDSA_P256_SHA512_ASN1,
            (EcdsaSha256, KeyKind::P384) => &awslc::ECDSA_P384_SHA256_ASN1,
            (EcdsaSha384, KeyKind::P384) => &awslc::ECDSA_P384_SHA384_ASN1,
            (EcdsaSha512, KeyKind::P384) => &awslc::ECDSA_P384_SHA512_ASN1,
            _ => return None,
        })
    }
}

/// RFC 8017, A.2.4.
#[derive(Sequence)]
struct DigestInfo<'a> {
    algorithm: AlgorithmIdentifierOwned,
    digest: &'a OctetStringRef,
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RsaPkcs1Sha1 => "sha1WithRSAEncryption",
            RsaPkcs1Sha256 => "sha256WithRSAEncryption",
            RsaPkcs1Sha384 => "sha384WithRSAEncryption",
            RsaPkcs1Sha512 => "sha512WithRSAEncryption",
            EcdsaSha1 => "ecdsa-with-SHA1",
            EcdsaSha256 => "ecdsa-with-SHA256",
            EcdsaSha384 => "ecdsa-with-SHA384",
            EcdsaSha512 => "ecdsa-with-SHA512",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_info_is_that_of_rfc_8017() {
        let info = RsaPkcs1Sha256.digest_info(b"abc").unwrap();
        assert!(hex::encode(info).starts_with("3031300d060960864801650304020105000420ba7816bf"));
        assert!(
            hex::encode(RsaPkcs1Sha1.digest_info(b"").unwrap()).starts_with("3021300906052b0e03021a05000414da39a3ee")
        );
    }
}
