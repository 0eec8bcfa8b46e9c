//! Writes Full PKI Responses with the layout of Microsoft's authority.

use super::pki_response::{AddAttributes, PkiResponse, TaggedAttribute, WHAT};
use super::status::FailInfo;
use super::status_info::{PendInfo, StatusInfo};
use crate::pkix::certificate::Certificate;
use crate::pkix::error::Error;
use crate::pkix::signer::Signer;
use crate::pkix::{cms, oid};
use der::{
    Encode,
    asn1::{Any, GeneralizedTime, ObjectIdentifier as Oid, OctetString, SetOfVec},
};
use time::OffsetDateTime;
use x509_cert::attr::Attribute;

/// Writes the answer that carries an issued certificate and its chain, signed by the authority, DER. `openssl cms
/// -verify` and Windows accept it. `signer` signs once.
pub fn write_full_response(
    leaf: &Certificate,
    chain: &[Certificate],
    signer: &dyn Signer,
    signer_certificate: &Certificate,
) -> Result<Vec<u8>, Error> {
    let body = || {
        let hash = Attribute {
            oid: oid::ISSUED_CERT_HASH,
            values: SetOfVec::try_from(vec![Any::encode_from(&OctetString::new(leaf.sha1())?)?])?,
        };
        let added = AddAttributes {
            pki_data_reference: 0,
            cert_references: vec![1],
            attributes: SetOfVec::try_from(vec![hash])?,
        };
        response(vec![
            control(1, oid::CMC_STATUS_INFO, Any::encode_from(&status(0, "Issued", None)?)?)?,
            control(2, oid::CMC_ADD_ATTRIBUTES, Any::encode_from(&added)?)?,
        ])
    };
    let certificates: Vec<&Certificate> = [leaf].into_iter().chain(chain).collect();
    let body = body().map_err(Error::malformed(WHAT))?;
    cms::sign(oid::PKI_RESPONSE, body, &certificates, signer, signer_certificate)
}

/// Writes the answer that refuses a request.
pub fn write_failed(
    reason: &FailInfo,
    text: &str,
    signer: &dyn Signer,
    signer_certificate: &Certificate,
) -> Result<Vec<u8>, Error> {
    let body = || {
        let number = reason.number().map(|number| Any::encode_from(&number)).transpose()?;
        response(vec![control(1, oid::CMC_STATUS_INFO, Any::encode_from(&status(2, text, number)?)?)?])
    };
    let body = body().map_err(Error::malformed(WHAT))?;
    cms::sign(oid::PKI_RESPONSE, body, &[], signer, signer_certificate)
}

/// Writes the answer that a request is pending: ask again from `time` on, with `pend_token`.
pub fn write_pending(
    text: &str,
    pend_token: &[u8],
    time: OffsetDateTime,
    signer: &dyn Signer,
    signer_certificate: &Certificate,
) -> Result<Vec<u8>, Error> {
    let body = || {
        let seconds = u64::try_from(time.unix_timestamp()).unwrap_or_default();
        let time = GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds))?;
        let pending = PendInfo { pend_token: OctetString::new(pend_token)?, pend_time: Any::encode_from(&time)? };
        let status = status(3, text, Some(Any::encode_from(&pending)?))?;
        response(vec![control(1, oid::CMC_STATUS_INFO, Any::encode_from(&status)?)?])
    };
    let body = body().map_err(Error::malformed(WHAT))?;
    cms::sign(oid::PKI_RESPONSE, body, &[], signer, signer_certificate)
}

/// Encodes a PKIResponse that consists of controls.
fn response(control_sequence: Vec<TaggedAttribute>) -> der::Result<Vec<u8>> {
    PkiResponse { control_sequence, cms_sequence: Vec::new(), other_msg_sequence: Vec::new() }.to_der()
}

/// Builds a control with one value.
fn control(body_part_id: u32, attr_type: Oid, value: Any) -> der::Result<TaggedAttribute> {
    Ok(TaggedAttribute { body_part_id, attr_type, attr_values: SetOfVec::try_from(vec![value])? })
}

/// Builds the status of body part 1, the request.
fn status(status: u32, text: &str, other_info: Option<Any>) -> der::Result<StatusInfo> {
    Ok(StatusInfo { status, body_list: vec![Any::encode_from(&1u32)?], text: Some(text.into()), other_info })
}
