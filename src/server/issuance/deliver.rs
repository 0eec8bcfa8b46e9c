//! Writes the answer to `certificatedata`: certificates as they were sent before, and private keys under the password
//! of this call (PKCS#12).

use super::certify::{Certified, Held, recovery_keys};
use super::judge::Judged;
use crate::cm::certificate::Certificate as Answer;
use crate::cm::request::RequestType;
use crate::cm::vocabulary;
use crate::pkix::pfx::{self, PfxProtection};
use crate::pkix::{self, Certificate};
use crate::secret::Passphrase;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::error::{ApiError, Internal};
use crate::store::{CertificateRecord, HoldingRecord, Origin, RequestRecord};
use crate::template::KeySource;

/// Refuses a password that is missing, that PKCS#12 cannot hold, that is too short, or that everybody would guess.
pub fn check_password(password: Option<&Passphrase>) -> Result<(), ApiError> {
    let password = password.ok_or(ApiError::NoPfxPassword)?;
    pfx::check_password(password.expose()).map_err(ApiError::PfxPassword)?;
    // It can be guessed at offline, unlike a card's PIN.
    password.judge().map_err(ApiError::PfxPasswordWeak)
}

/// Answers with an entry for each certificate that the profile holds, in the order in which they were made. Refuses
/// certification requests for other keys than those that were certified.
pub async fn answer(
    call: &Call<'_>,
    request: &RequestRecord,
    certified: Certified,
    judged: &[Judged],
    password: Option<&Passphrase>,
) -> Result<Vec<Answer>, ApiError> {
    let profile = certified.profile;
    let mut contents = contents(call, certified).await?;
    if request.request_type == RequestType::RecoverOnBehalf {
        // Keys that the server cannot open are collected by another call (`sealedkeys`).
        let archived = call.app.store.archived(profile).await?;
        let is_sealed = |serial: &[u8]| archived.iter().any(|record| record.agents_only && record.serial == serial);
        contents.retain(|held| !is_sealed(&held.holding.certificate.serial));
    }
    let own = contents.iter().filter(|held| held.holding.origin == Origin::Client);
    let own = own.map(|held| held.holding.certificate.public_key_sha256);
    if !own.eq(judged.iter().map(|it| it.public_key_sha256)) {
        return Err(ApiError::OtherKey);
    }
    log_keys_given(call, request, &contents).await?;
    let mut answers = Vec::new();
    for Held { holding: HoldingRecord { origin, certificate }, response } in contents {
        let name = &certificate.template_common_name;
        answers.push(match (origin, response) {
            (Origin::Client, Some(response)) => pkcs7_entry(name, response),
            (Origin::Client, None) => pkcs7_entry(name, sent_response(call, &certificate.serial).await?),
            (origin, _) => pfx_entry(name, pkcs12(call, request, &certificate, password).await?, origin),
        });
    }
    Ok(answers)
}

/// Returns what the profile holds; reads it unless it was made just now.
async fn contents(call: &Call<'_>, certified: Certified) -> Result<Vec<Held>, ApiError> {
    if let Some(made) = certified.made {
        return Ok(made);
    }
    let kept = call.app.store.holdings(certified.profile).await?;
    Ok(kept.into_iter().map(|holding| Held { holding, response: None }).collect())
}

/// Logs which private keys are given out, before they are.
async fn log_keys_given(call: &Call<'_>, request: &RequestRecord, contents: &[Held]) -> Result<(), ApiError> {
    let serials = |wanted: fn(Origin) -> bool| {
        let wanted = contents.iter().map(|held| &held.holding).filter(|holding| wanted(holding.origin));
        wanted.map(|holding| hex::encode_upper(&holding.certificate.serial)).collect::<Vec<_>>().join(" ")
    };
    let made = serials(|origin| origin == Origin::Server);
    let recovered = serials(|origin| origin == Origin::Recovered);
    let history = serials(|origin| origin == Origin::History);
    if made.is_empty() && recovered.is_empty() && history.is_empty() {
        return Ok(());
    }
    let entry = call.entry(Deed::KeysGiven).on(request);
    let entry = entry.with("made", made).with("recovered", recovered).with("history", history);
    call.app.store.write(move |tx| Box::pin(async move { tx.audit(&entry).await })).await?;
    tracing::info!(id = %call.id, request = %request.uuid, caller = call.caller.name, "private keys given out");
    Ok(())
}

/// Reads the response that was sent for a certificate.
async fn sent_response(call: &Call<'_>, serial: &[u8]) -> Result<Vec<u8>, ApiError> {
    let response = call.app.store.response(serial).await?;
    response.ok_or(ApiError::Internal(Internal::Dangling("response")))
}

/// Writes an archived private key with its certificate and chain as PKCS#12.
async fn pkcs12(
    call: &Call<'_>,
    request: &RequestRecord,
    record: &CertificateRecord,
    password: Option<&Passphrase>,
) -> Result<Vec<u8>, ApiError> {
    let failed = |error: pkix::Error| ApiError::Internal(Internal::MakeKey(error));
    let password = password.ok_or(ApiError::NoPfxPassword)?;
    let certificate = Certificate::from_der(&record.der).map_err(failed)?;
    let keys = recovery_keys(call.app)?;
    let key = keys.key(&call.app.store, record.request, &record.serial, &certificate).await?;
    let template = call.app.templates.get(request.profile_template);
    let entry = template.and_then(|template| {
        template.entries().find(|entry| entry.certificate.template_name == record.template_common_name)
    });
    let protection = match entry.map(|entry| entry.key.source) {
        Some(KeySource::Server { pfx, .. }) => pfx,
        _ => PfxProtection::default(),
    };
    let issuing = call.app.authorities.issuing();
    let chain = issuing.chain();
    // Hashing the password takes a while.
    tokio::task::block_in_place(|| {
        pfx::write(&key, &certificate, chain, &record.template_common_name, password.expose(), protection)
    })
    .map_err(failed)
}

/// Makes the entry of a certificate for a key of the client's.
fn pkcs7_entry(template_name: &str, pkcs7: Vec<u8>) -> Answer {
    let flags = vocabulary::CERTIFICATE_FLAG_PKCS7;
    Answer { flags, pkcs7: Some(pkcs7), is_pkcs7: true, ..empty_entry(template_name) }
}

/// Makes the entry of a certificate with its private key, as PKCS#12.
fn pfx_entry(template_name: &str, pfx: Vec<u8>, origin: Origin) -> Answer {
    let (server, history) = (origin == Origin::Server, origin == Origin::History);
    let flags = [
        (true, vocabulary::CERTIFICATE_FLAG_PFX),
        (server, vocabulary::CERTIFICATE_FLAG_SERVER_GENERATED),
        (history, vocabulary::CERTIFICATE_FLAG_KEY_HISTORY),
    ];
    Answer {
        flags: flags.into_iter().filter(|(set, _)| *set).fold(0, |flags, (_, flag)| flags | flag),
        pfx: Some(pfx),
        is_pfx: true,
        is_server_generated: server,
        is_key_history: history,
        ..empty_entry(template_name)
    }
}

/// Makes an entry without content.
fn empty_entry(template_name: &str) -> Answer {
    Answer {
        template_common_name: template_name.to_owned(),
        certificate_id: 0,
        flags: 0,
        use_local_machine_store: false,
        error: None,
        pkcs7: None,
        pfx: None,
        is_external: false,
        is_server_generated: false,
        is_pfx: false,
        is_pkcs7: false,
        is_key_history: false,
    }
}
