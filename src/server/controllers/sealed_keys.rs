//! `sealedkeys`: hands out, still sealed, the keys that recovery agents alone can open.

use crate::cm::beyond_mim::SealedKey;
use crate::cm::request::RequestType;
use crate::server::audit::deed::Deed;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::{ApiError, Internal};
use crate::server::issuance::certify;
use crate::server::issuance::plan::Plan;
use crate::store::{HoldingRecord, Origin, RequestRecord};
use uuid::Uuid;

/// Answers `sealedkeys`, which takes the place of `certificatedata` in a RecoverOnBehalf of keys that the server cannot
/// open. Repeated, it answers the same.
pub async fn collect(call: &Call<'_>, request: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?;
    let template = request.for_execution(call, |request_type| request_type == RequestType::RecoverOnBehalf)?;
    if template.is_smartcard() && request.record.new_smartcard.is_none() {
        return Err(ApiError::SmartcardNotAssigned);
    }
    let plan = Plan::of(call, &request.record, template).await?;
    if !plan.brings_sealed() {
        return Err(ApiError::NothingSealed);
    }
    let profile = match request.record.new_profile {
        Some(profile) => profile,
        None => certify::certify(call, &request.record, template, plan, &[]).await?.profile,
    };
    Reply::json(&sealed_keys(call, &request.record, profile).await?)
}

/// Reads the keys of the profile that agents alone can open, and logs that they are given out.
async fn sealed_keys(call: &Call<'_>, request: &RequestRecord, profile: Uuid) -> Result<Vec<SealedKey>, ApiError> {
    let store = &call.app.store;
    let mut keys = Vec::new();
    for HoldingRecord { origin, certificate } in store.holdings(profile).await? {
        let Some(sealed) = store.agents_key(&certificate.serial).await? else { continue };
        keys.push(SealedKey {
            template_common_name: certificate.template_common_name,
            serial_number: hex::encode_upper(&certificate.serial),
            is_key_history: origin == Origin::History,
            certificate: certificate.der,
            sealed,
        });
    }
    if keys.is_empty() {
        return Err(ApiError::Internal(Internal::Dangling("sealed key")));
    }
    let serials: Vec<&str> = keys.iter().map(|key| key.serial_number.as_str()).collect();
    let entry = call.entry(Deed::SealedKeysGiven).on(request).with("sealed", serials.join(" "));
    store.write(move |tx| Box::pin(async move { tx.audit(&entry).await })).await?;
    tracing::info!(id = %call.id, request = %request.uuid, caller = call.caller.name, "sealed keys given out");
    Ok(keys)
}
