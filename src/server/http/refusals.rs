//! Writes refusals into the server's log.

use crate::server::error::ApiError;
use std::error::Error as _;
use uuid::Uuid;

/// Limits how many causes of a failure are logged.
const MOST_CAUSES: usize = 16;

/// Logs a refusal, without path and query: a challenge may stand in them.
pub fn log(error: &ApiError, id: Uuid, verb: &str, elapsed_us: u64) {
    let (status, code) = error.status_and_code();
    if status.is_server_error() {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(inner) = cause.filter(|_| causes.len() < MOST_CAUSES) {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        tracing::error!(%id, verb, %code, status = status.as_u16(), elapsed_us, causes = causes.join(": "), "failed");
    } else {
        tracing::info!(%id, verb, %code, status = status.as_u16(), elapsed_us, "refused");
    }
}
