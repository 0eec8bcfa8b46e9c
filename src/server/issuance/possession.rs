//! Takes what shows that the old key of a card or profile is at hand: its signature for one request.

use crate::cm::possession::{Possession, signed_text};
use crate::cm::route::Holder;
use crate::pkix::{Certificate, KeyUsage, SignatureAlgorithm};
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::error::ApiError;
use crate::server::workflow::execute::executable;
use crate::store::{CertificateRecord, Origin, PossessionRecord, RequestRecord, Tx};
use time::{Duration, OffsetDateTime};

/// Keeps that the old key was shown, or refuses; a key that was shown before needs not be shown again. `grace`: how long
/// a key counts after its certificate.
pub async fn shown(
    call: &Call<'_>,
    request: &RequestRecord,
    body: &Possession,
    grace: Duration,
) -> Result<(), ApiError> {
    let store = &call.app.store;
    if store.possession(request.uuid).await?.is_some() {
        return Ok(());
    }
    if !call.app.public_names.iter().any(|name| name.eq_ignore_ascii_case(&body.server)) {
        return Err(ApiError::PossessionElsewhere(body.server.clone()));
    }
    let text = text(&body.server, request).ok_or(ApiError::NoActiveProfile)?;
    let (uuid, now) = (request.uuid, call.now);
    let (thumbprint, signature) = (body.thumbprint.clone(), body.signature.clone());
    let entry = call.entry(Deed::OldKeyShown);
    let job = async move |tx: &mut Tx| {
        let request = tx.request(uuid).await?.ok_or(ApiError::NotFound("request"))?;
        executable(&request)?;
        if tx.possession(uuid).await?.is_some() {
            return Ok(());
        }
        let old = old_certificates(tx, &request, grace, now).await?;
        let named = |record: &&CertificateRecord| hex::encode(record.thumbprint).eq_ignore_ascii_case(&thumbprint);
        let old = old.iter().find(named).ok_or(ApiError::PossessionOfOther)?;
        if !is_signed_by(old, text.as_bytes(), &signature) {
            return Err(ApiError::PossessionWrong);
        }
        let record = PossessionRecord { request: uuid, serial: old.serial.clone(), signature, at: now };
        tx.insert_possession(&record).await?;
        let entry = entry.on(&request).with("serial", hex::encode_upper(&record.serial)).with("signed", &text);
        Ok(tx.audit(&entry.with("signature", hex::encode(&record.signature))).await?)
    };
    store.write(move |tx| Box::pin(job(tx))).await
}

/// Returns what the old key signs for a request at a server of this name; `None` where there is no old key.
fn text(server: &str, request: &RequestRecord) -> Option<String> {
    let holder = request.old_smartcard.map(Holder::Smartcard).or(request.old_profile.map(Holder::Profile))?;
    Some(signed_text(server, request.uuid, holder, request.request_type))
}

/// Says whether what was kept shows a key that still counts. The signature is verified again: whoever can write to the
/// database has no such key.
pub async fn is_shown(
    tx: &mut Tx,
    request: &RequestRecord,
    shown: &PossessionRecord,
    names: &[String],
    (grace, now): (Duration, OffsetDateTime),
) -> Result<bool, ApiError> {
    let old = old_certificates(tx, request, grace, now).await?;
    let Some(old) = old.iter().find(|old| old.serial == shown.serial) else { return Ok(false) };
    let mut texts = names.iter().filter_map(|name| text(name, request));
    Ok(texts.any(|text| is_signed_by(old, text.as_bytes(), &shown.signature)))
}

/// Lists the certificates whose keys can be shown for a request: those in use of its old profile, of keys that their
/// owner has made and may sign with. A key of the archive proves nothing: others may have been given it.
async fn old_certificates(
    tx: &mut Tx,
    request: &RequestRecord,
    grace: Duration,
    now: OffsetDateTime,
) -> Result<Vec<CertificateRecord>, ApiError> {
    let Some(profile) = request.old_profile else { return Ok(Vec::new()) };
    let held = tx.holdings(profile).await?.into_iter();
    let own = held.filter(|held| held.origin == Origin::Client).map(|held| held.certificate);
    let counts = |record: &CertificateRecord| {
        record.user == request.target
            && record.revocation.is_none()
            && !record.superseded
            && counts_still(record.not_after, grace, now)
            && may_sign(record)
    };
    Ok(own.filter(counts).collect())
}

/// Says whether a key still counts whose certificate ends then, also one that never ends (RFC 5280, 4.1.2.5).
fn counts_still(not_after: OffsetDateTime, grace: Duration, now: OffsetDateTime) -> bool {
    not_after.checked_add(grace).is_none_or(|end| now < end)
}

/// Says whether the key of a certificate is for signatures: one that only decrypts may be made to sign by whoever can
/// have it decrypt.
fn may_sign(record: &CertificateRecord) -> bool {
    let usages = Certificate::from_der(&record.der).and_then(|certificate| certificate.key_usage());
    let signs = |usage: &KeyUsage| matches!(usage, KeyUsage::DigitalSignature | KeyUsage::NonRepudiation);
    usages.is_ok_and(|usages| usages.is_none_or(|usages| usages.iter().any(signs)))
}

/// Verifies a signature by the key of a certificate.
fn is_signed_by(record: &CertificateRecord, text: &[u8], signature: &[u8]) -> bool {
    let key = Certificate::from_der(&record.der).and_then(|certificate| certificate.public_key());
    key.is_ok_and(|key| key.verify(SignatureAlgorithm::usual_for(key.kind()), text, signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_certificate_that_never_ends_has_a_key_that_counts() {
        let (never, now) = (datetime!(9999-12-31 23:59:59 UTC), datetime!(2026-11-28 12:00 UTC));
        assert!(counts_still(never, Duration::days(30), now));
        assert!(counts_still(now - Duration::days(29), Duration::days(30), now));
        assert!(!counts_still(now - Duration::days(30), Duration::days(30), now));
    }
}
