//! Calls certificate authorities elsewhere, by EST (RFC 7030) or cfssl's API.
//!
//! In: an order with its certification request. Out: the certificate, or that it is pending. A certificate is checked:
//! it must be for the order's key, from the configured issuer, with the names ordered. The TLS trust anchor is pinned.
//! Each call is limited in time and size and made once; whether to ask again is the caller's decision.

mod cfssl;
mod est;
mod transport;

pub use transport::Credentials;

use super::authority::CertificateAuthority;
use super::check;
use super::error::Error;
use super::order::IssueOrder;
use super::revocation::RevocationReason;
use crate::pkix::Certificate;
use ::time::OffsetDateTime;
use transport::Transport;
use url::Url;

/// Names the protocol of an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Est,
    Cfssl,
}

/// Says whether a certificate may carry other names than were ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// No: such a certificate is refused, and the error names the differences.
    AsOrdered,
    /// Yes: the authority elsewhere decides the names.
    Upstream,
}

/// Says how an authority elsewhere is reached, and what is expected of it.
pub struct Settings {
    pub protocol: Protocol,
    /// Address. EST: up to and including `/.well-known/est` and a label, if there is one; cfssl: up to where `/api`
    /// begins.
    pub url: Url,
    /// Trust anchors for the authority's TLS certificate.
    pub tls_trust: Vec<Certificate>,
    /// The authority's chain: the issuing certificate first, the root last.
    pub chain: Vec<Certificate>,
    pub credentials: Credentials,
    /// cfssl's signing profile.
    pub profile: Option<String>,
    pub names: Names,
}

/// Calls an authority elsewhere.
pub struct Upstream {
    transport: Transport,
    protocol: Protocol,
    profile: Option<String>,
    names: Names,
    chain: Vec<Certificate>,
}

impl Upstream {
    /// Checks the settings and prepares the calls; nothing is called yet.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let wrong = |what: &str| Error::UpstreamSettings { what: what.to_owned() };
        let root = settings.chain.last().ok_or_else(|| wrong("the chain holds no certificate"))?;
        root.verify_issued_by(root).map_err(|_| wrong("the chain does not end in a root"))?;
        for (issued, issuer) in settings.chain.iter().zip(settings.chain.iter().skip(1)) {
            issued.verify_issued_by(issuer).map_err(Error::ChainBroken)?;
        }
        if settings.protocol == Protocol::Est && matches!(settings.credentials, Credentials::Hmac(_)) {
            return Err(wrong("EST knows no HMAC key"));
        }
        Ok(Self {
            transport: Transport::new(settings.url, &settings.tls_trust, settings.credentials)?,
            protocol: settings.protocol,
            profile: settings.profile,
            names: settings.names,
            chain: settings.chain,
        })
    }

    /// Asks the authority for its own certificates.
    pub fn authorities(&self) -> Result<Vec<Certificate>, Error> {
        match self.protocol {
            Protocol::Est => est::authority(&self.transport),
            Protocol::Cfssl => cfssl::authority(&self.transport),
        }
    }

    /// Returns the issuing certificate.
    fn issuer(&self) -> Result<&Certificate, Error> {
        self.chain.first().ok_or(Error::ChainKey)
    }
}

impl CertificateAuthority for Upstream {
    fn issue(&self, order: &IssueOrder, now: OffsetDateTime) -> Result<Certificate, Error> {
        let csr = order.csr.as_deref().ok_or(Error::NoRequest)?;
        let certificate = match self.protocol {
            Protocol::Est => est::enroll(&self.transport, csr)?,
            Protocol::Cfssl => cfssl::sign(&self.transport, order, csr, self.profile.as_deref())?,
        };
        self.check(order, &certificate, now)?;
        Ok(certificate)
    }

    fn collect(&self, csr: &[u8], _ticket: &[u8]) -> Result<Certificate, Error> {
        match self.protocol {
            // RFC 7030, 4.2.3: the same request is sent again.
            Protocol::Est => est::enroll(&self.transport, csr),
            Protocol::Cfssl => Err(Error::NothingPending),
        }
    }

    fn check(&self, order: &IssueOrder, certificate: &Certificate, now: OffsetDateTime) -> Result<(), Error> {
        check::whole(order, certificate, self.issuer()?, now)?;
        let differences = check::differences(order, certificate)?;
        if self.names == Names::AsOrdered && !differences.is_empty() {
            return Err(Error::Unordered { what: format!("it differs in {}", differences.join(", ")) });
        }
        Ok(())
    }

    fn revoke(&self, certificate: &Certificate, reason: RevocationReason) -> Result<(), Error> {
        match self.protocol {
            Protocol::Est => Err(Error::NoRevocation { protocol: "EST" }),
            Protocol::Cfssl => cfssl::revoke(&self.transport, certificate, reason),
        }
    }

    fn is_as_configured(&self) -> Result<bool, Error> {
        let found = self.authorities()?;
        Ok(self.chain.first().is_some_and(|issuer| found.contains(issuer)))
    }

    fn revokes(&self) -> bool {
        self.protocol == Protocol::Cfssl
    }

    fn chain(&self) -> &[Certificate] {
        &self.chain
    }
}
