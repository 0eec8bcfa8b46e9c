//! What somebody is told of a request who decides on it, waits for it or carries it out. MIM has no call for this.

use super::request::Request;
use super::smartcard::SmartcardStatus;
use super::wire::body::body;
use super::wire::{
    GuidOrNothing, Moment, MomentOrUnset, Named, Plain, PlainOr, PlainOrNothing, Text, TextList, TextOrNothing,
    TrueOrNothing,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Describes a request with the names of what it belongs to, and says how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub request: Request,
    /// Who asks.
    pub originator_name: String,
    /// For whom.
    pub target_name: String,
    /// Empty where the template is gone.
    pub template_name: String,
    pub template_description: String,
    /// What it would bring, in sentences.
    pub brings: Vec<String>,
    /// The names of the forms that belong to it.
    pub documents: Vec<String>,
    /// The cards that the person has, the newest first, as far as the caller may know of them; `None`: the caller may not.
    pub cards: Option<Vec<HeldCard>>,
    /// The person has more cards than are listed.
    pub more_cards: bool,
    pub approvals_needed: u32,
    pub approvals_given: u32,
    /// The oldest first.
    pub decisions: Vec<GivenDecision>,
    /// Who may still approve: names, or the users and groups of the policy for a caller who may not look people up. Empty where
    /// no approval is waited for.
    pub approvers: Vec<String>,
    /// More people may approve than are listed.
    pub more_approvers: bool,
    /// The caller may decide on it.
    pub may_decide: bool,
    /// Why it can be approved or carried out no more; nothing where it can.
    pub obstacle: Option<Obstacle>,
    /// The data items that are still to be given.
    pub missing: Vec<String>,
    /// Its one-time password is still to be proven.
    pub password_needed: bool,
    /// When it ends by itself, if nobody goes on with it; `None`: never.
    pub ends: Option<OffsetDateTime>,
}

body!(Review {
    request: "Request" => Plain<Request>,
    originator_name: "OriginatorName" => Text,
    target_name: "TargetName" => Text,
    template_name: "ProfileTemplateName" => Text,
    template_description: "ProfileTemplateDescription" => TextOrNothing,
    brings: "Brings" => TextList,
    documents: "Documents" => TextList,
    cards: "Cards" => PlainOrNothing<Vec<HeldCard>>,
    more_cards: "MoreCards" => TrueOrNothing,
    approvals_needed: "ApprovalsNeeded" => PlainOr<u32>,
    approvals_given: "ApprovalsGiven" => PlainOr<u32>,
    decisions: "Decisions" => PlainOr<Vec<GivenDecision>>,
    approvers: "Approvers" => TextList,
    more_approvers: "MoreApprovers" => TrueOrNothing,
    may_decide: "MayDecide" => PlainOr<bool>,
    obstacle: "Obstacle" => PlainOrNothing<Obstacle>,
    missing: "MissingData" => TextList,
    password_needed: "OneTimePasswordNeeded" => TrueOrNothing,
    ends: "Ends" => MomentOrUnset,
});

/// Describes a card that a person has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCard {
    /// `None`: the caller only decides on requests, and is told no more than that there is one.
    pub smartcard: Option<Uuid>,
    pub status: SmartcardStatus,
    pub template_name: String,
    /// Its role, where it is not the person's first: "duplicate", "temporary".
    pub role: String,
}

body!(HeldCard {
    smartcard: "SmartcardUuid" => GuidOrNothing,
    status: "Status" => Named<SmartcardStatus>,
    template_name: "ProfileTemplateName" => Text,
    role: "Role" => TextOrNothing,
});

/// Tells of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenDecision {
    pub by: String,
    pub approved: bool,
    pub comment: String,
    pub at: OffsetDateTime,
}

body!(GivenDecision {
    by: "By" => Text,
    approved: "Approved" => Plain<bool>,
    comment: "Comment" => TextOrNothing,
    at: "At" => Moment,
});

/// Says why something cannot be done, as the server would refuse it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    pub code: String,
    pub text: String,
}

body!(Obstacle { code: "Code" => Text, text: "Text" => Text });
