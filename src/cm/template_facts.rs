//! All that a profile template says, in facts that can be told in any language: certificates, cards, who may do what, what
//! becomes of what is lost. MIM has no call for this.

use super::policy::{OneTimePasswordPolicy, PolicyDataItem};
use super::request::RequestType;
use super::smartcard::SmartcardStatus;
use super::wire::body::body;
use super::wire::{Guid, Moment, Named, Plain, PlainOr, PlainOrNothing, Text, TextList, TextOrNothing, TrueOrNothing};
use time::OffsetDateTime;
use uuid::Uuid;

/// Tells what a template says. Where a number may be absent, its absence means that there is no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFacts {
    pub uuid: Uuid,
    pub name: String,
    pub description: String,
    pub version: u32,
    /// "smartcard", "virtual-smartcard" or "software".
    pub kind: String,
    /// The certificates that it makes, in their order.
    pub certificates: Vec<CertificateFacts>,
    /// `None` on a software template.
    pub card: Option<CardFacts>,
    pub limits: LimitFacts,
    /// How many days after it was asked for or last decided on a request ends that nobody finishes.
    pub request_days: Option<u32>,
    /// The certificates of a person who is disabled are on hold meanwhile.
    pub holds_of_disabled: bool,
    pub losses: Vec<LossFacts>,
    /// What can be asked for, in the order of the request types; what is not in it is not offered.
    pub workflows: Vec<WorkflowFacts>,
    /// How many cards there are of it. `None`: the caller does not see everybody's cards.
    pub cards: Option<Vec<CardsOfVersion>>,
}

body!(TemplateFacts {
    uuid: "Uuid" => Guid,
    name: "Name" => Plain<String>,
    description: "Description" => Text,
    version: "Version" => Plain<u32>,
    kind: "Kind" => Text,
    certificates: "Certificates" => PlainOr<Vec<CertificateFacts>>,
    card: "Card" => PlainOrNothing<CardFacts>,
    limits: "Limits" => PlainOr<LimitFacts>,
    request_days: "RequestDays" => PlainOrNothing<u32>,
    holds_of_disabled: "HoldsOfDisabled" => PlainOr<bool>,
    losses: "LossReasons" => PlainOr<Vec<LossFacts>>,
    workflows: "Workflows" => PlainOr<Vec<WorkflowFacts>>,
    cards: "Cards" => PlainOrNothing<Vec<CardsOfVersion>>,
});

/// Tells of one certificate of a template and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    pub template_common_name: String,
    pub validity_days: u32,
    /// On a card that is lent.
    pub temporary_validity_days: u32,
    /// The key that clients are asked to make, as templates spell it: "P-256", "RSA-2048".
    pub key: String,
    /// The keys that are certified: "RSA 2048" is RSA of at least 2,048 bits.
    pub allowed_keys: Vec<String>,
    /// Else the client makes it.
    pub made_by_server: bool,
    /// It is kept, sealed, and can be brought back.
    pub archived: bool,
    /// Only agents can open what is kept.
    pub agents_only: bool,
    /// A card must attest that the key was made on it.
    pub attested: bool,
    /// Names of RFC 5280, 4.2.1.3.
    pub key_usages: Vec<String>,
    /// Object identifiers, dotted.
    pub extended_key_usages: Vec<String>,
    /// Whoever comes in by it has the roles of its owner.
    pub bears_roles: bool,
}

body!(CertificateFacts {
    template_common_name: "TemplateCommonName" => Plain<String>,
    validity_days: "ValidityDays" => PlainOr<u32>,
    temporary_validity_days: "TemporaryValidityDays" => PlainOr<u32>,
    key: "Key" => Text,
    allowed_keys: "AllowedKeys" => TextList,
    made_by_server: "IsServerGenerated" => PlainOr<bool>,
    archived: "IsArchived" => PlainOr<bool>,
    agents_only: "AgentsOnly" => TrueOrNothing,
    attested: "AttestationNeeded" => PlainOr<bool>,
    key_usages: "KeyUsages" => TextList,
    extended_key_usages: "ExtendedKeyUsages" => TextList,
    bears_roles: "BearsRoles" => TrueOrNothing,
});

