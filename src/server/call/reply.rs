//! What a controller gives back: an answer that is no refusal.

use crate::cm::route::Method;
use crate::server::error::{ApiError, Internal};
use axum::response::Response;
use serde::Serialize;

/// The most entries a list answers with; what lies beyond is older, and reached by narrower questions.
pub const MAX_LIST: usize = 500;

/// An answer that is no refusal.
pub enum Reply {
    Json(Vec<u8>),
    /// The newest entries of a longer list.
    CutList(Vec<u8>),
    Created(Vec<u8>),
    Empty,
    /// 204, and the verbs a path is called with.
    Verbs(Vec<Method>),
    /// An answer that is whole already.
    Other(Response),
    File {
        media_type: &'static str,
        bytes: Vec<u8>,
    },
}

impl Reply {
    /// 200 with a body.
    pub fn json(body: &impl Serialize) -> Result<Self, ApiError> {
        written(body).map(Self::Json)
    }

    /// 201 with the location of what was made.
    pub fn created(body: &impl Serialize) -> Result<Self, ApiError> {
        written(body).map(Self::Created)
    }

    /// 200 with a list, or 204 when it is empty; one that is longer than [`MAX_LIST`] is cut, and says so.
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

pub fn written(body: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(body).map_err(|error| ApiError::Internal(Internal::Write(error)))
}
