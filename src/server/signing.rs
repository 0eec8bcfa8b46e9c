//! The one place that has certificates signed.

use super::app::App;
use super::error::ApiError;
use crate::ca::IssueOrder;
use crate::pkix::Certificate;
use time::OffsetDateTime;

/// A certificate, and the answer the client is sent: a CMC Full PKI Response with the whole chain.
pub struct Signed {
    pub certificate: Certificate,
    pub response: Vec<u8>,
}

/// Has the CA sign an order.
pub async fn signed(app: &App, order: &IssueOrder, now: OffsetDateTime) -> Result<Signed, ApiError> {
    app.signing(|authority| {
        let certificate = authority.issue(order, now)?;
        let response = authority.respond(&certificate)?;
        Ok(Signed { certificate, response })
    })
}
