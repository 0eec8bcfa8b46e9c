//! Certificates: which keys the client is to make, certification requests handed in, lists.

use super::view;
use crate::cm::certificate::{CertificateData, ListedCertificate};
use crate::cm::possession::Possession;
use crate::cm::request::RequestType;
use crate::cm::route::Holder;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::issuance::certify::{Certified, certify};
use crate::server::issuance::judge::{self, Judged};
use crate::server::issuance::plan::Plan;
use crate::server::issuance::{deliver, issued, possession};
use crate::store::{CertificateRecord, CertificateScope, HoldingRecord, Origin};
use crate::template::Entry;
use std::collections::HashSet;
use time::OffsetDateTime;
use uuid::Uuid;

/// Answers `certificaterequestgenerationoptions`: the keys and certification requests that the client is to make, in
/// order, each with the certificate that it has brought already.
pub async fn generation_options(call: &Call<'_>, request: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let template = request.for_execution(call, RequestType::issues_certificates)?;
    let plan = Plan::of(call, &request.record, template).await?;
    Reply::json(&issued::key_orders(template, &plan, &issued::issued(call, &request.record).await?))
}

/// Answers `certificatedata`: certifies the keys of certification requests, in the order of the generation options,
/// makes the keys that the server is to make, and brings back what is archived.
///
/// The same keys handed in again on the same request get the very same certificates; nothing is issued twice.
pub async fn submit(call: &Call<'_>, request: Uuid, body: CertificateData) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(request).await?;
    let template = request.for_execution(call, RequestType::issues_certificates)?;
    if template.is_smartcard() && request.record.new_smartcard.is_none() {
        return Err(ApiError::SmartcardNotAssigned);
    }
    let plan = Plan::of(call, &request.record, template).await?;
    let entries: Vec<_> = plan.client_keys().collect();
    let judged = judged(&entries, &body, call.now)?;
    if plan.brings_sealed() && !plan.brings_keys() {
        return Err(ApiError::SealedToAgents);
    }
    let password = body.pfx_password.as_ref();
    if plan.brings_keys() {
        deliver::check_password(password)?;
    }
    let certified = match request.record.new_profile {
        Some(profile) => Certified::earlier(profile),
        None => certify(call, &request.record, template, plan, &judged).await?,
    };
    Reply::json(&deliver::answer(call, &request.record, certified, &judged, password).await?)
}

/// Answers `possession`: keeps that the old key was shown, and answers with the request. Repeated, it changes nothing.
pub async fn show_old_key(call: &Call<'_>, request: Uuid, body: Possession) -> Result<Reply, ApiError> {
    body.check()?;
    let request = call.request(request).await?;
    let template = request.for_execution(call, RequestType::shows_old_key)?;
    let grace = request.workflow().map(|workflow| workflow.passage.grace).unwrap_or_default();
    possession::shown(call, &request.record, &body, grace).await?;
    tracing::info!(id = %call.id, request = %request.record.uuid, caller = call.caller.name, "old key shown");
    Reply::json(&view::request_of(request.record.clone(), Some(template)))
}

/// Judges all certification requests with their attestations; refuses a wrong number of them, and a key that comes
/// twice.
fn judged(entries: &[Entry<'_>], body: &CertificateData, now: OffsetDateTime) -> Result<Vec<Judged>, ApiError> {
    let requests = &body.certificate_requests;
    if entries.len() != requests.len() {
        return Err(ApiError::CsrCount { given: requests.len(), wanted: entries.len() });
    }
    let said = body.attestations.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..]));
    let judged: Vec<Judged> = entries
        .iter()
        .zip(requests)
        .zip(said)
        .map(|((entry, request), said)| {
            let judged = judge::judge(entry.key, request)?;
            let attestation = judge::judge_attestation(entry.key, judged.request.public_key(), said, now)?;
            Ok(Judged { attestation, ..judged })
        })
        .collect::<Result<_, ApiError>>()?;
    let keys: HashSet<_> = judged.iter().map(|judged| judged.public_key_sha256).collect();
    if keys.len() == judged.len() { Ok(judged) } else { Err(ApiError::KeyTwice) }
}

/// Lists the certificates on a profile or card, and as key history those that were brought back to it. Those on a card
/// are shown whole, so that a key on it can be told by more than its certificate's thumbprint.
pub async fn of_holder(call: &Call<'_>, of: Holder) -> Result<Reply, ApiError> {
    let store = &call.app.store;
    let profile = match of {
        Holder::Smartcard(smartcard) => return on_card(call, call.smartcard(smartcard).await?.uuid).await,
        Holder::Profile(profile) => call.profile(profile).await?.uuid,
    };
    let certificates = store.certificates(CertificateScope::Profile(profile)).await?;
    let mut listed: Vec<_> = certificates.iter().map(view::listed).collect();
    for HoldingRecord { origin, certificate } in store.holdings(profile).await? {
        if matches!(origin, Origin::Recovered | Origin::History) {
            let mut certificate = view::listed(&certificate);
            certificate.is_key_history = origin == Origin::History;
            listed.push(certificate);
        }
    }
    Reply::list(listed)
}

/// Lists the certificates on a card: its own, then those of keys that were brought to it from another.
async fn on_card(call: &Call<'_>, smartcard: Uuid) -> Result<Reply, ApiError> {
    let store = &call.app.store;
    let whole = |record: &CertificateRecord| ListedCertificate {
        certificate: Some(record.der.clone()),
        ..view::listed(record)
    };
    let certificates = store.certificates(CertificateScope::Smartcard(smartcard)).await?;
    let mut listed: Vec<_> = certificates.iter().map(whole).collect();
    for profile in store.profiles_on(smartcard).await? {
        for HoldingRecord { origin, certificate } in store.holdings(profile.uuid).await? {
            let brought = matches!(origin, Origin::Recovered | Origin::History);
            let known = listed.iter().any(|listed| listed.certificate.as_ref() == Some(&certificate.der));
            if brought && !known {
                listed.push(ListedCertificate { is_key_history: true, ..whole(&certificate) });
            }
        }
    }
    Reply::list(listed)
}

/// Lists the caller's own certificates in use, without those that are revoked, superseded or expired.
pub async fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let certificates = call.app.store.certificates(CertificateScope::User(call.caller.uuid)).await?;
    let in_use = certificates.iter().filter(|certificate| {
        certificate.revocation.is_none() && !certificate.superseded && certificate.not_after > call.now
    });
    Reply::list(in_use.map(|certificate| view::detailed(call.app, certificate, &call.caller.name)).collect())
}
