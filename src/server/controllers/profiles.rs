//! `profiles`: read and listed; and which requests may be made for a profile or card.

use super::view;
use crate::cm::beyond_mim::OfferedType;
use crate::cm::eligibility::Asked;
use crate::cm::profile::{Operation, Operations, Profile};
use crate::cm::request::RequestType;
use crate::cm::route::{Holder, ProfileFilter};
use crate::cm::smartcard::SmartcardStatus;
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::permission;
use crate::server::workflow::holders::{asked_card, asked_profile};
use crate::store::{ProfileRecord, RequestFilter, SmartcardRecord};
use crate::template::ProfileTemplate;
use std::sync::Arc;
use uuid::Uuid;

/// Shows a profile as the wire does, with what may be asked for it.
fn shown(call: &Call<'_>, record: ProfileRecord) -> Profile {
    let operations = AskedHolder::profile(call, &record).operations(call);
    view::profile(record, operations)
}

/// Lists the caller's own profiles, all or by a status: their own, or that of the request that made them.
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

/// Answers with one profile.
pub async fn get(call: &Call<'_>, profile: Uuid) -> Result<Reply, ApiError> {
    let record = call.profile(profile).await?;
    Reply::json(&shown(call, record))
}

/// Lists the profiles that a request makes or changes.
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

/// Answers with one profile of a request.
pub async fn of_request(call: &Call<'_>, request: Uuid, profile: Uuid) -> Result<Reply, ApiError> {
    let request = call.request(request).await?.record;
    if ![request.new_profile, request.old_profile].contains(&Some(profile)) {
        return Err(ApiError::NotFound("profile"));
    }
    let record = call.app.store.profile(profile).await?.ok_or(ApiError::NotFound("profile"))?;
    Reply::json(&shown(call, record))
}

/// Holds what decides which requests may be made for a card or profile: its state, its owner and its template.
struct AskedHolder {
    asked: Asked,
    owner: Uuid,
    template: Option<Arc<ProfileTemplate>>,
}

impl AskedHolder {
    fn card(call: &Call<'_>, card: &SmartcardRecord) -> Self {
        let template = call.app.templates.get(card.profile_template).cloned();
        Self { asked: asked_card(card), owner: card.assigned_user, template }
    }

    fn profile(call: &Call<'_>, profile: &ProfileRecord) -> Self {
        let template = call.app.templates.get(profile.profile_template).cloned();
        Self { asked: asked_profile(profile), owner: profile.assigned_user, template }
    }

    /// Says whether the tables, the template and the caller's rights let a request of this type be made.
    fn may(&self, call: &Call<'_>, request_type: RequestType) -> bool {
        let Some(template) = &self.template else { return false };
        // Another person's keys are asked for by those who may ask for others.
        let target = if request_type == RequestType::RecoverOnBehalf { Uuid::nil() } else { self.owner };
        let workflow = permission::enabled(Some(template), request_type);
        workflow.is_some_and(|workflow| permission::may_initiate(&call.caller, workflow, target))
            && self.asked.allows(request_type, &template.narrowing)
    }

    /// Lists what the caller may ask for, in MIM's words.
    fn operations(&self, call: &Call<'_>) -> Vec<Operation> {
        self.asked.operations(|request_type| self.may(call, request_type))
    }
}

/// Reads the card or profile, if the caller may see it.
async fn asked_holder(call: &Call<'_>, of: Holder) -> Result<AskedHolder, ApiError> {
    Ok(match of {
        Holder::Profile(profile) => AskedHolder::profile(call, &call.profile(profile).await?),
        Holder::Smartcard(smartcard) => AskedHolder::card(call, &call.smartcard(smartcard).await?),
    })
}

/// Lists what may be asked for a profile or card, in MIM's words; 204 when there is nothing.
pub async fn operations(call: &Call<'_>, of: Holder) -> Result<Reply, ApiError> {
    let operations = asked_holder(call, of).await?.operations(call);
    if operations.is_empty() { Ok(Reply::Empty) } else { Reply::json(&Operations(operations)) }
}

/// Lists every request type that may be made for a profile or card; for Reinstate also whether it would suspend or
/// reinstate.
pub async fn request_types(call: &Call<'_>, of: Holder) -> Result<Reply, ApiError> {
    let holder = asked_holder(call, of).await?;
    let effect = |request_type| match (request_type, holder.asked.status) {
        (RequestType::Reinstate, SmartcardStatus::Suspended) => "reinstate",
        (RequestType::Reinstate, _) => "suspend",
        _ => "",
    };
    let offered = RequestType::ALL.iter().copied().filter(|request_type| holder.may(call, *request_type));
    Reply::list(
        offered.map(|request_type| OfferedType { request_type, effect: effect(request_type).to_owned() }).collect(),
    )
}
