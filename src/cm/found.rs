//! What is found: cards, people, and what happened to them. MIM has no calls for this.

use super::request::RequestType;
use super::smartcard::SmartcardStatus;
use super::wire::body::body;
use super::wire::words::words;
use super::wire::{
    Guid, GuidOrNothing, Moment, MomentOrUnset, Named, NamedOrNothing, Plain, PlainOr, TextOrNothing, TrueOrNothing,
};
use time::OffsetDateTime;
use uuid::Uuid;

/// Describes a card in a list, with the names of what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCard {
    pub uuid: Uuid,
    pub card_id: Uuid,
    pub status: SmartcardStatus,
    pub owner: Uuid,
    pub owner_name: String,
    pub template: Uuid,
    /// Empty where the template is gone.
    pub template_name: String,
    /// Answer to reset, lower-case hexadecimal; empty where it is not known.
    pub atr: String,
    /// As printed on the card; empty where it is not known.
    pub printed: String,
    /// Who says so: "attested" by the card's maker, "stock", or the "client" that the card was assigned with, which may
    /// have said anything; empty where it is not known.
    pub printed_by: String,
    /// As the client said at the assignment.
    pub model: String,
    /// As the card's maker attests; else as the client said at the assignment.
    pub firmware: String,
    /// The card's maker attests that it is a card of its own.
    pub attested: bool,
    /// The holder's name when the card was assigned; empty where that is not known.
    pub assigned_as: String,
    pub comment: String,
    /// In a list of what ends: the serial number of the certificate that does, upper-case hexadecimal; else empty.
    pub serial: String,
    /// In a list of what ends: when that certificate does. Else when the last one that counts does; `None`: none does.
    pub expires: Option<OffsetDateTime>,
    /// In a list of what ends: when the holder was told last of certificates that end, as far as that is known.
    pub told: Option<OffsetDateTime>,
}

body!(FoundCard {
    uuid: "Uuid" => Guid,
    card_id: "CardId" => Guid,
    status: "Status" => Named<SmartcardStatus>,
    owner: "OwnerUuid" => Guid,
    owner_name: "OwnerName" => Plain<String>,
    template: "ProfileTemplateUuid" => Guid,
    template_name: "ProfileTemplateName" => Plain<String>,
    atr: "Atr" => TextOrNothing,
    printed: "PrintedSerial" => TextOrNothing,
    printed_by: "PrintedSerialBy" => TextOrNothing,
    model: "Model" => TextOrNothing,
    firmware: "Firmware" => TextOrNothing,
    attested: "Attested" => TrueOrNothing,
    assigned_as: "AssignedAs" => TextOrNothing,
    comment: "Comment" => TextOrNothing,
    serial: "SerialNumber" => TextOrNothing,
    expires: "Expires" => MomentOrUnset,
    told: "HolderTold" => MomentOrUnset,
});

/// Names what a search can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FoundKind {
    Person,
    Smartcard,
    Certificate,
    Request,
    /// Whatever a newer server names.
    Other,
}

/// Names one thing that a search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub kind: FoundKind,
    /// Of a certificate: its card's, or else its profile's.
    pub uuid: Uuid,
    pub owner: Uuid,
    pub owner_name: String,
    /// A card's or request's status, a request's type before it; a certificate's serial number.
    pub text: String,
}

body!(Found {
    kind: "Kind" => Named<FoundKind>,
    uuid: "Uuid" => Guid,
    owner: "OwnerUuid" => Guid,
    owner_name: "OwnerName" => Plain<String>,
    text: "Text" => TextOrNothing,
});

/// Holds a person of the directory that the server takes people over from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonElsewhere {
    /// What identifies the person there; `None` where it cannot be read.
    pub id: Option<Uuid>,
    /// Empty for somebody who cannot be taken over.
    pub name: String,
    pub display_name: String,
    pub upn: String,
    pub email: String,
    pub department: String,
    /// The account that the person has here; `None`: none.
    pub known: Option<Uuid>,
    /// The directory has disabled the person, or the account there has ended.
    pub disabled: bool,
    /// The name of the entry, of somebody who cannot be taken over.
    pub dn: String,
    /// Why the person cannot be taken over; else empty.
    pub problem: String,
}

body!(PersonElsewhere {
    id: "Id" => GuidOrNothing,
    name: "Name" => TextOrNothing,
    display_name: "DisplayName" => TextOrNothing,
    upn: "Upn" => TextOrNothing,
    email: "Email" => TextOrNothing,
    department: "Department" => TextOrNothing,
    known: "KnownUuid" => GuidOrNothing,
    disabled: "Disabled" => TrueOrNothing,
    dn: "DistinguishedName" => TextOrNothing,
    problem: "Problem" => TextOrNothing,
});

/// Holds the people of the directory whom a text finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundElsewhere {
    pub people: Vec<PersonElsewhere>,
    /// The directory has more of them; a longer text finds fewer.
    pub more: bool,
}

body!(FoundElsewhere { people: "People" => PlainOr<Vec<PersonElsewhere>>, more: "More" => TrueOrNothing });

/// Holds the body of a taking over: whom, by what identifies the person in the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakeOver {
    pub id: Uuid,
}

body!(TakeOver { id: "Id" => Guid });

/// Names what can happen to a card or a person's holdings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Happening {
    Requested,
    Approved,
    Denied,
    Completed,
    Canceled,
    Failed,
    Issued,
    Revoked,
    /// Whatever a newer server names.
    Other,
}

impl Happening {
    /// Says whether the request that it is told of has ended by it.
    pub fn ends_request(self) -> bool {
        matches!(self, Self::Completed | Self::Canceled | Self::Failed | Self::Denied)
    }
}

/// Tells one thing that happened, with who did it, when, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Of an issued certificate: since when it is valid.
    pub at: OffsetDateTime,
    pub what: Happening,
    pub request: Uuid,
    /// `None` for certificates.
    pub request_type: Option<RequestType>,
    /// Who asked or decided; empty for what the server did.
    pub by: String,
    /// The comment of who asked or decided, or the reason of a revocation.
    pub why: String,
    pub smartcard: Option<Uuid>,
    /// A certificate's serial number, upper-case hexadecimal; else empty.
    pub serial: String,
}

body!(HistoryEntry {
    at: "At" => Moment,
    what: "What" => Named<Happening>,
    request: "RequestUuid" => Guid,
    request_type: "Type" => NamedOrNothing<RequestType>,
    by: "By" => TextOrNothing,
    why: "Why" => TextOrNothing,
    smartcard: "SmartcardUuid" => GuidOrNothing,
    serial: "SerialNumber" => TextOrNothing,
});

words!(FoundKind, "a kind of what is found", [Person, Smartcard, Certificate, Request]);
words!(Happening, "what happened", [Requested, Approved, Denied, Completed, Canceled, Failed, Issued, Revoked]);
