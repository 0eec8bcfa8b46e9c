//! Finds what can be used in a template and still looks unintended.

use super::key_policy::Hash;
use super::profile_template::{ProfileTemplate, Workflow};
use super::weaker::Told;
use super::words::table;
use super::{Delivery, Principal, Side};
use super::{given, purposes};
use crate::cm::request::RequestType;
use crate::cm::template::UserPinOption;

/// Returns all warnings about a template.
pub fn warnings(template: &ProfileTemplate) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut say = |key: &str, text: &str| told.push((key.to_owned(), text.to_owned()));
    let offers = |request_type| template.workflow(request_type).is_some_and(|workflow| workflow.enabled);
    if !offers(RequestType::Enroll) {
        say("workflows", "there is no enabled enroll workflow: nothing can come of this template");
    }
    if template.is_smartcard() && !offers(RequestType::Unblock) && !offers(RequestType::OfflineUnblock) {
        say("workflows", "neither unblock nor offline_unblock is enabled: a forgotten PIN ends the card");
    }
    if template.is_smartcard() && !offers(RequestType::Retire) {
        say("workflows", "retire is not enabled: nobody can end a card");
    }
    if template.key.hash == Hash::Sha1 {
        say("key.hash", "SHA-1 is broken; it is for clients that know nothing else");
    }
    if template.smartcard.as_ref().is_some_and(|config| config.user_pin_option == UserPinOption::None) {
        say("smartcard.user_pin_option", "cards are given no PIN");
    }
    if template.recovery.agents_only && !offers(RequestType::RecoverOnBehalf) {
        say("recovery.opened_by", "recover_on_behalf is not enabled: nobody can get out what only agents can open");
    }
    for workflow in template.workflows().iter().filter(|workflow| workflow.enabled) {
        told.extend(of_workflow(workflow));
    }
    told.extend(given::warnings(template));
    told.extend(purposes::warnings(template));
    told.extend(template.weaknesses());
    told
}

/// Returns the warnings about a workflow.
fn of_workflow(workflow: &Workflow) -> Vec<Told> {
    let table = table(workflow.request_type);
    let mut told = Vec::new();
    let mut say = |key: &str, text: String| {
        let key = if key.is_empty() { table.clone() } else { format!("{table}.{key}") };
        told.push((key, text));
    };
    let managed = !workflow.initiators.is_empty() || !workflow.enrollment_agents.is_empty();
    if !workflow.self_service && !managed {
        say("", "nobody can start this: no self_service, and neither initiators nor enrollment_agents".into());
    }
    let needed = workflow.approvals_needed as usize;
    let by_name = workflow.approvers.iter().all(|approver| matches!(approver, Principal::User(_)));
    let mut names: Vec<String> = workflow.approvers.iter().map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    if needed > 0 && by_name && names.len() < needed {
        say("approvals_needed", format!("{needed} approvals cannot be reached by {} approvers", names.len()));
    } else if needed > 0 && by_name && names.len() == needed {
        say("approvers", "each of them must approve, and none of them can have a request of his own approved".into());
    }
    let stands_in = workflow.passage.possession;
    if needed == 0 && !stands_in && !workflow.approvers.is_empty() && workflow.one_time_password.is_none() {
        say("approvers", "approvers are named, but approvals_needed is 0: nobody is asked".into());
    }
    let by_manager = workflow.data_items.iter().find(|item| item.side == Side::Manager && item.required);
    if let Some(item) = by_manager.filter(|_| needed == 0 && !managed) {
        say("data_items", format!("nobody can give \"{}\": there is no manager here", item.name));
    }
    let Some(policy) = &workflow.one_time_password else { return told };
    if policy.deliver.contains(&Delivery::Nobody) {
        let text = "\"none\": it reaches nobody before an approver has it distributed";
        say("one_time_password", text.into());
    }
    if policy.needs_smtp() {
        say("one_time_password", "it is mailed: server.toml must have an [smtp] table".into());
    }
    if !policy.agent_needs_it && workflow.enrollment_agent_required {
        say("one_time_password", "only agents execute this, and they do not need it: it is never asked for".into());
    }
    told
}
