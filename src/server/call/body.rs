//! body.rs

use crate::cm::wire::read_body;
use crate::server::error::ApiError;
use axum::body::Body;
use axum::http::header;
use axum::http::request::Parts;
use http_body_util::BodyExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a body may take to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// How much of a body that is too large is read on before it is refused, and for how long.
pub const MAX_DRAINED: usize = 16 * 1024 * 1024;
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest body that is received, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// A body not read yet.
pub struct Payload<'a> {
    pub parts: &'a Parts,
    pub body: Body,
}

impl Payload<'_> {
    /// Receives the body within its bounds and reads it as `T`.
    pub async fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        let media_type = self.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media_type.and_then(|text| text.split(';').next()).unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(ApiError::MediaType);
        }
        read_body(&self.receive().await?).map_err(ApiError::Body)
    }

    /// Receives an object without meaning: no form of another site's page can send one.
    pub async fn nothing(self) -> Result<(), ApiError> {
        self.read::<BTreeMap<String, IgnoredAny>>().await.map(drop)
    }

    async fn receive(self) -> Result<Vec<u8>, ApiError> {
        let announced = self.parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > MAX_DRAINED) {
            return Err(ApiError::TooLarge { limit: MAX_BODY });
        }
        tokio::time::timeout(BODY_TIMEOUT, collect(self.body)).await.unwrap_or(Err(ApiError::Slow))
    }
}

pub async fn collect(mut body: Body) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| ApiError::Cut)?.into_data() else { continue };
        if bytes.len() + data.len() > MAX_BODY {
            // An answer to somebody who is still sending would be lost with the connection.
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(body)).await;
            return Err(ApiError::TooLarge { limit: MAX_BODY });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Receives some more and forgets it.
pub async fn drain(mut body: Body) {
    let mut received = 0;
    while received <= MAX_DRAINED
        && let Some(Ok(frame)) = body.frame().await
    {
        received += frame.data_ref().map_or(0, |data| data.len());
    }
}
