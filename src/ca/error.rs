//! Lists why an authority refused, or could not work.

use crate::pkix::{self, KeyKind, KeyUsage, SignError};
use crate::{pkcs11, token};
use std::path::PathBuf;
use time::OffsetDateTime;

/// Says why an authority refused an order, or could not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // What is wrong with an order.
    #[error("the subject cannot be written")]
    Subject(#[source] pkix::Error),
    #[error("a certificate needs a subject or another name")]
    NoName,
    #[error("{value:?} cannot stand as a {kind} in a certificate")]
    Name { kind: &'static str, value: String },
    #[error("{text:?} is not an object identifier")]
    ObjectIdentifier { text: String },
    #[error("certificates for people and servers are not given {usage}")]
    AuthorityUsage { usage: KeyUsage },
    #[error("a {kind} key is too weak; RSA needs 2048 bits")]
    WeakKey { kind: KeyKind },
    #[error("a certificate cannot be valid for {seconds} seconds")]
    Validity { seconds: i64 },
    #[error("{at} cannot be written in a certificate")]
    Time { at: OffsetDateTime },
    #[error("the serial number {} cannot stand in a revocation list", hex::encode(serial))]
    Serial { serial: Vec<u8> },

    // What is wrong with the authority.
    #[error("the authority's certificate has expired on {not_after}")]
    Expired { not_after: OffsetDateTime },
    #[error("the authority's certificate is valid from {not_before} on; is the clock right?")]
    NotYetValid { not_before: OffsetDateTime },
    #[error("the authority's key did not sign")]
    Sign(#[from] SignError),
    #[error("the certificate or list could not be encoded")]
    Encoding(#[source] der::Error),
    #[error("the certificate could not be built")]
    Build(#[source] x509_cert::builder::Error),
    #[error("what was made cannot be read back")]
    ReadBack(#[source] pkix::Error),
    #[error("there is no randomness for a serial number")]
    Random,

    // What is wrong with a chain for a subordinate authority.
    #[error("none of the certificates is for the key of this authority's request")]
    ChainKey,
    #[error("the certificate of {issuer} is missing; the chain must go up to the root")]
    ChainIncomplete { issuer: String },
    #[error("the chain does not hold together")]
    ChainBroken(#[source] pkix::Error),
    #[error("a chain of more than {limit} certificates is not read")]
    ChainLong { limit: usize },
    #[error("the certificate of {subject} does not let it {what}")]
    NotAllowed { subject: String, what: &'static str },
    #[error("the certificate of {subject} is valid from {not_before} to {not_after}, and that is not now")]
    OutOfTime { subject: String, not_before: OffsetDateTime, not_after: OffsetDateTime },

    // What an OCSP question may be.
    #[error("this is no OCSP request (RFC 6960, 4.1)")]
    OcspRequest,
    #[error("the OCSP answer could not be encoded")]
    OcspEncoding,

    // What an authority elsewhere says, or fails to say.
    #[error("the authority has not decided yet; it is asked again in {} seconds", retry_after.whole_seconds())]
    Pending { ticket: Vec<u8>, retry_after: time::Duration },
    #[error("this authority leaves nothing pending")]
    NothingPending,
    #[error("the authority elsewhere needs a certification request")]
    NoRequest,
    #[error("the authority elsewhere could not be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the authority elsewhere refused with status {status}: {text}")]
    Refused { status: u16, text: String },
    #[error("what the authority elsewhere answered cannot be read: {what}")]
    Answer { what: &'static str },
    #[error("the authority elsewhere has no way to revoke ({protocol})")]
    NoRevocation { protocol: &'static str },
    #[error("the certificate that came is not what was ordered: {what}")]
    Unordered { what: String },
    #[error("the settings of the authority elsewhere cannot be used: {what}")]
    UpstreamSettings { what: String },

    // What is wrong with its files and its token.
    #[error("{} is there already; an authority is made once", path.display())]
    Exists { path: PathBuf },
    #[error("{} could not be {action}", path.display())]
    File {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{} has more than {limit} bytes", path.display())]
    FileSize { path: PathBuf, limit: u64 },
    #[error("{} is not the authority's certificate", path.display())]
    Certificate {
        path: PathBuf,
        #[source]
        source: pkix::Error,
    },
    #[error("{} holds no certificate", path.display())]
    NoCertificate { path: PathBuf },
    #[error("the certificate of {subject} is not that of an authority")]
    NotAnAuthority { subject: String },
    #[error("the key is not that of the authority's certificate ({subject})")]
    KeyMismatch { subject: String },
    #[error(
        "the certificate of {subject} has another name or key identifier than the one before: what was issued would not \
         lead to it"
    )]
    OtherAuthority { subject: String },
    #[error("the key that is there is {found}, not {wanted}")]
    KeyKind { found: KeyKind, wanted: KeyKind },
    #[error("the key could not be used")]
    Key(#[source] pkix::Error),
    #[error("the key file is damaged: {reason}")]
    KeyFileDamaged { reason: String },
    #[error("the file holds {found}, not {expected}")]
    KeyFileLabel { expected: String, found: String },
    #[error("the passphrase does not open it, or the file was altered")]
    Passphrase,
    #[error("an empty passphrase protects nothing")]
    NoPassphrase,
    #[error("opening the key file would take {asked} {what}, and no more than {limit} are taken")]
    KeyFileCost { what: &'static str, asked: u64, limit: u64 },
    #[error("the key could not be encrypted")]
    Encryption,
    #[error("the token of the authority's key was not found")]
    Module(#[source] pkcs11::Error),
    #[error("the token of the authority's key refused")]
    Token(#[source] token::Error),
    #[error("the token holds no key named {label:?}")]
    NoTokenKey { label: String },
    #[error("the token's thread could not be started")]
    Thread(#[source] std::io::Error),
    #[error("the token of the authority's key does not answer")]
    TokenSilent,
}

impl Error {
    /// Returns a function that translates an error of [`crate::pkix`]: a key's refusal to sign becomes [`Error::Sign`],
    /// anything else is left to `other`.
    pub(super) fn of_signing(other: fn(pkix::Error) -> Self) -> impl Fn(pkix::Error) -> Self {
        move |error| error.into_sign_error().map_or_else(other, Self::Sign)
    }
}
