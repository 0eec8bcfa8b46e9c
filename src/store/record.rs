//! Defines the records that the store keeps. They hold facts and are not what goes over the wire.

use crate::cm::card_secrets::{AdminKeyState, PukState};
use crate::cm::data_item::DataItem;
use crate::cm::holder_role::HolderRole;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// Bounds the records that one list gives; a filter's own limit may be lower.
pub const LIST_LIMIT: u32 = 1000;

/// Describes a user. Times are kept to the microsecond, here and below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    pub uuid: Uuid,
    /// Unique.
    pub name: String,
    pub groups: Vec<String>,
    /// User principal name, `alice@example.test`.
    pub upn: Option<String>,
    pub email: Option<String>,
    /// The security identifier by which Windows knows the person, `S-1-5-21-…`.
    pub sid: Option<String>,
    /// What else certificates say of the user, by name.
    pub attributes: BTreeMap<String, String>,
    /// The user may do nothing for now; what they have done and hold is kept.
    pub disabled: bool,
    pub source: UserSource,
}

/// Says who wrote a user's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSource {
    /// An administrator.
    Local,
    /// The server itself, from the claims of an issuer it trusts.
    Issuer,
    /// The server itself, from a directory, which alone changes it; others may disable it besides.
    Directory,
    /// Likewise, and the directory has disabled the person, or knows him no more.
    DirectoryDisabled,
}

/// Describes a session, which is proven by a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    pub uuid: Uuid,
    pub owner: Uuid,
    /// SHA-256 of the cookie's value, which is kept nowhere. Unique.
    pub hash: [u8; 32],
    pub created: OffsetDateTime,
    /// When it ends, however busy it is.
    pub expires: OffsetDateTime,
    /// To the minute or so.
    pub last_used: OffsetDateTime,
    /// What it began with lets its owner act by group and role.
    pub bears_roles: bool,
    /// The client certificate, DER, that it began with, and without which it is over.
    pub certificate: Option<Vec<u8>>,
    /// It is one of the pages for people.
    pub pages: bool,
    /// When its owner last proved to be there; `None`: what it began with proves no such thing.
    pub proven: Option<OffsetDateTime>,
}

/// Holds a bearer token or session, with its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned<T> {
    pub what: T,
    pub holder: UserRecord,
}

/// Describes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// Of version 7, so that new entries of the index lie together.
    pub uuid: Uuid,
    pub request_type: RequestType,
    pub status: RequestStatus,
    pub originator: Uuid,
    pub target: Uuid,
    pub profile_template: Uuid,
    pub template_version: u32,
    pub priority: u8,
    pub comment: String,
    pub data: Vec<DataItem>,
    pub old_profile: Option<Uuid>,
    pub new_profile: Option<Uuid>,
    pub old_smartcard: Option<Uuid>,
    pub new_smartcard: Option<Uuid>,
    pub submitted: OffsetDateTime,
    pub completed: Option<OffsetDateTime>,
    pub is_smartcard: bool,
    pub is_enrollment_agent: bool,
    pub terms: RequestTerms,
}

/// Holds what was agreed when a request was made, beyond its type.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RequestTerms {
    /// Why the card or key is missing, in the template's words.
    pub loss_reason: Option<String>,
    /// CRLReason (RFC 5280, 5.3.1) that the caller chose; `None`: the policy's.
    pub revocation_reason: Option<u8>,
    /// `None`: the policy's.
    pub revocation_delay_hours: Option<u32>,
    /// Of Reinstate: true where it suspends, false where it reinstates. Of TemporaryCards: true where the card beside which
    /// another is lent is suspended for that.
    pub suspends: Option<bool>,
}

/// Holds one decision on a request; an approver decides once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRecord {
    pub request: Uuid,
    pub approver: Uuid,
    /// False: denied.
    pub approved: bool,
    pub comment: String,
    pub at: OffsetDateTime,
}

/// Names what a secret of a card is derived from, besides its card id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Derivation {
    /// The version of the master key; 0: there is no such secret, the card has the one that it came with.
    pub master: u32,
    /// `None`: the derivation of the releases before there were generations.
    pub generation: Option<Uuid>,
}

/// Describes one assignment of a card. A card that is used again after it was retired gets a new record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmartcardRecord {
    pub uuid: Uuid,
    /// Unique among cards that are not retired.
    pub card_id: Uuid,
    /// Lower-case hexadecimal; may be empty.
    pub atr: String,
    pub status: SmartcardStatus,
    pub assigned_user: Uuid,
    pub profile_template: Uuid,
    pub template_version: u32,
    /// What new secrets of this assignment are derived from: a random value that no other assignment has. `None`: the
    /// card was assigned before there were generations, and has taken up no secret since.
    pub generation: Option<Uuid>,
    pub admin_key: AdminKeyState,
    /// What the card's own admin key is derived from.
    pub own_key: Derivation,
    /// What its next own admin key is derived from, while one is proposed.
    pub next_key: Option<Derivation>,
    pub puk_state: PukState,
    /// The latest PUK derived for the card, which it has unless it only has the default one; 0: none yet.
    pub puk_version: u32,
    /// The PUK it had before one was proposed; 0: the one the card came with.
    pub puk_before: u32,
    /// What the latest PUK is derived from.
    pub puk_from: Derivation,
    /// What the PUK before it is derived from.
    pub puk_before_from: Derivation,
    pub parent: Option<Uuid>,
    pub primary: Option<Uuid>,
    pub permanent: Option<Uuid>,
    pub comment: String,
    pub holder_role: HolderRole,
}

