//! Issues certificates and revocation lists: the seam, and the authority that comes with the server.
//!
//! In: an [`IssueOrder`] whose policy somebody else has checked, and the time. Out: certificates, CMC answers, CRLs.
//! Standards: RFC 5280 (certificates and CRLs), RFC 5272 (answers), RFC 8018 and RFC 7914 (key files).
//! Only end entities are issued; a certificate starts five minutes early, for clocks that are late, and never outlives
//! its authority: a longer order is cut. Every refusal is in [`Error`].
//! Absent: any clock, any store (revocations and CRL numbers come in), any rule about who may have what.

mod crl;
mod embedded;
mod error;
mod extensions;
pub mod keyfile;
mod token_key;
mod token_mac;

pub use crate::pkcs11::Selector;
pub use embedded::{EmbeddedCa, KeyPlace, RootOrder};
pub use error::Error;
pub use token_mac::TokenMac;

use crate::pkix::{Certificate, KeyUsage, PublicKey};
use std::net::IpAddr;
use time::{Duration, OffsetDateTime};

/// A certificate authority, in this process or behind a network.
pub trait CertificateAuthority: Send + Sync {
    /// Issues a certificate; the order's policy has been checked, its form is checked here.
    fn issue(&self, order: &IssueOrder, now: OffsetDateTime) -> Result<Certificate, Error>;

    /// The authority's certificates: the issuing one first, up to the root.
    fn chain(&self) -> &[Certificate];

    /// The CMC Full PKI Response (RFC 5272, 3.2) that brings `leaf` and the chain, DER.
    fn respond(&self, leaf: &Certificate) -> Result<Vec<u8>, Error>;

    /// A complete revocation list, DER; `number` must be greater than that of every list before (RFC 5280, 5.2.3).
    fn crl(
        &self,
        revoked: &[Revocation],
        number: u64,
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Vec<u8>, Error>;
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
    /// Where the authority's certificate is to be had.
    pub aia_url: Option<String>,
    pub template: Option<MicrosoftTemplate>,
    /// The subject's security identifier in Active Directory (`S-1-5-...`), for strong certificate mapping.
    pub sid: Option<String>,
}

/// Another name of the subject (RFC 5280, 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    /// User principal name, by which Windows logs people on.
    Upn(String),
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
    pub reason: RevocationReason,
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
