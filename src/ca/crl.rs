//! Revocation lists (RFC 5280, 5).

use super::embedded::time;
use super::extensions::{authority_key_identifier, extension};
use super::{Error, Revocation, RevocationReason};
use crate::pkix::{Certificate, Signer};
use ::time::OffsetDateTime;
use der::Encode;
use der::asn1::{BitString, ObjectIdentifier as Oid};
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::pkix::{CrlNumber, CrlReason};
use x509_cert::serial_number::SerialNumber;

const CRL_NUMBER: Oid = Oid::new_unwrap("2.5.29.20");
const CRL_REASON: Oid = Oid::new_unwrap("2.5.29.21");

/// Writes a complete list, DER.
pub(super) fn write(
    issuer: &Certificate,
    key_identifier: &[u8],
    signer: &dyn Signer,
    revoked: &[Revocation],
    number: u64,
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
) -> Result<Vec<u8>, Error> {
    let entries = revoked.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let number = CrlNumber::try_from(number).map_err(Error::Encoding)?;
    let tbs = TbsCertList {
        version: x509_cert::Version::V2,
        signature: signer.algorithm().identifier(),
        issuer: issuer.subject_name().clone(),
        this_update: time(this_update)?,
        next_update: Some(time(next_update)?),
        // RFC 5280, 5.1.2.6: a list without entries leaves the field out.
        revoked_certificates: (!entries.is_empty()).then_some(entries),
        crl_extensions: Some(vec![authority_key_identifier(key_identifier)?, extension(CRL_NUMBER, false, &number)?]),
    };
    let signature = signer.sign(&tbs.to_der().map_err(Error::Encoding)?)?;
    let list = CertificateList {
        signature_algorithm: tbs.signature.clone(),
        tbs_cert_list: tbs,
        signature: BitString::from_bytes(&signature).map_err(Error::Encoding)?,
    };
    list.to_der().map_err(Error::Encoding)
}

fn entry(revocation: &Revocation) -> Result<RevokedCert, Error> {
    let reason = match revocation.reason {
        // RFC 5280, 5.3.1: left out rather than said to be unspecified.
        RevocationReason::Unspecified => None,
        RevocationReason::KeyCompromise => Some(CrlReason::KeyCompromise),
        RevocationReason::CaCompromise => Some(CrlReason::CaCompromise),
        RevocationReason::AffiliationChanged => Some(CrlReason::AffiliationChanged),
        RevocationReason::Superseded => Some(CrlReason::Superseded),
        RevocationReason::CessationOfOperation => Some(CrlReason::CessationOfOperation),
        RevocationReason::CertificateHold => Some(CrlReason::CertificateHold),
        RevocationReason::PrivilegeWithdrawn => Some(CrlReason::PrivilegeWithdrawn),
        RevocationReason::AaCompromise => Some(CrlReason::AaCompromise),
    };
    let reason = reason.map(|reason| extension(CRL_REASON, false, &reason)).transpose()?;
    let wrong = || Error::Serial { serial: revocation.serial.clone() };
    if revocation.serial.is_empty() {
        return Err(wrong());
    }
    Ok(RevokedCert {
        serial_number: SerialNumber::new(&revocation.serial).map_err(|_| wrong())?,
        revocation_date: time(revocation.at)?,
        crl_entry_extensions: reason.map(|reason| vec![reason]),
    })
}
