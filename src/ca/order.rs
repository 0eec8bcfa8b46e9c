//! Orders: a certificate or a root that is to be made.

use crate::pkix::{KeyAlgorithm, KeyUsage, PublicKey};
use std::net::IpAddr;
use time::Duration;

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

/// A root to be made.
#[derive(Clone, Debug)]
pub struct RootOrder {
    /// RFC 4514 text.
    pub subject: String,
    pub algorithm: KeyAlgorithm,
    pub validity: Duration,
}
