//! Receives the body of a request, bounded in bytes and in time.

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use std::time::Duration;

/// Limits how long a whole body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Limits how many bytes of an oversized body are read on before it is refused.
const MAX_DRAINED: usize = 16 * 1024 * 1024;

/// Limits how long an oversized body is read on.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Says why a body was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the body could not be received")]
    Cut,
}

/// Says whether `Content-Type` names this media type, whatever its parameters and letter case.
pub fn is_of_type(headers: &HeaderMap, media_type: &str) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next()).unwrap_or("").trim();
    essence.eq_ignore_ascii_case(media_type)
}

/// Receives a body of at most `limit` bytes within fifteen seconds.
///
/// An oversized body is read on for a while before it is refused: a client that is still sending would lose the answer
/// together with the connection. A body whose `Content-Length` is more than is ever read on is refused at once.
pub async fn receive(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    if Announced::by(headers).length.is_some_and(|length| length > MAX_DRAINED) {
        return Err(BodyError::TooLarge { limit });
    }
    tokio::time::timeout(TIMEOUT, collect(body, limit)).await.unwrap_or(Err(BodyError::Slow))
}

/// Receives and discards what is on its way of a body that nobody reads, within bounds: bytes left unread would have the
/// kernel reset the connection, and the caller would lose the answer. A caller who waits to be told to go on
/// (RFC 9110, 10.1.1) has sent nothing, and one that announces more than is ever read on is not waited for.
pub async fn discard(announced: Announced, body: Body) {
    if announced.waits || announced.length.is_some_and(|length| length > MAX_DRAINED) || body.is_end_stream() {
        return;
    }
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(body)).await;
}

/// Holds what the head of a request says of its body.
#[derive(Clone, Copy, Debug)]
pub struct Announced {
    length: Option<usize>,
    /// The caller sends the body only once it is asked to go on.
    waits: bool,
}

impl Announced {
    /// Reads the headers.
    pub fn by(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let length = text(header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
        Self { length, waits: text(header::EXPECT).is_some() }
    }
}

/// Receives a body of at most `limit` bytes within `patience`. A longer one is refused without reading on; a body that
/// breaks off is reported as too large.
pub async fn receive_small(body: Body, limit: usize, patience: Duration) -> Result<Vec<u8>, BodyError> {
    let received = tokio::time::timeout(patience, Limited::new(body, limit).collect()).await;
    let collected = received.map_err(|_| BodyError::Slow)?.map_err(|_| BodyError::TooLarge { limit })?;
    Ok(collected.to_bytes().to_vec())
}

/// Reads the body frame by frame; refuses one that is longer than `limit`, after reading on.
async fn collect(mut body: Body, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Cut)?.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, drain(body)).await;
            return Err(BodyError::TooLarge { limit });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Receives about [`MAX_DRAINED`] bytes more and discards them.
async fn drain(mut body: Body) {
    let mut received = 0;
    while received <= MAX_DRAINED
        && let Some(Ok(frame)) = body.frame().await
    {
        received += frame.data_ref().map_or(0, |data| data.len());
    }
}
