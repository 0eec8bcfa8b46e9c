//! Defines what every certificate authority can be asked, in this process or behind a network.

use super::error::Error;
use super::order::IssueOrder;
use super::revocation::RevocationReason;
use crate::pkix::Certificate;
use time::OffsetDateTime;

/// Issues and revokes certificates.
pub trait CertificateAuthority: Send + Sync {
    /// Issues a certificate. The caller must have checked the order against policy; its form is checked here.
    ///
    /// An authority elsewhere may answer [`Error::Pending`]; call [`CertificateAuthority::collect`] later then.
    fn issue(&self, order: &IssueOrder, now: OffsetDateTime) -> Result<Certificate, Error>;

    /// Asks again for a certificate that was pending; `ticket` comes from [`Error::Pending`]. An authority that leaves
    /// nothing pending refuses ([`Error::NothingPending`]).
    fn collect(&self, _csr: &[u8], _ticket: &[u8]) -> Result<Certificate, Error> {
        Err(Error::NothingPending)
    }

    /// Compares a certificate that was issued elsewhere with its order and refuses one that differs.
    fn check(&self, _order: &IssueOrder, _certificate: &Certificate, _now: OffsetDateTime) -> Result<(), Error> {
        Ok(())
    }

    /// Reports a revocation to an authority elsewhere. Does nothing for one in this process, whose lists the server
    /// makes.
    fn revoke(&self, _certificate: &Certificate, _reason: RevocationReason) -> Result<(), Error> {
        Ok(())
    }

    /// Says whether relying parties learn of a revocation after [`CertificateAuthority::revoke`].
    fn revokes(&self) -> bool {
        true
    }

    /// Asks the authority for its certificate and says whether it is the one in the settings.
    fn is_as_configured(&self) -> Result<bool, Error> {
        Ok(true)
    }

    /// Returns the authority's certificates: the issuing one first, up to the root.
    fn chain(&self) -> &[Certificate];
}
