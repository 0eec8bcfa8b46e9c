//! Reads X.509 certificates (RFC 5280).

use super::digest::sha1;
use super::error::Error;
use super::extension::{self, AltNames, Extension, KeyUsage};
use super::key::PublicKey;
use super::signature_algorithm::SignatureAlgorithm;
use super::{name, pem};
use der::{Decode, Encode, Reader, SliceReader};
use std::fmt;
use time::OffsetDateTime;
use x509_cert::{name::Name, time::Time};

/// Limits a certificate, in bytes. Cards hold a few thousand.
const MAX_SIZE: usize = 64 * 1024;

const WHAT: &str = "certificate";

/// Holds an X.509 certificate; its bytes stay exactly as they came.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    read: x509_cert::Certificate,
}

/// Lists the purposes for which nothing is encrypted that is read later (RFC 5280, 4.2.1.12; RFC 4556, 3.2.4; MS-WCCE):
/// TLS, code signing, time stamping, OCSP, logon by smart card and by PKINIT, document signing.
const NOTHING_STORED: [&str; 9] = [
    "1.3.6.1.5.5.7.3.1",
    "1.3.6.1.5.5.7.3.2",
    "1.3.6.1.5.5.7.3.3",
    "1.3.6.1.5.5.7.3.8",
    "1.3.6.1.5.5.7.3.9",
    "1.3.6.1.5.2.3.4",
    "1.3.6.1.5.2.3.5",
    "1.3.6.1.4.1.311.20.2.2",
    "1.3.6.1.4.1.311.10.3.12",
];

/// Lists the purposes of logging on: as a client of TLS, by PKINIT, by smart card, and any.
const LOGGING_ON: [&str; 4] = ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.2.3.4", "1.3.6.1.4.1.311.20.2.2", "2.5.29.37.0"];

