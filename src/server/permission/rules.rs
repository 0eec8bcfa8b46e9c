//! Answers two questions about a caller. *Sees*: an object that the caller does not see is answered exactly like one
//! that does not exist. *May*: what a caller sees but may not do is refused as forbidden.
//!
//! Both are answered from the template's policy and the object; what no template is about (users, the log of acts,
//! seeing everything) from the roles of `server.toml`.

use super::caller::{Caller, Duty};
use crate::cm::request::RequestType;
use crate::store::RequestRecord;
use crate::template::{Principal, ProfileTemplate, Workflow};
use uuid::Uuid;

/// Says whether the caller has this duty.
pub fn has(caller: &Caller, duty: Duty) -> bool {
    caller.bears_roles && caller.roles.include(duty)
}

/// Lists the duties of the caller.
pub fn duties(caller: &Caller) -> impl Iterator<Item = Duty> {
    Duty::ALL.into_iter().filter(|duty| has(caller, *duty))
}

/// Says whether the caller may change this user. Nobody may change himself, or an administrator could make himself an
/// approver.
pub fn may_manage(caller: &Caller, user: Uuid) -> bool {
    has(caller, Duty::ManageUsers) && caller.uuid != user
}

/// Says whether the caller may see and revoke this user's bearer records.
pub fn may_revoke(caller: &Caller, owner: Uuid) -> bool {
    has(caller, Duty::ManageUsers) || caller.uuid == owner
}

/// Names the two users of a request: who made it, and whom it is for.
#[derive(Clone, Copy, Debug)]
pub struct Parties {
    pub originator: Uuid,
    pub target: Uuid,
}

/// Names what a caller may want to do with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Approve or deny.
    Decide,
    /// Assign a card, hand in certification requests, ask for keys and responses, complete.
    Execute,
    /// Cancel or abandon.
    Withdraw,
}

/// Holds which roles of one workflow a caller has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowRoles {
    pub initiator: bool,
    pub approver: bool,
    pub agent: bool,
}

/// Says whether one of the principals is the caller or a group of the caller's, who bears roles.
fn named(principals: &[Principal], caller: &Caller) -> bool {
    caller.bears_roles && principals.iter().any(|principal| principal.includes(&caller.name, &caller.groups))
}

/// Returns the roles that the caller has in one workflow.
pub fn workflow_roles(caller: &Caller, workflow: &Workflow) -> WorkflowRoles {
    WorkflowRoles {
        initiator: named(&workflow.initiators, caller),
        approver: named(&workflow.approvers, caller),
        agent: named(&workflow.enrollment_agents, caller),
    }
}

/// Says whether the caller sees the template: whoever may ask for himself, ask for others, approve or execute does.
pub fn sees_template(caller: &Caller, template: &ProfileTemplate) -> bool {
    let reached = caller.only().is_none_or(|only| only.template == template.uuid);
    reached && (has(caller, Duty::SeeEverything) || offered(template).any(|workflow| is_involved(caller, workflow)))
}

/// Lists the workflows that a template offers.
fn offered(template: &ProfileTemplate) -> impl Iterator<Item = &Workflow> {
    template.workflows().iter().filter(|workflow| workflow.enabled)
}

/// Says whether the caller may ask for himself, ask for others, approve or execute.
fn is_involved(caller: &Caller, workflow: &Workflow) -> bool {
    let WorkflowRoles { initiator, approver, agent } = workflow_roles(caller, workflow);
    workflow.self_service || initiator || approver || agent
}

/// Says whether a request of this template can be the caller's to execute: as an enrollment agent, or as the person
/// whom it is for where that needs no agent. Whoever only oversees everything executes nothing.
pub fn executes_template(caller: &Caller, template: &ProfileTemplate) -> bool {
    let executes = |workflow: &Workflow| workflow_roles(caller, workflow).agent || !workflow.enrollment_agent_required;
    offered(template).any(|workflow| is_involved(caller, workflow)) && offered(template).any(executes)
}

/// Says whether the caller may make a request of this workflow for `target`.
pub fn may_initiate(caller: &Caller, workflow: &Workflow, target: Uuid) -> bool {
    let WorkflowRoles { initiator, agent, .. } = workflow_roles(caller, workflow);
    let for_oneself = target == caller.uuid && workflow.self_service;
    workflow.enabled && (for_oneself || initiator || agent)
}

/// Says whether the caller sees this request.
pub fn sees_request(caller: &Caller, parties: Parties, workflow: Option<&Workflow>) -> bool {
    if caller.uuid == parties.originator || caller.uuid == parties.target || has(caller, Duty::SeeEverything) {
        return true;
    }
    workflow.is_some_and(|workflow| {
        let WorkflowRoles { approver, agent, .. } = workflow_roles(caller, workflow);
        approver || agent
    })
}

