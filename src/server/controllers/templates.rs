//! `profiletemplates`: read and listed, their policies, how their cards are set up.

use crate::cm::request::RequestType;
use crate::cm::template_facts::{CardsOfVersion, TemplateFacts, TemplateFile, TemplateVersion, TemplateWarning};
use crate::server::call::Call;
use crate::server::call::reply::Reply;
use crate::server::error::ApiError;
use crate::server::permission;
use crate::server::permission::caller::Duty;
use crate::store::{VersionCount, from_micros};
use crate::template::{Misplaced, Report, TemplateText, without_defaults};
use std::path::Path;
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

/// Lists what the template has said, the newest first, as far as it is kept and this release can read it.
pub async fn versions(call: &Call<'_>, template: Uuid) -> Result<Reply, ApiError> {
    let template = call.template(template)?;
    let mut versions = Vec::new();
    for kept in call.app.store.template_versions(template.uuid).await?.into_iter().rev() {
        match (serde_json::from_str(&kept.said), from_micros(kept.since)) {
            (Ok(facts), Some(since)) => versions.push(TemplateVersion { version: kept.version, since, facts }),
            // One that another release has kept is no reason to show none.
            _ => tracing::warn!(template = %template.uuid, version = kept.version, "a kept version cannot be read"),
        }
    }
    Reply::list(versions)
}

/// Answers with the template's file and what a check says of it, for those who oversee the server; what its cards come with
/// stands in it for those alone who can have a request of it to execute.
pub fn file(call: &Call<'_>, template: Uuid) -> Result<Reply, ApiError> {
    if !permission::has(&call.caller, Duty::SeeEverything) {
        return Err(ApiError::Forbidden("read the files of templates"));
    }
    let template = call.template(template)?;
    let TemplateText { name, text } = &template.file;
    let warning = |found: Misplaced| TemplateWarning {
        line: u32::try_from(found.line).unwrap_or(u32::MAX),
        key: found.key,
        text: found.problem,
    };
    let warnings = Report::of(Path::new(name), text).warnings.into_iter().map(warning).collect();
    let told = permission::executes_template(&call.caller, template);
    let text = if told { text.clone() } else { without_defaults(text) };
    Reply::json(&TemplateFile { name: name.clone(), text, warnings })
}
