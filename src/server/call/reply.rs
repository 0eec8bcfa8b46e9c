//! What a controller gives back: an answer that is no refusal.

use crate::cm::route::Method;
use crate::server::error::{ApiError, Internal};
use axum::response::Response;
use serde::Serialize;

/// Limits how many entries a list answers with; the rest is older, and reached by narrower questions.
pub const MAX_LIST: usize = 500;

/// Holds an answer that is no refusal.
pub enum Reply {
    /// 200 with JSON.
    Json(Vec<u8>),
    /// 200 with the newest entries of a longer list.
    CutList(Vec<u8>),
    /// 201 with JSON.
    Created(Vec<u8>),
    /// 202 with JSON: it is kept, and not done yet.
    Accepted(Vec<u8>),
    /// 204.
    Empty,
    /// 204, and the verbs a path is called with.
    Verbs(Vec<Method>),
    /// A response that is whole already.
    Other(Response),
    /// 200 with bytes that are no JSON.
    File { media_type: &'static str, bytes: Vec<u8> },
}

impl Reply {
    /// Answers 200 with a body.
    pub fn json(body: &impl Serialize) -> Result<Self, ApiError> {
        written(body).map(Self::Json)
    }

    /// Answers 201 with a body: the location of what was made, or that itself.
    pub fn created(body: &impl Serialize) -> Result<Self, ApiError> {
        written(body).map(Self::Created)
    }

    /// Answers 202 with a body: what was kept for somebody else to confirm.
    pub fn accepted(body: &impl Serialize) -> Result<Self, ApiError> {
        written(body).map(Self::Accepted)
    }

    /// Answers 200 with a list, or 204 when it is empty; a list longer than [`MAX_LIST`] is cut, and the answer says
    /// so.
    pub fn list<T: Serialize>(mut entries: Vec<T>) -> Result<Self, ApiError> {
        if entries.is_empty() {
            return Ok(Self::Empty);
        }
        let cut = entries.len() > MAX_LIST;
        entries.truncate(MAX_LIST);
        let bytes = written(&entries)?;
        Ok(if cut { Self::CutList(bytes) } else { Self::Json(bytes) })
    }
}

/// Writes a body as JSON.
pub fn written(body: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(body).map_err(|error| ApiError::Internal(Internal::Write(error)))
}
