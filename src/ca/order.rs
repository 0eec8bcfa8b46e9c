//! Describes certificates and roots that are to be made.

use crate::pkix::{KeyAlgorithm, KeyUsage, PublicKey};
use std::net::IpAddr;
use time::Duration;

/// Describes a certificate that is to be issued.
#[derive(Clone, Debug)]
pub struct IssueOrder {
    pub public_key: PublicKey,
    /// Subject as RFC 4514 text, most specific part first; repeated types are kept. May be empty when there is an
    /// alternative name.
    pub subject: String,
    pub subject_alt_names: Vec<SubjectAltName>,
    /// Key usages; if empty, the extension is left out.
    pub key_usage: Vec<KeyUsage>,
    /// Extended key usages as dotted object identifiers.
    pub extended_key_usages: Vec<String>,
    /// Length of the validity, counted from now.
    pub validity: Duration,
    /// Where the revocation list can be fetched.
    pub crl_url: Option<String>,
    /// Where the delta list can be fetched.
    pub freshest_crl_url: Option<String>,
    /// Where the authority's certificate can be fetched.
    pub aia_url: Option<String>,
    /// Where the authority's OCSP responder is.
    pub ocsp_url: Option<String>,
    pub template: Option<MicrosoftTemplate>,
    /// The template's name in the older extension (1.3.6.1.4.1.311.20.2).
    pub template_name: Option<String>,
    /// Whether the extended key usages are repeated as application policies (1.3.6.1.4.1.311.21.10).
    pub application_policies: bool,
    pub policies: Vec<CertificatePolicy>,
    /// What the owner's mail program can decrypt by, the best first: dotted object identifiers, without parameters (RFC
    /// 4262).
    pub smime_capabilities: Vec<String>,
    /// The subject's security identifier in Active Directory (`S-1-5-...`), for strong certificate mapping.
    pub sid: Option<String>,
    /// The certification request, DER; an authority elsewhere needs it.
    pub csr: Option<Vec<u8>>,
}

impl IssueOrder {
    /// Makes an order for a key with no name, no usage and a validity of one day.
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
            smime_capabilities: Vec::new(),
            sid: None,
            csr: None,
        }
    }
}

/// Names a policy under which a certificate is issued (RFC 5280, 4.2.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificatePolicy {
    /// Dotted object identifier.
    pub oid: String,
    /// Where the certification practice statement can be read.
    pub cps_url: Option<String>,
}

/// Holds an alternative name of the subject (RFC 5280, 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    /// User principal name, which Windows uses for logon.
    Upn(String),
    /// Kerberos principal, `alice@EXAMPLE.TEST` (id-pkinit-san, RFC 4556, 3.2.2).
    Kerberos(String),
    Email(String),
    Dns(String),
    Ip(IpAddr),
    Uri(String),
    /// A distinguished name, as RFC 4514 text.
    Directory(String),
}

/// Holds the certificate template extension of Windows (1.3.6.1.4.1.311.21.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicrosoftTemplate {
    /// Dotted object identifier of the template.
    pub oid: String,
    pub major_version: u32,
    pub minor_version: u32,
}

/// Describes a root that is to be created, or the subject and key of a subordinate authority.
#[derive(Clone, Debug)]
pub struct RootOrder {
    /// Subject as RFC 4514 text.
    pub subject: String,
    pub algorithm: KeyAlgorithm,
    pub validity: Duration,
}
