//! Every refusal of the server with its status and code: the one table. Inner causes go to the log, never to the caller.

use super::diversify::KeyError;
use super::template::Missing;
use crate::cm::request::{RequestStatus, RequestType};
use crate::cm::route::{Method, RouteError};
use crate::cm::wire::BodyError;
use crate::{ca, pkix, store};
use axum::http::StatusCode;

/// Why a call was refused, or failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("this call needs a bearer token that the server knows")]
    NotAuthenticated,
    #[error("the bearer token has expired; ask an administrator for a new one")]
    TokenExpired,
    #[error("there is no such {0}, or you may not see it")]
    NotFound(&'static str),
    #[error("you may not {0}")]
    Forbidden(&'static str),
    #[error("nobody decides on a request made by or for himself; another approver must")]
    SelfApproval,
    #[error("you have decided on this request already; another approver must")]
    AlreadyDecided,
    #[error("there is nothing at this path")]
    NoSuchRoute,
    #[error("this path is not called with that verb")]
    MethodNotAllowed { allowed: Vec<Method> },
    #[error("{0}")]
    Address(RouteError),
    #[error("the body cannot be read: {0}")]
    Body(#[source] BodyError),
    #[error("the {what} is longer than {limit}")]
    TooLong { what: &'static str, limit: usize },
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
    #[error("{0} is not offered by this profile template")]
    NotOffered(RequestType),
    #[error("{0} is not offered by this server yet")]
    NotBuilt(&'static str),
    #[error("the request is {status}; it must be {wanted} for this")]
    Status { status: RequestStatus, wanted: &'static str },
    #[error("the {what} is not in a state for this")]
    HolderStatus { what: &'static str },
    #[error("this request needs a smart card: name one")]
    SmartcardRequired,
    #[error("assign a smart card to the request first")]
    SmartcardNotAssigned,
    #[error("this is not the card of the request")]
    WrongCard,
    #[error("this card is already assigned")]
    CardAssigned,
    #[error("this card was retired, and its profile template does not let cards be used again")]
    CardRetired,
    #[error("this call is not part of {0}")]
    WrongType(RequestType),
    #[error("the cards of this profile template keep their default admin key")]
    NotDiversified,
    #[error("{0}")]
    Challenge(KeyError),
    #[error("the challenge was misread: {0}")]
    CheckDigits(String),
    #[error("this request has answered another challenge; a new challenge needs a new request")]
    OtherChallenge,
    #[error("certification request {index}: {source}")]
    CertificationRequest {
        /// From 1.
        index: usize,
        source: pkix::Error,
    },
    #[error("certification request {index} is not signed with its own key")]
    Signature { index: usize, source: pkix::Error },
    #[error("certification request {index}: the profile template does not allow {key} keys")]
    Key { index: usize, key: String },
    #[error("certification request {index}: the profile template does not allow signatures with {hash}")]
    Hash { index: usize, hash: &'static str },
    #[error("one certification request is needed, {given} were given")]
    HowMany { given: usize },
    #[error("the request already has a certificate for another key")]
    OtherKey,
    #[error("this key is already certified for another request or person")]
    KeyTaken,
    #[error("no certificate was issued on this request yet")]
    NothingIssued,
    #[error("{0}, which the profile template needs for the certificate")]
    Attribute(#[from] Missing),
    #[error("something went wrong in the server; the log has the details under this correlation id")]
    Internal(#[source] Internal),
}

/// What went wrong inside; for the log only.
#[derive(Debug, thiserror::Error)]
pub enum Internal {
    #[error("the store failed")]
    Store(#[source] store::Error),
    #[error("the CA failed")]
    Ca(#[source] ca::Error),
    #[error("the certificate just issued cannot be read")]
    Issued(#[source] pkix::Error),
    #[error("an admin key cannot be derived")]
    Key(#[source] KeyError),
    #[error("an answer cannot be written")]
    Write(#[source] serde_json::Error),
    #[error("the handler panicked")]
    Panicked,
    #[error("{0} names a {1} that does not exist")]
    Dangling(&'static str, &'static str),
}

impl ApiError {
    /// The table: status and stable code.
    pub fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotAuthenticated => (StatusCode::UNAUTHORIZED, "not-authenticated"),
            Self::TokenExpired => (StatusCode::UNAUTHORIZED, "token-expired"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not-found"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::SelfApproval => (StatusCode::FORBIDDEN, "self-approval"),
            Self::AlreadyDecided => (StatusCode::CONFLICT, "already-decided"),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no-such-route"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::Address(_) => (StatusCode::BAD_REQUEST, "malformed-address"),
            Self::Body(_) | Self::Cut => (StatusCode::BAD_REQUEST, "malformed-body"),
            Self::TooLong { .. } => (StatusCode::BAD_REQUEST, "too-long"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "read-timeout"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::NotOffered(_) => (StatusCode::CONFLICT, "not-offered"),
            Self::NotBuilt(_) => (StatusCode::NOT_IMPLEMENTED, "not-supported"),
            Self::Status { status, .. } => (StatusCode::CONFLICT, status_code(*status)),
            Self::HolderStatus { .. } => (StatusCode::CONFLICT, "wrong-state"),
            Self::SmartcardRequired => (StatusCode::BAD_REQUEST, "smartcard-required"),
            Self::SmartcardNotAssigned => (StatusCode::CONFLICT, "smartcard-not-assigned"),
            Self::WrongCard => (StatusCode::CONFLICT, "wrong-card"),
            Self::CardAssigned => (StatusCode::CONFLICT, "card-already-assigned"),
            Self::CardRetired => (StatusCode::CONFLICT, "card-retired"),
            Self::WrongType(_) => (StatusCode::CONFLICT, "wrong-request-type"),
            Self::NotDiversified => (StatusCode::CONFLICT, "not-diversified"),
            Self::Challenge(_) => (StatusCode::BAD_REQUEST, "challenge-length"),
            Self::CheckDigits(_) => (StatusCode::BAD_REQUEST, "challenge-misread"),
            Self::OtherChallenge => (StatusCode::CONFLICT, "challenge-answered"),
            Self::CertificationRequest { .. } => (StatusCode::BAD_REQUEST, "csr-malformed"),
            Self::Signature { .. } => (StatusCode::BAD_REQUEST, "csr-signature"),
            Self::Key { .. } => (StatusCode::BAD_REQUEST, "key-not-allowed"),
            Self::Hash { .. } => (StatusCode::BAD_REQUEST, "hash-not-allowed"),
            Self::HowMany { .. } => (StatusCode::BAD_REQUEST, "csr-count"),
            Self::OtherKey => (StatusCode::CONFLICT, "other-key"),
            Self::KeyTaken => (StatusCode::CONFLICT, "key-taken"),
            Self::NothingIssued => (StatusCode::CONFLICT, "nothing-issued"),
            Self::Attribute(_) => (StatusCode::CONFLICT, "user-attribute-missing"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// The request's status forbids it.
    pub fn status(status: RequestStatus, wanted: &'static str) -> Self {
        Self::Status { status, wanted }
    }
}

fn status_code(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Pending => "request-pending",
        RequestStatus::Denied => "request-denied",
        RequestStatus::Canceled => "request-canceled",
        RequestStatus::Completed => "request-completed",
        RequestStatus::Failed => "request-failed",
        _ => "wrong-state",
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy => Self::Busy,
            // Somebody was faster by a moment: whoever reads again sees what has become of it.
            store::Error::Changed { .. } => Self::Busy,
            other => Self::Internal(Internal::Store(other)),
        }
    }
}

impl From<ca::Error> for ApiError {
    fn from(error: ca::Error) -> Self {
        Self::Internal(Internal::Ca(error))
    }
}

impl From<RouteError> for ApiError {
    fn from(error: RouteError) -> Self {
        match error {
            RouteError::NotFound => Self::NoSuchRoute,
            RouteError::WrongMethod { allowed } => Self::MethodNotAllowed { allowed },
            other => Self::Address(other),
        }
    }
}
