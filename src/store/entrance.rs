//! Describes how people come by a bearer token, and what is proposed about their accounts.

use time::OffsetDateTime;
use uuid::Uuid;

/// Describes a bearer token of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerRecord {
    pub uuid: Uuid,
    pub owner: Uuid,
    /// What the owner calls it, such as "workstation 7".
    pub label: String,
    /// SHA-256 of the token; the token itself is kept nowhere. Unique.
    pub hash: [u8; 32],
    pub created: OffsetDateTime,
    pub expires: OffsetDateTime,
    /// To the hour or so.
    pub last_used: Option<OffsetDateTime>,
    pub revoked: Option<OffsetDateTime>,
    /// `None`: it was made where its owner, or whoever has the data directory, could read it at once.
    pub activation: Option<Activation>,
}

/// Says how the owner of a bearer token comes by it: with a code, once. Until then nobody has the token, and its hash is
/// that of nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// SHA-256 of the code. Unique.
    pub code: [u8; 32],
    /// The code is good until then.
    pub ends: OffsetDateTime,
    pub used: Option<ActivationUse>,
}

/// Describes a link by which a person signs in once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRecord {
    pub uuid: Uuid,
    pub owner: Uuid,
    /// SHA-256 of the code; the code itself is kept nowhere. Unique.
    pub hash: [u8; 32],
    pub created: OffsetDateTime,
    /// The code is good until then.
    pub ends: OffsetDateTime,
    pub used: Option<ActivationUse>,
}

/// Describes a visit: a person whom a kiosk has let in for some minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitRecord {
    pub uuid: Uuid,
    pub owner: Uuid,
    /// The account of the kiosk.
    pub kiosk: Uuid,
    /// SHA-256 of the visit's bearer token; the token itself is kept nowhere. Unique.
    pub hash: [u8; 32],
    /// The one request that the visit is for; `None`: all that the person may do for himself.
    pub request: Option<Uuid>,
    /// The serial number of the certificate by which the visit was begun, if it was begun by a card.
    pub serial: Option<Vec<u8>>,
    pub created: OffsetDateTime,
    /// What is read is the beginning where that certificate is revoked by now, or its card is not in use any more.
    pub ends: OffsetDateTime,
}

/// Says when an activation code, or that of a link, was used, and from which address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivationUse {
    pub at: OffsetDateTime,
    pub from: String,
}

/// Describes a change of an account that one administrator proposes and another one confirms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalRecord {
    pub uuid: Uuid,
    /// The account that is to be changed, or made.
    pub account: Uuid,
    /// What is to be done, JSON.
    pub change: String,
    pub proposer: Uuid,
    pub proposed: OffsetDateTime,
    /// It can be confirmed until then.
    pub ends: OffsetDateTime,
    pub decider: Option<Uuid>,
    pub decided: Option<OffsetDateTime>,
    /// Another administrator has confirmed it, and it was done.
    pub confirmed: bool,
}
