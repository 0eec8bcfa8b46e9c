//! Reads OCSP questions and signs answers (RFC 6960, as narrowed by RFC 5019 and RFC 9654). Bytes in, bytes out.
//!
//! The types are those of x509-ocsp, which uses an older `der`; none of them leaves this file. They do not read
//! questions: `der` 0.7 reserves what a length claims before it has seen the bytes, and sorts sets by insertion.

use super::error::Error;
use super::revocation::RevocationReason;
use crate::pkix::{Certificate, Signer};
use ::time::OffsetDateTime;
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use der_0_7::asn1::{AnyRef, BitString, GeneralizedTime, ObjectIdentifier as Oid, OctetString};
use der_0_7::{Decode, Encode, Reader, SliceReader, Tag, TagNumber, Tagged};
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspResponse, ResponderId, ResponseData, RevokedInfo,
    SingleResponse, Version,
};

/// Limits a question, in bytes, and the certificates it asks about.
pub const MAX_QUESTION: usize = 16 * 1024;
const MOST_CERTIFICATES: usize = 32;
/// Limits the length of a nonce (RFC 9654, 2.1), tag and length included.
const NONCE: std::ops::RangeInclusive<usize> = 3..=131;
const SHA1_OID: Oid = Oid::new_unwrap("1.3.14.3.2.26");
const SHA256_OID: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
/// Encodes the nonce's object identifier, 1.3.6.1.5.5.7.48.1.2.
const NONCE_DER: &[u8] = &[6, 9, 0x2B, 6, 1, 5, 5, 7, 0x30, 1, 2];

/// Holds a question about certificates.
pub struct Question {
    ids: Vec<CertId>,
    /// The nonce's extension, DER.
    nonce: Option<Vec<u8>>,
}

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
    pub produced_at: OffsetDateTime,
    pub this_update: OffsetDateTime,
    pub next_update: OffsetDateTime,
}

impl Question {
    /// Reads a question, DER. Who asks, a signature and what is said of single certificates are ignored, and not read.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_QUESTION {
            return Err(Error::OcspRequest);
        }
        let request = alone(bytes, Tag::Sequence)?;
        let tbs = match elements(request)?.as_slice() {
            [tbs] => tbs.inside(Tag::Sequence)?,
            [tbs, signature] if signature.is_field(0) => tbs.inside(Tag::Sequence)?,
            _ => return Err(Error::OcspRequest),
        };
        let fields = elements(tbs)?;
        let (version, fields) = field(&fields, 0);
        let (_requestor, fields) = field(fields, 1);
        let Some((list, fields)) = fields.split_first() else { return Err(Error::OcspRequest) };
        let (extensions, rest) = field(fields, 2);
        if !rest.is_empty() || version.is_some_and(|version| version.content != V1) {
            return Err(Error::OcspRequest);
        }
        let requests = elements(list.inside(Tag::Sequence)?)?;
        if !(1..=MOST_CERTIFICATES).contains(&requests.len()) {
            return Err(Error::OcspRequest);
        }
        let ids = requests.iter().map(certificate_id).collect::<Result<_, _>>()?;
        Ok(Self { ids, nonce: extensions.map(nonce).transpose()?.flatten() })
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
        Ok(self.ids.iter().map(|id| of_issuer(id).then(|| unsigned(id.serial_number.as_bytes()))).collect())
    }

    /// Says whether the question has a nonce, so that the answer must be made for it alone.
    pub fn has_nonce(&self) -> bool {
        self.nonce.is_some()
    }

    /// Returns the CertID, DER, of a question about one certificate without a nonce: whoever asks so is answered alike.
    pub fn alone(&self) -> Option<Vec<u8>> {
        match self.ids.as_slice() {
            [id] if self.nonce.is_none() => id.to_der().ok(),
            _ => None,
        }
    }

    /// Signs the answer and returns it, DER; `statuses` has one status for each serial number, in the question's order.
    pub fn answer(&self, statuses: &[Status], by: &Answering<'_>) -> Result<Vec<u8>, Error> {
        self.write(statuses, by)?.to_der().map_err(|_| Error::OcspEncoding)
    }

    /// Builds the signed answer.
    fn write(&self, statuses: &[Status], by: &Answering<'_>) -> Result<OcspResponse, Error> {
        let encoding = |_| Error::OcspEncoding;
        let mut responses = Vec::new();
        for (id, status) in self.ids.iter().zip(statuses) {
            responses.push(SingleResponse {
                cert_id: id.clone(),
                cert_status: written(*status)?,
                this_update: time(by.this_update)?,
                next_update: Some(time(by.next_update)?),
                single_extensions: None,
            });
        }
        let nonce = self.nonce.as_deref().map(Decode::from_der).transpose().map_err(encoding)?;
        let data = ResponseData {
            version: Version::V1,
            // RFC 5019, 2.2.1: the hash of the key is the shorter of the two.
            responder_id: ResponderId::ByKey(
                OctetString::new(by.signer.public_key().key_identifier()).map_err(encoding)?,
            ),
            produced_at: time(by.produced_at)?,
            responses,
            response_extensions: nonce.map(|nonce| vec![nonce]),
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

/// Encodes version 1, which questions leave out.
const V1: &[u8] = &[2, 1, 0];

/// Holds one element: it and its content are as long as was received, whatever its length claims.
struct Element<'a> {
    tag: Tag,
    whole: &'a [u8],
    content: &'a [u8],
}

impl<'a> Element<'a> {
    /// Returns the content of an element with this tag.
    fn inside(&self, tag: Tag) -> Result<&'a [u8], Error> {
        if self.tag == tag { Ok(self.content) } else { Err(Error::OcspRequest) }
    }

    /// Says whether this is the field with this number, tagged explicitly.
    fn is_field(&self, number: u8) -> bool {
        matches!(self.tag, Tag::ContextSpecific { constructed: true, number: of } if of == TagNumber::new(number))
    }
}

