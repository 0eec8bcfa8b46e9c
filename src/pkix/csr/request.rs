//! Reads a certification request.

use super::attribute::{ClientInfo, EnrollmentCsp, RawAttribute};
use crate::pkix::certificate::signed_part;
use crate::pkix::error::Error;
use crate::pkix::extension::{self, AltNames, Extension, KeyUsage};
use crate::pkix::key::PublicKey;
use crate::pkix::signature_algorithm::SignatureAlgorithm;
use crate::pkix::{name, oid, pem, text};
use der::{Decode, Encode, oid::ObjectIdentifier as Oid};
use std::fmt;
use x509_cert::{attr::Attribute, name::Name, request::CertReq};

/// Limits a request, in bytes.
const MAX_SIZE: usize = 64 * 1024;

/// Limits the attributes of a request; Windows writes four.
const MAX_ATTRIBUTES: usize = 64;

/// Names such a message in errors.
pub(super) const WHAT: &str = "certification request";

/// Holds a certification request. Reading one does not verify it: see [`CertificationRequest::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct CertificationRequest {
    der: Vec<u8>,
    read: CertReq,
    key: PublicKey,
    extensions: Vec<Extension>,
}

impl CertificationRequest {
    /// Reads one request in strict DER of at most 64 KiB; bytes after it are an error.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_SIZE {
            return Err(Error::TooLarge { what: WHAT, size: der.len(), limit: MAX_SIZE });
        }
        let malformed = Error::malformed(WHAT);
        let read = CertReq::from_der(der).map_err(&malformed)?;
        let count = read.info.attributes.len();
        if count > MAX_ATTRIBUTES {
            return Err(Error::TooManyAttributes { count, limit: MAX_ATTRIBUTES });
        }
        let key = PublicKey::from_spki(&read.info.public_key.to_der().map_err(&malformed)?)?;
        let requested = find(&read, oid::EXTENSION_REQUEST).or_else(|| find(&read, oid::CERT_EXTENSIONS));
        let extensions = match requested {
            Some(value) => value.decode_as().map_err(Error::malformed("extension request"))?,
            None => Vec::new(),
        };
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
        self.key.verify_part(WHAT, self.signature_algorithm()?, signed_part(&self.der, WHAT)?, signature)
    }

    /// Returns the attributes in DER order, each as it came.
    pub fn attributes(&self) -> Result<Vec<RawAttribute>, Error> {
        self.read.info.attributes.iter().map(RawAttribute::read).collect()
    }

    /// Returns the requested extensions, in the order of the request.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Returns the requested alternative names.
    pub fn alt_names(&self) -> Result<AltNames, Error> {
        extension::alt_names(&self.extensions)
    }

    /// Returns the requested key usages; `None` when the request does not say.
    pub fn key_usage(&self) -> Result<Option<Vec<KeyUsage>>, Error> {
        extension::key_usage(&self.extensions)
    }

    /// Returns the requested extended key usages as dotted object identifiers.
    pub fn extended_key_usage(&self) -> Result<Vec<String>, Error> {
        extension::extended_key_usage(&self.extensions)
    }

    /// Returns the key identifier that the request proposes.
    pub fn subject_key_id(&self) -> Result<Option<Vec<u8>>, Error> {
        extension::subject_key_id(&self.extensions)
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

/// Returns the first value of an attribute.
fn find(request: &CertReq, id: Oid) -> Option<&der::Any> {
    request.info.attributes.iter().find(|attribute: &&Attribute| attribute.oid == id)?.values.get(0)
}
