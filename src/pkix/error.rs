//! Lists why bytes were refused, or could not be made.

use super::cmc::status::CmcStatus;
use super::key_algorithm::{KeyKind, RSA_BITS};
use super::signature_algorithm::SignatureAlgorithm;

/// Says why a [`super::Signer`] did not sign.
#[derive(Debug, thiserror::Error)]
#[error("the key did not sign: {0}")]
pub struct SignError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Says why bytes were refused, or could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("this is not a well-formed {what}")]
    Malformed {
        what: &'static str,
        #[source]
        source: der::Error,
    },
    #[error("the {what} has {size} bytes; at most {limit} are read")]
    TooLarge { what: &'static str, size: usize, limit: usize },
    #[error("the certification request has {count} attributes; at most {limit} are read")]
    TooManyAttributes { count: usize, limit: usize },
    #[error("the encoding is nested deeper than {limit} levels")]
    TooDeep { limit: usize },
    #[error("the signed message has {count} signatures; at most {limit} are verified")]
    TooManySigners { count: usize, limit: usize },
    #[error("the encoding has more than {limit} elements")]
    TooManyElements { limit: usize },
    #[error("the encoding breaks off or contradicts itself at byte {offset} (X.690, 8.1)")]
    Encoding { offset: usize },
    #[error("{extra} bytes follow the end of the {what}")]
    Leftover { what: &'static str, extra: usize },
    #[error("the {what} is in a PEM armour labelled {label:?}")]
    PemLabel { what: &'static str, label: String },

    #[error("the public key algorithm {oid} is not known here")]
    UnknownKeyAlgorithm { oid: String },
    #[error("an RSA key of {bits} bits is outside the range of {} to {} bits", RSA_BITS.start(), RSA_BITS.end())]
    RsaSize { bits: usize },
    #[error("the RSA public exponent is not an odd number from 3 to 2^32")]
    RsaExponent,
    #[error("the public key is not a valid {kind} key")]
    InvalidKey { kind: KeyKind },
    #[error("the {kind} key is written as a compressed point, which is not read here; write it uncompressed")]
    CompressedPoint { kind: KeyKind },
    #[error("a {kind} key does not go with the signature algorithm {algorithm}")]
    AlgorithmMismatch { kind: KeyKind, algorithm: SignatureAlgorithm },
    #[error("the signature algorithm {oid} is not known here")]
    UnknownSignatureAlgorithm { oid: String },
    #[error("{name:?} is not a hash that signs here: SHA1, SHA256, SHA384 or SHA512")]
    UnknownHash { name: String },
    #[error("{name:?} is not a key algorithm: rsa-2048, rsa-3072, rsa-4096, p-256 or p-384")]
    UnknownKeyName { name: String },
    #[error("{name:?} is not a key usage of RFC 5280, 4.2.1.3")]
    UnknownKeyUsage { name: String },
    #[error("{text:?} is not an object identifier")]
    ObjectIdentifier { text: String },
    #[error("the {what} has a critical extension that is not understood: {oid}")]
    CriticalExtension { what: &'static str, oid: String },
    #[error("the private key is not an RSA, P-256 or P-384 key in PKCS#8")]
    PrivateKey,
    #[error("a key pair could not be generated")]
    KeyGeneration,
    #[error("the signature of the {what} does not verify")]
    BadSignature { what: &'static str },
    #[error(transparent)]
    Sign(#[from] SignError),

    #[error("the distinguished name is not RFC 4514 text at character {position}: {reason}")]
    Name { position: usize, reason: &'static str },
    #[error("{value:?} cannot stand in a {field} of a request: only ASCII can")]
    NotAscii { field: &'static str, value: String },
    #[error("the request could not be encoded")]
    RequestEncoding(#[source] rcgen::Error),

    #[error("the certificate cannot be described")]
    Description(#[source] x509_parser::error::X509Error),

    #[error("the message carries {found}, not signed data (RFC 5652, 5)")]
    NotSignedData { found: String },
    #[error("the signed data carries {found}, neither a PKI response nor certificates alone (RFC 5272, 4)")]
    NotPkiResponse { found: String },
    #[error("the message's digest is not the digest of its content")]
    BadDigest,
    #[error("the message is signed by a certificate it does not carry: {signer}")]
    SignerMissing { signer: String },
    #[error("the certificate of the signer is for another key than the one that signs")]
    SignerCertificate,
    #[error("no certificate was issued: {0}")]
    NotIssued(CmcStatus),
    #[error("the message carries no certificate")]
    NoCertificate,
    #[error("the certificate does not say what device has made its key, and so attests nothing")]
    NotAttested,
    #[error("the PKCS#12 file would have its password hashed more than {limit} times")]
    PfxIterations { limit: u64 },
    #[error("a PKCS#12 password is not empty, and its characters are of Unicode's first plane")]
    PfxPassword,
    #[error("the PKCS#12 file could not be {action}")]
    Pfx {
        action: &'static str,
        #[source]
        source: Box<p12_keystore::error::Error>,
    },
    #[error("a message is sealed to between 1 and {limit} recipients")]
    Recipients { limit: usize },
    #[error("the message could not be sealed")]
    Sealing,
    #[error("the message is not sealed to this key")]
    NotForThisKey,
    #[error("the message could not be opened: it was altered, or sealed in a way not known here")]
    Opening,
    #[error("the responder gives no answer (status {status}; RFC 6960, 4.2.1)")]
    NoOcspAnswer { status: u8 },
    #[error("the responder's answer is not about this certificate")]
    OcspOfAnother,
    #[error("the responder's answer is signed by nobody whom the authority has named for it")]
    OcspSigner,
    #[error("the key is elsewhere and could not be used")]
    Elsewhere(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the certificate is for another key; what came: {}", came.join("; "))]
    CertificateForAnotherKey {
        /// Subject and serial number of each certificate in the message.
        came: Vec<String>,
    },
}

impl Error {
    /// Returns a function that wraps a decoder's error and names what was decoded.
    pub(super) fn malformed(what: &'static str) -> impl Fn(der::Error) -> Self {
        move |source| Self::Malformed { what, source }
    }

    /// Says whether the bytes end before what was to be read does.
    pub fn breaks_off(&self) -> bool {
        matches!(self, Self::Malformed { source, .. } if matches!(source.kind(), der::ErrorKind::Incomplete { .. }))
    }

    /// Returns a function that wraps an error of the PKCS#12 library and names what was tried.
    pub(super) fn pkcs12(action: &'static str) -> impl Fn(p12_keystore::error::Error) -> Self {
        move |source| Self::Pfx { action, source: Box::new(source) }
    }

    /// Returns the key's refusal to sign; any other error comes back as it was.
    pub(crate) fn into_sign_error(self) -> Result<SignError, Self> {
        match self {
            Self::Sign(error) => Ok(error),
            Self::Malformed { .. }
            | Self::TooLarge { .. }
            | Self::CriticalExtension { .. }
            | Self::TooManyAttributes { .. }
            | Self::TooDeep { .. }
            | Self::TooManyElements { .. }
            | Self::TooManySigners { .. }
            | Self::Encoding { .. }
            | Self::Leftover { .. }
            | Self::PemLabel { .. }
            | Self::UnknownKeyAlgorithm { .. }
            | Self::RsaSize { .. }
            | Self::RsaExponent
            | Self::InvalidKey { .. }
            | Self::CompressedPoint { .. }
            | Self::AlgorithmMismatch { .. }
            | Self::UnknownSignatureAlgorithm { .. }
            | Self::UnknownHash { .. }
            | Self::UnknownKeyName { .. }
            | Self::UnknownKeyUsage { .. }
            | Self::ObjectIdentifier { .. }
            | Self::PrivateKey
            | Self::KeyGeneration
            | Self::BadSignature { .. }
            | Self::Name { .. }
            | Self::NotAscii { .. }
            | Self::RequestEncoding(_)
            | Self::Description(_)
            | Self::NotSignedData { .. }
            | Self::NotPkiResponse { .. }
            | Self::BadDigest
            | Self::SignerMissing { .. }
            | Self::SignerCertificate
            | Self::NotIssued(_)
            | Self::NoCertificate
            | Self::NotAttested
            | Self::PfxPassword
            | Self::PfxIterations { .. }
            | Self::Pfx { .. }
            | Self::Recipients { .. }
            | Self::Sealing
            | Self::NotForThisKey
            | Self::Opening
            | Self::Elsewhere(_)
            | Self::NoOcspAnswer { .. }
            | Self::OcspOfAnother
            | Self::OcspSigner
            | Self::CertificateForAnotherKey { .. } => Err(self),
        }
    }
}
