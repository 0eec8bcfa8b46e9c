//! What is remembered: facts, not what goes over the wire.

use crate::cm::card_secrets::{AdminKeyState, PukState};
use crate::cm::data_item::DataItem;
use crate::cm::holder_role::HolderRole;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

/// The most records one list gives; a filter's own limit may be lower.
pub const LIST_LIMIT: u32 = 1000;

/// A user; times are kept to the microsecond, here and below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    pub uuid: Uuid,
    /// Unique.
    pub name: String,
    pub groups: Vec<String>,
    /// User principal name, `alice@example.test`.
    pub upn: Option<String>,
    pub email: Option<String>,
    /// The security identifier Windows knows the person by, `S-1-5-21-…`.
    pub sid: Option<String>,
    /// What else certificates say of the user, by name.
    pub attributes: BTreeMap<String, String>,
    /// Is nobody for the time being; what the person has done and holds is kept.
    pub disabled: bool,
    pub source: UserSource,
}

/// Who wrote a user's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSource {
    /// An administrator.
    Local,
    /// The server itself, from the claims of an issuer it trusts.
    Issuer,
}

/// A bearer token of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    pub uuid: Uuid,
    pub owner: Uuid,
    /// What the owner calls it: "workstation 7", say.
    pub label: String,
    /// SHA-256 of the token; the token itself is kept nowhere. Unique.
    pub hash: [u8; 32],
    pub created: OffsetDateTime,
    pub expires: OffsetDateTime,
    /// To the hour or so.
    pub last_used: Option<OffsetDateTime>,
    pub revoked: Option<OffsetDateTime>,
}

/// A session, which a cookie stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    pub uuid: Uuid,
    pub owner: Uuid,
    /// SHA-256 of the cookie's value, which is kept nowhere. Unique.
    pub hash: [u8; 32],
    pub created: OffsetDateTime,
    /// The end, however busy the session is.
    pub expires: OffsetDateTime,
    /// To the minute or so.
    pub last_used: OffsetDateTime,
}

/// Something that stands for a person, and the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned<T> {
    pub what: T,
    pub holder: UserRecord,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// Version 7 keeps the index that holds it warm.
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

/// What was agreed when a request was made, beyond its type.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RequestTerms {
    /// Why the card or key is missing, in the template's words.
    pub loss_reason: Option<String>,
    /// CRLReason (RFC 5280, 5.3.1) the caller chose; `None`: the policy's.
    pub revocation_reason: Option<u8>,
    /// `None`: the policy's.
    pub revocation_delay_hours: Option<u32>,
    /// Of Reinstate: which of the two it is.
    pub suspends: Option<bool>,
}

/// One decision on a request; an approver decides once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRecord {
    pub request: Uuid,
    pub approver: Uuid,
    /// False: denied.
    pub approved: bool,
    pub comment: String,
    pub at: OffsetDateTime,
}

/// One assignment of a card; a card that is used again after it was retired gets a new record.
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
    pub admin_key: AdminKeyState,
    /// Which master key the card's own admin key is derived from.
    pub master_key_version: u32,
    /// Which one its next own admin key is derived from, while one is proposed; 0: none is.
    pub master_key_next: u32,
    pub puk_state: PukState,
    /// The latest PUK derived for the card, which holds unless only the default does; 0: none yet.
    pub puk_version: u32,
    /// Which PUK held before one was proposed; 0: the one the card came with.
    pub puk_before: u32,
    /// Which master key the latest PUK is derived from; 0: there is none yet.
    pub puk_master: u32,
    /// Which master key the PUK before it is derived from; 0: that is the one the card came with.
    pub puk_before_master: u32,
    pub parent: Option<Uuid>,
    pub primary: Option<Uuid>,
    pub permanent: Option<Uuid>,
    pub comment: String,
    pub holder_role: HolderRole,
}

/// A profile.
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

/// The one challenge a request's offline unblock was answered for; the answer is computed anew, never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineAnswerRecord {
    pub request: Uuid,
    pub smartcard: Uuid,
    pub challenge: Vec<u8>,
    pub at: OffsetDateTime,
}

/// What proves a request's one-time passwords; they themselves are kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeRecord {
    pub request: Uuid,
    /// Grows when passwords are distributed anew: those before hold no longer.
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

/// A one-time password that is to be made and mailed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRecord {
    pub request: Uuid,
    /// 1 or 2.
    pub part: u8,
    pub generation: u32,
    pub recipient: Uuid,
    pub attempts: u32,
    pub due: OffsetDateTime,
}

/// An issued certificate; the answer it was sent in is kept beside it ([`super::Store::response`]).
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

/// When and why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub at: OffsetDateTime,
    /// CRLReason (RFC 5280, 5.3.1).
    pub reason: u8,
}

/// Whose certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateScope {
    Request(Uuid),
    Profile(Uuid),
    Smartcard(Uuid),
    User(Uuid),
}

impl CertificateScope {
    /// Of the request, profile, card or user.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Request(uuid) | Self::Profile(uuid) | Self::Smartcard(uuid) | Self::User(uuid) => uuid,
        }
    }
}

/// A card, or a profile on none: what private keys are held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Smartcard(Uuid),
    Profile(Uuid),
}

/// How far what becomes of a holder goes among the certificates whose keys it holds: issued for it, or brought back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those of its owner that no other living card or profile has in use, history aside.
    Unshared,
    /// All of its owner's, wherever else they are.
    Own,
    /// All, whoever's they are.
    All,
}

/// Which certificates are revoked, held, released or superseded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// What was issued, and nothing that was brought back.
    Issued(CertificateScope),
    Held(Holder, Reach),
}

impl From<CertificateScope> for Touched {
    fn from(scope: CertificateScope) -> Self {
        Self::Issued(scope)
    }
}

/// Which requests; every field given must hold.
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

/// What a person sees: the requests they made or are the target of, and all requests on these templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visibility {
    pub user: Uuid,
    /// At most 200.
    pub templates: Vec<Uuid>,
}

/// How a certificate came into a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// For a key its owner made.
    Client,
    /// For a key the server made.
    Server,
    /// Of another profile, with its archived key.
    Recovered,
    /// Of another profile, with its archived key, for what was encrypted once.
    History,
}

/// A certificate a profile holds, and how it came there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingRecord {
    pub origin: Origin,
    pub certificate: CertificateRecord,
}

/// A certificate of a profile whose private key is archived for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedRecord {
    pub serial: Vec<u8>,
    pub origin: Origin,
    pub template_common_name: String,
    /// Whose certificate it is.
    pub owner: Uuid,
    pub not_after: OffsetDateTime,
    /// The server cannot open it: it is sealed to the recovery agents alone.
    pub agents_only: bool,
    pub revocation: Option<Revocation>,
}

/// What a card has said of a certificate's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationRecord {
    /// Certificates in DER one after the other, the key's attestation first.
    pub chain: Vec<u8>,
    /// It came from an authority that the template named.
    pub proven: bool,
}

/// How many cards need a version of the master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterKeyUse {
    pub version: u32,
    pub cards: u64,
}

/// A number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestCount(pub u64);
