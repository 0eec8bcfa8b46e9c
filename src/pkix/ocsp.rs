//! Asks a responder about one certificate and reads its answer (RFC 6960, as narrowed by RFC 5019): bytes in, bytes out.
//! The question names the issuer by SHA-1, which every responder knows, and has no nonce, so that an answer made before
//! will do. Answers are made in the room `ca`.

use super::certificate::{Certificate, signed_part};
use super::digest::sha1;
use super::error::Error;
use super::oid;
use super::signature_algorithm::SignatureAlgorithm;
use der::asn1::{Any, BitString, GeneralizedTime, Null, ObjectIdentifier as Oid, OctetString};
use der::{Choice, Decode, Encode, Enumerated, Sequence};
use time::OffsetDateTime;
use x509_cert::ext::Extensions;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Limits an answer, in bytes; with a responder's certificate it has some thousand.
pub const MAX_ANSWER: usize = 64 * 1024;
/// Bounds the responder's certificates that are tried.
const MOST_RESPONDERS: usize = 4;
/// Names the purpose of a responder's certificate, id-kp-OCSPSigning.
const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
const WHAT: &str = "OCSP answer";

/// Tells what a responder says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Good,
    Revoked {
        at: OffsetDateTime,
    },
    /// The responder does not know it.
    Unknown,
}

/// Holds what a responder has signed about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: Status,
    pub this_update: OffsetDateTime,
    /// When a newer answer is there at the latest; `None`: the answer does not say.
    pub next_update: Option<OffsetDateTime>,
}

#[derive(Clone, PartialEq, Eq, Sequence)]
struct CertId {
    hash: AlgorithmIdentifierOwned,
    issuer_name: OctetString,
    issuer_key: OctetString,
    serial: SerialNumber,
}

#[derive(Sequence)]
struct Request {
    id: CertId,
}

#[derive(Sequence)]
struct Requests {
    list: Vec<Request>,
}

#[derive(Sequence)]
struct Question {
    requests: Requests,
}

#[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
#[repr(u8)]
enum Outcome {
    Successful = 0,
    Malformed = 1,
    Internal = 2,
    TryLater = 3,
    SignatureRequired = 5,
    Unauthorized = 6,
}

#[derive(Sequence)]
struct Response {
    outcome: Outcome,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    bytes: Option<ResponseBytes>,
}

#[derive(Sequence)]
struct ResponseBytes {
    kind: Oid,
    response: OctetString,
}

#[derive(Sequence)]
struct Basic {
    data: Data,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    certificates: Option<Vec<Any>>,
}

#[derive(Sequence)]
struct Data {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    version: Option<u8>,
    responder: Responder,
    produced_at: GeneralizedTime,
    responses: Vec<Single>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

/// Names who answers; who it is shows by the signature.
#[derive(Choice)]
enum Responder {
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    Name(Any),
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    Key(OctetString),
}

#[derive(Sequence)]
struct Single {
    id: CertId,
    status: StatusField,
    this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Choice)]
