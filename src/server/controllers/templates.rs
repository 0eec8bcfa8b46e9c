//! `profiletemplates`: read and listed, their policies, how their cards are set up.

use crate::cm::request::RequestType;
use crate::cm::template_facts::{CardsOfVersion, TemplateFacts};
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::permission;
use crate::store::VersionCount;
use uuid::Uuid;

/// Lists the templates that the caller may see.
pub fn list(call: &Call<'_>) -> Result<Reply, ApiError> {
    let seen = call.app.templates.iter().filter(|template| permission::sees_template(&call.caller, template));
    Reply::list(seen.map(|template| template.view()).collect())
}

/// Answers with one template.
pub fn get(call: &Call<'_>, template: Uuid) -> Result<Reply, ApiError> {
    Reply::json(&call.template(template)?.view())
}

/// Answers with the policy of one request type; 204 when the template does not speak of it.
pub fn policy(call: &Call<'_>, template: Uuid, request_type: RequestType) -> Result<Reply, ApiError> {
    match call.template(template)?.workflow(request_type) {
        Some(workflow) => Reply::json(&workflow.policy()),
        None => Ok(Reply::Empty),
    }
}

/// Answers with how cards of the template are set up; 204 for a software template. The keys that its cards come with
/// are told to those alone who can have a request of it to execute.
pub fn smartcard_config(call: &Call<'_>, template: Uuid) -> Result<Reply, ApiError> {
    let template = call.template(template)?;
    match &template.smartcard {
        Some(config) if permission::executes_template(&call.caller, template) => Reply::json(config),
        Some(config) => Reply::json(&config.without_default_keys()),
        None => Ok(Reply::Empty),
    }
}

/// Answers with all that a template says, in facts; how many cards there are of which version is told to those who see
/// everybody's.
pub async fn describe(call: &Call<'_>, template: Uuid) -> Result<Reply, ApiError> {
    let template = call.template(template)?;
    let counted = |count: VersionCount| {
        let VersionCount { version, status, cards } = count;
        CardsOfVersion { version, status, cards }
    };
    let cards = match permission::sees_holdings(&call.caller, Uuid::nil(), Some(template)) {
        true => {
            Some(call.app.metrics.versions(&call.app.store, template.uuid).await?.into_iter().map(counted).collect())
        }
        false => None,
    };
    Reply::json(&TemplateFacts { cards, ..template.facts() })
}
