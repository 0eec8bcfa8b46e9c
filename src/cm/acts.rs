//! Acts that people mean: a card is lost, a lent one comes back, a person leaves. MIM has no calls for them.

use super::smartcard::SmartcardStatus;
use super::wire::body::body;
use super::wire::words::words;
use super::wire::{Guid, GuidOrNothing, Moment, Named, NamedOrNothing, Plain, PlainOr, Text, TextList, TextOrNothing};
use time::OffsetDateTime;
use uuid::Uuid;

/// Names the loss reason that is meant where none is given. Where a template does not say what follows from it, the
/// certificates are revoked as keyCompromise.
pub const LOST: &str = "lost";

/// Holds the body of `lost`: a card is missing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LossReport {
    /// A loss reason of the card's template; empty: [`LOST`].
    pub reason: String,
    pub comment: String,
}

body!(LossReport { reason: "Reason" => TextOrNothing, comment: "Comment" => TextOrNothing });

/// Says what was done about a card that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossEffect {
    /// Its certificates are revoked for good.
    Revoked,
    /// Its certificates are on hold.
    Suspended,
    /// Nothing yet: somebody must approve its revocation.
    Asked,
    /// Nothing: the card was ended before.
    Ended,
    /// Whatever a newer server names.
    Other,
}

/// Answers `lost`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossOutcome {
    pub smartcard: Uuid,
    pub effect: LossEffect,
    /// What the card is now.
    pub status: SmartcardStatus,
    /// How many certificates were revoked.
    pub revoked: u32,
    /// How many certificates were put on hold.
    pub held: u32,
    /// The request for its revocation that waits for approval.
    pub waiting: Option<Uuid>,
    /// The open requests of the card that were closed, as they cannot be carried out any more.
    pub closed: Vec<String>,
}

body!(LossOutcome {
    smartcard: "SmartcardUuid" => Guid,
    effect: "Effect" => Named<LossEffect>,
    status: "Status" => Named<SmartcardStatus>,
    revoked: "Revoked" => PlainOr<u32>,
    held: "Held" => PlainOr<u32>,
    waiting: "WaitingRequestUuid" => GuidOrNothing,
    closed: "ClosedRequests" => TextList,
});

/// Answers `returned`: what came of a lent card that was handed back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnOutcome {
    pub smartcard: Uuid,
    /// What the lent card is now.
    pub status: SmartcardStatus,
    /// How many of its certificates were revoked.
    pub revoked: u32,
    /// The card beside which it was lent.
    pub permanent: Option<Uuid>,
    /// What that card is now; `None`: there is none.
    pub permanent_status: Option<SmartcardStatus>,
    /// Whether that card's suspension was lifted, as it was for this loan alone.
    pub lifted: bool,
}

body!(ReturnOutcome {
    smartcard: "SmartcardUuid" => Guid,
    status: "Status" => Named<SmartcardStatus>,
    revoked: "Revoked" => PlainOr<u32>,
    permanent: "PermanentSmartcardUuid" => GuidOrNothing,
    permanent_status: "PermanentStatus" => NamedOrNothing<SmartcardStatus>,
    lifted: "Lifted" => PlainOr<bool>,
});

/// Answers `remind`: the holder of a card is told that its certificates end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminded {
    pub smartcard: Uuid,
    pub holder: Uuid,
    pub holder_name: String,
    pub at: OffsetDateTime,
    /// When the first of the certificates ends.
    pub first: OffsetDateTime,
    /// On which ways: "mail", or "webhook:" and its name.
    pub ways: Vec<String>,
}

body!(Reminded {
    smartcard: "SmartcardUuid" => Guid,
    holder: "HolderUuid" => Guid,
    holder_name: "HolderName" => Plain<String>,
    at: "At" => Moment,
    first: "FirstEnd" => Moment,
    ways: "Ways" => TextList,
});

/// Names what a leaver has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeavingKind {
    Account,
    Smartcard,
    /// A card on loan.
    TemporaryCard,
    /// A profile that is on no card.
    Profile,
    Certificate,
    Request,
    /// A bearer token.
    Token,
    Session,
    /// An identity of an issuer.
    Identity,
    /// Whatever a newer server names.
    Other,
}

/// Says what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeavingFate {
    /// An account.
    Disabled,
    /// A card, certificate or token.
    Revoked,
    /// A request, or a session.
    Closed,
    Kept,
    /// Whatever a newer server names.
    Other,
}

/// Tells what becomes of one thing that a leaver has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavingItem {
    pub kind: LeavingKind,
    pub fate: LeavingFate,
    /// Of a certificate: what holds it.
    pub uuid: Uuid,
    /// A state, type, label or serial number.
    pub text: String,
}

body!(LeavingItem {
    kind: "Kind" => Named<LeavingKind>,
    fate: "Fate" => Named<LeavingFate>,
    uuid: "Uuid" => Guid,
    text: "Text" => TextOrNothing,
});

/// Answers `leaving` and `leave`: all that a person has here, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub user: Uuid,
    pub name: String,
    /// Whether everything was done before, so that nothing is left to be done.
    pub left: bool,
    pub items: Vec<LeavingItem>,
    /// Another text as soon as something of it is another.
    pub mark: String,
}

body!(Leaving {
    user: "UserUuid" => Guid,
    name: "Name" => Plain<String>,
    left: "Left" => PlainOr<bool>,
    items: "Items" => PlainOr<Vec<LeavingItem>>,
    mark: "Mark" => Text,
});

/// Holds the body of `leave`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaveOrder {
    /// The mark of what was seen; where that is another by now, nothing is done.
    pub seen: String,
    pub comment: String,
}

body!(LeaveOrder { seen: "Seen" => Plain<String>, comment: "Comment" => TextOrNothing });

words!(LossEffect, "what was done about a missing card", [Revoked, Suspended, Asked, Ended]);
words!(
    LeavingKind,
    "what a leaver has",
    [Account, Smartcard, TemporaryCard, Profile, Certificate, Request, Token, Session, Identity]
);
words!(LeavingFate, "what becomes of it", [Disabled, Revoked, Closed, Kept]);
