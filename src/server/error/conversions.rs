//! Converts the errors of the rooms below into refusals.

use super::internal::Internal;
use super::refusal::ApiError;
use crate::server::audit::contradiction::WitnessError;
use crate::server::keys::archive::ArchiveError;
use crate::server::keys::request_keys::RequestKeyError;
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
            store::Error::ReadOnly(cause) => Self::DatabaseReadOnly(cause),
            store::Error::Unreachable(cause) | store::Error::Uncertain(cause) => Self::Database(cause),
            inner @ (store::Error::File { .. }
            | store::Error::Open { .. }
            | store::Error::Foreign { .. }
            | store::Error::Newer { .. }
            | store::Error::Older { .. }
            | store::Error::Unsound { .. }
            | store::Error::Url(_)
            | store::Error::Tls(_)
            | store::Error::Read(_)
            | store::Error::Write { .. }
            | store::Error::Dangling { .. }
            | store::Error::Missing { .. }
            | store::Error::Damaged { .. }
            | store::Error::FilterTooWide { .. }
            | store::Error::Transaction(_)
            | store::Error::Panicked
            | store::Error::Thread(_)) => Self::Internal(Internal::Store(inner)),
        }
    }
}

impl From<WitnessError> for ApiError {
    fn from(error: WitnessError) -> Self {
        match error {
            WitnessError::Store(error) => error.into(),
            error @ (WitnessError::Contradiction(_)
            | WitnessError::File(_)
            | WitnessError::Key(_)
            | WitnessError::ActKey(_)
            | WitnessError::Write(_)
            | WitnessError::Time
            | WitnessError::Ended) => Self::Internal(Internal::Witness(error)),
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
            ca::Error::ObjectIdentifier { .. }
            | ca::Error::AuthorityUsage { .. }
            | ca::Error::WeakKey { .. }
            | ca::Error::Validity { .. }
            | ca::Error::Time { .. }
            | ca::Error::Serial { .. }
            | ca::Error::Expired { .. }
            | ca::Error::NotYetValid { .. }
            | ca::Error::Sign(_)
            | ca::Error::Encoding(_)
            | ca::Error::Build(_)
            | ca::Error::ReadBack(_)
            | ca::Error::Random
            | ca::Error::ChainKey
            | ca::Error::ChainIncomplete { .. }
            | ca::Error::ChainBroken(_)
            | ca::Error::ChainLong { .. }
            | ca::Error::NotAllowed { .. }
            | ca::Error::OutOfTime { .. }
            | ca::Error::OcspRequest
            | ca::Error::OcspEncoding
            | ca::Error::NothingPending
            | ca::Error::NoRequest
            | ca::Error::NoRevocation { .. }
            | ca::Error::UpstreamSettings { .. }
            | ca::Error::Exists { .. }
            | ca::Error::File { .. }
            | ca::Error::FileSize { .. }
            | ca::Error::Certificate { .. }
            | ca::Error::NoCertificate { .. }
            | ca::Error::NotAnAuthority { .. }
            | ca::Error::KeyMismatch { .. }
            | ca::Error::OtherAuthority { .. }
            | ca::Error::KeyKind { .. }
            | ca::Error::Key(_)
            | ca::Error::KeyFileDamaged { .. }
            | ca::Error::KeyFileLabel { .. }
            | ca::Error::Passphrase
            | ca::Error::NoPassphrase
            | ca::Error::KeyFileCost { .. }
            | ca::Error::Encryption
            | ca::Error::Module(_)
            | ca::Error::Token(_)
            | ca::Error::NoTokenKey { .. }
            | ca::Error::Thread(_)
            | ca::Error::TokenSilent => Self::Internal(Internal::Ca(error)),
        }
    }
}

impl From<ArchiveError> for ApiError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::NoRecoveryKey => Self::Internal(Internal::NoRecoveryKey),
            ArchiveError::Key(source) => Self::Internal(Internal::Archive(source)),
            ArchiveError::Request(RequestKeyError::Gone(_)) => Self::KeyGone,
            ArchiveError::Request(source) => Self::Internal(Internal::RequestKey(source)),
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
