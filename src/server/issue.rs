//! From a certification request to a certificate: judged by the template, named by the person's record.

use super::app::App;
use super::error::ApiError;
use super::template::{Hash, KeyFamily, Missing, ProfileTemplate};
use crate::ca::{Issued, Order};
use crate::pkix::{CertificationRequest, KeyKind};
use crate::store::UserRecord;
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use time::OffsetDateTime;

/// A certification request the template allows, verified.
pub struct Judged {
    pub request: CertificationRequest,
    pub csr_sha256: [u8; 32],
    pub public_key_sha256: [u8; 32],
}

/// Reads a certification request, verifies that it is signed with its own key, and holds it against the template.
/// Names and extensions it asks for are not taken over: the template says what is certified.
pub fn judge(template: &ProfileTemplate, der: &[u8]) -> Result<Judged, ApiError> {
    let request = CertificationRequest::from_der(der).map_err(ApiError::CsrUnreadable)?;
    let algorithm = request.signature_algorithm().map_err(ApiError::CsrUnreadable)?;
    check_key(template, request.public_key().kind())?;
    let hash = Hash::of(algorithm);
    if !template.key.allows_hash(hash) {
        return Err(ApiError::Hash { hash: hash.name() });
    }
    request.verify().map_err(ApiError::CsrSignature)?;
    let public_key_sha256 = request.public_key().sha256();
    Ok(Judged { csr_sha256: hashed(&SHA256, der), public_key_sha256, request })
}

fn check_key(template: &ProfileTemplate, kind: KeyKind) -> Result<(), ApiError> {
    let (family, size) = KeyFamily::of(kind);
    match template.key.minimum(family) {
        None => Err(ApiError::KeyAlgorithm { key: kind.to_string() }),
        Some(minimum) if size < minimum => Err(ApiError::KeyTooSmall { size, minimum }),
        Some(_) => Ok(()),
    }
}

/// A digest as an array.
pub fn hashed<const N: usize>(algorithm: &'static Algorithm, bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    for (to, from) in array.iter_mut().zip(digest(algorithm, bytes).as_ref()) {
        *to = *from;
    }
    array
}

/// Windows' thumbprint of a certificate: SHA-1, to be recognised by, not to be trusted.
pub fn thumbprint(der: &[u8]) -> [u8; 20] {
    hashed(&SHA1_FOR_LEGACY_USE_ONLY, der)
}

/// What the CA is asked for.
pub fn order(template: &ProfileTemplate, user: &UserRecord, now: OffsetDateTime) -> Result<Order, Missing> {
    let fill = |pattern: &Option<super::template::Pattern>| pattern.as_ref().map(|pattern| pattern.fill(user)).transpose();
    Ok(Order {
        subject: template.subject.fill(user)?,
        upn: fill(&template.upn)?,
        email: fill(&template.email)?,
        key_usages: template.certificate.key_usages.clone(),
        extended_key_usages: template.certificate.extended_key_usages.clone(),
        not_before: now,
        not_after: now + template.certificate.validity,
    })
}

/// Has the CA sign, and write the answer the client is sent: a CMC Full PKI Response with the whole chain.
pub fn issue(app: &App, order: &Order, judged: &Judged, now: OffsetDateTime) -> Result<(Issued, Vec<u8>), ApiError> {
    app.signing(|authority| {
        let issued = authority.issue(order, judged.request.public_key(), now)?;
        let response = authority.respond(&issued.der)?;
        Ok((issued, response))
    })
}
