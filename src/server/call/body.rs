//! The body of a call: only the controller's type says how it is read.

use crate::cm::wire::read_body;
use crate::server::error::ApiError;
use crate::web::body::{BodyError, is_of_type, receive};
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Limits the size of a body, in bytes.
const MAX_BODY: usize = 256 * 1024;
/// Limits the size of a body that nobody answers for, in bytes.
const MAX_STRANGERS_BODY: usize = 4 * 1024;

/// Holds the body of a call, with the headers of its request; what was wrong with it is said where it is read.
pub struct Payload<'a> {
    headers: Cow<'a, HeaderMap>,
    received: Result<Vec<u8>, BodyError>,
}

impl<'a> Payload<'a> {
    /// Holds a body in JSON that comes from within.
    pub fn within(bytes: Vec<u8>) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self { headers: Cow::Owned(HeaderMap::from_iter([(header::CONTENT_TYPE, json)])), received: Ok(bytes) }
    }

    /// Receives the body within its bounds. That takes as long as the caller likes, so it is done before the call takes
    /// a place among those being worked on.
    pub async fn receive(parts: &'a Parts, body: Body) -> Self {
        Self { headers: Cow::Borrowed(&parts.headers), received: receive(&parts.headers, body, MAX_BODY).await }
    }

    /// Likewise, the body of a call without a login.
    pub async fn receive_small(parts: &'a Parts, body: Body) -> Self {
        Self {
            headers: Cow::Borrowed(&parts.headers),
            received: receive(&parts.headers, body, MAX_STRANGERS_BODY).await,
        }
    }

    /// Reads the body as `T`; refuses what is not `application/json`.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        if !is_of_type(&self.headers, "application/json") {
            return Err(ApiError::MediaType);
        }
        read_body(&self.received?).map_err(ApiError::Body)
    }

    /// Reads the body as [`Payload::read`] does; `None` where there is none, whatever `Content-Type` says.
    pub fn read_if_any<T: DeserializeOwned>(self) -> Result<Option<T>, ApiError> {
        if self.received.as_ref().is_ok_and(Vec::is_empty) { Ok(None) } else { self.read().map(Some) }
    }

    /// Reads a JSON object and ignores what it holds; it is wanted because no form of another site's page can send one.
    pub fn nothing(self) -> Result<(), ApiError> {
        self.read::<BTreeMap<String, IgnoredAny>>().map(drop)
    }
}
