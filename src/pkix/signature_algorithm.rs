//! Lists the signature algorithms: their identifiers, their hashes, the keys they go with (RFC 3279, 2.2; RFC 4055, 5;
//! RFC 5758, 3.2).

use super::key_algorithm::{KeyAlgorithm, KeyKind};
use super::oid;
use aws_lc_rs::{digest, signature as awslc};
use der::{asn1::Null, oid::ObjectIdentifier};
use std::fmt;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Names how a message is signed. SHA-1 is there for old policies that name it and is never chosen by default.
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
    /// Lists every algorithm.
    pub(super) const ALL: [Self; 8] = [
        RsaPkcs1Sha1,
        RsaPkcs1Sha256,
        RsaPkcs1Sha384,
        RsaPkcs1Sha512,
        EcdsaSha1,
        EcdsaSha256,
        EcdsaSha384,
        EcdsaSha512,
    ];

    /// Returns the algorithm that is used where no policy names one: SHA-256, or SHA-384 with P-384.
    pub fn default_for(key: KeyAlgorithm) -> Self {
        Self::usual_for(key.kind())
    }

    /// Returns the same for a key of any size.
    pub fn usual_for(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Rsa { .. } => RsaPkcs1Sha256,
            KeyKind::P256 => EcdsaSha256,
            KeyKind::P384 => EcdsaSha384,
        }
    }

    /// Says whether keys of this kind can sign with this algorithm. P-384 with SHA-1 is refused, because no verifier
    /// here accepts it.
    pub fn goes_with(self, kind: KeyKind) -> bool {
        self.verifier(kind).is_some()
    }

    /// Says whether this is RSA PKCS#1 v1.5.
    pub fn is_rsa(self) -> bool {
        matches!(self, RsaPkcs1Sha1 | RsaPkcs1Sha256 | RsaPkcs1Sha384 | RsaPkcs1Sha512)
    }

    /// Returns the hash's name as policies write it: SHA1, SHA256, SHA384 or SHA512.
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

    /// Returns the AlgorithmIdentifier (RFC 5280, 4.1.1.2): NULL parameters with RSA, none with ECDSA.
    pub fn identifier(self) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned { oid: self.oid(), parameters: self.is_rsa().then(|| Null.into()) }
    }

    /// Returns the object identifier of the hash.
    pub(super) fn digest_oid(self) -> ObjectIdentifier {
        match self {
            RsaPkcs1Sha1 | EcdsaSha1 => oid::SHA1,
            RsaPkcs1Sha256 | EcdsaSha256 => oid::SHA256,
            RsaPkcs1Sha384 | EcdsaSha384 => oid::SHA384,
            RsaPkcs1Sha512 | EcdsaSha512 => oid::SHA512,
        }
    }

    /// Returns the object identifier of the algorithm.
    pub(super) fn oid(self) -> ObjectIdentifier {
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

    /// Returns the verifier for signatures of this algorithm by keys of this kind; `None` where there is none.
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
