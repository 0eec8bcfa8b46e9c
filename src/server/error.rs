//! Every refusal of the server with its status and code: the one table. Inner causes go to the log, never to the caller.

use super::keys::archive::ArchiveError;
use super::keys::diversify::KeyError;
use super::users::jobs::JobError;
use super::users::rules::AccountRefusal;
use crate::cm::check::FieldError;
use crate::cm::holder_role::{HolderRole, Role};
use crate::cm::lifecycle::Refusal;
use crate::cm::offline::CodeError;
use crate::cm::problem::ProblemCode;
use crate::cm::profile::ProfileStatus;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::route::RouteError;
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::wire::BodyError;
use crate::pkix::attestation::AttestationFault;
use crate::template::{ItemProblem, Missing, Side};
use crate::{ca, pkix, store, web};
use axum::http::StatusCode;
use time::OffsetDateTime;
use uuid::Uuid;

/// Why a call was refused, or failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("this call needs credentials that the server knows: a bearer token, or another way in that it offers")]
    NotAuthenticated,
    #[error("the bearer token has expired; ask an administrator for a new one")]
    TokenExpired,
    #[error("the way in has worked, but this server knows no such user; ask an administrator")]
    UserUnknown,
    #[error("you are disabled here; ask an administrator")]
    UserDisabled,
    #[error("this certificate was revoked")]
    CertificateRevoked,
    #[error("another site has made this call in your name")]
    CrossSite,
    #[error("too many of these calls; come back in {seconds} s")]
    TooManyRequests { seconds: u64 },
    #[error("{0}")]
    Account(#[from] AccountRefusal),
    #[error("there is no such {0}, or you may not see it")]
    NotFound(&'static str),
    #[error("you may not {0}")]
    Forbidden(&'static str),
    #[error("nobody decides on a request made by or for himself; another approver must")]
    SelfApproval,
    #[error("you have decided on this request already; another approver must")]
    AlreadyDecided,
    #[error("{0}")]
    Address(#[source] RouteError),
    #[error("the body cannot be read: {0}")]
    Body(#[source] BodyError),
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error("the profile template demands the data item \"{0}\"")]
    DataItem(String),
    #[error("the profile template knows no data item \"{0}\"")]
    DataItemUnknown(String),
    #[error("the data item \"{name}\" is not taken: {problem}")]
    DataItemInvalid { name: String, problem: ItemProblem },
    #[error("the data item \"{name}\" is for the {} to give", side.word())]
    DataItemNotYours { name: String, side: Side },
    #[error("the data item \"{0}\" was given, and what was given is approved; cancel the request and ask anew")]
    DataItemGiven(String),
    #[error("the data item \"{0}\" is missing; give it first")]
    DataIncomplete(String),
    #[error("data items are taken until the execution begins; this request is {0}")]
    DataClosed(RequestStatus),
    #[error("the profile template demands a comment")]
    CommentMissing,
    #[error("the profile template lets nobody choose a priority; leave it out")]
    PriorityNotCollected,
    #[error("prove the request's one-time password first")]
    PasswordNeeded,
    #[error("the one-time password is wrong; tries left: {0}")]
    PasswordWrong(u32),
    #[error("{0}; an approver can have another one made")]
    PasswordSpent(&'static str),
    #[error("{0}")]
    PasswordNotUsed(&'static str),
    #[error("{0} has no e-mail address, and one is needed for a one-time password")]
    NoAddress(String),
    #[error("no PIN is proposed here: the profile template has people choose theirs")]
    PinNotProposed,
    #[error("the body must be application/json")]
    MediaType,
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the body could not be received")]
    Cut,
    #[error("the server is busy; try again in a moment")]
    Busy,
    #[error("the server is stopping; call again in a moment, or another one")]
    Stopping,
    #[error("the database did not answer; look whether this was done, and repeat it if not")]
    Database(#[source] store::Cause),
    #[error("somebody else has changed this at the same moment; look again and repeat")]
    Conflict,
    #[error("{0} is not offered by this profile template")]
    NotOffered(RequestType),
    #[error("a card is set to Retired by this call, and to nothing else")]
    OnlyRetired,
    #[error("{0}")]
    Request(#[from] Refusal<RequestStatus>),
    #[error("{0}")]
    Smartcard(#[from] Refusal<SmartcardStatus>),
    #[error("{0}")]
    Profile(#[from] Refusal<ProfileStatus>),
    #[error("this cannot be asked for a smart card that is {0}")]
    CardStatus(SmartcardStatus),
    #[error(
        "{request_type} cannot be asked for this {what}, which is {status}{}; its operations say what can be", aside(*holder_role)
    )]
    NotAsked { request_type: RequestType, what: &'static str, status: SmartcardStatus, holder_role: HolderRole },
    #[error("the same is asked for in request {0} already: carry it out, or cancel it first")]
    AlreadyOpen(Uuid),
    #[error("the profile template lets a person have {limit} {what} at a time; end one first")]
    Limit { what: &'static str, limit: usize },
    #[error("the certificate is good until {expires}; a new one may be asked for from {from} on")]
    TooEarly { expires: OffsetDateTime, from: OffsetDateTime },
    #[error("the profile template does not let the caller choose the revocation {0}")]
    NotToChoose(&'static str),
    #[error("the profile template knows no loss reason \"{0}\"")]
    LossReasonUnknown(String),
    #[error("a card or key that is \"{reason}\" is not for {request_type}; {instead}")]
    LossReason { reason: String, request_type: RequestType, instead: &'static str },
    #[error("keys are recovered on behalf of somebody else: the target must not be their owner")]
    OwnKeys,
    #[error("there is no profile that this could begin with; enroll instead")]
    NoActiveProfile,
    #[error("the card is retired for good: complete the request")]
    RetiredForGood,
    #[error("this request is about a smart card: name it")]
    SmartcardRequired,
    #[error("assign a smart card to the request first")]
    SmartcardNotAssigned,
    #[error("this is not the card of the request")]
    WrongCard,
    #[error("this card is assigned already; retire it first")]
    CardAssigned,
    #[error("this card was retired, and its profile template does not let cards be used again")]
    CardRetired,
    #[error("the time this card was lent for is over; cancel the request and lend it anew")]
    LentTimeOver,
    #[error("this call is not part of {0}")]
    WrongType(RequestType),
    #[error("the cards of this profile template keep their default admin key")]
    NotDiversified,
    #[error("the card was given nothing of its own yet")]
    NothingProposed,
    #[error("the card's own admin key is active; say first that it is to be taken back")]
    AdminKeyActive,
    #[error("this is not for the client to say")]
    NotToBeTold,
    #[error(
        "this code is from another card than the request's; have it read out once more, or take the request's card"
    )]
    CodeOfOtherCard,
    #[error("{0}")]
    Challenge(#[source] KeyError),
    #[error("{0}")]
    Code(#[from] CodeError),
    #[error("this request has answered another challenge; a new challenge needs a new request")]
    OtherChallenge,
    #[error("the certification request cannot be read: {0}")]
    CsrUnreadable(#[source] pkix::Error),
    #[error("the certification request is not signed with its own key")]
    CsrSignature(#[source] pkix::Error),
    #[error(
        "the profile template keeps the card's admin key within the server for {0}; the card's challenge is answered"
    )]
    AdminKeyKept(RequestType),
    #[error("the profile template does not allow {key} keys")]
    KeyAlgorithm { key: String },
    #[error("the profile template allows this kind of key from {minimum} bits; this one has {size}")]
    KeyTooSmall { size: u32, minimum: u32 },
    #[error("the profile template does not allow requests signed with {hash}")]
    Hash { hash: &'static str },
    #[error("the profile template demands an attestation of the key by the card that has made it; none came")]
    AttestationMissing,
    #[error("the attestation cannot be read: {0}")]
    AttestationUnreadable(#[source] pkix::Error),
    #[error("the attestation of the key does not hold: {0}")]
    Attestation(#[source] AttestationFault),
    #[error("certification requests are needed for {wanted} keys, not for {given}")]
    CsrCount { given: usize, wanted: usize },
    #[error("two certification requests are for the same key")]
    KeyTwice,
    #[error("the answer holds private keys: \"pfxpassword\" is needed to protect them")]
    NoPfxPassword,
    #[error("this password cannot protect a PFX: {0}")]
    PfxPassword(#[source] pkix::Error),
    #[error("a password of at least {minimum} characters is needed to protect private keys")]
    PfxPasswordShort { minimum: usize },
    #[error("no key of the profile before is archived, so there is nothing to bring back")]
    NothingArchived,
    #[error("only the recovery agents can open these keys: collect them sealed, by \"sealedkeys\"")]
    SealedToAgents,
    #[error("no key of the profile before is sealed to recovery agents alone; hand in \"certificatedata\"")]
    NothingSealed,
    #[error("a certificate for another key was issued on this request")]
    OtherKey,
    #[error("this key is certified for somebody else")]
    KeyTaken,
    #[error("no certificate was issued on this request yet")]
    NothingIssued,
    #[error("{0}, which the profile template needs for the certificate")]
    Attribute(#[from] Missing),
    #[error("what is known of the user cannot stand in a certificate: {0}")]
    Unnamable(#[source] ca::Error),
    #[error("the CA has not decided on this certificate yet; repeat the very same call in {retry_after} seconds")]
    CaPending { retry_after: u32 },
    #[error("the CA cannot be reached at the moment; nothing was lost, repeat the call later")]
    CaAway(#[source] ca::Error),
    #[error("the CA has refused: {0}")]
    CaRefused(#[source] ca::Error),
    #[error("something went wrong in the server; its log has the cause under the correlation id")]
    Internal(#[source] Internal),
}

/// What went wrong inside; for the log only.
#[derive(Debug, thiserror::Error)]
pub enum Internal {
    #[error("the store failed")]
    Store(#[source] store::Error),
    #[error("the CA failed")]
    Ca(#[source] ca::Error),
    #[error("an admin key cannot be derived")]
    Key(#[source] KeyError),
    #[error("an answer cannot be written")]
    Write(#[source] serde_json::Error),
    #[error("the system gave no random bytes")]
    Random,
    #[error("the handler panicked")]
    Panicked,
    #[error("a private key cannot be archived or brought back")]
    Archive(#[source] pkix::Error),
    #[error("a kept attestation cannot be read")]
    Attestation(#[source] pkix::Error),
    #[error("a key cannot be made or written as PKCS#12")]
    MakeKey(#[source] pkix::Error),
    #[error("there is no recovery key, though keys are to be archived or brought back")]
    NoRecoveryKey,
    #[error("a record names a {0} that does not exist")]
    Dangling(&'static str),
}

impl ApiError {
    /// The table: HTTP status and stable code.
    pub fn status_and_code(&self) -> (StatusCode, ProblemCode) {
        use ProblemCode as Code;
        match self {
            Self::NotAuthenticated => (StatusCode::UNAUTHORIZED, Code::NotAuthenticated),
            Self::TokenExpired => (StatusCode::UNAUTHORIZED, Code::TokenExpired),
            Self::UserUnknown => (StatusCode::FORBIDDEN, Code::UserUnknown),
            Self::UserDisabled => (StatusCode::FORBIDDEN, Code::UserDisabled),
            Self::CertificateRevoked => (StatusCode::FORBIDDEN, Code::CertificateRevoked),
            Self::CrossSite => (StatusCode::FORBIDDEN, Code::CrossSite),
            Self::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, Code::TooManyRequests),
            Self::Account(refusal) => account_code(refusal),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, Code::NotFound),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, Code::Forbidden),
            Self::SelfApproval => (StatusCode::FORBIDDEN, Code::SelfApproval),
            Self::AlreadyDecided => (StatusCode::CONFLICT, Code::AlreadyApproved),
            Self::Address(error) => match error {
                RouteError::NotFound => (StatusCode::NOT_FOUND, Code::NotFound),
                RouteError::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, Code::WrongMethod),
                RouteError::BadParameter { .. } => (StatusCode::BAD_REQUEST, Code::BadParameter),
                RouteError::MissingParameter { .. } => (StatusCode::BAD_REQUEST, Code::MissingParameter),
            },
            Self::Body(_) | Self::Cut => (StatusCode::BAD_REQUEST, Code::MalformedBody),
            Self::Field(_) | Self::SmartcardRequired | Self::OnlyRetired => (StatusCode::BAD_REQUEST, Code::BadField),
            Self::DataItem(_) => (StatusCode::BAD_REQUEST, Code::DataItemMissing),
            Self::DataItemUnknown(_) => (StatusCode::BAD_REQUEST, Code::DataItemUnknown),
            Self::DataItemInvalid { .. } => (StatusCode::BAD_REQUEST, Code::DataItemInvalid),
            Self::DataItemNotYours { .. } => (StatusCode::FORBIDDEN, Code::DataItemNotYours),
            Self::DataItemGiven(_) => (StatusCode::CONFLICT, Code::DataItemGiven),
            Self::DataIncomplete(_) => (StatusCode::CONFLICT, Code::DataCollectionIncomplete),
            Self::DataClosed(_) => (StatusCode::CONFLICT, Code::DataCollectionClosed),
            Self::CommentMissing => (StatusCode::BAD_REQUEST, Code::CommentMissing),
            Self::PriorityNotCollected => (StatusCode::BAD_REQUEST, Code::PriorityNotCollected),
            Self::PasswordNeeded => (StatusCode::FORBIDDEN, Code::OneTimePasswordNeeded),
            Self::PasswordWrong(_) => (StatusCode::FORBIDDEN, Code::OneTimePasswordWrong),
            Self::PasswordSpent(_) => (StatusCode::CONFLICT, Code::OneTimePasswordSpent),
            Self::PasswordNotUsed(_) => (StatusCode::CONFLICT, Code::OneTimePasswordNotUsed),
            Self::NoAddress(_) => (StatusCode::CONFLICT, Code::UserAttributeMissing),
            Self::PinNotProposed => (StatusCode::CONFLICT, Code::PinNotProposed),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::UnsupportedMediaType),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, Code::BodyTooLarge),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, Code::Timeout),
            Self::Busy | Self::Stopping | Self::Database(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
            Self::Conflict => (StatusCode::CONFLICT, Code::Conflict),
            Self::NotOffered(_) => (StatusCode::CONFLICT, Code::WorkflowDisabled),
            Self::Request(refusal) => (StatusCode::CONFLICT, request_code(refusal.status)),
            Self::RetiredForGood => (StatusCode::CONFLICT, Code::RequestNotExecutable),
            Self::Smartcard(_) | Self::CardStatus(_) | Self::CardRetired | Self::LentTimeOver => {
                (StatusCode::CONFLICT, Code::CardStatus)
            }
            Self::NotAsked { what: "profile", .. } => (StatusCode::CONFLICT, Code::ProfileStatus),
            Self::NotAsked { .. } => (StatusCode::CONFLICT, Code::CardStatus),
            Self::AlreadyOpen(_) => (StatusCode::CONFLICT, Code::RequestOpen),
            Self::Limit { .. } => (StatusCode::CONFLICT, Code::LimitReached),
            Self::TooEarly { .. } => (StatusCode::CONFLICT, Code::TooEarly),
            Self::NotToChoose(_) | Self::LossReasonUnknown(_) | Self::OwnKeys => {
                (StatusCode::BAD_REQUEST, Code::BadField)
            }
            Self::LossReason { .. } => (StatusCode::CONFLICT, Code::LossReason),
            Self::Profile(_) | Self::NoActiveProfile => (StatusCode::CONFLICT, Code::ProfileStatus),
            Self::SmartcardNotAssigned => (StatusCode::CONFLICT, Code::CardNotAssigned),
            Self::WrongCard => (StatusCode::CONFLICT, Code::WrongCard),
            Self::CardAssigned => (StatusCode::CONFLICT, Code::CardAlreadyAssigned),
            Self::WrongType(_) => (StatusCode::CONFLICT, Code::WrongRequestType),
            Self::NotDiversified | Self::NothingProposed => (StatusCode::CONFLICT, Code::NotDiversified),
            Self::AdminKeyKept(_) => (StatusCode::FORBIDDEN, Code::AdminKeyKept),
            Self::AdminKeyActive => (StatusCode::CONFLICT, Code::AdminKeyActive),
            Self::NotToBeTold => (StatusCode::BAD_REQUEST, Code::BadField),
            Self::CodeOfOtherCard => (StatusCode::CONFLICT, Code::CodeOfOtherCard),
            Self::Challenge(_) | Self::Code(CodeError::Length { .. }) => {
                (StatusCode::BAD_REQUEST, Code::ChallengeLength)
            }
            Self::Code(_) => (StatusCode::BAD_REQUEST, Code::CodeMistyped),
            Self::OtherChallenge => (StatusCode::CONFLICT, Code::ChallengeAnswered),
            Self::CsrUnreadable(_) => (StatusCode::BAD_REQUEST, Code::CsrUnreadable),
            Self::CsrSignature(_) => (StatusCode::BAD_REQUEST, Code::CsrSignature),
            Self::KeyAlgorithm { .. } => (StatusCode::BAD_REQUEST, Code::KeyAlgorithm),
            Self::KeyTooSmall { .. } => (StatusCode::BAD_REQUEST, Code::KeyTooSmall),
            Self::Hash { .. } => (StatusCode::BAD_REQUEST, Code::HashAlgorithm),
            Self::AttestationMissing => (StatusCode::BAD_REQUEST, Code::AttestationMissing),
            Self::AttestationUnreadable(_) => (StatusCode::BAD_REQUEST, Code::AttestationUnreadable),
            Self::Attestation(AttestationFault::OtherKey) => (StatusCode::BAD_REQUEST, Code::AttestationOtherKey),
            Self::Attestation(AttestationFault::Expired { .. }) => (StatusCode::BAD_REQUEST, Code::AttestationExpired),
            Self::Attestation(AttestationFault::Untrusted { .. }) => {
                (StatusCode::BAD_REQUEST, Code::AttestationUntrusted)
            }
            Self::CsrCount { .. } => (StatusCode::BAD_REQUEST, Code::CsrCount),
            Self::KeyTwice => (StatusCode::BAD_REQUEST, Code::KeyRepeated),
            Self::NoPfxPassword | Self::PfxPassword(_) | Self::PfxPasswordShort { .. } => {
                (StatusCode::BAD_REQUEST, Code::PfxPassword)
            }
            Self::NothingArchived | Self::NothingSealed => (StatusCode::CONFLICT, Code::NothingArchived),
            Self::SealedToAgents => (StatusCode::CONFLICT, Code::SealedToAgents),
            Self::OtherKey => (StatusCode::CONFLICT, Code::AlreadyIssued),
            Self::KeyTaken => (StatusCode::CONFLICT, Code::KeyAlreadyCertified),
            Self::NothingIssued => (StatusCode::CONFLICT, Code::NothingIssued),
            Self::Attribute(_) | Self::Unnamable(_) => (StatusCode::CONFLICT, Code::UserAttributeMissing),
            // MIM has no 202: its clients take one for success and look for a certificate in it.
            Self::CaPending { .. } => (StatusCode::SERVICE_UNAVAILABLE, Code::CaPending),
            Self::CaAway(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
            Self::CaRefused(_) => (StatusCode::BAD_GATEWAY, Code::CaRefused),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, Code::Internal),
        }
    }
}

fn account_code(refusal: &AccountRefusal) -> (StatusCode, ProblemCode) {
    match refusal {
        AccountRefusal::UserExists => (StatusCode::CONFLICT, ProblemCode::UserExists),
        AccountRefusal::TooManyTokens => (StatusCode::CONFLICT, ProblemCode::TooManyTokens),
        AccountRefusal::NotByToken => (StatusCode::CONFLICT, ProblemCode::NotByToken),
        _ => (StatusCode::BAD_REQUEST, ProblemCode::BadField),
    }
}

/// What besides the status stands in the way.
fn aside(holder_role: HolderRole) -> &'static str {
    match holder_role {
        HolderRole { superseded: true, .. } => " and superseded",
        HolderRole { role: Role::Temporary, .. } => " and temporary",
        HolderRole { role: Role::KeyEscrow, .. } => " and holds another person's keys",
        _ => "",
    }
}

fn request_code(status: RequestStatus) -> ProblemCode {
    match status {
        RequestStatus::Pending => ProblemCode::RequestPending,
        RequestStatus::Denied => ProblemCode::RequestDenied,
        _ => ProblemCode::RequestNotExecutable,
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy | store::Error::Closed => Self::Busy,
            // On PostgreSQL another write may be first between this one's look and its own.
            store::Error::Changed { .. } | store::Error::Duplicate { .. } | store::Error::Contended(_) => {
                Self::Conflict
            }
            store::Error::Unreachable(cause) | store::Error::Uncertain(cause) => Self::Database(cause),
            other => Self::Internal(Internal::Store(other)),
        }
    }
}

impl From<ca::Error> for ApiError {
    fn from(error: ca::Error) -> Self {
        match error {
            ca::Error::Subject(_) | ca::Error::Name { .. } | ca::Error::NoName => Self::Unnamable(error),
            ca::Error::Pending { retry_after, .. } => {
                Self::CaPending { retry_after: u32::try_from(retry_after.whole_seconds()).unwrap_or(u32::MAX) }
            }
            ca::Error::Unreachable(_) => Self::CaAway(error),
            ca::Error::Refused { .. } | ca::Error::Answer { .. } | ca::Error::Unordered { .. } => {
                Self::CaRefused(error)
            }
            other => Self::Internal(Internal::Ca(other)),
        }
    }
}

impl From<ArchiveError> for ApiError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::NoRecoveryKey => Self::Internal(Internal::NoRecoveryKey),
            ArchiveError::Key(source) => Self::Internal(Internal::Archive(source)),
            ArchiveError::Missing => Self::Internal(Internal::Dangling("archived key")),
            ArchiveError::Store(source) => source.into(),
        }
    }
}

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Refused(refusal) => Self::Account(refusal),
            JobError::Store(source) => source.into(),
        }
    }
}

impl From<web::body::BodyError> for ApiError {
    fn from(error: web::body::BodyError) -> Self {
        match error {
            web::body::BodyError::TooLarge { limit } => Self::TooLarge { limit },
            web::body::BodyError::Slow => Self::Slow,
            web::body::BodyError::Cut => Self::Cut,
        }
    }
}
