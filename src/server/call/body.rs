//! The body of a call before it is read: only the controller's type says how.

use crate::cm::wire::read_body;
use crate::server::error::ApiError;
use crate::web::body::{is_of_type, receive};
use axum::body::Body;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::collections::BTreeMap;

/// Limits the size of a body, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// Holds a body that is not read yet, with the head of its request.
pub struct Payload<'a> {
    pub parts: &'a Parts,
    pub body: Body,
}

impl Payload<'_> {
    /// Receives the body within its bounds and reads it as `T`; refuses what is not `application/json`.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        if !is_of_type(&self.parts.headers, "application/json") {
            return Err(ApiError::MediaType);
        }
        let bytes = receive(&self.parts.headers, self.body, MAX_BODY).await?;
        read_body(&bytes).map_err(ApiError::Body)
    }

    /// Reads the body as [`Payload::read`] does; `None` where there is none, whatever `Content-Type` says.
    pub async fn read_if_any<T: DeserializeOwned>(self) -> Result<Option<T>, ApiError> {
        let bytes = receive(&self.parts.headers, self.body, MAX_BODY).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if !is_of_type(&self.parts.headers, "application/json") {
            return Err(ApiError::MediaType);
        }
        read_body(&bytes).map(Some).map_err(ApiError::Body)
    }

    /// Receives a JSON object and ignores what it holds; it is wanted because no form of another site's page can send
    /// one.
    pub async fn nothing(self) -> Result<(), ApiError> {
        self.read::<BTreeMap<String, IgnoredAny>>().await.map(drop)
    }
}
