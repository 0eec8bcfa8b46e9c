//! Status and code of refusals whose rows do not say them: by what the room below has found.

use crate::cm::holder_role::{HolderRole, Role};
use crate::cm::lifecycle::Refusal;
use crate::cm::offline::CodeError;
use crate::cm::problem::ProblemCode;
use crate::cm::request::RequestStatus;
use crate::cm::route::RouteError;
use crate::pkix::attestation::AttestationFault;
use crate::server::users::rules::AccountRefusal;
use axum::http::StatusCode;

/// Returns the row of an account that is not written.
pub fn account_row(refusal: &AccountRefusal) -> (StatusCode, ProblemCode) {
    match refusal {
        AccountRefusal::UserExists => (StatusCode::CONFLICT, ProblemCode::UserExists),
        AccountRefusal::NotUnique(_) => (StatusCode::CONFLICT, ProblemCode::NotUnique),
        AccountRefusal::Domain(_) => (StatusCode::CONFLICT, ProblemCode::DomainNotAllowed),
        AccountRefusal::IdentityTaken => (StatusCode::CONFLICT, ProblemCode::IdentityTaken),
        AccountRefusal::TooManyIdentities => (StatusCode::CONFLICT, ProblemCode::TooManyIdentities),
        AccountRefusal::IdentityUnknown => (StatusCode::NOT_FOUND, ProblemCode::NotFound),
        AccountRefusal::TooManyBearers => (StatusCode::CONFLICT, ProblemCode::TooManyBearers),
        AccountRefusal::NotByBearer => (StatusCode::CONFLICT, ProblemCode::NotByBearer),
        AccountRefusal::FromDirectory(_) => (StatusCode::CONFLICT, ProblemCode::FromDirectory),
        AccountRefusal::CodeUnknown => (StatusCode::FORBIDDEN, ProblemCode::ActivationUnknown),
        AccountRefusal::CodeOver { .. } => (StatusCode::FORBIDDEN, ProblemCode::ActivationOver),
        AccountRefusal::LinkUnknown => (StatusCode::FORBIDDEN, ProblemCode::LinkUnknown),
        AccountRefusal::LinkOver { .. } => (StatusCode::FORBIDDEN, ProblemCode::LinkOver),
        AccountRefusal::LinkOfDisabled(_) => (StatusCode::CONFLICT, ProblemCode::UserDisabled),
        AccountRefusal::LinkUsed { .. } => (StatusCode::CONFLICT, ProblemCode::LinkUsed),
        AccountRefusal::CodeUsed { .. } => (StatusCode::CONFLICT, ProblemCode::ActivationUsed),
        AccountRefusal::Name(_)
        | AccountRefusal::TooManyGroups
        | AccountRefusal::Text
        | AccountRefusal::Email(_)
        | AccountRefusal::Sid(_)
        | AccountRefusal::Attribute
        | AccountRefusal::Identity
        | AccountRefusal::IdentityOfDirectory
        | AccountRefusal::LinkLifetime
        | AccountRefusal::Lifetime => (StatusCode::BAD_REQUEST, ProblemCode::BadField),
    }
}

/// Returns what besides the status stands in the way, to be put after the status.
pub fn aside(holder_role: HolderRole) -> &'static str {
    match holder_role {
        HolderRole { superseded: true, .. } => " and superseded",
        HolderRole { role: Role::Temporary, .. } => " and temporary",
        HolderRole { role: Role::KeyEscrow, .. } => " and holds another person's keys",
        _ => "",
    }
}

/// Returns the row of an address that no route has.
pub fn address_row(error: &RouteError) -> (StatusCode, ProblemCode) {
    match error {
        RouteError::NotFound => (StatusCode::NOT_FOUND, ProblemCode::NotFound),
        RouteError::WrongMethod { .. } => (StatusCode::METHOD_NOT_ALLOWED, ProblemCode::WrongMethod),
        RouteError::BadParameter { .. } => (StatusCode::BAD_REQUEST, ProblemCode::BadParameter),
        RouteError::MissingParameter { .. } => (StatusCode::BAD_REQUEST, ProblemCode::MissingParameter),
    }
}

/// Returns the row of an event that the state of a request refuses.
pub fn request_row(refusal: &Refusal<RequestStatus>) -> (StatusCode, ProblemCode) {
    let code = match refusal.status {
        RequestStatus::Pending => ProblemCode::RequestPending,
        RequestStatus::Denied => ProblemCode::RequestDenied,
        _ => ProblemCode::RequestNotExecutable,
    };
    (StatusCode::CONFLICT, code)
}

/// Returns the row of something that cannot be asked for a card or profile.
pub fn not_asked_row(what: &&'static str) -> (StatusCode, ProblemCode) {
    (StatusCode::CONFLICT, if *what == "profile" { ProblemCode::ProfileStatus } else { ProblemCode::CardStatus })
}

/// Returns the row of a code that was read out.
pub fn code_row(error: &CodeError) -> (StatusCode, ProblemCode) {
    let length = matches!(error, CodeError::Length { .. });
    (StatusCode::BAD_REQUEST, if length { ProblemCode::ChallengeLength } else { ProblemCode::CodeMistyped })
}

/// Returns the row of an attestation that does not hold.
pub fn attestation_row(fault: &AttestationFault) -> (StatusCode, ProblemCode) {
    let code = match fault {
        AttestationFault::OtherKey => ProblemCode::AttestationOtherKey,
        AttestationFault::Expired { .. } => ProblemCode::AttestationExpired,
        AttestationFault::Untrusted { .. } => ProblemCode::AttestationUntrusted,
    };
    (StatusCode::BAD_REQUEST, code)
}