/// Says whether the caller may do this with a request that the caller sees.
pub fn may(caller: &Caller, act: Act, parties: Parties, workflow: Option<&Workflow>) -> bool {
    let is_target = caller.uuid == parties.target;
    let is_originator = caller.uuid == parties.originator;
    // A workflow that was since taken out of its template leaves its requests to be withdrawn only.
    let Some(workflow) = workflow else { return act == Act::Withdraw && (is_target || is_originator) };
    let WorkflowRoles { approver, agent, .. } = workflow_roles(caller, workflow);
    match act {
        Act::Decide => approver && !is_target && !is_originator,
        Act::Execute => agent || (is_target && !workflow.enrollment_agent_required),
        Act::Withdraw => is_target || is_originator || agent,
    }
}

/// Says whether the caller sees the cards, profiles and certificates that `owner` has from this template.
pub fn sees_holdings(caller: &Caller, owner: Uuid, template: Option<&ProfileTemplate>) -> bool {
    if caller.uuid == owner || has(caller, Duty::SeeEverything) {
        return true;
    }
    template.is_some_and(|template| {
        template.workflows().iter().filter(|workflow| workflow.enabled).any(|workflow| {
            let WorkflowRoles { initiator, agent, .. } = workflow_roles(caller, workflow);
            initiator || agent
        })
    })
}

/// Says whether the caller may read the log of acts.
pub fn reads_audit(caller: &Caller) -> bool {
    has(caller, Duty::ReadAudit)
}

/// Returns the two users of a request.
pub fn parties(record: &RequestRecord) -> Parties {
    Parties { originator: record.originator, target: record.target }
}

/// Returns the policy of a request type where the template offers it.
pub fn enabled(template: Option<&ProfileTemplate>, request_type: RequestType) -> Option<&Workflow> {
    template.and_then(|template| template.workflow(request_type)).filter(|workflow| workflow.enabled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::permission::caller::{Roles, Shown};
    use std::path::Path;

    const AGENTS: &str = "agents";
    const APPROVERS: &str = "approvers";
    const ORIGINATOR: Uuid = Uuid::from_u128(1);
    const TARGET: Uuid = Uuid::from_u128(2);
    const OTHER: Uuid = Uuid::from_u128(3);

    /// Where agents execute, where none is needed, and where the workflow is gone.
    type Allowed<'a> = [&'a [Act]; 3];

    /// Enroll, with groups of its own.
    fn workflow(enrollment_agent_required: bool) -> Workflow {
        let text = include_str!("../../template/example.toml").replace("@UUID@", &Uuid::from_u128(7).to_string());
        let template = ProfileTemplate::parse(Path::new("test.toml"), &text).unwrap();
        let enroll = template.workflow(RequestType::Enroll).unwrap().clone();
        let group = |name: &str| vec![Principal::Group(name.into())];
        Workflow { approvers: group(APPROVERS), enrollment_agents: group(AGENTS), enrollment_agent_required, ..enroll }
    }

    fn caller(uuid: Uuid, groups: &[&str]) -> Caller {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let (roles, shown) = (Roles::default(), Shown::Oidc);
        Caller { uuid, name: "somebody".into(), groups, roles, bears_roles: true, shown }
    }

    #[test]
    fn what_somebody_may_do_with_a_request() {
        use Act::{Decide, Execute, Withdraw};
        let with_agents = workflow(true);
        let without = workflow(false);
        let parties = Parties { originator: ORIGINATOR, target: TARGET };
        let both: &[&str] = &[AGENTS, APPROVERS];
        // Who, of which groups; what that person may do.
        let rows: [(Uuid, &[&str], Allowed<'_>); 9] = [
            (OTHER, &[], [&[], &[], &[]]),
            (OTHER, &[APPROVERS], [&[Decide], &[Decide], &[]]),
            (OTHER, &[AGENTS], [&[Execute, Withdraw], &[Execute, Withdraw], &[]]),
            (OTHER, both, [&[Decide, Execute, Withdraw], &[Decide, Execute, Withdraw], &[]]),
            (TARGET, &[], [&[Withdraw], &[Execute, Withdraw], &[Withdraw]]),
            (TARGET, &[APPROVERS], [&[Withdraw], &[Execute, Withdraw], &[Withdraw]]),
            (TARGET, &[AGENTS], [&[Execute, Withdraw], &[Execute, Withdraw], &[Withdraw]]),
            (ORIGINATOR, &[APPROVERS], [&[Withdraw], &[Withdraw], &[Withdraw]]),
            (ORIGINATOR, both, [&[Execute, Withdraw], &[Execute, Withdraw], &[Withdraw]]),
        ];
        for (uuid, groups, expected) in rows {
            let caller = caller(uuid, groups);
            for (workflow, expected) in [Some(&with_agents), Some(&without), None].into_iter().zip(expected) {
                let may = |act: &Act| may(&caller, *act, parties, workflow);
                let allowed: Vec<_> = [Decide, Execute, Withdraw].into_iter().filter(may).collect();
                assert_eq!(allowed, expected, "{uuid} of {groups:?}, {workflow:?}");
            }
        }
    }
}