enum StatusField {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

#[derive(Sequence)]
struct RevokedInfo {
    at: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    reason: Option<Any>,
}

/// Returns the question about a certificate of `issuer`, DER.
pub fn question(certificate: &Certificate, issuer: &Certificate) -> Result<Vec<u8>, Error> {
    let question = Question { requests: Requests { list: vec![Request { id: id(certificate, issuer)? }] } };
    question.to_der().map_err(Error::malformed("OCSP question"))
}

fn id(certificate: &Certificate, issuer: &Certificate) -> Result<CertId, Error> {
    let malformed = Error::malformed("OCSP question");
    let name = issuer.subject_name().to_der().map_err(&malformed)?;
    Ok(CertId {
        hash: AlgorithmIdentifierOwned { oid: oid::SHA1, parameters: Some(Any::from(Null)) },
        issuer_name: OctetString::new(sha1(&name)).map_err(&malformed)?,
        issuer_key: OctetString::new(issuer.public_key()?.key_identifier()).map_err(&malformed)?,
        serial: certificate.x509().tbs_certificate().serial_number().clone(),
    })
}

impl Answer {
    /// Reads what a responder answers about a certificate of `issuer`, and verifies that the issuer has signed it or named
    /// who has (RFC 6960, 4.2.2.2) with a certificate that is valid at `now`. Whether the answer is out of date is left to
    /// the caller.
    pub fn read(
        bytes: &[u8],
        certificate: &Certificate,
        issuer: &Certificate,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let malformed = Error::malformed(WHAT);
        if bytes.len() > MAX_ANSWER {
            return Err(Error::TooLarge { what: WHAT, size: bytes.len(), limit: MAX_ANSWER });
        }
        let response = Response::from_der(bytes).map_err(&malformed)?;
        let answered =
            response.bytes.filter(|it| response.outcome == Outcome::Successful && it.kind == oid::OCSP_BASIC);
        let der = answered.ok_or(Error::NoOcspAnswer { status: response.outcome as u8 })?.response;
        let basic = Basic::from_der(der.as_bytes()).map_err(&malformed)?;
        verify(&basic, signed_part(der.as_bytes(), WHAT)?, issuer, now)?;
        let asked = id(certificate, issuer)?;
        let is_asked = |single: &&Single| single.id.is(&asked);
        let single = basic.data.responses.iter().find(is_asked).ok_or(Error::OcspOfAnother)?;
        understood(&basic.data.extensions)?;
        understood(&single.extensions)?;
        Ok(Self {
            status: match &single.status {
                StatusField::Good(_) => Status::Good,
                StatusField::Unknown(_) => Status::Unknown,
                StatusField::Revoked(revoked) => Status::Revoked { at: instant(&revoked.at) },
            },
            this_update: instant(&single.this_update),
            next_update: single.next_update.as_ref().map(instant),
        })
    }
}

impl CertId {
    /// Compares without the parameters of the hash, which some leave out.
    fn is(&self, other: &Self) -> bool {
        self.hash.oid == other.hash.oid
            && (&self.issuer_name, &self.issuer_key, &self.serial)
                == (&other.issuer_name, &other.issuer_key, &other.serial)
    }
}

/// Verifies that the issuer has signed an answer, or somebody to whom it has given a certificate for that.
fn verify(basic: &Basic, signed: &[u8], issuer: &Certificate, now: OffsetDateTime) -> Result<(), Error> {
    let algorithm = SignatureAlgorithm::from_identifier(&basic.algorithm)?;
    let signature = basic.signature.as_bytes().ok_or(Error::BadSignature { what: WHAT })?;
    let has_signed = |by: &Certificate| by.public_key()?.verify_part(WHAT, algorithm, signed, signature);
    if has_signed(issuer).is_ok() {
        return Ok(());
    }
    for der in basic.certificates.iter().flatten().take(MOST_RESPONDERS) {
        let der = der.to_der().map_err(Error::malformed(WHAT))?;
        let Ok(responder) = Certificate::from_der(&der) else { continue };
        let is_named = responder.extended_key_usage()?.iter().any(|purpose| purpose == OCSP_SIGNING)
            && (responder.not_before()..=responder.not_after()).contains(&now)
            && responder.verify_issued_by(issuer).is_ok();
        if is_named && has_signed(&responder).is_ok() {
            return Ok(());
        }
    }
    Err(Error::OcspSigner)
}

/// Refuses critical extensions: none is understood here.
fn understood(extensions: &Option<Extensions>) -> Result<(), Error> {
    match extensions.iter().flatten().find(|extension| extension.critical) {
        Some(extension) => Err(Error::CriticalExtension { what: WHAT, oid: extension.extn_id.to_string() }),
        None => Ok(()),
    }
}

fn instant(time: &GeneralizedTime) -> OffsetDateTime {
    // The reader's years are 1970 to 9999, which `time` holds.
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
