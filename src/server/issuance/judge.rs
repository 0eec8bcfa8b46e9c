//! Judges certification requests and attestations by the template, and writes the CA's order with the names of the
//! person's record and of the request's data items.

use crate::ca::IssueOrder;
use crate::pkix::attestation::Attestation;
use crate::pkix::{CertificationRequest, KeyKind, PublicKey};
use crate::server::call::app::App;
use crate::server::error::{ApiError, Reason};
use crate::store::{RequestRecord, UserRecord};
use crate::template::{Entry, Hash, KeyFamily, KeyPolicy, Known, Missing, ProfileTemplate};
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
/// validity, and ends with `lent_time_left`. Fails where the person's record or the request lacks what the template
/// needs.
pub fn order(
    app: &App,
    (request, template): (&RequestRecord, &ProfileTemplate),
    entry: Entry<'_>,
    user: &UserRecord,
    key: &PublicKey,
    lent_time_left: Option<Duration>,
) -> Result<IssueOrder, ApiError> {
    let Entry { certificate, naming, .. } = entry;
    let longest = lent_time_left.map_or(certificate.validity, |left| left.min(certificate.temporary_validity));
    let mut order = IssueOrder {
        key_usage: certificate.key_usages.clone(),
        extended_key_usages: certificate.extended_key_usages.clone(),
        validity: certificate.validity.min(longest),
        crl_url: Some(app.crl_url.clone()),
        freshest_crl_url: app.publication.delta_url().map(str::to_owned),
        aia_url: app.publication.address("/pki/ca.cer"),
        ocsp_url: app.publication.address("/ocsp"),
        ..IssueOrder::bare(key.clone())
    };
    let known = Known { user, items: items(request, template)? };
    naming.fill(&known, &mut order).map_err(|missing| match missing {
        Missing::Item(name) => ApiError::DataIncomplete(name),
        of_user @ (Missing::Attribute(_) | Missing::Address(_)) => ApiError::Attribute(of_user),
    })?;
    certificate.extensions.fill(&mut order);
    Ok(order)
}

/// Lists the request's data items that stand in certificates, each judged once more: the template may have changed since
/// they were given.
fn items<'t>(request: &RequestRecord, template: &'t ProfileTemplate) -> Result<Vec<(&'t str, String)>, ApiError> {
    let workflow = template.workflow(request.request_type);
    let rules = workflow.map(|workflow| workflow.data_items.as_slice()).unwrap_or_default();
    let mut items = Vec::new();
    for rule in rules.iter().filter(|rule| !rule.places.is_empty()) {
        let given = request.data.iter().find(|item| item.name == rule.name);
        if let Some(value) = given.and_then(|item| item.value.as_deref()) {
            let refused = |problem| ApiError::DataItemInvalid { name: rule.name.clone(), problem };
            items.push((rule.name.as_str(), rule.judge(value).map_err(refused)?));
        }
    }
    Ok(items)
}
