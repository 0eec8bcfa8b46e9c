//! Reads a certification request.

use super::attribute::{ClientInfo, EnrollmentCsp, RawAttribute};
use crate::pkix::ber;
use crate::pkix::error::Error;
use crate::pkix::extension::{self, AltNames, Extension, KeyUsage};
use crate::pkix::key::PublicKey;
use crate::pkix::signature_algorithm::SignatureAlgorithm;
use crate::pkix::{name, oid, pem, text};
use der::{
    Decode, Encode, Sequence,
    asn1::{BitString, Int, SetOfVec},
    oid::ObjectIdentifier as Oid,
};
use std::fmt;
use x509_cert::{
    attr::Attribute,
    name::Name,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned},
};

/// Limits a request, in bytes.
const MAX_SIZE: usize = 64 * 1024;

/// Limits the attributes of a request; Windows writes four.
const MAX_ATTRIBUTES: usize = 64;

/// Names such a message in errors.
pub(super) const WHAT: &str = "certification request";

/// Decodes a CertificationRequest (RFC 2986, 4.2) as OpenSSL does: of any version, and without attributes where their
/// field is left out.
#[derive(Clone, PartialEq, Eq, Sequence)]
struct Read {
    info: Info,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

#[derive(Clone, PartialEq, Eq, Sequence)]
struct Info {
    version: Int,
    subject: Name,
    public_key: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    attributes: Option<SetOfVec<Attribute>>,
}

/// Holds a certification request. Reading one does not verify it: see [`CertificationRequest::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct CertificationRequest {
    der: Vec<u8>,
    read: Read,
    key: PublicKey,
    /// What is asked for; `None` if that cannot be read.
    extensions: Option<Vec<Extension>>,
}

