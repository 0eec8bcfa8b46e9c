//! `profiles`, and what may be asked for a profile or card.

use crate::cm::profile::{Operations, Profile};
use crate::cm::route::{Holder, ProfileFilter};
use crate::server::app::Reply;
use crate::server::error::ApiError;
use crate::server::router::Call;
use crate::server::view;
use crate::store::{ProfileRecord, RequestFilter};
use std::sync::Arc;
use uuid::Uuid;

fn shown(call: &Call<'_>, record: ProfileRecord) -> Profile {
    let template = call.app.templates.get(record.profile_template).map(Arc::as_ref);
    view::profile(record, template)
}

/// The caller's own profiles.
pub async fn list(call: &Call<'_>, filter: Option<ProfileFilter>) -> Result<Reply, ApiError> {
    let mut records = call.app.store.profiles_of(call.caller.uuid).await?;
    match filter {
        None => {}
        Some(ProfileFilter::Request(status)) => {
            let of_caller =
                RequestFilter { target: Some(call.caller.uuid), status: Some(status), ..Default::default() };
            let requests = call.app.store.requests(&of_caller).await?;
            let named = |profile| requests.iter().any(|request| request.new_profile == Some(profile));
            records.retain(|record| named(record.uuid));
        }
        Some(filter) => records.retain(|record| filter.profile_status() == Some(record.status)),
    }
    Reply::list(records.into_iter().map(|record| shown(call, record)).collect())
}

/// One profile.
pub async fn get(call: &Call<'_>, profile: Uuid) -> Result<Reply, ApiError> {
    let record = call.profile(profile).await?;
    Reply::json(&shown(call, record))
}

/// The profiles a request makes or changes.
pub async fn list_of_request(call: &Call<'_>, request: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?.record;
    let mut uuids: Vec<Uuid> = [request.new_profile, request.old_profile].into_iter().flatten().collect();
    uuids.dedup();
    let mut profiles = Vec::new();
    for uuid in uuids {
        profiles.extend(call.app.store.profile(uuid).await?.map(|record| shown(call, record)));
    }
    Reply::list(profiles)
}

/// One profile of a request.
pub async fn of_request(call: &Call<'_>, request: Uuid, profile: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?.record;
    if ![request.new_profile, request.old_profile].contains(&Some(profile)) {
        return Err(ApiError::NotFound("profile"));
    }
    let record = call.app.store.profile(profile).await?.ok_or(ApiError::NotFound("profile"))?;
    Reply::json(&shown(call, record))
}

/// What may be asked for a profile or card.
pub async fn operations(call: &Call<'_>, of: Holder) -> Result<Reply, ApiError> {
    let operations = match of {
        Holder::Profile(profile) => {
            let record = call.profile(profile).await?;
            let template = call.app.templates.get(record.profile_template).map(Arc::as_ref);
            view::profile_operations(record.status, template)
        }
        Holder::Smartcard(smartcard) => {
            let record = call.smartcard(smartcard).await?;
            let template = call.app.templates.get(record.profile_template).map(Arc::as_ref);
            view::smartcard_operations(record.status, template)
        }
    };
    if operations.is_empty() { Ok(Reply::Empty) } else { Reply::json(&Operations(operations)) }
}