/// Tells what is done with a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// Who chooses the PIN: "holder", "server", "random" (nobody is told it), or "nobody" (it stays as the card has it).
    pub pin_from: String,
    pub shortest_pin: u32,
    /// 0: as long as the card takes.
    pub longest_pin: u32,
    /// PINs are refused that everybody would guess, and those of a list.
    pub refuses_pins: bool,
    pub shortest_puk: u32,
    pub longest_puk: u32,
    /// Each card gets an admin key of its own.
    pub own_admin_key: bool,
    /// A card shows that it is there before it is told a secret.
    pub presence: bool,
    /// Only cards in stock are assigned.
    pub stock_only: bool,
    pub initialised: bool,
    /// A retired card may be enrolled again.
    pub reused: bool,
    pub reset_on_retire: bool,
    pub most_certificates: Option<u32>,
}

body!(CardFacts {
    pin_from: "PinFrom" => Text,
    shortest_pin: "ShortestPin" => PlainOr<u32>,
    longest_pin: "LongestPin" => PlainOr<u32>,
    refuses_pins: "RefusesPins" => PlainOr<bool>,
    shortest_puk: "ShortestPuk" => PlainOr<u32>,
    longest_puk: "LongestPuk" => PlainOr<u32>,
    own_admin_key: "OwnAdminKey" => PlainOr<bool>,
    presence: "PresenceDemanded" => PlainOr<bool>,
    stock_only: "StockOnly" => PlainOr<bool>,
    initialised: "Initialised" => PlainOr<bool>,
    reused: "Reused" => PlainOr<bool>,
    reset_on_retire: "ResetOnRetire" => PlainOr<bool>,
    most_certificates: "MostCertificates" => PlainOrNothing<u32>,
});

/// Tells how much of a template one person may have at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitFacts {
    pub cards: Option<u32>,
    pub profiles: Option<u32>,
    pub temporary_cards: Option<u32>,
    pub open_requests: Option<u32>,
}

body!(LimitFacts {
    cards: "Cards" => PlainOrNothing<u32>,
    profiles: "Profiles" => PlainOrNothing<u32>,
    temporary_cards: "TemporaryCards" => PlainOrNothing<u32>,
    open_requests: "OpenRequests" => PlainOrNothing<u32>,
});

/// Tells what follows when a card or key is missing for a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossFacts {
    pub name: String,
    /// Its certificates are revoked; else the card can only be suspended.
    pub revokes: bool,
    /// For which reason of RFC 5280, 5.3.1; empty where nothing is revoked.
    pub reason: String,
    /// The card may be replaced.
    pub replaces: bool,
}

body!(LossFacts {
    name: "Name" => Plain<String>,
    revokes: "Revokes" => PlainOr<bool>,
    reason: "Reason" => TextOrNothing,
    replaces: "Replaces" => PlainOr<bool>,
});

/// Returns the name in a principal ("user:NAME", "group:NAME").
pub fn principal_name(principal: &str) -> &str {
    principal.split_once(':').map_or(principal, |(_, name)| name)
}

