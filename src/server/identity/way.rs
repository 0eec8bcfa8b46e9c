//! Holds what a way in has found: the person and what was shown, or why nobody was let in.

use crate::server::error::ApiError;
use crate::server::permission::caller::Shown;
use crate::store::UserRecord;
use axum::http::HeaderValue;
use time::OffsetDateTime;

/// Holds the user, by what the user came in, and what the answer carries besides.
pub struct Found {
    pub user: UserRecord,
    pub shown: Shown,
    /// False: it gives the user no roles.
    pub bears_roles: bool,
    /// The header that proves the server to the caller.
    pub answer: Option<HeaderValue>,
    pub until: Until,
}

/// Says what ends a session that follows, before its own time is over.
pub enum Until {
    /// Nothing else does.
    Itself,
    /// This moment, at which what was shown expires.
    Moment(OffsetDateTime),
    /// The certificate, DER: when it would no longer let its user in.
    Certificate(Vec<u8>),
}

/// Says why somebody was not let in, and in whose name that was tried, if that is known.
#[derive(Debug)]
pub struct Failure {
    pub error: ApiError,
    pub name: Option<String>,
}

impl Failure {
    /// Makes a failure in a name.
    pub fn of(error: ApiError, name: &str) -> Self {
        Self { error, name: Some(name.to_owned()) }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { error, name: None }
    }
}
