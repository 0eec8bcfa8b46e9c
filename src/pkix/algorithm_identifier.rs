//! Reads and writes signature algorithms as others spell them: AlgorithmIdentifier (RFC 5280, 4.1.1.2), DigestInfo (RFC
//! 8017, A.2.4), and the name of a hash in a policy.

use super::error::Error;
use super::key_algorithm::{KeyAlgorithm, KeyKind};
use super::signature_algorithm::SignatureAlgorithm;
use der::{
    Decode, Encode, Sequence,
    asn1::{Null, OctetStringRef},
    oid::ObjectIdentifier,
};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Encodes a DigestInfo (RFC 8017, A.2.4).
#[derive(Sequence)]
struct DigestInfo<'a> {
    algorithm: AlgorithmIdentifierOwned,
    digest: &'a OctetStringRef,
}

impl SignatureAlgorithm {
    /// Returns the algorithm for a key and the hash that a policy names: SHA1, SHA256, SHA384 or SHA512, in any letter
    /// case, with or without a hyphen. Any other name is [`Error::UnknownHash`].
    pub fn for_hash(key: KeyAlgorithm, hash: &str) -> Result<Self, Error> {
        let rsa = key.kind().is_rsa();
        match (hash.replace('-', "").to_ascii_uppercase().as_str(), rsa) {
            ("SHA1", true) => Ok(Self::RsaPkcs1Sha1),
            ("SHA256", true) => Ok(Self::RsaPkcs1Sha256),
            ("SHA384", true) => Ok(Self::RsaPkcs1Sha384),
            ("SHA512", true) => Ok(Self::RsaPkcs1Sha512),
            ("SHA1", false) => Ok(Self::EcdsaSha1),
            ("SHA256", false) => Ok(Self::EcdsaSha256),
            ("SHA384", false) => Ok(Self::EcdsaSha384),
            ("SHA512", false) => Ok(Self::EcdsaSha512),
            _ => Err(Error::UnknownHash { name: hash.into() }),
        }
    }

    /// Returns the DigestInfo over a message (RFC 8017, 9.2), DER, for keys that pad it themselves or are given it
    /// padded.
    pub fn digest_info(self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let malformed = Error::malformed("DigestInfo");
        let digest = self.digest(message);
        let info = DigestInfo {
            algorithm: AlgorithmIdentifierOwned { oid: self.digest_oid(), parameters: Some(Null.into()) },
            digest: OctetStringRef::new(&digest).map_err(&malformed)?,
        };
        info.to_der().map_err(&malformed)
    }

    /// Returns the AlgorithmIdentifier, DER.
    pub fn to_der(self) -> Result<Vec<u8>, Error> {
        self.identifier().to_der().map_err(Error::malformed("signature algorithm"))
    }

    /// Reads an AlgorithmIdentifier, DER.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let identifier = AlgorithmIdentifierOwned::from_der(der).map_err(Error::malformed("signature algorithm"))?;
        Self::from_identifier(&identifier)
    }

    /// Reads an AlgorithmIdentifier. RSA without NULL parameters is accepted too, as RFC 4055, 5 requires, and ECDSA with
    /// them, as some write it against RFC 5758, 3.2.
    pub fn from_identifier(identifier: &AlgorithmIdentifierOwned) -> Result<Self, Error> {
        let unknown = || Error::UnknownSignatureAlgorithm { oid: identifier.oid.to_string() };
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.oid() == identifier.oid).ok_or_else(unknown)?;
        match &identifier.parameters {
            None => Ok(found),
            Some(parameters) if parameters.is_null() => Ok(found),
            Some(_) => Err(unknown()),
        }
    }

    /// Returns the algorithm where a message names only the hash and the rest follows from the kind of key.
    pub(super) fn for_digest(kind: KeyKind, digest: ObjectIdentifier) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|it| it.goes_with(kind) && it.digest_oid() == digest);
        found.ok_or_else(|| Error::UnknownSignatureAlgorithm { oid: digest.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_info_is_that_of_rfc_8017() {
        let info = SignatureAlgorithm::RsaPkcs1Sha256.digest_info(b"abc").unwrap();
        assert!(hex::encode(info).starts_with("3031300d060960864801650304020105000420ba7816bf"));
        assert!(
            hex::encode(SignatureAlgorithm::RsaPkcs1Sha1.digest_info(b"").unwrap())
                .starts_with("3021300906052b0e03021a05000414da39a3ee")
        );
    }
}