/// Tells of one type of requests: who asks, approves and executes, what is collected, what becomes of what was before.
/// Principals are "user:NAME" and "group:NAME".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowFacts {
    pub request_type: RequestType,
    /// People may ask for themselves.
    pub self_service: bool,
    pub initiators: Vec<String>,
    pub approvals_needed: u32,
    pub approvers: Vec<String>,
    pub agents: Vec<String>,
    /// Else the person whom it is for may carry it out too.
    pub agent_required: bool,
    /// Whoever approved may carry it out.
    pub approver_executes: bool,
    /// "none", "may" or "must" be given.
    pub comment: String,
    pub data_items: Vec<PolicyDataItem>,
    pub documents: Vec<String>,
    pub one_time_password: Option<OneTimePasswordPolicy>,
    /// What becomes of the certificates that were before; `None`: they stay as they are.
    pub revocation: Option<RevocationFacts>,
    /// The old key must be shown, or something that stands in for it.
    pub possession: bool,
    /// Of a renewal: the new certificates go onto the same card.
    pub same_card: bool,
    /// Of a renewal: how many days before the end it may be asked for.
    pub window_days: Option<u32>,
    /// Of a card that is lent: how long it lasts.
    pub lifetime_hours: Option<u32>,
}

body!(WorkflowFacts {
    request_type: "Type" => Named<RequestType>,
    self_service: "SelfService" => PlainOr<bool>,
    initiators: "Initiators" => TextList,
    approvals_needed: "ApprovalsNeeded" => PlainOr<u32>,
    approvers: "Approvers" => TextList,
    agents: "EnrollmentAgents" => TextList,
    agent_required: "EnrollmentAgentRequired" => PlainOr<bool>,
    approver_executes: "ApproverMayExecute" => PlainOr<bool>,
    comment: "Comment" => Text,
    data_items: "DataItems" => PlainOr<Vec<PolicyDataItem>>,
    documents: "Documents" => TextList,
    one_time_password: "OneTimePassword" => PlainOrNothing<OneTimePasswordPolicy>,
    revocation: "Revocation" => PlainOrNothing<RevocationFacts>,
    possession: "PossessionDemanded" => TrueOrNothing,
    same_card: "SameCard" => TrueOrNothing,
    window_days: "WindowDays" => PlainOrNothing<u32>,
    lifetime_hours: "LifetimeHours" => PlainOrNothing<u32>,
});

/// Tells what becomes of the certificates that a request replaces or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationFacts {
    pub revokes: bool,
    /// A reason of RFC 5280, 5.3.1.
    pub reason: String,
    pub delay_hours: u32,
    /// The card that was before is disabled.
    pub disables: bool,
}

body!(RevocationFacts {
    revokes: "Revokes" => PlainOr<bool>,
    reason: "Reason" => TextOrNothing,
    delay_hours: "DelayHours" => PlainOr<u32>,
    disables: "Disables" => PlainOr<bool>,
});

/// Counts the cards of one version of a template in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardsOfVersion {
    pub version: u32,
    pub status: SmartcardStatus,
    pub cards: u64,
}

body!(CardsOfVersion {
    version: "Version" => Plain<u32>,
    status: "Status" => Named<SmartcardStatus>,
    cards: "Cards" => Plain<u64>,
});

/// Tells what a template has said from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVersion {
    pub version: u32,
    /// When a server of the database has first worked by it.
    pub since: OffsetDateTime,
    pub facts: TemplateFacts,
}

body!(TemplateVersion {
    version: "Version" => Plain<u32>,
    since: "Since" => Moment,
    facts: "Facts" => Plain<TemplateFacts>,
});

/// Holds a template's file as the server has read it, and what a check says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// The file's name, without a directory.
    pub name: String,
    /// TOML. The keys that cards come with are left out for whoever carries out no requests of it.
    pub text: String,
    /// What can be used and looks unintended.
    pub warnings: Vec<TemplateWarning>,
}

body!(TemplateFile {
    name: "Name" => Plain<String>,
    text: "Text" => Plain<String>,
    warnings: "Warnings" => PlainOr<Vec<TemplateWarning>>,
});

/// Names something in a template's file that looks unintended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateWarning {
    /// From 1.
    pub line: u32,
    /// The dotted path of the key; empty where none is meant.
    pub key: String,
    pub text: String,
}

body!(TemplateWarning { line: "Line" => Plain<u32>, key: "Key" => TextOrNothing, text: "Text" => Text });
