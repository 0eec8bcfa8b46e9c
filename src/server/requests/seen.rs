//! Reads objects for a caller; what the caller may not see is answered like what does not exist.

use super::data_items;
use crate::cm::request::{RequestStatus, RequestType};
use crate::server::call::Call;
use crate::server::error::{ApiError, Internal};
use crate::server::permission::caller::Duty;
use crate::server::permission::{self, Act, enabled, parties};
use crate::server::workflow::execute::executable;
use crate::server::workflow::people;
use crate::store::{ProfileRecord, RequestRecord, SmartcardRecord};
use crate::template::{ProfileTemplate, Workflow};
use std::sync::Arc;
use uuid::Uuid;

/// Holds a request that the caller may see, with its template if that still exists.
pub struct SeenRequest {
    pub record: RequestRecord,
    pub template: Option<Arc<ProfileTemplate>>,
    /// The caller must prove a one-time password before he executes the request.
    pub password_needed: bool,
    /// The caller has approved it, and would be an agent who executes it: two duties that the template keeps apart.
    pub approved_by_caller: bool,
    /// The disabled person on whose account it is neither decided nor carried out.
    pub stopped_by: Option<String>,
}

impl SeenRequest {
    /// Returns the policy of the request's type; `None` where the template no longer offers it.
    pub fn workflow(&self) -> Option<&Workflow> {
        enabled(self.template.as_deref(), self.record.request_type)
    }

    /// Refuses unless the caller may do this with the request, and what must come before is done.
    pub fn check_act(&self, call: &Call<'_>, act: Act) -> Result<(), ApiError> {
        self.check_permission(call, act)?;
        match (act, &self.stopped_by) {
            (Act::Withdraw, _) => Ok(()),
            (Act::Decide | Act::Execute, Some(name)) => Err(ApiError::PersonDisabled(name.clone())),
            (Act::Decide, None) => Ok(()),
            (Act::Execute, None) => self.check_preconditions(),
        }
    }

    /// Refuses an execution that lacks something: data items before it begins, a one-time password before every step.
    fn check_preconditions(&self) -> Result<(), ApiError> {
        let RequestRecord { status, data, .. } = &self.record;
        let missing = self.workflow().and_then(|workflow| data_items::missing(workflow, data, None));
        match (status, missing) {
            (RequestStatus::Approved, Some(name)) => Err(ApiError::DataIncomplete(name.to_owned())),
            (RequestStatus::Approved | RequestStatus::Executing, _) if self.password_needed => {
                Err(ApiError::PasswordNeeded)
            }
            _ => Ok(()),
        }
    }

    /// Refuses unless the caller may do this with the request, whatever must come before.
    pub fn check_permission(&self, call: &Call<'_>, act: Act) -> Result<(), ApiError> {
        if permission::may(&call.caller, act, parties(&self.record), self.workflow()) {
            return if act == Act::Execute && self.approved_by_caller { Err(ApiError::OwnApproval) } else { Ok(()) };
        }
        Err(match act {
            Act::Decide if [self.record.originator, self.record.target].contains(&call.caller.uuid) => {
                ApiError::SelfApproval
            }
            Act::Decide => ApiError::Forbidden("decide on this request"),
            Act::Execute => ApiError::Forbidden("execute this request"),
            Act::Withdraw => ApiError::Forbidden("withdraw this request"),
        })
    }

    /// Refuses unless the caller may execute this request now and `fits` accepts its type; returns its template.
    pub fn for_execution(
        &self,
        call: &Call<'_>,
        fits: impl FnOnce(RequestType) -> bool,
    ) -> Result<&Arc<ProfileTemplate>, ApiError> {
        self.check_act(call, Act::Execute)?;
        if !fits(self.record.request_type) {
            return Err(ApiError::WrongType(self.record.request_type));
        }
        executable(&self.record)?;
        self.template.as_ref().ok_or(ApiError::NotOffered(self.record.request_type))
    }
}

