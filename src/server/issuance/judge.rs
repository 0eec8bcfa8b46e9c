//! Judges certification requests and attestations by the template, and writes the CA's order with the names of the
//! person's record.

use crate::ca::IssueOrder;
use crate::pkix::attestation::Attestation;
use crate::pkix::{CertificationRequest, KeyKind, PublicKey};
use crate::server::call::app::App;
use crate::server::error::{ApiError, Reason};
use crate::store::UserRecord;
use crate::template::{Entry, Hash, KeyFamily, KeyPolicy, Missing, ProfileTemplate};
use aws_lc_rs::digest::{SHA256, digest};
use time::{Duration, OffsetDateTime};

/// Holds a certification request that is verified and that the template allows.
pub struct Judged {
    pub request: CertificationRequest,
    /// Of the whole request, DER.
    pub csr_sha256: [u8; 32],
    /// Of the SubjectPublicKeyInfo.
    pub public_key_sha256: [u8; 32],
    /// What the card says of the key.
    pub attestation: Option<Attested>,
}

/// Holds an attestation that is about the very key it came with.
#[derive(Clone)]
pub struct Attested {
    pub attestation: Attestation,
    /// It leads to one of the authorities that the template names.
    pub proven: bool,
}

/// Reads a certification request (RFC 2986), checks it by the template's policy, and verifies that it is signed with
/// its own key. The names and extensions it asks for are ignored: the template says what is certified.
pub fn judge(policy: &KeyPolicy, der: &[u8]) -> Result<Judged, ApiError> {
    let unreadable = |error| ApiError::CsrUnreadable(Reason(error));
    let request = CertificationRequest::from_der(der).map_err(unreadable)?;
    let algorithm = request.signature_algorithm().map_err(unreadable)?;
    check_key(policy, request.public_key().kind())?;
    let hash = Hash::of(algorithm);
    if !policy.allows_hash(hash) {
        return Err(ApiError::Hash { hash: hash.name() });
    }
    request.verify().map_err(|error| ApiError::CsrSignature(Reason(error)))?;
    let public_key_sha256 = request.public_key().sha256();
    Ok(Judged { csr_sha256: sha256(der), public_key_sha256, request, attestation: None })
}

/// Checks what a card says of a key; no bytes mean that nothing was said. An attestation must be about the key, and
/// lead to one of the template's authorities where it names any. Where the template demands none, one that came is kept
/// all the same.
pub fn judge_attestation(
    policy: &KeyPolicy,
    key: &PublicKey,
    said: &[u8],
    now: OffsetDateTime,
) -> Result<Option<Attested>, ApiError> {
    let proven = !policy.attestation_roots.is_empty();
    if said.is_empty() {
        return if proven { Err(ApiError::AttestationMissing) } else { Ok(None) };
    }
    let attestation = Attestation::from_der(said).map_err(ApiError::AttestationUnreadable)?;
    attestation.is_about(key).map_err(ApiError::Attestation)?;
    if proven {
        attestation.leads_to(&policy.attestation_roots, now).map_err(ApiError::Attestation)?;
    }
    Ok(Some(Attested { attestation, proven }))
}

/// Refuses a key whose algorithm or size, in bits, the template does not allow.
fn check_key(policy: &KeyPolicy, kind: KeyKind) -> Result<(), ApiError> {
    let (family, size) = KeyFamily::of(kind);
    match policy.minimum(family) {
        None => Err(ApiError::KeyAlgorithm { key: kind.to_string() }),
        Some(minimum) if size < minimum => Err(ApiError::KeyTooSmall { size, minimum }),
        Some(_) => Ok(()),
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    array.copy_from_slice(digest(&SHA256, bytes).as_ref());
    array
}

/// Writes the CA's order: a certificate of the template for this key. On a temporary card it has the template's shorter
/// validity, and ends with `lent_time_left`. Fails where the person's record lacks what the template needs.
pub fn order(
    app: &App,
    template: &ProfileTemplate,
    entry: Entry<'_>,
    user: &UserRecord,
    key: &PublicKey,
    lent_time_left: Option<Duration>,
) -> Result<IssueOrder, Missing> {
    let Entry { certificate, .. } = entry;
    let longest = lent_time_left.map_or(certificate.validity, |left| left.min(certificate.temporary_validity));
    let mut order = IssueOrder {
        subject: template.subject.fill(user)?,
        key_usage: certificate.key_usages.clone(),
        extended_key_usages: certificate.extended_key_usages.clone(),
        validity: certificate.validity.min(longest),
        crl_url: Some(app.crl_url.clone()),
        freshest_crl_url: app.publication.delta_url().map(str::to_owned),
        aia_url: app.publication.address("/pki/ca.cer"),
        ocsp_url: app.publication.address("/ocsp"),
        ..IssueOrder::bare(key.clone())
    };
    template.names.fill(user, &mut order)?;
    template.certificate.extensions.fill(&mut order);
    Ok(order)
}