impl Certificate {
    /// Reads one certificate in strict DER of at most 64 KiB; bytes after it are an error.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_SIZE {
            return Err(Error::TooLarge { what: WHAT, size: der.len(), limit: MAX_SIZE });
        }
        let read = x509_cert::Certificate::from_der(der).map_err(Error::malformed(WHAT))?;
        Ok(Self { der: der.to_vec(), read })
    }

    /// Reads the certificate at the beginning of `bytes`, and returns it with the number of bytes that follow it. Only
    /// for what others have stored; see [`Error::breaks_off`].
    pub fn first_in(bytes: &[u8]) -> Result<(Self, usize), Error> {
        let malformed = Error::malformed(WHAT);
        let mut reader = SliceReader::new(bytes).map_err(&malformed)?;
        let first = reader.tlv_bytes().map_err(&malformed)?;
        Ok((Self::from_der(first)?, bytes.len().saturating_sub(first.len())))
    }

    /// Reads one certificate in PEM (RFC 7468, 5).
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        Self::from_der(&pem::decode(text.as_bytes(), WHAT, &["CERTIFICATE", "X509 CERTIFICATE"])?)
    }

    /// Returns the certificate as it came, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns the certificate in PEM (RFC 7468, 5).
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der)
    }

    /// Returns the subject as RFC 4514 text.
    pub fn subject(&self) -> String {
        name::to_text(self.subject_name())
    }

    /// Returns the issuer as RFC 4514 text.
    pub fn issuer(&self) -> String {
        name::to_text(self.issuer_name())
    }

    /// Returns the subject as it is encoded.
    pub fn subject_name(&self) -> &Name {
        self.read.tbs_certificate().subject()
    }

    /// Returns the issuer as it is encoded.
    pub fn issuer_name(&self) -> &Name {
        self.read.tbs_certificate().issuer()
    }

    /// Returns the serial number in upper-case hexadecimal, without the sign octet.
    pub fn serial(&self) -> String {
        hex::encode_upper(self.serial_bytes())
    }

    /// Returns the serial number's bytes, big-endian, without the sign octet.
    pub fn serial_bytes(&self) -> Vec<u8> {
        let bytes = self.read.tbs_certificate().serial_number().as_bytes();
        match bytes {
            [0, rest @ ..] if !rest.is_empty() => rest.to_vec(),
            _ => bytes.to_vec(),
        }
    }

    /// Returns the first instant at which the certificate is valid.
    pub fn not_before(&self) -> OffsetDateTime {
        instant(&self.read.tbs_certificate().validity().not_before)
    }

    /// Returns the last instant at which the certificate is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        instant(&self.read.tbs_certificate().validity().not_after)
    }

    /// Returns the subject's public key; an error for an algorithm that is not known here.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        let spki = self.read.tbs_certificate().subject_public_key_info();
        PublicKey::from_spki(&spki.to_der().map_err(Error::malformed("public key"))?)
    }

    /// Says whether the certificate is for `key`. Compares encoded bytes, which costs less than
    /// [`Certificate::public_key`]: that checks a curve point.
    pub fn is_for(&self, key: &PublicKey) -> bool {
        self.read.tbs_certificate().subject_public_key_info().to_der().is_ok_and(|spki| spki == key.spki())
    }

    /// Returns SHA-1 of the certificate, the thumbprint by which Windows and MIM name it.
    pub fn sha1(&self) -> [u8; 20] {
        sha1(&self.der)
    }

    /// Returns the thumbprint in upper-case hexadecimal.
    pub fn thumbprint_sha1(&self) -> String {
        hex::encode_upper(self.sha1())
    }

    /// Returns what the key may be used for; `None` when the certificate does not say.
    pub fn key_usage(&self) -> Result<Option<Vec<KeyUsage>>, Error> {
        extension::key_usage(self.extensions())
    }

    /// Returns the extended key usages as dotted object identifiers.
    pub fn extended_key_usage(&self) -> Result<Vec<String>, Error> {
        extension::extended_key_usage(self.extensions())
    }

    /// Says whether the key may decrypt or agree.
    pub fn may_decrypt(&self) -> Result<bool, Error> {
        Ok(self.key_usage()?.is_some_and(|usages| usages.into_iter().any(KeyUsage::decrypts)))
    }

    /// Says whether something may be stored that only this key decrypts: it may decrypt or agree, and its extended key
    /// usages, if there are any, name more than logging on and signing. Such a key must be kept after its certificate
    /// has expired.
    pub fn keeps_secrets(&self) -> Result<bool, Error> {
        let purposes = self.extended_key_usage()?;
        let stores = purposes.is_empty() || purposes.iter().any(|purpose| !NOTHING_STORED.contains(&purpose.as_str()));
        Ok(stores && self.may_decrypt()?)
    }

    /// Says whether the key may decrypt or agree and may not sign.
    pub fn decrypts_only(&self) -> Result<bool, Error> {
        let usages = self.key_usage()?.unwrap_or_default();
        let signs = |usage: &KeyUsage| matches!(usage, KeyUsage::DigitalSignature | KeyUsage::NonRepudiation);
        Ok(usages.iter().any(|usage| usage.decrypts()) && !usages.iter().any(signs))
    }

    /// Says whether somebody may log on with the key: it may sign, and its extended key usages, if there are any, name
    /// that.
    pub fn logs_on(&self) -> Result<bool, Error> {
        let purposes = self.extended_key_usage()?;
        let named = purposes.is_empty() || purposes.iter().any(|purpose| LOGGING_ON.contains(&purpose.as_str()));
        Ok(named && !self.decrypts_only()?)
    }

    /// Returns the subject's alternative names.
    pub fn alt_names(&self) -> Result<AltNames, Error> {
        extension::alt_names(self.extensions())
    }

    /// Says whether the basic constraints call the subject a CA.
    pub fn is_ca(&self) -> Result<bool, Error> {
        extension::is_ca(self.extensions())
    }

    /// Returns how many further authorities may stand between this one and an end entity; `None` when the certificate
    /// sets no limit.
    pub fn path_length(&self) -> Result<Option<u8>, Error> {
        extension::path_length(self.extensions())
    }

    /// Returns the subject key identifier.
    pub fn subject_key_id(&self) -> Result<Option<Vec<u8>>, Error> {
        extension::subject_key_id(self.extensions())
    }

    /// Returns the key identifier of the issuer.
    pub fn authority_key_id(&self) -> Result<Option<Vec<u8>>, Error> {
        extension::authority_key_id(self.extensions())
    }

    /// Returns all extensions.
    pub fn extensions(&self) -> &[Extension] {
        self.read.tbs_certificate().extensions().map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the certificate as x509-cert has read it.
    pub fn x509(&self) -> &x509_cert::Certificate {
        &self.read
    }

    /// Verifies that this certificate names `issuer` as its issuer and is signed with its key. Validity, usages and
    /// revocation are not checked.
    pub fn verify_issued_by(&self, issuer: &Certificate) -> Result<(), Error> {
        const BAD: Error = Error::BadSignature { what: WHAT };
        if self.issuer_name() != issuer.subject_name() {
            return Err(BAD);
        }
        let algorithm = SignatureAlgorithm::from_identifier(self.read.signature_algorithm())?;
        let signature = self.read.signature().as_bytes().ok_or(BAD)?;
        issuer.public_key()?.verify_part(WHAT, algorithm, signed_part(&self.der, WHAT)?, signature)
    }

    /// Returns subject and serial number, for messages.
    pub(super) fn label(&self) -> String {
        format!("{} (serial number {})", self.subject(), self.serial())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.label(), self.thumbprint_sha1())
    }
}

/// Returns the first element inside the outer SEQUENCE, as it came: the part of a certificate or request that is
/// signed.
pub(super) fn signed_part<'a>(der: &'a [u8], what: &'static str) -> Result<&'a [u8], Error> {
    let malformed = Error::malformed(what);
    let mut reader = SliceReader::new(der).map_err(&malformed)?;
    der::Header::decode(&mut reader).map_err(&malformed)?;
    reader.tlv_bytes().map_err(&malformed)
}

/// Converts a time of X.509.
pub(super) fn instant(time: &Time) -> OffsetDateTime {
    // X.509 cannot write a time outside the years 1970 (in this reader) to 9999, which `time` holds.
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
