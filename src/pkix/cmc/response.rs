//! Reads a certificate authority's answer and finds the issued certificate in it.

use super::pki_response::{AddAttributes, PkiResponse, WHAT};
use super::status::CmcStatus;
use crate::pkix::certificate::Certificate;
use crate::pkix::cms::SignedData;
use crate::pkix::error::Error;
use crate::pkix::key::PublicKey;
use crate::pkix::oid;
use der::{Decode, Tag, Tagged};

/// Holds what a certificate authority answered.
#[derive(Clone, Debug)]
pub struct CertificateResponse {
    /// Certificates in the message. They are a SET, sorted by their encoding: the order means nothing.
    pub certificates: Vec<Certificate>,
    /// How many more came that cannot be read; they stand in nobody's way.
    pub unreadable: usize,
    /// First status that is not a success, else the first one; `None` in a message that carries certificates alone.
    pub status: Option<CmcStatus>,
    issued_hash: Option<Vec<u8>>,
    signed: SignedData,
}

/// Reads an answer in BER or DER of at most 1 MiB. An answer that refuses the request is no error here; it shows in
/// [`CertificateResponse::status`].
pub fn read(bytes: &[u8]) -> Result<CertificateResponse, Error> {
    let signed = SignedData::read(bytes)?;
    let (certificates, unreadable) = signed.certificates();
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
    Ok(CertificateResponse { certificates, unreadable, status, issued_hash, signed })
}

/// Returns the first status that is not a success, else the first one.
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

/// Returns the hash that Microsoft's added attributes state.
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
    /// Returns SHA-1 of the issued certificate as the message states it (1.3.6.1.4.1.311.21.17); `None` where it does
    /// not.
    pub fn issued_certificate_hash(&self) -> Option<&[u8]> {
        self.issued_hash.as_deref()
    }

    /// Returns the certificate issued for `key`. Where several are for that key (a renewal may bring the old one
    /// along), it is the one whose hash the message states, else the one that became valid last. Errors:
    /// [`Error::NotIssued`] when the request was refused or is pending, [`Error::NoCertificate`],
    /// [`Error::CertificateForAnotherKey`].
    pub fn leaf_for(&self, key: &PublicKey) -> Result<&Certificate, Error> {
        if let Some(status) = self.status.as_ref().filter(|status| !status.is_success()) {
            return Err(Error::NotIssued(status.clone()));
        }
        if self.certificates.is_empty() && self.unreadable == 0 {
            return Err(Error::NoCertificate);
        }
        let ours = || self.certificates.iter().filter(|it| it.public_key().is_ok_and(|found| found == *key));
        let stated = ours().find(|it| self.issued_certificate_hash() == Some(&it.sha1()));
        stated.or_else(|| ours().max_by_key(|it| it.not_before())).ok_or_else(|| Error::CertificateForAnotherKey {
            came: self.certificates.iter().map(Certificate::label).chain(self.told_unreadable()).collect(),
        })
    }

    fn told_unreadable(&self) -> Option<String> {
        (self.unreadable > 0).then(|| format!("{} that cannot be read", self.unreadable))
    }

    /// Verifies the message's signatures with the certificates it carries and returns the signers; there are none when
    /// it carries certificates alone. SHA-1 is accepted, because Microsoft's authorities used it for long.
    pub fn verify_signature(&self) -> Result<Vec<&Certificate>, Error> {
        self.signed.verify(&self.certificates)
    }
}