/// Returns the elements that stand in a row, without looking into them.
fn elements(bytes: &[u8]) -> Result<Vec<Element<'_>>, Error> {
    let broken = |_| Error::OcspRequest;
    let mut reader = SliceReader::new(bytes).map_err(broken)?;
    let mut found = Vec::new();
    while !reader.is_finished() {
        let whole = reader.tlv_bytes().map_err(broken)?;
        let read = AnyRef::from_der(whole).map_err(broken)?;
        found.push(Element { tag: read.tag(), whole, content: read.value() });
    }
    Ok(found)
}

/// Returns the content of the one element in `bytes`.
fn alone(bytes: &[u8], tag: Tag) -> Result<&[u8], Error> {
    match elements(bytes)?.as_slice() {
        [one] => one.inside(tag),
        _ => Err(Error::OcspRequest),
    }
}

/// Splits off the field with this number if it comes next.
fn field<'f, 'a>(fields: &'f [Element<'a>], number: u8) -> (Option<&'f Element<'a>>, &'f [Element<'a>]) {
    match fields.split_first() {
        Some((first, rest)) if first.is_field(number) => (Some(first), rest),
        _ => (None, fields),
    }
}

/// Reads which certificate a Request is about (RFC 6960, 4.1.1), once every length in it is known to be true.
fn certificate_id(request: &Element<'_>) -> Result<CertId, Error> {
    let id = match elements(request.inside(Tag::Sequence)?)?.as_slice() {
        [id] => elements(id.inside(Tag::Sequence)?).map(|parts| (id.whole, parts)),
        [id, more] if more.is_field(0) => elements(id.inside(Tag::Sequence)?).map(|parts| (id.whole, parts)),
        _ => Err(Error::OcspRequest),
    };
    let (whole, parts) = id?;
    elements(parts.first().ok_or(Error::OcspRequest)?.inside(Tag::Sequence)?)?;
    CertId::from_der(whole).map_err(|_| Error::OcspRequest)
}

/// Reads the extensions of a question, and returns the nonce's, DER. One that is critical and not known here makes the
/// question unreadable.
fn nonce(extensions: &Element<'_>) -> Result<Option<Vec<u8>>, Error> {
    let mut nonce = None;
    for extension in elements(alone(extensions.content, Tag::Sequence)?)? {
        let parts = elements(extension.inside(Tag::Sequence)?)?;
        let (id, critical, value) = match parts.as_slice() {
            [id, value] => (id, false, value),
            [id, critical, value] => (id, critical.inside(Tag::Boolean)? != [0], value),
            _ => return Err(Error::OcspRequest),
        };
        let value = value.inside(Tag::OctetString)?;
        if id.whole == NONCE_DER {
            if !NONCE.contains(&value.len()) {
                return Err(Error::OcspRequest);
            }
            nonce.get_or_insert(extension.whole.to_vec());
        } else if critical {
            return Err(Error::OcspRequest);
        }
    }
    Ok(nonce)
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
