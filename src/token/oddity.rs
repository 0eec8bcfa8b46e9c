//! Tells what is odd about what a token stores. An odd object is listed as what it is and stops nothing else.

use crate::pkix::Certificate;
use std::fmt;

/// Says what is odd about what is stored under a [`super::KeyId`]. The code is stable, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Oddity {
    /// What is stored as a certificate is none.
    NotACertificate,
    /// What is stored ends before its own length says, as after a write that was cut off.
    CutOff,
    /// It is compressed, and cannot be unpacked within bounds.
    BrokenCompression,
    /// The object of a certificate holds none.
    NoValue,
    /// The token refused to show the object.
    Refused,
    /// Only room is there, which an interrupted enrollment had reserved.
    Reserved,
    /// The public key cannot be read.
    UnreadableKey,
    /// A certificate or a name is there whose key is gone.
    NoKey,
    /// Bytes follow the certificate, which is readable nevertheless.
    BytesAfterEnd,
    /// The certificate is compressed where none is told, or the other way round.
    CompressionMistold,
    /// Another certificate is under the same id.
    SeveralCertificates,
    /// The object has no id, so that nothing can be done with it by name.
    NoId,
    /// The file that names the containers is not laid out as it should be; what can be read of it was.
    BrokenDirectory,
}

impl Oddity {
    /// Lists every oddity.
    pub const ALL: [Self; 13] = [
        Self::NotACertificate,
        Self::CutOff,
        Self::BrokenCompression,
        Self::NoValue,
        Self::Refused,
        Self::Reserved,
        Self::UnreadableKey,
        Self::NoKey,
        Self::BytesAfterEnd,
        Self::CompressionMistold,
        Self::SeveralCertificates,
        Self::NoId,
        Self::BrokenDirectory,
    ];

    /// Returns the oddity's stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotACertificate => "not-a-certificate",
            Self::CutOff => "cut-off",
            Self::BrokenCompression => "broken-compression",
            Self::NoValue => "no-value",
            Self::Refused => "refused",
            Self::Reserved => "reserved",
            Self::UnreadableKey => "unreadable-key",
            Self::NoKey => "no-key",
            Self::BytesAfterEnd => "bytes-after-end",
            Self::CompressionMistold => "compression-mistold",
            Self::SeveralCertificates => "several-certificates",
            Self::NoId => "no-id",
            Self::BrokenDirectory => "broken-directory",
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotACertificate => "unreadable: what is stored as a certificate is none",
            Self::CutOff => "unreadable: what is stored breaks off, as after a write that was cut off",
            Self::BrokenCompression => "unreadable: what is stored is compressed and cannot be unpacked",
            Self::NoValue => "the certificate's object holds no certificate",
            Self::Refused => "unreadable: the token does not show it",
            Self::Reserved => "room that an interrupted enrollment had reserved; the next one uses it",
            Self::UnreadableKey => "the public key is unreadable",
            Self::NoKey => "the key that belongs to it is gone",
            Self::BytesAfterEnd => "bytes follow the certificate",
            Self::CompressionMistold => "the object mistells whether the certificate is compressed",
            Self::SeveralCertificates => "another certificate has the same id",
            Self::NoId => "it has no id, so that nothing can be done with it by name",
            Self::BrokenDirectory => "the list of containers is damaged; what can be read of it is shown",
        })
    }
}

/// Is the tag with which every certificate begins.
const SEQUENCE: u8 = 0x30;

/// Holds what a token stores as a certificate: the certificate if it can be read, and what is odd about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredCertificate {
    /// One certificate, DER, without what follows it.
    pub der: Option<Vec<u8>>,
    pub odd: Option<Oddity>,
}

impl StoredCertificate {
    /// Takes bytes that are stored as a certificate for what they are.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::odd(Oddity::NoValue);
        }
        match Certificate::first_in(bytes) {
            Ok((certificate, 0)) => Self { der: Some(certificate.der().to_vec()), odd: None },
            Ok((certificate, _)) => Self { der: Some(certificate.der().to_vec()), odd: Some(Oddity::BytesAfterEnd) },
            Err(error) if error.breaks_off() && bytes.starts_with(&[SEQUENCE]) => Self::odd(Oddity::CutOff),
            Err(_) => Self::odd(Oddity::NotACertificate),
        }
    }

    /// Says that there is something that is no readable certificate.
    pub fn odd(odd: Oddity) -> Self {
        Self { der: None, odd: Some(odd) }
    }

    /// Adds a further oddity; the first that was found stays.
    pub fn but(self, odd: Option<Oddity>) -> Self {
        Self { odd: self.odd.or(odd), ..self }
    }
}
