//! Sets the headers that every answer bears.

use axum::http::{HeaderMap, HeaderValue, header};
use uuid::Uuid;

/// Forbids caches to keep an answer and browsers to guess its type, and names its correlation id (`x-correlation-id`).
pub fn mark(headers: &mut HeaderMap, id: Uuid) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert("x-correlation-id", id);
    }
}