impl CertificationRequest {
    /// Reads one request of at most 64 KiB, in DER or in BER, which OpenSSL reads too; blanks and zeros may follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_SIZE {
            return Err(Error::TooLarge { what: WHAT, size: der.len(), limit: MAX_SIZE });
        }
        let malformed = Error::malformed(WHAT);
        let der = alone(der)?;
        // What is DER already is taken as it is, however deep what it asks for is nested.
        let read = match Read::from_der(der) {
            Ok(read) => read,
            Err(_) => Read::from_der(&ber::to_definite(der, WHAT)?).map_err(&malformed)?,
        };
        let count = read.info.attributes.as_ref().map_or(0, SetOfVec::len);
        if count > MAX_ATTRIBUTES {
            return Err(Error::TooManyAttributes { count, limit: MAX_ATTRIBUTES });
        }
        let key = PublicKey::from_spki(&read.info.public_key.to_der().map_err(&malformed)?)?;
        let extensions = requested(&read).ok();
        Ok(Self { der: der.to_vec(), read, key, extensions })
    }

    /// Reads one request in PEM, labelled CERTIFICATE REQUEST or, as Windows does, NEW CERTIFICATE REQUEST.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        // PEM adds a third and line ends: a longer text holds a request that is too large, or none.
        if text.len() > 2 * MAX_SIZE {
            return Err(Error::TooLarge { what: WHAT, size: text.len(), limit: 2 * MAX_SIZE });
        }
        Self::from_der(&pem::decode(text.as_bytes(), WHAT, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?)
    }

    /// Reads one request in DER or PEM; the first byte tells which.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        match (bytes.first(), std::str::from_utf8(bytes)) {
            (Some(0x30), _) | (_, Err(_)) => Self::from_der(bytes),
            (_, Ok(text)) => Self::from_pem(text),
        }
    }

    /// Returns the request, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns the request in PEM (RFC 7468, 7).
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE REQUEST", &self.der)
    }

    /// Returns the subject as RFC 4514 text; empty where the server is to choose it.
    pub fn subject(&self) -> String {
        name::to_text(&self.read.info.subject)
    }

    /// Returns the subject as it is encoded.
    pub fn subject_name(&self) -> &Name {
        &self.read.info.subject
    }

    /// Returns the key to be certified.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns the algorithm the request is signed with.
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm, Error> {
        SignatureAlgorithm::from_identifier(&self.read.algorithm)
    }

    /// Verifies that the request is signed with the key it asks to certify. SHA-1 is accepted; whether it is allowed is
    /// the caller's policy.
    pub fn verify(&self) -> Result<(), Error> {
        let signature = self.read.signature.as_bytes().ok_or(Error::BadSignature { what: WHAT })?;
        self.key.verify_part(WHAT, self.signature_algorithm()?, ber::first_inside(&self.der)?, signature)
    }

    /// Returns the attributes in DER order, each as it came.
    pub fn attributes(&self) -> Result<Vec<RawAttribute>, Error> {
        self.read.info.attributes.iter().flat_map(SetOfVec::iter).map(RawAttribute::read).collect()
    }

    /// Returns the requested extensions, in the order of the request; none if they cannot be read.
    pub fn extensions(&self) -> &[Extension] {
        self.extensions.as_deref().unwrap_or_default()
    }

    /// Returns the requested extensions, or why they cannot be read.
    fn asked(&self) -> Result<&[Extension], Error> {
        match &self.extensions {
            Some(extensions) => Ok(extensions),
            None => requested(&self.read).map(|_| self.extensions()),
        }
    }

    /// Returns the requested alternative names.
    pub fn alt_names(&self) -> Result<AltNames, Error> {
        extension::alt_names(self.asked()?)
    }

    /// Returns the requested key usages; `None` when the request does not say.
    pub fn key_usage(&self) -> Result<Option<Vec<KeyUsage>>, Error> {
        extension::key_usage(self.asked()?)
    }

    /// Returns the requested extended key usages as dotted object identifiers.
    pub fn extended_key_usage(&self) -> Result<Vec<String>, Error> {
        extension::extended_key_usage(self.asked()?)
    }

    /// Returns the key identifier that the request proposes.
    pub fn subject_key_id(&self) -> Result<Option<Vec<u8>>, Error> {
        extension::subject_key_id(self.asked()?)
    }

    /// Returns the operating system's version (1.3.6.1.4.1.311.13.2.3).
    pub fn os_version(&self) -> Option<String> {
        find(&self.read, oid::OS_VERSION).and_then(|value| text::of(value.to_ref()))
    }

    /// Returns who made the request and where (1.3.6.1.4.1.311.21.20).
    pub fn client_info(&self) -> Result<Option<ClientInfo>, Error> {
        find(&self.read, oid::REQUEST_CLIENT_INFO).map(ClientInfo::read).transpose()
    }

    /// Returns the cryptographic provider that made the key (1.3.6.1.4.1.311.13.2.2).
    pub fn enrollment_csp(&self) -> Result<Option<EnrollmentCsp>, Error> {
        find(&self.read, oid::ENROLLMENT_CSP).map(EnrollmentCsp::read).transpose()
    }
}

impl fmt::Debug for CertificationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificationRequest({:?}, {:?})", self.subject(), self.key)
    }
}

/// Returns the request without blanks and zeros behind it; anything else there is an error.
fn alone(bytes: &[u8]) -> Result<&[u8], Error> {
    let length = ber::length_of_first(bytes)?;
    let (request, rest) = bytes.split_at_checked(length).ok_or(Error::Encoding { offset: length })?;
    match rest.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
        true => Ok(request),
        false => Err(Error::Leftover { what: WHAT, extra: rest.len() }),
    }
}

/// Returns the extensions that a request asks for.
fn requested(request: &Read) -> Result<Vec<Extension>, Error> {
    match find(request, oid::EXTENSION_REQUEST).or_else(|| find(request, oid::CERT_EXTENSIONS)) {
        Some(value) => value.decode_as().map_err(Error::malformed("extension request")),
        None => Ok(Vec::new()),
    }
}

/// Returns the first value of an attribute.
fn find(request: &Read, id: Oid) -> Option<&der::Any> {
    let mut attributes = request.info.attributes.iter().flat_map(SetOfVec::iter);
    attributes.find(|attribute: &&Attribute| attribute.oid == id)?.values.get(0)
}
