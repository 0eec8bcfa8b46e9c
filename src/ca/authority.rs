//! The seam: what every certificate authority can be asked.

use super::error::Error;
use super::order::IssueOrder;
use super::revocation::RevocationReason;
use crate::pkix::Certificate;
use time::OffsetDateTime;

/// A certificate authority, in this process or behind a network.
pub trait CertificateAuthority: Send + Sync {
    /// Issues a certificate; the order's policy has been checked, its form is checked here.
    ///
    /// An authority elsewhere may answer [`Error::Pending`]; then [`CertificateAuthority::collect`] is asked later.
    fn issue(&self, order: &IssueOrder, now: OffsetDateTime) -> Result<Certificate, Error>;

    /// Asks again for what an earlier call left pending with this ticket.
    fn collect(&self, _csr: &[u8], _ticket: &[u8]) -> Result<Certificate, Error> {
        Err(Error::NothingPending)
    }

    /// Holds a certificate made elsewhere against the order it is to answer.
    fn check(&self, _order: &IssueOrder, _certificate: &Certificate, _now: OffsetDateTime) -> Result<(), Error> {
        Ok(())
    }

    /// Tells an authority elsewhere of a revocation; one in this process has lists of its own.
    fn revoke(&self, _certificate: &Certificate, _reason: RevocationReason) -> Result<(), Error> {
        Ok(())
    }

    /// Whether [`CertificateAuthority::revoke`] reaches those who rely on the certificates.
    fn revokes(&self) -> bool {
        true
    }

    /// Whether the authority says of itself what the settings say of it.
    fn is_as_configured(&self) -> Result<bool, Error> {
        Ok(true)
    }

    /// The authority's certificates: the issuing one first, up to the root.
    fn chain(&self) -> &[Certificate];
}
