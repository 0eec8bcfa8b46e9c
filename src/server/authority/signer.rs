//! Has the right authority sign an order, and makes the answer for the client.

use super::authorities::Authorities;
use super::upstream;
use crate::ca::{CertificateAuthority, IssueOrder};
use crate::pkix::Certificate;
use crate::server::error::ApiError;
use crate::store::Store;
use time::OffsetDateTime;

/// Holds a certificate, and the answer for the client: a CMC Full PKI Response with the whole chain.
pub struct Signed {
    pub certificate: Certificate,
    pub response: Vec<u8>,
}

/// Has the CA that issues sign an order. A CA elsewhere may leave it pending ([`ApiError::CaPending`]); the same call,
/// repeated later, collects the certificate.
pub async fn signed(
    authorities: &Authorities,
    store: &Store,
    order: &IssueOrder,
    now: OffsetDateTime,
) -> Result<Signed, ApiError> {
    if authorities.issues_elsewhere() {
        let certificate = upstream::issued(authorities, store, order, now).await?;
        let response = authorities.signing_here(|own| own.respond(&certificate, authorities.issuing().chain()))?;
        return Ok(Signed { certificate, response });
    }
    authorities.signing_here(|own| {
        let certificate = own.issue(order, now)?;
        let response = own.respond(&certificate, own.chain())?;
        Ok(Signed { certificate, response })
    })
}
