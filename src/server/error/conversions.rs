//! Converts the errors of the rooms below into refusals.

use super::internal::Internal;
use super::refusal::ApiError;
use crate::server::keys::archive::ArchiveError;
use crate::server::users::jobs::JobError;
use crate::{ca, store, web};

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
