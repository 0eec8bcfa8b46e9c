//! A body that is not read yet.

use crate::cm::wire::read_body;
use crate::server::error::ApiError;
use crate::web::body::{is_of_type, receive};
use axum::body::Body;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::collections::BTreeMap;

/// The largest body that is received, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// A body not read yet.
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

    /// Receives an object without meaning: no form of another site's page can send one.
    pub async fn nothing(self) -> Result<(), ApiError> {
        self.read::<BTreeMap<String, IgnoredAny>>().await.map(drop)
    }
}
