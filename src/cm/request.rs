//! Requests: the bodies that make, show and close them, their types and statuses.

use super::data_item::{DataItem, DataItems, DataPairs};
use super::wire::body::body;
use super::wire::{
    Guid, GuidOrEmpty, GuidOrNothing, Moment, MomentOrUnset, Named, Numbered, Plain, PlainOr, PlainOrNothing,
    PriorityText, Text, TextOrNothing,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Names the request types of the REST API; their numbers and names are in [`crate::cm::vocabulary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestType {
    Enroll,
    Duplicate,
    OfflineUnblock,
    OnlineUpdate,
    Renew,
    Recover,
    RecoverOnBehalf,
    Reinstate,
    Retire,
    Revoke,
    TemporaryCards,
    Unblock,
    /// A number without a known name, from a MIM server's answer.
    Other(u32),
}

/// Names the statuses of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestStatus {
    None,
    Approved,
    Denied,
    Completed,
    Failed,
    Pending,
    Canceled,
    Executing,
    /// A number without a known name, from a MIM server's answer.
    Other(u32),
}

/// Holds the body of `POST requests`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRequest {
    pub profile_template: Option<Uuid>,
    pub data_collection: Vec<DataItem>,
    /// `None` means the caller.
    pub target: Option<Uuid>,
    pub request_type: RequestType,
    pub comment: String,
    /// 0 is the highest; `None` means the policy's default.
    pub priority: Option<u8>,
    pub smartcard: Option<Uuid>,
    pub profile: Option<Uuid>,
    /// Beyond MIM; `None` leaves the key out.
    pub terms: Option<CreateTerms>,
}

impl CreateRequest {
    /// Makes the body that asks for something for a card, with nothing more said; terms that say nothing are left out.
    pub fn of_card(request_type: RequestType, card: Option<Uuid>, comment: &str, terms: CreateTerms) -> Self {
        Self {
            profile_template: None,
            data_collection: Vec::new(),
            target: None,
            request_type,
            comment: comment.to_owned(),
            priority: None,
            smartcard: card,
            profile: None,
            terms: Some(terms).filter(|terms| *terms != CreateTerms::default()),
        }
    }
}

/// Holds what MIM's portal asks for and its REST body has no keys for; it stands under the key `cardwright`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CreateTerms {
    /// A loss reason of the template, such as "lost".
    pub loss_reason: String,
    /// A reason of RFC 5280, 5.3.1, where the policy lets the caller choose.
    pub revocation_reason: String,
    /// Hours until the old certificates are revoked, where the policy lets the caller choose.
    pub revocation_delay_hours: Option<u32>,
    /// "suspend" or "reinstate"; empty leaves it to the present status. Of TemporaryCards: "suspend" has the card beside
    /// which another is lent suspended as soon as that is in use.
    pub effect: String,
}

body!(CreateTerms {
    loss_reason: "lossreason" => TextOrNothing,
    revocation_reason: "revocationreason" => TextOrNothing,
    revocation_delay_hours: "revocationdelayhours" => PlainOrNothing<u32>,
    effect: "effect" => TextOrNothing,
});

// Without items, target and priority this is Microsoft's Enroll and Unblock sample to the letter.
body!(CreateRequest {
    data_collection: "datacollection" => DataPairs,
    request_type: "type" => Named<RequestType>,
    profile_template: "profiletemplateuuid" => GuidOrNothing,
    smartcard: "smartcard" => GuidOrNothing,
    // The software counterpart of `smartcard` is not documented; the name is inferred.
    profile: "profile" => GuidOrNothing,
    target: "target" => GuidOrNothing,
    comment: "comment" | "comments" => Text,
    priority: "priority" => PriorityText,
    terms: "cardwright" => PlainOrNothing<CreateTerms>,
});

/// Describes a request as `GET requests/{id}` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub uuid: Uuid,
    pub request_type: RequestType,
    pub status: RequestStatus,
    pub flags: u32,
    pub data_collection: Vec<DataItem>,
    pub data_collection_flags: u32,
    pub originator: Uuid,
    pub target: Uuid,
    pub submitted: OffsetDateTime,
    /// `None` on the wire is `0001-01-01T00:00:00`.
    pub completed: Option<OffsetDateTime>,
    /// `None` on the wire is the empty GUID, here and below.
    pub new_profile: Option<Uuid>,
    pub old_profile: Option<Uuid>,
    pub new_smartcard: Option<Uuid>,
    pub old_smartcard: Option<Uuid>,
    pub priority: u8,
    pub comment: String,
    pub profile_template: Uuid,
    /// SDDL; Microsoft's ends in NULs.
    pub security_descriptor: String,
    pub is_smartcard: bool,
    pub is_enrollment_agent: bool,
    pub is_data_collection_complete: bool,
}

body!(Request {
    uuid: "Uuid" => Guid,
    request_type: "RequestType" => Numbered<RequestType>,
    status: "Status" => Numbered<RequestStatus>,
    flags: "Flags" => PlainOr<u32>,
    data_collection: "DataCollection" => DataItems,
    data_collection_flags: "DataCollectionFlags" => PlainOr<u32>,
    originator: "OriginatorUserUuid" => Guid,
    target: "TargetUserUuid" => Guid,
    submitted: "Submitted" => Moment,
    completed: "Completed" => MomentOrUnset,
    new_profile: "NewProfileUuid" => GuidOrEmpty,
    old_profile: "OldProfileUuid" => GuidOrEmpty,
    new_smartcard: "NewSmartcardUuid" => GuidOrEmpty,
    old_smartcard: "OldSmartcardUuid" => GuidOrEmpty,
    priority: "Priority" => PlainOr<u8>,
    comment: "Comment" => Text,
    profile_template: "ProfileTemplateUuid" => Guid,
    security_descriptor: "SecurityDescriptor" => Text,
    is_smartcard: "IsSmartcard" => Plain<bool>,
    is_enrollment_agent: "IsEnrollmentAgent" => PlainOr<bool>,
    is_data_collection_complete: "IsDataCollectionComplete" => PlainOr<bool>,
});

/// Names the statuses that `PUT requests/{id}` may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestClosing {
    Completed,
    Canceled,
    Abandoned,
}

/// Holds the body of `PUT requests/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseRequest {
    pub status: RequestClosing,
}

body!(CloseRequest { status: "status" => Named<RequestClosing> });
