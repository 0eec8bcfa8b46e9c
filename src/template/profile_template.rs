//! Holds what a profile template says, checked.

use super::certificate_shape::CertificateShape;
use super::data_item::DataItemRule;
use super::document::Document;
use super::entries::{Entry, Ordered};
use super::key_policy::KeyPolicy;
use super::lifecycle::{Limits, LossReason, Passage, RevocationOptions};
use super::naming::Naming;
use super::one_time::OneTimePolicy;
use super::principal::Principal;
use super::recovery::RecoveryPolicy;
use crate::cm::lifecycle::Narrowing;
use crate::cm::request::RequestType;
use crate::cm::template::{Policy, ProfileTemplateView, SmartcardConfig};
use std::fmt;
use uuid::Uuid;

/// Says where a template's keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Smartcard,
    VirtualSmartcard,
    Software,
}

/// Holds a profile template, checked.
#[derive(Clone, Debug)]
pub struct ProfileTemplate {
    pub name: String,
    pub description: String,
    pub uuid: Uuid,
    pub version: u32,
    /// SHA-256 of what the file says; comments, blanks and order do not count.
    pub digest: [u8; 32],
    pub kind: Kind,
    pub naming: Naming,
    pub key: KeyPolicy,
    pub certificate: CertificateShape,
    /// Transitions that this template removes from the lifecycle's tables.
    pub narrowing: Narrowing,
    /// How long after it was asked for or last decided on a request ends by itself; `None`: never.
    pub request_time: Option<time::Duration>,
    pub limits: Limits,
    pub loss_reasons: Vec<LossReason>,
    /// The certificates of a person who is disabled are on hold meanwhile.
    pub holds_of_disabled: bool,
    /// The certificates after the first.
    pub additional: Vec<Ordered>,
    /// Who can open the keys that it archives.
    pub recovery: RecoveryPolicy,
    /// `None` on a software template.
    pub smartcard: Option<SmartcardConfig>,
    /// A card is assigned only where it is in stock.
    pub stock_only: bool,
    /// The types of requests during whose execution the card's own admin key may leave the server.
    pub release_admin_key: Vec<RequestType>,
    /// A card shows that it is there before a secret that it may have leaves the server.
    pub presence: bool,
    pub workflows: Vec<Workflow>,
    pub file: TemplateText,
}

/// Holds a template's file as it was read. It may bear the keys that cards come with, so it is not shown by itself.
#[derive(Clone, Default)]
pub struct TemplateText {
    /// The file's name, without the directory.
    pub name: String,
    pub text: String,
}

impl fmt::Debug for TemplateText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the text of {}", self.name)
    }
}

/// Holds the policy of one request type.
#[derive(Clone, Debug)]
pub struct Workflow {
    pub request_type: RequestType,
    pub enabled: bool,
    pub approvals_needed: u32,
    pub self_service: bool,
    pub initiators: Vec<Principal>,
    pub approvers: Vec<Principal>,
    pub enrollment_agents: Vec<Principal>,
    pub enrollment_agent_required: bool,
    /// Whoever approved a request may execute it too.
    pub approver_may_execute: bool,
    pub default_priority: u8,
    pub collect_comments: bool,
    /// Whoever asks or decides must say why.
    pub require_comments: bool,
    pub collect_priority: bool,
    pub data_items: Vec<DataItemRule>,
    pub documents: Vec<Document>,
    pub one_time_password: Option<OneTimePolicy>,
    /// What becomes of the old certificates.
    pub revocation: RevocationOptions,
    pub passage: Passage,
}

impl ProfileTemplate {
    /// Lists all certificates that the template orders, the first one first.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let first = Entry { naming: &self.naming, key: &self.key, certificate: &self.certificate };
        let further =
            self.additional.iter().map(|it| Entry { naming: &it.naming, key: &it.key, certificate: &it.certificate });
        std::iter::once(first).chain(further)
    }

    /// Says whether whoever comes in by the certificate of this template name has the roles of its owner.
    pub fn bears_roles(&self, template_name: &str) -> bool {
        self.entries()
            .any(|Entry { certificate, .. }| certificate.template_name == template_name && certificate.bears_roles)
    }

    /// Returns the policy of a request type; `None` when the template has none for it.
    pub fn workflow(&self, request_type: RequestType) -> Option<&Workflow> {
        self.workflows.iter().find(|workflow| workflow.request_type == request_type)
    }

    /// Lists all policies.
    pub fn workflows(&self) -> &[Workflow] {
        &self.workflows
    }

    /// Says whether an enabled workflow has one-time passwords mailed.
    pub fn needs_smtp(&self) -> bool {
        let offered = self.workflows.iter().filter(|workflow| workflow.enabled);
        offered.filter_map(|workflow| workflow.one_time_password.as_ref()).any(OneTimePolicy::needs_smtp)
    }

    /// Says whether its keys are on a card.
    pub fn is_smartcard(&self) -> bool {
        self.kind != Kind::Software
    }

    /// Returns the template as ProfileTemplateLimitedView.
    pub fn view(&self) -> ProfileTemplateView {
        ProfileTemplateView {
            name: self.name.clone(),
            description: self.description.clone(),
            uuid: self.uuid,
            is_smartcard: self.is_smartcard(),
            is_virtual_smartcard: self.kind == Kind::VirtualSmartcard,
        }
    }
}

impl Workflow {
    /// Returns the policy as the wire shows it.
    pub fn policy(&self) -> Policy {
        let names = |principals: &[Principal]| principals.iter().map(ToString::to_string).collect();
        Policy {
            approvals_needed: self.approvals_needed,
            authorized_approver: names(&self.approvers),
            authorized_enrollment_agent: names(&self.enrollment_agents),
            authorized_initiator: names(&self.initiators),
            collect_comments: self.collect_comments,
            collect_request_priority: self.collect_priority,
            default_request_priority: self.default_priority,
            documents: self.documents.iter().map(|document| document.name.clone()).collect(),
            enabled: self.enabled,
            enroll_agent_required: self.enrollment_agent_required,
            one_time_password_policy: self.one_time_password.as_ref().map(OneTimePolicy::shown),
            personalization: false,
            policy_data_collection: self.data_items.iter().map(DataItemRule::shown).collect(),
            self_service_enabled: self.self_service,
        }
    }
}
