//! What a way in has found: the person and what was shown, or why nobody was let in.

use crate::server::error::ApiError;
use crate::server::permission::caller::Shown;
use crate::store::UserRecord;
use axum::http::HeaderValue;

/// A user, and what is sent back besides the answer.
pub struct Found {
    pub user: UserRecord,
    pub shown: Shown,
    /// Proves the server to the caller.
    pub answer: Option<HeaderValue>,
}

/// Why somebody was not let in, and in whose name that was tried, if it came so far.
#[derive(Debug)]
pub struct Failure {
    pub error: ApiError,
    pub name: Option<String>,
}

impl Failure {
    pub fn of(error: ApiError, name: &str) -> Self {
        Self { error, name: Some(name.to_owned()) }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { error, name: None }
    }
}
