//! Reads OCSP questions and signs answers (RFC 6960, as narrowed by RFC 5019 and RFC 9654). Bytes in, bytes out.
//!
//! The types are those of x509-ocsp, which uses an older `der`; none of them leaves this file.

use super::error::Error;
use super::revocation::RevocationReason;
use crate::pkix::{Certificate, Signer};
use ::time::OffsetDateTime;
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use der_0_7::asn1::{BitString, GeneralizedTime, ObjectIdentifier as Oid, OctetString};
use der_0_7::{Decode, Encode};
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse, ResponderId, ResponseData,
    RevokedInfo, SingleResponse, Version,
};

/// Limits a question, in bytes, and the certificates it asks about.
pub const MAX_QUESTION: usize = 16 * 1024;
const MOST_CERTIFICATES: usize = 32;
/// Limits the length of a nonce (RFC 9654, 2.1), tag and length included.
const NONCE: std::ops::RangeInclusive<usize> = 3..=131;
const SHA1_OID: Oid = Oid::new_unwrap("1.3.14.3.2.26");
const SHA256_OID: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
const NONCE_OID: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.2");

/// Holds a question about certificates.
pub struct Question(OcspRequest);

/// Tells the status of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Good,
    Revoked {
        at: OffsetDateTime,
        reason: RevocationReason,
    },
    /// The authority never issued it.
    Unknown,
}

/// Names an answer without content (RFC 6960, 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Malformed,
    TryLater,
    /// The question is about another authority's certificates (RFC 5019, 2.2.3).
    Unauthorized,
}

/// Says who signs the answer and how long it is valid.
pub struct Answering<'a> {
    pub signer: &'a dyn Signer,
    pub certificate: &'a Certificate,
    pub this_update: OffsetDateTime,
    pub next_update: OffsetDateTime,
}

impl Question {
    /// Reads a question, DER; a signature on it is ignored.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_QUESTION {
            return Err(Error::OcspRequest);
        }
        let request = OcspRequest::from_der(bytes).map_err(|_| Error::OcspRequest)?;
        let extensions = request.tbs_request.request_extensions.iter().flatten();
        let understood = extensions.into_iter().all(|extension| match extension.extn_id {
            NONCE_OID => NONCE.contains(&extension.extn_value.as_bytes().len()),
            _ => !extension.critical,
        });
        let certificates = request.tbs_request.request_list.len();
        if !understood || !(1..=MOST_CERTIFICATES).contains(&certificates) {
            return Err(Error::OcspRequest);
        }
        Ok(Self(request))
    }

    /// Returns the serial numbers asked about, in order; `None` for a certificate of another authority.
    pub fn serials(&self, issuer: &Certificate) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let name = der::Encode::to_der(issuer.subject_name()).map_err(Error::Encoding)?;
        let key = issuer.public_key().map_err(Error::ReadBack)?;
        let of_issuer = |id: &CertId| {
            hash_of(id).is_some_and(|hash| {
                digest(hash, &name).as_ref() == id.issuer_name_hash.as_bytes()
                    && digest(hash, key.subject_public_key()).as_ref() == id.issuer_key_hash.as_bytes()
            })
        };
        let ids = self.0.tbs_request.request_list.iter().map(|request| &request.req_cert);
        Ok(ids.map(|id| of_issuer(id).then(|| unsigned(id.serial_number.as_bytes()))).collect())
    }

    /// Says whether the question has a nonce, so that the answer must be made for it alone.
    pub fn has_nonce(&self) -> bool {
        self.0.tbs_request.request_extensions.iter().flatten().any(|extension| extension.extn_id == NONCE_OID)
    }

    /// Signs the answer and returns it, DER; `statuses` has one status for each serial number, in the question's order.
    pub fn answer(&self, statuses: &[Status], by: &Answering<'_>) -> Result<Vec<u8>, Error> {
        self.write(statuses, by)?.to_der().map_err(|_| Error::OcspEncoding)
    }

    /// Builds the signed answer.
    fn write(&self, statuses: &[Status], by: &Answering<'_>) -> Result<OcspResponse, Error> {
        let encoding = |_| Error::OcspEncoding;
        let mut responses = Vec::new();
        for (request, status) in self.0.tbs_request.request_list.iter().zip(statuses) {
            responses.push(SingleResponse {
                cert_id: request.req_cert.clone(),
                cert_status: written(*status)?,
                this_update: time(by.this_update)?,
                next_update: Some(time(by.next_update)?),
                single_extensions: None,
            });
        }
        let nonce = self.0.tbs_request.request_extensions.iter().flatten().find(|it| it.extn_id == NONCE_OID);
        let data = ResponseData {
            version: Version::V1,
            // RFC 5019, 2.2.1: the hash of the key is the shorter of the two.
            responder_id: ResponderId::ByKey(
                OctetString::new(by.signer.public_key().key_identifier()).map_err(encoding)?,
            ),
            produced_at: time(by.this_update)?,
            responses,
            response_extensions: nonce.map(|nonce| vec![nonce.clone()]),
        };
        let signature = by.signer.sign(&data.to_der().map_err(encoding)?)?;
        let algorithm = by.signer.algorithm().to_der().map_err(Error::ReadBack)?;
        let basic = BasicOcspResponse {
            tbs_response_data: data,
            signature_algorithm: Decode::from_der(&algorithm).map_err(encoding)?,
            signature: BitString::from_bytes(&signature).map_err(encoding)?,
            certs: Some(vec![Decode::from_der(by.certificate.der()).map_err(encoding)?]),
        };
        OcspResponse::successful(basic).map_err(encoding)
    }
}

impl Refusal {
    /// Returns the answer, DER.
    pub fn to_der(self) -> Vec<u8> {
        let number = match self {
            Self::Malformed => 1,
            Self::TryLater => 3,
            Self::Unauthorized => 6,
        };
        // SEQUENCE { ENUMERATED }
        vec![0x30, 3, 0x0a, 1, number]
    }
}

/// Returns the hash that identifies the issuer; `None` for hashes that are not known here.
fn hash_of(id: &CertId) -> Option<&'static Algorithm> {
    match id.hash_algorithm.oid {
        SHA1_OID => Some(&SHA1_FOR_LEGACY_USE_ONLY),
        SHA256_OID => Some(&SHA256),
        _ => None,
    }
}

/// Removes the sign octet of a serial number.
fn unsigned(serial: &[u8]) -> Vec<u8> {
    match serial {
        [0, rest @ ..] if !rest.is_empty() => rest.to_vec(),
        _ => serial.to_vec(),
    }
}

/// Converts a status.
fn written(status: Status) -> Result<CertStatus, Error> {
    Ok(match status {
        Status::Good => CertStatus::good(),
        Status::Unknown => CertStatus::unknown(),
        Status::Revoked { at, reason } => CertStatus::revoked(RevokedInfo {
            revocation_time: time(at)?,
            // The enumeration belongs to another crate, so it is read from its DER.
            revocation_reason: match reason {
                RevocationReason::Unspecified => None,
                reason => Some(Decode::from_der(&[0x0a, 1, reason.number()]).map_err(|_| Error::OcspEncoding)?),
            },
        }),
    })
}

/// Converts a time.
fn time(at: OffsetDateTime) -> Result<OcspGeneralizedTime, Error> {
    let seconds = u64::try_from(at.unix_timestamp()).map_err(|_| Error::Time { at })?;
    let time = GeneralizedTime::from_unix_duration(std::time::Duration::from_secs(seconds));
    time.map(OcspGeneralizedTime::from).map_err(|_| Error::Time { at })
}
