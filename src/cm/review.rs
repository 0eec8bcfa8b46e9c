//! What somebody is told of requests who decides on them, waits for them or carries them out. MIM has no calls for this.

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
    /// How many people are mailed that it waits; `None`: nobody can be, or it does not wait.
    pub told: Option<u32>,
    /// Their names, for a caller who may look people up.
    pub told_names: Vec<String>,
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
    told: "Told" => PlainOrNothing<u32>,
    told_names: "ToldNames" => TextList,
    may_decide: "MayDecide" => PlainOr<bool>,
    obstacle: "Obstacle" => PlainOrNothing<Obstacle>,
    missing: "MissingData" => TextList,
    password_needed: "OneTimePasswordNeeded" => TrueOrNothing,
    ends: "Ends" => MomentOrUnset,
});

/// Describes a request as a row of a queue shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    pub request: Request,
    /// Who asks.
    pub originator_name: String,
    /// For whom.
    pub target_name: String,
    /// Empty where the template is gone.
    pub template_name: String,
    pub approvals_needed: u32,
    pub approvals_given: u32,
    /// The caller may decide on it.
    pub may_decide: bool,
    /// When it ends by itself, if nobody goes on with it; `None`: never.
    pub ends: Option<OffsetDateTime>,
}

body!(Queued {
    request: "Request" => Plain<Request>,
    originator_name: "OriginatorName" => Text,
    target_name: "TargetName" => Text,
    template_name: "ProfileTemplateName" => Text,
    approvals_needed: "ApprovalsNeeded" => PlainOr<u32>,
    approvals_given: "ApprovalsGiven" => PlainOr<u32>,
    may_decide: "MayDecide" => PlainOr<bool>,
    ends: "Ends" => MomentOrUnset,
});

/// Says how many requests of others wait, as far as the caller sees them; none is counted beyond [`Waiting::MOST`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Those that wait for anybody's decision.
    pub waiting: u32,
    /// When the oldest of them was made.
    pub oldest: Option<OffsetDateTime>,
    /// Those of them that wait for the caller's decision.
    pub to_decide: u32,
    pub oldest_to_decide: Option<OffsetDateTime>,
    /// Those that are approved and that the caller may carry out.
    pub to_execute: u32,
    /// Grows when one more has come to wait for a decision.
    pub newest: u64,
}

impl Waiting {
    /// Bounds what is counted: this number stands for itself or more.
    pub const MOST: u32 = 1000;
}

body!(Waiting {
    waiting: "Waiting" => PlainOr<u32>,
    oldest: "Oldest" => MomentOrUnset,
    to_decide: "ToDecide" => PlainOr<u32>,
    oldest_to_decide: "OldestToDecide" => MomentOrUnset,
    to_execute: "ToExecute" => PlainOr<u32>,
    newest: "Newest" => PlainOr<u64>,
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
