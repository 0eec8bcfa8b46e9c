//! A certificate authority's answer as it is read.

use der::{Decode, Tag, Tagged};

use super::pki_response::{AddAttributes, PkiResponse, WHAT};
use super::status::CmcStatus;
use crate::pkix::certificate::Certificate;
use crate::pkix::cms::SignedData;
use crate::pkix::error::Error;
use crate::pkix::key::PublicKey;
use crate::pkix::oid;

/// What a certificate authority answered.
#[derive(Clone, Debug)]
pub struct CertificateResponse {
    /// The certificates in the message, in the order of their encodings: never rely on it.
    pub certificates: Vec<Certificate>,
    /// The first status that is not a success, else the first; `None` in messages that carry certificates alone.
    pub status: Option<CmcStatus>,
    issued_hash: Option<Vec<u8>>,
    signed: SignedData,
}

/// Reads an answer in BER or DER of at most 1 MiB. A refusal is read, not an error: see
/// [`CertificateResponse::status`].
pub fn read(bytes: &[u8]) -> Result<CertificateResponse, Error> {
    let signed = SignedData::read(bytes)?;
    let certificates = signed.certificates()?;
    let (mut status, mut issued_hash) = (None, None);
    match (signed.content_type(), signed.content()) {
        (oid::DATA, _) => {}
        (oid::PKI_RESPONSE, Some(content)) => {
            let response = PkiResponse::from_der(content).map_err(Error::malformed(WHAT))?;
            status = read_status(&response)?;
            issued_hash = read_issued_hash(&response)?;
        }
        (other, _) => return Err(Error::NotPkiResponse { found: other.to_string() }),
    }
    Ok(CertificateResponse { certificates, status, issued_hash, signed })
}

fn read_status(response: &PkiResponse) -> Result<Option<CmcStatus>, Error> {
    let mut first = None;
    for control in &response.control_sequence {
        if !matches!(control.attr_type, oid::CMC_STATUS_INFO | oid::CMC_STATUS_INFO_V2) {
            continue;
        }
        for value in control.attr_values.iter() {
            let status = CmcStatus::read(value)?;
            if !status.is_success() {
                return Ok(Some(status));
            }
            first.get_or_insert(status);
        }
    }
    Ok(first)
}

fn read_issued_hash(response: &PkiResponse) -> Result<Option<Vec<u8>>, Error> {
    let added = response.control_sequence.iter().filter(|control| control.attr_type == oid::CMC_ADD_ATTRIBUTES);
    for value in added.flat_map(|control| control.attr_values.iter()) {
        let added: AddAttributes = value.decode_as().map_err(Error::malformed("added attributes control"))?;
        let hash = added.attributes.iter().find(|attribute| attribute.oid == oid::ISSUED_CERT_HASH);
        if let Some(value) = hash.and_then(|it| it.values.get(0)).filter(|value| value.tag() == Tag::OctetString) {
            return Ok(Some(value.value().to_vec()));
        }
    }
    Ok(None)
}

impl CertificateResponse {
    /// SHA-1 of the issued certificate as the message states it (1.3.6.1.4.1.311.21.17).
    pub fn issued_certificate_hash(&self) -> Option<&[u8]> {
        self.issued_hash.as_deref()
    }

    /// The certificate issued for `key`. Where several are for that key (a renewal may bring the old one along), the
    /// one whose hash the message states, else the youngest.
    pub fn leaf_for(&self, key: &PublicKey) -> Result<&Certificate, Error> {
        if let Some(status) = self.status.as_ref().filter(|status| !status.is_success()) {
            return Err(Error::NotIssued(status.clone()));
        }
        if self.certificates.is_empty() {
            return Err(Error::NoCertificate);
        }
        let ours = || self.certificates.iter().filter(|it| it.public_key().is_ok_and(|found| found == *key));
        let stated = ours().find(|it| self.issued_certificate_hash() == Some(&it.sha1()));
        stated.or_else(|| ours().max_by_key(|it| it.not_before())).ok_or_else(|| Error::CertificateForAnotherKey {
            came: self.certificates.iter().map(Certificate::label).collect(),
        })
    }

    /// Verifies the message's signatures with the certificates it carries and returns the signers: none when it
    /// carries certificates alone. SHA-1 verifies, Microsoft's authorities used it for long.
    pub fn verify_signature(&self) -> Result<Vec<&Certificate>, Error> {
        self.signed.verify(&self.certificates)
    }
}
