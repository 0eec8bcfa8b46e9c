//! Issues certificates and revocation lists: the seam, and the authority that comes with the server.
//!
//! In: an [`IssueOrder`] whose policy somebody else has checked, and the time. Out: certificates, CMC answers, CRLs.
//! Standards: RFC 5280 (certificates and CRLs), RFC 5272 (answers), RFC 8018 and RFC 7914 (key files).
//! Only end entities are issued; a certificate starts five minutes early, for clocks that are late, and never outlives
//! its authority: a longer order is cut. Every refusal is in [`Error`].
//! Absent: any clock, any store (revocations and CRL numbers come in), any rule about who may have what.

mod check;
mod crl;
mod embedded;
mod error;
mod extensions;
mod kerberos;
pub mod keyfile;
pub mod ocsp;
mod subordinate;
mod token_key;
mod token_login;
mod token_mac;
mod token_opener;
pub mod upstream;

pub use crate::pkcs11::Selector;
pub use crl::{Entries, ListOrder, has_freshest};
pub use embedded::{EmbeddedCa, KeyPlace, RootOrder};
pub use error::Error;
pub use extensions::is_sid;
pub use subordinate::{certificates, request, verified_chain};
pub use token_mac::TokenMac;
pub use token_opener::TokenOpener;

use crate::pkix::{Certificate, KeyUsage, PublicKey};
use std::net::IpAddr;
use time::{Duration, OffsetDateTime};

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

/// A certificate to be made.
#[derive(Clone, Debug)]
pub struct IssueOrder {
    pub public_key: PublicKey,
    /// RFC 4514 text, most specific part first; repeated types are kept. May be empty when there is another name.
    pub subject: String,
    pub subject_alt_names: Vec<SubjectAltName>,
    /// Empty: the certificate does not say.
    pub key_usage: Vec<KeyUsage>,
    /// Dotted object identifiers.
    pub extended_key_usages: Vec<String>,
    /// Counted from now.
    pub validity: Duration,
    /// Where the revocation list is to be had.
    pub crl_url: Option<String>,
    /// Where the list of changes since then is to be had.
    pub freshest_crl_url: Option<String>,
    /// Where the authority's certificate is to be had.
    pub aia_url: Option<String>,
    /// Where the authority's OCSP responder is.
    pub ocsp_url: Option<String>,
    pub template: Option<MicrosoftTemplate>,
    /// The template's name in the older extension (1.3.6.1.4.1.311.20.2).
    pub template_name: Option<String>,
    /// Says the extended key usages a second time, as application policies (1.3.6.1.4.1.311.21.10).
    pub application_policies: bool,
    pub policies: Vec<CertificatePolicy>,
    /// The subject's security identifier in Active Directory (`S-1-5-...`), for strong certificate mapping.
    pub sid: Option<String>,
    /// The certification request, DER; an authority elsewhere certifies nothing without.
    pub csr: Option<Vec<u8>>,
}

impl IssueOrder {
    /// An order for a key, with no name, no usage and a validity of a day.
    pub fn bare(public_key: PublicKey) -> Self {
        Self {
            public_key,
            subject: String::new(),
            subject_alt_names: Vec::new(),
            key_usage: Vec::new(),
            extended_key_usages: Vec::new(),
            validity: Duration::DAY,
            crl_url: None,
            freshest_crl_url: None,
            aia_url: None,
            ocsp_url: None,
            template: None,
            template_name: None,
            application_policies: false,
            policies: Vec::new(),
            sid: None,
            csr: None,
        }
    }
}

/// A policy under which a certificate is issued (RFC 5280, 4.2.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificatePolicy {
    /// Dotted object identifier.
    pub oid: String,
    /// Where the certification practice statement is to be read.
    pub cps_url: Option<String>,
}

/// Another name of the subject (RFC 5280, 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    /// User principal name, by which Windows logs people on.
    Upn(String),
    /// Kerberos principal, `alice@EXAMPLE.TEST` (id-pkinit-san, RFC 4556, 3.2.2).
    Kerberos(String),
    Email(String),
    Dns(String),
    Ip(IpAddr),
}

/// The certificate template extension of Windows (1.3.6.1.4.1.311.21.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicrosoftTemplate {
    /// Dotted object identifier of the template.
    pub oid: String,
    pub major_version: u32,
    pub minor_version: u32,
}

/// An entry of a revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The serial number's bytes, big endian.
    pub serial: Vec<u8>,
    pub at: OffsetDateTime,
    /// `None`: taken off hold, which only a delta list says (removeFromCRL).
    pub reason: Option<RevocationReason>,
}

/// CRLReason (RFC 5280, 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RevocationReason {
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,
    PrivilegeWithdrawn = 9,
    AaCompromise = 10,
}

impl RevocationReason {
    /// The reason's number; a list leaves 0 out.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The reason with this number; `None` for numbers no complete list may hold.
    pub fn from_number(number: u8) -> Option<Self> {
        use RevocationReason::*;
        let all = [
            Unspecified,
            KeyCompromise,
            CaCompromise,
            AffiliationChanged,
            Superseded,
            CessationOfOperation,
            CertificateHold,
            PrivilegeWithdrawn,
            AaCompromise,
        ];
        all.into_iter().find(|reason| reason.number() == number)
    }
}