impl Call<'_> {
    /// Returns the template, if the caller may see it.
    pub fn template(&self, uuid: Uuid) -> Result<&Arc<ProfileTemplate>, ApiError> {
        let template = self.app.templates.get(uuid);
        let seen = template.filter(|template| permission::sees_template(&self.caller, template));
        seen.ok_or(ApiError::NotFound("profile template"))
    }

    /// Reads the request, if the caller may see it.
    pub async fn request(&self, uuid: Uuid) -> Result<SeenRequest, ApiError> {
        let record = self.app.store.request(uuid).await?.filter(|record| self.reaches(record));
        let record = record.ok_or(ApiError::NotFound("request"))?;
        let template = self.app.templates.get(record.profile_template).cloned();
        let workflow = enabled(template.as_deref(), record.request_type);
        if !permission::sees_request(&self.caller, parties(&record), workflow) {
            return Err(ApiError::NotFound("request"));
        }
        let password_needed = match workflow {
            Some(workflow) => self.password_needed(&record, workflow).await?,
            None => false,
        };
        let approved_by_caller = match workflow {
            Some(workflow) => self.approved_before(&record, workflow).await?,
            None => false,
        };
        let stopped_by = self.stopped_by(&record).await?;
        Ok(SeenRequest { record, template, password_needed, approved_by_caller, stopped_by })
    }

    /// Says whether the caller has approved this request, where the template does not let him execute it as well. Only
    /// agents are looked up: whom a request is for never approves it.
    async fn approved_before(&self, record: &RequestRecord, workflow: &Workflow) -> Result<bool, ApiError> {
        let agent = permission::workflow_roles(&self.caller, workflow).agent;
        if workflow.approver_may_execute || !agent || self.caller.uuid == record.target {
            return Ok(false);
        }
        let approvals = self.app.store.approvals(record.uuid).await?;
        Ok(approvals.iter().any(|approval| approval.approved && approval.approver == self.caller.uuid))
    }

    /// Returns the disabled person on whose account a request stands still. The caller himself is not disabled.
    async fn stopped_by(&self, record: &RequestRecord) -> Result<Option<String>, ApiError> {
        for user in [record.target, record.originator] {
            if user == self.caller.uuid {
                continue;
            }
            let user = self.app.store.user(user).await?.ok_or(ApiError::Internal(Internal::Dangling("user")))?;
            if people::stops(record, &user) {
                return Ok(Some(user.name));
            }
        }
        Ok(None)
    }

    /// Says whether the caller must prove a one-time password before he executes this request.
    async fn password_needed(&self, record: &RequestRecord, workflow: &Workflow) -> Result<bool, ApiError> {
        let Some(policy) = &workflow.one_time_password else { return Ok(false) };
        let agent = self.caller.uuid != record.target && permission::workflow_roles(&self.caller, workflow).agent;
        if agent && !policy.agent_needs_it {
            return Ok(false);
        }
        // One that was never made was never proven either.
        Ok(self.app.store.one_time(record.uuid).await?.is_none_or(|record| record.proven.is_none()))
    }

    /// Reads the card, if the caller may see it.
    pub async fn smartcard(&self, uuid: Uuid) -> Result<SmartcardRecord, ApiError> {
        let card = self.app.store.smartcard(uuid).await?;
        card.filter(|card| self.sees_smartcard(card)).ok_or(ApiError::NotFound("smart card"))
    }

    /// Reads the card, if it is the one that the request brings or is about.
    pub async fn smartcard_of(&self, request: &RequestRecord, uuid: Uuid) -> Result<SmartcardRecord, ApiError> {
        if request.new_smartcard != Some(uuid) {
            return Err(ApiError::NotFound("smart card"));
        }
        self.app.store.smartcard(uuid).await?.ok_or(ApiError::NotFound("smart card"))
    }

    /// Reads the profile, if the caller may see it.
    pub async fn profile(&self, uuid: Uuid) -> Result<ProfileRecord, ApiError> {
        let profile = self.app.store.profile(uuid).await?;
        let seen = profile.filter(|profile| match self.caller.only() {
            Some(only) => only.has_profile(uuid),
            None => self.sees(profile.assigned_user, profile.profile_template),
        });
        seen.ok_or(ApiError::NotFound("profile"))
    }

    /// Names what the caller does for others in some template.
    pub fn parts(&self) -> Vec<&'static str> {
        let workflows = self.app.templates.iter().flat_map(|template| template.workflows());
        let roles: Vec<_> = workflows
            .filter(|workflow| workflow.enabled)
            .map(|workflow| permission::workflow_roles(&self.caller, workflow))
            .collect();
        let parts = [
            ("decide", roles.iter().any(|roles| roles.approver)),
            ("ask", roles.iter().any(|roles| roles.initiator)),
            ("execute", roles.iter().any(|roles| roles.agent)),
        ];
        parts.into_iter().filter(|(_, has)| *has).map(|(part, _)| part).collect()
    }

    /// Says whether the caller has a role for others in some template.
    pub fn acts_for_others(&self) -> bool {
        self.app.templates.iter().flat_map(|template| template.workflows()).any(|workflow| {
            let roles = permission::workflow_roles(&self.caller, workflow);
            workflow.enabled && (roles.initiator || roles.agent || roles.approver)
        })
    }

    /// Says whether the caller may ask for something for others in some template.
    pub fn asks_for_others(&self) -> bool {
        let mut workflows = self.app.templates.iter().flat_map(|template| template.workflows());
        workflows.any(|workflow| workflow.enabled && permission::workflow_roles(&self.caller, workflow).initiator)
    }

    /// Says whether the caller may look for anybody: whoever has a role for others does, and whoever sees everything.
    pub fn looks_for_anybody(&self) -> bool {
        self.acts_for_others() || permission::has(&self.caller, Duty::SeeEverything)
    }

    /// Says whether the caller may look for this person.
    pub fn looks_for(&self, person: Uuid) -> bool {
        self.caller.only().is_none() && (person == self.caller.uuid || self.looks_for_anybody())
    }

    /// Says whether the caller may see the request.
    pub fn sees_request(&self, record: &RequestRecord) -> bool {
        let template = self.app.templates.get(record.profile_template).map(Arc::as_ref);
        self.reaches(record)
            && permission::sees_request(&self.caller, parties(record), enabled(template, record.request_type))
    }

    /// Says whether a request is no other than the one that the caller is on a visit for.
    fn reaches(&self, record: &RequestRecord) -> bool {
        self.caller.only().is_none_or(|only| only.request == record.uuid)
    }

    /// Says whether the caller may see the card.
    pub fn sees_smartcard(&self, card: &SmartcardRecord) -> bool {
        match self.caller.only() {
            Some(only) => only.has_smartcard(card.uuid),
            None => self.sees(card.assigned_user, card.profile_template),
        }
    }

    /// Says whether the caller may see what `owner` holds from this template. Nobody does on a visit for one request.
    pub fn sees(&self, owner: Uuid, template: Uuid) -> bool {
        self.caller.only().is_none()
            && permission::sees_holdings(&self.caller, owner, self.app.templates.get(template).map(Arc::as_ref))
    }
}