/// Describes a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRecord {
    pub uuid: Uuid,
    pub status: ProfileStatus,
    pub assigned_user: Uuid,
    pub smartcard: Option<Uuid>,
    pub profile_template: Uuid,
    pub template_version: u32,
    pub parent: Option<Uuid>,
    pub primary: Option<Uuid>,
    pub comment: String,
    pub holder_role: HolderRole,
}

/// Holds the one challenge that a request's offline unblock was answered for; the answer is computed again, never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineAnswerRecord {
    pub request: Uuid,
    pub smartcard: Uuid,
    pub challenge: Vec<u8>,
    pub at: OffsetDateTime,
}

/// Holds what proves a request's one-time passwords; the passwords are kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeRecord {
    pub request: Uuid,
    /// Grows when passwords are distributed anew; earlier ones are invalid then.
    pub generation: u32,
    pub tries_left: u32,
    /// `None`: none was made yet.
    pub expires: Option<OffsetDateTime>,
    /// Salt and hash; `None`: not made yet.
    pub first: Option<Vec<u8>>,
    pub second: Option<Vec<u8>>,
    /// When the passwords were shown.
    pub proven: Option<OffsetDateTime>,
}

/// Names what became of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    Waiting,
    Sent,
    /// Given up.
    Failed,
    /// No longer to be sent.
    Discarded,
}

/// Describes an issued certificate; the answer it was sent in is kept beside it ([`super::Store::response`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRecord {
    /// The serial number's bytes, big endian. Unique.
    pub serial: Vec<u8>,
    pub request: Uuid,
    pub profile: Uuid,
    pub smartcard: Option<Uuid>,
    pub user: Uuid,
    pub template_common_name: String,
    /// SHA-1 over the certificate, as Windows shows it.
    pub thumbprint: [u8; 20],
    /// SHA-256 over the SubjectPublicKeyInfo; unique within a request.
    pub public_key_sha256: [u8; 32],
    /// SHA-256 over the certification request it answers.
    pub csr_sha256: [u8; 32],
    pub der: Vec<u8>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub revocation: Option<Revocation>,
    /// A later certificate took its place.
    pub superseded: bool,
}

/// Says when and why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub at: OffsetDateTime,
    /// CRLReason (RFC 5280, 5.3.1).
    pub reason: u8,
}

/// Says whose certificates are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateScope {
    Request(Uuid),
    Profile(Uuid),
    Smartcard(Uuid),
    User(Uuid),
}

impl CertificateScope {
    /// Returns the uuid of the request, profile, card or user.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Request(uuid) | Self::Profile(uuid) | Self::Smartcard(uuid) | Self::User(uuid) => uuid,
        }
    }
}

/// Names what holds private keys: a card, or a profile that is on none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Smartcard(Uuid),
    Profile(Uuid),
}

/// Says which certificates are meant among those whose keys a holder holds, issued for it or brought back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those of its owner that no other living card or profile has in use; a certificate kept only for old messages is
    /// not in use.
    Unshared,
    /// All of its owner's, also those that another card or profile holds.
    Own,
    /// All, whoever owns them.
    All,
}

/// Says which certificates are revoked, held, released or superseded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Those that were issued there, without those that were brought back.
    Issued(CertificateScope),
    /// Those whose keys a card or profile holds.
    Held(Holder, Reach),
}

impl From<CertificateScope> for Touched {
    fn from(scope: CertificateScope) -> Self {
        Self::Issued(scope)
    }
}

/// Selects requests; every field that is given must match.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RequestFilter {
    /// `None`: whoever they belong to.
    pub visible_to: Option<Visibility>,
    pub target: Option<Uuid>,
    pub originator: Option<Uuid>,
    /// The old or the new card.
    pub smartcard: Option<Uuid>,
    /// The old or the new profile.
    pub profile: Option<Uuid>,
    pub status: Option<RequestStatus>,
    /// Only requests that are pending, approved or being carried out.
    pub open: bool,
    /// Only requests older than this one; the next page starts before the last one shown.
    pub before: Option<Uuid>,
    /// `None`, or more than [`LIST_LIMIT`]: that many.
    pub limit: Option<u32>,
}

/// Says what a person may see: the requests they made or are the target of, and all requests on these templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visibility {
    pub user: Uuid,
    /// At most 200.
    pub templates: Vec<Uuid>,
}

/// Says how a certificate came into a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// For a key that its owner made.
    Client,
    /// For a key that the server made.
    Server,
    /// From another profile, with its archived key.
    Recovered,
    /// From another profile, with its archived key, only to decrypt what was encrypted before.
    History,
}

/// Holds a certificate of a profile, and how it came there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingRecord {
    pub origin: Origin,
    pub certificate: CertificateRecord,
}

/// Describes a certificate of a profile whose private key is archived for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedRecord {
    pub serial: Vec<u8>,
    pub origin: Origin,
    pub template_common_name: String,
    /// Whose certificate it is.
    pub owner: Uuid,
    pub not_after: OffsetDateTime,
    /// The key is sealed to the recovery agents alone, so the server cannot open it.
    pub agents_only: bool,
    pub revocation: Option<Revocation>,
}

/// Holds what a card has attested of a certificate's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationRecord {
    /// Certificates in DER one after the other, the key's attestation first.
    pub chain: Vec<u8>,
    /// It came from an authority that the template named.
    pub proven: bool,
}

/// Says that the old key of a request's card or profile was shown, and by which signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PossessionRecord {
    pub request: Uuid,
    /// The serial number of that key's certificate.
    pub serial: Vec<u8>,
    pub signature: Vec<u8>,
    pub at: OffsetDateTime,
}

/// Counts the cards that need a version of the master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterKeyUse {
    pub version: u32,
    pub cards: u64,
}

/// Counts requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestCount(pub u64);
