//! Who may do what: the one place.
//!
//! Two questions. *Sees*: an object the caller does not see is answered exactly like one that does not exist. *May*: what
//! a caller sees but may not do is refused as forbidden. Both are answered from the template's policy and the object.

use super::caller::Caller;
use super::template::{Principal, ProfileTemplate, Workflow};
use uuid::Uuid;

/// The group that reads the log of acts.
const AUDITORS: &str = "auditors";

/// Whose a request is.
#[derive(Clone, Copy, Debug)]
pub struct Parties {
    pub originator: Uuid,
    pub target: Uuid,
}

/// What a caller may want to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Approve or deny.
    Decide,
    /// Assign a card, hand in certification requests, ask for keys and responses, complete.
    Execute,
    /// Cancel or abandon.
    Withdraw,
}

/// What a caller is to a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub initiator: bool,
    pub approver: bool,
    pub agent: bool,
}

fn named(principals: &[Principal], caller: &Caller) -> bool {
    principals.iter().any(|principal| principal.includes(&caller.name, &caller.groups))
}

/// What the caller is in one workflow.
pub fn standing(caller: &Caller, workflow: &Workflow) -> Standing {
    Standing {
        initiator: named(&workflow.initiators, caller),
        approver: named(&workflow.approvers, caller),
        agent: named(&workflow.enrollment_agents, caller),
    }
}

/// Does the caller see the template at all? Whoever may ask for himself, ask for others, approve or execute does.
pub fn sees_template(caller: &Caller, template: &ProfileTemplate) -> bool {
    template.workflows().iter().filter(|workflow| workflow.enabled).any(|workflow| {
        let Standing { initiator, approver, agent } = standing(caller, workflow);
        workflow.self_service || initiator || approver || agent
    })
}

/// May the caller ask for this on behalf of `target`?
pub fn may_initiate(caller: &Caller, workflow: &Workflow, target: Uuid) -> bool {
    let Standing { initiator, agent, .. } = standing(caller, workflow);
    let for_oneself = target == caller.uuid && workflow.self_service;
    workflow.enabled && (for_oneself || initiator || agent)
}

/// Does the caller see this request?
pub fn sees_request(caller: &Caller, parties: Parties, workflow: Option<&Workflow>) -> bool {
    if caller.uuid == parties.originator || caller.uuid == parties.target {
        return true;
    }
    workflow.is_some_and(|workflow| {
        let Standing { approver, agent, .. } = standing(caller, workflow);
        approver || agent
    })
}

/// May the caller do this with a request that the caller sees?
pub fn may(caller: &Caller, act: Act, parties: Parties, workflow: Option<&Workflow>) -> bool {
    let is_target = caller.uuid == parties.target;
    let is_originator = caller.uuid == parties.originator;
    // A workflow that was since taken out of its template leaves its requests to be withdrawn only.
    let Some(workflow) = workflow else { return act == Act::Withdraw && (is_target || is_originator) };
    let Standing { approver, agent, .. } = standing(caller, workflow);
    match act {
        Act::Decide => approver && !is_target && !is_originator,
        Act::Execute => agent || (is_target && !workflow.enrollment_agent_required),
        Act::Withdraw => is_target || is_originator || agent,
    }
}

/// Does the caller see the cards, profiles and certificates `owner` has from this template?
pub fn sees_holdings(caller: &Caller, owner: Uuid, template: Option<&ProfileTemplate>) -> bool {
    if caller.uuid == owner {
        return true;
    }
    template.is_some_and(|template| {
        template.workflows().iter().filter(|workflow| workflow.enabled).any(|workflow| {
            let Standing { initiator, agent, .. } = standing(caller, workflow);
            initiator || agent
        })
    })
}

/// Does the caller read the log of acts?
pub fn reads_audit(caller: &Caller) -> bool {
    caller.groups.iter().any(|group| group == AUDITORS)
}
